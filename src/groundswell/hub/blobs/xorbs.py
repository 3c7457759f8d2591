"""Xorbs on their way in, and the answers that spare a client from sending one again.

Knows that a xorb belongs to the dedup domain that sent it, and only there may be named or found;
and that every domain may have what is public. Does not know files.
"""

from __future__ import annotations

import mmap
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import Corrupt
from groundswell.hub.blobs import marks, public
from groundswell.hub.blobs.indexes import UNCHECKED, Indexes
from groundswell.hub.blobs.scanning import fault_of, lies_there
from groundswell.hub.blobs.values import Clock
from groundswell.hub.faults import Faults
from groundswell.store.database import Database, insert_ignore, portions
from groundswell.store.ports import BlobStore, Kind, Spooled
from groundswell.store.tables import chunk_samples, xorb_domains, xorbs
from groundswell.wire.hashing import HASH_BYTES, hash_from_hex, hash_to_hex
from groundswell.wire.shard import ShardXorb, write_dedup_answer
from groundswell.wire.xorb import XorbIndex, XorbScanner, serialize_footer

ANSWER_TTL_SECONDS: Final = 3600
_READ_BYTES: Final = 4 * 1024 * 1024
# Clients ask for the chunks whose hash is divisible by 1024, and the hub itself, when it chunks,
# for those divisible by 16: one chunk in 16 finds a run of known content within about a megabyte.
_SAMPLE_MASK: Final = 16 - 1
_SECOND_MICROSECONDS: Final = 1_000_000
_DAY_MICROSECONDS: Final = 24 * 3600 * _SECOND_MICROSECONDS


def is_sample(chunk_hash: bytes) -> bool:
    """Whether a chunk is one by which its xorb is found."""
    return chunk_hash[24] & _SAMPLE_MASK == 0


