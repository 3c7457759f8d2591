"""Inboxes made anew, some threads at a time: from their events, and from what people chose.

Knows what survives: what somebody read or put away stays so, unless something newer concerns them.
Nobody is sent anything. A hub may be at work beside it: each transaction takes whole threads to
where the projection is by then, and the projection goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from groundswell.hub.notifications import access
from groundswell.hub.notifications.projecting import EVENTS_AT_ONCE, NAME, project, quiet_until
from groundswell.hub.projections import Event, event_of, place_in
from groundswell.store.database import Database
from groundswell.store.tables import (
    access_notices,
    access_requests,
    discussions,
    events,
    notifications,
    repositories,
)

# In one transaction, for which others wait.
THREADS_AT_ONCE: Final = 20


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of thread: its rows, what numbers it, and which events are of one.

    ``thread`` is the column of the number in the rows; ``numbers`` gives those that there are.
    """

    rows: sa.Table
    thread: sa.ColumnElement[int]
    numbers: sa.Select[int]
    events: Callable[[Sequence[int]], sa.Select[Any]]


def _talk(numbers: Sequence[int]) -> sa.Select[Any]:
    here = sa.and_(
        events.c.repository_id == discussions.c.repository_id,
        events.c.discussion_number == discussions.c.number,
    )
    return (
        sa.select(events).join_from(discussions, events, here).where(discussions.c.id.in_(numbers))
    )


def _asking(numbers: Sequence[int]) -> sa.Select[Any]:
    return sa.select(events).where(
        events.c.repository_id.in_(numbers), events.c.type.in_(access.TYPES)
    )


def _has(table: sa.Table) -> sa.ColumnElement[bool]:
    """Whether a repository has rows there."""
    return sa.exists().where(table.c.repository_id == repositories.c.id)


_KINDS: Final = (
    _Kind(
        notifications,
        notifications.c.discussion_id,
        sa.select(discussions.c.id).order_by(discussions.c.id),
        _talk,
    ),
    _Kind(
        access_notices,
        access_notices.c.repository_id,
        sa.select(repositories.c.id)
        .where(sa.or_(*(_has(table) for table in (access_requests, access_notices))))
        .order_by(repositories.c.id),
        _asking,
    ),
)


def count_threads(database: Database) -> int:
    """How many threads there are to be gone through."""

    def work(conn: sa.Connection) -> int:
        queries = [
            sa.select(sa.func.count()).select_from(each.numbers.subquery()) for each in _KINDS
        ]
        return sum(int(conn.execute(query).scalar_one()) for query in queries)

    return database.read(work)


def rebuild(database: Database, advance: Callable[[int], object]) -> int:
    """Make every inbox anew; how many rows they have. ``advance`` is told of threads that are done.

    May be broken off at any time and begun again: a thread is as it was, or made anew.
    """
    rows = 0
    for kind in _KINDS:
        after = 0
        while numbers := _after(database, kind, after):
            rows += database.write(partial(_anew, kind=kind, numbers=numbers))
            after = numbers[-1]
            advance(len(numbers))
    return rows


def _after(database: Database, kind: _Kind, number: int) -> Sequence[int]:
    """The next threads, by their numbers."""
    (column,) = kind.numbers.selected_columns
    query = kind.numbers.where(column > number).limit(THREADS_AT_ONCE)
    return database.read(lambda conn: conn.execute(query).scalars().all())


def _anew(conn: sa.Connection, kind: _Kind, numbers: Sequence[int]) -> int:
    of = kind.rows.c
    here = kind.thread.in_(numbers)
    marked = sa.or_(of.read_at.is_not(None), of.done_at.is_not(None))
    marks = conn.execute(sa.select(kind.rows).where(here, marked)).all()
    conn.execute(sa.delete(kind.rows).where(here))
    quiet = quiet_until(conn)
    for page in _pages(conn, kind.events(numbers)):
        project(conn, page, quiet)
    for mark in marks:
        conn.execute(_again(kind, mark))
    counted = sa.select(sa.func.count()).select_from(kind.rows).where(here)
    return int(conn.execute(counted).scalar_one())


def _again(kind: _Kind, mark: sa.Row[Any]) -> sa.Update:
    """The mark, where nothing newer came than what it was put at."""
    of = kind.rows.c
    return (
        sa.update(kind.rows)
        .where(
            of.account_id == mark.account_id,
            kind.thread == getattr(mark, kind.thread.key or ""),
            of.event_id <= mark.event_id,
        )
        .values(read_at=mark.read_at, done_at=mark.done_at)
    )


def _pages(conn: sa.Connection, query: sa.Select[Any]) -> Iterator[tuple[Event, ...]]:
    """The events of these threads as far as the projection has come, in their order."""
    until, after = place_in(conn, NAME), 0
    query = query.where(events.c.place <= until).order_by(events.c.place).limit(EVENTS_AT_ONCE)
    while found := conn.execute(query.where(events.c.place > after)).mappings().all():
        yield tuple(map(event_of, found))
        after = found[-1]["place"]
