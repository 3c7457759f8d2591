"""Who follows whom.

Knows that anybody may follow any account but their own, and that closed accounts are in no list
and no count. Does not know what following brings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest
from groundswell.core.values import Principal
from groundswell.hub.accounts import Account, AccountKind, directory
from groundswell.hub.accounts.rights import require_full_rights
from groundswell.hub.cursors import PAGE_ROWS, Order, next_cursor
from groundswell.hub.events import record
from groundswell.store.database import Database, insert_ignore
from groundswell.store.tables import accounts, follows

FOLLOWS_MAX: Final = 5_000

_FOLLOWERS: Final = Order(follows.c.followed_at, follows.c.follower_id)
_FOLLOWED: Final = Order(follows.c.followed_at, follows.c.followed_id)


@dataclass(frozen=True, slots=True)
class Followed:
    """An account in a list, and whether the asker follows it."""

    account: Account
    is_followed: bool


@dataclass(frozen=True, slots=True)
class FollowPage:
    """A page of followers or of those who are followed, latest first."""

    accounts: tuple[Followed, ...]
    next_cursor: str | None


class Follows:
    """Following, and lists of it. ``kind`` says what the account has to be, if anything."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    def follow(self, principal: Principal, name: str, kind: AccountKind | None = None) -> None:
        """Follow an account. Following it twice changes nothing.

        Raises:
            AccountNotFound: there is no such account.
            BadRequest: oneself, or more than one may follow.
            Unauthenticated, Forbidden: nobody asks, or a token that does not speak for its owner.
        """
        require_full_rights(principal)

        def work(conn: sa.Connection) -> None:
            account = directory.find(conn, name, kind)
            if account.id == principal.account_id:
                raise BadRequest("Nobody follows themselves.")
            now = self._clock()
            row = {"follower_id": principal.account_id, "followed_id": account.id}
            if insert_ignore(conn, follows, {**row, "followed_at": now}):
                _check_bound(conn, principal)
                payload = {"account_id": account.id}
                record(conn, now, "account.followed", principal.account_id, None, payload)

        self._database.write(work)

    def unfollow(self, principal: Principal, name: str, kind: AccountKind | None = None) -> None:
        """Follow an account no longer. Idempotent.

        Raises:
            AccountNotFound, Unauthenticated, Forbidden: as ``follow``.
        """
        require_full_rights(principal)

        def work(conn: sa.Connection) -> None:
            account = directory.find(conn, name, kind)
            mine = sa.delete(follows).where(
                follows.c.follower_id == principal.account_id, follows.c.followed_id == account.id
            )
            if conn.execute(mine).rowcount:
                payload = {"account_id": account.id}
                now = self._clock()
                record(conn, now, "account.unfollowed", principal.account_id, None, payload)

        self._database.write(work)

    def followers(
        self,
        principal: Principal,
        name: str,
        kind: AccountKind | None = None,
        *,
        cursor: str | None = None,
        limit: int = PAGE_ROWS,
    ) -> FollowPage:
        """A page of those who follow an account.

        Raises:
            AccountNotFound: there is no such account.
            BadRequest: a cursor that no page gave, or a limit that cannot be.
        """

        def work(conn: sa.Connection) -> FollowPage:
            account = directory.find(conn, name, kind)
            query = _FOLLOWERS.page(_followers(account.id), cursor, limit)
            return _page(conn, principal, query, limit)

        return self._database.read(work)

    def following(
        self,
        principal: Principal,
        name: str,
        *,
        what: AccountKind | None = None,
        cursor: str | None = None,
        limit: int = PAGE_ROWS,
    ) -> FollowPage:
        """A page of those whom a user follows: users, organisations, or with None both.

        Raises:
            AccountNotFound: there is no such user.
            BadRequest: a cursor that no page gave, or a limit that cannot be.
        """

        def work(conn: sa.Connection) -> FollowPage:
            account = directory.find(conn, name, AccountKind.USER)
            query = _FOLLOWED.page(_following(account.id, what), cursor, limit)
            return _page(conn, principal, query, limit)

        return self._database.read(work)


def _followers(account_id: int) -> sa.Select[Any]:
    return (
        sa.select(accounts, follows.c.followed_at)
        .join_from(follows, accounts, follows.c.follower_id == accounts.c.id)
        .where(follows.c.followed_id == account_id, accounts.c.disabled_at.is_(None))
    )


def _following(account_id: int, what: AccountKind | None) -> sa.Select[Any]:
    query = (
        sa.select(accounts, follows.c.followed_at)
        .join_from(follows, accounts, follows.c.followed_id == accounts.c.id)
        .where(follows.c.follower_id == account_id, accounts.c.disabled_at.is_(None))
    )
    return query if what is None else query.where(accounts.c.kind == what.value)


def _page(
    conn: sa.Connection, principal: Principal, query: sa.Select[Any], limit: int
) -> FollowPage:
    rows = conn.execute(query).mappings().all()
    found = [directory.account_from(row) for row in rows[:limit]]
    mine = followed_among(conn, principal, [each.id for each in found])
    return FollowPage(
        tuple(Followed(each, each.id in mine) for each in found),
        next_cursor(rows, limit, "followed_at", "id"),
    )


def followed_among(conn: sa.Connection, principal: Principal, numbers: Sequence[int]) -> set[int]:
    """Those of the accounts whom the principal follows."""
    query = sa.select(follows.c.followed_id).where(
        follows.c.follower_id == principal.account_id, follows.c.followed_id.in_(numbers)
    )
    return set(conn.execute(query).scalars())


def counts_of(conn: sa.Connection, account_id: int) -> tuple[int, int]:
    """How many accounts follow it, and how many users it follows, as the lists show them."""
    lists = (_followers(account_id), _following(account_id, AccountKind.USER))
    followers, following = (
        int(
            conn.execute(
                sa.select(sa.func.count()).select_from(
                    rows.with_only_columns(accounts.c.id).subquery()
                )
            ).scalar_one()
        )
        for rows in lists
    )
    return followers, following


def _check_bound(conn: sa.Connection, principal: Principal) -> None:
    """Refuse the row that was just written when it is one too many."""
    mine = sa.select(follows.c.followed_id).where(follows.c.follower_id == principal.account_id)
    rows = mine.limit(FOLLOWS_MAX + 1).subquery()
    if conn.execute(sa.select(sa.func.count()).select_from(rows)).scalar_one() > FOLLOWS_MAX:
        raise BadRequest(f"An account follows at most {FOLLOWS_MAX} others.")
