"""The GGUF header reader (docs/formats/gguf.md)."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from groundswell.core.errors import Malformed
from groundswell.wire import gguf


class Writer:
    """Writes headers the way the format says, in either byte order."""

    def __init__(self, order: Any = "<") -> None:
        self.order = order

    def pack(self, code: Any, *values: Any) -> Any:
        return struct.pack(self.order + code, *values)

    def text(self, value: Any) -> Any:
        raw = value.encode()
        return self.pack("Q", len(raw)) + raw

    def pair(self, key: Any, kind: Any, payload: Any) -> Any:
        return self.text(key) + self.pack("I", kind) + payload

    def tensor(self, name: Any, dims: Any, kind: Any) -> Any:
        shape = self.pack(f"{len(dims)}Q", *dims)
        return self.text(name) + self.pack("I", len(dims)) + shape + self.pack("IQ", kind, 0)

    def file(self, pairs: Any, tensors: Any, version: Any = 3) -> Any:
        counts = self.pack("IQQ", version, len(tensors), len(pairs))
        return b"GGUF" + counts + b"".join(pairs) + b"".join(tensors)


def sample(w: Any, version: Any = 3) -> Any:
    pairs = [
        w.pair("general.architecture", 8, w.text("llama")),
        w.pair("llama.context_length", 4, w.pack("I", 8192)),
        w.pair("general.file_type", 4, w.pack("I", 15)),
        w.pair("tokenizer.chat_template", 8, w.text("{{ messages }}")),
        w.pair("tokenizer.ggml.tokens", 9, w.pack("IQ", 8, 3) + w.text("a") * 3),
        w.pair("tokenizer.ggml.scores", 9, w.pack("IQ", 6, 3) + w.pack("3f", 1, 2, 3)),
        w.pair("nested", 9, w.pack("IQ", 9, 2) + (w.pack("IQ", 0, 2) + b"\1\2") * 2),
        w.pair("flag", 7, b"\1"),
        w.pair("small", 1, b"\xff"),
        w.pair("rate", 12, w.pack("d", 1e-5)),
        w.pair("endless", 6, w.pack("f", float("inf"))),
    ]
    tensors = [
        w.tensor("token_embd.weight", (64, 100), 12),
        w.tensor("norm.weight", (64,), 0),
        w.tensor("future.weight", (2, 2), 99),
    ]
    return w.file(pairs, tensors, version)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("piece_bytes", [1, 3, 64, 1 << 20])
def test_reads_both_versions_and_byte_orders_in_pieces_of_any_size(
    order: Any, version: Any, piece_bytes: Any
) -> None:
    data = sample(Writer(order), version)
    pieces = (data[at : at + piece_bytes] for at in range(0, len(data), piece_bytes))
    header = gguf.parse_header(pieces)
    assert (header.version, header.big_endian) == (version, order == ">")
    assert header.architecture == "llama"
    assert header.context_length == 8192
    assert header.quantisation == "Q4_K_M"
    assert header.chat_template == "{{ messages }}"
    assert header.parameter_count == 6400 + 64 + 4
    assert header.tensor_types == {"Q4_K": 6400, "F32": 64, "type 99": 4}
    assert header.tensor_count == 3
    lengths = {"tokenizer.ggml.tokens": 3, "tokenizer.ggml.scores": 3, "nested": 2}
    assert header.array_lengths == lengths
    assert header.values["flag"] is True
    assert header.values["small"] == -1
    assert header.values["rate"] == 1e-5
    assert header.values["endless"] == "inf"


def test_takes_no_more_than_the_header() -> Any:
    data = sample(Writer())
    taken = []

    def pieces() -> Any:
        for at in range(0, len(data) + 5000, 100):
            taken.append(at)
            yield (data + bytes(5000))[at : at + 100]

    gguf.parse_header(pieces())
    assert len(taken) <= len(data) // 100 + 1


def test_every_cut_is_malformed() -> None:
    data = sample(Writer())
    for end in range(len(data)):
        with pytest.raises(Malformed):
            gguf.parse_header([data[:end]])


def test_a_long_text_is_passed_over_and_the_rest_is_read() -> None:
    w = Writer()
    pairs = [w.pair("long", 8, w.text("x" * 300_000)), w.pair("after", 0, b"\7")]
    assert gguf.parse_header([w.file(pairs, [])]).values == {"after": 7}


def test_without_a_file_type_most_weights_decide() -> None:
    w = Writer()
    tensors = [w.tensor("a", (10,), 0), w.tensor("b", (100,), 8)]
    header = gguf.parse_header([w.file([], tensors)])
    assert header.quantisation == "Q8_0"
    assert header.architecture is None
    assert header.context_length is None
    assert header.chat_template is None


def test_values_of_an_unexpected_type_are_not_believed() -> None:
    w = Writer()
    pairs = [
        w.pair("general.architecture", 4, w.pack("I", 5)),
        w.pair("general.file_type", 8, w.text("many")),
        w.pair("None.context_length", 8, w.text("long")),
    ]
    header = gguf.parse_header([w.file(pairs, [])])
    assert (header.architecture, header.context_length, header.quantisation) == (None, None, None)
