"""Every class of damage is planted and found, and nothing else is."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from groundswell.hub.upkeep import Code, Report, Severity, check
from groundswell.hub.upkeep.findings import FINDINGS_MAX
from tests.fault.upkeep.conftest import World
from tests.fault.upkeep.small_hub import damage_rows, flip_bit


def codes(report: Report) -> set[Code]:
    return {each.code for each in report.findings}


def run(world: World, **options: bool) -> Report:
    return check(world.reopen().premises, **options)


@pytest.mark.parametrize("deep", [False, True])
def test_a_sound_hub_has_nothing_to_tell(world: World, deep: bool) -> None:
    report = run(world, deep=deep)
    assert report.findings == []
    assert report.counted["repositories"] == 2
    assert report.counted["blobs"] == 4
    assert (report.counted["bytes_hashed"] > 1_000_000) is deep


def test_a_missing_xorb_and_the_file_that_needs_it(world: World) -> None:
    world.xorb_of(world.weights).unlink()
    report = run(world)
    assert codes(report) == {Code.XORB_MISSING, Code.RECIPE_BROKEN}
    broken = next(each for each in report.findings if each.code is Code.RECIPE_BROKEN)
    assert "ada/one: w/model.bin" in broken.where


def test_a_flipped_bit_in_a_chunk_is_for_the_deep_check(world: World) -> None:
    flip_bit(world.xorb_of(world.weights), 5_000)
    assert run(world).findings == []
    report = run(world, deep=True)
    assert Code.XORB_CORRUPT in codes(report)
    assert codes(report) <= {Code.XORB_CORRUPT, Code.RECIPE_BROKEN}


@pytest.mark.parametrize("offset", [-1, -25, -60])
def test_a_flipped_bit_in_a_footer_shows_at_once(world: World, offset: int) -> None:
    flip_bit(world.xorb_of(world.weights), offset)
    assert codes(run(world)) == {Code.XORB_CORRUPT, Code.RECIPE_BROKEN}


def test_the_deep_check_knows_every_bit_of_a_footer(world: World) -> None:
    flip_bit(world.xorb_of(world.weights), -10)  # reserved: no reader looks at it
    assert Code.XORB_CORRUPT in codes(run(world, deep=True))


@pytest.mark.parametrize("keeps", [0, 3, 600, -1])
def test_a_xorb_that_was_cut_off(world: World, keeps: int) -> None:
    path = world.xorb_of(world.weights)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:keeps])
    assert codes(run(world)) == {Code.XORB_CORRUPT, Code.RECIPE_BROKEN}


@pytest.mark.parametrize("keeps", [0, 47, 100, -48])
def test_a_shard_that_was_cut_off(world: World, keeps: int) -> None:
    path = min(world.root.glob("shards/*/*"))
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:keeps])
    report = run(world)
    assert codes(report) == {Code.SHARD_CORRUPT, Code.RECIPE_UNSHARDED}
    assert report.error_count == 1


def test_a_ref_that_leads_nowhere(world: World) -> None:
    folder = world.hub.git.path(world.one.id)
    (folder / "refs/heads/dev").write_text("12" * 20 + "\n")
    report = run(world)
    assert codes(report) == {Code.REFERENCE_BROKEN}
    assert "refs/heads/dev" in report.findings[0].where


@pytest.mark.parametrize("content", [b"", b"\0" * 41, b"garbage\n"])
def test_a_ref_file_that_a_power_cut_emptied(world: World, content: bytes) -> None:
    (world.hub.git.path(world.one.id) / "refs/heads/dev").write_bytes(content)
    assert codes(run(world)) == {Code.REFERENCE_BROKEN}


def test_a_ref_that_leads_to_a_tree(world: World) -> None:
    tree = world.hub.git.tree_id(world.one.id, world.hub.git.head(world.one.id))
    (world.hub.git.path(world.one.id) / "refs/heads/odd").write_text(f"{tree}\n")
    assert codes(run(world)) == {Code.REFERENCE_BROKEN}


def test_every_git_object_that_is_deleted_is_missed(world: World) -> None:
    folder = world.hub.git.path(world.one.id)
    objects = sorted(folder.glob("objects/??/*"))
    assert len(objects) > 10
    for path in objects:
        kept = path.read_bytes()
        path.unlink()
        assert codes(check(world.hub.premises)) & {Code.OBJECT_BROKEN, Code.REFERENCE_BROKEN}, path
        path.write_bytes(kept)
    assert run(world).findings == []


def test_changed_bytes_of_a_git_object_are_found_and_put_aside(world: World) -> None:
    oid = world.hub.git.side_at(world.one.id, world.hub.git.head(world.one.id), "README.md").oid
    path = world.hub.git.path(world.one.id) / "objects" / oid[:2] / oid[2:]
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-3] + b"abc")
    report = run(world, deep=True, quarantine=True)
    assert codes(report) == {Code.OBJECT_BROKEN}
    assert not path.exists()
    moved = [each.action for each in report.findings if each.action]
    assert moved == [f"moved to quarantine/repos/{world.one.id}/{oid}"]
    assert (world.root / "quarantine/repos" / str(world.one.id) / oid).is_file()


LOST_ROWS = {
    "DELETE FROM links": {Code.POINTER_UNLINKED},
    "DELETE FROM blobs": {Code.ROW_WRONG},
    "DELETE FROM reconstructions": {Code.ROW_WRONG, Code.SHARD_ORPHAN, Code.USE_EXTRA},
    "DELETE FROM xorb_uses": {Code.USE_MISSING},
    "UPDATE xorb_uses SET xorb_hash = (SELECT max(xorb_hash) FROM xorb_uses)"
    " WHERE xorb_hash = (SELECT min(xorb_hash) FROM xorb_uses)": {
        Code.USE_MISSING,
        Code.USE_EXTRA,
    },
    "DELETE FROM xorbs": {Code.RECIPE_BROKEN, Code.XORB_ORPHAN},
    "DELETE FROM repositories WHERE name = 'hidden'": {Code.REPOSITORY_STRAY},
    "DELETE FROM repository_names": {Code.ROW_WRONG},
    "UPDATE xorbs SET stored_bytes = stored_bytes + 1": {Code.ROW_WRONG},
    "UPDATE reconstructions SET size_bytes = size_bytes + 1": {Code.ROW_WRONG, Code.RECIPE_BROKEN},
    "UPDATE reconstructions SET terms = x'00'": {Code.RECIPE_BROKEN},
    "UPDATE repositories SET head_commit = NULL WHERE name = 'one'": {Code.HEAD_WRONG},
    "UPDATE repositories SET visibility = 'private' WHERE name = 'one'": {Code.IDENTITY_WRONG},
}


@pytest.mark.parametrize(("statement", "expected"), LOST_ROWS.items())
def test_rows_that_are_lost_or_wrong(world: World, statement: str, expected: set[Code]) -> None:
    world.hub.close()
    damage_rows(world.root, statement)
    assert codes(run(world)) == expected


def test_rows_that_nothing_stands_behind(world: World) -> None:
    world.hub.close()
    damage_rows(
        world.root,
        f"INSERT INTO xorbs VALUES ('{'ab' * 32}', 10, 10, 1, 0)",
        "INSERT INTO repositories (id, public_id, kind, owner_id, namespace, name, visibility,"
        " created_at, modified_at) VALUES (77, 'x', 'model', 1, 'ada', 'ghost', 'public', 0, 0)",
    )
    found = {(each.code, each.where.partition(" (")[0]) for each in run(world).findings}
    assert found == {
        (Code.XORB_MISSING, "ab" * 32),
        (Code.REPOSITORY_MISSING, "model ada/ghost"),
        (Code.ROW_WRONG, "model ada/ghost"),
    }


def test_a_folder_that_is_gone(world: World) -> None:
    shutil.rmtree(world.hub.git.path(world.one.id))
    assert codes(run(world)) == {Code.REPOSITORY_MISSING}


def test_a_folder_that_is_no_repository_any_more(world: World) -> None:
    shutil.rmtree(world.hub.git.path(world.one.id) / "objects")
    assert run(world).error_count


def test_an_identity_that_is_gone(world: World) -> None:
    (world.hub.git.path(world.one.id) / "groundswell.json").unlink()
    assert codes(run(world)) == {Code.IDENTITY_WRONG}


def test_what_belongs_to_nobody_is_only_noted(world: World) -> None:
    git = world.hub.git
    git.create(500)
    lock = git.path(world.one.id) / "refs/heads/main.lock"
    lock.touch()
    os.utime(lock, (time.time() - 9_000, time.time() - 9_000))
    (git.root / "05" / "5.git.1234.gone").mkdir(parents=True)
    uploader = (f"n{world.ada.account_id}", world.one.id, world.ada.account_id)
    ingest = world.hub.blobs.begin_ingest(*uploader)
    ingest.write(world.new(10_000))
    ingest.finish()
    world.hub.close()
    damage_rows(
        world.root,
        "DELETE FROM xorbs WHERE created_at = (SELECT max(created_at) FROM xorbs)",
        "DELETE FROM claims WHERE claimed_at = (SELECT max(claimed_at) FROM claims)",
        "DELETE FROM blobs WHERE created_at = (SELECT max(created_at) FROM blobs)",
        "DELETE FROM reconstructions WHERE created_at ="
        " (SELECT max(created_at) FROM reconstructions)",
    )
    report = run(world)
    assert codes(report) == {
        Code.REPOSITORY_STRAY,
        Code.LEFTOVER,
        Code.XORB_ORPHAN,
        Code.SHARD_ORPHAN,
        Code.USE_EXTRA,
    }
    assert report.error_count == 0
    assert all(each.severity is Severity.NOTE for each in report.findings)


def test_a_corrupt_xorb_is_never_deleted_and_heals_by_an_upload(world: World) -> None:
    path = world.xorb_of(world.weights)
    flip_bit(path, 5_000)
    damaged = path.read_bytes()
    before = run(world, deep=True)
    assert path.read_bytes() == damaged, "a check without --quarantine changes nothing"
    assert before.counted["quarantined"] == 0
    report = run(world, deep=True, quarantine=True)
    assert not path.exists()
    assert (world.root / "quarantine/xorbs" / path.name).read_bytes() == damaged
    assert report.counted["quarantined"] == 1
    world.reopen()
    world.commit(world.one, {"again.bin": world.weights}, large=True)
    assert run(world, deep=True).findings == []
    # The same xorb breaks again: what lies in quarantine stays.
    flip_bit(path, 6_000)
    run(world, deep=True, quarantine=True)
    assert len(list((world.root / "quarantine/xorbs").iterdir())) == 2
    assert (world.root / "quarantine/xorbs" / path.name).read_bytes() == damaged


def test_a_check_beside_a_hub_at_work(world: World) -> None:
    """Checks while commits land find nothing: what is on its way is looked at again."""
    import threading

    stop = threading.Event()
    faults: list[BaseException] = []

    def work() -> None:
        try:
            number = 0
            while not stop.is_set():
                number += 1
                world.commit(world.one, {f"f{number % 7}.bin": os.urandom(9_000)}, large=True)
        except BaseException as error:
            faults.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        reports = [check(world.hub.premises) for _ in range(8)]
    finally:
        stop.set()
        worker.join()
    assert not faults
    assert [
        each for report in reports for each in report.findings if each.severity == "error"
    ] == []


def test_reports_are_bounded_and_plain_json() -> None:
    report = Report("fsck", 1)
    for number in range(FINDINGS_MAX + 5):
        report.add(Code.XORB_MISSING, str(number), "gone")
    report.add(Code.LEFTOVER, "lock", "left", "nothing")
    assert len(report.findings) == FINDINGS_MAX
    assert report.error_count == FINDINGS_MAX + 5
    found = json.loads(json.dumps(report.as_json()))
    assert found["by_code"] == {"xorb-missing": FINDINGS_MAX + 5, "leftover": 1}
    assert found["findings"][0] == {
        "severity": "error",
        "code": "xorb-missing",
        "where": "0",
        "what": "gone",
    }


def test_every_code_is_explained_to_people() -> None:
    text = (Path(__file__).parents[3] / "docs/howto/check-integrity.md").read_text()
    assert [code for code in Code if f"`{code.value}`" not in text] == []
