"""S3: files made to break the reader of their headers.

Whoever uploads a model chooses every byte of its header, and the hub reads it before anybody
else. Overlaps, gaps and overflowing offsets make two readers see two models; lengths of 2**63 and
nested or repeated structures aim at the reader's memory and time. Every one of these files must
be refused as Malformed, and by nothing else.
"""

from __future__ import annotations

import json
import struct
import time
from typing import Any

import pytest

from groundswell.core.errors import Malformed
from groundswell.wire import gguf, safetensors
from groundswell.wire.cards import read_card


def tensor(dtype: Any = "F32", shape: Any = (2,), offsets: Any = (0, 8), **more: Any) -> Any:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets, **more}


def j(value: Any) -> Any:
    return json.dumps(value).encode()


SAFETENSORS = {
    "empty": b"",
    "not json": b"{nonsense",
    "not an object": b"[]",
    "leading space": b" {}",
    "byte order mark": b"\xef\xbb\xbf{}",
    "not utf-8": b'{"a\xff":1}',
    "lone surrogate bytes": b'{"\xed\xa0\x80": 1}',
    "trailing bytes": b"{}x",
    "overlap": j({"a": tensor(), "b": tensor(offsets=(4, 12))}),
    "same place twice": j({"a": tensor(), "b": tensor()}),
    "gap at the start": j({"a": tensor(offsets=(8, 16))}),
    "gap between": j({"a": tensor(), "b": tensor(offsets=(12, 20))}),
    "backwards": j({"a": tensor(offsets=(8, 0))}),
    "wrong size": j({"a": tensor(offsets=(0, 9))}),
    "offset above 63 bits": j({"a": tensor(offsets=(2**63, 2**63 + 8))}),
    "offset above 64 bits": j({"a": tensor(offsets=(2**64, 2**64 + 8))}),
    "shape overflows": j({"a": tensor(shape=(2**62, 4), offsets=(0, 0))}),
    "shape wraps to eight bytes": j({"a": tensor(shape=(2**62 + 2,), offsets=(0, 8))}),
    "negative offset": j({"a": tensor(offsets=(-8, 0))}),
    "negative dimensions": j({"a": tensor(shape=(-1, -2))}),
    "fraction": j({"a": tensor(shape=(2.0,))}),
    "truth as number": j({"a": tensor(shape=(True, 2))}),
    "text as number": j({"a": tensor(shape=("2",))}),
    "infinity": b'{"a":{"dtype":"F32","shape":[Infinity],"data_offsets":[0,8]}}',
    "huge number": b'{"a":{"dtype":"F32","shape":[' + b"9" * 5000 + b'],"data_offsets":[0,8]}}',
    "three offsets": j({"a": tensor(offsets=(0, 8, 16))}),
    "one offset": j({"a": tensor(offsets=(8,))}),
    "no offsets": j({"a": {"dtype": "F32", "shape": [2]}}),
    "extra field": j({"a": tensor(extra=1)}),
    "shape is no list": j({"a": tensor(shape={"0": 2})}),
    "unknown dtype": j({"a": tensor("F33")}),
    "dtype is a number": j({"a": tensor(5)}),
    "dtype is a list": j({"a": tensor(["F32"])}),
    "half a byte": j({"a": tensor("F4", (3,), (0, 1))}),
    "key twice": b'{"a":' + j(tensor()) + b',"a":' + j(tensor(offsets=(8, 16))) + b"}",
    "field twice": b'{"a":{"dtype":"F32","dtype":"F16","shape":[2],"data_offsets":[0,8]}}',
    "tensor is text": j({"a": "F32"}),
    "tensor is null": j({"a": None}),
    "tensor in a tensor": j({"a": {"b": tensor()}}),
    "top level is a tensor": j(tensor()),
    "metadata is a list": j({"__metadata__": []}),
    "metadata of numbers": j({"__metadata__": {"a": 1}}),
    "metadata is a tensor": j({"__metadata__": tensor()}),
    "metadata nests": j({"__metadata__": {"a": {"b": "c"}}}),
    "too many dimensions": j({"a": tensor(shape=[1] * 65, offsets=(0, 4))}),
    "deep lists": b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "many commas": b'{"a":{"shape":[' + b"0," * 4_000_001 + b"0]}}",
    "many objects": b'{"a":[' + b"{}," * 1_100_000 + b"{}]}",
}


