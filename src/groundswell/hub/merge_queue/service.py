"""The queue of merges: what comes into main is what was tested, in the order people came.

For each pull request the result of its merge is made: main, everything before it in the queue, and
itself. Its checks are awaited on that very commit, and then main moves to it. When one fails, it
leaves, and those behind it are made anew. So main never holds a result that nobody tested.

The state is in the database. Whoever changes it, a report of a check, and the time table all call
``advance``, which does what can be done now; it may be called at any time, from any worker.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import (
    ConcurrentWrite,
    Conflict,
    GroundswellError,
    InvalidCredentials,
    NotFound,
    RevisionNotFound,
)
from groundswell.core.policy import Action, may
from groundswell.core.values import Principal
from groundswell.hub.accounts import credentials
from groundswell.hub.commits import Commits, RefChange
from groundswell.hub.discussions import Discussion, Discussions, Status
from groundswell.hub.discussions import rows as discussions
from groundswell.hub.merge_queue import rows
from groundswell.hub.merge_queue.rows import Entry
from groundswell.hub.merging import Merging, Method, objections
from groundswell.hub.repos import Repository
from groundswell.hub.repos.finding import decide_again, load_for
from groundswell.hub.repos.trees import MAIN
from groundswell.hub.rules.needs import Needs
from groundswell.store.database import Database
from groundswell.store.git import GitStore

LOG: Final = logging.getLogger("groundswell.queue")
TESTED_HOURS_MAX: Final = 6
_STEPS_MAX: Final = 4 * rows.ENTRIES_MAX


@dataclass(frozen=True, slots=True)
class Landed:
    """What became of a wish to merge: the commit in main, or a place in the queue, from 1."""

    commit: str | None
    place: int | None = None


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An entry with all that decides about it now; ``fault`` says why it cannot stay."""

    entry: Entry
    request: Discussion
    principal: Principal
    repository: Repository | None
    fault: str | None


