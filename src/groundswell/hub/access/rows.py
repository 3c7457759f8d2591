"""Requests for access in the tables. Every function runs inside a transaction of the caller.

Knows which rows a status means at a moment. Does not know who may see or change them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.values import AccessStatus, fold_name
from groundswell.hub.access.values import AccessRequest, Asker
from groundswell.hub.repos.finding import status_at
from groundswell.store.tables import access_requests, accounts

DAY_MICROS: Final = 24 * 3600 * 1_000_000

_table = access_requests
_decider = accounts.alias("decider")


def _is(status: AccessStatus, now: int) -> sa.ColumnElement[bool]:
    """Which rows have this status at that moment, as ``finding.status_at`` says."""
    if status not in {AccessStatus.ACCEPTED, AccessStatus.ENDED}:
        return _table.c.status == status.value
    ended = sa.and_(_table.c.expires_at.is_not(None), _table.c.expires_at <= now)
    accepted = _table.c.status == AccessStatus.ACCEPTED.value
    return sa.and_(accepted, ended if status is AccessStatus.ENDED else ~ended)


def _listed(repository_id: int, status: AccessStatus, now: int) -> sa.ColumnElement[bool]:
    """Rows to list: closed accounts are not shown."""
    own = _table.c.repository_id == repository_id
    return sa.and_(own, _is(status, now), accounts.c.disabled_at.is_(None))


def count(conn: sa.Connection, repository_id: int, status: AccessStatus, now: int) -> int:
    """How many there are of a status."""
    query = (
        sa.select(sa.func.count())
        .select_from(_table.join(accounts, _table.c.account_id == accounts.c.id))
        .where(_listed(repository_id, status, now))
    )
    return int(conn.execute(query).scalar_one())


def page(
    conn: sa.Connection,
    repository_id: int,
    status: AccessStatus,
    now: int,
    *,
    limit: int,
    below: int | None,
) -> list[tuple[int, AccessRequest]]:
    """The newest of a status with numbers less than ``below``, and the number of each."""
    query = (
        sa.select(
            _table,
            accounts.c.public_id.label("account_public_id"),
            accounts.c.name,
            accounts.c.fullname,
            accounts.c.email,
            _decider.c.name.label("decider"),
        )
        .join_from(_table, accounts, _table.c.account_id == accounts.c.id)
        .outerjoin(_decider, _table.c.decided_by == _decider.c.id)
        .where(_listed(repository_id, status, now))
        .order_by(_table.c.id.desc())
        .limit(limit)
    )
    if below is not None:
        query = query.where(_table.c.id < below)
    rows = conn.execute(query).mappings().all()
    return [(row["id"], _request(row, now)) for row in rows]


def _request(row: sa.RowMapping, now: int) -> AccessRequest:
    was_asked = row["asked_at"] is not None
    return AccessRequest(
        public_id=row["public_id"],
        account_public_id=row["account_public_id"],
        name=row["name"],
        fullname=row["fullname"],
        email=row["email"] if was_asked else None,
        status=status_at(row, now),
        asked_at=row["asked_at"],
        decided_at=row["decided_at"],
        decided_by=row["decider"] or "",
        fields=row["fields"] if was_asked else None,
        rejection_reason=row["rejection_reason"],
        expires_at=row["expires_at"],
    )


def of_account(conn: sa.Connection, repository_id: int, account_id: int) -> sa.RowMapping | None:
    """The one row of an account in a repository."""
    query = sa.select(_table).where(
        _table.c.repository_id == repository_id, _table.c.account_id == account_id
    )
    return conn.execute(query).mappings().one_or_none()


def of_asker(conn: sa.Connection, repository_id: int, asker: Asker) -> sa.RowMapping | None:
    """The row of somebody whose account is not closed, however they are named."""
    if asker.request_id is not None:
        named = _table.c.public_id == asker.request_id
    elif asker.account_id is not None:
        named = accounts.c.public_id == asker.account_id
    else:
        named = accounts.c.folded == fold_name(asker.name or "")
    query = (
        sa.select(_table)
        .join_from(_table, accounts, _table.c.account_id == accounts.c.id)
        .where(named, _table.c.repository_id == repository_id, accounts.c.disabled_at.is_(None))
    )
    return conn.execute(query).mappings().one_or_none()


def put(conn: sa.Connection, row_id: int | None, values: Mapping[str, Any]) -> None:
    """Write a row: a new one, or these columns of the one there is."""
    if row_id is None:
        conn.execute(sa.insert(_table).values(**values))
    else:
        conn.execute(sa.update(_table).where(_table.c.id == row_id).values(**values))


def asked_since(conn: sa.Connection, account_id: int, since: int) -> int:
    """How often the account asked, anywhere, since that moment."""
    query = sa.select(sa.func.sum(_table.c.ask_count)).where(
        _table.c.account_id == account_id, _table.c.asked_at > since
    )
    return int(conn.execute(query).scalar() or 0)


def forget_withdrawn(conn: sa.Connection, account_id: int, before: int) -> None:
    """Remove what the account took back and that no longer counts for how often it asks."""
    conn.execute(
        sa.delete(_table).where(
            _table.c.account_id == account_id,
            _table.c.status == AccessStatus.WITHDRAWN.value,
            _table.c.asked_at <= before,
        )
    )
