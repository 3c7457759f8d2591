"""Buckets, which live in the database alone: checked, repaired, backed up, restored, and lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from groundswell.core.errors import RepoNotFound
from groundswell.core.values import AddFile, RepoId, RepoKind
from groundswell.hub.buckets import BucketFile, Buckets
from groundswell.hub.upkeep import Code, back_up, check, rebuild
from tests.fault.upkeep.conftest import World
from tests.fault.upkeep.small_hub import SmallHub, damage_rows, ticking
from tests.fault.upkeep.test_backup import restored
from tests.fault.upkeep.test_rebuild import lose_database

BUCKET = RepoId(RepoKind.BUCKET, "ada", "runs")


def buckets_of(hub: SmallHub) -> Buckets:
    return Buckets(hub.database, hub.blobs, ticking)


def fill(world: World) -> dict[str, bytes]:
    """A bucket with a file of its own, one that a repository holds too, and a twin."""
    hub = world.hub
    number = hub.repos.create_bucket(world.ada, BUCKET).id
    own = world.new(200_000)
    files = {"own.bin": own, "logs/twin.bin": own, "w/model.bin": world.weights}
    operations = []
    for path, content in files.items():
        assert world.ada.account_id is not None
        ingest = hub.blobs.begin_ingest(f"n{world.ada.account_id}", number, world.ada.account_id)
        ingest.write(content)
        operations.append(AddFile(path, ingest.finish().file_hash))
    assert buckets_of(hub).batch(world.ada, BUCKET, operations).failures == ()
    return files


def contents(world: World, hub: SmallHub) -> dict[str, bytes]:
    buckets = buckets_of(hub)
    found = {}
    for item in buckets.tree(world.ada, BUCKET).items:
        assert isinstance(item, BucketFile)
        plan = buckets.locate(world.ada, BUCKET, item.path).plan
        found[item.path] = b"".join(hub.blobs.open_content(plan, 0, plan.size_bytes))
    return found


def test_a_sound_bucket_is_counted_and_has_no_folder_to_miss(world: World) -> None:
    fill(world)
    report = check(world.reopen().premises, deep=True)
    assert report.findings == []
    assert (report.counted["buckets"], report.counted["repositories"]) == (1, 2)


OF_BUCKET = "repository_id = (SELECT id FROM repositories WHERE kind = 'bucket')"


@pytest.mark.parametrize(
    "statement",
    [
        f"DELETE FROM links WHERE {OF_BUCKET}",
        "DELETE FROM bucket_files WHERE path = 'w/model.bin'",
        "UPDATE buckets SET file_count = file_count + 1",
        "UPDATE buckets SET size_bytes = 0",
        "DELETE FROM buckets",
    ],
)
def test_what_does_not_agree_is_found_and_repaired(world: World, statement: str) -> None:
    files = fill(world)
    world.hub.close()
    damage_rows(world.root, statement)
    report = check(world.reopen().premises)
    assert {each.code for each in report.findings} == {Code.BUCKET_WRONG}
    assert all("bucket ada/runs" in each.where for each in report.findings)
    assert rebuild(world.reopen(serves=True).premises).counted["buckets_repaired"]
    assert check(world.hub.premises).findings == []
    left = contents(world, world.hub)
    assert left == {path: files[path] for path in left}
    assert len(left) == (2 if "w/model" in statement else 3)


def test_a_backup_carries_buckets_and_a_restore_brings_them_back(
    world: World, tmp_path: Path
) -> None:
    files = fill(world)
    _, report = back_up(world.hub.premises, tmp_path / "backup")
    assert report.findings == []
    hub = restored(tmp_path / "backup", tmp_path / "new", deep=True)
    try:
        assert contents(world, hub) == files
        assert check(hub.premises).findings == []
    finally:
        hub.close()


def test_with_the_database_what_lies_in_buckets_is_lost_and_nothing_else(world: World) -> None:
    fill(world)
    hub = lose_database(world)
    rebuild(hub.premises)
    assert check(hub.premises).findings == []
    with pytest.raises(RepoNotFound):
        buckets_of(hub).get(world.ada, BUCKET)


def test_a_rebuild_beside_a_whole_database_keeps_buckets(world: World) -> None:
    files = fill(world)
    hub = world.reopen(serves=True)
    assert rebuild(hub.premises).counted["buckets_repaired"] == 0
    assert contents(world, hub) == files