@pytest.mark.parametrize("name", SAFETENSORS)
def test_a_hostile_safetensors_header_is_refused(name: Any) -> None:
    started = time.process_time()
    with pytest.raises(Malformed):
        safetensors.parse_header(SAFETENSORS[name])
    assert time.process_time() - started < 3


@pytest.mark.parametrize("file_bytes", [0, 8, 100, 8 + 61 + 7, 8 + 61 + 9, 2**70])
def test_a_header_that_lies_about_its_file_is_refused(file_bytes: Any) -> None:
    header = j({"a": tensor()})
    with pytest.raises(Malformed):
        safetensors.parse_header(header, file_bytes)
    assert safetensors.parse_header(header, 8 + len(header) + 8).data_bytes == 8


def u32(value: Any) -> Any:
    return struct.pack("<I", value)


def u64(value: Any) -> Any:
    return struct.pack("<Q", value)


def text(value: Any) -> Any:
    return u64(len(value)) + value


def file(
    pairs: Any = b"",
    tensors: Any = b"",
    *,
    pair_count: Any = None,
    tensor_count: Any = 0,
    version: Any = 3,
) -> Any:
    count = pair_count if pair_count is not None else int(bool(pairs))
    return b"GGUF" + u32(version) + u64(tensor_count) + u64(count) + pairs + tensors


def array(kind: Any, count: Any, items: Any = b"") -> Any:
    return text(b"k") + u32(9) + u32(kind) + u64(count) + items


GGUF = {
    "empty": b"",
    "magic only": b"GGUF",
    "other magic": b"GGML" + bytes(20),
    "version 0": file(version=0),
    "version 1": file(version=1),
    "version 4": file(version=4),
    "version 2**32-1": file(version=2**32 - 1),
    "no counts": b"GGUF" + u32(3),
    "pairs 2**63": file(pair_count=2**63),
    "pairs 2**64-1": file(pair_count=2**64 - 1),
    "pairs missing": file(pair_count=1),
    "tensors 2**63": file(tensor_count=2**63),
    "tensors missing": file(tensor_count=1),
    "key of 2**63 bytes": file(u64(2**63)),
    "key of 65536 bytes": file(text(b"k" * 65_536) + u32(0) + b"\0"),
    "key cut off": file(u64(10) + b"abc"),
    "unknown type": file(text(b"k") + u32(13)),
    "type 2**32-1": file(text(b"k") + u32(2**32 - 1)),
    "value cut off": file(text(b"k") + u32(10) + b"\0\0"),
    "text of 2**64-1 bytes": file(text(b"k") + u32(8) + u64(2**64 - 1)),
    "text cut off": file(text(b"k") + u32(8) + u64(1000) + b"x"),
    "truth of 2": file(text(b"k") + u32(7) + b"\2"),
    "array of 2**63 numbers": file(array(10, 2**63)),
    "array of 2**64-1 octets": file(array(0, 2**64 - 1)),
    "array of 2**60 texts": file(array(8, 2**60)),
    "array cut off": file(array(4, 100, b"\0" * 399)),
    "array of unknown type": file(array(77, 0)),
    "array of arrays of 2**60": file(array(9, 2**60)),
    "arrays too deep": file(text(b"k") + u32(9) + (u32(9) + u64(1)) * 5 + u32(0) + u64(0)),
    "texts in an array cut off": file(array(8, 2, text(b"a"))),
    "text in an array of 2**63": file(array(8, 1, u64(2**63))),
    "key twice": file((text(b"k") + u32(0) + b"\1") * 2, pair_count=2),
    "tensor name too long": file(tensors=text(b"n" * 1025), tensor_count=1),
    "tensor of 2**32-1 dimensions": file(tensors=text(b"n") + u32(2**32 - 1), tensor_count=1),
    "tensor of nine dimensions": file(
        tensors=text(b"n") + u32(9) + u64(1) * 9 + u32(0) + u64(0), tensor_count=1
    ),
    "tensor overflows": file(
        tensors=text(b"n") + u32(2) + u64(2**40) * 2 + u32(0) + u64(0), tensor_count=1
    ),
    "tensors overflow together": file(
        tensors=(text(b"n") + u32(1) + u64(2**62) + u32(0) + u64(0)) * 2, tensor_count=2
    ),
    "tensor cut off": file(tensors=text(b"n") + u32(1) + u64(4) + u32(0), tensor_count=1),
}


