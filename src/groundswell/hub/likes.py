"""Likes: who likes which repository.

Knows that a like counts once, is shown only with a repository that the asker may see, and that
``repositories.likes`` counts the likes of accounts that are not closed. Does not know what is
made of the number (``hub.search``, ``hub.upkeep.trending``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest
from groundswell.core.policy import Action
from groundswell.core.values import Principal
from groundswell.hub.accounts import Account, directory
from groundswell.hub.accounts.rights import require_full_rights
from groundswell.hub.cursors import PAGE_ROWS, Order, next_cursor
from groundswell.hub.events import record
from groundswell.hub.repos import Repository, visible_filter
from groundswell.hub.repos.finding import decide_again
from groundswell.hub.repos.rows import load_without_details
from groundswell.store.database import Database, insert_ignore
from groundswell.store.tables import accounts, likes, repositories

LIKES_MAX: Final = 20_000

_BY_ACCOUNT: Final = Order(likes.c.liked_at, likes.c.repository_id)
_BY_REPOSITORY: Final = Order(likes.c.liked_at, likes.c.account_id)


@dataclass(frozen=True, slots=True)
class Like:
    """A repository that somebody likes, and since when (microseconds since the epoch).

    The repository comes without tags, card, facts and settings.
    """

    repository: Repository
    liked_at: int


@dataclass(frozen=True, slots=True)
class LikePage:
    """A page of somebody's likes, newest first; ``next_cursor`` None on the last one."""

    likes: tuple[Like, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class LikerPage:
    """A page of the people who like a repository, latest first."""

    accounts: tuple[Account, ...]
    next_cursor: str | None


class Likes:
    """Likes of repositories that ``Repos.find`` gave for the principal."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    def give(self, principal: Principal, repository: Repository) -> int:
        """Like the repository; how many do. Liking it twice changes nothing.

        Raises:
            BadRequest: the principal likes as many as one account may.
            RepoNotFound: it became hidden meanwhile.
            Unauthenticated, Forbidden: nobody asks, or a token that does not speak for its owner.
        """
        require_full_rights(principal)

        def work(conn: sa.Connection) -> int:
            decide_again(conn, principal, repository.id, Action.SEE)
            now = self._clock()
            row = {"account_id": principal.account_id, "repository_id": repository.id}
            if insert_ignore(conn, likes, {**row, "liked_at": now}):
                _check_bound(conn, principal)
                _count(conn, repository.id, 1)
                record(conn, now, "repository.liked", principal.account_id, repository.id, {})
            return _number_of(conn, repository.id)

        return self._database.write(work)

    def take_back(self, principal: Principal, repository: Repository) -> int:
        """Like the repository no longer; how many still do. Idempotent.

        Raises:
            RepoNotFound, Unauthenticated, Forbidden: as ``give``.
        """
        require_full_rights(principal)

        def work(conn: sa.Connection) -> int:
            decide_again(conn, principal, repository.id, Action.SEE)
            mine = sa.and_(
                likes.c.account_id == principal.account_id,
                likes.c.repository_id == repository.id,
            )
            if conn.execute(sa.delete(likes).where(mine)).rowcount:
                _count(conn, repository.id, -1)
                now = self._clock()
                record(conn, now, "repository.unliked", principal.account_id, repository.id, {})
            return _number_of(conn, repository.id)

        return self._database.write(work)

    def is_given(self, principal: Principal, repository: Repository) -> bool:
        """Whether the principal likes it."""
        query = sa.select(likes.c.liked_at).where(
            likes.c.account_id == principal.account_id, likes.c.repository_id == repository.id
        )
        return self._database.read(lambda conn: conn.execute(query).first() is not None)

    def likers(
        self, repository: Repository, *, cursor: str | None = None, limit: int = PAGE_ROWS
    ) -> LikerPage:
        """A page of those who like the repository. Closed accounts are left out.

        Raises:
            BadRequest: a cursor that no page gave, or a limit that cannot be.
        """
        chosen = (
            sa.select(accounts, likes.c.liked_at.label("liked_at"))
            .join_from(likes, accounts, likes.c.account_id == accounts.c.id)
            .where(likes.c.repository_id == repository.id, accounts.c.disabled_at.is_(None))
        )
        query = _BY_REPOSITORY.page(chosen, cursor, limit)

        def work(conn: sa.Connection) -> LikerPage:
            rows = conn.execute(query).mappings().all()
            found = tuple(directory.account_from(row) for row in rows[:limit])
            return LikerPage(found, next_cursor(rows, limit, "liked_at", "id"))

        return self._database.read(work)

    def of_account(
        self,
        principal: Principal,
        name: str,
        *,
        cursor: str | None = None,
        limit: int = PAGE_ROWS,
    ) -> LikePage:
        """A page of what an account likes, as far as the principal may see the repositories.

        Raises:
            AccountNotFound: there is no such account.
            BadRequest: a cursor that no page gave, or a limit that cannot be.
        """

        def work(conn: sa.Connection) -> LikePage:
            account = directory.find(conn, name)
            query = _BY_ACCOUNT.page(_visible(principal, account.id), cursor, limit)
            rows = conn.execute(query).mappings().all()
            liked = load_without_details(conn, [row["id"] for row in rows[:limit]])
            found = tuple(Like(liked[row["id"]], row["liked_at"]) for row in rows[:limit])
            return LikePage(found, next_cursor(rows, limit, "liked_at", "id"))

        return self._database.read(work)


def _visible(principal: Principal, account_id: int) -> sa.Select[tuple[int, int]]:
    """An account's likes of what the principal may see."""
    table = repositories
    return (
        sa.select(table.c.id, likes.c.liked_at)
        .join_from(likes, table, likes.c.repository_id == table.c.id)
        .where(likes.c.account_id == account_id, visible_filter(principal))
    )


def count_of(conn: sa.Connection, principal: Principal, account_id: int) -> int:
    """How many likes ``Likes.of_account`` would list."""
    rows = _visible(principal, account_id).subquery()
    return int(conn.execute(sa.select(sa.func.count()).select_from(rows)).scalar_one())


def _check_bound(conn: sa.Connection, principal: Principal) -> None:
    """Refuse the like that was just written when it is one too many."""
    mine = sa.select(likes.c.repository_id).where(likes.c.account_id == principal.account_id)
    rows = mine.limit(LIKES_MAX + 1).subquery()
    if conn.execute(sa.select(sa.func.count()).select_from(rows)).scalar_one() > LIKES_MAX:
        raise BadRequest(f"An account likes at most {LIKES_MAX} repositories.")


def _count(conn: sa.Connection, repository_id: int, more: int) -> None:
    conn.execute(
        sa.update(repositories)
        .where(repositories.c.id == repository_id)
        .values(likes=repositories.c.likes + more)
    )


def _number_of(conn: sa.Connection, repository_id: int) -> int:
    query = sa.select(repositories.c.likes).where(repositories.c.id == repository_id)
    return int(conn.execute(query).scalar_one())
