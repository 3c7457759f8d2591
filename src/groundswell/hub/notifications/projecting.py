"""From events to inboxes: one row for each person and thread, of its newest event.

A projection of the line of events (``hub.projections``). Knows how to bring inboxes up to events;
``rebuilding`` makes them anew by the same. Bears seeing an event twice. Does not know e-mail:
whoever is told of news may send it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from groundswell.hub.notifications.recipients import (
    TYPES,
    begin_watching,
    recipients,
    subscribe,
)
from groundswell.hub.notifications.values import Reason
from groundswell.hub.projections import Event, Projections
from groundswell.store.database import Database, portions, upsert
from groundswell.store.tables import discussions, hub_facts, notifications

EVENTS_AT_ONCE: Final = 200
NAME: Final = "notices"
# Events up to this one were there before inboxes were: people take part by them, and no more.
_QUIET: Final = "notices_quiet_until"
_KEY: Final = ("account_id", "discussion_id")


@dataclass(frozen=True, slots=True)
class News:
    """Somebody is to hear of events of a thread, from the first to the last of them."""

    account_id: int
    discussion_id: int
    first_event: int
    event_id: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class _Heard:
    """What some events of a thread are to one person: the newest, and why they hear of it."""

    first_event: int
    event: Event
    reason: Reason


Tell = Callable[[sa.Connection, Sequence[News]], None]


def tell_nobody(_conn: sa.Connection, _news: Sequence[News]) -> None:
    """Inboxes are all there is."""


class Projecting:
    """Keeps inboxes at the newest event. ``tell`` is told of news in the same transaction."""

    def __init__(self, database: Database, tell: Tell = tell_nobody) -> None:
        self._database = database
        self._projections = Projections(database)
        self._tell = tell
        self._is_stopped = False

    def stop(self) -> None:
        """End soon, now and later."""
        self._is_stopped = True

    def run(self) -> int:
        """Go on until nothing is left, or enough was done for once. How many events."""
        return self._projections.run(NAME, self._work, lambda: self._is_stopped)

    def _work(self, conn: sa.Connection, rows: Sequence[Event]) -> None:
        self._tell(conn, project(conn, rows, quiet_until(conn)))


def project(conn: sa.Connection, rows: Sequence[Event], quiet: int = 0) -> list[News]:
    """Bring inboxes up to these events, given in their order. What was new."""
    threads = _threads(conn, rows)
    found: dict[tuple[int, int], _Heard] = {}
    for event in rows:
        begin_watching(conn, event)
        number = threads.get((event.repository_id, event.discussion_number))
        if number is None or event.type not in TYPES:
            continue
        spoken_to = subscribe(conn, event, number)
        if event.id <= quiet:
            continue
        for account, reason in recipients(conn, event, number, spoken_to).items():
            found[account, number] = _joined(found.get((account, number)), event, reason)
    return _write(conn, found)


def _joined(before: _Heard | None, event: Event, reason: Reason) -> _Heard:
    """Whoever was spoken to a moment ago is not told that they only watch."""
    if before is None:
        return _Heard(event.id, event, reason)
    kept = Reason.MENTION if before.reason is Reason.MENTION else reason
    return _Heard(before.first_event, event, kept)


def _write(conn: sa.Connection, found: dict[tuple[int, int], _Heard]) -> list[News]:
    known: dict[tuple[int, int], int] = {}
    table = notifications.c
    for some in portions(sorted(found)):
        query = sa.select(table.account_id, table.discussion_id, table.event_id).where(
            sa.tuple_(table.account_id, table.discussion_id).in_(some)
        )
        known |= {(row.account_id, row.discussion_id): row.event_id for row in conn.execute(query)}
    news, made = [], []
    for key, heard in found.items():
        event, before = heard.event, known.get(key, 0)
        if before < event.id:
            first = max(heard.first_event, before + 1)
            news.append(News(*key, first, event.id, heard.reason))
            made.append(
                {
                    **dict(zip(_KEY, key, strict=True)),
                    "repository_id": event.repository_id,
                    "event_id": event.id,
                    "reason": heard.reason.value,
                    "happened_at": event.happened_at,
                    "read_at": None,
                    "done_at": None,
                }
            )
    changed = [name for name in notifications.columns.keys() if name not in _KEY]  # noqa: SIM118 - not a dict
    upsert(conn, notifications, made, update=changed)
    return news


def _threads(
    conn: sa.Connection, rows: Sequence[Event]
) -> dict[tuple[int | None, int | None], int]:
    keys = {(row.repository_id, row.discussion_number) for row in rows if row.type in TYPES}
    pairs = [key for key in keys if None not in key]
    found: dict[tuple[int | None, int | None], int] = {}
    table = discussions.c
    for some in portions(pairs):
        query = sa.select(table.id, table.repository_id, table.number).where(
            sa.tuple_(table.repository_id, table.number).in_(some)
        )
        found |= {(row.repository_id, row.number): row.id for row in conn.execute(query)}
    return found


def quiet_until(conn: sa.Connection) -> int:
    """The last event that was there before inboxes were; 0 when there was none."""
    query = sa.select(hub_facts.c.value).where(hub_facts.c.name == _QUIET)
    return int(conn.execute(query).scalar() or 0)
