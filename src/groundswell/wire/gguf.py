"""The header of a GGUF file: what it holds, without its vocabulary and weights.

Knows versions 2 and 3 in both byte orders (docs/formats/gguf.md). Reads forward only, from any
iterator of bytes, so that a caller fetches no more than it takes. A chat template in here is text:
nothing is ever rendered.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

from groundswell.core.errors import Malformed
from groundswell.wire.gguf_types import FILE_TYPES, TENSOR_TYPES

MAGIC: Final = b"GGUF"
HEADER_BYTES_MAX: Final = 128 * 1024 * 1024
PAIRS_MAX: Final = 65_536
TENSORS_MAX: Final = 200_000
# Texts and inner arrays must be walked one by one; the largest vocabularies have half of this.
WALKED_ITEMS_MAX: Final = 1_500_000
ARRAY_DEPTH_MAX: Final = 3
KEY_BYTES_MAX: Final = 65_535
TENSOR_NAME_BYTES_MAX: Final = 1024
RANK_MAX: Final = 8
# Longer texts are passed over; chat templates of real models stay far below.
TEXT_BYTES_MAX: Final = 256 * 1024
KEPT_TEXT_BYTES_MAX: Final = 4 * 1024 * 1024
_COUNT_MAX: Final = 2**63 - 1
_ALIGNMENT: Final = 32  # of the data, where ``general.alignment`` says nothing else

_STRING: Final = 8
_ARRAY: Final = 9
_BOOL: Final = 7
_SCALARS: Final[Mapping[int, str]] = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    _BOOL: "B",
    10: "Q",
    11: "q",
    12: "d",
}

Scalar = int | float | bool | str


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself.

    ``values`` holds the scalar pairs and the texts up to 256 KiB; ``array_lengths`` how many
    items each array has. ``tensor_types`` counts the numbers held in each type.
    """

    version: int
    big_endian: bool
    values: Mapping[str, Scalar]
    array_lengths: Mapping[str, int]
    tensor_count: int
    tensor_types: Mapping[str, int]

    @property
    def parameter_count(self) -> int:
        """How many numbers all tensors hold."""
        return sum(self.tensor_types.values())

    @property
    def architecture(self) -> str | None:
        """Such as ``llama``."""
        return self._text("general.architecture")

    @property
    def context_length(self) -> int | None:
        """Tokens the model was made for."""
        value = self.values.get(f"{self.architecture}.context_length")
        return value if type(value) is int and value >= 0 else None

    @property
    def chat_template(self) -> str | None:
        """The template as text. It is a program: show it, never run it."""
        return self._text("tokenizer.chat_template")

    @property
    def quantisation(self) -> str | None:
        """The name of the file type; when it is not given, the type of most weights."""
        value = self.values.get("general.file_type")
        if type(value) is int and value in FILE_TYPES:
            return FILE_TYPES[value]
        return next(iter(self.tensor_types), None)

    def _text(self, key: str) -> str | None:
        value = self.values.get(key)
        return value if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor. ``offset`` counts from where the data begins; ``type`` is as GGML names it."""

    name: str
    type: str
    element_count: int
    offset: int
    shape: tuple[int, ...] = ()


def _bad(why: str) -> NoReturn:
    where = "GGUF header"
    raise Malformed(where, why)


class _Reader:
    """Takes bytes from an iterator in any sizes, forward only, and never more than the limit."""

    def __init__(self, pieces: Iterator[bytes | memoryview]) -> None:
        self._pieces = pieces
        self._buffer = b""
        self._place = 0
        self._fetched_bytes = 0
        self._order = "<"
        self.is_big_endian = False

    @property
    def place(self) -> int:
        """How many bytes were taken or passed over."""
        return self._fetched_bytes - len(self._buffer) + self._place

    def use_big_endian(self) -> None:
        self._order = ">"
        self.is_big_endian = True

    def _fetch(self) -> bytes:
        piece = next(self._pieces, None)
        if piece is None:
            _bad("it ends in the middle")
        self._fetched_bytes += len(piece)
        if self._fetched_bytes > HEADER_BYTES_MAX:
            # The last piece may reach past the header: only what is before the limit counts.
            surplus = self._fetched_bytes - HEADER_BYTES_MAX
            if surplus >= len(piece):
                _bad(f"it is longer than {HEADER_BYTES_MAX} bytes")
            piece = piece[:-surplus]
        return bytes(piece)

    def take(self, size: int) -> bytes:
        have = len(self._buffer) - self._place
        if have < size:
            parts = [self._buffer[self._place :]]
            while have < size:
                parts.append(self._fetch())
                have += len(parts[-1])
            self._buffer = b"".join(parts)
            self._place = 0
        start = self._place
        self._place += size
        return self._buffer[start : self._place]

    def skip(self, size: int) -> None:
        if size > HEADER_BYTES_MAX:
            _bad(f"it is longer than {HEADER_BYTES_MAX} bytes")
        have = len(self._buffer) - self._place
        while have < size:
            size -= have
            self._buffer = self._fetch()
            self._place = 0
            have = len(self._buffer)
        self._place += size

    def number(self, code: str) -> int | float:
        layout = struct.Struct(self._order + code)
        (value,) = layout.unpack(self.take(layout.size))
        assert isinstance(value, (int, float))
        return value

    def natural(self, code: str) -> int:
        value = self.number(code)
        assert isinstance(value, int)
        return value

    def text(self, bytes_max: int, what: str) -> str:
        size = self.natural("Q")
        if size > bytes_max:
            _bad(f"{what} is longer than {bytes_max} bytes")
        return self.take(size).decode("utf-8", "replace")


class _Pairs:
    """Reads the key-value pairs and keeps what is small."""

    def __init__(self, reader: _Reader) -> None:
        self._reader = reader
        self._walk_left = WALKED_ITEMS_MAX
        self._text_bytes_left = KEPT_TEXT_BYTES_MAX
        self.values: dict[str, Scalar] = {}
        self.array_lengths: dict[str, int] = {}

    def read(self) -> None:
        key = self._reader.text(KEY_BYTES_MAX, "a key")
        if key in self.values or key in self.array_lengths:
            _bad(f"the key {key[:80]!r} stands twice")
        kind = self._reader.natural("I")
        if kind == _ARRAY:
            self.array_lengths[key] = self._pass_array(depth=1)
            return
        value = self._string() if kind == _STRING else self._scalar(kind)
        if value is not None:
            self._text_bytes_left -= len(key)
            self.values[key] = value

    def _string(self) -> str | None:
        size = self._reader.natural("Q")
        if size > TEXT_BYTES_MAX or size > self._text_bytes_left:
            self._reader.skip(size)
            return None
        self._text_bytes_left -= size
        return self._reader.take(size).decode("utf-8", "replace")

    def _scalar(self, kind: int) -> Scalar:
        code = _SCALARS.get(kind)
        if code is None:
            _bad(f"unknown value type {kind}")
        value = self._reader.number(code)
        if kind == _BOOL:
            if value not in {0, 1}:
                _bad("a truth value is neither 0 nor 1")
            return bool(value)
        if isinstance(value, float) and not math.isfinite(value):
            return str(value)  # JSON has no word for it
        return value

    def _pass_array(self, depth: int) -> int:
        if depth > ARRAY_DEPTH_MAX:
            _bad(f"arrays lie deeper than {ARRAY_DEPTH_MAX}")
        kind = self._reader.natural("I")
        count = self._reader.natural("Q")
        if kind in {_STRING, _ARRAY}:
            self._walk_left -= count
            if self._walk_left < 0:
                _bad(f"its arrays hold more than {WALKED_ITEMS_MAX} texts")
        if kind == _STRING:
            for _ in range(count):
                self._reader.skip(self._reader.natural("Q"))
        elif kind == _ARRAY:
            for _ in range(count):
                self._pass_array(depth + 1)
        elif kind in _SCALARS:
            self._reader.skip(count * struct.calcsize("<" + _SCALARS[kind]))
        else:
            _bad(f"unknown value type {kind}")
        return count


def _tensors(reader: _Reader, tensor_count: int) -> Iterator[Tensor]:
    for _ in range(tensor_count):
        name = reader.text(TENSOR_NAME_BYTES_MAX, "a tensor's name")
        rank = reader.natural("I")
        if rank > RANK_MAX:
            _bad(f"a tensor has more than {RANK_MAX} dimensions")
        shape = tuple(reader.natural("Q") for _ in range(rank))
        elements = math.prod(shape)
        kind = reader.natural("I")
        offset = reader.natural("Q")
        if elements > _COUNT_MAX:
            _bad("a tensor's size overflows 64 bits")
        yield Tensor(name, TENSOR_TYPES.get(kind, f"type {kind}"), elements, offset, shape)


def _tensor_types(tensors: Iterable[Tensor]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for tensor in tensors:
        counts[tensor.type] = counts.get(tensor.type, 0) + tensor.element_count
    if sum(counts.values()) > _COUNT_MAX:
        _bad("the tensors' size overflows 64 bits")
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def parse_header(pieces: Iterable[bytes | memoryview]) -> Header:
    """Read the header from the file's first bytes, which may come in pieces of any size.

    Raises:
        Malformed: not GGUF 2 or 3, cut off, or above a limit of this module.
    """
    reader, version, tensor_count, pairs = _begin(pieces)
    return Header(
        version,
        reader.is_big_endian,
        pairs.values,
        pairs.array_lengths,
        tensor_count,
        _tensor_types(_tensors(reader, tensor_count)),
    )


def parse_tensors(pieces: Iterable[bytes | memoryview]) -> tuple[list[Tensor], int]:
    """The tensors of a little-endian file in the order of the header, and where their data begins.

    Raises:
        Malformed: as ``parse_header`` does, or the file is big-endian, or its data begins nowhere.
    """
    reader, _, tensor_count, pairs = _begin(pieces)
    if reader.is_big_endian:
        _bad("its numbers are big-endian")
    tensors = list(_tensors(reader, tensor_count))
    alignment = pairs.values.get("general.alignment", _ALIGNMENT)
    if type(alignment) is not int or not 0 < alignment <= HEADER_BYTES_MAX:
        _bad("its alignment is no size")
    return tensors, -(-reader.place // alignment) * alignment


def _begin(pieces: Iterable[bytes | memoryview]) -> tuple[_Reader, int, int, _Pairs]:
    """All up to the tensors: the reader, the version, how many tensors follow, the pairs."""
    reader = _Reader(iter(pieces))
    if reader.take(4) != MAGIC:
        _bad("it does not begin with 'GGUF'")
    raw_version = reader.take(4)
    version = int.from_bytes(raw_version, "little")
    if version & 0xFFFF == 0:
        version = int.from_bytes(raw_version, "big")
        reader.use_big_endian()
    if version not in {2, 3}:
        _bad(f"version {version} is not read here, only 2 and 3")
    tensor_count = reader.natural("Q")
    pair_count = reader.natural("Q")
    if tensor_count > TENSORS_MAX:
        _bad(f"it holds more than {TENSORS_MAX} tensors")
    if pair_count > PAIRS_MAX:
        _bad(f"it holds more than {PAIRS_MAX} pairs")
    pairs = _Pairs(reader)
    for _ in range(pair_count):
        pairs.read()
    return reader, version, tensor_count, pairs
