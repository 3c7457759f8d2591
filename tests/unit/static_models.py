"""Static embedding models, written by hand: a few words, and numbers that follow from a seed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tests.packaged import package_file

MEANT = (
    ("speak", "languages", "spoken", "tongue"),
    ("deep", "depth", "metres", "measured"),
    ("people", "population", "inhabitants"),
    ("born", "birth", "babies"),
    ("money", "currency", "coins"),
)
WORDS = [word for group in MEANT for word in group]


def vocabulary(words: list[str] = WORDS) -> dict[str, Any]:
    """A tokenizer as SentencePiece's are written: whole words, then letters for all others."""
    letters = [chr(each) for each in range(ord("a"), ord("z") + 1)]
    pieces = ["<unk>", *(f"▁{word}" for word in words), *letters]
    return {"model": {"type": "BPE", "vocab": {piece: n for n, piece in enumerate(pieces)}}}


def table(columns: int = 256, words: list[str] = WORDS, seed: int = 1) -> np.ndarray[Any, Any]:
    """A row for each piece; words of one group of MEANT lie near one another."""
    chooser = np.random.default_rng(seed)
    groups = {word: n for n, group in enumerate(MEANT) for word in group}
    middles = chooser.normal(size=(len(MEANT), columns))
    rows = [chooser.normal(size=columns) * 0.1]
    for word in words:
        middle = middles[groups[word]] if word in groups else 0
        rows.append(middle + chooser.normal(size=columns) * 0.1)
    rows += [chooser.normal(size=columns) * 0.05 for _ in range(26)]
    return np.array(rows, np.float32)


def safetensors(rows: np.ndarray[Any, Any], dtype: str = "F32", name: str = "embeddings") -> bytes:
    """A file with one tensor."""
    data = rows.tobytes()
    said = {name: {"dtype": dtype, "shape": list(rows.shape), "data_offsets": [0, len(data)]}}
    header = json.dumps(said).encode()
    return len(header).to_bytes(8, "little") + header + data


def write_model(folder: Path, weights: bytes | None = None, tokenizer: Any = None) -> Path:
    """A folder with a model, whole unless something else is given for a part."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(safetensors(table()) if weights is None else weights)
    told = vocabulary() if tokenizer is None else tokenizer
    (folder / "tokenizer.json").write_bytes(
        told if isinstance(told, bytes) else json.dumps(told).encode()
    )
    return folder


def real_model() -> Path:
    """The folder of a real one, as its package has it."""
    return package_file("wordllama", "weights").parent
