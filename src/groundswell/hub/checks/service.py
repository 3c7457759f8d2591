"""The use cases of checks, each one transaction.

Anybody's test says what it found of a commit, through one door: evaluations, scans, and people's
own CI alike. Does not know which checks a merge needs, and whose reports count: ``hub.rules`` does,
and is asked before a report takes the place of another.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from groundswell.core.errors import RevisionNotFound
from groundswell.core.policy import Action
from groundswell.core.values import Principal
from groundswell.hub.checks import rows
from groundswell.hub.checks.values import Check, Report, checked
from groundswell.hub.events import record
from groundswell.hub.repos import Repository
from groundswell.hub.repos.finding import decide_again
from groundswell.store.database import Database
from groundswell.store.git import GitStore

Judge = Callable[[sa.Connection, Principal, int, str], object]


class Checks:
    """The checks of commits in repositories that ``Repos.find`` gave for the principal."""

    def __init__(self, database: Database, git: GitStore, clock: Callable[[], int]) -> None:
        self._database = database
        self._git = git
        self._clock = clock
        self._heard: list[Callable[[int], object]] = []
        self._judges: list[Judge] = []

    def tell(self, hearer: Callable[[int], object]) -> None:
        """Let ``hearer`` know of every repository that a report came for, after it is kept."""
        self._heard.append(hearer)

    def ask(self, judge: Judge) -> None:
        """Let ``judge`` refuse reports: called in their transaction with who reports, the
        repository's number and the check's name.
        """
        self._judges.append(judge)

    def commit_of(self, repository: Repository, revision: str) -> str:
        """The commit that a branch, tag or id means; checks are of commits.

        Raises:
            RevisionNotFound: there is none.
        """
        commit = self._git.resolve(repository.id, revision)
        if commit is None:
            raise RevisionNotFound(revision)
        return commit

    def report(
        self, principal: Principal, repository: Repository, revision: str, report: Report
    ) -> Check:
        """Say how a check of a commit stands. It takes the right to write to the repository.

        Raises:
            BadRequest, TooLarge: a report that cannot be kept.
            Conflict: the commit has too many checks.
            RevisionNotFound: no such commit.
            Unauthenticated, Forbidden: the principal may not, or a rule names another reporter.
        """
        report = checked(report)
        commit = self.commit_of(repository, revision)

        def work(conn: sa.Connection) -> Check:
            decide_again(conn, principal, repository.id, Action.WRITE)
            for judge in self._judges:
                judge(conn, principal, repository.id, report.name)
            now, actor = self._clock(), principal.account_id
            check = rows.put(conn, now, repository.id, commit, actor, report)
            told = {"commit": commit, "name": check.name, "state": check.state.value}
            record(conn, now, "check.reported", actor, repository.id, told)
            return check

        check = self._database.write(work)
        for hearer in self._heard:
            hearer(repository.id)
        return check

    def of(self, principal: Principal, repository: Repository, revision: str) -> tuple[Check, ...]:
        """The checks of a commit, by name.

        Raises:
            RevisionNotFound: no such commit.
        """
        commit = self.commit_of(repository, revision)

        def work(conn: sa.Connection) -> tuple[Check, ...]:
            decide_again(conn, principal, repository.id, Action.READ)
            return rows.of_commit(conn, repository.id, commit)

        return self._database.read(work)

    def one(
        self, principal: Principal, repository: Repository, revision: str, name: str
    ) -> tuple[Check, str | None]:
        """One check of a commit, and its log if it has one.

        Raises:
            RevisionNotFound, NotFound: no such commit or check.
        """
        commit = self.commit_of(repository, revision)

        def work(conn: sa.Connection) -> tuple[Check, str | None]:
            decide_again(conn, principal, repository.id, Action.READ)
            check = rows.load(conn, repository.id, commit, name)
            return check, rows.log_of(conn, check) if check.has_log else None

        return self._database.read(work)
