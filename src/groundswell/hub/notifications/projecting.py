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

from groundswell.hub.notifications import access
from groundswell.hub.notifications.recipients import (
    TYPES,
    UNREQUESTED,
    answered_by,
    begin_watching,
    recipients,
    subscribe,
)
from groundswell.hub.notifications.values import About, Reason, ThreadKey
from groundswell.hub.projections import Event, Projections
from groundswell.store.database import Database, portions, upsert
from groundswell.store.tables import discussions, hub_facts, notifications

EVENTS_AT_ONCE: Final = 200
NAME: Final = "notices"
# Events up to this one were there before inboxes were: people take part by them, and no more.
_QUIET: Final = "notices_quiet_until"
_ACCESS_QUIET: Final = "access_notices_quiet_until"
_KEPT: Final = frozenset({Reason.MENTION, Reason.REVIEW})
_KEY: Final = ("account_id", "discussion_id")


@dataclass(frozen=True, slots=True)
class News:
    """Somebody is to hear of events of a thread, from the first to the last of them."""

    account_id: int
    thread: ThreadKey
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


@dataclass(frozen=True, slots=True)
class Quiet:
    """Up to which event discussions, and requests for access, bring nothing into inboxes."""

    threads: int = 0
    access: int = 0


def project(conn: sa.Connection, rows: Sequence[Event], quiet: Quiet | None = None) -> list[News]:
    """Bring inboxes up to these events, given in their order. What was new."""
    quiet = quiet or Quiet()
    threads = _threads(conn, rows)
    found: dict[tuple[int, int], _Heard] = {}
    for event in rows:
        begin_watching(conn, event)
        number = threads.get((event.repository_id, event.discussion_number))
        if number is None:
            continue
        done_by = answered_by(event)
        if done_by is not None:
            _settle(conn, found, event, (done_by, number))
        if event.type not in TYPES:
            continue
        spoken_to = subscribe(conn, event, number)
        if event.id <= quiet.threads:
            continue
        for account, reason in recipients(conn, event, number, spoken_to).items():
            found[account, number] = _joined(found.get((account, number)), event, reason)
    return [*_write(conn, found), *_of_access(conn, rows, quiet.access)]


def _of_access(conn: sa.Connection, rows: Sequence[Event], quiet_until: int) -> list[News]:
    return [
        News(
            account_id,
            ThreadKey(About.ACCESS, repository_id),
            heard.first_event,
            heard.event.id,
            heard.reason,
        )
        for (account_id, repository_id), heard in access.project(conn, rows, quiet_until).items()
    ]


def _settle(
    conn: sa.Connection,
    found: dict[tuple[int, int], _Heard],
    event: Event,
    key: tuple[int, int],
) -> None:
    """Somebody's review is asked for no longer: what asked for it leaves their inbox."""
    if key in found and found[key].reason is Reason.REVIEW:
        del found[key]
    table = notifications.c
    mine = sa.and_(table.account_id == key[0], table.discussion_id == key[1])
    asked = sa.and_(table.reason == Reason.REVIEW.value, table.event_id < event.id)
    unmarked = table.done_at.is_(None)
    done = {"read_at": event.happened_at, "done_at": event.happened_at}
    conn.execute(sa.update(notifications).where(mine, asked, unmarked).values(done))


def _joined(before: _Heard | None, event: Event, reason: Reason) -> _Heard:
    """Whoever was spoken to a moment ago is not told that they only watch."""
    if before is None:
        return _Heard(event.id, event, reason)
    kept = before.reason if before.reason in _KEPT else reason
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
            thread = ThreadKey(About.DISCUSSION, key[1])
            news.append(News(key[0], thread, first, event.id, heard.reason))
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
    told = {*TYPES, UNREQUESTED}
    keys = {(row.repository_id, row.discussion_number) for row in rows if row.type in told}
    pairs = [key for key in keys if None not in key]
    found: dict[tuple[int | None, int | None], int] = {}
    table = discussions.c
    for some in portions(pairs):
        query = sa.select(table.id, table.repository_id, table.number).where(
            sa.tuple_(table.repository_id, table.number).in_(some)
        )
        found |= {(row.repository_id, row.number): row.id for row in conn.execute(query)}
    return found


def quiet_until(conn: sa.Connection) -> Quiet:
    """Up to where inboxes are quiet on this hub."""
    query = sa.select(hub_facts.c.name, hub_facts.c.value).where(
        hub_facts.c.name.in_([_QUIET, _ACCESS_QUIET])
    )
    facts = {row.name: int(row.value) for row in conn.execute(query)}
    return Quiet(facts.get(_QUIET, 0), facts.get(_ACCESS_QUIET, 0))
