"""Uploads that stand still between any two of their steps while the collector runs.

Knows a hub without doors whose clock is turned by hand, on a folder and SQLite or on PostgreSQL and
an object storage, with one worker or with two. ``run`` gives a figure, and asserts nothing.
"""

from __future__ import annotations

import itertools
import random
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from groundswell.core.errors import GroundswellError
from groundswell.hub.blobs import dedup_domain
from groundswell.hub.blobs.losing import lose_links
from groundswell.hub.repos import Repository
from groundswell.hub.upkeep import Premises, Report, Severity
from groundswell.hub.upkeep.collecting import Collector, Tally
from groundswell.hub.upkeep.content import ContentCheck
from groundswell.hub.upkeep.findings import Silence
from groundswell.store.bucket import BucketStore
from groundswell.store.bucket.place import Place as BucketPlace
from groundswell.store.git import GitStore
from groundswell.store.layout import DataFolder
from groundswell.store.ports import Kind
from groundswell.store.tables import links, marks
from groundswell.wire.shard import write_shard
from tests.contract import object_storage, postgresql
from tests.hub.blobs.world import (
    Clock,
    World,
    digest_of,
    file_of,
    first_chunk_hash,
    noise,
    pack,
)

DAY = 24 * 3_600
GRACE = 28 * DAY
SHORT_GRACE = 2.0
FROZEN_AT_ONCE = 6
CONTENT = noise(300_000, 11)
PACKED = pack(CONTENT)
SHA256 = digest_of(CONTENT)


@dataclass(frozen=True)
class Stores:
    """A database and a place in a bucket of one hub's own."""

    url: str
    place: BucketPlace

    def open_bucket(self, spool: Path) -> BucketStore:
        spool.mkdir(parents=True, exist_ok=True)
        return BucketStore(self.place, spool)


@dataclass(frozen=True)
class Servers:
    """PostgreSQL and SeaweedFS at work."""

    postgresql_folder: Path
    endpoint: str

    def fresh(self, folder: Path) -> Stores:
        """New stores, for a hub in this folder."""
        name = f"frozen{next(_numbers)}"
        place = BucketPlace.parse(
            f"s3://{object_storage.BUCKET}/{name}",
            endpoint=self.endpoint,
            access_key_id=object_storage.ACCESS_KEY_ID,
            secret_access_key=object_storage.SECRET_ACCESS_KEY,
        )
        return Stores(postgresql.fresh_url(self.postgresql_folder, name), place)


_numbers = itertools.count()


@contextmanager
def servers() -> Iterator[Servers]:
    with postgresql.server() as folder, object_storage.seaweedfs() as endpoint:
        yield Servers(folder, endpoint)


class Place(World):
    """A hub whose collector runs once a day of its clock; or a second worker of that hub."""

    def __init__(
        self, folder: Path, stores: Stores | None = None, *, beside: Place | None = None
    ) -> None:
        url = None if stores is None else stores.url
        clock = Clock() if beside is None else beside.clock
        name = "spool" if beside is None else "spool-2"
        bucket = None if stores is None else stores.open_bucket(folder / name)
        super().__init__(folder, url=url, store=bucket, clock=clock)
        self.stores = stores
        self.git = GitStore(folder / "repos")
        if beside is not None:
            self.ada, self.ada_id, self.domain = beside.ada, beside.ada_id, beside.domain
            self.one, self.two = beside.one, beside.two
            return
        self.ada = self.user("ada")
        assert self.ada.account_id is not None
        self.ada_id = self.ada.account_id
        self.one: Repository = self.repository("one", self.ada_id)
        self.two: Repository = self.repository("two", self.ada_id)
        self.domain = dedup_domain(self.ada, self.one)

    def another_worker(self) -> Place:
        """A second worker with connections of its own."""
        assert self.stores is not None, "a folder with SQLite has one worker"
        return Place(self.folder, self.stores, beside=self)

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


def steps_of(place: Place, repository: Repository, content: bytes) -> Iterator[str]:
    """An upload, standing still wherever it yields."""
    packed = pack(content)
    place.blobs.find_chunk(place.domain, first_chunk_hash(content))
    yield "asked for a chunk"
    place.send_xorb(place.domain, packed)
    yield "sent the xorb"
    shard = write_shard([file_of(packed, bytes.fromhex(digest_of(content)))])
    place.blobs.register_shard(place.domain, repository.id, place.ada_id, shard)
    yield "sent the shard"
    if not place.commit(repository, digest_of(content)):
        raise GroundswellError("not here")


# --- the figure ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figure:
    """What came of some uploads: how many were ``refused`` at first and had to be sent again, how
    many confirmed files were ``lost``, what fsck finds (``faults``), what is ``left`` on the stores
    when nothing is needed any more, and how many xorbs the collector removed meanwhile."""

    interleavings: int
    refused: int
    lost: int
    faults: int
    left: int
    collected: int

    @property
    def is_good(self) -> bool:
        """Nothing lost, nothing broken, nothing left; and it could have been."""
        return self.refused > 0 and self.collected > 0 and not (self.lost + self.faults + self.left)


