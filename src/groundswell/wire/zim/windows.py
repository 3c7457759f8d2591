"""Reading small things that lie near each other, without asking for each alone.

Knows positions and sizes only. What is asked for is inside of the archive, or refused.
"""

from __future__ import annotations

from typing import Final

from groundswell.wire.zim.clusters import Read
from groundswell.wire.zim.header import bad

_FIRST_BYTES: Final = 2 * 1024
_LAST_BYTES: Final = 256 * 1024


class Bounded:
    """A reader that asks for nothing outside of the archive and takes no short answers."""

    def __init__(self, read: Read, size_bytes: int) -> None:
        self._read = read
        self.size_bytes = size_bytes

    def __call__(self, start: int, stop: int) -> bytes:
        """The bytes [start, stop).

        Raises:
            Malformed: they do not all lie in the archive.
        """
        if not 0 <= start <= stop <= self.size_bytes:
            bad(f"it points to byte {max(start, stop)} and has {self.size_bytes}")
        if start == stop:
            return b""
        data = self._read(start, stop)
        if len(data) != stop - start:
            bad(f"it ends before byte {stop}")
        return data


class Window:
    """The stretch that was read last. It grows while what is asked for follows on, and only then:
    positions that leap about cost a small read each.
    """

    def __init__(self, read: Bounded) -> None:
        self._read = read
        self._start = 0
        self._data = b""
        self._step = _FIRST_BYTES

    def at(self, start: int, needed_bytes: int) -> bytes:
        """Bytes from ``start`` on: as many as needed, fewer only where the archive ends."""
        stop = min(start + needed_bytes, self._read.size_bytes)
        end = self._start + len(self._data)
        if not (self._start <= start and stop <= end):
            follows = self._start <= start <= end
            self._step = min(self._step * 2, _LAST_BYTES) if follows else _FIRST_BYTES
            read_to = min(start + max(needed_bytes, self._step), self._read.size_bytes)
            self._data = self._read(start, max(start, read_to))
            self._start = start
        place = start - self._start
        return self._data[place : place + needed_bytes]
