"""The use cases of forks.

A door finds the repository first (``Repos.find``) and hands it over; the other side is looked up
here, for the same principal, so that nobody learns of one that is hidden. What passes between the
two is ``carrying``'s.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from groundswell.core.errors import NotFound, RevisionNotFound
from groundswell.core.policy import Action, may
from groundswell.core.values import Principal, RepoId, Visibility
from groundswell.hub.blobs import Blobs
from groundswell.hub.commits import Commits
from groundswell.hub.cursors import PAGE_ROWS
from groundswell.hub.discussions import Discussion, Discussions
from groundswell.hub.forks import finding
from groundswell.hub.forks.bringing import Bringing
from groundswell.hub.forks.proposing import Proposing
from groundswell.hub.forks.values import (
    Comparison,
    ForkPage,
    Kinship,
    Network,
    Preview,
    Source,
    Synced,
)
from groundswell.hub.repos import Repos, Repository
from groundswell.hub.repos.finding import decide
from groundswell.hub.repos.trees import MAIN
from groundswell.store.database import Database
from groundswell.store.git import GitStore

COMPARING_SECONDS_MAX: Final = 1.0


class Forks:
    """Forks of repositories that ``Repos.find`` gave for this principal."""

    def __init__(
        self,
        database: Database,
        git: GitStore,
        blobs: Blobs,
        repos: Repos,
        discussions: Discussions,
        commits: Commits,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._git = git
        self._repos = repos
        self._bringing = Bringing(database, git, blobs, commits, clock)
        self._proposing = Proposing(database, git, repos, discussions, self._bringing)

    # --- making and telling -------------------------------------------------------------------

    def fork(
        self,
        principal: Principal,
        source_id: RepoId,
        target_id: RepoId,
        visibility: Visibility | None = None,
        *,
        all_branches: bool = False,
    ) -> Repository:
        """A fork of a repository that the principal may read, in a namespace where they may create.
        See ``Repos.duplicate``.
        """
        return self._repos.duplicate(
            principal, source_id, target_id, visibility, all_branches=all_branches
        )

    def kinship(self, principal: Principal, repository: Repository) -> Kinship:
        """What the principal may know of a repository's relations."""
        return self._database.read(lambda conn: finding.kinship_of(conn, principal, repository.id))

    def list(
        self,
        principal: Principal,
        repository: Repository,
        *,
        cursor: str | None = None,
        limit: int = PAGE_ROWS,
    ) -> ForkPage:
        """A page of the direct forks that the principal may see, latest first.

        Raises:
            BadRequest: a cursor that no page gave, or a limit that cannot be.
        """
        return self._database.read(
            lambda conn: finding.page_of(conn, principal, repository.id, cursor, limit)
        )

    def network(self, principal: Principal, repository: Repository) -> Network:
        """The tree of forks that the principal sees around a repository, with how far each is from
        the one it came from, as far as that can be told in a second.
        """
        found = self._database.read(lambda conn: finding.network_of(conn, principal, repository))
        deadline = time.monotonic() + COMPARING_SECONDS_MAX
        nodes = []
        for node in found.nodes:
            if node.parent is not None and time.monotonic() < deadline:
                told = self._compare(node.repository, found.nodes[node.parent].repository)
                node = replace(node, ahead=told.ahead, behind=told.behind)  # noqa: PLW2901
            nodes.append(node)
        return replace(found, nodes=tuple(nodes))

    def compare(self, principal: Principal, repository: Repository) -> Comparison | None:
        """How the repository stands to what it was forked from; None when it is no fork, or of
        something that the principal may not see.
        """
        upstream = self._upstream(principal, repository)
        return None if upstream is None else self._compare(repository, upstream)

    def _compare(self, fork: Repository, upstream: Repository) -> Comparison:
        ours, theirs = self._git.head(fork.id), self._git.head(upstream.id)
        if ours is None or theirs is None:
            return Comparison(upstream, None, None, is_related=False)
        told = self._git.merging.distance((fork.id, ours), (upstream.id, theirs))
        return Comparison(upstream, told.ahead, told.behind, told.is_related)

    def _upstream(self, principal: Principal, repository: Repository) -> Repository | None:
        return self._database.read(lambda conn: finding.upstream_of(conn, principal, repository.id))

    # --- from the upstream --------------------------------------------------------------------

    def sync(self, principal: Principal, fork: Repository) -> Synced:
        """Bring main of the upstream into main of a fork.

        Raises:
            NotFound: it has no upstream that the principal may see.
            Conflict: paths that changed on both sides, which the message names; histories that do
                not meet; or an upstream that is more closed than the fork.
            ConcurrentWrite: main moved meanwhile. Retrying is safe.
            GatedRepo, Unauthenticated, Forbidden: no right to read the one or write to the other.
        """
        decide(principal, fork, Action.WRITE)
        upstream = self._upstream(principal, fork)
        if upstream is None:
            msg = "This repository was not forked from one that you may read."
            raise NotFound(msg)
        decide(principal, upstream, Action.READ)
        theirs = self._git.head(upstream.id)
        if theirs is None:
            raise RevisionNotFound("main")
        message = f"Merge main of {upstream.full_name}"
        return self._bringing.bring(
            principal, upstream, fork, MAIN, theirs, message, syncs=upstream.id
        )

    # --- pull requests ------------------------------------------------------------------------

    def preview(self, source: Repository, branch: str, target: Repository) -> Preview:
        """What ``propose`` would bring. The asker may read both.

        Raises:
            BadRequest: neither was forked from the other.
            RevisionNotFound: no such branch, or no main.
        """
        return self._proposing.preview(source, branch, target)

    def propose(
        self,
        principal: Principal,
        target: Repository,
        source_id: RepoId,
        branch: str,
        title: str,
        description: str = "",
    ) -> int:
        """Open a draft pull request with the commits of a branch of a fork, or of the upstream; its
        number. Whoever may read the target may read them from then on.

        Raises:
            BadRequest: no title, texts above their limits, or repositories that are no kin.
            Conflict: there is nothing new, or the source is an upstream that is more closed.
            RevisionNotFound: no such branch.
            RepoNotFound, Forbidden, …: no right to read the source (to write to it, when not
                everybody may read it) or to contribute to the target.
        """
        return self._proposing.propose(principal, target, source_id, branch, title, description)

    def refresh(self, principal: Principal, target: Repository, number: int) -> Synced:
        """Bring newer commits of its branch into a pull request that came from another repository.

        Raises:
            NotFound: no such pull request, or no branch that the principal may read.
            Conflict: closed or merged, or paths that changed on both sides.
            Unauthenticated, Forbidden: neither its author nor somebody who may write.
        """
        return self._proposing.refresh(principal, target, number)

    def source_of(self, principal: Principal, request: Discussion) -> Source | None:
        """Where a pull request comes from, when the principal may see that."""
        return self._proposing.source_of(principal, request)


def may_sync(principal: Principal, fork: Repository, upstream: Repository) -> bool:
    """Whether the principal has the rights that ``sync`` asks for."""
    writes = may(principal, Action.WRITE, fork.subject).allowed
    return writes and may(principal, Action.READ, upstream.subject).allowed
