"""Content that is given at once: checked before, stored as it is, and in the system's memory.

Reading such bytes takes about as long as handing the work to a thread would, so this may be
called where nothing may wait. Everything else (what is compressed, was never checked, or lies on
the disk only) is left to ``reading``, which is asked when this gives nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from groundswell.core.errors import Corrupt, Malformed, Unavailable
from groundswell.core.values import RecipePlan, RecordsPlan, Term
from groundswell.hub.blobs.indexes import PLAIN, UNCHECKED, Indexes, KnownXorb
from groundswell.store.ports import BlobStore, Kind
from groundswell.wire.xorb import HEADER_BYTES

# Finding a place among more terms than this would make others wait.
_TERMS_MAX: Final = 20_000
# Chunks of one read: a piece and a header each must stay below the system's limit of 1024.
_CHUNKS_MAX: Final = 500


class Straight:
    """One content, read from lower to higher offsets. For one thread."""

    def __init__(self, store: BlobStore, indexes: Indexes, plan: RecipePlan | RecordsPlan) -> None:
        self._store = store
        self._indexes = indexes
        self._records = plan.xorb_hash if isinstance(plan, RecordsPlan) else ""
        self._terms: Sequence[Term] = plan.terms if isinstance(plan, RecipePlan) else ()
        self._size_bytes = plan.size_bytes if len(self._terms) <= _TERMS_MAX else 0
        self._term = 0
        self._term_start = 0
        self._header = memoryview(bytearray(HEADER_BYTES))

    def read_into(self, start: int, buffer: memoryview) -> int:
        """Fill the buffer from ``start``, as far as that is done without waiting; how far.

        ``start`` never goes back. Raises nothing: what is wrong is found the other way.
        """
        filled = 0
        stop = min(len(buffer), self._size_bytes - start)
        read = self._read_records if self._records else self._read_term
        while filled < stop:
            count = read(start + filled, buffer[filled:stop])
            if count == 0:
                break
            filled += count
        return filled

    def place(self, start: int, stop: int) -> str | None:
        """The stored file that has these bytes of a xorb at these places, each chunk of them
        checked before: for a server that reads files by itself. None when there is none.
        """
        xorb = self._indexes.recall(self._records)
        if xorb is None or self._indexes.is_suspect(xorb.key):
            return None
        ends = xorb.index.physical_end
        first = bisect_left(ends, start + 1)
        last = bisect_left(ends, stop, first) + 1
        if stop > self._size_bytes or xorb.is_verified.count(UNCHECKED, first, last):
            return None
        try:
            with self._store.open(Kind.XORB, xorb.key) as reader:
                return reader.place if reader.identity == xorb.identity else None
        except (FileNotFoundError, Corrupt, Unavailable):
            return None

    def _read_records(self, start: int, buffer: memoryview) -> int:
        xorb = self._indexes.recall(self._records)
        if xorb is None:
            return 0
        ends = xorb.index.physical_end
        first = bisect_left(ends, start + 1)
        last = bisect_left(ends, start + len(buffer), first) + 1
        if xorb.is_verified.count(UNCHECKED, first, last):
            return 0
        return len(buffer) if self._is_read(xorb, start, [buffer], len(buffer)) else 0

    def _read_term(self, start: int, buffer: memoryview) -> int:
        """As much as one read of one term gives."""
        term = self._seek(start)
        xorb = self._indexes.recall(term.xorb_hash)
        base = None if xorb is None else _base(xorb, term)
        if xorb is None or base is None:
            return 0
        index = xorb.index
        position = base + start - self._term_start
        stop = min(position + len(buffer), base + term.raw_size_bytes)
        first = index.chunk_at(position)
        last = min(bisect_left(index.raw_end, stop, first) + 1, first + _CHUNKS_MAX)
        known = xorb.is_verified[first:last]
        last -= len(known.lstrip(bytes((PLAIN,))))
        if last == first:
            return 0
        buffers: list[memoryview] = []
        filled = 0
        for end in index.raw_end[first:last]:
            size = min(end, stop) - position - filled
            buffers += (self._header, buffer[filled : filled + size])
            filled += size
        raw_start = index.raw_end[first - 1] if first else 0
        physical_start = index.physical_end[first - 1] if first else 0
        offset = physical_start + HEADER_BYTES + position - raw_start
        size = filled + HEADER_BYTES * (last - first - 1)
        return filled if self._is_read(xorb, offset, buffers[1:], size) else 0

    def _is_read(
        self, xorb: KnownXorb, offset: int, buffers: list[memoryview], size_bytes: int
    ) -> bool:
        try:
            with self._store.open(Kind.XORB, xorb.key) as reader:
                if reader.identity != xorb.identity:
                    return False  # another file by now: what is known is of the one before
                return reader.read_cached_into(offset, buffers) == size_bytes
        except (FileNotFoundError, Corrupt, Unavailable):
            return False

    def _seek(self, start: int) -> Term:
        """The term that holds the byte at ``start``."""
        assert start >= self._term_start, "straight reading goes forward"
        term = self._terms[self._term]
        while start >= self._term_start + term.raw_size_bytes:
            self._term_start += term.raw_size_bytes
            self._term += 1
            term = self._terms[self._term]
        return term


def _base(xorb: KnownXorb, term: Term) -> int | None:
    """Where the term begins in the uncompressed xorb, if it fits."""
    try:
        base, end = xorb.index.raw_range(term.chunk_start, term.chunk_stop)
    except Malformed:
        return None
    return base if end - base == term.raw_size_bytes else None
