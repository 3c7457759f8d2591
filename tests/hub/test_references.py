"""Branches, tags, squashing, deleting large files, looked at with real git."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundswell.core.errors import (
    EntryNotFound,
    Forbidden,
    InvalidName,
    ReferenceExists,
    RevisionNotFound,
)
from groundswell.core.values import AddRegular
from tests.hub.git_world import GitWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitWorld]:
    made = GitWorld(tmp_path / "data")
    yield made
    made.close()


def add(path: str, text: str = "x\n") -> AddRegular:
    return AddRegular(path, text.encode())


def test_branches(world: GitWorld) -> None:
    model, refs, alice = world.model(), world.references, world.alice
    first = world.commit(model, add("a")).commit
    world.commit(model, add("b"))
    refs.create_branch(alice, model, "dev")
    refs.create_branch(alice, model, "old/one", first[:8])
    with pytest.raises(ReferenceExists, match="Reference refs/heads/dev already exists"):
        refs.create_branch(alice, model, "dev")
    refs.create_branch(alice, model, "dev", first, overwrite=True)
    assert world.git.resolve(model.id, "dev") == first
    with pytest.raises(RevisionNotFound, match="Invalid rev id: nowhere"):
        refs.create_branch(alice, model, "x", "nowhere")
    for name in ("refs/pr/1", "-x", "a..b", "x.lock", first, "HEAD"):
        with pytest.raises(InvalidName):
            refs.create_branch(alice, model, name)
    refs.create_branch(alice, model, "bare", empty=True)
    assert set(world.tree(model, "bare")) == {".gitattributes"}
    with pytest.raises(Forbidden, match="Cannot delete refs/heads/main"):
        refs.delete_branch(alice, model, "main")
    refs.delete_branch(alice, model, "dev")
    with pytest.raises(RevisionNotFound):
        refs.delete_branch(alice, model, "dev")
    with pytest.raises(Forbidden):
        refs.create_branch(world.bob, model, "mine")
    assert [b.name for b in refs.list(model).branches] == ["bare", "main", "old/one"]


def test_tags(world: GitWorld) -> None:
    model, refs, alice = world.model(), world.references, world.alice
    head = world.commit(model, add("a")).commit
    refs.create_tag(alice, model, "main", "v1", "The first")
    refs.create_tag(alice, model, head, "light")
    assert world.real_git(model, "cat-file", "-t", "v1").strip() == "tag"
    assert [(t.name, t.target_commit) for t in refs.list(model).tags] == [
        ("light", head), ("v1", head),
    ]  # fmt: skip
    assert world.content.resolve_revision(model, "v1") == head
    with pytest.raises(ReferenceExists):
        refs.create_tag(alice, model, "main", "v1")
    with pytest.raises(RevisionNotFound):
        refs.create_tag(alice, model, "nowhere", "v2")
    refs.delete_tag(alice, model, "v1")
    with pytest.raises(RevisionNotFound):
        refs.delete_tag(alice, model, "v1")
    world.real_git(model, "fsck", "--strict")


def test_super_squash(world: GitWorld) -> None:
    model = world.model()
    world.commit(model, add("a"), add("b/c"))
    before = world.tree(model)
    commit = world.references.super_squash(world.alice, model, "main")
    assert world.tree(model) == before
    assert world.real_git(model, "rev-list", "main").split() == [commit]
    subject = world.real_git(model, "log", "-1", "--format=%s", "main").strip()
    assert subject == "Super-squash branch 'main' using huggingface_hub"
    assert world.found(model).head_commit == commit
    with pytest.raises(RevisionNotFound):
        world.references.super_squash(world.alice, model, "nowhere")


def test_large_files_are_listed_and_leave_history(world: GitWorld) -> None:
    model = world.model()
    world.large(model, "keep.bin", b"keep")
    done = world.large(model, "d/gone.bin", b"gone")
    world.references.create_tag(world.alice, model, "main", "v1", "annotated")
    world.commit(model, add("later"))
    world.content.locate(model, "main", "d/gone.bin")
    page = world.references.lfs_files(model, limit=1)
    rest = world.references.lfs_files(model, cursor=page.next_cursor)
    assert {f.path for f in page.files + rest.files} == {"keep.bin", "d/gone.bin"}
    gone = next(f for f in page.files + rest.files if f.path == "d/gone.bin")
    world.references.delete_lfs_files(world.alice, model, [gone.sha256])
    for revision in ("main", "v1"):
        assert "d/gone.bin" not in world.tree(model, revision)
        assert "keep.bin" in world.tree(model, revision)
    assert world.real_git(model, "log", "--all", "--format=%H", "--", "d/gone.bin") == ""
    with pytest.raises(EntryNotFound):  # the old commit is there until git's collection
        world.content.locate(model, done.commit, "d/gone.bin")
    assert [f.path for f in world.references.lfs_files(model).files] == ["keep.bin"]
    assert world.found(model).head_commit == world.git.head(model.id)
    world.real_git(model, "fsck", "--strict")


def test_contents_go_to_another_repository_only_when_the_source_holds_them(
    world: GitWorld,
) -> None:
    one, two = world.model("one"), world.model("two")
    world.large(one, "w.bin", b"w" * 100)
    (file,) = world.references.lfs_files(one).files
    absent = "0" * 64
    assert world.references.duplicate_lfs_files(one, two, [file.sha256, absent]) == (absent,)
    assert world.references.duplicate_lfs_files(two, one, [absent]) == (absent,)


def weights(name: str) -> bytes:
    header = json.dumps({name: {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(8)


def test_headers_of_a_sharded_model(world: GitWorld) -> None:
    model = world.model()
    index = {
        "metadata": {"total_size": 16},
        "weight_map": {"a": "1.safetensors", "b": "2.safetensors"},
    }
    world.large(model, "1.safetensors", weights("a"))
    world.large(model, "2.safetensors", weights("b"))
    world.commit(model, add("model.safetensors.index.json", json.dumps(index)))
    told = world.content.safetensors_metadata(model, "main", "model.safetensors.index.json")
    assert told["index"] == {"metadata": {"total_size": 16}}
    assert {name: list(header) for name, header in told["headers"].items()} == {
        "1.safetensors": ["a"], "2.safetensors": ["b"],
    }  # fmt: skip
