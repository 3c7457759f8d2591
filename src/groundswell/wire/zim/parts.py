"""A split archive, read as the whole that it was.

Knows that parts follow one another; not their names (``NAME.zimaa``, ``NAME.zimab``, ...).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from groundswell.wire.zim.clusters import Read


class Joined:
    """Parts in order, each a function that reads and its size, as one function that reads."""

    def __init__(self, parts: Sequence[tuple[Read, int]]) -> None:
        self._reads = [read for read, _ in parts]
        self._starts = [0, *accumulate(size for _, size in parts)]

    @property
    def size_bytes(self) -> int:
        """Of all parts together."""
        return self._starts[-1]

    def __call__(self, start: int, stop: int) -> bytes:
        """The bytes [start, stop) of the whole; fewer where it ends."""
        stop = min(stop, self.size_bytes)
        pieces: list[bytes] = []
        while start < stop:
            part = bisect_right(self._starts, start) - 1
            begins, ends = self._starts[part], self._starts[part + 1]
            until = min(stop, ends)
            pieces.append(self._reads[part](start - begins, until - begins))
            start = until
        return b"".join(pieces)
