"""Activity of a repository, a person, an organisation, and of what somebody follows.

Knows which streams of events belong to each, and how far back a page looks. Keeps nothing: the
events are the record.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Unauthenticated
from groundswell.core.policy import Action
from groundswell.core.values import Principal
from groundswell.hub.accounts import directory
from groundswell.hub.activity import streams
from groundswell.hub.activity.streams import STREAMS_MAX, Row, Streams
from groundswell.hub.activity.telling import tell
from groundswell.hub.activity.values import Activity, ActivityPage
from groundswell.hub.repos import Repository, visible_filter
from groundswell.hub.repos.finding import decide_again
from groundswell.store.database import Database
from groundswell.store.tables import accounts, follows, repositories, watches

PAGE_ACTIVITIES: Final = 30
PAGE_ACTIVITIES_MAX: Final = 100
# Of events that may not be told, or are not worth it, a page looks at this many at most; then it is
# the last one. So a page's time has a bound, and nothing tells how much there is to hide.
EVENTS_LOOKED_AT_MAX: Final = 2_000

_CURSOR: Final = re.compile(r"\d{1,18}", re.ASCII)
_NEWEST: Final = 1 << 62
_Fetch = Callable[[int, int], list[Row]]


class Activities:
    """Reads events as activity. Every page is one transaction, which also judges rights."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_repository(
        self,
        principal: Principal,
        repository: Repository,
        *,
        cursor: str | None = None,
        limit: int = PAGE_ACTIVITIES,
    ) -> ActivityPage:
        """What happened in a repository.

        Raises:
            BadRequest: a cursor that no page gave, or a limit that cannot be.
            RepoNotFound: it became hidden meanwhile.
        """
        before = _before(cursor, limit)

        def work(conn: sa.Connection) -> ActivityPage:
            decide_again(conn, principal, repository.id, Action.SEE)

            def fetch(before: int, many: int) -> list[Row]:
                return streams.of_repository(conn, repository.id, before, many)

            return _page(conn, principal, fetch, before, limit)

        return self._database.read(work)

    def of_account(
        self,
        principal: Principal,
        name: str,
        *,
        cursor: str | None = None,
        limit: int = PAGE_ACTIVITIES,
    ) -> ActivityPage:
        """What a person did, or what happened in the repositories of an organisation; of these, in
        the ``STREAMS_MAX`` that were changed last.

        Raises:
            AccountNotFound: there is no such account.
            BadRequest: a cursor that no page gave, or a limit that cannot be.
        """
        before = _before(cursor, limit)

        def work(conn: sa.Connection) -> ActivityPage:
            account = directory.find(conn, name)
            mine = _repositories(principal, repositories.c.owner_id == account.id)

            def fetch(before: int, many: int) -> list[Row]:
                if account.is_organisation:
                    return streams.newest(conn, Streams(repositories=mine), before, many)
                return streams.of_actor(conn, account.id, before, many)

            return _page(conn, principal, fetch, before, limit)

        return self._database.read(work)

    def home(
        self, principal: Principal, *, cursor: str | None = None, limit: int = PAGE_ACTIVITIES
    ) -> ActivityPage:
        """What people did whom the principal follows, and what happened in repositories that are
        its own, that it watches, or that organisations have which it follows.

        Raises:
            Unauthenticated: nobody in particular asks.
            BadRequest: a cursor that no page gave, or a limit that cannot be.
        """
        if principal.account_id is None:
            raise Unauthenticated
        before = _before(cursor, limit)
        wanted = _streams_of(principal, principal.account_id)

        def work(conn: sa.Connection) -> ActivityPage:
            def fetch(before: int, many: int) -> list[Row]:
                return streams.newest(conn, wanted, before, many)

            return _page(conn, principal, fetch, before, limit)

        return self._database.read(work)


def _before(cursor: str | None, limit: int) -> int:
    if not 1 <= limit <= PAGE_ACTIVITIES_MAX:
        raise BadRequest(f"limit must be between 1 and {PAGE_ACTIVITIES_MAX}.")
    if cursor is None:
        return _NEWEST
    if not _CURSOR.fullmatch(cursor):
        raise BadRequest("The cursor is not one of this hub's.")
    return int(cursor)


def _page(
    conn: sa.Connection, principal: Principal, fetch: _Fetch, before: int, limit: int
) -> ActivityPage:
    """Reads on until the page is full, the events end, or enough were looked at."""
    found: list[Activity] = []
    looked_at, many = 0, 2 * limit
    while len(found) <= limit and looked_at < EVENTS_LOOKED_AT_MAX:
        rows = fetch(before, many)
        found += tell(conn, principal, rows)
        if len(rows) < many:
            break
        before = rows[-1]["id"]
        looked_at += many
        many = EVENTS_LOOKED_AT_MAX // 2
    shown = tuple(found[:limit])
    return ActivityPage(shown, str(shown[-1].id) if len(found) > limit else None)


def _repositories(
    principal: Principal, *conditions: sa.ColumnElement[bool]
) -> sa.Select[tuple[int]]:
    """The visible ones that meet any condition; of each, when many do, those changed last.

    Each condition is a select of its own: so every one goes by its index, in the order of it.
    """
    parts = [
        sa.select(
            sa.select(repositories.c.id)
            .where(condition, visible_filter(principal))
            .order_by(repositories.c.modified_at.desc())
            .limit(STREAMS_MAX)
            .subquery()
        )
        for condition in conditions
    ]
    return sa.select(sa.union(*parts).subquery().c.id)


def _streams_of(principal: Principal, account_id: int) -> Streams:
    followed = sa.select(follows.c.followed_id).join_from(
        follows, accounts, accounts.c.id == follows.c.followed_id
    )
    followed = followed.where(follows.c.follower_id == account_id, accounts.c.disabled_at.is_(None))
    organisations = followed.where(accounts.c.kind == "organisation")
    people = followed.where(accounts.c.kind == "user")
    watched, ignored = (
        sa.select(watches.c.repository_id).where(
            watches.c.account_id == account_id, watches.c.level == level
        )
        for level in ("all", "none")
    )
    wanted = _repositories(
        principal,
        repositories.c.owner_id == account_id,
        repositories.c.owner_id.in_(organisations),
        repositories.c.id.in_(watched),
    )
    number = wanted.selected_columns[0]
    return Streams(
        repositories=wanted.where(number.not_in(ignored)),
        actors=people.order_by(follows.c.followed_at.desc()).limit(STREAMS_MAX),
    )
