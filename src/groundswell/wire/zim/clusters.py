"""Clusters of a ZIM archive: contents that were packed together.

Knows how a cluster is packed and divided, and bounds what unpacking takes. Does not know what the
contents are.
"""

from __future__ import annotations

import lzma
import struct
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from groundswell.wire.zim.header import bad

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_PLAIN: Final = frozenset({0, 1})
_XZ: Final = 4
_ZSTD: Final = 5
_LONG_OFFSETS: Final = 0x10
_PIECE_BYTES: Final = 256 * 1024
_WINDOW_LOG_MAX: Final = 26
_XZ_MEMORY_BYTES: Final = 160 * 1024 * 1024  # the largest dictionary that presets have takes half
_ZSTD_LIMITS: Final[Mapping[int, int]] = {
    zstd.DecompressionParameter.window_log_max: _WINDOW_LOG_MAX
}
_OLD: Final = {2: "zlib", 3: "bzip2"}

Read = Callable[[int, int], bytes]


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster, ready to be divided.

    Attributes:
        number: in its archive.
        offset_bytes: 4 or 8: how long a position is in the list that it begins with.
        data: unpacked, beginning with that list; None when the archive holds it as it is.
        start: where that list begins in the archive, when ``data`` is None.
        stop: where the archive's part for it ends at the latest, when ``data`` is None.
    """

    number: int
    offset_bytes: int
    data: bytes | None
    start: int = 0
    stop: int = 0

    @property
    def length(self) -> int:
        """Bytes of list and contents; what can be at most, when it is not unpacked."""
        return self.stop - self.start if self.data is None else len(self.data)

    def place(self, blob: int, read: Read) -> tuple[int, int]:
        """Where content number ``blob`` starts and ends, counted from the list's start.

        Raises:
            Malformed: there is no such content, or its place is not in the cluster.
        """
        width = self.offset_bytes
        first = self._offsets(0, 1, read)[0]
        if first % width or not width <= first <= self.length:
            bad(f"the list of cluster {self.number} is broken")
        if blob + 1 >= first // width:
            bad(f"cluster {self.number} has no content {blob}")
        start, stop = self._offsets(blob, 2, read)
        if not first <= start <= stop <= self.length:
            bad(f"content {blob} lies outside of cluster {self.number}")
        return start, stop

    def _offsets(self, number: int, count: int, read: Read) -> tuple[int, ...]:
        start, width = number * self.offset_bytes, count * self.offset_bytes
        if start + width > self.length:
            bad(f"cluster {self.number} ends in its list")
        if self.data is None:
            raw = read(self.start + start, self.start + start + width)
        else:
            raw = self.data[start : start + width]
        return struct.unpack(f"<{count}{'Q' if self.offset_bytes == 8 else 'I'}", raw)


def open_cluster(number: int, start: int, stop: int, read: Read, bytes_max: int) -> Cluster:
    """The cluster that lies in [start, stop) of the archive; it may end before ``stop``.

    Raises:
        Malformed: packed in a way that is not known, broken, or larger than ``bytes_max``.
    """
    (kind,) = read(start, start + 1)
    packing = kind & 0x0F
    offset_bytes = 8 if kind & _LONG_OFFSETS else 4
    if packing in _PLAIN:
        return Cluster(number, offset_bytes, None, start + 1, stop)
    unpacker: _Unpacker
    if packing == _ZSTD:
        unpacker = zstd.ZstdDecompressor(options=_ZSTD_LIMITS)
    elif packing == _XZ:
        unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY_BYTES)
    else:
        old = _OLD.get(packing, f"way {packing}")
        bad(f"cluster {number} is packed by {old}, which is not read here: zstd and xz are")
    pieces = (read(at, min(at + _PIECE_BYTES, stop)) for at in range(start + 1, stop, _PIECE_BYTES))
    return Cluster(number, offset_bytes, _unpacked(number, unpacker, pieces, bytes_max))


def _unpacked(number: int, unpacker: _Unpacker, pieces: Iterator[bytes], bytes_max: int) -> bytes:
    out: list[bytes] = []
    left = bytes_max
    try:
        for piece in pieces:
            given = piece
            while not unpacker.eof:
                out.append(unpacker.decompress(given, left + 1))
                left -= len(out[-1])
                if left < 0:
                    bad(f"cluster {number} unpacks to more than {bytes_max} bytes")
                given = b""
                if unpacker.needs_input:
                    break
            if unpacker.eof:
                break
    except (lzma.LZMAError, zstd.ZstdError, MemoryError, EOFError) as error:
        bad(f"cluster {number} cannot be unpacked: {str(error)[:200]}")
    if not unpacker.eof:
        bad(f"cluster {number} is cut off")
    return b"".join(out)


class ClusterShelf:
    """Clusters that were used last, up to a number of bytes."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._clusters: OrderedDict[int, Cluster] = OrderedDict()

    def get(self, number: int) -> Cluster | None:
        cluster = self._clusters.get(number)
        if cluster is not None:
            self._clusters.move_to_end(number)
        return cluster

    def put(self, cluster: Cluster) -> None:
        """Keep it; those that were not used for longest go. One larger than all is not kept."""
        weight = _weight(cluster)
        if weight > self._bytes_max:
            return
        self._clusters[cluster.number] = cluster
        self._bytes += weight
        while self._bytes > self._bytes_max:
            _, oldest = self._clusters.popitem(last=False)
            self._bytes -= _weight(oldest)


def _weight(cluster: Cluster) -> int:
    return 512 + (0 if cluster.data is None else len(cluster.data))
