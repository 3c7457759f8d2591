"""What the large files of repositories and namespaces take, as last measured.

Knows how to measure from rows alone, with memory that does not grow with the hub. Chunks count
once for all files that are made of them; a xorb that is used in part counts by its share of chunks.
Does not know when it is time to measure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa

from groundswell.core.values import RepoId, RepoKind, StoredSize
from groundswell.hub.blobs.values import Clock
from groundswell.store.database import PORTION_ROWS, Database, portions, upsert
from groundswell.store.tables import (
    accounts,
    blobs,
    cold_xorbs,
    links,
    namespace_sizes,
    reconstructions,
    repositories,
    repository_sizes,
    xorbs,
)
from groundswell.wire.hashing import hash_to_hex
from groundswell.wire.shard import Terms

# A xorb takes up to 1.2 kB while its chunks are counted: so many bytes of files at once take some
# 150 MB at the most.
_AT_ONCE_BYTES: Final = 8 * 1024**4
_FIGURES: Final = ("linked_bytes", "stored_bytes", "rest_bytes", "measured_at")


class Sizes:
    """Measures, and tells what was measured."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def of_repository(self, repository_id: int) -> StoredSize | None:
        """What the repository took when it was last measured; None before that."""
        return self._known(repository_sizes, repository_sizes.c.repository_id == repository_id)

    def of_namespace(self, account_id: int) -> StoredSize | None:
        """What all repositories of the namespace together took when they were last measured."""
        return self._known(namespace_sizes, namespace_sizes.c.account_id == account_id)

    def repositories_of(self, account_id: int) -> list[tuple[int, RepoId]]:
        """The repositories of a namespace, with their numbers, by kind and name."""
        query = (
            sa.select(
                repositories.c.id,
                repositories.c.kind,
                repositories.c.namespace,
                repositories.c.name,
            )
            .where(repositories.c.owner_id == account_id, repositories.c.deleted_at.is_(None))
            .order_by(repositories.c.kind, repositories.c.name)
        )
        rows = self._database.read(lambda conn: conn.execute(query).all())
        return [(row.id, RepoId(RepoKind(row.kind), row.namespace, row.name)) for row in rows]

    def largest_namespaces(self, limit: int) -> tuple[tuple[str, StoredSize], ...]:
        """Namespaces by what their large files take, as last measured, the largest first."""
        figures = [namespace_sizes.c[name] for name in _FIGURES]
        query = (
            sa.select(accounts.c.name, *figures)
            .join_from(namespace_sizes, accounts)
            .order_by(namespace_sizes.c.stored_bytes.desc(), accounts.c.name)
            .limit(limit)
        )

        def work(conn: sa.Connection) -> tuple[tuple[str, StoredSize], ...]:
            return tuple((name, StoredSize(*rest)) for name, *rest in conn.execute(query))

        return self._database.read(work)

    def measure_repository(self, repository_id: int) -> StoredSize:
        """Measure now, and keep it. A repository that is gone meanwhile is measured in vain."""
        size = self._measure(sa.select(sa.literal(repository_id)))
        key = {"repository_id": repository_id}
        alive = sa.select(repositories.c.id).where(repositories.c.id == repository_id)
        self._keep(repository_sizes, key, alive, size)
        return size

    def measure_namespace(self, account_id: int) -> StoredSize:
        """The same for all repositories of a namespace together."""
        own = sa.select(repositories.c.id).where(
            repositories.c.owner_id == account_id, repositories.c.deleted_at.is_(None)
        )
        size = self._measure(own)
        self._keep(namespace_sizes, {"account_id": account_id}, sa.select(sa.true()), size)
        return size

    def _known(self, table: sa.Table, which: sa.ColumnElement[bool]) -> StoredSize | None:
        query = sa.select(*(table.c[name] for name in _FIGURES)).where(which)
        row = self._database.read(lambda conn: conn.execute(query).one_or_none())
        return None if row is None else StoredSize(*row)

    def _keep(
        self, table: sa.Table, key: dict[str, int], alive: sa.Select[tuple[int]], size: StoredSize
    ) -> None:
        values = {**key, **{name: getattr(size, name) for name in _FIGURES}}

        def work(conn: sa.Connection) -> None:
            if conn.execute(alive).first() is not None:
                upsert(conn, table, values, update=list(_FIGURES))

        self._database.write(work)

    def _measure(self, repository_ids: sa.Select[tuple[int]]) -> StoredSize:
        measured_at = self._clock()  # what changes while this goes on makes it old
        own = links.c.repository_id.in_(repository_ids)
        linked = self._sum(own)
        passes = 1 + linked // _AT_ONCE_BYTES
        stored = rest = 0.0
        for number in range(passes):
            used: dict[bytes, int] = {}
            for packed in self._recipes(own):
                for term in Terms(packed):
                    if term.xorb_hash[0] % passes == number:
                        chunks = (1 << term.chunk_end) - (1 << term.chunk_start)
                        used[term.xorb_hash] = used.get(term.xorb_hash, 0) | chunks
            more_stored, more_rest = self._weigh(used)
            stored, rest = stored + more_stored, rest + more_rest
        return StoredSize(linked, round(stored), round(rest), measured_at)

    def _sum(self, own: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.coalesce(sa.func.sum(blobs.c.size_bytes), 0))
        query = query.join_from(links, blobs, links.c.sha256 == blobs.c.sha256).where(own)
        return int(self._database.read(lambda conn: conn.execute(query).scalar_one()))

    def _recipes(self, own: sa.ColumnElement[bool]) -> Iterator[bytes]:
        """The terms of each content that is linked, some at a time: no snapshot stays open."""
        after = ""
        while True:
            query = (
                sa.select(links.c.sha256, reconstructions.c.terms)
                .join_from(links, blobs, links.c.sha256 == blobs.c.sha256)
                .join(reconstructions, reconstructions.c.file_hash == blobs.c.file_hash)
                .where(own, links.c.sha256 > after)
                .order_by(links.c.sha256)
                .limit(PORTION_ROWS)
            )
            rows = self._database.read(lambda conn: conn.execute(query).all())  # noqa: B023 - at once
            yield from (row.terms for row in rows)
            if len(rows) < PORTION_ROWS:
                return
            after = rows[-1].sha256

    def _weigh(self, used: dict[bytes, int]) -> tuple[float, float]:
        """What chunks (a bit for each, by xorb) take as they came, and as they lie."""
        chunks = {hash_to_hex(key): mask.bit_count() for key, mask in used.items()}
        stored = rest = 0.0
        for some in portions(list(chunks)):
            query = (
                sa.select(
                    xorbs.c.hash,
                    xorbs.c.stored_bytes,
                    xorbs.c.chunk_count,
                    sa.func.coalesce(cold_xorbs.c.cold_bytes, xorbs.c.stored_bytes).label("rest"),
                )
                .outerjoin_from(xorbs, cold_xorbs, cold_xorbs.c.xorb_hash == xorbs.c.hash)
                .where(xorbs.c.hash.in_(some))
            )
            for row in self._database.read(lambda conn: conn.execute(query).all()):  # noqa: B023 - at once
                share = chunks[row.hash] / max(1, row.chunk_count)
                stored += share * row.stored_bytes
                rest += share * row.rest
        return stored, rest
