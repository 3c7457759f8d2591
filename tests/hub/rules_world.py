"""A hub whose organisation has rules: admin alice, writers ben and cleo, and bob from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from groundswell.core.values import AddRegular, Principal, RepoId, RepoKind, Role
from groundswell.hub.accounts import credentials
from groundswell.hub.checks import Checks, Report, State
from groundswell.hub.discussions import Status
from groundswell.hub.events import record
from groundswell.hub.rules import Draft, Pushers, Rules, Target, Terms, decide_report
from groundswell.store import tables
from tests.hub.git_world import GitWorld


class RulesWorld(GitWorld):
    """People are made anew for each use: their rights are those of now."""

    def __init__(self, root: Path, url: str | None = None) -> None:
        super().__init__(root, url)
        self.rules = Rules(self.database, self.now)
        self.checks = Checks(self.database, self.git, self.now)
        self.checks.ask(decide_report)
        self.user("ben")
        self.user("cleo")
        self.accounts.create_organisation("acme", by=self.alice)
        for name in ("ben", "cleo"):
            self.accounts.set_member("acme", name, Role.WRITE, by=None)
        self.alice, self.bob = self.person("alice"), self.person("bob")
        self.ben, self.cleo = self.person("ben"), self.person("cleo")
        self.repository = self.repos.create(self.alice, RepoId(RepoKind.MODEL, "acme", "m"))

    def person(self, name: str) -> Principal:
        number = self.accounts.find_account(name).id
        return self.database.read(lambda conn: credentials.by_account(conn, number))

    def rule(
        self, pattern: str = "main", target: Target = Target.BRANCH, *names: str, **terms: Any
    ) -> int:
        if names:
            terms["pushers"] = Pushers.NAMED
        draft = Draft(target, pattern, Terms(**terms), names)
        return self.rules.put(self.alice, self.repository, draft)

    def put(
        self,
        files: dict[str, str],
        revision: str = "main",
        who: Principal | None = None,
        description: str = "",
    ) -> str:
        operations = [AddRegular(path, text.encode()) for path, text in files.items()]
        return self.commit(
            self.repository, *operations, revision=revision, who=who, description=description
        ).commit

    def request(
        self, files: dict[str, str], who: Principal | None = None, description: str = ""
    ) -> int:
        """An open pull request of bob's, or of somebody else's, with these files."""
        who = who or self.bob
        number = self.discussions.create(who, self.repository, "Change", is_pull_request=True)
        self.put(files, f"refs/pr/{number}", who, description)
        self.discussions.set_status(who, self.repository, number, Status.OPEN)
        return number

    def review(self, who: Principal, number: int, verdict: str = "approved") -> None:
        """A verdict on what the pull request is now, as a row: reviews are made elsewhere."""
        head = self.git.resolve(self.repository.id, f"refs/pr/{number}")
        found = self.discussions.get(self.repository, number)

        def work(conn: sa.Connection) -> None:
            now = self.now()
            id_ = record(conn, now, "review.submitted", who.account_id, self.repository.id, {})
            conn.execute(
                sa.insert(tables.comments).values(
                    id=id_,
                    discussion_id=found.id,
                    author_id=who.account_id,
                    text="",
                    written_at=now,
                )
            )
            conn.execute(
                sa.insert(tables.reviews).values(
                    discussion_id=found.id,
                    reviewer_id=who.account_id,
                    verdict=verdict,
                    reviewed_commit=head,
                    begun_at=now,
                    submitted_at=now,
                    comment_id=id_,
                )
            )

        self.database.write(work)

    def report(
        self,
        revision: str,
        name: str = "unit",
        state: State = State.PASSED,
        log: str = "",
        who: Principal | None = None,
    ) -> None:
        who = who or self.ben
        self.checks.report(who, self.repository, revision, Report(name, state, log=log))

    def merge(self, number: int, who: Principal | None = None, **more: Any) -> str:
        return self.merging.merge(who or self.ben, self.repository, number, **more)

    def blockers(self, number: int) -> list[str]:
        found = self.merging.needs(self.repository, self.discussions.get(self.repository, number))
        return [each.name for each in found.blockers]

    def told(self, type_: str) -> list[Any]:
        """Payloads of events of a type."""
        events = tables.events
        query = sa.select(events.c.payload).where(events.c.type == type_).order_by(events.c.id)
        return list(self.database.read(lambda conn: conn.execute(query).scalars().all()))

    @property
    def head(self) -> str | None:
        return self.git.head(self.repository.id)
