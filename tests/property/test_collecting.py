"""The collector against a dictionary: uploads in every stage, links that come and go, copies,
restores, runs that are broken off, restarts, and a clock that leaps.

Real database, disk and git folders; only HTTP is left out. Nothing that a repository holds, or that
a client was told of within the grace, may ever be missing; in the end nothing unneeded is left.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from groundswell.core.errors import Malformed, NotFound, Unavailable
from groundswell.core.values import (
    AddFile,
    BucketOperation,
    DeleteFile,
    Principal,
    RepoId,
    RepoKind,
)
from groundswell.hub.blobs import dedup_domain
from groundswell.hub.blobs.losing import lose_links
from groundswell.hub.buckets import Buckets
from groundswell.hub.repos import Repos, Repository
from groundswell.hub.upkeep import Premises, Severity
from groundswell.hub.upkeep.collecting import Collector, bring_back_file
from groundswell.hub.upkeep.content import ContentCheck
from groundswell.hub.upkeep.findings import Report, Silence
from groundswell.store.git import GitStore
from groundswell.store.layout import DataFolder
from groundswell.store.ports import Kind
from groundswell.store.tables import blobs, links, marks, xorb_uses, xorbs
from groundswell.wire.hashing import hash_to_hex
from groundswell.wire.shard import write_shard
from tests.hub.blobs.world import World, digest_of, file_of, first_chunk_hash, noise, pack

GRACE_SECONDS: Final = 28 * 24 * 3_600
HOUR: Final = 3_600
DAY: Final = 24 * HOUR
EXAMPLES: Final = 8
STEPS: Final = 30

# Contents that share chunks: some begin alike, some end alike, one is another twice.
_A, _B, _C = noise(300_000, 1), noise(300_000, 2), noise(200_000, 3)
CONTENTS: Final = (_A, _B, _A + _B, _B + _C, _A + _A, noise(150_000, 4), b"tiny")
PACKED: Final = tuple(pack(content) for content in CONTENTS)
SHA256S: Final = tuple(digest_of(content) for content in CONTENTS)
NUMBER: Final = st.integers(0, len(CONTENTS) - 1)
REPO: Final = st.integers(0, 1)
BUCKET: Final = 2
FIRST: Final = st.sampled_from(["xorb", "shard", "bytes"])
ACT: Final = st.sampled_from(["xorb", "bytes", "shard", "ask", "ask for a chunk", "commit"])
LATER: Final = st.sampled_from([0, 2, 27])


class _Killed(BaseException):
    """The process ends here."""


class CollectorMachine(RuleBasedStateMachine):
    """``told`` is when (in seconds of the grace) a client last learned that something is here:
    of a xorb by its number, of a content by (repository, number).
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="collecting-"))
        self.world = World(self.folder)
        self.ada: Principal = self.world.user("ada")
        assert self.ada.account_id is not None
        self.repos: list[Repository] = [
            self.world.repository(name, self.ada.account_id) for name in ("one", "two")
        ]
        self.git = GitStore(self.folder / "repos")
        repos = Repos(self.world.database, self.git, self.world.clock)
        self.bucket = RepoId(RepoKind.BUCKET, "ada", "bucket")
        self.repos.append(repos.create_bucket(self.ada, self.bucket))
        repos.close()
        self.domain = dedup_domain(self.ada, self.repos[0])
        self.seconds = 0.0  # that count: a leap of the clock counts for a day at most
        self.held: set[tuple[int, int]] = set()
        self.xorb_told: dict[int, float] = {}
        self.file_told: dict[tuple[int, int], float] = {}
        self.collect_quietly()

    def teardown(self) -> None:
        try:
            self.nothing_is_left()
        finally:
            self.world.close()
            shutil.rmtree(self.folder)

    def premises(self) -> Premises:
        world = self.world
        return Premises(world.database, world.store, self.git, DataFolder(self.folder), world.clock)

    def collect_quietly(self) -> None:
        Collector(self.premises(), GRACE_SECONDS, self.world.blobs.forget).run()

    def is_fresh(self, told: float | None) -> bool:
        return told is not None and self.seconds - told < GRACE_SECONDS

    # --- clients ----------------------------------------------------------------------------------

    @rule(number=NUMBER)
    def send_xorb(self, number: int) -> None:
        self.world.send_xorb(self.domain, PACKED[number])
        self.xorb_told[number] = self.seconds

    @rule(number=NUMBER)
    def ask_for_a_chunk(self, number: int) -> None:
        if self.world.blobs.find_chunk(self.domain, first_chunk_hash(CONTENTS[number])):
            return
        # A xorb of one chunk is never shown.
        fresh = self.is_fresh(self.xorb_told.get(number))
        assert not fresh or len(PACKED[number].index) < 2

    @rule(number=NUMBER, repo=REPO)
    def send_shard(self, number: int, repo: int) -> None:
        assert self.ada.account_id is not None
        shard = write_shard([file_of(PACKED[number], bytes.fromhex(SHA256S[number]))])
        try:
            self.world.blobs.register_shard(
                self.domain, self.repos[repo].id, self.ada.account_id, shard
            )
        except Malformed:
            assert not self.is_fresh(self.xorb_told.get(number)), "a xorb went too early"
            return
        self.xorb_told[number] = self.file_told[repo, number] = self.seconds

    @rule(numbers=st.lists(NUMBER, min_size=1, max_size=3, unique=True), repo=REPO)
    def send_one_shard_of_several(self, numbers: list[int], repo: int) -> None:
        assert self.ada.account_id is not None
        for number in numbers:
            self.send_xorb(number)
        files = [file_of(PACKED[each], bytes.fromhex(SHA256S[each])) for each in numbers]
        self.world.blobs.register_shard(
            self.domain, self.repos[repo].id, self.ada.account_id, write_shard(files)
        )
        for number in numbers:
            self.file_told[repo, number] = self.seconds

    @rule(number=NUMBER, repo=REPO)
    def send_plain_bytes(self, number: int, repo: int) -> None:
        self.world.ingest(self.ada, self.repos[repo], CONTENTS[number])
        self.file_told[repo, number] = self.seconds

    @rule(number=NUMBER, repo=REPO)
    def ask_whether_it_is_here(self, number: int, repo: int) -> None:
        """As an LFS batch does: who is told yes sends nothing and commits."""
        sha256, repository = SHA256S[number], self.repos[repo].id
        found = self.world.blobs.claimed_or_linked(repository, self.ada.account_id, [sha256])
        if found:
            self.file_told[repo, number] = self.seconds
        else:
            assert (repo, number) not in self.held
            assert not self.is_fresh(self.file_told.get((repo, number)))

    @rule(number=NUMBER, repo=REPO)
    def commit(self, number: int, repo: int) -> None:
        blobs_, repository, sha256 = self.world.blobs, self.repos[repo].id, SHA256S[number]

        def work(conn: sa.Connection) -> bool:
            found = blobs_.claimed_or_linked_in(conn, repository, self.ada.account_id, [sha256])
            blobs_.link(conn, repository, dict.fromkeys(found, "model.bin"))
            return bool(found)

        if self.world.database.write(work):
            self.held.add((repo, number))
        else:
            assert not self.is_fresh(self.file_told.get((repo, number))), "a claim went too early"

    @rule(number=NUMBER)
    def copy_across(self, number: int) -> None:
        source, target = self.repos[:BUCKET]
        found = self.world.database.write(
            lambda conn: self.world.blobs.link_from(conn, source.id, target.id, [SHA256S[number]])
        )
        assert bool(found) == ((0, number) in self.held)
        if found:
            self.held.add((1, number))

    @rule(number=NUMBER, repo=REPO)
    def let_go(self, number: int, repo: int) -> None:
        which = sa.and_(
            links.c.repository_id == self.repos[repo].id, links.c.sha256 == SHA256S[number]
        )
        now = self.world.clock()
        gone = self.world.database.write(lambda conn: lose_links(conn, which, now))
        assert bool(gone) == ((repo, number) in self.held)
        self.held.discard((repo, number))
        if gone:
            self.file_told[repo, number] = self.seconds

    @rule(number=NUMBER)
    def bring_back(self, number: int) -> None:
        with suppress(NotFound):
            bring_back_file(self.premises(), SHA256S[number])
        query = sa.select(links.c.repository_id).where(links.c.sha256 == SHA256S[number])
        now = set(self.world.database.read(lambda conn: conn.execute(query).scalars().all()))
        for repo, repository in enumerate(self.repos):
            if repository.id in now:
                self.held.add((repo, number))
            assert ((repo, number) in self.held) == (repository.id in now)

    # --- buckets, where no history holds what is let go ---------------------------------------------

    @rule(number=NUMBER)
    def send_to_the_bucket(self, number: int) -> None:
        self.send_plain_bytes(number, BUCKET)

    @rule(number=NUMBER)
    def put_into_the_bucket(self, number: int) -> None:
        operation = AddFile(f"{number}.bin", hash_to_hex(file_of(PACKED[number]).file_hash))
        if not self._batch(operation):
            self.held.add((BUCKET, number))
        else:
            assert (BUCKET, number) not in self.held
            fresh = self.is_fresh(self.file_told.get((BUCKET, number)))
            assert not fresh, "a claim went too early"

    @rule(number=NUMBER)
    def take_out_of_the_bucket(self, number: int) -> None:
        assert not self._batch(DeleteFile(f"{number}.bin"))
        if (BUCKET, number) in self.held:
            self.held.discard((BUCKET, number))
            self.file_told[BUCKET, number] = self.seconds

    def _batch(self, operation: BucketOperation) -> bool:
        """Whether it failed."""
        buckets = Buckets(self.world.database, self.world.blobs, self.world.clock)
        return bool(buckets.batch(self.ada, self.bucket, [operation]).failures)

    # --- the hub ------------------------------------------------------------------------------------

    @rule(hours=st.sampled_from([1, 5, 23, 24]))
    def time_passes(self, hours: int) -> None:
        self.world.clock.seconds += hours * HOUR
        self.seconds += hours * HOUR
        self.collect_quietly()

    @rule(days=st.sampled_from([3, 14, 27, 28, 40]))
    def days_pass(self, days: int) -> None:
        self.pass_days(days)

    def pass_days(self, days: int) -> None:
        for _ in range(days):
            self.world.clock.seconds += DAY
            self.seconds += DAY
            self.collect_quietly()

    @rule(days=st.sampled_from([-400, -1, 30, 400]))
    def the_clock_leaps(self, days: int) -> None:
        """Each leap ahead counts for a day at most."""
        self.world.clock.seconds += days * DAY
        self.seconds += DAY if days > 0 else 0
        self.collect_quietly()

    @rule(step=st.integers(0, 12), days=st.sampled_from([0, 28]))
    def the_collector_is_killed(self, step: int, days: int) -> None:
        """At some write or removal of a run that has something to do."""
        self.pass_days(days)
        premises, left = self.premises(), step
        real_write, real_delete = premises.database.write, premises.store.delete

        def counted(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any) -> Any:
                nonlocal left
                if left == 0:
                    raise _Killed
                left -= 1
                return real(*arguments)

            return call

        premises.database.write = counted(real_write)  # type: ignore[method-assign]
        premises.store.delete = counted(real_delete)  # type: ignore[method-assign]
        try:
            with suppress(_Killed):
                Collector(premises, GRACE_SECONDS, self.world.blobs.forget).run()
        finally:
            del premises.database.write, premises.store.delete

    @rule(number=NUMBER, repo=REPO, first=FIRST, act=ACT, step=st.integers(0, 2), later=LATER)
    def the_collector_within_a_client(
        self, number: int, repo: int, first: str, act: str, step: int, later: int
    ) -> None:
        """Between two of a client's steps a grace ends, about the very thing it speaks of."""
        self._let_it_lie(number, repo, first, 28)
        self._both(lambda: self._a_client(act, number, repo), self._collect_a_day_later, step)
        self._is_it_there(number, repo, later)

    @rule(number=NUMBER, repo=REPO, first=FIRST, act=ACT, step=st.integers(0, 7), later=LATER)
    def a_client_within_the_collector(
        self, number: int, repo: int, first: str, act: str, step: int, later: int
    ) -> None:
        """Between two steps of the run in which a grace ends, a client speaks of the very thing."""
        self._let_it_lie(number, repo, first, 28)
        self._both(self._collect_a_day_later, lambda: self._a_client(act, number, repo), step)
        self._is_it_there(number, repo, later)

    @rule(number=NUMBER, repo=REPO, first=FIRST, act=ACT, later=LATER)
    def a_client_before_the_end_of_a_grace(
        self, number: int, repo: int, first: str, act: str, later: int
    ) -> None:
        self._let_it_lie(number, repo, first, 27)
        self._a_client(act, number, repo)
        self._is_it_there(number, repo, later)

    def _let_it_lie(self, number: int, repo: int, first: str, days: int) -> None:
        """Something was sent, no repository holds it, and a grace is over soon."""
        for each in (0, 1):
            self.let_go(number, each)
        self.take_out_of_the_bucket(number)
        self._a_client("xorb", number, repo)
        if first != "xorb":
            self._a_client(first, number, repo)
        self.pass_days(days)

    def _is_it_there(self, number: int, repo: int, later: int) -> None:
        """What a client learned last holds for a grace."""
        self.pass_days(later)
        self._a_client("ask", number, repo)
        self._a_client("shard", number, repo)
        self._a_client("commit", number, repo)

    def _both(self, outer: Callable[[], None], inner: Callable[[], None], step: int) -> None:
        """The inner work before that step of the outer one: a unit of work, or bytes moved."""
        left = step
        places = [(self.world.database, "write"), (self.world.store, "adopt")]
        reals = [getattr(owner, name) for owner, name in places]

        def counted(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any) -> Any:
                nonlocal left
                left -= 1
                if left == -1:
                    inner()
                return real(*arguments)

            return call

        for (owner, name), real in zip(places, reals, strict=True):
            setattr(owner, name, counted(real))
        try:
            outer()
        finally:
            for owner, name in places:
                delattr(owner, name)

    def _a_client(self, act: str, number: int, repo: int) -> None:
        """What was sent while the same lay unused and went is refused, and has to be sent again."""
        acts = {
            "xorb": lambda: self.send_xorb(number),
            "shard": lambda: self.send_shard(number, repo),
            "bytes": lambda: self.send_plain_bytes(number, repo),
            "ask": lambda: self.ask_whether_it_is_here(number, repo),
            "ask for a chunk": lambda: self.ask_for_a_chunk(number),
            "commit": lambda: self.commit(number, repo),
        }
        was_fresh = self.is_fresh(self.xorb_told.get(number))
        try:
            acts[act]()
        except Unavailable:
            assert act == "bytes" or not was_fresh, "a xorb went too early"

    def _collect_a_day_later(self) -> None:
        self.world.clock.seconds += DAY
        self.seconds += DAY
        self.collect_quietly()

    @rule()
    def restart(self) -> None:
        self.world.restart()

    # --- what is always so --------------------------------------------------------------------------

    @invariant()
    def what_is_held_can_be_read(self) -> None:
        for repo, number in self.held:
            assert self.world.read(self.repos[repo], SHA256S[number]) == CONTENTS[number]

    @invariant()
    def rows_and_bytes_agree(self) -> None:
        report = Report("fsck", 0)
        ContentCheck(self.premises(), report, Silence()).run()
        errors = [each for each in report.findings if each.severity is Severity.ERROR]
        assert not errors, errors

    @invariant()
    def what_is_held_is_not_marked(self) -> None:
        """Or the grace that begins when it is let go would be over too early."""
        held = [SHA256S[number] for _, number in self.held]
        used = sa.select(xorb_uses.c.xorb_hash).where(xorb_uses.c.sha256.in_(held))
        wrong = sa.or_(
            sa.and_(marks.c.kind == "file", marks.c.key.in_(held)),
            sa.and_(marks.c.kind == "xorb", marks.c.key.in_(used)),
        )
        query = sa.select(marks.c.kind, marks.c.key).where(wrong)
        assert not self.world.database.read(lambda conn: conn.execute(query).all())

    @invariant()
    def what_is_not_marked_is_made_of_what_is_not_marked(self) -> None:
        file_marks = sa.select(marks.c.key).where(marks.c.kind == "file")
        xorb_marks = sa.select(marks.c.key).where(marks.c.kind == "xorb")
        query = sa.select(xorb_uses).where(
            xorb_uses.c.sha256.not_in(file_marks), xorb_uses.c.xorb_hash.in_(xorb_marks)
        )
        assert not self.world.database.read(lambda conn: conn.execute(query).all())

    def nothing_is_left(self) -> None:
        """In the end only what a repository holds is there."""
        for _ in range(62):
            self.world.clock.seconds += DAY
            self.collect_quietly()
        self.what_is_held_can_be_read()
        self.rows_and_bytes_agree()

        def look(conn: sa.Connection) -> tuple[set[str], set[str], set[str], int]:
            return (
                set(conn.execute(sa.select(blobs.c.sha256)).scalars()),
                set(conn.execute(sa.select(xorbs.c.hash)).scalars()),
                set(conn.execute(sa.select(xorb_uses.c.xorb_hash)).scalars()),
                conn.execute(sa.select(sa.func.count()).select_from(marks)).scalar_one(),
            )

        held, xorb_rows, used, marked = self.world.database.read(look)
        assert held == {SHA256S[number] for _, number in self.held}
        assert xorb_rows == used == set(self.world.store.list_keys(Kind.XORB))
        assert marked == 0
        if not self.held:
            assert not list(self.world.store.list_keys(Kind.SHARD))


def test_nothing_needed_goes_and_nothing_unneeded_stays() -> None:
    run_state_machine_as_test(
        CollectorMachine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # Each try of a shorter history takes seconds: what fails is told as it was found.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
        ),
    )


def test_no_step_of_the_one_hurts_the_other() -> None:
    """Every place where the collector can stand within a client, and a client within it."""
    machine = CollectorMachine()
    checks = (
        machine.what_is_held_can_be_read,
        machine.rows_and_bytes_agree,
        machine.what_is_held_is_not_marked,
        machine.what_is_not_marked_is_made_of_what_is_not_marked,
    )
    try:
        for first, act in (
            *itertools.product(("xorb", "shard"), ("xorb", "bytes", "shard")),
            ("shard", "ask"),
        ):
            for step in range(1, 7):
                machine.a_client_within_the_collector(
                    number=step, repo=0, first=first, act=act, step=step, later=0
                )
                for check in checks:
                    check()
            for step in range(3):
                machine.the_collector_within_a_client(
                    number=step, repo=1, first=first, act=act, step=step, later=0
                )
                for check in checks:
                    check()
    finally:
        machine.teardown()
