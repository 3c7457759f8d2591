"""The one file that a reader sees, by ranges that it asks the hub for; as DuckDB reads it.

Also which ranges together are the table: a file of text is read by parts of whole lines.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Final

from groundswell.hub.viewing.pipe import READ_BYTES_MAX, Ended, Pipe
from groundswell.hub.viewing.values import (
    CSV,
    LINE_BYTES_MAX,
    PARQUET,
    PART_BYTES,
    Question,
    Unreadable,
)

FOOTER_BYTES_MAX: Final = 32 << 20
_BLOCK_BYTES: Final = 128 << 10
_BLOCKS_KEPT: Final = 64


class Ranges:
    """The file, by ranges asked for through the pipe; blocks used last are kept.

    Thread-safe: the engine reads ahead on threads of its own, also where it is told to have one,
    and what two of them ask for at once would come to the wrong one.
    """

    def __init__(self, pipe: Pipe, size_bytes: int) -> None:
        self._pipe = pipe
        self.size_bytes = size_bytes
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, start: int, stop: int) -> bytes:
        """Bytes [start, stop), cut at the file's end."""
        stop = min(stop, self.size_bytes)
        if start >= stop:
            return b""
        with self._lock:
            return self._read(start, stop)

    def tell(self, value: dict[str, Any], data: bytes = b"") -> None:
        """Send something else through the pipe, and bytes behind it, when nothing is being read."""
        with self._lock:
            self._pipe.send(value)
            if data:
                self._pipe.send_bytes(data)

    def tell_last(self, value: dict[str, Any]) -> dict[str, Any]:
        """Send the end of an answer; the next question. Nothing is read in between: the other end
        does not listen then.
        """
        with self._lock:
            self._pipe.send(value)
            return self._pipe.receive()

    def _read(self, start: int, stop: int) -> bytes:
        if stop - start > _BLOCK_BYTES:
            pieces = range(start, stop, READ_BYTES_MAX)
            return b"".join(self._ask(at, min(at + READ_BYTES_MAX, stop)) for at in pieces)
        first, last = start // _BLOCK_BYTES, (stop - 1) // _BLOCK_BYTES
        data = b"".join(self._block(number) for number in range(first, last + 1))
        return data[start - first * _BLOCK_BYTES : stop - first * _BLOCK_BYTES]

    def _block(self, number: int) -> bytes:
        found = self._blocks.get(number)
        if found is None:
            start = number * _BLOCK_BYTES
            found = self._ask(start, min(start + _BLOCK_BYTES, self.size_bytes))
            self._blocks[number] = found
            if len(self._blocks) > _BLOCKS_KEPT:
                self._blocks.popitem(last=False)
        else:
            self._blocks.move_to_end(number)
        return found

    def _ask(self, start: int, stop: int) -> bytes:
        self._pipe.send({"read": [start, stop]})
        data = self._pipe.receive_bytes(READ_BYTES_MAX)
        if len(data) != stop - start:
            raise Ended
        return data

    def line_start(self, at: int) -> int:
        """Where the first line begins at or after a place."""
        if at <= 0:
            return 0
        at -= 1
        for start in range(at, min(at + LINE_BYTES_MAX, self.size_bytes), _BLOCK_BYTES):
            found = self.read(start, start + _BLOCK_BYTES).find(b"\n")
            if found >= 0:
                return start + found + 1
        if at + LINE_BYTES_MAX >= self.size_bytes:
            return self.size_bytes
        msg = f"A line is longer than {LINE_BYTES_MAX >> 20} MiB."
        raise Unreadable(msg)


def segments_of(ranges: Ranges, question: Question) -> list[tuple[int, int]]:
    """The ranges that together are the table: the whole file, or the lines of one part.

    A later part of CSV begins with the file's first line, so that columns keep their names.
    """
    size = ranges.size_bytes
    if question.format == PARQUET:
        tail = ranges.read(max(0, size - 8), size)
        if tail[4:] != b"PAR1" or int.from_bytes(tail[:4], "little") > size - 12:
            msg = "It does not end as a Parquet file does."
            raise Unreadable(msg)
        if int.from_bytes(tail[:4], "little") > FOOTER_BYTES_MAX:
            msg = f"Its footer is larger than {FOOTER_BYTES_MAX >> 20} MiB."
            raise Unreadable(msg)
    if question.format == PARQUET or question.compression or size <= PART_BYTES:
        return [(0, size)]
    start = ranges.line_start(question.part * PART_BYTES)
    stop = ranges.line_start((question.part + 1) * PART_BYTES)
    found = [(start, max(start, min(stop, size)))]
    if question.format == CSV and question.part:
        found.insert(0, (0, ranges.line_start(1)))
    return found


class File:
    """What DuckDB reads from: segments of the file, one after the other."""

    mode: Final = "rb"
    closed: Final = False

    def __init__(self, ranges: Ranges, segments: Iterable[tuple[int, int]]) -> None:
        self._ranges = ranges
        self._segments = list(segments)
        self.size = sum(stop - start for start, stop in self._segments)
        self._place = 0

    def read(self, size: int = -1) -> bytes:
        """As of any file; ``seek``, ``tell`` and the rest too."""
        stop = self.size if size < 0 else min(self.size, self._place + size)
        parts: list[bytes] = []
        base = 0
        for start, end in self._segments:
            first, last = max(self._place, base), min(stop, base + end - start)
            if first < last:
                parts.append(self._ranges.read(start + first - base, start + last - base))
            base += end - start
        self._place = max(self._place, stop)
        return b"".join(parts)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Where the next read begins."""
        self._place = offset + (0, self._place, self.size)[whence]
        return self._place

    def tell(self) -> int:
        """Where the next read begins."""
        return self._place

    def seekable(self) -> bool:
        """Yes."""
        return True

    def close(self) -> None:
        """Nothing is held."""
