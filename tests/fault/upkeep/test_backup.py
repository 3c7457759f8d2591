"""Backups of a hub at work, restores, and what happens when either is broken off."""

import os
import random
import threading
from pathlib import Path

import pytest

from groundswell.core.errors import BadRequest, Corrupt, NotFound, Unavailable
from groundswell.core.policy import Action
from groundswell.core.values import RepoId, RepoKind
from groundswell.hub.upkeep import Code, back_up, check, restore
from groundswell.hub.upkeep.findings import Silence
from groundswell.hub.upkeep.restoring import MARK
from groundswell.hub.upkeep.snapshots import MANIFEST, Manifest, find_snapshot
from groundswell.store.git.upkeep import Upkeep
from groundswell.store.layout import DataFolder
from tests.fault.upkeep.conftest import World
from tests.fault.upkeep.small_hub import SmallHub, flip_bit, opened


class BreaksOff(Silence):
    """Progress that is interrupted at the beginning of a part, as by Ctrl-C."""

    def __init__(self, part: str) -> None:
        self._part = part

    def begin(self, what: str, total: int | None) -> None:
        if what == self._part:
            raise KeyboardInterrupt


class Meanwhile(Silence):
    """Progress that does something else when a part begins."""

    def __init__(self, part: str, work: object) -> None:
        self._part, self._work = part, work

    def begin(self, what: str, total: int | None) -> None:
        if what == self._part:
            self._work()


def restored(backup: Path, root: Path, **options: object) -> SmallHub:
    report = restore(backup, DataFolder(root), opened, **options)
    assert report.findings == []
    assert not (root / MARK).exists()
    return SmallHub.open(root)


def test_a_restore_has_everything_and_proves_it(world: World, tmp_path: Path) -> None:
    before = world.hub.everything()
    name, report = back_up(world.hub.premises, tmp_path / "backup")
    assert report.findings == []
    hub = restored(tmp_path / "backup", tmp_path / "new", deep=True, snapshot=name)
    try:
        assert hub.everything() == before
        assert hub.accounts.find_account("ada").id == world.ada.account_id
        assert hub.blobs.passes.epoch() > world.hub.blobs.passes.epoch()
        assert (hub.folder.keys / "0001.key").read_bytes() == (
            world.hub.folder.keys / "0001.key"
        ).read_bytes()
        world_again = hub.model(world.ada, "after")
        assert world_again.id > world.hidden.id
    finally:
        hub.close()


def test_the_second_backup_copies_only_what_is_new(world: World, tmp_path: Path) -> None:
    _, first = back_up(world.hub.premises, tmp_path / "backup")
    _, idle = back_up(world.hub.premises, tmp_path / "backup")
    assert idle.counted["xorbs"] == first.counted["xorbs"]
    assert idle.counted["bytes_copied"] < 5_000
    world.commit(world.one, {"more.bin": world.new(50_000)}, large=True)
    _, more = back_up(world.hub.premises, tmp_path / "backup")
    assert 50_000 < more.counted["bytes_copied"] < 60_000
    assert len(list((tmp_path / "backup/snapshots").iterdir())) == 3


def test_an_older_snapshot_can_be_restored(world: World, tmp_path: Path) -> None:
    before = world.hub.everything()
    name, _ = back_up(world.hub.premises, tmp_path / "backup")
    world.commit(world.one, {"more.bin": world.new(50_000)}, large=True)
    back_up(world.hub.premises, tmp_path / "backup")
    hub = SmallHub.open(tmp_path / "x")
    hub.close()
    report = restore(
        tmp_path / "backup", DataFolder(tmp_path / "new"), opened, snapshot=name, deep=True
    )
    assert {each.code for each in report.findings} <= {Code.XORB_ORPHAN, Code.SHARD_ORPHAN}
    hub = SmallHub.open(tmp_path / "new")
    try:
        assert hub.everything() == before
    finally:
        hub.close()


@pytest.mark.parametrize("part", ["database", "repositories", "shards", "xorbs"])
def test_a_backup_that_breaks_off_leaves_the_old_one_and_goes_on(
    world: World, tmp_path: Path, part: str
) -> None:
    backup = tmp_path / "backup"
    name, _ = back_up(world.hub.premises, backup)
    world.commit(world.one, {"more.bin": world.new(50_000)}, large=True)
    before = world.hub.everything()
    with pytest.raises(KeyboardInterrupt):
        back_up(world.hub.premises, backup, progress=BreaksOff(part))
    assert find_snapshot(backup).name == name
    newer, _ = back_up(world.hub.premises, backup)
    assert {path.name for path in (backup / "snapshots").iterdir()} == {name, newer}
    assert not list(backup.glob(".arriving/*"))
    hub = restored(backup, tmp_path / "new")
    try:
        assert hub.everything() == before
    finally:
        hub.close()


