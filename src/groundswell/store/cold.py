"""Xorbs that lie small: a blob store over another, in which a xorb may be a cold xorb.

Knows how a virtual xorb is read out of frames, bases included. Does not know which xorbs to make
cold, nor when: ``hub.upkeep.cooling`` does. A xorb that lies plain is read plain, also when it is
cold as well: that is the moment between two steps.
"""

from __future__ import annotations

import heapq
import logging
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from groundswell.core.errors import Corrupt, Malformed
from groundswell.store.ports import BlobReader, BlobStore, Capabilities, Kind, Spooled, Staging
from groundswell.wire.cold_xorb import ColdXorb, Piece, read_cold_xorb, record_header
from groundswell.wire.hashing import hash_to_hex
from groundswell.wire.tensors import decode_frame, read_header
from groundswell.wire.xorb import (
    FOOTER_BYTES_MAX,
    XorbIndex,
    decode_records,
    footer_bytes,
    read_footer,
    serialize_footer,
)

_log = logging.getLogger(__name__)

# Of 512 KiB at most each: a reader that goes on finds the frame it has begun.
_FRAMES_KEPT: Final = 32
_KNOWN_MAX: Final = 64


class ColdStore:
    """A ``BlobStore`` over ``store``, which also keeps ``Kind.COLD``."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[str, ColdXorb]] = OrderedDict()
        self._plain: OrderedDict[tuple[str, str], XorbIndex] = OrderedDict()
        self._frames: OrderedDict[tuple[str, int], bytearray] = OrderedDict()

    @property
    def capabilities(self) -> Capabilities:
        """Those of the store below."""
        return self._store.capabilities

    @property
    def staging(self) -> Staging | None:
        """What the store below has."""
        return self._store.staging

    def spool(self, size_hint_bytes: int = 0) -> Spooled:
        """A new place for incoming bytes."""
        return self._store.spool(size_hint_bytes)

    def adopt(self, kind: str, key: str, spooled: Spooled) -> bool:
        """Make the spooled bytes the object. True when it was new.

        A xorb that is cold may come again: it lies plain then until it is found superfluous.
        """
        return self._store.adopt(kind, key, spooled)

    def put(self, kind: str, key: str, data: bytes) -> bool:
        """Write a small object whole. True when it was new."""
        return self._store.put(kind, key, data)

    @contextmanager
    def open(self, kind: str, key: str) -> Iterator[BlobReader]:
        """Open for reading; a cold xorb as the virtual xorb that it stands for.

        Raises:
            FileNotFoundError: there is no such object.
            Corrupt: a cold xorb is broken.
        """
        if kind != Kind.XORB:
            with self._store.open(kind, key) as reader:
                yield reader
            return
        plain = self._store.open(kind, key)
        try:
            reader = plain.__enter__()
        except FileNotFoundError:
            with self._store.open(Kind.COLD, key) as reader:
                yield self.virtual(key, reader)
            return
        try:
            yield reader
        finally:
            plain.__exit__(None, None, None)

    def size_bytes(self, kind: str, key: str) -> int | None:
        """Size of the object, or None when there is none; of a cold xorb, of the virtual one.

        Raises:
            Corrupt: a cold xorb is broken.
        """
        size = self._store.size_bytes(kind, key)
        if size is not None or kind != Kind.XORB:
            return size
        try:
            with self._store.open(Kind.COLD, key) as reader:
                index = self._read(key, reader).index
        except FileNotFoundError:
            return None
        return index.physical_bytes + footer_bytes(len(index))

    def delete(self, kind: str, key: str) -> bool:
        """Remove an object, a xorb in every form. False when it was gone."""
        was_there = self._store.delete(kind, key)
        if kind in {Kind.XORB, Kind.COLD}:
            if kind == Kind.XORB:
                was_there = self._store.delete(Kind.COLD, key) or was_there
            with self._lock:
                self._known.pop(key, None)
        return was_there

    def set_aside(self, kind: str, key: str) -> str:
        """Take a broken object out of reach; a xorb as it lies. A form that is left serves on.

        Raises:
            FileNotFoundError: there is no such object.
        """
        if kind == Kind.XORB and self.plain_bytes(key) is None:
            kind = Kind.COLD
        place = self._store.set_aside(kind, key)
        with self._lock:
            self._known.pop(key, None)
        return place

    def open_aside(self, place: str) -> AbstractContextManager[BlobReader]:
        """Open what was put aside, as it lies: a cold xorb as its frames."""
        return self._store.open_aside(place)

    def list_keys(self, kind: str, after: str = "") -> Iterator[str]:
        """Keys in ascending order, from after ``after``; xorbs in whatever form, once."""
        if kind != Kind.XORB:
            yield from self._store.list_keys(kind, after)
            return
        previous = ""
        both = (self._store.list_keys(each, after) for each in (Kind.XORB, Kind.COLD))
        for key in heapq.merge(*both):
            if key != previous:
                yield key
            previous = key

    def presign(self, kind: str, key: str, first_byte: int, last_byte: int) -> str:
        """An address for bytes of an object, where the store below gives such."""
        return self._store.presign(kind, key, first_byte, last_byte)

    def close(self) -> None:
        """Give back what is held open."""
        self._store.close()

    def free_bytes(self) -> int | None:
        """Space left for new objects."""
        return self._store.free_bytes()

    def sweep_spool(self, age_seconds: float) -> int:
        """Remove spooled bytes that nobody wrote to for that long."""
        return self._store.sweep_spool(age_seconds)

    # --- what lies how -------------------------------------------------------------------------

    def plain_bytes(self, key: str) -> int | None:
        """Size of a xorb's plain file, or None when it has none."""
        return self._store.size_bytes(Kind.XORB, key)

    def drop_plain(self, key: str) -> None:
        """Remove the plain form of a xorb whose cold form is there and was verified."""
        assert self._store.size_bytes(Kind.COLD, key) is not None, "its only form"
        self._store.delete(Kind.XORB, key)

    def cold(self, key: str) -> ColdXorb:
        """What the cold form of a xorb says.

        Raises:
            FileNotFoundError: it has none.
            Corrupt: it is broken.
        """
        with self._store.open(Kind.COLD, key) as reader:
            return self._read(key, reader)

    @contextmanager
    def open_cold(self, key: str) -> Iterator[BlobReader]:
        """The virtual xorb out of the cold form, also while there is a plain one.

        Raises:
            FileNotFoundError: it has none.
            Corrupt: it is broken.
        """
        with self._store.open(Kind.COLD, key) as reader:
            yield self.virtual(key, reader)

    def virtual(self, key: str, reader: BlobReader) -> BlobReader:
        """The virtual xorb out of a cold form that ``reader`` reads, wherever that lies.

        Raises:
            Corrupt: what stands before its frames is broken.
        """
        return _VirtualXorb(self, key, reader, self._read(key, reader))

    def read_raw(self, key: str, start: int, stop: int, *, as_base: bool = False) -> bytes:
        """The uncompressed bytes [start, stop) of a xorb. ``as_base``: it must need no other.

        Raises:
            FileNotFoundError: there is no such xorb.
            Corrupt: it is broken, or ends before.
        """
        with self.open(Kind.XORB, key) as reader:
            if isinstance(reader, _VirtualXorb):
                if as_base and reader.bases:
                    raise _report(key, "is a base and has one itself")
                return reader.raw(start, stop)
            return _plain_raw(reader, self._plain_index(reader, key), key, start, stop)

    def _plain_index(self, reader: BlobReader, key: str) -> XorbIndex:
        """The index of a plain xorb; another may come in its place."""
        place = (key, reader.identity)
        with self._lock:
            index = self._plain.get(place)
        if index is None:
            index = _plain_index(reader, key)
            with self._lock:
                self._plain[place] = index
                while len(self._plain) > _KNOWN_MAX:
                    self._plain.popitem(last=False)
        return index

    def _read(self, key: str, reader: BlobReader) -> ColdXorb:
        with self._lock:
            identity, known = self._known.get(key, ("", None))
            if known is not None and identity == reader.identity:
                self._known.move_to_end(key)
                return known
        try:
            known = read_cold_xorb(reader.read_at, reader.size_bytes)
        except Malformed as error:
            raise _report(key, f"is broken ({error.message})") from error
        if hash_to_hex(known.index.xorb_hash) != key:
            raise _report(key, "is another")
        with self._lock:
            self._known[key] = reader.identity, known
            while len(self._known) > _KNOWN_MAX:
                self._known.popitem(last=False)
        return known

    def recall_frame(self, identity: str, number: int) -> bytearray | None:
        """A decoded frame that was read before."""
        with self._lock:
            found = self._frames.get((identity, number))
            if found is not None:
                self._frames.move_to_end((identity, number))
            return found

    def keep_frame(self, identity: str, number: int, frame: bytearray) -> None:
        """Remember a decoded frame for who reads on."""
        with self._lock:
            self._frames[identity, number] = frame
            while len(self._frames) > _FRAMES_KEPT:
                self._frames.popitem(last=False)


