"""The envelope of a frame: header, table of streams, streams, and how each stream is coded.

Knows sizes and the entropy coder. Does not know what the streams mean.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from groundswell.core.errors import Malformed
from groundswell.wire.hashing import HASH_BYTES, Octets
from groundswell.wire.tensors.layouts import LAYOUTS, Layout, base_bytes, is_base_for

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAGIC: Final = b"GSTF"
VERSION: Final = 1
FRAME_RAW_BYTES_MAX: Final = 4 * 1024 * 1024
CLASSES_MAX: Final = 16
STREAMS_MAX: Final = CLASSES_MAX * 8 + 1

_HEAD: Final = struct.Struct("<4sBBBBBxHI32s")
_STREAM: Final = struct.Struct("<II")
HEADER_BYTES: Final = _HEAD.size

_STORED: Final = 0
_ZSTD: Final = 1
_RUN: Final = 2
_KIND_SHIFT: Final = 28
_SIZE_MASK: Final = (1 << _KIND_SHIFT) - 1

# What is left after grouping has no repeats worth finding: a small table finds runs, and the rest
# is for the entropy stage, which is what takes the least time and gives the most (0008).
_OPTIONS: Final[Mapping[int, int]] = {
    zstd.CompressionParameter.strategy: zstd.Strategy.fast,
    zstd.CompressionParameter.window_log: 18,
    zstd.CompressionParameter.hash_log: 6,
    zstd.CompressionParameter.min_match: 7,
    zstd.CompressionParameter.target_length: 0,
    zstd.CompressionParameter.content_size_flag: 0,
}
_LIMITS: Final[Mapping[int, int]] = {zstd.DecompressionParameter.window_log_max: 23}


def bad(why: str) -> NoReturn:
    """Refuse a frame."""
    where = "tensor frame"
    raise Malformed(where, why)


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """What a frame says of itself. ``plain_hash`` is BLAKE3 over the bytes that it stands for.

    ``classes`` and ``pivot`` say how numbers are grouped by their exponent (``codec``).
    """

    layout: Layout
    base_layout: Layout | None
    classes: int
    pivot: int
    raw_bytes: int
    plain_hash: bytes

    @property
    def base_bytes(self) -> int:
        """How many bytes of a base decoding takes; 0 when it takes none."""
        if self.base_layout is None:
            return 0
        return base_bytes(self.raw_bytes, self.layout, self.base_layout)


def pack_frame(header: FrameHeader, streams: Sequence[bytes]) -> bytes:
    """A frame of these streams, each coded as is shortest."""
    coded = [_coded(stream) for stream in streams]
    table = b"".join(
        _STREAM.pack(kind << _KIND_SHIFT | len(body), len(stream))
        for (kind, body), stream in zip(coded, streams, strict=True)
    )
    base_code = header.base_layout.code if header.base_layout else 0
    head = _HEAD.pack(
        *(MAGIC, VERSION, header.layout.code, base_code, header.classes, header.pivot),
        *(len(streams), header.raw_bytes, header.plain_hash),
    )
    return b"".join((head, table, *(body for _, body in coded)))


def read_header(frame: Octets) -> tuple[FrameHeader, int]:
    """The header of a frame, and how many streams follow it.

    Raises:
        Malformed: cut off, of another version, or stating what cannot be.
    """
    if len(frame) < HEADER_BYTES:
        bad("it is cut off")
    magic, version, code, base_code, classes, pivot, count, raw_bytes, plain_hash = (
        _HEAD.unpack_from(frame)
    )
    if magic != MAGIC or version != VERSION or frame[9]:
        bad("it is not a frame of version 1")
    layout = LAYOUTS.get(code)
    base_layout = LAYOUTS.get(base_code)
    if layout is None or (base_code and base_layout is None):
        bad("it names an unknown layout")
    if base_layout is not None and not is_base_for(base_layout, layout):
        bad("its base has another layout")
    if not 0 < raw_bytes <= FRAME_RAW_BYTES_MAX or raw_bytes % layout.record_bytes:
        bad(f"it states {raw_bytes} bytes")
    if not 0 < classes <= CLASSES_MAX or not 0 < count <= STREAMS_MAX:
        bad(f"it states {classes} classes and {count} streams")
    assert len(plain_hash) == HASH_BYTES, "the header holds a whole hash"
    return FrameHeader(layout, base_layout, classes, pivot, raw_bytes, plain_hash), count


class Streams:
    """The streams of a frame, taken one after the other with the length that each must have."""

    def __init__(self, frame: Octets, count: int) -> None:
        """Check the table against the frame.

        Raises:
            Malformed: the streams do not fill the frame exactly.
        """
        self._view = memoryview(frame)
        self._place = HEADER_BYTES + count * _STREAM.size
        if len(self._view) < self._place:
            bad("it is cut off")
        table = self._view[HEADER_BYTES : self._place]
        self._entries = list(_STREAM.iter_unpack(table))
        self._next = 0
        sizes = sum(entry & _SIZE_MASK for entry, _ in self._entries)
        if self._place + sizes != len(self._view):
            bad("its streams do not end with it")

    def take(self, raw_bytes: int) -> Octets:
        """The next stream, decoded.

        Raises:
            Malformed: there is none, or it has another length or is broken.
        """
        if self._next == len(self._entries):
            bad("it has too few streams")
        entry, stated = self._entries[self._next]
        self._next += 1
        if stated != raw_bytes:
            bad(f"a stream states {stated} bytes where {raw_bytes} belong")
        size = entry & _SIZE_MASK
        body = self._view[self._place : self._place + size]
        self._place += size
        return _decoded(entry >> _KIND_SHIFT, body, raw_bytes)

    def end(self) -> None:
        """Raise ``Malformed`` unless all were taken."""
        if self._next != len(self._entries):
            bad("it has too many streams")


def _coded(stream: bytes) -> tuple[int, bytes]:
    if len(stream) > 1 and stream.count(stream[0]) == len(stream):
        return _RUN, stream[:1]
    packed = zstd.compress(stream, options=_OPTIONS)
    # What gains less than a 64th is not worth the time that decoding it takes.
    if len(packed) < len(stream) - len(stream) // 64:
        return _ZSTD, packed
    return _STORED, stream


def _decoded(kind: int, body: memoryview, raw_bytes: int) -> Octets:
    if kind == _STORED:
        stream: Octets = body
    elif kind == _RUN and len(body) == 1:
        stream = bytes(body) * raw_bytes
    elif kind == _ZSTD:
        stream = _inflated(body, raw_bytes)
    else:
        bad("a stream is coded in an unknown way")
    if len(stream) != raw_bytes:
        bad("a stream has another length than it states")
    return stream


def _inflated(body: memoryview, raw_bytes: int) -> bytes:
    """One zstd frame, never more than was stated."""
    coder = zstd.ZstdDecompressor(options=_LIMITS)
    try:
        stream = coder.decompress(body, max_length=raw_bytes)
        if not coder.eof and not coder.needs_input:
            stream += coder.decompress(b"", max_length=1)
    except zstd.ZstdError as error:
        where = "tensor frame"
        raise Malformed(where, "a stream is broken") from error
    if not coder.eof or coder.unused_data:
        bad("a stream does not end where it should")
    return stream
