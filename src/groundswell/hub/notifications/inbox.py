"""Somebody's inbox: read, counted, marked.

A thread is a discussion, or a repository's requests for access: two tables, one list by the
numbers of events. Knows that a thread is shown and counted only while its repository may be seen:
rights are judged in the transaction that reads, not when something was put in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from groundswell.core.errors import BadRequest, Forbidden, Unauthenticated
from groundswell.core.policy import Action
from groundswell.core.values import Principal, TokenRole
from groundswell.hub.accounts.rights import require_full_rights
from groundswell.hub.notifications import access
from groundswell.hub.notifications.values import (
    About,
    Filter,
    InboxPage,
    Mark,
    Notification,
    Reason,
    ThreadKey,
)
from groundswell.hub.repos import Repository, visible_filter
from groundswell.hub.repos.finding import decide_again
from groundswell.hub.repos.rows import load_without_details
from groundswell.store.database import Database
from groundswell.store.tables import (
    access_notices,
    accounts,
    discussions,
    events,
    notifications,
    repositories,
)

PAGE_THREADS: Final = 50
PAGE_THREADS_MAX: Final = 100
MARKED_MAX: Final = 100
COUNTED_MAX: Final = 100

_CURSOR: Final = re.compile(r"\d{1,18}", re.ASCII)
_of = notifications.c
_asked = access_notices.c
_UNREAD: Final = sa.and_(_of.read_at.is_(None), _of.done_at.is_(None))
_UNREAD_ACCESS: Final = sa.and_(_asked.read_at.is_(None), _asked.done_at.is_(None))


_Which = tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]
"""Which rows: of discussions, and of requests for access."""


class Inbox:
    """The inbox of whoever asks; nobody sees another one's."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    def count(self, principal: Principal) -> int:
        """How many threads are unread; ``COUNTED_MAX`` stands for as many and more."""
        if principal.account_id is None:
            return 0
        found = sa.union_all(
            _visible(principal, _UNREAD, _of.event_id).limit(COUNTED_MAX).subquery().select(),
            access.visible(principal, _UNREAD_ACCESS, _asked.event_id)
            .limit(COUNTED_MAX)
            .subquery()
            .select(),
        )
        counted = sa.select(sa.func.count()).select_from(found.subquery())
        count = self._database.read(lambda conn: int(conn.execute(counted).scalar_one()))
        return min(count, COUNTED_MAX)

    def list(
        self,
        principal: Principal,
        which: Filter = Filter.UNREAD,
        repository: Repository | None = None,
        *,
        cursor: str | None = None,
        limit: int = PAGE_THREADS,
    ) -> InboxPage:
        """A page of the inbox; with a repository, of its threads alone.

        Raises:
            BadRequest: a cursor that no page gave, or a limit that cannot be.
            RepoNotFound: the repository became hidden meanwhile.
            Unauthenticated, Forbidden: nobody asks, or a token for some repositories.
        """
        _check_own(principal)
        if not 1 <= limit <= PAGE_THREADS_MAX:
            raise BadRequest(f"limit must be between 1 and {PAGE_THREADS_MAX}.")
        if cursor is not None and not _CURSOR.fullmatch(cursor):
            raise BadRequest("The cursor is not one of this hub's.")
        queries = [
            _narrowed(query, columns, repository, cursor).limit(limit + 1)
            for query, columns in (
                (_page(principal, _shown(_of, which)), _of),
                (access.page(principal, _shown(_asked, which)), _asked),
            )
        ]

        def work(conn: sa.Connection) -> InboxPage:
            if repository is not None:
                decide_again(conn, principal, repository.id, Action.SEE)
            rows = [row for query in queries for row in conn.execute(query).mappings()]
            rows.sort(key=lambda row: row["event_id"], reverse=True)
            found = tuple(_told(conn, rows[:limit]))
            return InboxPage(found, str(found[-1].event_id) if len(rows) > limit else None)

        return self._database.read(work)

    def mark(self, principal: Principal, threads: Sequence[ThreadKey], mark: Mark) -> int:
        """Make threads of the inbox read, unread or done. How many there were of them.

        Raises:
            BadRequest: more than ``MARKED_MAX``.
            Unauthenticated, Forbidden: nobody asks, or a token that does not speak for its owner.
        """
        if len(threads) > MARKED_MAX:
            raise BadRequest(f"At most {MARKED_MAX} threads are marked at once.")
        return self._mark(principal, _which(threads), mark)

    def mark_all_read(self, principal: Principal) -> int:
        """Make the whole inbox read. How many threads were not.

        Raises:
            Unauthenticated, Forbidden: as ``mark``.
        """
        return self._mark(principal, (_UNREAD, _UNREAD_ACCESS), Mark.READ)

    def seen(self, principal: Principal, thread: ThreadKey) -> None:
        """The principal has looked at the thread in a browser: it is read now."""
        if principal.account_id is None or principal.token_role is not None:
            return
        which = _which([thread])
        if self._database.read(lambda conn: _has_unread(conn, principal, which)):
            self._mark(principal, which, Mark.READ)

    def _mark(self, principal: Principal, which: _Which, mark: Mark) -> int:
        """No event tells of it: whether somebody has looked is their own affair, and what a
        rebuild of the inbox may lose.
        """
        require_full_rights(principal)
        now = self._clock()
        values: dict[str, int | None] = {"read_at": now}
        if mark is Mark.UNREAD:
            values = {"read_at": None, "done_at": None}
        elif mark is Mark.DONE:
            values["done_at"] = now
        talk, asked = which
        # Of threads that may not be seen any more nothing is told, not even their number.
        seen = (
            _visible(principal, talk, _of.event_id),
            access.visible(principal, asked, _asked.event_id),
        )

        def work(conn: sa.Connection) -> int:
            told = 0
            for query in seen:
                count = sa.select(sa.func.count()).select_from(query.subquery())
                told += int(conn.execute(count).scalar_one())
            for table, rows in ((notifications, talk), (access_notices, asked)):
                mine = sa.and_(table.c.account_id == principal.account_id, rows)
                conn.execute(sa.update(table).where(mine).values(values))
            return told

        return self._database.write(work)


