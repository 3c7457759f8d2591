"""Whom an event concerns, and why.

Knows which events of a thread people hear of, and that whoever takes part in one hears of it from
then on. Of what was hidden since, nobody is told anything. Does not know inboxes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

import sqlalchemy as sa

from groundswell.core.errors import InvalidCredentials
from groundswell.core.policy import Action, may
from groundswell.hub.accounts import credentials
from groundswell.hub.notifications.values import Level, Reason
from groundswell.hub.repos.finding import load_for
from groundswell.store.database import insert_ignore
from groundswell.store.tables import (
    accounts,
    comment_versions,
    comments,
    line_comment_versions,
    line_comments,
    memberships,
    thread_subscriptions,
    watches,
)
from groundswell.wire.markdown import mentioned

WATCHERS_MAX: Final = 5_000  # that hear of one event
MEMBERS_MAX: Final = 50  # that hear of it when their organisation is spoken to
ADDRESSED_MAX: Final = 100

# What people hear of, and as what somebody who does it takes part.
HEARD: Final[Mapping[str, Reason | None]] = {
    "discussion.created": Reason.AUTHOR,
    "discussion.commented": Reason.COMMENT,
    "discussion.status_changed": None,
    "pull_request.merged": None,
    "commit.landed": None,
    "review.submitted": Reason.COMMENT,
    "review.dismissed": None,
    "review_thread.answered": Reason.COMMENT,
}
# What only those hear of whom it addresses: in its payload, as ``account_id`` or ``account_ids``.
ADDRESSING: Final[Mapping[str, Reason]] = {
    "discussion.assigned": Reason.ASSIGNED,
    "review.requested": Reason.REVIEW,
}
# What only those hear of who are mentioned anew.
_EDITED: Final = "comment.edited"
_LINE_EDITED: Final = "line_comment.edited"
_ANSWERED: Final = "review_thread.answered"
_REVIEWED: Final = "review.submitted"

TYPES: Final = frozenset({*HEARD, *ADDRESSING, _EDITED, _LINE_EDITED})

VERDICTS: Final = frozenset({"approved", "changes_requested"})
UNREQUESTED: Final = "review.unrequested"


class Event(Protocol):
    """What is read of an event."""

    @property
    def id(self) -> int: ...  # noqa: D102 - the column
    @property
    def type(self) -> str: ...  # noqa: D102 - the column
    @property
    def happened_at(self) -> int: ...  # noqa: D102 - the column
    @property
    def actor_id(self) -> int | None: ...  # noqa: D102 - the column
    @property
    def repository_id(self) -> int | None: ...  # noqa: D102 - the column
    @property
    def discussion_number(self) -> int | None: ...  # noqa: D102 - the column
    @property
    def payload(self) -> Mapping[str, Any]: ...  # noqa: D102 - the column


def answered_by(event: Event) -> int | None:
    """Who is asked for a review no longer: by giving a verdict, or since they need not."""
    if event.type == UNREQUESTED:
        named = event.payload.get("account_id")
        return named if isinstance(named, int) else None
    is_verdict = event.type == "review.submitted" and event.payload.get("verdict") in VERDICTS
    return event.actor_id if is_verdict else None


def begin_watching(conn: sa.Connection, event: Event) -> None:
    """Whoever makes a repository watches it, unless they chose something else."""
    if event.type == "repository.created" and event.actor_id is not None:
        row = {
            "account_id": event.actor_id,
            "repository_id": event.repository_id,
            "level": Level.ALL.value,
            "since_event": event.id,
        }
        insert_ignore(conn, watches, row)


def subscribe(conn: sa.Connection, event: Event, discussion_id: int) -> dict[int, Reason]:
    """Let those take part whom the event makes do so. Whom it addresses, and why."""
    assert event.repository_id is not None
    spoken_to = _addressed(conn, event)
    wanted = dict(spoken_to)
    as_what = HEARD.get(event.type)
    if as_what is not None and event.actor_id is not None:
        wanted[event.actor_id] = as_what
    rows = [
        {
            "account_id": account,
            "discussion_id": discussion_id,
            "reason": reason.value,
            "since_event": event.id,
        }
        for account, reason in wanted.items()
    ]
    insert_ignore(conn, thread_subscriptions, rows)
    return spoken_to


def recipients(
    conn: sa.Connection, event: Event, discussion_id: int, spoken_to: Mapping[int, Reason]
) -> dict[int, Reason]:
    """Who is to hear of the event, and why. Whoever did it does not."""
    found: dict[int, Reason] = {}
    if event.type in HEARD:
        found = _watchers(conn, event)
        found |= _participants(conn, event, discussion_id)
    found |= spoken_to
    silent = _silent(conn, event, discussion_id, list(found))
    return {
        account: reason
        for account, reason in found.items()
        if account != event.actor_id and account not in silent
    }


def _watchers(conn: sa.Connection, event: Event) -> dict[int, Reason]:
    query = (
        sa.select(watches.c.account_id)
        .where(
            watches.c.repository_id == event.repository_id,
            watches.c.level == Level.ALL.value,
            watches.c.since_event < event.id,
        )
        .order_by(watches.c.account_id)
        .limit(WATCHERS_MAX)
    )
    return dict.fromkeys(conn.execute(query).scalars(), Reason.WATCHING)


def _participants(conn: sa.Connection, event: Event, discussion_id: int) -> dict[int, Reason]:
    table = thread_subscriptions.c
    query = (
        sa.select(table.account_id, table.reason)
        .where(table.discussion_id == discussion_id, table.since_event <= event.id)
        .order_by(table.account_id)
        .limit(WATCHERS_MAX)
    )
    return {row.account_id: Reason(row.reason) for row in conn.execute(query)}


def _silent(
    conn: sa.Connection, event: Event, discussion_id: int, numbers: list[int]
) -> frozenset[int]:
    """Those who want to hear nothing of the thread, or of the repository."""
    table = thread_subscriptions.c
    muted = sa.select(table.account_id).where(
        table.discussion_id == discussion_id, table.reason == Reason.MUTED.value
    )
    none = sa.select(watches.c.account_id).where(
        watches.c.repository_id == event.repository_id, watches.c.level == Level.NONE.value
    )
    if not numbers:
        return frozenset()
    return frozenset(conn.execute(sa.union(muted, none)).scalars())


def _addressed(conn: sa.Connection, event: Event) -> dict[int, Reason]:
    if event.type in ADDRESSING:
        named = event.payload.get("account_ids") or [event.payload.get("account_id")]
        found = dict.fromkeys(named[:ADDRESSED_MAX], ADDRESSING[event.type])
    else:
        found = dict.fromkeys(_mentioned(conn, event), Reason.MENTION)
    assert event.repository_id is not None
    return {
        account: reason
        for account, reason in found.items()
        if isinstance(account, int) and _may_see(conn, account, event.repository_id)
    }


def _may_see(conn: sa.Connection, account_id: int, repository_id: int) -> bool:
    try:
        principal = credentials.by_account(conn, account_id)
    except InvalidCredentials:
        return False
    repository = load_for(conn, principal, repository_id)
    return repository is not None and may(principal, Action.SEE, repository.subject).allowed


def _mentioned(conn: sa.Connection, event: Event) -> list[int]:
    """Who is mentioned in what was said; of an edit, who was not before."""
    if event.type in {_LINE_EDITED, _ANSWERED}:
        texts, earlier = _of_line(conn, event.payload.get("comment"))
    else:
        id_ = event.payload.get("comment") if event.type == _EDITED else event.id
        texts, earlier = _of_talk(conn, id_)
    if event.type == _REVIEWED:
        texts += _of_review(conn, event.payload.get("review"))
    names = frozenset[str]().union(*map(mentioned, texts))
    if names and event.type in {_EDITED, _LINE_EDITED}:
        names -= frozenset[str]().union(*map(mentioned, conn.execute(earlier).scalars()))
    return _accounts(conn, names) if names else []


_Said = tuple[list[str], sa.Select[str]]


def _of_talk(conn: sa.Connection, id_: object) -> _Said:
    """What a comment says, and what it said before."""
    query = sa.select(comments.c.text).where(comments.c.id == id_, comments.c.hidden_at.is_(None))
    versions = comment_versions.c
    earlier = sa.select(versions.text).where(versions.comment_id == id_)
    return list(conn.execute(query).scalars()), earlier


def _of_line(conn: sa.Connection, id_: object) -> _Said:
    """The same of a comment on lines."""
    lines, versions = line_comments.c, line_comment_versions.c
    query = sa.select(lines.text).where(lines.id == id_, lines.hidden_at.is_(None))
    earlier = sa.select(versions.text).where(versions.comment_id == id_)
    return list(conn.execute(query).scalars()), earlier


def _of_review(conn: sa.Connection, id_: object) -> list[str]:
    """What a review says at lines."""
    lines = line_comments.c
    query = sa.select(lines.text).where(lines.review_id == id_, lines.hidden_at.is_(None))
    return list(conn.execute(query.order_by(lines.id).limit(ADDRESSED_MAX)).scalars())


def _accounts(conn: sa.Connection, names: Iterable[str]) -> list[int]:
    """The users of these names, and some members of the organisations."""
    query = sa.select(accounts.c.id, accounts.c.kind).where(
        accounts.c.folded.in_(sorted(names)), accounts.c.disabled_at.is_(None)
    )
    found: list[int] = []
    for row in conn.execute(query).all():
        if row.kind == "user":
            found.append(row.id)
            continue
        members = sa.select(memberships.c.user_id).where(memberships.c.organisation_id == row.id)
        members = members.order_by(memberships.c.user_id).limit(MEMBERS_MAX)
        found += conn.execute(members).scalars()
    return list(dict.fromkeys(found))[: 2 * ADDRESSED_MAX]
