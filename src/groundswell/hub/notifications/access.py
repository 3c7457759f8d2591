"""Requests for access in inboxes: who may decide hears that somebody asks, who asked what was
decided.

One row for each person and repository. Knows that a request is heard of as long as it waits, and
shown to whom may decide it now. Does not know what a request allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import InvalidCredentials
from groundswell.core.policy import Action, may
from groundswell.core.values import AccessStatus, Gate, Principal, Role
from groundswell.hub.accounts import credentials
from groundswell.hub.notifications.recipients import MEMBERS_MAX, Event
from groundswell.hub.notifications.values import About, Level, Notification, Reason, ThreadKey
from groundswell.hub.repos import Repository, administered_filter, visible_filter
from groundswell.hub.repos.finding import load_for
from groundswell.store.database import portions, upsert
from groundswell.store.tables import (
    access_notices,
    access_requests,
    accounts,
    events,
    memberships,
    repositories,
    watches,
)

ASKED: Final = "access.requested"
DECISIONS: Final = {
    "access.granted": AccessStatus.ACCEPTED,
    "access.rejected": AccessStatus.REJECTED,
}
_TAKEN_BACK: Final = frozenset({"access.cancelled", "access.withdrawn"})
TYPES: Final = frozenset({ASKED, *DECISIONS, *_TAKEN_BACK})

_MEMBERS_LOOKED_MAX: Final = 500
_of = access_notices.c
_requests = access_requests.c


@dataclass(frozen=True, slots=True)
class Heard:
    """What events about access are to one person: the newest, and why they hear of it."""

    first_event: int
    event: Event
    reason: Reason


@dataclass(slots=True)
class _Page:
    """What a page of events comes to, before it is written."""

    conn: sa.Connection
    heard: dict[tuple[int, int], Heard] = field(default_factory=dict)

    def tell(self, account_id: int, event: Event, reason: Reason) -> None:
        assert event.repository_id is not None
        key = (account_id, event.repository_id)
        before = self.heard.get(key)
        first = event.id if before is None or before.reason is not reason else before.first_event
        self.heard[key] = Heard(first, event, reason)

    def settle(self, event: Event, reason: Reason, account_id: int | None = None) -> None:
        """What was heard before that event for this reason is news no longer: of one person, or
        of everybody.
        """
        for key, heard in list(self.heard.items()):
            is_theirs = account_id in {None, key[0]} and key[1] == event.repository_id
            if is_theirs and heard.reason is reason:
                del self.heard[key]
        which = sa.and_(
            _of.repository_id == event.repository_id,
            _of.reason == reason.value,
            _of.event_id < event.id,
        )
        if account_id is not None:
            self.conn.execute(sa.delete(access_notices).where(which, _of.account_id == account_id))
            return
        values = {"read_at": event.happened_at}
        unread = _of.read_at.is_(None)
        self.conn.execute(sa.update(access_notices).where(which, unread).values(values))


def project(
    conn: sa.Connection, page: Sequence[Event], quiet_until: int
) -> dict[tuple[int, int], Heard]:
    """Bring inboxes up to these events; what was new, by account and repository."""
    found = _Page(conn)
    for event in page:
        if event.type not in TYPES or event.repository_id is None:
            continue
        asker = event.payload.get("account_id")
        if event.type == ASKED:
            if event.id > quiet_until and _waits(conn, event):
                for account_id in _deciding(conn, event.repository_id):
                    if _listens(conn, account_id, event):
                        found.tell(account_id, event, Reason.DECIDING)
            continue
        if event.type in _TAKEN_BACK:
            found.settle(event, Reason.ASKED, asker)
        elif isinstance(asker, int) and event.id > quiet_until and _listens(conn, asker, event):
            found.tell(asker, event, Reason.ASKED)
        if not _waits(conn, event, anybody=True):
            found.settle(event, Reason.DECIDING)
    return _write(conn, found.heard)


def _write(
    conn: sa.Connection, heard: Mapping[tuple[int, int], Heard]
) -> dict[tuple[int, int], Heard]:
    known: dict[tuple[int, int], int] = {}
    for some in portions(sorted(heard)):
        query = sa.select(_of.account_id, _of.repository_id, _of.event_id).where(
            sa.tuple_(_of.account_id, _of.repository_id).in_(some)
        )
        known |= {(row.account_id, row.repository_id): row.event_id for row in conn.execute(query)}
    new = {key: each for key, each in heard.items() if known.get(key, 0) < each.event.id}
    rows = [
        {
            "account_id": account_id,
            "repository_id": repository_id,
            "event_id": each.event.id,
            "reason": each.reason.value,
            "happened_at": each.event.happened_at,
            "read_at": None,
            "done_at": None,
        }
        for (account_id, repository_id), each in new.items()
    ]
    changed = ["event_id", "reason", "happened_at", "read_at", "done_at"]
    upsert(conn, access_notices, rows, update=changed)
    return new


def _waits(conn: sa.Connection, event: Event, *, anybody: bool = False) -> bool:
    """Whether the request that the event tells of waits for somebody to decide; or anybody's."""
    query = sa.select(_requests.id).where(
        _requests.repository_id == event.repository_id,
        _requests.status == AccessStatus.PENDING.value,
    )
    if not anybody:
        query = query.where(_requests.public_id == event.payload.get("request"))
    return conn.execute(query.limit(1)).first() is not None


