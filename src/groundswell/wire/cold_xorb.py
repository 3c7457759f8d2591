"""Cold xorbs: the chunks of a xorb as tensor frames, with all that a virtual xorb needs.

Knows the format (docs/formats/cold-xorb.md) in both directions. A cold xorb stands for the xorb of
the same hash whose records are all stored plain (scheme 0), so that every offset follows from
lengths alone. Does not know where bytes lie or how a base is fetched.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, NoReturn

from blake3 import blake3

from groundswell.core.errors import Malformed
from groundswell.wire.hashing import HASH_BYTES, Octets, hash_to_hex
from groundswell.wire.xorb import (
    FOOTER_BYTES_MAX,
    HEADER_BYTES,
    XORB_RAW_BYTES_MAX,
    ChunkHeader,
    Scheme,
    XorbIndex,
    read_footer,
    serialize_footer,
)

MAGIC: Final = b"GSCX\x01\0\0\0"
PIECE_BYTES_MAX: Final = 512 * 1024
BASES_MAX: Final = 4096
_PIECES_MAX: Final = 1 << 17
_PIECE: Final = struct.Struct("<IIII")
_TAIL: Final = struct.Struct("<III32s8s")
_ALONE: Final = 0xFFFFFFFF


class Piece(NamedTuple):
    """One frame: where it lies, which raw bytes it holds, and where in which base it began.

    ``base`` is an index into the bases, or None.
    """

    frame_start: int
    frame_bytes: int
    raw_start: int
    raw_bytes: int
    base: int | None
    base_start: int


@dataclass(frozen=True, slots=True)
class ColdXorb:
    """What a cold xorb says of itself. ``bases`` are the hashes of other xorbs, as text."""

    index: XorbIndex
    pieces: Sequence[Piece]
    bases: tuple[str, ...]

    def pieces_of(self, start: int, stop: int) -> Sequence[Piece]:
        """The pieces that hold the raw bytes [start, stop)."""
        first = bisect_right(self.pieces, start, key=lambda piece: piece.raw_start) - 1
        last = bisect_right(self.pieces, stop - 1, key=lambda piece: piece.raw_start)
        return self.pieces[first:last]


def _bad(why: str) -> NoReturn:
    where = "cold xorb"
    raise Malformed(where, why)


def virtual_index(index: XorbIndex) -> XorbIndex:
    """The index of the same chunks when every record is stored plain."""
    ends = (end + HEADER_BYTES * number for number, end in enumerate(index.raw_end, 1))
    return XorbIndex(index.xorb_hash, index.joined_hashes, array("I", ends), index.raw_end)


def record_header(raw_bytes: int) -> bytes:
    """The eight bytes before a chunk that is stored plain."""
    return ChunkHeader(raw_bytes, Scheme.NONE, raw_bytes).serialize()


class ColdXorbBuilder:
    """Makes the bytes of a cold xorb: ``head``, then each frame, then ``finish``."""

    head: Final = MAGIC

    def __init__(self, index: XorbIndex) -> None:
        self._index = virtual_index(index)
        self._table = bytearray()
        self._bases: dict[bytes, int] = {}
        self._raw_bytes = 0

    def add(self, frame: bytes, raw_bytes: int, base: bytes | None = None, start: int = 0) -> bytes:
        """Note the frame of the next raw bytes; the frame, to write.

        ``base`` is the hash of the xorb whose raw bytes from ``start`` it was made against.
        """
        number = _ALONE if base is None else self._bases.setdefault(base, len(self._bases))
        assert base is None or number < BASES_MAX, "more bases than a cold xorb may have"
        self._table += _PIECE.pack(len(frame), raw_bytes, number, start)
        self._raw_bytes += raw_bytes
        return frame

    @property
    def bases(self) -> list[str]:
        """The hashes of the bases so far."""
        return [hash_to_hex(base) for base in self._bases]

    def finish(self) -> bytes:
        """What follows the last frame."""
        assert self._raw_bytes == self._index.raw_bytes, "a cold xorb holds every byte"
        body = bytes(self._table) + b"".join(self._bases) + serialize_footer(self._index)
        count = len(self._table) // _PIECE.size
        footer = len(body) - len(self._table) - HASH_BYTES * len(self._bases)
        numbers = struct.pack("<III", count, len(self._bases), footer)
        digest = blake3(body + numbers).digest()
        return body + _TAIL.pack(count, len(self._bases), footer, digest, MAGIC)


def read_cold_xorb(read_at: Callable[[int, int], Octets], size_bytes: int) -> ColdXorb:
    """What a cold xorb of that size says; ``read_at(offset, size)`` gives exactly so many bytes.

    Raises:
        Malformed: it is cut off, changed, or states what cannot be.
    """
    if size_bytes < len(MAGIC) + _TAIL.size:
        _bad("it is cut off")
    tail = bytes(read_at(size_bytes - _TAIL.size, _TAIL.size))
    count, base_count, footer, digest, magic = _TAIL.unpack(tail)
    if magic != MAGIC or bytes(read_at(0, len(MAGIC))) != MAGIC:
        _bad("it is not a cold xorb of version 1")
    if not 0 < count <= _PIECES_MAX or base_count > BASES_MAX or footer > FOOTER_BYTES_MAX:
        _bad(f"it states {count} pieces and {base_count} bases")
    table_bytes, bases_bytes = count * _PIECE.size, base_count * HASH_BYTES
    size = table_bytes + bases_bytes + footer
    frames_end = size_bytes - _TAIL.size - size
    if frames_end < len(MAGIC):
        _bad("it is cut off")
    body = bytes(read_at(frames_end, size))
    if blake3(body + tail[:12]).digest() != digest:
        _bad("its table has changed")
    index = read_footer(body[table_bytes + bases_bytes :])
    if index != virtual_index(index):
        _bad("its footer is not that of a virtual xorb")
    hashes = body[table_bytes : table_bytes + bases_bytes]
    bases = tuple(
        hash_to_hex(hashes[at : at + HASH_BYTES]) for at in range(0, bases_bytes, HASH_BYTES)
    )
    pieces = _pieces(body[:table_bytes], len(bases))
    last = pieces[-1]
    if last.frame_start + last.frame_bytes != frames_end:
        _bad("its frames do not end where its table begins")
    if last.raw_start + last.raw_bytes != index.raw_bytes:
        _bad("its pieces are not all of the xorb")
    return ColdXorb(index, pieces, bases)


def _pieces(table: bytes, base_count: int) -> list[Piece]:
    pieces = []
    place, raw = len(MAGIC), 0
    for frame_bytes, raw_bytes, base, start in _PIECE.iter_unpack(table):
        if not 0 < raw_bytes <= PIECE_BYTES_MAX:
            _bad(f"a piece of {raw_bytes} bytes")
        if base != _ALONE and (base >= base_count or start > XORB_RAW_BYTES_MAX):
            _bad("a piece names no base")
        number = None if base == _ALONE else base
        pieces.append(Piece(place, frame_bytes, raw, raw_bytes, number, start))
        place += frame_bytes
        raw += raw_bytes
    return pieces
