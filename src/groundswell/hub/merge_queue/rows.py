"""The queue of merges as rows. Every function runs inside a transaction of the caller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import Conflict, NotFound
from groundswell.hub.events import record
from groundswell.store import tables

ENTRIES_MAX: Final = 50  # of one repository

_table = tables.queue_entries


@dataclass(frozen=True, slots=True)
class Entry:
    """A pull request in the queue. ``commit`` is the result that is tested, made on ``base``: main
    with everything that stands before it. None: it is still to be made.
    """

    id: int
    repository_id: int
    number: int
    title: str
    head: str
    method: str
    queued_by_id: int
    queued_by: str
    queued_at: int
    base: str | None
    commit: str | None
    made_at: int | None


def _select() -> sa.Select[Any]:
    accounts, discussions = tables.accounts, tables.discussions
    here = sa.and_(
        discussions.c.repository_id == _table.c.repository_id,
        discussions.c.number == _table.c.number,
    )
    return (
        sa.select(_table, accounts.c.name.label("queued_by"), discussions.c.title)
        .join_from(_table, accounts, _table.c.queued_by_id == accounts.c.id)
        .join(discussions, here)
        .order_by(_table.c.id)
    )


def of(conn: sa.Connection, repository_id: int) -> list[Entry]:
    """The queue, first come first."""
    query = _select().where(_table.c.repository_id == repository_id)
    return [Entry(**row) for row in conn.execute(query).mappings()]


def one(conn: sa.Connection, repository_id: int, number: int) -> Entry:
    """The entry of a pull request.

    Raises:
        NotFound: it is not in the queue.
    """
    found = next((each for each in of(conn, repository_id) if each.number == number), None)
    if found is None:
        raise NotFound("This pull request is not in the queue.")
    return found


def repositories(conn: sa.Connection) -> list[int]:
    """Repositories whose queue is not empty."""
    query = sa.select(_table.c.repository_id).distinct().order_by(_table.c.repository_id)
    return list(conn.execute(query).scalars())


def enter(
    conn: sa.Connection,
    now: int,
    actor_id: int,
    repository_id: int,
    number: int,
    head: str,
    method: str,
) -> int:
    """Put a pull request at the end; its place, from 1.

    Raises:
        Conflict: it is in the queue, or the queue is full.
    """
    present = of(conn, repository_id)
    if any(each.number == number for each in present):
        raise Conflict("This pull request is in the queue already.")
    if len(present) >= ENTRIES_MAX:
        msg = f"The queue is full: {ENTRIES_MAX} pull requests wait."
        raise Conflict(msg)
    conn.execute(
        sa.insert(_table).values(
            repository_id=repository_id,
            number=number,
            head=head,
            method=method,
            queued_by_id=actor_id,
            queued_at=now,
        )
    )
    told = {"number": number, "head": head, "method": method}
    record(conn, now, "queue.entered", actor_id, repository_id, told, number)
    return len(present) + 1


def made(conn: sa.Connection, now: int, entry: Entry, base: str, commit: str) -> None:
    """Note the result that is to be tested now."""
    values = {"base": base, "commit": commit, "made_at": now}
    conn.execute(sa.update(_table).where(_table.c.id == entry.id).values(values))
    told = {"number": entry.number, "commit": commit, "base": base, "ref": reference_of(entry)}
    # Of the repository, not of the discussion: whoever runs tests hears it, its readers need not.
    record(conn, now, "queue.result_made", None, entry.repository_id, told)


def leave(
    conn: sa.Connection, now: int, entry: Entry, reason: str | None, actor_id: int | None = None
) -> None:
    """Take an entry out; ``reason`` None when there is nothing to tell: it is merged."""
    gone = conn.execute(sa.delete(_table).where(_table.c.id == entry.id)).rowcount
    if gone and reason is not None:
        told = {"number": entry.number, "commit": entry.commit, "reason": reason}
        record(conn, now, "queue.left", actor_id, entry.repository_id, told, entry.number)


def reference_of(entry: Entry) -> str:
    """The ref under which the result of an entry can be fetched while it is tested."""
    return f"refs/queue/{entry.number}"