@pytest.mark.parametrize("part", ["shards", "xorbs", "repositories", "files", "database"])
def test_a_restore_that_breaks_off_goes_on(world: World, tmp_path: Path, part: str) -> None:
    before = world.hub.everything()
    back_up(world.hub.premises, tmp_path / "backup")
    folder = DataFolder(tmp_path / "new")
    with pytest.raises(KeyboardInterrupt):
        restore(tmp_path / "backup", folder, opened, progress=BreaksOff(part))
    assert (folder.root / MARK).exists()
    hub = restored(tmp_path / "backup", folder.root)
    try:
        assert hub.everything() == before
    finally:
        hub.close()


def test_every_commit_acknowledged_before_the_start_is_there(world: World, tmp_path: Path) -> None:
    """Four committers work all the time while three backups are made, one after the other."""
    hub = world.hub
    models = [hub.model(world.ada, f"busy-{number}") for number in range(4)]
    acknowledged: list[tuple[int, str, str, bytes]] = []
    stop = threading.Event()
    faults: list[BaseException] = []

    def work(place: int) -> None:
        source = random.Random(place)
        number = 0
        try:
            while not stop.is_set():
                number += 1
                content = source.randbytes(20_000 + number)
                path = f"file-{number % 5}.bin"
                commit = world.commit(models[place], {path: content}, large=number % 2 == 0)
                acknowledged.append((models[place].id, commit, path, content))
        except BaseException as error:
            faults.append(error)

    workers = [threading.Thread(target=work, args=(place,)) for place in range(4)]
    for each in workers:
        each.start()
    promised = []
    try:
        for _ in range(3):
            while len(acknowledged) < 8 * (len(promised) + 1) and not faults:
                stop.wait(0.01)
            count = len(acknowledged)
            name, report = back_up(hub.premises, tmp_path / "backup")
            assert report.findings == []
            promised.append((name, acknowledged[:count]))
    finally:
        stop.set()
        for each in workers:
            each.join()
    assert not faults
    for name, expected in promised:
        root = tmp_path / f"restored-{name}"
        report = restore(tmp_path / "backup", DataFolder(root), opened, snapshot=name, deep=True)
        assert report.error_count == 0, report.findings
        copy = SmallHub.open(root)
        try:
            for number, commit, path, content in expected:
                head = copy.git.head(number)
                assert head is not None
                assert copy.git.is_ancestor(number, commit, head)
                assert copy.read(number, commit, path) == content
            copy.everything()  # also what landed while the backup was made is readable
        finally:
            copy.close()


def test_a_commit_between_the_database_and_the_refs_is_whole(world: World, tmp_path: Path) -> None:
    content = world.new(30_000)
    late = Meanwhile(
        "repositories", lambda: world.commit(world.one, {"late.bin": content}, large=True)
    )
    back_up(world.hub.premises, tmp_path / "backup", progress=late)
    hub = restored(tmp_path / "backup", tmp_path / "new", deep=True)
    try:
        head = hub.git.head(world.one.id)
        assert head is not None
        assert hub.read(world.one.id, head, "late.bin") == content
    finally:
        hub.close()


def test_a_repository_deleted_meanwhile_stays_deleted(world: World, tmp_path: Path) -> None:
    repo_id = RepoId(RepoKind.MODEL, "ada", "hidden")
    late = Meanwhile("repositories", lambda: world.hub.repos.delete(world.ada, repo_id))
    back_up(world.hub.premises, tmp_path / "backup", progress=late)
    manifest = Manifest.read(find_snapshot(tmp_path / "backup") / MANIFEST)
    assert manifest.deleted_meanwhile == (world.hidden.id,)
    report = restore(tmp_path / "backup", DataFolder(tmp_path / "new"), opened)
    assert report.error_count == 0
    hub = SmallHub.open(tmp_path / "new")
    try:
        with pytest.raises(NotFound):
            hub.repos.find(world.ada, repo_id, Action.READ)
    finally:
        hub.close()


def test_nothing_is_packed_away_while_a_backup_is_made(world: World, tmp_path: Path) -> None:
    allowed: list[bool] = []

    def look() -> None:
        with world.hub.premises.lease.deleting() as is_allowed:
            allowed.append(is_allowed)

    back_up(world.hub.premises, tmp_path / "backup", progress=Meanwhile("xorbs", look))
    look()
    assert allowed == [False, True]


def test_objects_that_are_packed_while_they_are_listed(world: World, tmp_path: Path) -> None:
    """Not under the lease, as when somebody runs git by hand."""
    before = world.hub.everything()
    back_up(world.hub.premises, tmp_path / "backup")
    Upkeep().pack(world.hub.git.path(world.one.id))
    back_up(world.hub.premises, tmp_path / "backup")
    hub = restored(tmp_path / "backup", tmp_path / "new", deep=True)
    try:
        assert hub.everything() == before
    finally:
        hub.close()


