"""The header of a GGUF file, written: pairs, and where each tensor lies.

Knows version 3, little-endian (docs/formats/gguf.md). Does not know what pairs mean, and writes no
weights: the data of tensor after tensor follows, each filled up to the alignment.
"""

from __future__ import annotations

import array
import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from groundswell.wire.gguf import MAGIC

ALIGNMENT: Final = 32
_VERSION: Final = 3
_UINT32: Final = 4
_INT32: Final = 5
_FLOAT32: Final = 6
_BOOL: Final = 7
_STRING: Final = 8
_ARRAY: Final = 9
_ARRAY_KINDS: Final[Mapping[str, int]] = {"i": _INT32, "f": _FLOAT32}

Numbers: TypeAlias = "array.array[int] | array.array[float]"
Value: TypeAlias = "bool | int | float | str | Sequence[str] | Sequence[bytes] | Numbers"


@dataclass(frozen=True, slots=True)
class Placed:
    """One tensor: its shape as GGUF tells it, the fastest dimension first; ``type`` is a number of
    `gguf_types`, ``size_bytes`` what its data takes.
    """

    name: str
    shape: tuple[int, ...]
    type: int
    size_bytes: int


def padded(size_bytes: int) -> int:
    """The size with what fills it up."""
    return -(-size_bytes // ALIGNMENT) * ALIGNMENT


def pack_header(pairs: Mapping[str, Value], tensors: Sequence[Placed]) -> bytes:
    """All up to the data: the same pairs and tensors, in the same order, give the same bytes."""
    parts = [MAGIC, struct.pack("<IQQ", _VERSION, len(tensors), len(pairs))]
    for key, value in pairs.items():
        parts += [_text(key), *_value(value)]
    offset = 0
    for tensor in tensors:
        rank = len(tensor.shape)
        parts.append(_text(tensor.name))
        parts.append(struct.pack(f"<I{rank}QIQ", rank, *tensor.shape, tensor.type, offset))
        offset += padded(tensor.size_bytes)
    header = b"".join(parts)
    return header + bytes(padded(len(header)) - len(header))


def _text(text: str | bytes) -> bytes:
    octets = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(octets)) + octets


def _value(value: Value) -> list[bytes]:
    if isinstance(value, bool):
        return [struct.pack("<IB", _BOOL, value)]
    if isinstance(value, int):
        return [struct.pack("<II", _UINT32, value)]
    if isinstance(value, float):
        return [struct.pack("<If", _FLOAT32, value)]
    if isinstance(value, str):
        return [struct.pack("<I", _STRING), _text(value)]
    if isinstance(value, array.array):
        assert sys.byteorder == "little", "numbers are written as they lie"
        kind = _ARRAY_KINDS[value.typecode]
        return [struct.pack("<IIQ", _ARRAY, kind, len(value)), value.tobytes()]
    return [struct.pack("<IIQ", _ARRAY, _STRING, len(value)), *map(_text, value)]
