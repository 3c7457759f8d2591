"""A branch of one repository takes in a commit of another: forward, or by a merge.

Knows what stands in the way, before anything is copied. The move of the ref is like any other:
announced before, recorded with its rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from groundswell.core.errors import Conflict, RevisionNotFound
from groundswell.core.values import Principal
from groundswell.hub.blobs import Blobs
from groundswell.hub.commits import Commits, RefChange
from groundswell.hub.commits.rights import check_may_move
from groundswell.hub.forks.carrying import Carrying
from groundswell.hub.forks.values import How, Synced
from groundswell.hub.repos import Repository
from groundswell.hub.repos.trees import author_of
from groundswell.store.database import Database
from groundswell.store.git import GitStore
from groundswell.store.git.merging import Collision

PATHS_NAMED_MAX: Final = 20


class Bringing:
    """Brings commits into branches of repositories that are kin."""

    def __init__(
        self,
        database: Database,
        git: GitStore,
        blobs: Blobs,
        commits: Commits,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._git = git
        self.commits = commits
        self._clock = clock
        self.carrying = Carrying(database, git, blobs)

    def bring(
        self,
        principal: Principal,
        source: Repository,
        target: Repository,
        reference: str,
        theirs: str,
        message: str,
        *,
        syncs: int | None = None,
    ) -> Synced:
        """Take in a commit of the source; ``message`` is that of a merge.

        Raises:
            Conflict: paths that changed on both sides, or histories that do not meet.
            ConcurrentWrite: the branch moved meanwhile. Retrying is safe.
            RevisionNotFound: there is no such branch.
            Unauthenticated, Forbidden, …: the principal may not move it, or not have the commit.
        """
        check_may_move(self._database, principal, target, reference)
        self.commits.landing.settle_first(target.id)
        ours = self._head(target.id, reference)
        base = self._git.merging.base_across((target.id, ours), (source.id, theirs))
        if base == theirs:
            return Synced(ours, How.UNCHANGED)
        if base is None:
            msg = "The two histories do not meet."
            raise Conflict(msg)
        if base != ours:
            across = (target.id, ours), (source.id, theirs)
            refuse_collisions(self._git.merging.collisions_across(base, *across))
        with self.carrying.carried(principal, source, target, theirs) as pointers:
            with self.commits.turn(target.id, reference):
                ours = self._head(target.id, reference)
                commit = self._join(principal, target.id, ours, theirs, message)
                change = RefChange(reference, ours, commit, syncs=syncs)
                change, note = self.commits.move(principal, target, change)
            actor = principal.account_id
            self.commits.landing.finish(note, target.id, actor, [change], pointers)
        return Synced(commit, How.FORWARD if commit == theirs else How.MERGE)

    def _head(self, repository_id: int, reference: str) -> str:
        head = self._git.resolve(repository_id, reference)
        if head is None:
            raise RevisionNotFound(reference)
        return head

    def _join(
        self, principal: Principal, repository_id: int, ours: str, theirs: str, message: str
    ) -> str:
        """A commit that both lead to. The objects of both are here by now."""
        if self._git.is_ancestor(repository_id, ours, theirs):
            return theirs
        base = self._git.merging.base(repository_id, ours, theirs)
        merged = self._git.merging.merge(repository_id, base, ours, theirs)
        if merged.tree is None:
            refuse_collisions(merged.collisions)
        assert merged.tree is not None
        return self._git.make_commit(
            repository_id,
            tree=merged.tree,
            parents=(ours, theirs),
            author=author_of(principal),
            message=message,
            time=self._clock(),
        )


def refuse_collisions(collisions: tuple[Collision, ...]) -> None:
    """Raise Conflict with the paths, when there are any."""
    if collisions:
        paths = [each.path[:200] for each in collisions[:PATHS_NAMED_MAX]]
        raise Conflict("Changed on both sides: " + ", ".join(paths))
