"""The index of each xorb in use, and which of its chunks were found whole a short while ago.

Knows the footer at the end of a stored xorb, which file an index was read from, and which xorbs
were found broken. Does not read chunks. Memory is bounded: what is forgotten is read, and its
chunks checked, again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from groundswell.core.errors import Corrupt, Malformed
from groundswell.store.ports import BlobReader, BlobStore, Kind
from groundswell.wire.hashing import hash_to_hex
from groundswell.wire.xorb import XorbIndex, footer_bytes, read_footer

_log = logging.getLogger(__name__)

_CACHE_CHUNKS_MAX: Final = 1_000_000  # 41 bytes each: about 60 GB of content for 40 MB of memory
# How long a chunk that was found whole is believed to be so: a disk may spoil it afterwards, and
# the scrub comes round once a day.
TRUST_SECONDS: Final = 600.0
_SUSPECTS_MAX: Final = 10_000
_LENGTH_BYTES: Final = 4

UNCHECKED: Final = 0
WHOLE: Final = 1
PLAIN: Final = 2
"""What is known of a chunk: nothing, that it is whole, that it also is stored uncompressed."""

OnFault = Callable[[str, str], None]
"""Told once of each broken xorb: its key, and what is wrong in words. Must not raise."""


def _unheard(key: str, what: str) -> None:
    """Faults that nobody follows."""
    del key, what


@dataclass(frozen=True, slots=True)
class KnownXorb:
    """A stored xorb's index. ``is_verified`` has a byte for each chunk: not 0 once it was checked.

    The footer was checked against the xorb's hash, so an index is right; chunks may still rot.
    ``identity`` is that of the object it was read from: another copy may be laid out otherwise.
    From ``doubted_at`` on (monotonic seconds) no check counts any more.
    """

    key: str
    index: XorbIndex
    is_verified: bytearray
    identity: str
    doubted_at: float


class Indexes:
    """Indexes by xorb, the most recently used kept."""

    def __init__(
        self,
        store: BlobStore,
        chunks_max: int = _CACHE_CHUNKS_MAX,
        on_fault: OnFault = _unheard,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._chunks_max = chunks_max
        self._on_fault = on_fault
        self._now = now
        self._chunks = 0
        self._lock = threading.Lock()
        self._known: OrderedDict[str, KnownXorb] = OrderedDict()
        self._suspects: dict[str, None] = {}

    def get(self, key: str) -> KnownXorb:
        """The index of the xorb whose hash is written ``key``, as it lies there now.

        Raises:
            FileNotFoundError: there is no such xorb.
            Corrupt: its footer does not belong to it.
        """
        try:
            with self._store.open(Kind.XORB, key) as reader:
                return self.of(key, reader)
        except FileNotFoundError:
            self.forget(key)
            raise

    def get_promised(self, key: str) -> KnownXorb:
        """The same for a xorb that a row says is there.

        Raises:
            Corrupt: it is not, or its footer does not belong to it.
        """
        try:
            return self.get(key)
        except FileNotFoundError as error:
            raise self.report(key, "is missing") from error

    def of(self, key: str, reader: BlobReader) -> KnownXorb:
        """The index of the very bytes that ``reader`` reads: a xorb may have been stored anew, in
        another encoding of the same chunks, since its index was remembered.

        Raises:
            Corrupt: their footer does not belong to the xorb.
        """
        known = self.recall(key)
        if known is not None and known.identity == reader.identity:
            return known
        index = self._read_index(reader, key)
        return self._keep(self._fresh(key, index, bytearray(len(index)), reader.identity))

    def recall(self, key: str) -> KnownXorb | None:
        """What is remembered, which takes no reading; whoever reads compares the identity.

        Checks that were made too long ago are forgotten.
        """
        now = self._now()
        with self._lock:
            known = self._known.get(key)
            if known is None:
                return None
            self._known.move_to_end(key)
            if known.doubted_at <= now:
                unchecked = bytearray(len(known.index))
                known = replace(known, is_verified=unchecked, doubted_at=now + TRUST_SECONDS)
                self._known[key] = known
            return known

    def add(self, index: XorbIndex, *, is_verified: bool) -> None:
        """Remember the index of a xorb that was stored just now."""
        key = hash_to_hex(index.xorb_hash)
        try:
            if not is_verified:
                self.get(key)  # bytes that lay there before: perhaps laid out otherwise
                return
            flags = bytearray((WHOLE,)) * len(index)
            with self._store.open(Kind.XORB, key) as reader:
                self._keep(self._fresh(key, index, flags, reader.identity))
        except FileNotFoundError:
            return  # removed at this very moment: whoever writes its row looks and says so
        with self._lock:
            self._suspects.pop(key, None)

    def forget(self, key: str) -> None:
        """Forget a xorb that was deleted or replaced."""
        with self._lock:
            known = self._known.pop(key, None)
            if known is not None:
                self._chunks -= len(known.index)

    def is_suspect(self, key: str) -> bool:
        """Whether the xorb was found broken, and no whole one came since."""
        with self._lock:
            return key in self._suspects

    def trust(self, key: str) -> None:
        """The xorb was found whole after all, or was healed by another process."""
        with self._lock:
            self._suspects.pop(key, None)

    def report(self, key: str, what: str) -> Corrupt:
        """Put a broken xorb on record, for the admin; the peer learns only that something is."""
        with self._lock:
            is_known = key in self._suspects
            self._suspects[key] = None
            if len(self._suspects) > _SUSPECTS_MAX:
                del self._suspects[next(iter(self._suspects))]
        if not is_known:
            _log.error("xorb %s %s", key, what)
            self._on_fault(key, f"The xorb {what}.")
        return Corrupt()

    def _fresh(self, key: str, index: XorbIndex, flags: bytearray, identity: str) -> KnownXorb:
        return KnownXorb(key, index, flags, identity, self._now() + TRUST_SECONDS)

    def _keep(self, fresh: KnownXorb) -> KnownXorb:
        with self._lock:
            known = self._known.setdefault(fresh.key, fresh)
            if known is not fresh and known.identity != fresh.identity:
                self._chunks -= len(known.index)
                known = self._known[fresh.key] = fresh
            if known is fresh:
                self._chunks += len(fresh.index)
            while self._chunks > self._chunks_max and len(self._known) > 1:
                _, oldest = self._known.popitem(last=False)
                self._chunks -= len(oldest.index)
        return known

    def _read_index(self, reader: BlobReader, key: str) -> XorbIndex:
        try:
            return read_index(reader, key)
        except Malformed as error:
            raise self.report(key, error.why) from error
        except Corrupt as error:
            raise self.report(key, "cannot be read") from error


def read_index(reader: BlobReader, key: str) -> XorbIndex:
    """The index that the footer of a stored xorb holds.

    Raises:
        Malformed: the footer is none of the xorb of that hash.
        Corrupt: the disk cannot read it.
    """
    size_bytes = reader.size_bytes
    if size_bytes < _LENGTH_BYTES:
        raise Malformed("xorb", "is cut off")
    tail = reader.read_at(size_bytes - _LENGTH_BYTES, _LENGTH_BYTES)
    footer_size = min(int.from_bytes(tail, "little") + _LENGTH_BYTES, size_bytes)
    try:
        index = read_footer(reader.read_at(size_bytes - footer_size, footer_size))
    except Malformed as error:
        raise Malformed("xorb", f"has a broken footer ({error.message})") from error
    if hash_to_hex(index.xorb_hash) != key:
        raise Malformed("xorb", "has the footer of another")
    if index.physical_bytes + footer_bytes(len(index)) != size_bytes:
        raise Malformed("xorb", "is cut off")
    return index