class Xorbs:
    """The xorbs of each domain."""

    def __init__(
        self,
        database: Database,
        store: BlobStore,
        indexes: Indexes,
        faults: Faults,
        clock: Clock,
    ) -> None:
        self._database = database
        self._faults = faults
        self._store = store
        self._indexes = indexes
        self._clock = clock

    def receive(self, domain: str, key: str, spooled: Spooled) -> bool:
        """Check every byte of an uploaded xorb and keep it, with a footer of our own.

        True when it was new to the domain: whether another domain has it does not show. The
        spooled bytes are used up, whatever happens.

        Raises:
            Malformed: the bytes are not a xorb, or not the one that ``key`` names.
        """
        try:
            index = _scan(spooled, hash_from_hex(key))
            if spooled.size_bytes > index.physical_bytes:
                spooled = self._without_footer(spooled, index.physical_bytes)
            spooled.write(serialize_footer(index))
            return self.keep(domain, index, spooled)
        finally:
            spooled.discard()

    def keep(self, domain: str, index: XorbIndex, spooled: Spooled) -> bool:
        """Keep a xorb whose records were checked or made by the hub and have their footer.

        True when it was new to the domain. A broken copy that lies here gives way to it.

        Raises:
            Unavailable: it was removed while it was kept. It has to be sent again.
        """
        key = hash_to_hex(index.xorb_hash)
        self._make_way(domain, key)
        is_new = self._store.adopt(Kind.XORB, key, spooled)
        # Of bytes that lay here before, nothing was checked now.
        self._indexes.add(index, is_verified=is_new)
        if is_new:
            self._faults.heal(Kind.XORB, key, "upload")
        return self._database.write(lambda conn: self._record(conn, domain, index))

    def usable(self, key: str) -> XorbIndex | None:
        """The index of the xorb, None when it is not there or something is wrong with it."""
        if self._indexes.is_suspect(key) and self._faults.is_open(Kind.XORB, key):
            return None
        try:
            return self._indexes.get(key).index
        except (FileNotFoundError, Corrupt):
            return None

    def is_held(self, domain: str, key: str) -> bool:
        """Whether the domain has the xorb, whole as far as is known: its client need not send it,
        and may name it for weeks. What only others have takes the same look as nothing.
        """
        if key not in self._database.read(lambda conn: self.in_domain(conn, domain, [key])):
            return False
        if not self.revive([key]) or not lies_there(self._store, Kind.XORB, key):
            return False
        if self._faults.is_open(Kind.XORB, key) or self.usable(key) is None:
            return False
        self._touch_daily(domain, key)
        return True

    def _make_way(self, domain: str, key: str) -> None:
        """Put the copy that lies here aside when it is broken, so that a whole one can come.

        It is read when something speaks against it, or when the domain knows that it is here:
        how long an upload takes must not tell whether another domain has the same xorb.
        """
        if not lies_there(self._store, Kind.XORB, key):
            self._indexes.forget(key)
            return
        try:
            is_checked = UNCHECKED not in self._indexes.get(key).is_verified
        except (FileNotFoundError, Corrupt):
            is_checked = False
        is_suspect = self._indexes.is_suspect(key) or self._faults.is_open(Kind.XORB, key)
        if not is_suspect:
            own = self._database.read(lambda conn: self.in_domain(conn, domain, [key]))
            if is_checked or not own:
                return
        fault = fault_of(self._store, Kind.XORB, key)
        if fault is None:
            self._indexes.trust(key)
            self._faults.heal(Kind.XORB, key, "found whole")
            return
        self._faults.note(Kind.XORB, key, fault)
        try:
            place = self._store.set_aside(Kind.XORB, key)
        except FileNotFoundError:
            return  # another upload of the same was quicker
        self._faults.note(Kind.XORB, key, fault, place)
        self._indexes.forget(key)

    def find_chunk(self, domain: str, chunk_hash: bytes) -> bytes | None:
        """The answer to a deduplication query: the one xorb of the domain that has this chunk.

        None when the domain has none. A fresh key hides every chunk that the asker does not
        have; a xorb of a single chunk is never shown, since its own hash is that chunk's.
        """
        known = self.with_samples(domain, [chunk_hash])
        if chunk_hash not in known or not self.revive(list(known.values())):
            return None
        index = self.usable(known[chunk_hash])
        if index is None or len(index) < 2:
            return None
        self._touch_daily(domain, known[chunk_hash])
        now = self._clock() // _SECOND_MICROSECONDS
        samples = (chunk for chunk, (digest, _) in enumerate(index.chunks()) if is_sample(digest))
        return write_dedup_answer(
            secrets.token_bytes(HASH_BYTES),
            [ShardXorb.of(index, samples)],
            now,
            now + ANSWER_TTL_SECONDS,
        )

    def with_samples(self, domain: str, chunk_hashes: Sequence[bytes]) -> dict[bytes, str]:
        """Of these chunks, those by which a xorb is found that the domain has, or may have.

        A xorb that is public becomes the domain's when it is found. Where the domain has one of
        its own, that one counts. What others hold in private takes the same two looks as nothing.
        """
        found = self._database.read(lambda conn: _sampled(conn, domain, chunk_hashes))
        public_ones = self._database.read(
            lambda conn: _sampled(conn, public.DOMAIN, chunk_hashes, public.is_public)
        )
        more = {digest: key for digest, key in public_ones.items() if digest not in found}
        if not more:
            return found
        keys = sorted(set(more.values()))
        own = self._database.read(lambda conn: self.in_domain(conn, domain, keys))
        if new := [key for key in keys if key not in own]:
            now = self._clock()
            own |= self._database.write(lambda conn: public.adopt(conn, domain, new, now))
        return found | {digest: key for digest, key in more.items() if key in own}

    def revive(self, keys: Sequence[str]) -> bool:
        """Somebody is about to be told of these xorbs: none of them may go soon.

        False when one has gone meanwhile.
        """
        keys = list(dict.fromkeys(keys))

        def look(conn: sa.Connection) -> tuple[list[str], int]:
            # Marks first: what has none when it is found stays for a grace.
            marked = marks.marked_among(conn, marks.XORB, keys)
            return marked, sum(
                conn.execute(
                    sa.select(sa.func.count()).select_from(xorbs).where(xorbs.c.hash.in_(some))
                ).scalar_one()
                for some in portions(keys)
            )

        marked, count = self._database.read(look)
        if marked and not self._database.write(lambda conn: marks.hold(conn, marked)):
            return False
        return count == len(keys)

    def in_domain(self, conn: sa.Connection, domain: str, keys: Sequence[str]) -> set[str]:
        """Of these xorbs, those that the domain sent."""
        table = xorb_domains
        found: set[str] = set()
        for some in portions(keys):
            query = sa.select(table.c.xorb_hash).where(
                table.c.domain == domain, table.c.xorb_hash.in_(some)
            )
            found.update(conn.execute(query).scalars())
        return found

    def touch(self, conn: sa.Connection, domain: str, keys: Sequence[str]) -> None:
        """Note that a client was told of these xorbs now: for weeks it may name them again."""
        table = xorb_domains
        for some in portions(keys):
            statement = sa.update(table).where(
                table.c.domain == domain, table.c.xorb_hash.in_(some)
            )
            conn.execute(statement.values(seen_at=self._clock()))

    def _record(self, conn: sa.Connection, domain: str, index: XorbIndex) -> bool:
        key = hash_to_hex(index.xorb_hash)
        now = self._clock()
        marks.arrive(conn, self._store, marks.XORB, key)
        insert_ignore(
            conn,
            xorbs,
            {
                "hash": key,
                "stored_bytes": index.physical_bytes,
                "raw_bytes": index.raw_bytes,
                "chunk_count": len(index),
                "created_at": now,
            },
        )
        mark = {"domain": domain, "xorb_hash": key, "seen_at": now}
        is_new = insert_ignore(conn, xorb_domains, mark) > 0
        if not is_new:
            self.touch(conn, domain, [key])
        samples = (
            digest
            for chunk, (digest, _) in enumerate(index.chunks())
            if not chunk or is_sample(digest)
        )
        add_samples(conn, domain, ((digest, key) for digest in samples))
        return is_new

    def _touch_daily(self, domain: str, key: str) -> None:
        """``touch``, when the last time is a day ago: an answer is not worth a write each."""
        table = xorb_domains
        query = sa.select(table.c.seen_at).where(table.c.domain == domain, table.c.xorb_hash == key)
        seen_at = self._database.read(lambda conn: conn.execute(query).scalar())
        if seen_at is not None and self._clock() - seen_at > _DAY_MICROSECONDS:
            self._database.write(lambda conn: self.touch(conn, domain, [key]))

    def _without_footer(self, spooled: Spooled, size_bytes: int) -> Spooled:
        """A copy of the records alone: old clients append a footer, which is not believed."""
        try:
            fresh = self._store.spool(size_bytes)
            for piece in read_file(spooled.path, size_bytes):
                fresh.write(piece)
            return fresh
        finally:
            spooled.discard()


