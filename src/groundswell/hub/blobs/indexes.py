"""The index of each xorb in use, and which of its chunks were found whole since the start.

Knows the footer at the end of a stored xorb. Does not read chunks. Memory is bounded: what is
forgotten is read, and its chunks checked, again.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from groundswell.core.errors import Corrupt, Malformed
from groundswell.store.ports import BlobReader, BlobStore, Kind
from groundswell.wire.hashing import hash_to_hex
from groundswell.wire.xorb import XorbIndex, footer_bytes, read_footer

_log = logging.getLogger(__name__)

_CACHE_CHUNKS_MAX: Final = 1_000_000  # 41 bytes each: about 60 GB of content for 40 MB of memory
_LENGTH_BYTES: Final = 4

UNCHECKED: Final = 0
WHOLE: Final = 1
PLAIN: Final = 2
"""What is known of a chunk: nothing, that it is whole, that it also is stored uncompressed."""


@dataclass(frozen=True, slots=True)
class KnownXorb:
    """A stored xorb's index. ``is_verified`` has a byte for each chunk: not 0 once it was checked.

    The footer was checked against the xorb's hash, so an index is right; chunks may still rot.
    """

    key: str
    index: XorbIndex
    is_verified: bytearray


class Indexes:
    """Indexes by xorb, the most recently used kept."""

    def __init__(self, store: BlobStore, chunks_max: int = _CACHE_CHUNKS_MAX) -> None:
        self._store = store
        self._chunks_max = chunks_max
        self._chunks = 0
        self._lock = threading.Lock()
        self._known: OrderedDict[str, KnownXorb] = OrderedDict()

    def get(self, key: str) -> KnownXorb:
        """The index of the xorb whose hash is written ``key``.

        Raises:
            FileNotFoundError: there is no such xorb.
            Corrupt: its footer does not belong to it.
        """
        known = self.recall(key)
        if known is not None:
            return known
        with self._store.open(Kind.XORB, key) as reader:
            index = _read_index(reader, key)
        return self._keep(KnownXorb(key, index, bytearray(len(index))))

    def get_promised(self, key: str) -> KnownXorb:
        """The same for a xorb that a row says is there.

        Raises:
            Corrupt: it is not, or its footer does not belong to it.
        """
        try:
            return self.get(key)
        except FileNotFoundError as error:
            raise report(key, "is missing") from error

    def current(self, key: str) -> KnownXorb:
        """The index of a xorb as it lies now: what places are told to others has to fit.

        Raises:
            FileNotFoundError: there is no such xorb.
            Corrupt: its footer does not belong to it.
        """
        known = self.get(key)
        with self._store.open(Kind.XORB, key) as reader:
            return self.fitting(known, reader)

    def fitting(self, known: KnownXorb, reader: BlobReader) -> KnownXorb:
        """The index of the very bytes that ``reader`` reads: a xorb may have been stored anew, in
        another encoding of the same chunks, since its index was remembered.

        Raises:
            Corrupt: their footer does not belong to the xorb.
        """
        if fits(known, reader):
            return known
        self.forget(known.key)
        fresh = _read_index(reader, known.key)
        return self._keep(KnownXorb(known.key, fresh, bytearray(len(fresh))))

    def recall(self, key: str) -> KnownXorb | None:
        """The same, if that takes no reading; None otherwise."""
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
            return known

    def add(self, index: XorbIndex, *, is_verified: bool) -> KnownXorb:
        """Remember the index of a xorb that was stored just now."""
        key = hash_to_hex(index.xorb_hash)
        flags = bytearray((WHOLE if is_verified else UNCHECKED,)) * len(index)
        return self._keep(KnownXorb(key, index, flags))

    def forget(self, key: str) -> None:
        """Forget a xorb that was deleted or replaced."""
        with self._lock:
            known = self._known.pop(key, None)
            if known is not None:
                self._chunks -= len(known.index)

    def _keep(self, fresh: KnownXorb) -> KnownXorb:
        with self._lock:
            known = self._known.setdefault(fresh.key, fresh)
            if known is fresh:
                self._chunks += len(fresh.index)
            while self._chunks > self._chunks_max and len(self._known) > 1:
                _, oldest = self._known.popitem(last=False)
                self._chunks -= len(oldest.index)
        return known


def fits(known: KnownXorb, reader: BlobReader) -> bool:
    """Whether the index is that of the bytes that ``reader`` reads."""
    index = known.index
    return reader.size_bytes == index.physical_bytes + footer_bytes(len(index))


def report(key: str, what: str) -> Corrupt:
    """Put a broken xorb on record, for the admin; the peer learns only that something is."""
    _log.error("xorb %s %s", key, what)
    return Corrupt()


def _read_index(reader: BlobReader, key: str) -> XorbIndex:
    size_bytes = reader.size_bytes
    if size_bytes < _LENGTH_BYTES:
        raise report(key, "is cut off")
    tail = reader.read_at(size_bytes - _LENGTH_BYTES, _LENGTH_BYTES)
    footer_size = min(int.from_bytes(tail, "little") + _LENGTH_BYTES, size_bytes)
    try:
        index = read_footer(reader.read_at(size_bytes - footer_size, footer_size))
    except Malformed as error:
        raise report(key, f"has a broken footer ({error.message})") from error
    if hash_to_hex(index.xorb_hash) != key:
        raise report(key, "has the footer of another")
    if index.physical_bytes + footer_bytes(len(index)) != size_bytes:
        raise report(key, "is cut off")
    return index
