"""`swell verify` proves one revision: whatever of it is broken is told by its path, and nothing of
another revision.
"""

import json
import subprocess
import sys

import pytest

from groundswell.core.errors import RepoNotFound, RevisionNotFound
from groundswell.core.values import RepoId, RepoKind
from groundswell.hub.upkeep import Code, Report, verify
from tests.fault.upkeep.conftest import World
from tests.fault.upkeep.small_hub import damage_rows, flip_bit

ONE = RepoId(RepoKind.MODEL, "ada", "one")


def run(world: World, revision: str = "main", repo_id: RepoId = ONE) -> Report:
    return verify(world.reopen().premises, repo_id, revision)


def told(report: Report) -> set[tuple[Code, str]]:
    return {(each.code, each.where) for each in report.findings}


def test_a_whole_revision(world: World) -> None:
    report = run(world)
    assert report.findings == []
    assert report.counted["files"] == 4
    assert report.counted["large_files"] == 2
    assert report.counted["bytes_hashed"] > len(world.weights)
    assert report.counted["chunks"] > 5


@pytest.mark.parametrize("offset", [5_000, 300_000, -60])
def test_a_flipped_bit_of_content(world: World, offset: int) -> None:
    flip_bit(world.xorb_of(world.weights), offset)
    code = Code.RECIPE_BROKEN if offset < 0 else Code.BLOB_CORRUPT
    assert told(run(world)) == {(code, "w/model.bin")}
    assert run(world, "dev").findings == [], "another revision has other content at that path"


def test_every_object_of_the_snapshot(world: World) -> None:
    git, number = world.hub.git, world.one.id
    head = git.head(number)
    assert head is not None
    tree = git.tree_id(number, head)
    readme = git.side_at(number, head, "README.md")
    assert tree is not None
    assert readme is not None
    for oid, where in ((readme.oid, "README.md"), (tree, ""), (head, None)):
        path = git.path(number) / "objects" / oid[:2] / oid[2:]
        kept = path.read_bytes()
        flip_bit(path, len(kept) // 2)
        if where is None:
            with pytest.raises(RevisionNotFound):
                run(world)
        else:
            assert told(run(world)) == {(Code.OBJECT_BROKEN, where)}
        path.write_bytes(kept)
    assert run(world).findings == []


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("DELETE FROM links", Code.POINTER_UNLINKED),
        ("UPDATE blobs SET size_bytes = size_bytes + 1", Code.ROW_WRONG),
        ("UPDATE reconstructions SET terms = x'00' WHERE size_bytes > 0", Code.RECIPE_BROKEN),
    ],
)
def test_rows_that_are_wrong(world: World, statement: str, code: Code) -> None:
    world.hub.close()
    damage_rows(world.root, statement)
    assert (code, "w/model.bin") in told(run(world))


def test_what_is_not_there(world: World) -> None:
    with pytest.raises(RevisionNotFound):
        run(world, "nowhere")
    with pytest.raises(RepoNotFound):
        run(world, repo_id=RepoId(RepoKind.DATASET, "ada", "one"))


def test_the_verb(world: World) -> None:
    def swell(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "groundswell.cli", *arguments, "--data", str(world.root)],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    done = swell("verify", "Ada/one@dev", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["errors"] == 0
    flip_bit(world.xorb_of(world.weights), 5_000)
    done = swell("verify", "ada/one")
    assert done.returncode == 8
    assert "w/model.bin" in done.stdout
    assert swell("verify", "ada/none").returncode == 3
    done = swell("scrub", "--json")
    assert (done.returncode, json.loads(done.stdout)["counted"]["faults_found"]) == (8, 1)
    done = swell("faults", "--json")
    assert done.returncode == 8
    assert [each["kind"] for each in json.loads(done.stdout)] == ["xorbs"]
