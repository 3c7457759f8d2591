"""Reviews and threads as one viewer may know them, and where lines stand today.

Rights are asked in the transaction that reads; git is read after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import sqlalchemy as sa

from groundswell.core.errors import BadRequest
from groundswell.core.policy import Action
from groundswell.core.values import Principal, is_commit_id
from groundswell.hub.discussions import Discussion
from groundswell.hub.repos import Repository
from groundswell.hub.repos.finding import decide_again
from groundswell.hub.reviews import rows
from groundswell.hub.reviews.places import Diff
from groundswell.hub.reviews.standing import standing
from groundswell.hub.reviews.values import THREADS_MAX, Review, Thread, Verdict
from groundswell.store.database import Database
from groundswell.store.git import GitStore


class PullRequests(Protocol):
    """Knows where pull requests stand; ``hub.merging`` does, which needs verdicts itself."""

    def ends(self, repository: Repository, request: Discussion) -> tuple[str, str]:
        """Main and the head of a pull request. Of a merged one: main as it was before."""
        ...


class Reading:
    """Reads reviews in repositories that ``Repos.find`` gave for this principal."""

    def __init__(self, database: Database, git: GitStore, merging: PullRequests) -> None:
        self._database = database
        self._git = git
        self._merging = merging

    def request(self, repository: Repository, number: int) -> Discussion:
        """The pull request of that number.

        Raises:
            NotFound: there is none.
        """
        return self._database.read(lambda conn: rows.request_of(conn, repository.id, number))

    def standing(
        self, principal: Principal, repository: Repository, request: Discussion
    ) -> tuple[Verdict, ...]:
        """Where its reviewers stand now.

        Raises:
            RevisionNotFound: its branch, or main, is not there.
            RepoNotFound, …: as ``finding.decide_again``.
        """
        _, head = self._merging.ends(repository, request)

        def look(conn: sa.Connection) -> tuple[Verdict, ...]:
            decide_again(conn, principal, repository.id, Action.SEE)
            return standing(conn, request, head)

        return self._database.read(look)

    def listed(
        self,
        principal: Principal,
        repository: Repository,
        request: Discussion,
        *,
        after: int = 0,
        limit: int | None = None,
        only: Sequence[int] | None = None,
    ) -> tuple[Review, ...]:
        """Reviews with the threads that they began, in the order they were said: those after the
        comment of that id, or the ones that these comments say.

        Raises:
            RepoNotFound, GatedRepo, …: the principal may not read the repository.
        """

        def look(conn: sa.Connection) -> tuple[list[Review], list[Thread]]:
            decide_again(conn, principal, repository.id, Action.READ)
            found = rows.submitted(conn, request, after=after, limit=limit, only=only)
            numbers = [each.id for each in found]
            began = rows.threads(conn, request, principal.account_id, reviews=numbers)
            return found, began

        found, began = self._database.read(look)
        placed = self.placed(repository, request, began)
        return tuple(
            replace(each, threads=tuple(one for one in placed if one.review_id == each.id))
            for each in found
        )

    def threads(
        self,
        principal: Principal,
        repository: Repository,
        request: Discussion,
        *,
        limit: int = THREADS_MAX,
    ) -> tuple[Thread, ...]:
        """The newest threads, one's own pending ones among them.

        Raises:
            RepoNotFound, GatedRepo, …: the principal may not read the repository.
        """

        def look(conn: sa.Connection) -> list[Thread]:
            decide_again(conn, principal, repository.id, Action.READ)
            return rows.threads(conn, request, principal.account_id, limit=limit)

        return tuple(self.placed(repository, request, self._database.read(look)))

    def placed(
        self, repository: Repository, request: Discussion, found: Sequence[Thread]
    ) -> list[Thread]:
        """The same threads, with where they stand today."""
        if not found:
            return []
        diff = self.diff(repository, request)
        return [replace(each, present=diff.present(each)) for each in found]

    def diff(self, repository: Repository, request: Discussion, commit: str | None = None) -> Diff:
        """What the pull request changes at a commit of it (None: at its head).

        Raises:
            BadRequest: not a commit of this pull request.
        """
        main, head = self._merging.ends(repository, request)
        if commit is not None and commit != head:
            if not is_commit_id(commit) or not self._git.is_commit(repository.id, commit):
                raise BadRequest("This is not a commit of the pull request.")
            if not self._git.is_ancestor(repository.id, commit, head):
                raise BadRequest("This commit is no longer part of the pull request.")
            head = commit
        base = self._git.merging.base(repository.id, main, head)
        return Diff(self._git, repository.id, base, head)
