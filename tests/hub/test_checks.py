"""What tests say of commits: one row for each name, in its order, with a log that is bounded."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from groundswell.core.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    RepoNotFound,
    RevisionNotFound,
    TooLarge,
    Unauthenticated,
)
from groundswell.core.values import ANONYMOUS, Visibility
from groundswell.hub.checks import Checks, Report, State
from groundswell.hub.checks import rows as check_rows
from groundswell.hub.repos import Repository
from groundswell.store import tables
from tests.hub.both import on_both, url_of
from tests.hub.git_world import GitWorld


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GitWorld]:
    world = GitWorld(tmp_path, url_of(request))
    yield world
    world.close()


@pytest.fixture
def repository(world: GitWorld) -> Repository:
    return world.model()


@pytest.fixture
def checks(world: GitWorld) -> Checks:
    return Checks(world.database, world.git, world.now)


@on_both("world")
def test_a_report_takes_the_place_of_the_one_before(
    world: GitWorld, checks: Checks, repository: Repository
) -> None:
    started = checks.report(world.alice, repository, "main", Report("unit", State.RUNNING))
    assert (started.finished_at, started.reporter) == (None, "alice")
    ended = checks.report(
        world.alice,
        repository,
        started.commit,
        Report("unit", State.FAILED, "2 of 9 **failed**", "https://ci.example/7", "line 1\n"),
    )
    assert ended.started_at == started.started_at
    assert ended.finished_at is not None
    assert ended.finished_at > (ended.started_at or 0)
    again = checks.report(world.alice, repository, "main", Report("unit", State.PASSED))
    assert again.started_at != started.started_at  # a new run has times of its own
    checks.report(world.alice, repository, "main", Report("a scan", State.SKIPPED))
    names = [(each.name, each.state) for each in checks.of(world.bob, repository, "main")]
    assert names == [("a scan", State.SKIPPED), ("unit", State.PASSED)]
    found, log = checks.one(world.bob, repository, "main", "unit")
    assert (found.has_log, log) == (True, "line 1\n")  # kept: the later report brought none
    events = world.database.read(
        lambda conn: (
            conn.execute(
                sa.select(tables.events.c.payload)
                .where(tables.events.c.type == "check.reported")
                .order_by(tables.events.c.id)
            )
            .scalars()
            .all()
        )
    )
    assert len(events) == 4
    assert events[1]["state"] == "failed"


def test_only_who_may_write_reports_and_only_who_may_read_reads(
    world: GitWorld, checks: Checks, repository: Repository
) -> None:
    passed = Report("unit", State.PASSED)
    with pytest.raises(Forbidden):
        checks.report(world.bob, repository, "main", passed)
    with pytest.raises(Unauthenticated):
        checks.report(ANONYMOUS, repository, "main", passed)
    assert checks.of(world.alice, repository, "main") == ()
    hidden = world.model("hidden", Visibility.PRIVATE)
    checks.report(world.alice, hidden, "main", passed)
    for who in (world.bob, ANONYMOUS):
        with pytest.raises(RepoNotFound):
            checks.of(who, hidden, "main")
        with pytest.raises(RepoNotFound):
            checks.one(who, hidden, "main", "unit")


@on_both("world")
def test_a_check_is_of_this_repository_and_commit(
    world: GitWorld, checks: Checks, repository: Repository
) -> None:
    first = checks.report(world.alice, repository, "main", Report("unit", State.PASSED)).commit
    world.files(repository, a="1")
    assert checks.of(world.alice, repository, "main") == ()
    assert len(checks.of(world.alice, repository, first)) == 1
    other = world.model("other")
    with pytest.raises(RevisionNotFound):
        checks.of(world.alice, other, first)
    with pytest.raises(RevisionNotFound):
        checks.report(world.alice, repository, "0" * 40, Report("unit", State.PASSED))
    with pytest.raises(NotFound):
        checks.one(world.alice, repository, "main", "unit")


@pytest.mark.parametrize(
    "report",
    [
        Report("", State.PASSED),
        Report("x" * 101, State.PASSED),
        Report("a\nb", State.PASSED),
        Report("a", State.PASSED, "x" * 10_001),
        Report("a", State.PASSED, "a\0b"),
        Report("a", State.PASSED, details_url="javascript:alert(1)"),
        Report("a", State.PASSED, details_url="https:///x"),
        Report("a", State.PASSED, details_url="https://[x"),
        Report("a", State.PASSED, details_url="https://h/" + "x" * 2000),
        Report("a", State.PASSED, finished_at=-1),
    ],
)
def test_what_cannot_be_kept_is_refused(
    world: GitWorld, checks: Checks, repository: Repository, report: Report
) -> None:
    with pytest.raises(BadRequest):
        checks.report(world.alice, repository, "main", report)


@on_both("world")
def test_everything_is_bounded(
    world: GitWorld,
    checks: Checks,
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(TooLarge):
        checks.report(
            world.alice, repository, "main", Report("a", State.PASSED, log="x" * (1 << 20) + "x")
        )
    monkeypatch.setattr(check_rows, "CHECKS_MAX", 3)
    monkeypatch.setattr(check_rows, "LOGS_BYTES_MAX", 2_500)
    noise = random.Random(1)
    for name in "abc":
        log = noise.randbytes(500).hex()
        checks.report(world.alice, repository, "main", Report(name, State.PASSED, log=log))
    with pytest.raises(Conflict):
        checks.report(world.alice, repository, "main", Report("d", State.PASSED))
    kept = [each.has_log for each in checks.of(world.alice, repository, "main")]
    assert kept == [True, True, True]
    monkeypatch.setattr(check_rows, "LOGS_BYTES_MAX", 1_500)
    log = noise.randbytes(500).hex()
    checks.report(world.alice, repository, "main", Report("c", State.FAILED, log=log))
    kept = [each.has_log for each in checks.of(world.alice, repository, "main")]
    assert kept == [False, True, True]  # the oldest goes
