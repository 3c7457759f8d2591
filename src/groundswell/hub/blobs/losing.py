"""Links that are given up: kept aside while what they led to can still be brought back.

Knows rows. Does not know why a link goes.
"""

from __future__ import annotations

import sqlalchemy as sa

from groundswell.hub.blobs import marks as rules
from groundswell.hub.blobs import public
from groundswell.store.database import insert_ignore
from groundswell.store.tables import blobs, links, lost_links, repositories


def lose_links(conn: sa.Connection, which: sa.ColumnElement[bool], now: int) -> int:
    """Remove the links that the condition names; how many. ``now`` in microseconds."""
    public.withdraw(conn, which)
    void_plans(conn, which)
    same = sa.and_(
        which,
        links.c.repository_id == lost_links.c.repository_id,
        links.c.sha256 == lost_links.c.sha256,
    )
    conn.execute(sa.delete(lost_links).where(sa.select(links.c.sha256).where(same).exists()))
    names = ["repository_id", "sha256", "path", "linked_at"]
    moved = sa.select(*(links.c[name] for name in names), sa.literal(now)).where(which)
    conn.execute(sa.insert(lost_links).from_select([*names, "lost_at"], moved))
    return conn.execute(sa.delete(links).where(which)).rowcount


def drop_links(conn: sa.Connection, which: sa.ColumnElement[bool]) -> int:
    """The same for a bucket, whose contents cannot be given back: no history says where they were.

    The bytes stay for a grace, as all do.
    """
    public.withdraw(conn, which)
    void_plans(conn, which)
    return conn.execute(sa.delete(links).where(which)).rowcount


def void_plans(conn: sa.Connection, which: sa.ColumnElement[bool]) -> None:
    """The repositories with links that the condition names read them otherwise, or not at all, from
    this transaction on: no process may go by what it remembers.
    """
    holders = sa.select(links.c.repository_id).where(which)
    here = repositories.c.id.in_(holders)
    conn.execute(sa.update(repositories).where(here).values(plans=repositories.c.plans + 1))


def find_links(conn: sa.Connection, which: sa.ColumnElement[bool], now: int) -> list[str]:
    """Bring lost links back whose contents are still here; these contents (sha256)."""
    query = (
        sa.select(lost_links.c.repository_id, lost_links.c.sha256, lost_links.c.path)
        .join(blobs, blobs.c.sha256 == lost_links.c.sha256)
        .where(which)
    )
    rows = [{**row, "linked_at": now} for row in conn.execute(query).mappings()]
    insert_ignore(conn, links, rows)
    conn.execute(sa.delete(lost_links).where(which))
    found = sorted({row["sha256"] for row in rows})
    rules.clear_files(conn, found)
    return found