def test_what_is_damaged_is_not_copied_and_told(world: World, tmp_path: Path) -> None:
    flip_bit(world.xorb_of(world.weights), 5_000)
    shard = min(world.root.glob("shards/*/*"))
    flip_bit(shard, 60)
    loose = min(world.hub.git.path(world.one.id).glob("objects/??/*"))
    flip_bit(loose, 8)
    _, report = back_up(world.reopen().premises, tmp_path / "backup")
    assert {each.code for each in report.findings} == {
        Code.XORB_CORRUPT,
        Code.SHARD_CORRUPT,
        Code.OBJECT_BROKEN,
    }
    assert not (tmp_path / "backup" / shard.relative_to(world.root)).exists()
    manifest = Manifest.read(find_snapshot(tmp_path / "backup") / MANIFEST)
    assert len(manifest.faults) == 3


def test_a_backup_heals_a_broken_xorb_of_its_own(world: World, tmp_path: Path) -> None:
    back_up(world.hub.premises, tmp_path / "backup")
    inside = world.xorb_of(world.weights).relative_to(world.root)
    flip_bit(tmp_path / "backup" / inside, -60)
    back_up(world.hub.premises, tmp_path / "backup")
    assert (tmp_path / "backup" / inside).read_bytes() == (world.root / inside).read_bytes()


@pytest.mark.parametrize("name", ["groundswell.db", "references.jsonl", "manifest.json"])
def test_a_snapshot_that_has_changed_is_refused(world: World, tmp_path: Path, name: str) -> None:
    back_up(world.hub.premises, tmp_path / "backup")
    path = find_snapshot(tmp_path / "backup") / name
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(Corrupt):
        restore(tmp_path / "backup", DataFolder(tmp_path / "new"), opened)
    assert not (tmp_path / "new").exists()


def test_a_xorb_that_rotted_in_the_backup_is_found_by_the_restore(
    world: World, tmp_path: Path
) -> None:
    back_up(world.hub.premises, tmp_path / "backup")
    inside = world.xorb_of(world.weights).relative_to(world.root)
    flip_bit(tmp_path / "backup" / inside, 5_000)
    report = restore(tmp_path / "backup", DataFolder(tmp_path / "new"), opened)
    assert {Code.XORB_CORRUPT, Code.XORB_MISSING} <= {each.code for each in report.findings}


def test_a_backup_alone_is_enough_without_its_database(world: World, tmp_path: Path) -> None:
    """As for a hub on PostgreSQL whose dump was lost: the models come back."""
    before = world.hub.everything()
    back_up(world.hub.premises, tmp_path / "backup", with_database=False)
    report = restore(tmp_path / "backup", DataFolder(tmp_path / "new"), opened)
    assert report.error_count == 0
    hub = SmallHub.open(tmp_path / "new")
    try:
        assert hub.everything() == before
        assert check(hub.premises, deep=True).findings == []
    finally:
        hub.close()


def test_places_that_are_no_place_for_it(world: World, tmp_path: Path) -> None:
    premises = world.hub.premises
    with pytest.raises(BadRequest):
        back_up(premises, world.root / "backup")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    with pytest.raises(BadRequest):
        back_up(premises, tmp_path / "full")
    with pytest.raises(BadRequest):
        restore(tmp_path / "full", DataFolder(tmp_path / "new"), opened)
    back_up(premises, tmp_path / "backup")
    with pytest.raises(BadRequest):
        restore(tmp_path / "backup", DataFolder(tmp_path / "full"), opened)
    with pytest.raises(NotFound):
        restore(tmp_path / "backup", DataFolder(tmp_path / "new"), opened, snapshot="nope")
    assert (tmp_path / "full" / "letter.txt").read_text() == "dear"


def test_two_backups_into_one_folder_take_turns(world: World, tmp_path: Path) -> None:
    seen: list[type[BaseException]] = []

    def second() -> None:
        try:
            back_up(world.hub.premises, tmp_path / "backup")
        except Unavailable as error:
            seen.append(type(error))

    back_up(world.hub.premises, tmp_path / "backup", progress=Meanwhile("xorbs", second))
    assert seen == [Unavailable]


def test_the_copy_of_a_repository_can_be_cloned(world: World, tmp_path: Path) -> None:
    import subprocess

    back_up(world.hub.premises, tmp_path / "backup")
    source = tmp_path / "backup" / world.hub.git.path(world.one.id).relative_to(world.root)
    plain = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "clone", "-q", source, tmp_path / "clone"], check=True, env=plain)
    assert (tmp_path / "clone/README.md").read_text().startswith("---")
