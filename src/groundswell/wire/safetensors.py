"""The header of a safetensors file, and the index of a sharded one.

Knows the byte layout (docs/formats/safetensors.md) and refuses whatever two readers could
understand differently. Does not know where the bytes come from, and never looks at the weights.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from groundswell.core.errors import Malformed

PREFIX_BYTES: Final = 8
# What clients read at most (Hub API 5, safetensors metadata).
HEADER_BYTES_MAX: Final = 25_000_000
TENSORS_MAX: Final = 1_000_000
RANK_MAX: Final = 64
# Lists are the only part whose memory outgrows their text: this bounds all of them together.
COMMAS_MAX: Final = 4_000_000
INDEX_BYTES_MAX: Final = 25_000_000
SHARDS_MAX: Final = 10_000
_OFFSET_MAX: Final = 2**63 - 1
_METADATA: Final = "__metadata__"

DTYPE_BITS: Final[Mapping[str, int]] = {
    "BOOL": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "C64": 64,
    "F64": 64,
    "I64": 64,
    "U64": 64,
}


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor: where its bytes lie, counted from the end of the header."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int

    @property
    def element_count(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself. ``tensors`` lie one after the other, in this order."""

    metadata: Mapping[str, str]
    tensors: tuple[Tensor, ...]
    data_bytes: int

    def parameters(self) -> dict[str, int]:
        """Numbers held in each dtype, most first."""
        counts: dict[str, int] = {}
        for tensor in self.tensors:
            counts[tensor.dtype] = counts.get(tensor.dtype, 0) + tensor.element_count
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _bad(why: str) -> NoReturn:
    where = "safetensors header"
    raise Malformed(where, why)


def header_bytes(prefix: bytes, file_bytes: int | None = None) -> int:
    """Length of the header that follows the first eight bytes of a file.

    Raises:
        Malformed: fewer than eight bytes, or a length that cannot be.
    """
    if len(prefix) < PREFIX_BYTES:
        _bad("the file is shorter than 8 bytes")
    size = int.from_bytes(prefix[:PREFIX_BYTES], "little")
    if size > HEADER_BYTES_MAX:
        _bad(f"its length {size} is above {HEADER_BYTES_MAX} bytes")
    if size < 2:
        _bad("it is empty")
    if file_bytes is not None and size > file_bytes - PREFIX_BYTES:
        _bad("it is longer than the file")
    return size


def _refuse_constant(text: str) -> NoReturn:
    _bad(f"{text[:20]} is not JSON")


@dataclass(frozen=True, slots=True)
class _Unnamed:
    """A tensor whose name the parser has not yet met."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


def _naturals(value: object, what: str) -> list[int]:
    """The list, when it holds nothing but numbers that an offset or dimension may have."""
    if not isinstance(value, list):
        _bad(f"{what} is not a list")
    if not all(type(item) is int and 0 <= item <= _OFFSET_MAX for item in value):
        _bad(f"{what} holds something that is not a whole number from 0 to 2**63-1")
    return value


def _tensor(fields: dict[str, Any]) -> _Unnamed:
    if fields.keys() != {"dtype", "shape", "data_offsets"}:
        _bad("a tensor has dtype, shape and data_offsets, and nothing else")
    dtype = fields["dtype"]
    bits = DTYPE_BITS.get(dtype) if isinstance(dtype, str) else None
    if bits is None:
        _bad(f"unknown dtype {str(dtype)[:40]!r}")
    shape = _naturals(fields["shape"], "shape")
    if len(shape) > RANK_MAX:
        _bad(f"a tensor has more than {RANK_MAX} dimensions")
    offsets = _naturals(fields["data_offsets"], "data_offsets")
    if len(offsets) != 2:
        _bad("data_offsets is not a pair")
    start, stop = offsets
    total_bits = math.prod(shape) * bits
    if total_bits > _OFFSET_MAX:
        _bad("a tensor's size overflows 64 bits")
    if total_bits % 8 or stop - start != total_bits // 8:
        _bad("data_offsets do not fit dtype and shape")
    return _Unnamed(dtype, tuple(shape), start, stop)


class _Objects:
    """Turns every JSON object into its value the moment it closes, so that memory stays small."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, pairs: list[tuple[str, Any]]) -> object:
        self._count += 1
        if self._count > TENSORS_MAX + 2:
            _bad(f"it holds more than {TENSORS_MAX} objects")
        fields = dict(pairs)
        if len(fields) != len(pairs):
            _bad("a key stands twice")
        if "dtype" in fields and not isinstance(fields["dtype"], (dict, _Unnamed)):
            if all(isinstance(value, str) for value in fields.values()):
                return fields  # metadata may have a key of that name
            return _tensor(fields)
        return fields