def _deciding(conn: sa.Connection, repository_id: int) -> Iterator[int]:
    """Who may decide about the repository's requests: its owner, or members of its owner."""
    table = repositories.c
    owner = conn.execute(sa.select(table.owner_id).where(table.id == repository_id)).scalar()
    members = sa.select(memberships.c.user_id).where(
        memberships.c.organisation_id == owner, memberships.c.role != Role.READ.value
    )
    members = members.order_by(memberships.c.user_id).limit(_MEMBERS_LOOKED_MAX)
    count = 0
    for account_id in [owner, *conn.execute(members).scalars()]:
        if account_id is not None and _may(conn, account_id, repository_id, Action.ADMINISTER):
            yield account_id
            count += 1
            if count == MEMBERS_MAX:
                return


def _may(conn: sa.Connection, account_id: int, repository_id: int, action: Action) -> bool:
    try:
        principal = credentials.by_account(conn, account_id)
    except InvalidCredentials:  # an organisation, or closed
        return False
    present = load_for(conn, principal, repository_id)
    return present is not None and may(principal, action, present.subject).allowed


def _listens(conn: sa.Connection, account_id: int, event: Event) -> bool:
    """Whether the person did not do it themselves, may know of it, and wants to."""
    assert event.repository_id is not None
    if account_id == event.actor_id or not _may(conn, account_id, event.repository_id, Action.SEE):
        return False
    query = sa.select(watches.c.level).where(
        watches.c.account_id == account_id, watches.c.repository_id == event.repository_id
    )
    return conn.execute(query).scalar() != Level.NONE.value


# --- reading --------------------------------------------------------------------------------------


def visible(
    principal: Principal, which: sa.ColumnElement[bool], *columns: sa.ColumnElement[Any]
) -> sa.Select[Any]:
    """The principal's rows that it may know of now: requests while it may decide them."""
    is_for_deciding = _of.reason == Reason.DECIDING.value
    decides = sa.and_(repositories.c.gate != Gate.OPEN.value, administered_filter(principal))
    return (
        sa.select(*columns)
        .select_from(access_notices)
        .join(repositories, repositories.c.id == _of.repository_id)
        .where(
            _of.account_id == principal.account_id,
            which,
            visible_filter(principal),
            sa.or_(~is_for_deciding, decides),
        )
    )


def page(principal: Principal, which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Rows of the inbox, newest first."""
    columns = (
        _of.repository_id,
        _of.event_id,
        _of.reason,
        _of.happened_at,
        _of.read_at,
        events.c.type,
        accounts.c.name.label("actor"),
    )
    return (
        visible(principal, which, *columns)
        .join(events, events.c.id == _of.event_id)
        .join(accounts, accounts.c.id == events.c.actor_id, isouter=True)
        .order_by(_of.event_id.desc())
    )


def told(row: sa.RowMapping, repository: Repository) -> Notification:
    """A row of ``page`` as a value."""
    reason = Reason(row["reason"])
    return Notification(
        thread=ThreadKey(About.ACCESS, row["repository_id"]),
        repository=repository,
        number=None,
        title=title_of(reason),
        is_pull_request=False,
        status=DECISIONS.get(row["type"], AccessStatus.PENDING).value,
        event_id=row["event_id"],
        type=row["type"],
        actor=row["actor"],
        reason=reason,
        happened_at=row["happened_at"],
        is_read=row["read_at"] is not None,
    )


def title_of(reason: Reason) -> str:
    """How such a thread is called."""
    return "Requests for access" if reason is Reason.DECIDING else "Your request for access"
