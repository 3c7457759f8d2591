"""The tensors of a file of weights: counted, grouped, and a page of them.

Reads a header through ranges, in the reader's process: a header may be of 25 MB and name a million
tensors. Knows safetensors and GGUF; nothing is unpickled, and no weight is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from groundswell.core.errors import Malformed
from groundswell.hub.viewing.one_file import Ranges
from groundswell.hub.viewing.values import GGUF, Question, Unreadable
from groundswell.wire import gguf, safetensors

GROUPS_MAX: Final = 200
TYPES_MAX: Final = 40
PAIRS_MAX: Final = 500
VALUE_CHARACTERS_MAX: Final = 20_000
VALUES_CHARACTERS_MAX: Final = 500_000
NAME_CHARACTERS_MAX: Final = 300
SHAPE_CHARACTERS_MAX: Final = 100
_PIECE_BYTES: Final = 1 << 20
_NUMBER: Final = re.compile(r"^(.*?(?:^|\.)\d+)(?:\.|$)")


@dataclass(frozen=True, slots=True)
class _Tensor:
    name: str
    type: str
    shape: tuple[int, ...]
    count: int
    size_bytes: int


@dataclass(slots=True)
class _Sum:
    tensors: int = 0
    count: int = 0
    size_bytes: int = 0

    def add(self, tensor: _Tensor) -> None:
        self.tensors += 1
        self.count += tensor.count
        self.size_bytes += tensor.size_bytes

    def as_json(self, name: str) -> list[Any]:
        return [name[:NAME_CHARACTERS_MAX], self.tensors, self.count, self.size_bytes]


def tensors_of(ranges: Ranges, question: Question) -> dict[str, Any]:
    """The answer to a question about tensors.

    Raises:
        Unreadable: the header is malformed, or above a limit.
    """
    read = _gguf if question.format == GGUF else _safetensors
    try:
        tensors, pairs = read(ranges)
    except Malformed as error:
        raise Unreadable(error.message) from error
    types: dict[str, _Sum] = {}
    groups: dict[str, _Sum] = {}
    whole = _Sum()
    for tensor in tensors:
        whole.add(tensor)
        types.setdefault(tensor.type, _Sum()).add(tensor)
        groups.setdefault(layer_of(tensor.name), _Sum()).add(tensor)
    wanted = question.text.lower()
    found = [each for each in tensors if wanted in each.name.lower()] if wanted else tensors
    by_size = sorted(types.items(), key=lambda item: (-item[1].size_bytes, item[0]))
    return {
        "tensors": [_row(each) for each in found[question.offset :][: question.limit]],
        "matched": len(found),
        "whole": whole.as_json(""),
        "types": [each.as_json(name) for name, each in by_size[:TYPES_MAX]],
        "groups": [each.as_json(name) for name, each in list(groups.items())[:GROUPS_MAX]],
        "groups_left_out": max(0, len(groups) - GROUPS_MAX),
        "pairs": pairs,
    }


def layer_of(name: str) -> str:
    """What a tensor belongs to: ``model.layers.0`` where names count, else the name's own head."""
    found = _NUMBER.match(name)
    if found is not None:
        return found[1]
    return name.rpartition(".")[0] or name


def _row(tensor: _Tensor) -> list[Any]:
    shape = " × ".join(map(str, tensor.shape)) or "scalar"  # noqa: RUF001 - as shapes are written
    return [
        tensor.name[:NAME_CHARACTERS_MAX],
        tensor.type[:NAME_CHARACTERS_MAX],
        shape[:SHAPE_CHARACTERS_MAX],
        tensor.count,
        tensor.size_bytes,
    ]


def _pairs(values: Sequence[tuple[str, object]]) -> list[list[str]]:
    """What the file says of itself, as text, and no more than a page carries."""
    found: list[list[str]] = []
    left = VALUES_CHARACTERS_MAX
    for name, value in values[:PAIRS_MAX]:
        text = str(value)[: min(VALUE_CHARACTERS_MAX, left)]
        left -= len(text)
        found.append([name[:NAME_CHARACTERS_MAX], text])
    return found


def _safetensors(ranges: Ranges) -> tuple[list[_Tensor], list[list[str]]]:
    prefix = ranges.read(0, safetensors.PREFIX_BYTES)
    length = safetensors.header_bytes(prefix, ranges.size_bytes)
    raw = ranges.read(safetensors.PREFIX_BYTES, safetensors.PREFIX_BYTES + length)
    header = safetensors.parse_header(raw, ranges.size_bytes)
    named = [
        _Tensor(each.name, each.dtype, each.shape, each.element_count, each.stop - each.start)
        for each in header.tensors
    ]
    named.sort(key=lambda each: _natural(each.name))
    return named, _pairs(list(header.metadata.items()))


def _natural(name: str) -> list[tuple[int, str]]:
    """So that layer 2 comes before layer 10."""
    parts = re.split(r"(\d{1,15})", name[:NAME_CHARACTERS_MAX])
    return [(int(part), "") if at % 2 else (0, part) for at, part in enumerate(parts)]


def _pieces(ranges: Ranges) -> Iterator[bytes]:
    for start in range(0, ranges.size_bytes, _PIECE_BYTES):
        yield ranges.read(start, start + _PIECE_BYTES)


def _gguf(ranges: Ranges) -> tuple[list[_Tensor], list[list[str]]]:
    header = gguf.parse_header(_pieces(ranges))
    pairs: list[tuple[str, object]] = sorted(header.values.items())
    pairs += [(name, f"{count:,} items") for name, count in sorted(header.array_lengths.items())]
    if header.big_endian:
        msg = "It is written for big-endian machines."
        raise Unreadable(msg)
    told, begin = gguf.parse_tensors(_pieces(ranges))
    sizes = _sizes([each.offset for each in told], max(0, ranges.size_bytes - begin))
    named = [
        _Tensor(each.name, each.type, each.shape, each.element_count, size)
        for each, size in zip(told, sizes, strict=True)
    ]
    return named, _pairs(pairs)


def _sizes(offsets: Sequence[int], data_bytes: int) -> list[int]:
    """How many bytes each tensor has, up to the next one: GGUF tells only where they begin."""
    order = sorted(range(len(offsets)), key=offsets.__getitem__)
    sizes = [0] * len(offsets)
    for place, number in enumerate(order):
        after = order[place + 1] if place + 1 < len(order) else None
        stop = data_bytes if after is None else offsets[after]
        sizes[number] = max(0, min(stop, data_bytes) - offsets[number])
    return sizes