@pytest.mark.parametrize("name", GGUF)
@pytest.mark.parametrize("piece_bytes", [1, 7, 1 << 20])
def test_a_hostile_gguf_header_is_refused(name: Any, piece_bytes: Any) -> None:
    data = GGUF[name]
    pieces = (data[at : at + piece_bytes] for at in range(0, len(data), piece_bytes))
    with pytest.raises(Malformed):
        gguf.parse_header(pieces)


def test_a_gguf_header_that_never_ends_is_refused_before_it_costs_much() -> None:
    endless = iter(lambda: bytes(1 << 20), None)
    start = file(text(b"k") + u32(8) + u64(2**40))
    with pytest.raises(Malformed, match="longer than"):
        gguf.parse_header(piece for source in ([start], endless) for piece in source)
    many = file(array(8, 1_400_000))
    with pytest.raises(Malformed):
        gguf.parse_header([many, bytes(8 * 1_300_000)])


YAML = {
    "billion laughs": 'a: &a ["x","x"]\nb: &b [*a,*a]\nc: [*b,*b]',
    "anchor alone": "a: &x 1",
    "alias alone": "a: *x",
    "merge": "a: {<<: {b: 1}}",
    "python object": 'a: !!python/object/apply:os.system ["true"]',
    "python name": "a: !!python/name:os.system",
    "own tag": "a: !x 1",
    "binary": "a: !!binary aGk=",
    "set": "a: !!set {b}",
    "deep flow": "a: " + "[" * 40 + "]" * 40,
    "very deep flow": "a: " + "[" * 100_000,
    "very deep mappings": "{a: " * 100_000,
    "deep blocks": "\n".join(" " * n + f"k{n}:" for n in range(200)),
    "many values": "a: [" + "1," * 60_000 + "1]",
    "key twice": "a: 1\na: 2",
    "key twice in quotes": 'a: 1\n"a": 2',
    "list as key": "[1]: 2",
    "mapping as key": "? {a: 1}\n: 2",
    "not a mapping": "- 1",
    "a word": "hello",
    "two documents": "a: 1\n...\nb: 2",
    "directive": "%YAML 9.9\na: 1",
    "tab": "a:\n\t- b",
    "NUL": "a: \0",
    "control": "a: \x07",
    "unfinished quote": 'a: "b',
    "unfinished list": "a: [1",
    "lone surrogate": 'a: "\\ud800"',
    "too long": "a: " + "x" * 600_000,
}


@pytest.mark.parametrize("name", YAML)
def test_hostile_front_matter_is_refused(name: Any) -> None:
    started = time.process_time()
    with pytest.raises(Malformed):
        read_card(f"---\n{YAML[name]}\n---\n# Title\n")
    assert time.process_time() - started < 1


def test_front_matter_that_never_ends_is_refused_quickly() -> None:
    started = time.process_time()
    with pytest.raises(Malformed):
        read_card("---\n" + "a\n" * 1_000_000)
    assert time.process_time() - started < 1
