"""One text is changed where it is read, and who changed each line is told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundswell.core.errors import BadRequest, Conflict, EntryNotFound, InvalidPath, TooLarge
from groundswell.core.values import AddRegular, CommitHeader
from groundswell.hub.commits import Committed
from groundswell.hub.content import Blaming
from groundswell.hub.editing import EDITED_BYTES_MAX, Editing, OpenText
from groundswell.hub.repos import Repository
from groundswell.store.git.blaming import Stretch
from tests.hub.git_world import GitWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitWorld]:
    world = GitWorld(tmp_path)
    yield world
    world.close()


@pytest.fixture
def repository(world: GitWorld) -> Repository:
    return world.model()


@pytest.fixture
def editing(world: GitWorld) -> Editing:
    return Editing(world.content, world.commits, world.blobs)


def save(
    world: GitWorld,
    editing: Editing,
    repository: Repository,
    before: OpenText | None,
    path: str,
    text: str,
    revision: str = "main",
) -> Committed:
    return editing.save(
        world.alice,
        repository,
        revision,
        CommitHeader("Edit"),
        before,
        path,
        text,
        create_pr=False,
    )


def test_a_text_is_changed_and_moved(
    world: GitWorld, editing: Editing, repository: Repository
) -> None:
    save(world, editing, repository, None, "notes/a.txt", "one\n")
    repository = world.found(repository)
    opened = editing.open(repository, "main", "notes/a.txt")
    assert opened.text == "one\n"
    save(world, editing, repository, opened, "notes/a.txt", "two\n")
    opened = editing.open(repository, "main", "notes/a.txt")
    save(world, editing, repository, opened, "b.txt", "two\n")
    found = world.tree(repository)
    assert found["b.txt"] == b"two\n"
    assert "notes/a.txt" not in found


def test_lines_end_as_they_did(world: GitWorld, editing: Editing, repository: Repository) -> None:
    world.commit(repository, AddRegular("a.txt", b"one\r\ntwo\r\n"))
    opened = editing.open(repository, "main", "a.txt")
    assert opened.text == "one\ntwo\n"
    save(world, editing, repository, opened, "a.txt", "one\nthree\n")
    assert world.tree(repository)["a.txt"] == b"one\r\nthree\r\n"


@pytest.mark.parametrize(
    "data", [b"a\nb\r\n", b"a\rb\n", b"\0", b"caf\xe9"], ids=["mixed", "returns", "zero", "latin"]
)
def test_what_a_form_would_change_is_not_opened(
    world: GitWorld, editing: Editing, repository: Repository, data: bytes
) -> None:
    world.commit(repository, AddRegular("a.txt", data))
    with pytest.raises(BadRequest):
        editing.open(repository, "main", "a.txt")


def test_large_texts_are_not_opened_nor_made(
    world: GitWorld, editing: Editing, repository: Repository
) -> None:
    long = "x" * (EDITED_BYTES_MAX + 1)
    world.commit(repository, AddRegular("a.txt", long.encode()))
    with pytest.raises(TooLarge):
        editing.open(repository, "main", "a.txt")
    with pytest.raises(TooLarge):
        save(world, editing, repository, None, "b.txt", long)
    with pytest.raises(EntryNotFound):
        editing.open(repository, "main", "b.txt")


def test_somebody_was_faster(world: GitWorld, editing: Editing, repository: Repository) -> None:
    world.commit(repository, AddRegular("a.txt", b"one\n"))
    repository = world.found(repository)
    opened = editing.open(repository, "main", "a.txt")
    world.commit(repository, AddRegular("other.txt", b"x"))  # another file is in nobody's way
    save(world, editing, repository, opened, "a.txt", "two\n")
    with pytest.raises(Conflict, match="changed meanwhile"):
        save(world, editing, repository, opened, "a.txt", "three\n")
    with pytest.raises(Conflict, match="already there"):
        save(world, editing, repository, None, "a.txt", "four\n")
    again = editing.open(repository, "main", "a.txt")
    with pytest.raises(Conflict, match="already there"):
        save(world, editing, repository, again, "other.txt", "four\n")
    with pytest.raises(BadRequest, match="Nothing was changed"):
        save(world, editing, repository, again, "a.txt", "two\n")
    with pytest.raises(InvalidPath):
        save(world, editing, repository, again, "../a.txt", "two\n")
    assert world.tree(repository)["a.txt"] == b"two\n"


def test_large_files_of_text_are_edited_too(
    world: GitWorld, editing: Editing, repository: Repository
) -> None:
    rule = b"*.jsonl filter=lfs diff=lfs merge=lfs -text\n"
    world.commit(repository, AddRegular(".gitattributes", rule))
    save(world, editing, world.found(repository), None, "a.jsonl", '{"a": 1}\n')
    located = world.content.locate(world.found(repository), "main", "a.jsonl")
    assert located.entry.pointer is not None
    opened = editing.open(repository, "main", "a.jsonl")
    assert opened.text == '{"a": 1}\n'
    save(world, editing, repository, opened, "a.jsonl", '{"a": 2}\n')
    assert editing.open(repository, "main", "a.jsonl").text == '{"a": 2}\n'


def test_an_edit_is_compared(world: GitWorld, editing: Editing, repository: Repository) -> None:
    world.commit(repository, AddRegular("a.txt", b"one\ntwo\n"))
    found = editing.compare(editing.open(repository, "main", "a.txt"), "one\nthree\n")
    assert [line for hunk in found.hunks for line in hunk.lines] == [" one", "-two", "+three"]
    assert (found.added_lines, found.deleted_lines) == (1, 1)
    assert editing.compare(None, "new\n").added_lines == 1


def blamed(blaming: Blaming, repository: Repository, commit: str, path: str) -> list[Stretch]:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        found = blaming.of(repository, commit, path)
        if found is not None:
            return list(found)
    raise AssertionError("no answer")


def test_each_line_has_its_commit(world: GitWorld, repository: Repository) -> None:
    blaming = Blaming(world.git, world.content)
    first = world.commit(repository, AddRegular("a.txt", b"one\ntwo\nthree\n\tfour\n")).commit
    second = world.commit(repository, AddRegular("a.txt", b"one\nTWO\nthree\n\tfour\n")).commit
    found = blamed(blaming, repository, second, "a.txt")
    assert [(each.commit, each.first_line, each.lines) for each in found] == [
        (first, 1, ("one",)),
        (second, 2, ("TWO",)),
        (first, 3, ("three", "\tfour")),
    ]
    assert {each.author for each in found} == {"alice"}
    assert blamed(blaming, repository, first, "a.txt")[0].lines == ("one", "two", "three", "\tfour")
    blaming.close()


def test_what_has_no_lines_is_not_blamed(world: GitWorld, repository: Repository) -> None:
    blaming = Blaming(world.git, world.content)
    world.large(repository, "a.bin", b"weights")
    commit = world.commit(repository, AddRegular("b.bin", b"\0")).commit
    for path in ("a.bin", "b.bin"):
        with pytest.raises(BadRequest):
            blaming.of(repository, commit, path)
    with pytest.raises(EntryNotFound):
        blaming.of(repository, commit, "c")
    blaming.close()