def _decode(data: bytes, where: str, hook: Any) -> object:  # noqa: ANN401 - json's own type
    """JSON text as a value; every way in which json can fail becomes Malformed."""
    try:
        return json.loads(
            data.decode("utf-8"), object_pairs_hook=hook, parse_constant=_refuse_constant
        )
    except Malformed:
        raise
    except (ValueError, RecursionError) as error:
        raise Malformed(where, "it is not JSON in UTF-8") from error


def _metadata(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        _bad("__metadata__ is not an object")
    if not all(isinstance(item, str) for item in value.values()):
        _bad("__metadata__ maps text to text only")
    return value


def _laid_out(named: list[Tensor], data_bytes: int | None) -> tuple[tuple[Tensor, ...], int]:
    """The tensors in the order of their bytes, which must neither overlap nor leave gaps."""
    named.sort(key=lambda tensor: (tensor.start, tensor.stop))
    place = 0
    for tensor in named:
        if tensor.start != place:
            kind = "overlap" if tensor.start < place else "leave a gap"
            _bad(f"tensors {kind} at byte {min(place, tensor.start)}")
        place = tensor.stop
    if data_bytes is not None and place != data_bytes:
        _bad(f"tensors end at byte {place}, the file's data at {data_bytes}")
    return tuple(named), place


def parse_header(header: bytes, file_bytes: int | None = None) -> Header:
    """The header's JSON, without its eight bytes of length.

    ``file_bytes`` is the size of the whole file: with it, missing and surplus data are found.

    Raises:
        Malformed: bytes that the format's reference reader refuses, or that break a limit.
    """
    if len(header) > HEADER_BYTES_MAX:
        _bad(f"its length {len(header)} is above {HEADER_BYTES_MAX} bytes")
    if header[:1] != b"{":
        _bad("it does not begin with '{'")
    if header.count(b",") > COMMAS_MAX:
        _bad(f"it holds more than {COMMAS_MAX} commas")
    value = _decode(header, "safetensors header", _Objects())
    if not isinstance(value, dict):
        _bad("it is not an object of tensors")
    metadata = _metadata(value.pop(_METADATA)) if _METADATA in value else {}
    named: list[Tensor] = []
    for name, tensor in value.items():
        if not isinstance(tensor, _Unnamed):
            _bad(f"{name[:80]!r} is not a tensor")
        named.append(Tensor(name, tensor.dtype, tensor.shape, tensor.start, tensor.stop))
    data_bytes = None if file_bytes is None else file_bytes - PREFIX_BYTES - len(header)
    tensors, end = _laid_out(named, data_bytes)
    return Header(metadata, tensors, end)


def parse_index(data: bytes) -> tuple[str, ...]:
    """The shard files that ``model.safetensors.index.json`` names, sorted, each once.

    Raises:
        Malformed: not an index, or one with more than ``SHARDS_MAX`` files.
    """
    where = "safetensors index"
    if len(data) > INDEX_BYTES_MAX:
        raise Malformed(where, f"it is larger than {INDEX_BYTES_MAX} bytes")
    if data.count(b",") > COMMAS_MAX:
        raise Malformed(where, f"it holds more than {COMMAS_MAX} commas")
    value = _decode(data, where, None)
    weights = value.get("weight_map") if isinstance(value, dict) else None
    if not isinstance(weights, dict) or not all(isinstance(f, str) for f in weights.values()):
        raise Malformed(where, "weight_map does not map tensors to files")
    files = sorted(set(weights.values()))
    if len(files) > SHARDS_MAX:
        raise Malformed(where, f"it names more than {SHARDS_MAX} files")
    return tuple(files)
