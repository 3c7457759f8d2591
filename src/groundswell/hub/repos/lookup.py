"""What every part of ``Repos`` stands on: its dependencies, the lookup, and reading of a commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from groundswell.core.errors import RepoNotFound
from groundswell.core.policy import Action
from groundswell.core.values import Principal, RepoId, RepoKind
from groundswell.hub import facts
from groundswell.hub.blobs.quotas import UNLIMITED, Quotas
from groundswell.hub.repos import finding, trees
from groundswell.hub.repos.downloads import DownloadCounter
from groundswell.hub.repos.rows import Repository
from groundswell.store.database import Database
from groundswell.store.git import GitStore

Clock = Callable[[], int]


class Lookup:
    """Finds repositories for a principal. See ``Repos``."""

    def __init__(
        self,
        database: Database,
        git: GitStore,
        clock: Clock,
        contents: trees.Contents | None = None,
        *,
        quota_bytes: int = UNLIMITED,
    ) -> None:
        self._database = database
        self._git = git
        self._clock = clock
        self._contents = contents
        self._quotas = Quotas(database, quota_bytes)
        self._downloads = DownloadCounter(database, clock)

    def find(self, principal: Principal, repo_id: RepoId, action: Action) -> Repository:
        """The repository of that name, when the principal may do ``action`` to it.

        Case does not count. An old name of a visible repository raises RepoMoved; whatever is
        missing, deleted or hidden looks the same.

        Raises:
            RepoMoved: with the present name.
            RepoNotFound: no such repository, or none that the principal may know of.
            Unauthenticated, Forbidden, GatedRepo, DisabledRepo: as ``core.policy`` decides.
        """
        return self._database.read(
            lambda conn: finding.find(conn, principal, repo_id, action, self._clock())
        )

    def find_by_number(
        self, principal: Principal, repository_id: int, action: Action
    ) -> Repository:
        """The same by the repository's number, for rights that travel in tokens and URLs.

        Raises:
            RepoNotFound, Unauthenticated, Forbidden, GatedRepo, DisabledRepo: as ``find``.
        """

        def work(conn: sa.Connection) -> Repository:
            repository = finding.load_for(conn, principal, repository_id, self._clock())
            if repository is None:
                raise RepoNotFound
            finding.decide(principal, repository, action)
            return repository

        return self._database.read(work)

    def auth_check(self, principal: Principal, repo_id: RepoId, *, write: bool = False) -> None:
        """Nothing when the principal may read, or write; otherwise what ``find`` raises."""
        self.find(principal, repo_id, Action.WRITE if write else Action.READ)

    def _describe(
        self, number: int, kind: RepoKind, head: str | None, previous: Mapping[str, Any]
    ) -> facts.Description:
        if head is None:
            return facts.Description()
        files = trees.CommitFiles(self._git, self._contents, number, head)
        return facts.describe(files, kind, previous)
