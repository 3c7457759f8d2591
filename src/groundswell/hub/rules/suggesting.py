"""Whom to ask for a review: who looks after what a pull request touches, by MAINTAINERS of main.

Knows that only somebody who may read it, and did not open it, can be asked. Asks nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import RevisionNotFound
from groundswell.core.policy import Action
from groundswell.core.values import Principal, Role, fold_name
from groundswell.hub.discussions import Discussion
from groundswell.hub.repos import Repository
from groundswell.hub.repos.finding import decide_again
from groundswell.hub.reviews.reading import PullRequests
from groundswell.hub.reviews.requests import listed, may_read
from groundswell.hub.rules.requirements import touched_areas
from groundswell.store.database import Database
from groundswell.store.git import GitStore
from groundswell.store.tables import accounts, memberships

SUGGESTED_MAX: Final = 8
OWNERS_LOOKED_MAX: Final = 50
_MEMBERS_LOOKED_MAX: Final = 20  # of one organisation


class Suggesting:
    """Suggests reviewers in repositories that ``Repos.find`` gave for this principal."""

    def __init__(self, database: Database, git: GitStore, merging: PullRequests) -> None:
        self._database = database
        self._git = git
        self._merging = merging

    def people(
        self, principal: Principal, repository: Repository, request: Discussion
    ) -> tuple[str, ...]:
        """Names of people who look after touched paths and were not asked yet; of an
        organisation, some of its members who may write.

        Raises:
            RepoNotFound, GatedRepo, …: the principal may not read the repository.
        """
        try:
            main, head = self._merging.ends(repository, request)
        except RevisionNotFound:
            return ()
        base = self._git.merging.base(repository.id, main, head)
        faults: list[str] = []
        areas = touched_areas(self._git, repository.id, main, base, head, faults)
        names = list(dict.fromkeys(name for owners in areas for name in owners))

        def look(conn: sa.Connection) -> tuple[str, ...]:
            decide_again(conn, principal, repository.id, Action.READ)
            passed = {each.reviewer for each in listed(conn, request)} | {request.author}
            found: list[str] = []
            for id_, name in _people(conn, names[:OWNERS_LOOKED_MAX]):
                if name in passed or not may_read(conn, id_, repository.id):
                    continue
                passed.add(name)
                found.append(name)
                if len(found) == SUGGESTED_MAX:
                    break
            return tuple(found)

        return self._database.read(look) if names else ()


def _people(conn: sa.Connection, names: Iterable[str]) -> Iterator[tuple[int, str]]:
    for name in names:
        query = sa.select(accounts.c.id, accounts.c.name, accounts.c.kind).where(
            accounts.c.folded == fold_name(name)
        )
        row = conn.execute(query).one_or_none()
        if row is None:
            continue
        if row.kind == "user":
            yield row.id, row.name
            continue
        members = (
            sa.select(accounts.c.id, accounts.c.name)
            .join_from(memberships, accounts, accounts.c.id == memberships.c.user_id)
            .where(
                memberships.c.organisation_id == row.id,
                memberships.c.role.in_([Role.WRITE.value, Role.ADMIN.value]),
            )
            .order_by(accounts.c.folded)
            .limit(_MEMBERS_LOOKED_MAX)
        )
        for member in conn.execute(members).all():
            yield member.id, member.name
