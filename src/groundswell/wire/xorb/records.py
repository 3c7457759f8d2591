"""One chunk's record: eight bytes of header, then the chunk, raw or compressed.

Knows the three compression schemes. Decompression is bounded by the length in the header, which is
itself bounded: a frame that would yield more is refused after that many bytes, not after all.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Final, NamedTuple

import lz4.frame
import numpy as np

from groundswell.core.errors import Malformed
from groundswell.wire.chunking import CHUNK_BYTES_MAX
from groundswell.wire.hashing import Octets

HEADER_BYTES: Final = 8
COMPRESSED_BYTES_MAX: Final = 256 * 1024

# Floating-point numbers of four bytes, or two of two bytes: the period of the byte grouping.
_GROUPS: Final = 4
_SAMPLE_BYTES: Final = 8 * 1024
# Compression must save at least one part in this many of a sample to be tried on the whole.
_LEAST_SAVING: Final = 50


class Scheme(enum.IntEnum):
    """How a chunk is stored. BG4 groups bytes by their place modulo four before LZ4."""

    NONE = 0
    LZ4 = 1
    BG4_LZ4 = 2


class ChunkHeader(NamedTuple):
    """The header of one record. Both lengths are positive and within the format's limits."""

    stored_bytes: int
    scheme: Scheme
    raw_bytes: int

    @classmethod
    def parse(cls, octets: Octets, offset: int = 0) -> ChunkHeader:
        """Read the eight bytes at ``offset``.

        Raises:
            Malformed: for another version or scheme, lengths out of bounds, or fewer bytes.
        """
        header = bytes(octets[offset : offset + HEADER_BYTES])
        if len(header) < HEADER_BYTES:
            raise Malformed("chunk header", f"{len(header)} bytes are left")
        if header[0] != 0:
            raise Malformed("chunk header", f"version {header[0]} is not known")
        stored_bytes = int.from_bytes(header[1:4], "little")
        raw_bytes = int.from_bytes(header[5:8], "little")
        if header[4] > Scheme.BG4_LZ4:
            raise Malformed("chunk header", f"compression scheme {header[4]} is not known")
        if not 0 < raw_bytes <= CHUNK_BYTES_MAX:
            raise Malformed("chunk header", f"chunk of {raw_bytes} bytes")
        if not 0 < stored_bytes <= COMPRESSED_BYTES_MAX:
            raise Malformed("chunk header", f"chunk stored in {stored_bytes} bytes")
        if header[4] == Scheme.NONE and stored_bytes != raw_bytes:
            raise Malformed("chunk header", "the two lengths of an uncompressed chunk differ")
        return cls(stored_bytes, _SCHEMES[header[4]], raw_bytes)

    def serialize(self) -> bytes:
        """The eight bytes."""
        return b"".join(
            (
                b"\0",
                self.stored_bytes.to_bytes(3, "little"),
                bytes((self.scheme,)),
                self.raw_bytes.to_bytes(3, "little"),
            )
        )


_SCHEMES: Final = tuple(Scheme)


def decode_chunk(header: ChunkHeader, payload: Octets) -> Octets:
    """The uncompressed bytes of a record whose header said ``header``.

    The payload itself when it is stored raw; at most 128 KiB are allocated otherwise, besides what
    LZ4 needs for one block.

    Raises:
        Malformed: when the payload is not what the header says.
    """
    if len(payload) != header.stored_bytes:
        raise Malformed("chunk", f"{len(payload)} bytes of {header.stored_bytes}")
    if header.scheme is Scheme.NONE:
        return payload
    raw = _decompress(payload, header.raw_bytes)
    return _regroup(raw) if header.scheme is Scheme.BG4_LZ4 else raw


def decode_records(records: Octets) -> Iterator[Octets]:
    """The uncompressed chunks of whole records, one after the other.

    Raises:
        Malformed: at the first record that is broken or cut off.
    """
    view = memoryview(records)
    position = 0
    while position < len(view):
        header = ChunkHeader.parse(view, position)
        position += HEADER_BYTES
        yield decode_chunk(header, view[position : position + header.stored_bytes])
        position += header.stored_bytes


def encode_chunk(chunk: Octets, scheme: Scheme) -> bytes:
    """The record of a chunk: stored raw all the same when ``scheme`` does not shrink it."""
    raw_bytes = len(chunk)
    assert 0 < raw_bytes <= CHUNK_BYTES_MAX, "not the length of a chunk"
    payload: Octets = chunk if scheme is Scheme.NONE else _compress(chunk, scheme)
    if scheme is Scheme.NONE or len(payload) >= raw_bytes:
        return ChunkHeader(raw_bytes, Scheme.NONE, raw_bytes).serialize() + chunk
    return ChunkHeader(len(payload), scheme, raw_bytes).serialize() + payload


def choose_scheme(chunk: Octets) -> Scheme:
    """The scheme that makes a sample from the middle of the chunk smallest.

    Grouping wins for floating-point numbers, plain LZ4 for text and code, none for what is random
    or already compressed.
    """
    start = max(0, len(chunk) - _SAMPLE_BYTES) // 2
    sample = chunk[start : start + _SAMPLE_BYTES]
    plain_bytes = len(_compress(sample, Scheme.LZ4))
    grouped_bytes = len(_compress(sample, Scheme.BG4_LZ4))
    if min(plain_bytes, grouped_bytes) > len(sample) - len(sample) // _LEAST_SAVING:
        return Scheme.NONE
    return Scheme.BG4_LZ4 if grouped_bytes < plain_bytes else Scheme.LZ4


def _compress(octets: Octets, scheme: Scheme) -> bytes:
    """An LZ4 frame as the official client writes it: 64 KiB independent blocks, nothing else."""
    frame: bytes = lz4.frame.compress(
        _group(octets) if scheme is Scheme.BG4_LZ4 else octets,
        block_size=lz4.frame.BLOCKSIZE_MAX64KB,
        block_linked=False,
        store_size=False,
    )
    return frame


def _decompress(frame: Octets, raw_bytes: int) -> bytes:
    decompressor = lz4.frame.LZ4FrameDecompressor()
    try:
        raw: bytes = decompressor.decompress(frame, max_length=raw_bytes)
    except (RuntimeError, EOFError) as error:
        raise Malformed("chunk", "not an LZ4 frame") from error
    if len(raw) != raw_bytes or not decompressor.eof or decompressor.unused_data:
        raise Malformed("chunk", f"the LZ4 frame does not hold exactly {raw_bytes} bytes")
    return raw


def _group(octets: Octets) -> bytes:
    """Bytes by their place modulo four: all of the first, of the second, and so on."""
    source = np.frombuffer(octets, dtype=np.uint8)
    return np.concatenate([source[group::_GROUPS] for group in range(_GROUPS)]).tobytes()


def _regroup(grouped: bytes) -> bytes:
    """Undo ``_group``. The first groups hold the bytes that are left over."""
    source = np.frombuffer(grouped, dtype=np.uint8)
    target = np.empty_like(source)
    start = 0
    for group in range(_GROUPS):
        lane = target[group::_GROUPS]
        lane[:] = source[start : start + len(lane)]
        start += len(lane)
    return target.tobytes()