def run(interleavings: int, stores: tuple[str, ...] = ()) -> Figure:
    """Uploads and collections, interleaved, on the stores that are named: none, or
    ``("postgresql", "s3")``, then with a second worker that collects all the time."""
    assert stores in {(), ("postgresql", "s3")}
    with servers() if stores else nullcontext() as found:
        return measure(interleavings, found, beside=bool(stores))


def measure(interleavings: int, found: Servers | None, *, beside: bool = False) -> Figure:
    """``run``, on servers that are there. ``beside``: the collector is another worker's and rests
    for no moment; otherwise it runs between two steps."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="frozen-")))
        place = Place(folder, None if found is None else found.fresh(folder))
        stack.callback(place.close)
        rounds = _Rounds(place)
        if beside:
            other = place.another_worker()
            stack.callback(other.close)
            with collecting(other, rounds):
                rounds.play(interleavings, lambda: None)
        else:
            rounds.play(interleavings, rounds.collect_a_little)
        return rounds.end(interleavings)


@contextmanager
def collecting(worker: Place, rounds: _Rounds) -> Iterator[None]:
    """That worker collects until the block ends."""
    done = threading.Event()
    faults: list[BaseException] = []

    def work() -> None:
        try:
            while not done.is_set():
                worker.clock.seconds += 0.7
                rounds.note(worker.collect(SHORT_GRACE))
        except BaseException as error:
            faults.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(60)
    assert not faults, faults


class _Rounds:
    """Some uploads at once, of contents that share chunks, each moved on by one step at a time."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.chance = random.Random(5)
        self.committed: dict[tuple[int, str], bytes] = {}
        self.refused = self.lost = self.collected = 0

    def note(self, tally: Tally) -> None:
        self.collected += tally.removed.get("xorb", (0, 0))[0]

    def collect_a_little(self) -> None:
        for _ in range(self.chance.randrange(3)):
            self.place.clock.seconds += 1.5
            self.note(self.place.collect(SHORT_GRACE))

    def holder(self, number: int) -> Repository:
        return self.place.one if number == self.place.one.id else self.place.two

    def play(self, interleavings: int, between: object) -> None:
        assert callable(between)
        frozen: list[tuple[Repository, bytes, Iterator[str]]] = []
        finished = 0
        while finished < interleavings:
            if len(frozen) < FROZEN_AT_ONCE:
                frozen.append(self._begin())
            which = self.chance.randrange(len(frozen))
            if self._step(*frozen[which]):
                del frozen[which]
                finished += 1
                if finished % 10 == 0:
                    self.look()
            if self.chance.random() < 0.3 and self.committed:
                self._let_go(self.chance.choice(sorted(self.committed)))
            between()
        self.look()

    def end(self, interleavings: int) -> Figure:
        """What came of it, once nobody else is at work: what is left is then left for good."""
        faults = len(self.place.faults())
        for each in sorted(self.committed):
            self._let_go(each)
        for _ in range(6):
            self.place.clock.seconds += 1.5
            self.note(self.place.collect(SHORT_GRACE))
        left = len(self.place.on_disk())
        return Figure(interleavings, self.refused, self.lost, faults, left, self.collected)

    def _begin(self) -> tuple[Repository, bytes, Iterator[str]]:
        seed = self.chance.randrange(12)
        shared = noise(100_000 + 9_000 * (seed % 4), 30 + seed % 4)
        content = shared + noise(70_000, 50 + seed)
        repository = self.chance.choice([self.place.one, self.place.two])
        return repository, content, steps_of(self.place, repository, content)

    def _step(self, repository: Repository, content: bytes, steps: Iterator[str]) -> bool:
        """One step of an upload; whether it has ended. What is refused is sent again at once, as
        often as the grace ends in the middle of it."""
        try:
            if next(steps, None) is not None:
                return False
        except GroundswellError:
            self.refused += 1
            for _ in range(20):
                try:
                    assert list(steps_of(self.place, repository, content))
                except GroundswellError:
                    continue
                break
            else:
                self.lost += 1  # whoever sends all of it again gets nowhere
                return True
        self.committed[repository.id, digest_of(content)] = content
        return True

    def _let_go(self, which: tuple[int, str]) -> None:
        del self.committed[which]
        self.place.let_go(self.holder(which[0]), which[1])

    def look(self) -> None:
        """Count what was confirmed and cannot be read."""
        for (number, sha256), expected in self.committed.items():
            try:
                is_whole = self.place.read(self.holder(number), sha256) == expected
            except GroundswellError:
                is_whole = False
            self.lost += not is_whole
