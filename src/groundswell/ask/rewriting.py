"""Datasets whose few small files are written anew in one commit, by what they were before.

Sets of questions and corrections of graphs are such. Knows that others may commit meanwhile. Does
not know what the files say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from groundswell.core.errors import (
    EntryNotFound,
    ParentMoved,
    RepoNotFound,
    RevisionNotFound,
)
from groundswell.core.policy import Action
from groundswell.core.values import AddRegular, CommitHeader, Principal, RepoId, Visibility
from groundswell.hub.commits import Commits
from groundswell.hub.content import Content
from groundswell.hub.repos import Repos, Repository

BRANCH: Final = "main"
# Somebody else may commit at the same moment, and again.
_TRIES: Final = 5

Read = Callable[[str, int], bytes | None]
"""A file of the dataset, up to so many bytes; None where there is none."""


@dataclass(frozen=True)
class Rewriting:
    """Changes of such datasets of a hub."""

    repos: Repos
    content: Content
    commits: Commits

    def repository(
        self, principal: Principal, repo_id: RepoId, visibility: Visibility
    ) -> Repository:
        """The dataset; made, with that visibility, where there is none.

        Raises:
            Forbidden, Unauthenticated: the principal may not write there.
        """
        try:
            return self.repos.find(principal, repo_id, Action.CONTRIBUTE)
        except RepoNotFound:
            return self.repos.create(principal, repo_id, visibility)

    def change(
        self,
        principal: Principal,
        repository: Repository,
        summary: str,
        files: Callable[[Read], dict[str, bytes]],
    ) -> str:
        """Commit the files that come of those that are there. The commit.

        Raises:
            ParentMoved: others committed meanwhile, again and again. Whatever ``files`` raises.
        """
        for tried in range(_TRIES):
            head, read = self._reading(repository)
            written = files(read)
            try:
                return self.commits.commit(
                    principal,
                    repository,
                    BRANCH,
                    CommitHeader(summary, parent_commit=head),
                    [AddRegular(name, data) for name, data in written.items()],
                ).commit
            except ParentMoved:
                if tried == _TRIES - 1:
                    raise
        raise AssertionError("the last try raises")

    def _reading(self, repository: Repository) -> tuple[str | None, Read]:
        try:
            head = self.content.resolve_revision(repository, BRANCH)
        except RevisionNotFound:
            return None, lambda _name, _most: None

        def read(name: str, bytes_max: int) -> bytes | None:
            try:
                located = self.content.locate(repository, head, name)
            except EntryNotFound:
                return None
            size_bytes = min(located.entry.size_bytes, bytes_max)
            return self.content.read_range(located, 0, size_bytes)

        return head, read
