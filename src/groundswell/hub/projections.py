"""Projections: what is made from the record of events, in pages, from where each one stopped.

Knows the line of events and how far each projection has come. Does not know what any of them
makes. Inboxes and deliveries to webhooks are such. What one made can be made again: inboxes by
``hub.notifications.rebuilding``; deliveries by following anew, which no verb does, since what
their log forgot meanwhile would be told a second time.

An event gets its number when it is written and can be seen when its transaction ends. On
PostgreSQL a lower number may be seen after a higher one, so nobody can go by numbers without
passing over some. Hence ``line_up`` gives places, one after the other, to events that can be seen;
places are given in one transaction at a time (a place is unique), so whoever sees one sees all
before it. A projection is one whole number: the last place it has worked on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from groundswell.store.database import Database, upsert
from groundswell.store.tables import events, hub_facts

EVENTS_AT_ONCE: Final = 500
PAGES_MAX: Final = 200
_FACT: Final = "projection:"

_LAST: Final = sa.select(sa.func.max(events.c.place)).where(events.c.place.is_not(None))
_PUT: Final = (
    sa.update(events)
    .where(events.c.id == sa.bindparam("event_id"), events.c.place.is_(None))
    .values(place=sa.bindparam("next_place"))
)


@dataclass(frozen=True, slots=True)
class Event:
    """One event, as ``hub.events.record`` wrote it, and its place in the line."""

    id: int
    place: int
    type: str
    happened_at: int
    actor_id: int | None
    repository_id: int | None
    discussion_number: int | None
    payload: Mapping[str, Any]


Work = Callable[[sa.Connection, Sequence[Event]], None]
"""Makes something of some events, in the transaction that notes that it was done."""


class Projections:
    """The line, and who has come how far. Any number of processes may work on it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def line_up(self) -> int:
        """Give a place to events that have none, some at a time. How many."""
        waiting = sa.select(events.c.id).where(events.c.place.is_(None)).order_by(events.c.id)
        ids = self._database.read(
            lambda conn: conn.execute(waiting.limit(EVENTS_AT_ONCE)).scalars().all()
        )
        if not ids:
            return 0

        def work(conn: sa.Connection) -> int:
            last = conn.execute(_LAST).scalar() or 0
            rows = [{"event_id": id_, "next_place": last + 1 + n} for n, id_ in enumerate(ids)]
            conn.execute(_PUT, rows)
            return len(rows)

        return self._database.write(work)

    def after(self, place: int, limit: int = EVENTS_AT_ONCE) -> tuple[Event, ...]:
        """The events behind that place, in the order of the line."""
        return self._database.read(lambda conn: page_after(conn, place, limit))

    def place_of(self, name: str) -> int:
        """How far a projection has come; 0 when it has not begun."""
        return self._database.read(lambda conn: place_in(conn, name))

    def advance(self, name: str, work: Work, limit: int = EVENTS_AT_ONCE) -> int:
        """Let a projection work on its next page. How many events that was.

        Whatever ``work`` writes and the new place are one transaction: after a crash it is done
        whole or not at all. ``work`` may run again, as any unit of ``Database.write``.
        """

        def look(conn: sa.Connection) -> tuple[int, tuple[Event, ...]]:
            begun = place_in(conn, name)
            return begun, page_after(conn, begun, limit)

        # Events that have a place never change, so they may be read before.
        begun, found = self._database.read(look)
        if not found:
            return 0

        def write(conn: sa.Connection) -> int:
            if place_in(conn, name) != begun:
                return 0  # another process did it
            work(conn, found)
            _put(conn, name, found[-1].place)
            return len(found)

        return self._database.write(write)

    def run(self, name: str, work: Work, stopping: Callable[[], bool] = lambda: False) -> int:
        """Line up, then work until nothing is left, or enough was done for once."""
        while self.line_up() == EVENTS_AT_ONCE and not stopping():
            pass
        count = 0
        for _ in range(PAGES_MAX):
            did = 0 if stopping() else self.advance(name, work)
            count += did
            if not did:
                break
        return count


def page_after(conn: sa.Connection, place: int, limit: int) -> tuple[Event, ...]:
    """``Projections.after`` within a transaction."""
    query = sa.select(events).where(events.c.place > place).order_by(events.c.place).limit(limit)
    return tuple(map(event_of, conn.execute(query).mappings()))


def event_of(row: sa.RowMapping) -> Event:
    """A row of the record that has its place."""
    return Event(
        id=row["id"],
        place=row["place"],
        type=row["type"],
        happened_at=row["happened_at"],
        actor_id=row["actor_id"],
        repository_id=row["repository_id"],
        discussion_number=row["discussion_number"],
        payload=row["payload"],
    )


def place_in(conn: sa.Connection, name: str) -> int:
    """``Projections.place_of`` within a transaction."""
    query = sa.select(hub_facts.c.value).where(hub_facts.c.name == _FACT + name)
    return int(conn.execute(query).scalar() or 0)


def _put(conn: sa.Connection, name: str, place: int) -> None:
    upsert(conn, hub_facts, {"name": _FACT + name, "value": place}, update=["value"])
