"""The second step: what was marked for a whole grace is looked at again, and goes.

Knows the order in which things go, so that a crash between any two of them leaves only what the
next run removes: first the rows, so that nothing can be named any more, then the bytes, in a
transaction that finds them doomed. Nothing goes while a backup is made (the lease).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import Corrupt, Malformed
from groundswell.hub.blobs import marks as rules
from groundswell.hub.blobs.scanning import scan_shard
from groundswell.hub.upkeep.collecting.marking import size_of
from groundswell.hub.upkeep.premises import Premises
from groundswell.store.database import upsert
from groundswell.store.ports import Kind
from groundswell.store.tables import (
    blobs,
    chunk_samples,
    claims,
    lost_links,
    marks,
    reconstructions,
    repositories,
    shard_files,
    xorb_domains,
    xorb_uses,
    xorbs,
)
from groundswell.wire.hashing import chunk_hash, hash_to_hex
from groundswell.wire.shard import write_shard

BATCH_ROWS: Final = 100
SAMPLE_ROWS: Final = 1_000


class Removing:
    """One round of removal. ``removed`` and ``freed_bytes`` count by kind what went.

    What was marked after ``until`` (the store's time, microseconds) stays. ``forget`` is told of
    each xorb that went.
    """

    def __init__(self, premises: Premises, until: int, forget: Callable[[str], None]) -> None:
        self._premises = premises
        self._database = premises.database
        self._until = until
        self._forget = forget
        self.removed: Counter[str] = Counter()
        self.freed_bytes: Counter[str] = Counter()
        self.was_kept_off = False
        """Whether a backup was being made: then the rest waits for another time."""

    def run(self) -> None:
        """Remove all that is due."""
        for keys in self._batches(rules.REPOSITORY):
            self._database.write(lambda conn: self._doom_repositories(conn, keys))  # noqa: B023 - at once
        for key in self._doomed(rules.REPOSITORY):
            self._remove_folder(key)
        for keys in self._batches(rules.FILE):
            count = self._database.write(lambda conn: self._remove_files(conn, keys))  # noqa: B023 - at once
            self.removed[rules.FILE] += count
        for keys in self._batches(rules.SHARD):
            self._database.write(lambda conn: self._doom_strays(conn, keys))  # noqa: B023 - at once
            for key in keys:
                self._repack(key)
        for keys in self._batches(rules.XORB):
            self._database.write(lambda conn: self._doom_xorbs(conn, keys))  # noqa: B023 - at once
        for key in self._doomed(rules.SHARD):
            self._remove_bytes(rules.SHARD, key, shard_files.c.shard_hash)
        for key in self._doomed(rules.XORB):
            self._remove_bytes(rules.XORB, key, xorbs.c.hash)
        if self.removed[rules.XORB]:
            self._remove_samples()

    def _batches(self, kind: str, *, doomed: bool = False) -> Iterator[list[str]]:
        """Keys of marks, while nobody keeps anything from being deleted."""
        after = ""
        while not self.was_kept_off:
            page = sa.select(marks.c.key).where(marks.c.kind == kind, marks.c.key > after)
            page = page.where(marks.c.doomed if doomed else self._is_due())
            page = page.order_by(marks.c.key).limit(BATCH_ROWS)
            keys = list(self._database.read(lambda conn: conn.execute(page).scalars().all()))  # noqa: B023 - at once
            if not keys:
                return
            with self._premises.lease.deleting() as is_allowed:
                if is_allowed:
                    yield keys
                self.was_kept_off = not is_allowed
            after = keys[-1]

    def _doomed(self, kind: str) -> Iterator[str]:
        for keys in self._batches(kind, doomed=True):
            yield from keys

    def _is_due(self) -> sa.ColumnElement[bool]:
        return sa.and_(marks.c.doomed.is_(sa.false()), marks.c.marked_at <= self._until)

    def _still_due(self, conn: sa.Connection, kind: str, keys: Sequence[str]) -> list[str]:
        query = sa.select(marks.c.key).where(
            marks.c.kind == kind, marks.c.key.in_(keys), self._is_due()
        )
        return list(conn.execute(query).scalars())

    # --- repositories -------------------------------------------------------------------------

    def _doom_repositories(self, conn: sa.Connection, keys: Sequence[str]) -> None:
        table = repositories
        for key in self._still_due(conn, rules.REPOSITORY, keys):
            query = sa.select(table.c.deleted_at).where(table.c.id == int(key))
            if conn.execute(query).scalar() is None:
                _unmark(conn, rules.REPOSITORY, [key])  # brought back
                continue
            conn.execute(sa.delete(lost_links).where(lost_links.c.repository_id == int(key)))
            _doom(conn, rules.REPOSITORY, [key])

    def _remove_folder(self, key: str) -> None:
        git = self._premises.git
        self.freed_bytes[rules.REPOSITORY] += git.aside.size_bytes(int(key))
        git.aside.delete(int(key))
        self._database.write(lambda conn: _unmark(conn, rules.REPOSITORY, [key]))
        self.removed[rules.REPOSITORY] += 1

    # --- contents -----------------------------------------------------------------------------

    def _remove_files(self, conn: sa.Connection, keys: Sequence[str]) -> int:
        """Every row of contents that no repository holds; how many. Shards that told of them."""
        due = self._still_due(conn, rules.FILE, keys)
        query = sa.select(blobs.c.sha256).where(
            blobs.c.sha256.in_(due), rules.is_linked(blobs.c.sha256)
        )
        held = list(conn.execute(query).scalars())
        rules.clear_files(conn, held)
        gone = sorted(set(due) - set(held))
        recipes = sa.select(reconstructions.c.file_hash).where(reconstructions.c.sha256.in_(gone))
        told = shard_files.c.file_hash.in_(recipes)
        shards = set(conn.execute(sa.select(shard_files.c.shard_hash).where(told)).scalars())
        conn.execute(sa.delete(shard_files).where(told))
        left = sa.select(shard_files.c.shard_hash).where(shard_files.c.shard_hash.in_(shards))
        still_tell = set(conn.execute(left).scalars())
        for shard in sorted(shards):
            # Due at once: doomed, or else to be written again without what is gone.
            row = {"kind": rules.SHARD, "key": shard, "marked_at": 0, "size_bytes": 0}
            row["doomed"] = shard not in still_tell
            upsert(conn, marks, row, update=["marked_at", "doomed"])
        for table in (claims, lost_links, xorb_uses, blobs, reconstructions):
            conn.execute(sa.delete(table).where(table.c.sha256.in_(gone)))
        _unmark(conn, rules.FILE, gone)
        return len(gone)

    # --- shards -------------------------------------------------------------------------------

    def _doom_strays(self, conn: sa.Connection, keys: Sequence[str]) -> None:
        due = self._still_due(conn, rules.SHARD, keys)
        query = sa.select(shard_files.c.shard_hash).where(shard_files.c.shard_hash.in_(due))
        known = set(conn.execute(query).scalars())
        _doom(conn, rules.SHARD, [key for key in due if key not in known])

    def _repack(self, key: str) -> None:
        """Write what is still needed of a shard into another one, and doom it."""

        def told(conn: sa.Connection) -> set[str]:
            query = sa.select(shard_files.c.file_hash).where(shard_files.c.shard_hash == key)
            return set(conn.execute(query).scalars())

        needed = self._database.read(told)
        if not needed:
            return
        try:
            shard = scan_shard(self._premises.store, key)
            files = [file for file in shard.files() if hash_to_hex(file.file_hash) in needed]
        except (FileNotFoundError, Corrupt, Malformed):
            files = []  # fsck tells of it; the database knows how to rebuild the files
        if len(files) != len(needed):
            self._database.write(lambda conn: _unmark(conn, rules.SHARD, [key]))
            return
        data = write_shard(files)
        fresh = hash_to_hex(chunk_hash(data))
        self._premises.store.put(Kind.SHARD, fresh, data)

        def work(conn: sa.Connection) -> None:
            if fresh == key or not self._still_due(conn, rules.SHARD, [key]):
                _unmark(conn, rules.SHARD, [key])
                return
            rules.arrive(conn, self._premises.store, rules.SHARD, fresh)
            rules.note_shard(conn, fresh, told(conn) & needed)
            conn.execute(sa.delete(shard_files).where(shard_files.c.shard_hash == key))
            _doom(conn, rules.SHARD, [key])

        self._database.write(work)

    # --- xorbs --------------------------------------------------------------------------------

    def _doom_xorbs(self, conn: sa.Connection, keys: Sequence[str]) -> None:
        """Forget xorbs that nothing needs: from now on nobody can name them."""
        due = self._still_due(conn, rules.XORB, keys)
        query = sa.select(xorbs.c.hash).where(xorbs.c.hash.in_(due), rules.needs_xorb(xorbs.c.hash))
        needed = set(conn.execute(query).scalars())
        gone = [key for key in due if key not in needed]
        conn.execute(sa.delete(xorb_domains).where(xorb_domains.c.xorb_hash.in_(gone)))
        conn.execute(sa.delete(xorbs).where(xorbs.c.hash.in_(gone)))
        _doom(conn, rules.XORB, gone)

    def _remove_bytes(self, kind: str, key: str, row_key: sa.Column[str]) -> None:
        store, place = self._premises.store, rules.KIND_OF[kind]
        size_bytes = size_of(store, place, key)

        def work(conn: sa.Connection) -> bool:
            gone = sa.delete(marks).where(
                marks.c.kind == kind, marks.c.key == key, marks.c.doomed.is_(sa.true())
            )
            if not conn.execute(gone).rowcount:
                return False  # it came again
            if conn.execute(sa.select(row_key).where(row_key == key).limit(1)).first():
                return False
            # Inside the transaction: who brings the same bytes looks for them inside theirs.
            # A second run of this finds nothing, which is as good.
            store.delete(place, key)
            return True

        if self._database.write(work):
            self._forget(key)
            self.removed[kind] += 1
            self.freed_bytes[kind] += size_bytes

    def _remove_samples(self) -> None:
        """Samples of xorbs that are gone find nothing: let others take their places."""
        table = chunk_samples
        place = sa.tuple_(table.c.domain, table.c.chunk_hash)
        query = (
            sa.select(table.c.domain, table.c.chunk_hash, xorbs.c.hash)
            .outerjoin(xorbs, xorbs.c.hash == table.c.xorb_hash)
            .order_by(table.c.domain, table.c.chunk_hash)
            .limit(SAMPLE_ROWS)
        )
        page = query
        while rows := self._database.read(lambda conn: conn.execute(page).all()):  # noqa: B023 - at once
            lost = [(domain, digest) for domain, digest, key in rows if key is None]
            if lost:
                self._database.write(lambda conn: _remove_dangling(conn, lost))  # noqa: B023 - at once
            last: Any = sa.tuple_(sa.literal(rows[-1][0]), sa.literal(bytes(rows[-1][1])))
            page = query.where(place > last)


def _remove_dangling(conn: sa.Connection, places: Sequence[tuple[str, bytes]]) -> None:
    table = chunk_samples
    is_there = sa.select(xorbs.c.hash).where(xorbs.c.hash == table.c.xorb_hash).exists()
    for domain, digest in places:
        conn.execute(
            sa.delete(table).where(
                table.c.domain == domain, table.c.chunk_hash == digest, ~is_there
            )
        )


def _doom(conn: sa.Connection, kind: str, keys: Sequence[str]) -> None:
    which = sa.and_(marks.c.kind == kind, marks.c.key.in_(keys))
    conn.execute(sa.update(marks).where(which).values(doomed=True))


def _unmark(conn: sa.Connection, kind: str, keys: Sequence[str]) -> None:
    conn.execute(sa.delete(marks).where(marks.c.kind == kind, marks.c.key.in_(keys)))
