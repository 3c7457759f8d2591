"""Quotas: how much a namespace's repositories may hold together.

Knows links and limits. What counts is linked bytes: each content once for every repository that
holds it, whatever else has the same bytes, so that nobody's room depends on what others store, and
a stranger learns nothing from it (docs/decisions/0010-quotas-count-links.md); and what a namespace
attached to discussions, wherever those are. Does not know doors: each asks before bytes travel, and
again before anything is linked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import QuotaExceeded
from groundswell.core.values import size_text
from groundswell.hub.blobs.links import claimed_or_linked
from groundswell.store.database import Database
from groundswell.store.tables import (
    accounts,
    attachments,
    blobs,
    links,
    memberships,
    repositories,
)

UNLIMITED: Final = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """What a namespace holds. ``limit_bytes`` is None where there is no limit; ``is_own`` tells a
    limit set for it from the hub's.
    """

    namespace: str
    linked_bytes: int
    limit_bytes: int | None
    is_own: bool


@dataclass(frozen=True, slots=True)
class _Owner:
    """A namespace with a limit."""

    id: int
    name: str
    limit_bytes: int


class Quotas:
    """The room of each namespace. ``default_bytes`` holds where none was set; 0 is no limit."""

    def __init__(self, database: Database, default_bytes: int = UNLIMITED) -> None:
        self._database = database
        self._default_bytes = default_bytes

    def check(self, repository_id: int, account_id: int | None, sizes: Mapping[str, int]) -> None:
        """See that a repository may hold these contents (sha256 -> bytes) too.

        Raises:
            QuotaExceeded: its namespace would hold more than it may. What it holds is told to
                those whose namespace it is.
        """
        self._database.read(lambda conn: self.check_in(conn, repository_id, account_id, sizes))

    def check_in(
        self,
        conn: sa.Connection,
        repository_id: int,
        account_id: int | None,
        sizes: Mapping[str, int],
    ) -> None:
        """The same inside a transaction."""
        owner = self._owner_of(conn, repository_id)
        if owner is None or not sizes:
            return
        held = claimed_or_linked(conn, repository_id, None, list(sizes))
        more = sum(size for sha256, size in sizes.items() if sha256 not in held)
        self._decide(conn, owner, more, account_id)

    def check_unnamed(
        self, repository_id: int, account_id: int | None, count: Callable[[], int]
    ) -> None:
        """The same for bytes whose hashes are not known yet; ``count`` is asked for them where
        there is a limit.

        Raises:
            QuotaExceeded: as ``check``.
        """
        owner = self._database.read(lambda conn: self._owner_of(conn, repository_id))
        if owner is not None:
            more = count()
            self._database.read(lambda conn: self._decide(conn, owner, more, account_id))

    def check_arrival(
        self, conn: sa.Connection, owner_id: int, repository_id: int, account_id: int | None
    ) -> None:
        """See that a namespace may take a repository over, with all that it holds.

        Raises:
            QuotaExceeded: as ``check``.
        """
        query = sa.select(accounts.c.id, accounts.c.name, accounts.c.quota_bytes)
        owner = self._limited(conn.execute(query.where(accounts.c.id == owner_id)).one())
        if owner is not None:
            more = _sum(conn, links.c.repository_id == repository_id)
            self._decide(conn, owner, more, account_id)

    def check_attached(self, conn: sa.Connection, account_id: int, size_bytes: int) -> None:
        """See that an account may attach so much to discussions: its own namespace bears it.

        Raises:
            QuotaExceeded: as ``check``.
        """
        query = sa.select(accounts.c.id, accounts.c.name, accounts.c.quota_bytes)
        owner = self._limited(conn.execute(query.where(accounts.c.id == account_id)).one())
        if owner is not None:
            self._decide(conn, owner, size_bytes, account_id)

    def usages(self, names: Collection[str] = ()) -> list[Usage]:
        """What namespaces hold, the largest first; all of them, or those of the names."""
        folded = [name.lower() for name in names]
        query = sa.select(accounts.c.id, accounts.c.name, accounts.c.quota_bytes)
        if folded:
            query = query.where(accounts.c.folded.in_(folded))

        def work(conn: sa.Connection) -> list[Usage]:
            return [
                Usage(
                    row.name,
                    _linked_bytes(conn, row.id),
                    self._limit(row.quota_bytes) or None,
                    row.quota_bytes is not None,
                )
                for row in conn.execute(query).all()
            ]

        found = self._database.read(work)
        return sorted(found, key=lambda each: (-each.linked_bytes, each.namespace))

    def limit_of(self, account_id: int) -> int | None:
        """How much a namespace may hold; None where there is no limit."""
        query = sa.select(accounts.c.quota_bytes).where(accounts.c.id == account_id)
        own = self._database.read(lambda conn: conn.execute(query).scalar_one_or_none())
        return self._limit(own) or None

    def set(self, name: str, quota_bytes: int | None) -> bool:
        """Give a namespace a limit of its own: 0 is none, None the hub's. False: no such name."""
        statement = (
            sa.update(accounts)
            .where(accounts.c.folded == name.lower())
            .values(quota_bytes=quota_bytes)
        )
        return self._database.write(lambda conn: conn.execute(statement).rowcount) > 0

    def _limit(self, quota_bytes: int | None) -> int:
        return self._default_bytes if quota_bytes is None else quota_bytes

    def _owner_of(self, conn: sa.Connection, repository_id: int) -> _Owner | None:
        """The namespace of a repository, when it has a limit."""
        query = (
            sa.select(accounts.c.id, accounts.c.name, accounts.c.quota_bytes)
            .join_from(repositories, accounts, repositories.c.owner_id == accounts.c.id)
            .where(repositories.c.id == repository_id)
        )
        row = conn.execute(query).one_or_none()
        return None if row is None else self._limited(row)

    def _limited(self, row: sa.Row[int, str, int | None]) -> _Owner | None:
        limit = self._limit(row.quota_bytes)
        return _Owner(row.id, row.name, limit) if limit else None

    def _decide(
        self, conn: sa.Connection, owner: _Owner, more: int, account_id: int | None
    ) -> None:
        if more == 0:
            return
        used = _linked_bytes(conn, owner.id)
        if used + more <= owner.limit_bytes:
            return
        what = f"{owner.name} has no room here for the {size_text(more)} that this needs."
        if account_id is not None and _belongs(conn, owner.id, account_id):
            what = (
                f"This needs {size_text(more)} more, and {owner.name} holds {size_text(used)} of "
                f"{size_text(owner.limit_bytes)}."
            )
        msg = f"{what} Delete files from history or repositories, or ask the hub's admin for room."
        raise QuotaExceeded(msg)


def _linked_bytes(conn: sa.Connection, owner_id: int) -> int:
    of_owner = sa.select(repositories.c.id).where(
        repositories.c.owner_id == owner_id, repositories.c.deleted_at.is_(None)
    )
    attached = sa.select(sa.func.coalesce(sa.func.sum(attachments.c.size_bytes), 0))
    attached = attached.where(attachments.c.uploader_id == owner_id)
    return _sum(conn, links.c.repository_id.in_(of_owner)) + int(
        conn.execute(attached).scalar_one()
    )


def _sum(conn: sa.Connection, which: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.coalesce(sa.func.sum(blobs.c.size_bytes), 0))
    query = query.join_from(links, blobs, links.c.sha256 == blobs.c.sha256).where(which)
    return int(conn.execute(query).scalar_one())


def _belongs(conn: sa.Connection, owner_id: int, account_id: int) -> bool:
    if owner_id == account_id:
        return True
    query = sa.select(memberships.c.user_id).where(
        memberships.c.organisation_id == owner_id, memberships.c.user_id == account_id
    )
    return conn.execute(query).first() is not None