def _check_own(principal: Principal) -> None:
    if principal.is_anonymous:
        raise Unauthenticated
    if principal.token_role is TokenRole.FINE_GRAINED:
        raise Forbidden("This token does not have the right to do this.")


def _which(threads: Sequence[ThreadKey]) -> _Which:
    ids = {about: [thread.id for thread in threads if thread.about is about] for about in About}
    return _of.discussion_id.in_(ids[About.DISCUSSION]), _asked.repository_id.in_(ids[About.ACCESS])


def _has_unread(conn: sa.Connection, principal: Principal, which: _Which) -> bool:
    talk, asked = which
    queries = (
        sa.select(_of.event_id).where(_of.account_id == principal.account_id, talk, _UNREAD),
        sa.select(_asked.event_id).where(
            _asked.account_id == principal.account_id, asked, _UNREAD_ACCESS
        ),
    )
    return any(conn.execute(query).first() is not None for query in queries)


def _shown(of: ReadOnlyColumnCollection[str, Any], which: Filter) -> sa.ColumnElement[bool]:
    in_inbox = of.done_at.is_(None)
    return sa.and_(of.read_at.is_(None), in_inbox) if which is Filter.UNREAD else in_inbox


def _narrowed(
    query: sa.Select[Any],
    of: ReadOnlyColumnCollection[str, Any],
    repository: Repository | None,
    cursor: str | None,
) -> sa.Select[Any]:
    if cursor is not None:
        query = query.where(of.event_id < int(cursor))
    return query if repository is None else query.where(of.repository_id == repository.id)


def _visible(
    principal: Principal, which: sa.ColumnElement[bool], *columns: sa.ColumnElement[Any]
) -> sa.Select[Any]:
    """The principal's rows whose repositories it may see now."""
    return (
        sa.select(*columns)
        .select_from(notifications)
        .join(repositories, repositories.c.id == _of.repository_id)
        .where(_of.account_id == principal.account_id, which, visible_filter(principal))
    )


def _page(principal: Principal, which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    columns = (
        _of.discussion_id,
        _of.repository_id,
        _of.event_id,
        _of.reason,
        _of.happened_at,
        _of.read_at,
        discussions.c.number,
        discussions.c.title,
        discussions.c.is_pull_request,
        discussions.c.status,
        events.c.type,
        accounts.c.name.label("actor"),
    )
    return (
        _visible(principal, which, *columns)
        .join(discussions, discussions.c.id == _of.discussion_id)
        .join(events, events.c.id == _of.event_id)
        .join(accounts, accounts.c.id == events.c.actor_id, isouter=True)
        .order_by(_of.event_id.desc())
    )


def _told(conn: sa.Connection, rows: Sequence[sa.RowMapping]) -> list[Notification]:
    held = load_without_details(conn, sorted({row["repository_id"] for row in rows}))
    return [
        (_thread if "discussion_id" in row else access.told)(row, held[row["repository_id"]])
        for row in rows
    ]


def _thread(row: sa.RowMapping, repository: Repository) -> Notification:
    return Notification(
        thread=ThreadKey(About.DISCUSSION, row["discussion_id"]),
        repository=repository,
        number=row["number"],
        title=row["title"],
        is_pull_request=row["is_pull_request"],
        status=row["status"],
        event_id=row["event_id"],
        type=row["type"],
        actor=row["actor"],
        reason=Reason(row["reason"]),
        happened_at=row["happened_at"],
        is_read=row["read_at"] is not None,
    )
