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

TENSOR_TYPES: Final[Mapping[int, str]] = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    6: "Q5_0",
    7: "Q5_1",
    8: "Q8_0",
    9: "Q8_1",
    10: "Q2_K",
    11: "Q3_K",
    12: "Q4_K",
    13: "Q5_K",
    14: "Q6_K",
    15: "Q8_K",
    16: "IQ2_XXS",
    17: "IQ2_XS",
    18: "IQ3_XXS",
    19: "IQ1_S",
    20: "IQ4_NL",
    21: "IQ3_S",
    22: "IQ2_S",
    23: "IQ4_XS",
    24: "I8",
    25: "I16",
    26: "I32",
    27: "I64",
    28: "F64",
    29: "IQ1_M",
    30: "BF16",
    34: "TQ1_0",
    35: "TQ2_0",
    39: "MXFP4",
}

# ``general.file_type``: how most of the weights are kept.
FILE_TYPES: Final[Mapping[int, str]] = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    7: "Q8_0",
    8: "Q5_0",
    9: "Q5_1",
    10: "Q2_K",
    11: "Q3_K_S",
    12: "Q3_K_M",
    13: "Q3_K_L",
    14: "Q4_K_S",
    15: "Q4_K_M",
    16: "Q5_K_S",
    17: "Q5_K_M",
    18: "Q6_K",
    19: "IQ2_XXS",
    20: "IQ2_XS",
    21: "Q2_K_S",
    22: "IQ3_XS",
    23: "IQ3_XXS",
    24: "IQ1_S",
    25: "IQ4_NL",
    26: "IQ3_S",
    27: "IQ3_M",
    28: "IQ2_S",
    29: "IQ2_M",
    30: "IQ4_XS",
    31: "IQ1_M",
    32: "BF16",
    36: "TQ1_0",
    37: "TQ2_0",
    38: "MXFP4_MOE",
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

    def use_big_endian(self) -> None:
        self._order = ">"

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


def _tensor_types(reader: _Reader, tensor_count: int) -> dict[str, int]:
    counts: dict[str, int] = {}
    for _ in range(tensor_count):
        reader.text(TENSOR_NAME_BYTES_MAX, "a tensor's name")
        rank = reader.natural("I")
        if rank > RANK_MAX:
            _bad(f"a tensor has more than {RANK_MAX} dimensions")
        elements = math.prod(reader.natural("Q") for _ in range(rank))
        kind = reader.natural("I")
        reader.skip(8)  # where its bytes begin
        if elements > _COUNT_MAX:
            _bad("a tensor's size overflows 64 bits")
        name = TENSOR_TYPES.get(kind, f"type {kind}")
        counts[name] = counts.get(name, 0) + elements
    if sum(counts.values()) > _COUNT_MAX:
        _bad("the tensors' size overflows 64 bits")
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def parse_header(pieces: Iterable[bytes | memoryview]) -> Header:
    """Read the header from the file's first bytes, which may come in pieces of any size.

    Raises:
        Malformed: not GGUF 2 or 3, cut off, or above a limit of this module.
    """
    reader = _Reader(iter(pieces))
    if reader.take(4) != MAGIC:
        _bad("it does not begin with 'GGUF'")
    raw_version = reader.take(4)
    version = int.from_bytes(raw_version, "little")
    big_endian = version & 0xFFFF == 0
    if big_endian:
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
    tensor_types = _tensor_types(reader, tensor_count)
    return Header(
        version, big_endian, pairs.values, pairs.array_lengths, tensor_count, tensor_types
    )
