"""Static embedding models at the door: layouts that are read, and files that lie."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groundswell.ask.packs.vectors import models
from groundswell.ask.packs.vectors.embedding import DIMENSIONS, Embedder, nearness
from groundswell.ask.packs.vectors.models import StaticModel, read_model
from groundswell.core.errors import BadRequest
from tests.unit.static_models import real_model, safetensors, table, vocabulary, write_model


def embedder(model: StaticModel) -> Embedder:
    return Embedder(model.pieces, model.scales, model.table)


def near(model: StaticModel, one: str, other: str) -> float:
    made = embedder(model)
    asked, there = made.asked(one), made.asked(other)
    assert asked is not None
    assert there is not None
    return float(nearness(asked, there[None])[0])


def test_words_that_mean_the_same_lie_near_one_another(tmp_path: Path) -> None:
    model = read_model(write_model(tmp_path))
    assert near(model, "What do they SPEAK?", "languages") > 0.5
    assert near(model, "speak", "currency") < 0.5
    assert embedder(model).asked("?!") is None


def test_a_real_model_knows_what_words_mean() -> None:
    model = read_model(real_model())
    assert near(model, "speak", "languages") > near(model, "speak", "natural resources")
    assert near(model, "doctors", "physicians density") > near(model, "doctors", "coastline")
    # A word that the model has no piece for is made of several.
    assert "▁desalination" not in model.pieces
    assert embedder(model).asked("desalination") is not None


def as_wordpiece(piece: str) -> str:
    return piece.removeprefix("▁") if piece.startswith("▁") else f"##{piece}"


def as_bytes(piece: str) -> str:
    return piece.replace("▁", "Ġ")


@pytest.mark.parametrize(
    ("kind", "write"), [("WordPiece", as_wordpiece), ("BPE", as_bytes), ("Unigram", str)]
)
def test_every_way_to_write_pieces_gives_the_same(tmp_path: Path, kind: str, write: Any) -> None:
    known = list(vocabulary()["model"]["vocab"])
    pieces = [write(piece) if piece != "<unk>" else piece for piece in known]
    listed: Any = {piece: n for n, piece in enumerate(pieces)}
    if kind == "Unigram":
        listed = [[piece, -float(n)] for n, piece in enumerate(pieces)]
    told = {"model": {"type": kind, "vocab": listed}}
    model = read_model(write_model(tmp_path / "a", tokenizer=told))
    assert model.pieces == read_model(write_model(tmp_path / "b")).pieces


def test_bytes_that_are_no_characters_are_no_pieces(tmp_path: Path) -> None:
    told = {"model": {"type": "BPE", "vocab": {"Ġcaf": 0, "Ã©": 1, "Ã": 2, "Ġx": 3}}}
    assert read_model(write_model(tmp_path, tokenizer=told)).pieces == ["é", "▁caf", "▁x"]


def test_capitals_stand_for_small_letters_where_there_are_none(tmp_path: Path) -> None:
    told = {"model": {"type": "BPE", "vocab": {"▁Money": 1, "▁money": 2, "▁Speak": 3}}}
    model = read_model(write_model(tmp_path, tokenizer=told))
    assert model.pieces == ["▁money", "▁speak"]
    known = table()
    for row, piece in ((2, "money"), (3, "speak")):
        at = model.pieces.index(f"▁{piece}")
        whole = np.rint(known[row].astype(float) * 127 / np.abs(known[row]).max())
        assert np.array_equal(model.table[at], whole.astype(np.int8))


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
def test_types_of_numbers(tmp_path: Path, dtype: str) -> None:
    rows = table()
    held = {"F32": rows, "F16": rows.astype("<f2"), "BF16": (rows.view("<u4") >> 16).astype("<u2")}
    model = read_model(write_model(tmp_path / "a", safetensors(held[dtype], dtype)))
    whole = read_model(write_model(tmp_path / "b"))
    assert np.abs(model.table.astype(int) - whole.table).max() <= 1


def test_of_more_columns_the_first_are_taken(tmp_path: Path) -> None:
    wide = table(512)
    model = read_model(write_model(tmp_path / "a", safetensors(wide)))
    cut = read_model(
        write_model(tmp_path / "b", safetensors(np.ascontiguousarray(wide[:, :DIMENSIONS])))
    )
    assert model.table.shape[1] == DIMENSIONS
    assert np.array_equal(model.table, cut.table)
    assert model.scales == cut.scales


def with_number(value: float) -> bytes:
    rows = table()
    rows[3, 5] = value
    return safetensors(rows)


def lying(**said: Any) -> bytes:
    data = table().tobytes()
    told = {"dtype": "F32", "shape": [44, 256], "data_offsets": [0, len(data)], **said}
    header = json.dumps({"embeddings": told}).encode()
    return len(header).to_bytes(8, "little") + header + data


def two_tensors() -> bytes:
    half = table()
    size = half.nbytes
    told = {
        name: {"dtype": "F32", "shape": list(half.shape), "data_offsets": [n * size, n * size + size]}
        for n, name in enumerate(("embeddings", "more"))
    }  # fmt: skip
    header = json.dumps(told).encode()
    return len(header).to_bytes(8, "little") + header + 2 * half.tobytes()


WEIGHTS = {
    "nothing": (b"", "no safetensors file"),
    "cut": (safetensors(table())[:-9], "no safetensors file"),
    "longer": (safetensors(table()) + b"x", "no safetensors file"),
    "a header without end": ((1 << 60).to_bytes(8, "little") + b"{}", "no safetensors file"),
    "no number": (with_number(float("nan")), "not a number"),
    "without end": (with_number(float("inf")), "not a number"),
    "nought": (safetensors(np.zeros((44, 256), np.float32)), "noughts"),
    "too narrow": (safetensors(table(128)), "128 columns"),
    "too wide": (safetensors(np.zeros((44, 5_000), np.float32)), "5,000 columns"),
    "few rows": (safetensors(table()[:20]), "more pieces than its table has rows"),
    "a line": (lying(shape=[44 * 256]), "not a table"),
    "whole numbers": (lying(dtype="I32"), "not a table"),
    "more than there is": (lying(shape=[1 << 40, 256]), "no safetensors file"),
    "two tensors": (two_tensors(), "2 tensors"),
}


@pytest.mark.parametrize("kind", WEIGHTS)
def test_tables_that_cannot_be_are_refused_in_words(tmp_path: Path, kind: str) -> None:
    weights, why = WEIGHTS[kind]
    with pytest.raises(BadRequest) as refused:
        read_model(write_model(tmp_path, weights))
    assert why in refused.value.message
    assert "model2vec" in refused.value.message


TOKENIZERS: dict[str, tuple[Any, str]] = {
    "no JSON": (b"\xff{", "not JSON"),
    "deep": (b"[" * 100_000, "not JSON"),
    "a list": ([1], "lists no pieces"),
    "no model": ({"vocab": {"a": 1}}, "lists no pieces"),
    "a model of text": ({"model": "BPE"}, "lists no pieces"),
    "no pieces": ({"model": {"type": "BPE", "vocab": {}}}, "lists no pieces"),
    "letters as numbers": ({"model": {"type": "BPE", "vocab": {"▁a": "1"}}}, "not a text"),
    "true as number": ({"model": {"type": "BPE", "vocab": {"▁a": True}}}, "not a text"),
    "less than nought": ({"model": {"type": "BPE", "vocab": {"▁a": -1}}}, "not a text"),
    "huge": ({"model": {"type": "BPE", "vocab": {"▁a": 1 << 62}}}, "not a text"),
    "numbers as text": ({"model": {"type": "Unigram", "vocab": [[1, 2]]}}, "not a text"),
    "no beginnings": ({"model": {"type": "BPE", "vocab": {"a": 1}}}, "begin a word"),
    "no words": ({"model": {"type": "BPE", "vocab": {"▁!": 1, "▁": 2}}}, "no piece that is a word"),
}


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_tokenizers_that_cannot_be_are_refused_in_words(tmp_path: Path, kind: str) -> None:
    told, why = TOKENIZERS[kind]
    with pytest.raises(BadRequest, match=why):
        read_model(write_model(tmp_path, tokenizer=told))


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    folder = write_model(tmp_path)
    with (folder / "tokenizer.json").open("r+b") as file:
        file.truncate(models.TOKENIZER_BYTES_MAX + 1)
    with pytest.raises(BadRequest, match="longer than"):
        read_model(folder)
    write_model(folder)
    with (folder / "model.safetensors").open("r+b") as file:
        file.truncate(models.WEIGHTS_BYTES_MAX + 1)
    with pytest.raises(BadRequest, match="longer than"):
        read_model(folder)


def test_pieces_that_no_pack_could_be_opened_with_are_refused(tmp_path: Path) -> None:
    pieces = {f"▁{n:060}": n for n in range(260_000)}
    told = {"model": {"type": "BPE", "vocab": pieces}}
    with pytest.raises(BadRequest, match="longer together"):
        read_model(write_model(tmp_path, tokenizer=told))


def test_folders_that_are_no_model_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="is no folder"):
        read_model(tmp_path / "nowhere")
    with pytest.raises(BadRequest, match="no safetensors file"):
        read_model(tmp_path)
    folder = write_model(tmp_path / "model")
    (folder / "other.safetensors").write_bytes(b"")
    with pytest.raises(BadRequest, match="more than one"):
        read_model(folder)
    (folder / "other.safetensors").unlink()
    (folder / "tokenizer.json").rename(folder / "my_tokenizer.json")
    assert read_model(folder).pieces
    (folder / "a_tokenizer.json").write_bytes(b"")
    with pytest.raises(BadRequest, match="several tokenizers"):
        read_model(folder)
