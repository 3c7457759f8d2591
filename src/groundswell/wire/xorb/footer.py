"""The published footer: a xorb file that ends with it describes itself.

Knows the footer's version 1, as old clients and the local store of the official client write it.
Clients no longer send one; it is written to files at rest so that an index can be rebuilt from
them alone. The xorb hash in it is checked against the chunk hashes; that these are the hashes of
the bytes before it is for a full verification to say.
"""

from __future__ import annotations

import struct
import sys
from array import array
from typing import Final

from groundswell.core.errors import Malformed
from groundswell.wire.chunking import CHUNK_BYTES_MAX
from groundswell.wire.hashing import HASH_BYTES, Octets, xorb_hash
from groundswell.wire.xorb.index import (
    XORB_CHUNKS_MAX,
    XORB_RAW_BYTES_MAX,
    XorbIndex,
    check_ends,
    check_hash,
)
from groundswell.wire.xorb.records import COMPRESSED_BYTES_MAX, HEADER_BYTES

FOOTER_IDENT: Final = b"XETBLOB"
_HEAD: Final = struct.Struct("<7sB32s")
_SECTION: Final = struct.Struct("<7sBI")
_TAIL: Final = struct.Struct("<III16x")
_LENGTH: Final = struct.Struct("<I")
_VERSION: Final = 1
_HASHES_IDENT: Final = b"XBLBHSH"
_HASHES_VERSION: Final = 0
_BOUNDS_IDENT: Final = b"XBLBBND"
_BOUNDS_VERSION: Final = 1
_CHUNK_BYTES: Final = HASH_BYTES + 4 + 4
_FIXED_BYTES: Final = _HEAD.size + 2 * _SECTION.size + _TAIL.size + _LENGTH.size

FOOTER_BYTES_MAX: Final = _FIXED_BYTES + XORB_CHUNKS_MAX * _CHUNK_BYTES


def serialize_footer(index: XorbIndex) -> bytes:
    """The footer to write after the chunk records of that index."""
    count = len(index)
    return b"".join(
        (
            _HEAD.pack(FOOTER_IDENT, _VERSION, index.xorb_hash),
            _SECTION.pack(_HASHES_IDENT, _HASHES_VERSION, count),
            index.joined_hashes,
            _SECTION.pack(_BOUNDS_IDENT, _BOUNDS_VERSION, count),
            _little_endian(index.physical_end).tobytes(),
            _little_endian(index.raw_end).tobytes(),
            _TAIL.pack(count, _hashes_from_end(count), _bounds_from_end(count)),
            _LENGTH.pack(footer_bytes(count) - _LENGTH.size),
        )
    )


def footer_bytes(count: int) -> int:
    """The length of the footer of a xorb of that many chunks."""
    return _FIXED_BYTES + count * _CHUNK_BYTES


def read_footer(tail: Octets) -> XorbIndex:
    """The index from the last bytes of a xorb file, of which ``FOOTER_BYTES_MAX`` always suffice.

    Raises:
        Malformed: when they do not end with a footer of version 1 whose parts agree.
    """
    view = memoryview(tail)
    if len(view) < _FIXED_BYTES:
        raise Malformed("xorb footer", f"{len(view)} bytes are too few")
    length = _LENGTH.unpack(view[-_LENGTH.size :])[0] + _LENGTH.size
    count, has_rest = divmod(length - _FIXED_BYTES, _CHUNK_BYTES)
    if has_rest or not 0 < count <= XORB_CHUNKS_MAX or length > len(view):
        raise Malformed("xorb footer", f"states a length of {length} bytes")
    view = view[-length:]
    bounds_at = length - _LENGTH.size - _bounds_from_end(count)
    ends_at = bounds_at + _SECTION.size
    ident, version, expected_hash = _HEAD.unpack_from(view, 0)
    found = (
        *(ident, version),
        *_SECTION.unpack_from(view, _HEAD.size),
        *_SECTION.unpack_from(view, bounds_at),
        *_TAIL.unpack_from(view, length - _LENGTH.size - _TAIL.size),
    )
    known = (
        *(FOOTER_IDENT, _VERSION),
        *(_HASHES_IDENT, _HASHES_VERSION, count),
        *(_BOUNDS_IDENT, _BOUNDS_VERSION, count),
        *(count, _hashes_from_end(count), _bounds_from_end(count)),
    )
    if found != known:
        raise Malformed("xorb footer", "the parts do not agree with its length")
    index = XorbIndex(
        xorb_hash=expected_hash,
        joined_hashes=bytes(view[_HEAD.size + _SECTION.size : bounds_at]),
        physical_end=_offsets(view[ends_at : ends_at + 4 * count]),
        raw_end=_offsets(view[ends_at + 4 * count : ends_at + 8 * count]),
    )
    _check(index)
    return index


def _check(index: XorbIndex) -> None:
    where = "xorb footer"
    check_ends(index.raw_end, 1, CHUNK_BYTES_MAX, where)
    check_ends(index.physical_end, HEADER_BYTES + 1, HEADER_BYTES + COMPRESSED_BYTES_MAX, where)
    if index.raw_bytes > XORB_RAW_BYTES_MAX:
        raise Malformed(where, f"{index.raw_bytes} bytes uncompressed")
    check_hash(xorb_hash(index.chunks()), index.xorb_hash, where)


def _hashes_from_end(count: int) -> int:
    """From the first byte of the hash section to the footer's end, its length field not counted."""
    return footer_bytes(count) - _LENGTH.size - _HEAD.size


def _bounds_from_end(count: int) -> int:
    """The same from the section of offsets."""
    return _SECTION.size + 8 * count + _TAIL.size


def _offsets(octets: memoryview) -> array[int]:
    offsets = array("I")
    offsets.frombytes(octets)
    return _little_endian(offsets)


def _little_endian(offsets: array[int]) -> array[int]:
    """The same numbers, in or from the order of the file's bytes."""
    if sys.byteorder == "little":
        return offsets
    swapped = array(offsets.typecode, offsets)
    swapped.byteswap()
    return swapped