def _sampled(
    conn: sa.Connection,
    domain: str,
    chunk_hashes: Sequence[bytes],
    condition: Callable[[sa.ColumnElement[str]], sa.ColumnElement[bool]] | None = None,
) -> dict[bytes, str]:
    """The xorb for each of these chunks that is a sample of the domain, if it is here."""
    table = chunk_samples
    found: dict[bytes, str] = {}
    for some in portions(chunk_hashes):
        query = (
            sa.select(table.c.chunk_hash, table.c.xorb_hash)
            .join(xorbs, xorbs.c.hash == table.c.xorb_hash)
            .where(table.c.domain == domain, table.c.chunk_hash.in_(some))
        )
        if condition is not None:
            query = query.where(condition(table.c.xorb_hash))
        found.update((bytes(digest), key) for digest, key in conn.execute(query))
    return found


def add_samples(conn: sa.Connection, domain: str, samples: Iterable[tuple[bytes, str]]) -> None:
    """Let xorbs of the domain be found by these chunks (chunk hash, xorb). The first one stays."""
    rows = {
        digest: {"domain": domain, "chunk_hash": digest, "xorb_hash": key}
        for digest, key in samples
    }
    insert_ignore(conn, chunk_samples, list(rows.values()))


def read_file(path: str, size_bytes: int | None = None) -> Iterator[memoryview]:
    """The pieces of a spooled file, each valid until the next but one is asked for."""
    buffers = [memoryview(bytearray(_READ_BYTES)) for _ in range(2)]
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        left = os.fstat(descriptor).st_size if size_bytes is None else size_bytes
        while left > 0:
            buffers.reverse()
            buffer = buffers[0]
            count = os.readv(descriptor, [buffer[: min(left, len(buffer))]])
            if count == 0:
                return
            left -= count
            yield buffer[:count]
    finally:
        os.close(descriptor)


def map_file(path: str) -> memoryview:
    """A spooled file as memory, for as long as anybody looks at it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size_bytes = os.fstat(descriptor).st_size
        if size_bytes == 0:
            return memoryview(b"")
        return memoryview(mmap.mmap(descriptor, size_bytes, prot=mmap.PROT_READ))
    finally:
        os.close(descriptor)


def _scan(spooled: Spooled, expected_hash: bytes) -> XorbIndex:
    scanner = XorbScanner()
    for piece in read_file(spooled.path):
        scanner.feed(piece)
    return scanner.finish(expected_hash)
