"""What one may know of an account at a glance: who belongs to it, and counts of what it did.

Knows that every count is of what the asker may see, so that none tells of anything hidden. Does
not know how a door writes it.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from groundswell.core.values import Principal, RepoKind
from groundswell.hub import follows, likes
from groundswell.hub.accounts import Account, AccountKind, Member, directory
from groundswell.hub.collections.finding import visible_collections
from groundswell.hub.repos import visible_filter
from groundswell.store.database import Database
from groundswell.store.tables import collections, discussions, repositories


@dataclass(frozen=True, slots=True)
class Overview:
    """An account as the asker meets it.

    ``repository_counts`` are by kind. ``upvote_count`` is of upvotes that its collections received,
    ``like_count`` of likes that it gave, ``following_count`` of users whom it follows.
    """

    account: Account
    members: tuple[Member, ...]
    repository_counts: dict[str, int]
    collection_count: int
    discussion_count: int
    like_count: int
    upvote_count: int
    follower_count: int
    following_count: int
    is_followed: bool


class Overviews:
    """Overviews of accounts for a principal."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, principal: Principal, name: str, kind: AccountKind | None = None) -> Overview:
        """What the principal may know of an account, from one snapshot.

        Raises:
            AccountNotFound: there is none, or one of the other kind.
        """

        def work(conn: sa.Connection) -> Overview:
            return _overview(conn, principal, directory.find(conn, name, kind))

        return self._database.read(work)


def _overview(conn: sa.Connection, principal: Principal, account: Account) -> Overview:
    collection_count, upvote_count = _collections(conn, principal, account.id)
    follower_count, following_count = follows.counts_of(conn, account.id)
    return Overview(
        account=account,
        members=directory.members(conn, organisation=account)
        if account.is_organisation
        else directory.members(conn, user=account),
        repository_counts=_repositories(conn, principal, account.id),
        collection_count=collection_count,
        discussion_count=_discussions(conn, principal, account.id),
        like_count=likes.count_of(conn, principal, account.id),
        upvote_count=upvote_count,
        follower_count=follower_count,
        following_count=following_count,
        is_followed=bool(follows.followed_among(conn, principal, [account.id])),
    )


def _repositories(conn: sa.Connection, principal: Principal, account_id: int) -> dict[str, int]:
    table = repositories
    query = (
        sa.select(table.c.kind, sa.func.count().label("found"))
        .where(table.c.owner_id == account_id, visible_filter(principal))
        .group_by(table.c.kind)
    )
    found = {row.kind: row.found for row in conn.execute(query)}
    return {kind.value: found.get(kind.value, 0) for kind in RepoKind}


def _collections(conn: sa.Connection, principal: Principal, account_id: int) -> tuple[int, int]:
    """How many collections, and their upvotes together."""
    upvotes = sa.func.coalesce(sa.func.sum(collections.c.upvotes), 0)
    query = sa.select(sa.func.count(), upvotes).where(
        collections.c.owner_id == account_id, visible_collections(principal)
    )
    count, together = conn.execute(query).one()
    return count, int(together)


def _discussions(conn: sa.Connection, principal: Principal, account_id: int) -> int:
    query = (
        sa.select(sa.func.count())
        .select_from(discussions)
        .join(repositories, discussions.c.repository_id == repositories.c.id)
        .where(discussions.c.author_id == account_id, visible_filter(principal))
    )
    return int(conn.execute(query).scalar_one())
