"""Rows of cold xorbs and of what each needs: the answer to "may this xorb go?".

A xorb that a row of ``cold_bases`` names as base has to stay, whoever linked it; the database
itself refuses to lose its row. A cold xorb with bases is nobody's base.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from groundswell.store.database import portions
from groundswell.store.tables import cold_bases, cold_xorbs, xorbs


def bases_in_use(conn: sa.Connection, keys: Collection[str]) -> set[str]:
    """Of these xorbs, those without which some cold xorb cannot be read."""
    return _found(conn, cold_bases.c.base_hash, cold_bases.c.base_hash, keys)


def bases_of(conn: sa.Connection, keys: Collection[str]) -> set[str]:
    """The xorbs without which any of these cannot be read."""
    return _found(conn, cold_bases.c.base_hash, cold_bases.c.xorb_hash, keys)


def with_bases(conn: sa.Connection, keys: Collection[str]) -> set[str]:
    """Of these xorbs, those that have bases, and so are nobody's base."""
    return _found(conn, cold_bases.c.xorb_hash, cold_bases.c.xorb_hash, keys)


def untried(conn: sa.Connection, keys: Collection[str], before: int) -> set[str]:
    """Of these xorbs, those that came before that time and were never tried."""
    found: set[str] = set()
    for some in portions(sorted(keys)):
        query = (
            sa.select(xorbs.c.hash)
            .join(cold_xorbs, cold_xorbs.c.xorb_hash == xorbs.c.hash, isouter=True)
            .where(
                xorbs.c.hash.in_(some),
                xorbs.c.created_at <= before,
                cold_xorbs.c.xorb_hash.is_(None),
            )
        )
        found.update(conn.execute(query).scalars())
    return found


def is_noted(conn: sa.Connection, key: str) -> bool:
    """Whether a row says that the xorb is cold."""
    query = sa.select(cold_xorbs.c.cold_bytes).where(cold_xorbs.c.xorb_hash == key)
    return conn.execute(query).scalar() is not None


def note_cold(
    conn: sa.Connection, key: str, cold_bytes: int, bases: Sequence[str], now: int
) -> bool:
    """Say that a xorb is cold and what it needs. False, and no row, when that may not be now:
    it or a base was removed meanwhile, a base has become cold against another, or, needing bases
    itself, it has become a base.
    """
    wanted = {key, *bases}
    there = _found(conn, xorbs.c.hash, xorbs.c.hash, wanted)
    if there != wanted or with_bases(conn, bases) or (bases and bases_in_use(conn, [key])):
        return False
    forget(conn, key)
    row = {"xorb_hash": key, "cold_bytes": cold_bytes, "tried_at": now}
    conn.execute(sa.insert(cold_xorbs).values(row))
    if bases:
        rows = [{"xorb_hash": key, "base_hash": base} for base in bases]
        conn.execute(sa.insert(cold_bases), rows)
    return True


def note_kept(conn: sa.Connection, key: str, now: int) -> None:
    """Say that a xorb gains nothing, so that it is not tried again."""
    forget(conn, key)
    if conn.execute(sa.select(xorbs.c.hash).where(xorbs.c.hash == key)).scalar() is not None:
        row = {"xorb_hash": key, "cold_bytes": None, "tried_at": now}
        conn.execute(sa.insert(cold_xorbs).values(row))


def forget(conn: sa.Connection, key: str) -> None:
    """Remove what rows say of a xorb."""
    conn.execute(sa.delete(cold_bases).where(cold_bases.c.xorb_hash == key))
    conn.execute(sa.delete(cold_xorbs).where(cold_xorbs.c.xorb_hash == key))


def _found(
    conn: sa.Connection, wanted: sa.Column[str], where: sa.Column[str], keys: Collection[str]
) -> set[str]:
    """What one column says in the rows in which another names one of the keys."""
    found: set[str] = set()
    for some in portions(sorted(keys)):
        query = sa.select(wanted).where(where.in_(some)).distinct()
        found.update(conn.execute(query).scalars())
    return found
