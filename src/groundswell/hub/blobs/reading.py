"""Reading content back from xorbs: decoded for people, or as stored for Xet clients.

Knows chunks and their hashes. Does not know who may read. The official client does not check what
it downloads, so this is where rot is found: each chunk is checked as it is decoded, unless that was
done a short while ago, and Corrupt is raised before a wrong byte leaves.
"""

from __future__ import annotations

import logging
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from groundswell.core.errors import Corrupt, Malformed
from groundswell.core.values import Term
from groundswell.hub.blobs.indexes import PLAIN, UNCHECKED, WHOLE, Indexes, KnownXorb
from groundswell.store.ports import BlobReader, BlobStore, Kind
from groundswell.wire.hashing import Octets, chunk_hash
from groundswell.wire.xorb import HEADER_BYTES, ChunkHeader, decode_chunk

_log = logging.getLogger(__name__)

PIECE_BYTES: Final = 1024 * 1024
_SMALL_PIECE_BYTES: Final = PIECE_BYTES // 4


class Reading:
    """Content by terms, and xorbs by their bytes. Holds nothing open between two pieces."""

    def __init__(self, store: BlobStore, indexes: Indexes) -> None:
        self._store = store
        self._indexes = indexes

    def content(self, terms: Iterable[Term], start: int, stop: int) -> Iterator[Octets]:
        """Bytes [start, stop) of the file that the terms make, in pieces of about 1 MiB.

        Raises:
            Corrupt: the content at rest is broken; nothing wrong was given before.
        """
        return _joined(self._content(terms, start, stop))

    def records(self, key: str, start: int, stop: int) -> Iterator[Octets]:
        """Bytes [start, stop) of the chunk records of a stored xorb.

        Raises:
            Corrupt: as ``content`` does.
        """
        xorb = self._indexes.get_promised(key)
        ends = xorb.index.physical_end
        assert 0 <= start < stop <= xorb.index.physical_bytes, "range outside the records"
        first = bisect_right(ends, start)
        while start < stop:
            last = _run_end(ends, first, len(xorb.index), start + PIECE_BYTES)
            piece_stop = min(stop, ends[last - 1])
            if xorb.is_verified.count(UNCHECKED, first, last):
                self._run(xorb, first, last)
            with self._open(key) as reader:
                is_same = reader.identity == xorb.identity
                piece = reader.read_at(start, piece_stop - start) if is_same else b""
            if not is_same:
                # Stored anew at this very moment, laid out otherwise: no fault of the new.
                raise Corrupt
            yield piece
            start, first = piece_stop, last

    def _content(self, terms: Iterable[Term], start: int, stop: int) -> Iterator[memoryview]:
        term_start = 0
        for term in terms:
            term_stop = term_start + term.raw_size_bytes
            if term_stop > start:
                skip = max(start - term_start, 0)
                yield from self._term(term, skip, min(stop, term_stop) - term_start)
            term_start = term_stop
            if term_stop >= stop:
                return

    def _term(self, term: Term, start: int, stop: int) -> Iterator[memoryview]:
        """Bytes [start, stop) of one term."""
        # Each run compares what it opens with what is remembered: nothing is opened only for that.
        key = term.xorb_hash
        xorb = self._indexes.recall(key) or self._indexes.get_promised(key)
        ends = xorb.index.raw_end
        base = self._base(xorb, term)
        position, raw_stop = base + start, base + stop
        first = xorb.index.chunk_at(position)
        while position < raw_stop:
            last = _run_end(ends, first, term.chunk_stop, min(position + PIECE_BYTES, raw_stop))
            run_start = ends[first - 1] if first else 0
            piece = self._run(xorb, first, last)
            yield piece[position - run_start : min(raw_stop, ends[last - 1]) - run_start]
            position, first = ends[last - 1], last

    def _run(self, xorb: KnownXorb, first: int, last: int) -> memoryview:
        """Chunks [first, last) decoded, one after the other, checked if they were not lately."""
        piece: memoryview | None = None
        with self._open(xorb.key) as reader:
            if reader.identity != xorb.identity:
                xorb = self._indexes.of(xorb.key, reader)
            index = xorb.index
            start, stop = index.physical_range(first, last)
            raw_start, raw_stop = index.raw_range(first, last)
            ends = [end - raw_start for end in index.raw_end[first:last]]
            if stop - start == raw_stop - raw_start + HEADER_BYTES * (last - first):
                piece = _read_raw(reader, start, ends)
            records = reader.read_at(start, stop - start) if piece is None else b""
        if piece is not None:
            self._verify(xorb, first, piece, ends)
            xorb.is_verified[first:last] = bytes((PLAIN,)) * (last - first)
            return piece
        physical = [end - start for end in index.physical_end[first:last]]
        piece = self._decode(xorb, records, physical, ends)
        self._verify(xorb, first, piece, ends)
        return piece

    def _open(self, key: str) -> _Opened:
        return _Opened(self._store, self._indexes, key)

    def _base(self, xorb: KnownXorb, term: Term) -> int:
        """Where the term begins in the uncompressed xorb."""
        try:
            base, end = xorb.index.raw_range(term.chunk_start, term.chunk_stop)
        except Malformed as error:
            raise _misfit(xorb.key, "lacks chunks that a file needs") from error
        if end - base != term.raw_size_bytes:
            raise _misfit(xorb.key, "does not fit a file that needs it")
        return base

    def _decode(
        self, xorb: KnownXorb, records: bytes, physical: Sequence[int], ends: Sequence[int]
    ) -> memoryview:
        view = memoryview(records)
        chunks: list[Octets] = []
        position = raw_position = 0
        for stop, raw_stop in zip(physical, ends, strict=True):
            try:
                header = ChunkHeader.parse(view, position)
                chunk = decode_chunk(header, view[position + HEADER_BYTES : stop])
            except Malformed as error:
                raise self._indexes.report(xorb.key, f"is broken ({error.message})") from error
            if len(chunk) != raw_stop - raw_position:
                raise self._indexes.report(xorb.key, "holds a chunk of another length")
            chunks.append(chunk)
            position, raw_position = stop, raw_stop
        return memoryview(b"".join(chunks))

    def _verify(self, xorb: KnownXorb, first: int, piece: memoryview, ends: Sequence[int]) -> None:
        """Check the chunks that were not a short while ago."""
        position = 0
        for chunk, end in enumerate(ends, first):
            if xorb.is_verified[chunk] == UNCHECKED:
                if chunk_hash(piece[position:end]) != xorb.index.chunk_hash(chunk):
                    raise self._indexes.report(xorb.key, f"has changed in chunk {chunk}")
                xorb.is_verified[chunk] = WHOLE
            position = end


