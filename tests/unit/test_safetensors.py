"""The safetensors header reader (docs/formats/safetensors.md)."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest

from groundswell.core.errors import Malformed
from groundswell.wire.safetensors import (
    DTYPE_BITS,
    HEADER_BYTES_MAX,
    Tensor,
    header_bytes,
    parse_header,
    parse_index,
)


def tensor(dtype: Any = "F32", shape: Any = (2,), offsets: Any = (0, 8)) -> Any:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def encoded(value: Any) -> Any:
    return json.dumps(value).encode()


def test_counts_parameters_by_dtype_and_gives_tensors_in_the_order_of_their_bytes() -> None:
    header = parse_header(
        encoded(
            {
                "__metadata__": {"format": "pt"},
                "b": tensor("BF16", (2, 3), (8, 20)),
                "a": tensor(),
                "c": tensor("F32", (), (20, 24)),
            }
        )
    )
    assert header.parameters() == {"BF16": 6, "F32": 3}
    assert header.metadata == {"format": "pt"}
    assert header.tensors[0] == Tensor("a", "F32", (2,), 0, 8)
    assert [t.name for t in header.tensors] == ["a", "b", "c"]
    assert header.data_bytes == 24


def test_a_file_without_tensors_is_one() -> None:
    assert parse_header(b"{}", 10).parameters() == {}


def test_trailing_spaces_pad_the_header() -> None:
    assert parse_header(b'{"a":' + encoded(tensor()) + b"}    ").data_bytes == 8


def test_metadata_may_talk_of_dtypes() -> None:
    header = parse_header(encoded({"__metadata__": {"dtype": "x", "shape": "y"}}))
    assert header.metadata == {"dtype": "x", "shape": "y"}


def test_empty_tensors_take_no_room() -> None:
    header = parse_header(encoded({"a": tensor(shape=(0, 5), offsets=(0, 0)), "b": tensor()}))
    assert header.parameters() == {"F32": 2}


@pytest.mark.parametrize("dtype", sorted(DTYPE_BITS))
def test_every_dtype_has_its_size(dtype: Any) -> None:
    size = 8 * DTYPE_BITS[dtype] // 8
    assert parse_header(encoded({"a": tensor(dtype, (8,), (0, size))})).parameters() == {dtype: 8}
    with pytest.raises(Malformed):
        parse_header(encoded({"a": tensor(dtype, (8,), (0, size + 1))}))


@pytest.mark.parametrize(
    ("prefix", "file_bytes"),
    [
        (b"", None),
        (b"\x01\0\0\0\0\0\0", None),
        (struct.pack("<Q", 0), None),
        (struct.pack("<Q", 1), None),
        (struct.pack("<Q", HEADER_BYTES_MAX + 1), None),
        (struct.pack("<Q", 2**63), None),
        (struct.pack("<Q", 2**64 - 1), None),
        (struct.pack("<Q", 100), 107),
        (struct.pack("<Q", 100), 0),
    ],
)
def test_a_length_that_cannot_be_is_refused(prefix: Any, file_bytes: Any) -> None:
    with pytest.raises(Malformed, match="safetensors header"):
        header_bytes(prefix, file_bytes)


def test_a_length_that_can_be_is_told() -> None:
    assert header_bytes(struct.pack("<Q", 100), 108) == 100


def test_an_index_names_its_files_once_and_sorted() -> None:
    index = {"metadata": {"total_size": 9}, "weight_map": {"a": "2", "b": "1", "c": "2"}}
    assert parse_index(encoded(index)) == ("1", "2")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"weight_map": []}',
        b'{"weight_map": {"a": 1}}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_what_is_no_index_is_refused(data: Any) -> None:
    with pytest.raises(Malformed):
        parse_index(data)


def test_an_index_of_too_many_files_is_refused() -> None:
    index = {"weight_map": {str(n): str(n) for n in range(10_001)}}
    with pytest.raises(Malformed, match="10000 files"):
        parse_index(encoded(index))
