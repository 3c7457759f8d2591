"""``fsck`` leaves out what was found sound and cannot have changed, and goes on where it was killed."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys

import pytest
import sqlalchemy as sa

from groundswell.core.errors import BadRequest
from groundswell.hub.upkeep import Code, Report, check, rebuild
from groundswell.store.tables import checked
from tests.fault.upkeep.conftest import World
from tests.fault.upkeep.small_hub import SmallHub, damage_rows, flip_bit
from tests.fault.upkeep.test_check import codes

EVERYTHING = {"files": 4, "repositories": 2, "shards": 4, "xorbs": 3}
DEEP = {**EVERYTHING, "contents": 4}

# A check in a process of its own that is killed at its n-th step; each object is noted at once.
KILLED = """
import os, signal, sys
from pathlib import Path
from groundswell.hub.upkeep import check, checked
from tests.fault.upkeep.small_hub import SmallHub
checked._NOTES_AT_ONCE = 1

class Killer:
    left = int(sys.argv[2])
    def begin(self, what, total):
        self.advance()
    def advance(self, count=1):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

options = {each: True for each in sys.argv[3:]}
check(SmallHub.open(Path(sys.argv[1])).premises, progress=Killer(), **options)
"""


def run(world: World, **options: bool) -> Report:
    return check(world.reopen().premises, **options)


def kill_at(world: World, step: int, *options: str) -> bool:
    """Whether the check was killed; it came to its end when it has fewer steps."""
    world.hub.close()
    command = [sys.executable, "-c", KILLED, str(world.root), str(step), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    world.hub = SmallHub.open(world.root)
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode != 0


def test_what_did_not_change_is_left_out(world: World) -> None:
    first = run(world, only_changed=True)
    assert (first.findings, first.left_out) == ([], {})
    second = run(world, only_changed=True)
    assert (second.findings, second.left_out) == ([], EVERYTHING)
    assert second.left_out_since is not None
    assert first.started_at < second.left_out_since < second.started_at
    assert run(world).left_out == {}, "a full check leaves out nothing"
    world.commit(world.one, {"new.bin": world.new(50_000)}, large=True)
    third = run(world, only_changed=True)
    assert (third.findings, third.left_out) == ([], {**EVERYTHING, "repositories": 1})
    world.hub.git.swap_ref(world.one.id, "refs/heads/x", None, world.hub.git.head(world.one.id))
    assert run(world, only_changed=True).left_out["repositories"] == 1
    assert run(world, only_changed=True).left_out["repositories"] == 2


def test_what_changed_where_nothing_can_is_for_the_full_check(world: World) -> None:
    run(world)
    flip_bit(world.xorb_of(world.weights), -1)
    assert run(world, only_changed=True).findings == []
    assert codes(run(world)) == {Code.XORB_CORRUPT, Code.RECIPE_BROKEN}
    assert codes(run(world, only_changed=True)) == {Code.XORB_CORRUPT, Code.RECIPE_BROKEN}, (
        "what is broken is looked at each time"
    )


def test_what_is_on_record_as_broken_is_looked_at(world: World) -> None:
    run(world)
    path = world.xorb_of(world.weights)
    flip_bit(path, -1)
    world.hub.premises.faults.note("xorbs", path.name, "A reader found a wrong chunk.")
    assert Code.XORB_CORRUPT in codes(run(world, only_changed=True))


def lose_reference(world: World) -> None:
    (world.hub.git.path(world.one.id) / "refs/heads/dev").write_text("12" * 20 + "\n")


def lose_object(world: World) -> None:
    oid = world.hub.git.side_at(world.one.id, world.hub.git.head(world.one.id), "README.md").oid
    (world.hub.git.path(world.one.id) / "objects" / oid[:2] / oid[2:]).unlink()


def lose_xorb(world: World) -> None:
    world.xorb_of(world.weights).unlink()


def lose_identity(world: World) -> None:
    (world.hub.git.path(world.one.id) / "groundswell.json").unlink()


def change_rows(statement: str) -> object:
    def change(world: World) -> None:
        world.hub.close()
        damage_rows(world.root, statement)

    return change


CHANGES = [
    (lose_reference, Code.REFERENCE_BROKEN),
    (lose_object, Code.OBJECT_BROKEN),
    (lose_xorb, Code.XORB_MISSING),
    (lose_identity, Code.IDENTITY_WRONG),
    (change_rows("DELETE FROM links"), Code.POINTER_UNLINKED),
    (change_rows("UPDATE xorbs SET stored_bytes = stored_bytes + 1"), Code.ROW_WRONG),
    (change_rows("UPDATE reconstructions SET terms = x'00'"), Code.RECIPE_BROKEN),
    (change_rows("DELETE FROM xorb_uses"), Code.USE_MISSING),
    (change_rows("UPDATE repositories SET head_commit = NULL"), Code.HEAD_WRONG),
]


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_what_can_change_is_looked_at_again(world: World, change, expected: Code) -> None:
    assert run(world).findings == []
    assert run(world, only_changed=True).left_out == EVERYTHING
    change(world)
    assert expected in codes(run(world, only_changed=True))


def test_a_check_that_was_killed_goes_on_where_it_was(world: World) -> None:
    """Killed at any step, the next one covers the rest, and finds what one that ran through does."""
    flip_bit(world.xorb_of(world.weights), -1)
    flip_bit(max(world.root.glob("shards/*/*")), 100)
    lose_reference(world)
    expected = codes(run(world))
    assert expected >= {Code.XORB_CORRUPT, Code.SHARD_CORRUPT, Code.REFERENCE_BROKEN}
    left_out = []
    for step in range(2, 24, 3):
        if not kill_at(world, step):
            break
        report = run(world, only_changed=True)
        assert codes(report) == expected, step
        left_out.append(report.left_out.total())
    assert left_out[0] == 0
    assert left_out == sorted(left_out)
    assert left_out[-1] >= 5
    assert len(left_out) >= 5


def test_a_deep_check_that_was_killed_goes_on_as_deep(world: World) -> None:
    run(world)
    with pytest.raises(BadRequest):
        run(world, resumes=True)
    keys = sorted(path.name for path in world.root.glob("xorbs/*/*"))
    assert kill_at(world, 3, "deep"), "the database, the xorbs begin, the first was read"
    told = run(world, only_changed=True)
    assert told.interrupted_at is not None
    flip_bit(next(world.root.glob(f"xorbs/*/{keys[0]}")), 100)
    flip_bit(next(world.root.glob(f"xorbs/*/{keys[-1]}")), 100)
    report = run(world, resumes=True)
    assert report.resumed_from == told.interrupted_at
    assert {each.where for each in report.findings if each.code is Code.XORB_CORRUPT} == {keys[-1]}
    assert report.left_out["xorbs"] == 1
    assert report.counted["bytes_hashed"] > 0
    with pytest.raises(BadRequest):
        run(world, resumes=True)
    anew = run(world, deep=True)
    assert anew.left_out == {}
    assert {each.where for each in anew.findings if each.code is Code.XORB_CORRUPT} == {
        keys[0],
        keys[-1],
    }


def test_a_killed_deep_check_covers_everything_in_the_end(world: World) -> None:
    flip_bit(world.xorb_of(world.weights), 5_000)
    expected = codes(run(world, deep=True))
    assert kill_at(world, 5, "deep")
    for step in (12, 19):
        assert kill_at(world, step, "resumes")
    report = run(world, resumes=True)
    assert codes(report) == expected
    assert report.left_out.keys() == {"xorbs", "files", "shards", "contents"}


def test_notes_of_a_shallow_check_do_not_count_for_a_deep_one(world: World) -> None:
    run(world)
    assert kill_at(world, 2, "deep")
    world.commit(world.one, {"new.bin": world.new(50_000)}, large=True)
    run(world, only_changed=True)
    report = run(world, resumes=True)
    assert report.left_out == {}
    assert report.findings == []


def test_a_rebuild_forgets_what_was_checked(world: World) -> None:
    run(world)
    world.reopen(serves=True)
    rebuild(world.hub.premises)
    count = sa.select(sa.func.count()).select_from(checked)
    assert world.hub.database.read(lambda conn: conn.execute(count).scalar()) == 0


def test_a_database_that_takes_no_writes_keeps_nobody_from_checking(world: World) -> None:
    run(world)
    flip_bit(world.xorb_of(world.weights), -1)
    world.commit(world.one, {"new.bin": world.new(50_000)}, large=True)
    world.reopen()
    other = sqlite3.connect(world.root / "groundswell.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        report = check(world.hub.premises)
        assert report.left_out == {}, "notes of before are not believed"
    finally:
        other.close()
    assert codes(report) == {Code.XORB_CORRUPT, Code.RECIPE_BROKEN}
