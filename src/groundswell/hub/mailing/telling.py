"""What a message about a thread tells, looked up with the rights of the moment.

Knows that of what was read, muted, hidden or decided since, nothing is told. Writes no message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.policy import Action, may
from groundswell.core.values import AccessStatus, Principal
from groundswell.hub.mailing.composing import Said, ThreadNews
from groundswell.hub.notifications import access
from groundswell.hub.notifications.recipients import TYPES
from groundswell.hub.notifications.values import Reason, thread_path
from groundswell.hub.repos.finding import load_for
from groundswell.store.tables import (
    access_notices,
    access_requests,
    accounts,
    comments,
    discussions,
    events,
    notifications,
)

SAID_MAX: Final = 20
EVENTS_LOOKED_MAX: Final = 200

_WORDS: Final = {
    "discussion.created": "opened this",
    "discussion.commented": "wrote",
    "comment.edited": "changed what they said",
    "pull_request.merged": "merged this",
    "commit.landed": "brought commits",
    "review.submitted": "reviewed this",
    "review_thread.answered": "answered in a review",
    "review.requested": "asked for a review",
    "discussion.assigned": "asked somebody to see to this",
    "access.requested": "asks for access",
    "access.granted": "let you in",
    "access.rejected": "turned your request down",
}
_WHY: Final = {
    "mention": "you are mentioned",
    "assigned": "you are to see to it",
    "review": "your review is asked for",
    "deciding": "you decide about them",
    "asked": "you asked for it",
    "author": "you opened it",
    "comment": "you take part in it",
    "chosen": "you chose to",
    "watching": "you watch the repository",
}


def news_of(
    conn: sa.Connection, principal: Principal, row: Mapping[str, Any], base_url: str
) -> ThreadNews | None:
    """What the thread's message tells; None when it was read or muted, or may not be seen now."""
    if row["kind"] == "access":
        return _news_of_access(conn, principal, row, base_url)
    waits = sa.select(notifications.c.event_id).where(
        notifications.c.account_id == row["account_id"],
        notifications.c.discussion_id == row["discussion_id"],
        notifications.c.read_at.is_(None),
        notifications.c.done_at.is_(None),
    )
    query = sa.select(discussions).where(discussions.c.id == row["discussion_id"])
    found = conn.execute(query).mappings().one_or_none()
    if found is None or conn.execute(waits).first() is None:
        return None
    thread = dict(found)
    repository = load_for(conn, principal, thread["repository_id"])
    if repository is None or not may(principal, Action.SEE, repository.subject).allowed:
        return None
    said = _said(conn, principal, thread, row)
    if not said:
        return None
    return ThreadNews(
        key=f"{repository.public_id}-{thread['number']}",
        repo=repository.full_name,
        number=thread["number"],
        title=thread["title"],
        url=f"{base_url}/{thread_path(repository, thread['number'], Reason(row['reason']))}",
        why=_WHY.get(row["reason"], "you take part in it"),
        said=said,
        is_new=_is_first(conn, thread, said),
    )


def _said(
    conn: sa.Connection,
    principal: Principal,
    thread: Mapping[str, Any],
    row: Mapping[str, Any],
) -> list[Said]:
    """What others did in the thread; of what was hidden since, nothing."""
    query = (
        sa.select(events.c.id, events.c.type, events.c.payload, accounts.c.name)
        .add_columns(comments.c.text, comments.c.hidden_at)
        .select_from(events)
        .join(accounts, accounts.c.id == events.c.actor_id, isouter=True)
        .join(comments, comments.c.id == events.c.id, isouter=True)
        .where(
            events.c.repository_id == thread["repository_id"],
            events.c.discussion_number == thread["number"],
            events.c.id.between(row["first_event"], row["last_event"]),
            events.c.type.in_(sorted(TYPES)),
            sa.or_(events.c.actor_id.is_(None), events.c.actor_id != principal.account_id),
        )
        .order_by(events.c.id.desc())
        .limit(SAID_MAX)
    )
    found = [each for each in conn.execute(query) if each.hidden_at is None]
    return [
        Said(each.id, each.name or "somebody", _words(each.type, each.payload), each.text or "")
        for each in reversed(found)
    ]


def _words(type_: str, payload: Mapping[str, Any]) -> str:
    if type_ == "discussion.status_changed":
        return "closed this" if payload.get("status") == "closed" else "opened this"
    return _WORDS.get(type_, "changed this")


def _is_first(conn: sa.Connection, thread: Mapping[str, Any], said: Sequence[Said]) -> bool:
    query = sa.select(sa.func.min(comments.c.id)).where(comments.c.discussion_id == thread["id"])
    return conn.execute(query).scalar() == said[0].event_id and len(said) == 1


# --- requests for access --------------------------------------------------------------------------


def _news_of_access(
    conn: sa.Connection, principal: Principal, row: Mapping[str, Any], base_url: str
) -> ThreadNews | None:
    """The same of requests for access: to whom may decide them, and to who asked."""
    table = access_notices.c
    waits = access.visible(
        principal,
        sa.and_(
            table.repository_id == row["repository_id"],
            table.reason == row["reason"],
            table.read_at.is_(None),
            table.done_at.is_(None),
        ),
        table.event_id,
    )
    repository = load_for(conn, principal, row["repository_id"])
    if repository is None or conn.execute(waits).first() is None:
        return None
    reason = Reason(row["reason"])
    said = _said_of_access(conn, principal, row, reason)
    if not said:
        return None
    return ThreadNews(
        key=f"{repository.public_id}-access",
        repo=repository.full_name,
        number=None,
        title=access.title_of(reason),
        url=f"{base_url}/{thread_path(repository, None, reason)}",
        why=_WHY[reason.value],
        said=said,
        is_new=False,
    )


def _said_of_access(
    conn: sa.Connection, principal: Principal, row: Mapping[str, Any], reason: Reason
) -> list[Said]:
    """Who asks and waits still; or the last decision, with its reason."""
    is_asked, asks = reason is Reason.ASKED, access_requests.c
    query = (
        sa.select(events.c.id, events.c.type, events.c.payload, accounts.c.name)
        .select_from(events)
        .join(accounts, accounts.c.id == events.c.actor_id, isouter=True)
        .where(
            events.c.repository_id == row["repository_id"],
            events.c.id.between(row["first_event"], row["last_event"]),
            events.c.type.in_(sorted(access.DECISIONS) if is_asked else [access.ASKED]),
        )
        .order_by(events.c.id.desc())
    )
    found: list[Said] = []
    for event in conn.execute(query.limit(EVENTS_LOOKED_MAX)):
        request = sa.select(asks.account_id, asks.status, asks.rejection_reason).where(
            asks.repository_id == row["repository_id"],
            asks.public_id == event.payload.get("request"),
        )
        now = conn.execute(request).one_or_none()
        if now is None or (now.account_id == principal.account_id) is not is_asked:
            continue
        told = access.DECISIONS.get(event.type, AccessStatus.PENDING)
        if now.status == told.value:
            text = now.rejection_reason if told is AccessStatus.REJECTED else ""
            found.append(Said(event.id, event.name or "somebody", _WORDS[event.type], text))
        if len(found) == (1 if is_asked else SAID_MAX):
            break
    return found[::-1]
