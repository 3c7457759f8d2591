"""Following a bucket: which of its files changed, from a place or a moment on.

Knows the last changes of each bucket, by number. Each look finds the bucket for its asker again, so
that a right which ended tells nothing more.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from groundswell.core.values import Principal, RepoId
from groundswell.hub.buckets.listing import Listing
from groundswell.hub.buckets.values import Change, Changes, Since
from groundswell.store.tables import bucket_changes, buckets

CHANGES_AT_ONCE: Final = 500


class Following(Listing):
    """Tells of changes. See ``Buckets``."""

    def changes(self, principal: Principal, repo_id: RepoId, since: Since) -> Changes:
        """The next changes since then.

        Raises:
            RepoMoved, RepoNotFound, DisabledRepo: as ``Repos.find``.
        """

        def work(conn: sa.Connection) -> Changes:
            number = self._find(conn, principal, repo_id).id
            columns = (buckets.c.last_change, buckets.c.forgotten_change)
            row = conn.execute(sa.select(*columns).where(buckets.c.repository_id == number)).one()
            after = _place(conn, number, since, row.last_change)
            if not row.forgotten_change <= after <= row.last_change:
                return Changes((), row.last_change, is_lost=True)
            return _after(conn, number, after)

        return self._database.read(work)


def _place(conn: sa.Connection, number: int, since: Since, last: int) -> int:
    """After which change to begin."""
    if since.number is not None:
        return since.number
    if since.moment is None:
        return last
    table = bucket_changes
    # Of a moment, clients know the millisecond.
    first = sa.select(sa.func.min(table.c.number)).where(
        table.c.repository_id == number, table.c.happened_at >= since.moment
    )
    oldest = sa.select(sa.func.min(table.c.happened_at)).where(table.c.repository_id == number)
    found = conn.execute(first).scalar()
    if found is None:
        return last
    begins_before = since.moment < conn.execute(oldest).scalar_one()
    return int(found) - 1 if not begins_before else _forgotten_or_all(conn, number, int(found) - 1)


def _forgotten_or_all(conn: sa.Connection, number: int, place: int) -> int:
    """The place, where no change before it is forgotten; else one that is lost."""
    query = sa.select(buckets.c.forgotten_change).where(buckets.c.repository_id == number)
    return -1 if conn.execute(query).scalar_one() > 0 else place


def _after(conn: sa.Connection, number: int, after: int) -> Changes:
    table = bucket_changes
    query = (
        sa.select(table)
        .where(table.c.repository_id == number, table.c.number > after)
        .order_by(table.c.number)
        .limit(CHANGES_AT_ONCE)
    )
    found = tuple(
        Change(
            row["number"],
            row["op"],
            row["path"],
            row["happened_at"],
            row["file_hash"],
            row["size_bytes"],
            row["changed_at"],
        )
        for row in conn.execute(query).mappings()
    )
    last = found[-1].number if found else after
    return Changes(found, last, is_whole=len(found) < CHANGES_AT_ONCE)