class _VirtualXorb:
    """The ``BlobReader`` of a cold xorb: plain records and a footer, made as they are read."""

    place: None = None  # no file holds them

    def __init__(self, store: ColdStore, key: str, reader: BlobReader, cold: ColdXorb) -> None:
        self._store = store
        self._key = key
        self._reader = reader
        self._cold = cold
        self.identity = f"cold.{key}.{reader.identity}"

    @property
    def size_bytes(self) -> int:
        index = self._cold.index
        return index.physical_bytes + footer_bytes(len(index))

    @property
    def bases(self) -> tuple[str, ...]:
        return self._cold.bases

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Exactly so many bytes. Raises Corrupt."""
        index = self._cold.index
        stop = offset + size_bytes
        if stop > self.size_bytes:
            raise _report(self._key, "ends before")
        parts: list[bytes | memoryview] = []
        if offset < index.physical_bytes and size_bytes:
            parts.append(self._records(offset, min(stop, index.physical_bytes)))
        if stop > index.physical_bytes:
            footer = serialize_footer(index)
            first = max(offset - index.physical_bytes, 0)
            parts.append(footer[first : stop - index.physical_bytes])
        return parts[0] if len(parts) == 1 and isinstance(parts[0], bytes) else b"".join(parts)

    def read_into(self, offset: int, buffers: Sequence[memoryview]) -> None:
        """Fill the buffers one after the other. Raises Corrupt."""
        whole = memoryview(self.read_at(offset, sum(map(len, buffers))))
        place = 0
        for buffer in buffers:
            buffer[:] = whole[place : place + len(buffer)]
            place += len(buffer)

    def read_cached_into(self, offset: int, buffers: Sequence[memoryview]) -> int:
        """None: decoding takes longer than who asks this may wait."""
        del offset, buffers
        return 0

    def raw(self, start: int, stop: int) -> bytes:
        """The uncompressed bytes [start, stop). Raises Corrupt."""
        if not 0 <= start < stop <= self._cold.index.raw_bytes:
            raise _report(self._key, "ends before")
        parts = []
        for piece in self._cold.pieces_of(start, stop):
            first, last = start - piece.raw_start, stop - piece.raw_start
            parts.append(memoryview(self._piece(piece))[max(first, 0) : last])
        return b"".join(parts)

    def _records(self, offset: int, stop: int) -> bytes:
        index = self._cold.index
        first = bisect_right(index.physical_end, offset)
        last = bisect_right(index.physical_end, stop - 1) + 1
        raw_start, raw_stop = index.raw_range(first, last)
        raw = memoryview(self.raw(raw_start, raw_stop))
        parts: list[bytes | memoryview] = []
        place = raw_start
        for end in index.raw_end[first:last]:
            parts += (record_header(end - place), raw[place - raw_start : end - raw_start])
            place = end
        skip = offset - (index.physical_end[first - 1] if first else 0)
        whole = b"".join(parts)
        return whole if len(whole) == stop - offset else whole[skip : skip + stop - offset]

    def _piece(self, piece: Piece) -> bytearray:
        found = self._store.recall_frame(self.identity, piece.raw_start)
        if found is not None:
            return found
        frame = self._reader.read_at(piece.frame_start, piece.frame_bytes)
        try:
            header, _ = read_header(frame)
            found = decode_frame(frame, self._base(piece, header.base_bytes))
        except Malformed as error:
            raise _report(self._key, f"is broken ({error.message})") from error
        if len(found) != piece.raw_bytes:
            raise _report(self._key, "holds a frame of another length")
        self._store.keep_frame(self.identity, piece.raw_start, found)
        return found

    def _base(self, piece: Piece, size_bytes: int) -> bytes | None:
        if piece.base is None or not size_bytes:
            return None
        base, start = self._cold.bases[piece.base], piece.base_start
        try:
            return self._store.read_raw(base, start, start + size_bytes, as_base=True)
        except FileNotFoundError as error:
            raise _report(self._key, f"needs xorb {base}, which is missing") from error


def _plain_raw(reader: BlobReader, index: XorbIndex, key: str, start: int, stop: int) -> bytes:
    """Uncompressed bytes out of a plain xorb; what they are worth, hashes of frames say."""
    if not 0 <= start < stop <= index.raw_bytes:
        raise _report(key, "ends before")
    first, last = index.chunk_at(start), index.chunk_at(stop - 1) + 1
    begin, end = index.physical_range(first, last)
    raw_start, _ = index.raw_range(first, last)
    try:
        raw = b"".join(decode_records(reader.read_at(begin, end - begin)))
    except Malformed as error:
        raise _report(key, f"is broken ({error.message})") from error
    found = raw[start - raw_start : stop - raw_start]
    if len(found) != stop - start:
        raise _report(key, "holds chunks of other lengths")
    return found


def _plain_index(reader: BlobReader, key: str) -> XorbIndex:
    tail = min(FOOTER_BYTES_MAX, reader.size_bytes)
    try:
        index = read_footer(reader.read_at(reader.size_bytes - tail, tail))
    except Malformed as error:
        raise _report(key, f"has a broken footer ({error.message})") from error
    if hash_to_hex(index.xorb_hash) != key:
        raise _report(key, "has the footer of another")
    return index


def _report(key: str, what: str) -> Corrupt:
    _log.error("cold xorb %s %s", key, what)
    return Corrupt()