class MergeQueue:
    """The queues of repositories that ``Repos.find`` gave for the principal."""

    def __init__(
        self,
        database: Database,
        git: GitStore,
        discussions: Discussions,
        merging: Merging,
        commits: Commits,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._git = git
        self._discussions = discussions
        self._merging = merging
        self._commits = commits
        self._clock = clock

    def merge(
        self,
        principal: Principal,
        repository: Repository,
        number: int,
        method: Method = Method.MERGE,
        comment: str = "",
        *,
        overrides: bool = False,
    ) -> Landed:
        """Bring a pull request into main: at once, or by the queue where main's rules say so.

        Raises:
            Conflict: as ``Merging.merge``; or it is in the queue already, or the queue is full.
            NotFound, Unauthenticated, Forbidden, ConcurrentWrite: as ``Merging.merge``.
        """
        rules = self._merging.requirements.rules(repository.id)
        if overrides or not any(each.terms.queue for each in rules):
            merge = self._merging.merge
            done = merge(principal, repository, number, method, comment, overrides=overrides)
            return Landed(done)
        return self._enter(principal, repository, number, method, comment)

    def _enter(
        self,
        principal: Principal,
        repository: Repository,
        number: int,
        method: Method,
        comment: str,
    ) -> Landed:
        request = self._merging.mergeable(principal, repository, number)
        main, head = self._merging.tips(repository.id, request)
        needs = self._merging.requirements.look(request, main, head)
        words = [each.words for each in needs.of_people]
        if needs.terms.linear and method is not Method.SQUASH:
            words.append("the history of main stays a line: squash")
        if words:
            raise Conflict("Not yet: " + "; ".join(words) + ".")

        def work(conn: sa.Connection) -> int:
            decide_again(conn, principal, repository.id, Action.WRITE)
            assert principal.account_id is not None
            place = (principal.account_id, repository.id, number, head, method.value)
            return rows.enter(conn, self._clock(), *place)

        place = self._database.write(work)
        if comment.strip():
            self._discussions.comment(principal, repository, number, comment)
        self.advance(repository.id)
        merged = self._discussions.get(repository, number)
        return Landed(merged.merge_commit, None if merged.merge_commit else place)

    def leave(self, principal: Principal, repository: Repository, number: int) -> None:
        """Take a pull request out: its author may, and whoever may write.

        Raises:
            NotFound: it is not in the queue.
            Unauthenticated, Forbidden: the principal may not.
        """

        def work(conn: sa.Connection) -> Entry:
            discussions.decide_on(conn, principal, repository.id, number)
            entry = rows.one(conn, repository.id, number)
            reason = f"{principal.name} took it out"
            rows.leave(conn, self._clock(), entry, reason, principal.account_id)
            return entry

        self._forget(self._database.write(work))
        self.advance(repository.id)

    def entries(self, principal: Principal, repository: Repository) -> list[Entry]:
        """The queue, first come first."""

        def work(conn: sa.Connection) -> list[Entry]:
            decide_again(conn, principal, repository.id, Action.READ)
            return rows.of(conn, repository.id)

        return self._database.read(work)

    def needs(self, repository: Repository, entry: Entry) -> Needs:
        """What is still awaited of an entry's result."""
        request = self._discussions.get(repository, entry.number)
        main = entry.base or self._merging.tips(repository.id, request)[0]
        look = self._merging.requirements.look
        return look(request, main, entry.head, tested=entry.commit or entry.head)

    # --- going on -----------------------------------------------------------------------------

    def run(self) -> int:
        """Let every queue go on; how many pull requests landed or left."""
        return sum(self.advance(each) for each in self._database.read(rows.repositories))

    def advance(self, repository_id: int) -> int:
        """Do what can be done now in one repository; how many pull requests landed or left.

        What fails is told in the log and tried again later: nobody who calls waits for it.
        """
        count = 0
        try:
            if not self._database.read(lambda conn: rows.of(conn, repository_id)):
                return 0
            self._commits.landing.settle_first(repository_id)
            while count < _STEPS_MAX and self._step(repository_id):
                count += 1
        except ConcurrentWrite:
            LOG.info("the queue of repository %d met another writer", repository_id)
        except GroundswellError:
            LOG.exception("the queue of repository %d does not go on", repository_id)
        return count

    def _step(self, repository_id: int) -> bool:
        """Make the results that are to be made, and land or take out one entry, if one is ready."""
        landing = None
        with (
            self._git.gates.writing(repository_id),
            self._commits.turn(repository_id, MAIN),
        ):
            waiting = self._database.read(lambda conn: self._waiting(conn, repository_id))
            for each in waiting:
                if each.fault is not None:
                    self._take_out(each.entry, each.fault or None)
                    return True
            main = self._git.head(repository_id)
            if not waiting or main is None:
                return False
            first = self._make_results(waiting, main)
            if first is None:
                return True
            needs = self._merging.requirements.look(
                first.request, main, first.entry.head, tested=first.entry.commit
            )
            if (reason := self._reason(first.entry, needs)) is not None:
                self._take_out(first.entry, reason)
                return True
            if objections(needs, Method(first.entry.method)):
                return False
            assert first.repository is not None
            change = RefChange(MAIN, main, first.entry.commit, merges=first.entry.number)
            landing = self._commits.move(first.principal, first.repository, change)
        change, note = landing
        actor = first.entry.queued_by_id
        self._commits.landing.finish(note, repository_id, actor, [change])
        self._take_out(first.entry, None)
        return True

    def _waiting(self, conn: sa.Connection, repository_id: int) -> list[_Waiting]:
        return [self._look(conn, each) for each in rows.of(conn, repository_id)]

    def _look(self, conn: sa.Connection, entry: Entry) -> _Waiting:
        request = discussions.load(conn, entry.repository_id, entry.number)
        head = self._git.resolve(entry.repository_id, request.reference)
        fault: str | None = None
        principal, repository = Principal(), None
        try:
            principal = credentials.by_account(conn, entry.queued_by_id)
            repository = load_for(conn, principal, entry.repository_id)
        except InvalidCredentials:  # disabled
            pass
        if request.status is Status.MERGED:
            fault = ""
        elif request.status is not Status.OPEN:
            fault = f"it is {request.status.value}"
        elif head != entry.head:
            fault = "new commits came"
        elif repository is None or not may(principal, Action.WRITE, repository.subject).allowed:
            fault = f"{entry.queued_by} may not write here any more"
        return _Waiting(entry, request, principal, repository, fault)

    def _make_results(self, waiting: list[_Waiting], main: str) -> _Waiting | None:
        """Make the results that are not made on what stands before them; the first entry as it is
        now, None when it left. What collides with something before it waits for its turn.
        """
        base = main
        first: _Waiting | None = None
        for place, each in enumerate(waiting):
            entry = each.entry
            if entry.commit is None or entry.base != base:
                try:
                    entry = self._make(each, base)
                except ConcurrentWrite:
                    raise
                except Conflict as error:
                    if place == 0:
                        self._take_out(entry, error.message.rstrip("."))
                    return first
            if place == 0:
                first = _Waiting(entry, each.request, each.principal, each.repository, None)
            assert entry.commit is not None
            base = entry.commit
        return first

    def _make(self, waiting: _Waiting, base: str) -> Entry:
        entry = waiting.entry
        repository_id, method = entry.repository_id, Method(entry.method)
        commit = self._merging.join(waiting.principal, waiting.request, base, entry.head, method)
        reference = rows.reference_of(entry)
        self._git.barrier.wait("objects")
        old = self._git.ref_target(repository_id, reference)
        self._git.swap_ref(repository_id, reference, old, commit)
        self._git.barrier.wait("reference")

        def work(conn: sa.Connection) -> Entry:
            rows.made(conn, self._clock(), entry, base, commit)
            return rows.one(conn, repository_id, entry.number)

        try:
            return self._database.write(work)
        except NotFound as error:  # somebody took it out meanwhile
            raise ConcurrentWrite from error

    def _reason(self, entry: Entry, needs: Needs) -> str | None:
        """Why the first entry cannot stay, if it cannot."""
        if needs.of_people:
            return "; ".join(each.words for each in needs.of_people)
        failed = [each.name for each in needs.checks if each.has_failed]
        if failed:
            return f"{', '.join(failed)} did not pass on {(entry.commit or '')[:8]}"
        made_at = entry.made_at or entry.queued_at
        if self._clock() - made_at > TESTED_HOURS_MAX * 3_600_000_000 and needs.of_checks:
            return f"its checks did not end within {TESTED_HOURS_MAX} hours"
        return None

    def _take_out(self, entry: Entry, reason: str | None) -> None:
        self._database.write(lambda conn: rows.leave(conn, self._clock(), entry, reason))
        self._forget(entry)

    def _forget(self, entry: Entry) -> None:
        """Let the result go that nobody tests any more."""
        reference = rows.reference_of(entry)
        old = self._git.ref_target(entry.repository_id, reference)
        if old is None:
            return
        try:
            self._git.swap_ref(entry.repository_id, reference, old, None)
        except (ConcurrentWrite, RevisionNotFound):
            LOG.info("%s of repository %d is gone already", reference, entry.repository_id)
