"""A hub without doors whose collector runs by the day of its own clock."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from groundswell.hub.blobs import dedup_domain
from groundswell.hub.blobs.losing import lose_links
from groundswell.hub.repos import Repository
from groundswell.hub.upkeep import Premises, Report, Severity
from groundswell.hub.upkeep.collecting import Collector, Tally
from groundswell.hub.upkeep.content import ContentCheck
from groundswell.hub.upkeep.findings import Silence
from groundswell.store.git import GitStore
from groundswell.store.layout import DataFolder
from groundswell.store.ports import Kind
from groundswell.store.tables import links, marks
from tests.hub.blobs.world import World, digest_of, noise

DAY = 24 * 3_600
GRACE = 28 * DAY
CONTENT = noise(300_000, 11)
SHA256 = digest_of(CONTENT)


class Place(World):
    """A hub whose collector runs once a day of its clock."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.git = GitStore(folder / "repos")
        self.ada = self.user("ada")
        assert self.ada.account_id is not None
        self.ada_id = self.ada.account_id
        self.one: Repository = self.repository("one", self.ada_id)
        self.two: Repository = self.repository("two", self.ada_id)
        self.domain = dedup_domain(self.ada, self.one)

    def premises(self) -> Premises:
        return Premises(self.database, self.store, self.git, DataFolder(self.folder), self.clock)

    def collect(self, grace_seconds: float = GRACE) -> Tally:
        return Collector(self.premises(), grace_seconds, self.blobs.forget).run()

    def days(self, count: int) -> None:
        for _ in range(count):
            self.clock.seconds += DAY
            self.collect()

    def upload(self, repository: Repository, content: bytes = CONTENT) -> None:
        self.send_file(self.ada, repository, content)

    def commit(self, repository: Repository, sha256: str = SHA256) -> bool:
        """As a commit does: looked for at first, and again in the transaction that links."""
        if not self.blobs.claimed_or_linked(repository.id, self.ada_id, [sha256]):
            return False

        def work(conn: sa.Connection) -> bool:
            found = self.blobs.claimed_or_linked_in(conn, repository.id, self.ada_id, [sha256])
            self.blobs.link(conn, repository.id, dict.fromkeys(found, "model.bin"))
            return bool(found)

        return self.database.write(work)

    def let_go(self, repository: Repository, sha256: str = SHA256) -> None:
        which = sa.and_(links.c.repository_id == repository.id, links.c.sha256 == sha256)
        self.database.write(lambda conn: lose_links(conn, which, self.clock()))

    def on_disk(self) -> list[str]:
        return [*self.store.list_keys(Kind.XORB), *self.store.list_keys(Kind.SHARD)]

    def marked(self, kind: str) -> set[str]:
        query = sa.select(marks.c.key).where(marks.c.kind == kind)
        return set(self.database.read(lambda conn: conn.execute(query).scalars().all()))

    def faults(self) -> list[object]:
        report = Report("fsck", 0)
        ContentCheck(self.premises(), report, Silence(), deep=True).run()
        return [each for each in report.findings if each.severity is Severity.ERROR]
