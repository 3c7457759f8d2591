"""Bringing pull requests into main, and main into pull requests.

Knows the two ways of merging, what stands in the way, and that a merge is a move of main like any
other: announced before, recorded with its rows. Does not know lines of text: ``store.git`` joins.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import Conflict, Forbidden, NotFound, RevisionNotFound
from groundswell.core.policy import Action
from groundswell.core.recent import Recent
from groundswell.core.values import Principal
from groundswell.hub.commits import Commits, RefChange
from groundswell.hub.discussions import Discussion, Discussions, Status
from groundswell.hub.discussions import rows as discussions
from groundswell.hub.repos import Repository
from groundswell.hub.repos.finding import decide_again
from groundswell.hub.repos.trees import MAIN, author_of
from groundswell.hub.rules.needs import Needs
from groundswell.hub.rules.requirements import Requirements
from groundswell.hub.rules.values import may_pass_over
from groundswell.store.database import Database
from groundswell.store.git import Author, CommitSummary, GitStore
from groundswell.store.git.merging import Collision
from groundswell.wire.git.sign_off import signers

COMMITS_SHOWN_MAX: Final = 250
MARKED_CHARACTERS_MAX: Final = 20_000
MESSAGE_CHARACTERS_MAX: Final = 10_000
KEPT_CHARACTERS_MAX: Final = 32 << 20  # of all meetings that are remembered
PATHS_NAMED_MAX: Final = 20


class Method(enum.StrEnum):
    """A commit with both sides as parents, or one commit with everything on top of main."""

    MERGE = "merge"
    SQUASH = "squash"


@dataclass(frozen=True, slots=True)
class Meeting:
    """How a pull request and main stand to each other. ``base`` is where they parted, None when
    they share nothing; ``ahead`` and ``behind`` are commits that only one of them has.
    """

    main: str
    head: str
    base: str | None
    commits: tuple[CommitSummary, ...]
    ahead: int
    behind: int
    collisions: tuple[Collision, ...]

    @property
    def is_clean(self) -> bool:
        """Whether a merge would go through."""
        return self.base is not None and not self.collisions


_Pair = tuple[int, str, str, bool]
"""A repository, its main, the head of a pull request, and whether that is merged."""


class Merging:
    """Merges in repositories that ``Repos.find`` gave for this principal."""

    def __init__(
        self,
        database: Database,
        git: GitStore,
        discussions: Discussions,
        commits: Commits,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._git = git
        self._discussions = discussions
        self._commits = commits
        self._clock = clock
        self.requirements = Requirements(database, git)
        # How two commits stand to each other never changes.
        self._met: Recent[_Pair, Meeting] = Recent(KEPT_CHARACTERS_MAX, _weight)

    def look(self, repository: Repository, request: Discussion) -> Meeting:
        """How a pull request stands to main. Of a merged one: as it stood when it was merged.

        Raises:
            RevisionNotFound: its branch, or main, is not there.
        """
        main, head = self.ends(repository, request)
        key = (repository.id, main, head, request.status is Status.MERGED)
        return self._met.get(key) or self._met.put(key, self._meet(*key))

    def _meet(self, repository_id: int, main: str, head: str, merged: bool) -> Meeting:  # noqa: FBT001 - of a key
        merging = self._git.merging
        base = merging.base(repository_id, main, head)
        commits, ahead = merging.between(repository_id, base, head, COMMITS_SHOWN_MAX)
        _, behind = merging.between(repository_id, base, main, 0)
        collisions: tuple[Collision, ...] = ()
        if base is not None and not merged:
            found = merging.collisions(repository_id, base, main, head)
            # As much as pages show: so that what is remembered is small.
            collisions = tuple(
                replace(each, marked=each.marked and each.marked[:MARKED_CHARACTERS_MAX])
                for each in found
            )
        shown = tuple(
            replace(each, message=each.message[:MESSAGE_CHARACTERS_MAX]) for each in commits
        )
        return Meeting(main, head, base, shown, ahead, behind, collisions)

    def ends(self, repository: Repository, request: Discussion) -> tuple[str, str]:
        """Main and the head of a pull request. Of a merged one: main as it was before.

        Raises:
            RevisionNotFound: its branch, or main, is not there.
        """
        main, head = self.tips(repository.id, request)
        if request.status is Status.MERGED:
            main = self._main_before(repository.id, request) or main
        return main, head

    def _main_before(self, repository_id: int, request: Discussion) -> str | None:
        """Main before it was merged. Where history was rewritten since, and the merge is no part
        of it any more: main as it was when the pull request was opened, if that is there.
        """
        merge, base = request.merge_commit, request.base_commit
        if merge is not None and self._git.is_commit(repository_id, merge):
            parents = self._git.commit_summary(repository_id, merge).parents
            if parents:
                return parents[0]
        return base if base is not None and self._git.is_commit(repository_id, base) else None

    def merge(
        self,
        principal: Principal,
        repository: Repository,
        number: int,
        method: Method = Method.MERGE,
        comment: str = "",
        *,
        overrides: bool = False,
    ) -> str:
        """Bring a pull request into main; the id of the commit that does. ``overrides``: also when
        main's rules object, where they let an admin pass over them.

        Raises:
            Conflict: not open, or paths that changed on both sides, or what the rules of main
                demand is not there; the message names it.
            Forbidden: rules that the principal may not pass over.
            ConcurrentWrite: main moved meanwhile. Retrying is safe.
            NotFound: there is no such pull request.
            Unauthenticated, Forbidden: the principal may not write to the repository.
        """
        request = self.mergeable(principal, repository, number)
        self._commits.landing.settle_first(repository.id)
        actor = principal.account_id
        with self._git.gates.writing(repository.id), self._commits.turn(repository.id, MAIN):
            main, head = self.tips(repository.id, request)
            if self._git.is_ancestor(repository.id, head, main):
                # Everything is there already, pushed by hand.
                self._say_merged(actor, repository.id, number, main)
                return main
            passed_over = self._hold(
                principal, repository, request, method, (main, head), overrides=overrides
            )
            commit = self.join(principal, request, main, head, method)
            if comment.strip():  # nothing is said about a merge that cannot be
                self._discussions.comment(principal, repository, number, comment)
            change = RefChange(MAIN, main, commit, merges=number, overrides=passed_over)
            change, note = self._commits.move(principal, repository, change)
        self._commits.landing.finish(note, repository.id, actor, [change])
        return commit

    def mergeable(self, principal: Principal, repository: Repository, number: int) -> Discussion:
        """The pull request, when it is open and the principal may merge it.

        Raises:
            Conflict, NotFound, Unauthenticated, Forbidden: as ``merge``.
        """
        return self._database.read(lambda conn: _mergeable(conn, principal, repository, number))

    def needs(self, repository: Repository, request: Discussion) -> Needs:
        """What the rules of main demand of a pull request, as it stands.

        Raises:
            RevisionNotFound: its branch, or main, is not there.
        """
        main, head = self.tips(repository.id, request)
        return self.requirements.look(request, main, head)

    def _hold(
        self,
        principal: Principal,
        repository: Repository,
        request: Discussion,
        method: Method,
        tips: tuple[str, str],
        *,
        overrides: bool,
    ) -> tuple[str, ...]:
        """Hold a merge against the rules of main, in the turn that moves it; what is passed over.

        Raises:
            Conflict, Forbidden: as ``merge``.
        """
        needs = self.requirements.look(request, *tips)
        words = objections(needs, method)
        if needs.terms.queue:
            words.append("main takes pull requests from its queue")
        if words and overrides:
            if not may_pass_over(principal, repository, needs.rules):
                raise Forbidden("The rules of main let nobody pass over them here.")
            return tuple(words)
        if words:
            raise Conflict("Not yet: " + "; ".join(words) + ".")
        return ()

    def bring_up_to_date(
        self,
        principal: Principal,
        repository: Repository,
        number: int,
        join: Callable[[int, str, str], str] | None = None,
    ) -> str:
        """Merge main into a pull request's branch; its new head. ``join`` makes the tree of both
        (repository, head, main), where it is more than what git can do alone.

        Raises:
            Conflict: closed or merged, or paths that changed on both sides.
            ConcurrentWrite: the branch moved meanwhile. Retrying is safe.
            NotFound: there is no such pull request.
            Unauthenticated, Forbidden: neither its author nor somebody who may write.
        """

        def look(conn: sa.Connection) -> Discussion:
            return discussions.decide_on(conn, principal, repository.id, number)

        request = self._database.read(look)
        if not request.is_pull_request:
            raise NotFound("Discussion not found")
        if request.status not in {Status.DRAFT, Status.OPEN}:
            raise Conflict(f"This pull request is {request.status.value}.")
        self._commits.landing.settle_first(repository.id)
        actor, reference = principal.account_id, request.reference
        with self._git.gates.writing(repository.id), self._commits.turn(repository.id, reference):
            main, head = self.tips(repository.id, request)
            if self._git.is_ancestor(repository.id, main, head):
                return head
            tree = (join or self._tree)(repository.id, head, main)
            message = f"Merge main into pull request #{number}"
            commit = self._commit(repository.id, tree, (head, main), author_of(principal), message)
            change = RefChange(reference, head, commit, brings_main=join is None)
            change, note = self._commits.move(principal, repository, change)
        self._commits.landing.finish(note, repository.id, actor, [change])
        return commit

    def tips(self, repository_id: int, request: Discussion) -> tuple[str, str]:
        """Where main is, and where the pull request is.

        Raises:
            RevisionNotFound: one of them is not there.
        """
        main = self._git.head(repository_id)
        head = self._git.resolve(repository_id, request.reference)
        if main is None or head is None:
            raise RevisionNotFound("main" if main is None else request.reference)
        return main, head

    def join(
        self,
        principal: Principal,
        request: Discussion,
        main: str,
        head: str,
        method: Method,
    ) -> str:
        """Make the commit that brings ``head`` to ``main``. No ref moves.

        Raises:
            Conflict: paths that changed on both sides; the message names them.
        """
        repository_id = request.repository_id
        tree = self._tree(repository_id, main, head)
        title = f"{request.title} (#{request.number})"
        by = author_of(principal)
        if method is Method.MERGE:
            return self._commit(repository_id, tree, (main, head), by, title)
        base = self._git.merging.base(repository_id, main, head)
        commits, count = self._git.merging.between(repository_id, base, head, COMMITS_SHOWN_MAX)
        author = commits[-1].author if commits else by
        message = _squashed(title, commits, count, author)
        return self._commit(repository_id, tree, (main,), author, message, by)

    def _tree(self, repository_id: int, ours: str, theirs: str) -> str:
        base = self._git.merging.base(repository_id, ours, theirs)
        if base is None:
            raise Conflict("The histories of main and this pull request no longer meet.")
        merged = self._git.merging.merge(repository_id, base, ours, theirs)
        if merged.tree is None:
            paths = [each.path[:200] for each in merged.collisions[:PATHS_NAMED_MAX]]
            raise Conflict("Changed on both sides: " + ", ".join(paths))
        return merged.tree

    def _commit(
        self,
        repository_id: int,
        tree: str,
        parents: tuple[str, ...],
        author: Author,
        message: str,
        committer: Author | None = None,
    ) -> str:
        return self._git.make_commit(
            repository_id,
            tree=tree,
            parents=parents,
            author=author,
            message=message,
            time=self._clock(),
            committer=committer,
        )

    def _say_merged(self, actor_id: int | None, repository_id: int, number: int, at: str) -> None:
        self._database.write(
            lambda conn: discussions.note_merged(
                conn, self._clock(), actor_id, repository_id, number, at
            )
        )


def _weight(meeting: Meeting) -> int:
    told = sum(len(each.message) + 500 for each in meeting.commits)
    return told + sum(len(each.marked or "") + 500 for each in meeting.collisions) + 500


def _mergeable(
    conn: sa.Connection, principal: Principal, repository: Repository, number: int
) -> Discussion:
    decide_again(conn, principal, repository.id, Action.WRITE)
    request = discussions.load(conn, repository.id, number)
    if not request.is_pull_request:
        raise NotFound("Discussion not found")
    if request.status is not Status.OPEN:
        raise Conflict(f"This pull request is {request.status.value}: only open ones merge.")
    return request


def _squashed(title: str, commits: list[CommitSummary], count: int, author: Author) -> str:
    """The message of a squash: what the commits said, and who else made them."""
    lines = [title, ""]
    lines += [f"* {each.title[:200]}" for each in commits]
    if count > len(commits):
        lines.append(f"* and {count - len(commits)} earlier commits")
    signed = {who: None for each in commits for who in signers(each.message)}
    others = {each.author for each in commits} - {author}
    if others:
        lines.append("")
        lines += [
            f"Co-authored-by: {each.name} <{each.email}>"
            for each in sorted(others, key=lambda each: (each.name, each.email))
        ]
    if signed:
        lines += [] if others else [""]
        lines += [f"Signed-off-by: {name} <{email}>" for name, email in signed]
    return "\n".join(lines) + "\n"


def objections(needs: Needs, method: Method) -> list[str]:
    """What stands in the way of a merge by that method, in words."""
    words = [each.words for each in needs.blockers]
    if needs.terms.linear and method is not Method.SQUASH:
        words.append("the history of main stays a line: squash")
    return words
