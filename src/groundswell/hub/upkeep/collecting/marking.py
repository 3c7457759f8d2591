"""The first step: finding what nothing needs, and noting since when.

Knows how to go through tables and folders of millions in portions: a portion is read, and only
when something in it seems unneeded is the same question asked again in the transaction that marks.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import Corrupt
from groundswell.hub.blobs import marks as rules
from groundswell.hub.upkeep.premises import Premises
from groundswell.store.database import insert_ignore
from groundswell.store.ports import BlobStore
from groundswell.store.tables import blobs, cold_xorbs, marks, repositories, shard_files, xorbs

PORTION_ROWS: Final = 1_000

Condition = Callable[[], sa.ColumnElement[bool]]


class Marking:
    """One round of marking. ``found`` and ``found_bytes`` count by kind what was not marked before.

    ``now`` is the store's time. With ``is_dry`` nothing is written.
    """

    def __init__(self, premises: Premises, now: int, *, is_dry: bool = False) -> None:
        self._premises = premises
        self._database = premises.database
        self._now = now
        self._is_dry = is_dry
        self.found: Counter[str] = Counter()
        self.found_bytes: Counter[str] = Counter()

    def run(self) -> None:
        """Mark everything that nothing needs now. Contents before the xorbs they are made of."""
        self._mark_repositories()
        self._mark_rows(
            rules.FILE, blobs.c.sha256, blobs.c.size_bytes, ~rules.is_linked(blobs.c.sha256)
        )
        # A dry run has marked no contents: those that no repository holds would be.
        unneeded = ~rules.needs_xorb(xorbs.c.hash, marked_too=False, unlinked_too=not self._is_dry)
        self._mark_rows(rules.XORB, xorbs.c.hash, _at_rest(), unneeded)
        self._mark_strays(rules.XORB, xorbs.c.hash)
        self._mark_strays(rules.SHARD, shard_files.c.shard_hash)

    def _mark_repositories(self) -> None:
        for number in self._premises.git.aside.numbers():
            table = repositories
            query = sa.select(table.c.id).where(
                table.c.id == number,
                table.c.deleted_at.is_not(None),
                ~rules.is_marked(rules.REPOSITORY, sa.cast(table.c.id, sa.String)),
            )
            if self._database.read(lambda conn: conn.execute(query).first()):  # noqa: B023 - at once
                size_bytes = self._premises.git.aside.size_bytes(number)
                self._note([{"key": str(number), "size_bytes": size_bytes}], rules.REPOSITORY)

    def _mark_rows(
        self,
        kind: str,
        key: sa.Column[str],
        size: sa.ColumnElement[int],
        unneeded: sa.ColumnElement[bool],
    ) -> None:
        """Mark rows of a table for which the condition holds."""
        for after, upto in self._portions(key):
            query = sa.select(key.label("key"), size.label("size_bytes")).where(
                key > after, key <= upto, unneeded, ~rules.is_marked(kind, key)
            )

            def look(
                conn: sa.Connection, query: sa.Select[str, int] = query
            ) -> list[dict[str, Any]]:
                return [dict(row) for row in conn.execute(query).mappings()]

            found = self._database.read(look)
            if found and not self._is_dry:
                found = self._database.write(lambda conn: self._insert(conn, kind, look(conn)))
            self._count(kind, found)

    def _mark_strays(self, kind: str, key: sa.Column[str]) -> None:
        """Mark objects on disk that no row knows: of uploads that broke off."""
        store = self._premises.store
        for keys in _grouped(store.list_keys(rules.KIND_OF[kind])):

            def strays(conn: sa.Connection, keys: list[str] = keys) -> list[str]:
                known = set(conn.execute(sa.select(key).where(key.in_(keys))).scalars())
                known.update(rules.marked_among(conn, kind, keys))
                return [each for each in keys if each not in known]

            found = self._database.read(strays)
            sizes = {each: size_of(store, rules.KIND_OF[kind], each) for each in found}
            if not found:
                continue
            if self._is_dry:
                self._count(kind, [{"key": k, "size_bytes": v} for k, v in sizes.items()])
                continue

            def work(conn: sa.Connection) -> list[dict[str, Any]]:
                rows = [{"key": each, "size_bytes": sizes.get(each, 0)} for each in strays(conn)]  # noqa: B023 - at once
                return self._insert(conn, kind, rows)

            self._count(kind, self._database.write(work))

    def _note(self, rows: list[dict[str, Any]], kind: str) -> None:
        if not self._is_dry:
            rows = self._database.write(lambda conn: self._insert(conn, kind, rows))
        self._count(kind, rows)

    def _insert(
        self, conn: sa.Connection, kind: str, rows: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        common = {"kind": kind, "marked_at": self._now, "doomed": False}
        insert_ignore(conn, marks, [{**row, **common} for row in rows])
        return rows

    def _count(self, kind: str, rows: list[dict[str, Any]]) -> None:
        self.found[kind] += len(rows)
        self.found_bytes[kind] += sum(row["size_bytes"] for row in rows)

    def _portions(self, key: sa.Column[str]) -> Iterator[tuple[str, str]]:
        """Bounds (after, up to) of the table's keys, some rows apart."""
        after = ""
        while True:
            ahead = sa.select(key).where(key > after).order_by(key).limit(PORTION_ROWS)
            last = sa.select(sa.func.max(ahead.subquery().c[0]))
            upto = self._database.read(lambda conn: conn.execute(last).scalar())  # noqa: B023 - at once
            if upto is None:
                return
            yield after, upto
            after = upto


def _at_rest() -> sa.ColumnElement[int]:
    """The bytes that go with a xorb: of its small file, where it lies cold."""
    cold = sa.select(cold_xorbs.c.cold_bytes).where(cold_xorbs.c.xorb_hash == xorbs.c.hash)
    return sa.func.coalesce(cold.scalar_subquery(), xorbs.c.stored_bytes)


def size_of(store: BlobStore, kind: str, key: str) -> int:
    """What an object takes; nothing when it is gone or too broken to say."""
    with contextlib.suppress(Corrupt):
        return store.size_bytes(kind, key) or 0
    return 0


def _grouped(keys: Iterator[str]) -> Iterator[list[str]]:
    group: list[str] = []
    for key in keys:
        group.append(key)
        if len(group) >= PORTION_ROWS // 2:
            yield group
            group = []
    if group:
        yield group
