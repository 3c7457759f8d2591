"""Inboxes made anew, some threads at a time: from their events, and from what people chose.

Knows what survives: what somebody read or put away stays so, unless something newer concerns them.
Nobody is sent anything. A hub may be at work beside it: each transaction takes whole threads to
where the projection is by then, and the projection goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from groundswell.hub.notifications.projecting import EVENTS_AT_ONCE, NAME, project, quiet_until
from groundswell.hub.projections import Event, event_of, place_in
from groundswell.store.database import Database
from groundswell.store.tables import discussions, events, notifications

# In one transaction, for which others wait.
THREADS_AT_ONCE: Final = 20
_of = notifications.c


def count_threads(database: Database) -> int:
    """How many threads there are to be gone through."""
    query = sa.select(sa.func.count()).select_from(discussions)
    return database.read(lambda conn: int(conn.execute(query).scalar_one()))


def rebuild(database: Database, advance: Callable[[int], object]) -> int:
    """Make every inbox anew; how many rows they have. ``advance`` is told of threads that are done.

    May be broken off at any time and begun again: a thread is as it was, or made anew.
    """
    after = rows = 0
    while numbers := _after(database, after):
        rows += database.write(partial(_anew, numbers=numbers))
        after = numbers[-1]
        advance(len(numbers))
    return rows


def _after(database: Database, number: int) -> Sequence[int]:
    """The next threads, by their numbers."""
    query = sa.select(discussions.c.id).where(discussions.c.id > number)
    query = query.order_by(discussions.c.id).limit(THREADS_AT_ONCE)
    return database.read(lambda conn: conn.execute(query).scalars().all())


def _anew(conn: sa.Connection, numbers: Sequence[int]) -> int:
    here = _of.discussion_id.in_(numbers)
    marked = sa.select(notifications).where(
        here, sa.or_(_of.read_at.is_not(None), _of.done_at.is_not(None))
    )
    marks = conn.execute(marked).all()
    conn.execute(sa.delete(notifications).where(here))
    quiet = quiet_until(conn)
    for page in _pages(conn, numbers):
        project(conn, page, quiet)
    for mark in marks:
        conn.execute(_again(mark))
    counted = sa.select(sa.func.count()).select_from(notifications).where(here)
    return int(conn.execute(counted).scalar_one())


def _again(mark: sa.Row[Any]) -> sa.Update:
    """The mark, where nothing newer came than what it was put at."""
    return (
        sa.update(notifications)
        .where(
            _of.account_id == mark.account_id,
            _of.discussion_id == mark.discussion_id,
            _of.event_id <= mark.event_id,
        )
        .values(read_at=mark.read_at, done_at=mark.done_at)
    )


def _pages(conn: sa.Connection, numbers: Sequence[int]) -> Iterator[tuple[Event, ...]]:
    """The events of these threads as far as the projection has come, in their order."""
    until, after = place_in(conn, NAME), 0
    query = (
        sa.select(events)
        .join_from(
            discussions,
            events,
            sa.and_(
                events.c.repository_id == discussions.c.repository_id,
                events.c.discussion_number == discussions.c.number,
            ),
        )
        .where(discussions.c.id.in_(numbers), events.c.place <= until)
        .order_by(events.c.place)
        .limit(EVENTS_AT_ONCE)
    )
    while found := conn.execute(query.where(events.c.place > after)).mappings().all():
        yield tuple(map(event_of, found))
        after = found[-1]["place"]
