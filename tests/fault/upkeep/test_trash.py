"""What was deleted comes back whole within the grace, and is gone after it."""

import hashlib
import json
import time
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from groundswell.cli import main
from groundswell.core.errors import NameTaken, NotFound, RepoNotFound
from groundswell.core.policy import Action
from groundswell.core.values import RepoId, RepoKind
from groundswell.hub.repos import Repos
from groundswell.hub.upkeep import Severity, check, rebuild
from groundswell.hub.upkeep.collecting import (
    Collector,
    Unlinking,
    bring_back,
    bring_back_file,
    listed,
)
from groundswell.hub.upkeep.sweeping import Sweeping
from groundswell.store.ports import Kind
from groundswell.store.tables import hub_facts, links, marks
from tests.fault.upkeep.conftest import World
from tests.fault.upkeep.small_hub import ticking

ONE = RepoId(RepoKind.MODEL, "ada", "one")
NOW = 0.0  # no grace: what is marked goes with the next run


@pytest.fixture
def swell(capfd, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SWELL_GRACE_SECONDS", "1")

    def run(*arguments: object) -> SimpleNamespace:
        with pytest.raises(SystemExit) as left:
            main([str(each) for each in arguments])
        out, err = capfd.readouterr()
        return SimpleNamespace(code=left.value.code, out=out, err=err)

    return run


def faults(world: World) -> list[object]:
    report = check(world.hub.premises, deep=True)
    return [each for each in report.findings if each.severity is Severity.ERROR]


def linked(world: World, number: int) -> set[str]:
    query = sa.select(links.c.sha256).where(links.c.repository_id == number)
    return set(world.hub.database.read(lambda conn: conn.execute(query).scalars().all()))


def test_a_deleted_repository_comes_back_whole(world: World) -> None:
    before, collector = world.hub.everything(), Collector(world.hub.premises)
    world.hub.repos.delete(world.ada, ONE)
    assert world.one.id not in world.hub.git.numbers()
    collector.run()
    (found,) = [each for each in listed(world.hub.premises, 10.0) if each.kind == "repository"]
    assert found.places == ("model ada/one",)
    assert found.size_bytes > 0
    assert found.until - found.since == 10_000_000
    files = list(listed(world.hub.premises, 10.0, ["file"]))
    assert any(each.places == ("model ada/one: w/model.bin",) for each in files)
    with pytest.raises(RepoNotFound):
        world.hub.repos.find(world.ada, ONE, Action.READ)
    assert bring_back(world.hub.premises, RepoId(RepoKind.MODEL, "Ada", "ONE")) == world.one.id
    assert world.hub.repos.find(world.ada, ONE, Action.READ).id == world.one.id
    assert world.hub.everything() == before
    collector.run()
    assert not list(listed(world.hub.premises, 10.0, ["repository", "file", "xorb"]))
    assert faults(world) == []


def test_a_deleted_repository_is_gone_after_the_grace(world: World) -> None:
    sizes = len(list(world.hub.store.list_keys(Kind.XORB)))
    world.hub.repos.delete(world.ada, ONE)
    collector = Collector(world.hub.premises, NOW)
    collector.run()
    tally = collector.run()
    assert tally.removed["repository"][0] == 1
    assert tally.removed["repository"][1] > 0
    assert world.hub.git.aside.numbers() == []
    assert len(list(world.hub.store.list_keys(Kind.XORB))) < sizes
    assert world.hub.everything()  # the other one
    assert faults(world) == []
    with pytest.raises(NotFound):
        bring_back(world.hub.premises, ONE)
    with pytest.raises(NotFound):
        bring_back(world.hub.premises, RepoId(RepoKind.DATASET, "ada", "one"))


def test_a_name_that_was_given_again_is_not_taken_away(world: World) -> None:
    world.hub.repos.delete(world.ada, ONE)
    fresh = world.hub.model(world.ada, "one")
    with pytest.raises(NameTaken):
        bring_back(world.hub.premises, ONE)
    assert world.hub.repos.find(world.ada, ONE, Action.READ).id == fresh.id
    assert world.one.id in world.hub.git.aside.numbers()


def test_a_removal_that_was_cut_short_is_finished(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.hub.repos.delete(world.ada, ONE)
    collector = Collector(world.hub.premises, NOW)
    collector.run()
    monkeypatch.setattr(type(world.hub.git.aside), "delete", lambda self, number: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        collector.run()
    monkeypatch.undo()
    assert world.hub.git.aside.numbers() == [world.one.id]
    with pytest.raises(NotFound):
        bring_back(world.hub.premises, ONE)
    assert world.hub.git.aside.numbers() == [world.one.id]
    collector.run()
    assert world.hub.git.aside.numbers() == []


def squash(world: World) -> str:
    """The large file of ``dev`` is left behind by its branch; its sha256."""
    git, number = world.hub.git, world.one.id
    before = linked(world, number)
    old = git.ref_target(number, "refs/heads/dev")
    git.swap_ref(number, "refs/heads/dev", old, git.head(number))
    git.barrier.wait("reference")
    (lost,) = before - {hashlib.sha256(world.weights).hexdigest(), hashlib.sha256(b"").hexdigest()}
    return lost


def test_what_no_branch_reaches_any_more_is_let_go(world: World) -> None:
    lost, before = squash(world), linked(world, world.one.id)
    for _ in range(4_000):
        ticking()  # an hour and more
    Sweeping(world.hub.premises).pack_written()
    assert linked(world, world.one.id) == before - {lost}
    assert not world.hub.git.tidying.is_cut(world.one.id)
    collector = Collector(world.hub.premises, NOW)
    collector.run()
    assert lost in {each.key for each in listed(world.hub.premises, 1.0, ["file"])}
    collector.run()
    with pytest.raises(NotFound):
        bring_back_file(world.hub.premises, lost)
    assert world.hub.everything()
    assert faults(world) == []


def test_what_was_linked_a_moment_ago_waits(world: World) -> None:
    lost, before = squash(world), linked(world, world.one.id)
    unlinking = Unlinking(world.hub.premises, young_seconds=1e9)
    unlinking.want(world.one.id)
    assert unlinking.run() == 0
    assert linked(world, world.one.id) == before
    later = Unlinking(world.hub.premises, young_seconds=0)
    assert later.run() == 1
    assert linked(world, world.one.id) == before - {lost}
    assert later.run() == 0


def test_a_file_that_was_let_go_comes_back(world: World) -> None:
    lost = squash(world)
    Unlinking(world.hub.premises, young_seconds=0).look(world.one.id)
    Collector(world.hub.premises).run()
    assert bring_back_file(world.hub.premises, lost) == 1
    assert lost in linked(world, world.one.id)
    plan = world.hub.blobs.plan(world.one.id, lost)
    content = b"".join(world.hub.blobs.open_content(plan, 0, plan.size_bytes))
    assert hashlib.sha256(content).hexdigest() == lost
    query = sa.select(marks.c.key).where(marks.c.kind != "shard")
    assert not world.hub.database.read(lambda conn: conn.execute(query).all())


def test_a_rebuild_after_a_collection_finds_nothing_wrong(world: World) -> None:
    squash(world)
    Unlinking(world.hub.premises, young_seconds=0).look(world.one.id)
    collector = Collector(world.hub.premises, NOW)
    for _ in range(3):
        collector.run()
    before = world.hub.everything()
    world.reopen(serves=True)
    report = rebuild(world.hub.premises)
    assert report.error_count == 0, report.findings
    assert world.hub.everything() == before
    assert faults(world) == []


def test_a_folder_that_a_crash_left_half_deleted_is_set_aside(world: World) -> None:
    world.hub.repos.delete(world.ada, ONE)
    world.hub.git.aside.bring_back(world.one.id)
    repos = Repos(world.hub.database, world.hub.git, ticking)
    assert repos.finish_deletions() == 1
    repos.close()
    assert world.hub.git.aside.numbers() == [world.one.id]


def test_the_verbs(world: World, swell) -> None:
    root = world.root
    before = world.hub.everything()
    world.hub.repos.delete(world.ada, ONE)
    said = json.loads(swell("store", "collect", "--dry-run", "--json", "--data", root).out)
    assert said["dry_run"] is True
    assert said["marked"]["file"]["count"] >= 2
    assert json.loads(swell("store", "trash", "--json", "--data", root).out) == []
    done = swell("store", "collect", "--data", root)
    assert done.code == 0, done.err
    assert "marked: " in done.out
    assert "1 repository (" in done.out
    trash = json.loads(swell("store", "trash", "--json", "--data", root).out)
    assert {each["kind"] for each in trash} == {"repository", "file", "xorb"}
    short = swell("store", "trash", "--kind", "file", "--limit", 1, "--data", root)
    assert len(short.out.splitlines()) == 2
    assert "There is more" in short.err
    done = swell("store", "restore", "ada/one", "--data", root)
    assert done.out == "model ada/one is back.\n", done.err
    assert world.hub.everything() == before
    assert swell("store", "restore", "ada/one", "--data", root).code == NotFound.exit_code
    assert swell("store", "restore", "ab" * 32, "--data", root).code == NotFound.exit_code
    assert swell("store", "restore", "what?", "--data", root).code != 0
    world.hub.repos.delete(world.ada, ONE)
    for _ in range(3):
        done = swell("store", "collect", "--data", root)
        time.sleep(1.1)
    assert done.code == 0
    assert "in the trash: nothing" in done.out
    assert faults(world) == []


def test_a_new_epoch_is_one_that_no_client_met(world: World, swell) -> None:
    query = sa.select(hub_facts.c.value).where(hub_facts.c.name == "xet_epoch")
    epochs = []
    for _ in range(2):
        said = swell("store", "new-epoch", "--data", world.root)
        epochs.append(world.hub.database.read(lambda conn: conn.execute(query).scalar()))
        assert said.out == f"Epoch {epochs[-1]} has begun.\n"
    assert 1 < epochs[0] < epochs[1]
