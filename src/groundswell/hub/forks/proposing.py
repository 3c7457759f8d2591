"""Pull requests whose commits come from another repository: from a fork, or from the upstream.

Knows which branch each takes its commits from. The pull request itself is one like any other: its
ref lies in the repository that it is for, with objects and links of its own.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import Conflict, NotFound, RepoMoved, RevisionNotFound
from groundswell.core.policy import Action, may
from groundswell.core.values import Principal, RepoId, check_reference_name
from groundswell.hub.commits import RefChange
from groundswell.hub.discussions import Discussion, Discussions, Status, reference_of
from groundswell.hub.discussions import rows as discussions
from groundswell.hub.discussions.comments import checked_text
from groundswell.hub.discussions.service import checked_title
from groundswell.hub.forks import finding
from groundswell.hub.forks.bringing import Bringing
from groundswell.hub.forks.values import COMMITS_SHOWN_MAX, Preview, Source, Synced
from groundswell.hub.repos import Repos, Repository
from groundswell.hub.repos.finding import load_for
from groundswell.hub.repos.lineage import is_more_closed
from groundswell.store.database import Database
from groundswell.store.git import GitStore
from groundswell.store.tables import fork_proposals

_BRANCHES: Final = "refs/heads/"
_LIVE: Final = {Status.DRAFT, Status.OPEN}


class Proposing:
    """Opens such pull requests, and brings them up to date."""

    def __init__(
        self,
        database: Database,
        git: GitStore,
        repos: Repos,
        discussions: Discussions,
        bringing: Bringing,
    ) -> None:
        self._database = database
        self._git = git
        self._repos = repos
        self._discussions = discussions
        self._bringing = bringing

    def preview(self, source: Repository, branch: str, target: Repository) -> Preview:
        """See ``Forks.preview``."""
        self._database.read(lambda conn: finding.check_kin(conn, source, target))
        theirs, ours = self._branch(source.id, branch), self._git.head(target.id)
        if ours is None:
            raise RevisionNotFound("main")
        across = (target.id, ours), (source.id, theirs)
        merging = self._git.merging
        base = merging.base_across(*across)
        commits, ahead = merging.between(source.id, base, theirs, COMMITS_SHOWN_MAX)
        collisions = () if base is None else merging.collisions_across(base, *across)
        return Preview(
            commits=tuple(commits),
            ahead=ahead,
            collisions=collisions,
            is_related=base is not None,
            opens=source.is_private or is_more_closed(source, target),
        )

    def propose(
        self,
        principal: Principal,
        target: Repository,
        source_id: RepoId,
        branch: str,
        title: str,
        description: str,
    ) -> int:
        """See ``Forks.propose``."""
        title = checked_title(title)
        checked_text(description)
        source = self._find(principal, source_id)
        self._database.read(lambda conn: finding.check_kin(conn, source, target))
        commit = self._branch(source.id, branch)
        main = self._git.head(target.id)
        if main is None:
            raise RevisionNotFound("main")
        base = self._git.merging.base_across((target.id, main), (source.id, commit))
        if base == commit:
            msg = f"Main of {target.full_name} has everything that {branch} has."
            raise Conflict(msg)
        commits = self._bringing.commits
        commits.landing.settle_first(target.id)
        with self._bringing.carrying.carried(principal, source, target, commit) as pointers:
            number = self._discussions.create(
                principal, target, title, description, is_pull_request=True
            )
            self._note_source(target.id, number, source.id, branch)
            reference = reference_of(number)
            with commits.turn(target.id, reference):
                old = self._git.resolve(target.id, reference)
                change = RefChange(reference, old, commit)
                change, note = commits.move(principal, target, change)
            commits.landing.finish(note, target.id, principal.account_id, [change], pointers)
        return number

    def refresh(self, principal: Principal, target: Repository, number: int) -> Synced:
        """See ``Forks.refresh``."""

        def look(conn: sa.Connection) -> tuple[Discussion, tuple[Repository, str] | None]:
            request = discussions.decide_on(conn, principal, target.id, number)
            return request, _source_in(conn, principal, request, Action.READ)

        request, found = self._database.read(look)
        if found is None:
            msg = "This does not come from a branch that you may read."
            raise NotFound(msg)
        if request.status not in _LIVE:
            raise Conflict(f"This pull request is {request.status.value}.")
        source, branch = found
        theirs = self._branch(source.id, branch)
        message = f"Merge {branch} into pull request #{number}"
        return self._bringing.bring(principal, source, target, request.reference, theirs, message)

    def source_of(self, principal: Principal, request: Discussion) -> Source | None:
        """See ``Forks.source_of``."""
        found = self._database.read(lambda conn: _source_in(conn, principal, request, Action.SEE))
        if found is None:
            return None
        source, branch = found
        theirs = self._git.resolve(source.id, _BRANCHES + branch)
        head = self._git.resolve(request.repository_id, request.reference)
        has_more = False
        if theirs is not None and head is not None and request.status in _LIVE:
            across = (request.repository_id, head), (source.id, theirs)
            has_more = self._git.merging.base_across(*across) != theirs
        return Source(source, branch, has_more)

    def _find(self, principal: Principal, source_id: RepoId) -> Repository:
        try:
            return self._repos.find(principal, source_id, Action.READ)
        except RepoMoved as moved:  # a redirect of the request would follow the target's name
            now = RepoId(source_id.kind, moved.namespace, moved.name)
            return self._repos.find(principal, now, Action.READ)

    def _branch(self, repository_id: int, branch: str) -> str:
        check_reference_name(branch)
        commit = self._git.resolve(repository_id, _BRANCHES + branch)
        if commit is None:
            raise RevisionNotFound(branch)
        return commit

    def _note_source(self, repository_id: int, number: int, source_id: int, branch: str) -> None:
        def work(conn: sa.Connection) -> None:
            made = discussions.load(conn, repository_id, number)
            row = {"discussion_id": made.id, "source_id": source_id, "branch": branch}
            conn.execute(sa.insert(fork_proposals).values(row))

        self._database.write(work)


def _source_in(
    conn: sa.Connection, principal: Principal, request: Discussion, action: Action
) -> tuple[Repository, str] | None:
    """The repository and branch that it came from, when the principal may do that to it."""
    query = sa.select(fork_proposals).where(fork_proposals.c.discussion_id == request.id)
    row = conn.execute(query).one_or_none()
    source = None if row is None else load_for(conn, principal, row.source_id)
    if row is None or source is None or not may(principal, action, source.subject).allowed:
        return None
    return source, row.branch