class _Opened:
    """A xorb that a row says is there: its absence is corruption."""

    def __init__(self, store: BlobStore, indexes: Indexes, key: str) -> None:
        self._context = store.open(Kind.XORB, key)
        self._indexes = indexes
        self._key = key

    def __enter__(self) -> BlobReader:
        try:
            return self._context.__enter__()
        except FileNotFoundError as error:
            raise self._indexes.report(self._key, "is missing") from error
        except Corrupt as error:
            raise self._indexes.report(self._key, "cannot be read whole") from error

    def __exit__(self, *exception: object) -> None:
        self._context.__exit__(*exception)  # type: ignore[arg-type]  # passed on as it came
        if isinstance(exception[1], Corrupt):
            self._indexes.forget(self._key)
            self._indexes.report(self._key, "cannot be read whole")


def _misfit(key: str, what: str) -> Corrupt:
    """A recipe that asks for what the xorb never had: the row is wrong, not the xorb."""
    _log.error("xorb %s %s", key, what)
    return Corrupt()


def _run_end(ends: Sequence[int], first: int, limit: int, offset: int) -> int:
    """The part after the one that reaches ``offset``: at least one part, ``limit`` at most."""
    last = first + 1
    while last < limit and ends[last - 1] < offset:
        last += 1
    return last


def _read_raw(reader: BlobReader, start: int, ends: Sequence[int]) -> memoryview | None:
    """Chunks that seem stored as they are, read straight into place, headers aside.

    None when a header says otherwise: compression may have gained nothing.
    """
    headers = array("Q", bytes(HEADER_BYTES * len(ends)))
    piece = np.empty(ends[-1], dtype=np.uint8).data
    header_bytes = memoryview(headers).cast("B")
    buffers: list[memoryview] = []
    lengths: list[int] = []
    previous = 0
    for number, end in enumerate(ends):
        buffers.append(header_bytes[HEADER_BYTES * number : HEADER_BYTES * (number + 1)])
        buffers.append(piece[previous:end])
        lengths.append(end - previous)
        previous = end
    reader.read_into(start, buffers)
    # Version 0, stored length, scheme 0, raw length: as one little-endian number.
    expected = [length << 8 | length << 40 for length in lengths]
    return piece if headers.tolist() == expected else None


def _joined(pieces: Iterator[memoryview]) -> Iterator[Octets]:
    """The same bytes, small pieces put together: a file of many short terms has many of them."""
    small: list[memoryview] = []
    small_bytes = 0
    for piece in pieces:
        if len(piece) >= _SMALL_PIECE_BYTES:
            if small:
                yield b"".join(small)
                small, small_bytes = [], 0
            yield piece
            continue
        small.append(piece)
        small_bytes += len(piece)
        if small_bytes >= PIECE_BYTES:
            yield b"".join(small)
            small, small_bytes = [], 0
    if small:
        yield b"".join(small)
