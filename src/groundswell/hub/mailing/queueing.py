"""News that are to go by e-mail, put where they wait: one row for each person and thread.

Knows who wants what, and that what comes within a moment of another goes with it. Whether somebody
may still see it is asked when it is sent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

import sqlalchemy as sa

from groundswell.hub.mailing.values import Choice
from groundswell.hub.notifications import News
from groundswell.hub.notifications.values import ADDRESSED, About
from groundswell.store.database import portions
from groundswell.store.tables import accounts, mail_choices, outbox

_log = logging.getLogger(__name__)

WAIT_SECONDS: Final = 20
OUTBOX_MAX: Final = 100_000
_MICROS: Final = 1_000_000


def queueing(
    clock: Callable[[], int], wait_seconds: float = WAIT_SECONDS
) -> Callable[[sa.Connection, Sequence[News]], None]:
    """What ``Projecting`` tells of news."""

    def queue(conn: sa.Connection, news: Sequence[News]) -> None:
        wanted = _choices(conn, sorted({each.account_id for each in news}))
        due_at = clock() + int(wait_seconds * _MICROS)
        for each in news:
            choice = wanted.get(each.account_id)
            is_addressed = each.reason in ADDRESSED
            if choice is Choice.ALL or (choice is Choice.MENTIONS and is_addressed):
                _put(conn, each, due_at)

    return queue


def _choices(conn: sa.Connection, numbers: Sequence[int]) -> dict[int, Choice]:
    found: dict[int, Choice] = {}
    for some in portions(numbers):
        query = (
            sa.select(mail_choices.c.account_id, mail_choices.c.choice)
            .join_from(mail_choices, accounts, accounts.c.id == mail_choices.c.account_id)
            .where(
                mail_choices.c.account_id.in_(some),
                mail_choices.c.confirmed_email == accounts.c.email,
                accounts.c.disabled_at.is_(None),
            )
        )
        found |= {row.account_id: Choice(row.choice) for row in conn.execute(query)}
    return found


def _put(conn: sa.Connection, news: News, due_at: int) -> None:
    is_access = news.thread.about is About.ACCESS
    key = "repository_id" if is_access else "discussion_id"
    mine = {"account_id": news.account_id, key: news.thread.id}
    later: dict[str, Any] = {"last_event": news.event_id}
    if news.reason in ADDRESSED:
        later["reason"] = news.reason.value
    if conn.execute(sa.update(outbox).filter_by(**mine).values(later)).rowcount:
        return
    if _is_full(conn):
        _log.warning("the outbox is full: an e-mail is not sent")
        return
    row = {
        **mine,
        "kind": "access" if is_access else "thread",
        "reason": news.reason.value,
        "first_event": news.first_event,
        "last_event": news.event_id,
        "due_at": due_at,
    }
    conn.execute(sa.insert(outbox).values(row))


def _is_full(conn: sa.Connection) -> bool:
    query = sa.select(outbox.c.id).order_by(outbox.c.id).offset(OUTBOX_MAX).limit(1)
    return conn.execute(query).first() is not None
