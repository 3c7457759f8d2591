"""Tensors are found in files of both formats, and nothing is found in what is no such file."""

from __future__ import annotations

import json
import struct
from typing import Any

from groundswell.wire.tensors import (
    TensorPlace,
    layout_of_gguf,
    layout_of_safetensors,
    tensor_places,
)


def places(octets: bytes) -> list[TensorPlace]:
    def read_at(offset: int, size: int) -> bytes:
        assert 0 <= offset <= offset + size <= len(octets)
        return octets[offset : offset + size]

    return tensor_places(read_at, len(octets))


def safetensors_file(tensors: Any, data: bytes) -> bytes:
    head = json.dumps(tensors).encode()
    return struct.pack("<Q", len(head)) + head + data


def gguf_file(
    tensors: list[tuple[str, list[int], int, int]], data: bytes, align: int = 32
) -> bytes:
    key = b"general.alignment"
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), 1)
    head += struct.pack("<Q", len(key)) + key + struct.pack("<II", 4, align)
    for name, shape, kind, offset in tensors:
        head += struct.pack("<Q", len(name)) + name.encode() + struct.pack("<I", len(shape))
        head += struct.pack(f"<{len(shape)}QIQ", *shape, kind, offset)
    return head + bytes(-len(head) % (align or 1)) + data


def test_tensors_of_safetensors_lie_where_the_header_says() -> None:
    octets = safetensors_file(
        {
            "w": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [4, 12]},
            "b": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]},
            "none": {"dtype": "F32", "shape": [0], "data_offsets": [12, 12]},
        },
        b"bbbbwwwwwwww",
    )
    b, w = places(octets)
    assert (b.name, b.layout) == ("b", layout_of_safetensors("F32"))
    assert (w.name, w.layout) == ("w", layout_of_safetensors("BF16"))
    assert octets[b.start : b.stop] == b"bbbb"
    assert octets[w.start : w.stop] == b"wwwwwwww"


def test_tensors_of_gguf_are_whole_blocks_from_the_aligned_start() -> None:
    blocks = b"q" * 34 * 3
    data = blocks + bytes(128 - len(blocks)) + b"f" * 8
    octets = gguf_file([("f", [2], 0, 128), ("q", [96], 8, 0)], data, align=64)
    q, f = places(octets)
    assert (q.name, q.layout) == ("q", layout_of_gguf("Q8_0"))
    assert octets[q.start : q.start + 102] == blocks
    assert q.stop - q.start == 102
    assert (f.name, octets[f.start : f.stop]) == ("f", b"f" * 8)


def test_other_and_broken_files_have_no_tensors() -> None:
    whole = gguf_file([("q", [96], 8, 0)], b"q" * 102)
    odd = gguf_file([("q", [96], 8, 0)], b"q" * 102, align=0)
    past = gguf_file([("q", [96], 8, 1 << 40)], b"q" * 102)
    for octets in (b"", b"GGUF", whole[:40], odd, past, b"PK\3\4" + bytes(100), bytes(9)):
        assert places(octets) == []


def test_a_big_endian_file_has_no_tensors_that_are_understood() -> None:
    octets = struct.pack(">4sIQQ", b"GGUF", 3, 0, 0) + bytes(64)
    assert places(octets) == []
