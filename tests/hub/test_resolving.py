"""What collides between a pull request and main, settled by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from groundswell.core.errors import BadRequest, Conflict, Forbidden, NotFound
from groundswell.core.values import AddBlob, AddRegular, DeleteEntry
from groundswell.hub.discussions import Status
from groundswell.hub.repos import Repository
from groundswell.hub.resolving import Answer, Resolving
from tests.hub.git_world import GitWorld

LINES = "".join(f"line {number}\n" for number in range(20))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitWorld]:
    made = GitWorld(tmp_path / "data")
    yield made
    made.close()


@pytest.fixture
def resolving(world: GitWorld) -> Resolving:
    return Resolving(world.git, world.merging)


@pytest.fixture
def repository(world: GitWorld) -> Repository:
    """Pull request 1 of bob's and main changed a text, a gone file and a large one."""
    repository = world.model()
    world.files(repository, **{"a.txt": LINES, "gone.txt": "here\n", "kept.txt": "kept\n"})
    world.large(repository, "model.bin", b"first" * 1000)
    number = world.discussions.create(world.bob, repository, "Change", is_pull_request=True)
    theirs, ours = world.upload(repository, b"bob" * 999, world.bob), b"main" * 999
    world.commit(
        repository,
        AddRegular("a.txt", LINES.replace("line 3", "line three").encode()),
        AddRegular("gone.txt", b"changed\n"),
        AddRegular("new.txt", b"new\n"),
        AddBlob("model.bin", theirs, 3 * 999),
        revision=f"refs/pr/{number}",
        who=world.bob,
    )
    world.commit(repository, AddRegular("a.txt", LINES.replace("line 3", "LINE 3").encode()))
    world.commit(repository, DeleteEntry("gone.txt"), AddRegular("kept.txt", b"main's\n"))
    world.large(repository, "model.bin", ours)
    return repository


def request_tree(world: GitWorld, repository: Repository) -> dict[str, bytes]:
    return world.tree(repository, "refs/pr/1")


def tips(world: GitWorld, resolving: Resolving, repository: Repository) -> tuple[str, str]:
    found = resolving.look(repository, world.discussions.get(repository, 1))
    return found.head, found.main


def settled(text: str) -> dict[str, Answer]:
    return {
        "a.txt": Answer("text", text),
        "gone.txt": Answer("main"),
        "model.bin": Answer("request"),
    }


def test_each_file_is_shown_with_both_sides(
    world: GitWorld, resolving: Resolving, repository: Repository
) -> None:
    found = resolving.look(repository, world.discussions.get(repository, 1))
    shown = {each.path: each for each in found.knots}
    assert set(shown) == {"a.txt", "gone.txt", "model.bin"}
    marked = shown["a.txt"].marked or ""
    assert marked.index("line three") < marked.index("=======") < marked.index("LINE 3")
    assert (shown["gone.txt"].in_request, shown["gone.txt"].in_main) == (True, False)
    assert shown["model.bin"].marked is None


@pytest.mark.parametrize("side", ["request", "main"])
def test_the_answers_become_a_merge(
    world: GitWorld, resolving: Resolving, repository: Repository, side: str
) -> None:
    at = tips(world, resolving, repository)
    answers = settled(LINES.replace("line 3", "line III")) | {
        "gone.txt": Answer(side),
        "model.bin": Answer(side),
    }
    head = resolving.settle(world.bob, repository, 1, at, answers)
    assert world.git.commit_summary(repository.id, head).parents == at
    tree = request_tree(world, repository)
    assert tree["a.txt"] == LINES.replace("line 3", "line III").encode()
    assert (tree["kept.txt"], tree["new.txt"]) == (b"main's\n", b"new\n")
    assert tree.get("gone.txt") == (b"changed\n" if side == "request" else None)
    assert tree["model.bin"] == world.tree(repository, at[side == "main"])["model.bin"]
    assert world.merging.look(repository, world.discussions.get(repository, 1)).is_clean
    world.discussions.set_status(world.bob, repository, 1, Status.OPEN)
    world.merging.merge(world.alice, repository, 1)
    assert world.tree(repository)["a.txt"] == tree["a.txt"]
    types = [
        e.type for e in world.discussions.timeline(world.discussions.get(repository, 1)).happenings
    ]
    assert types.count("commit.landed") == 2


def test_what_is_left_open_is_refused(
    world: GitWorld, resolving: Resolving, repository: Repository
) -> None:
    at = tips(world, resolving, repository)
    marked = resolving.look(repository, world.discussions.get(repository, 1)).knots[0].marked or ""
    for answers in (
        settled(marked),
        settled("=======\n"),
        settled("a\n>>>>>>> b\n"),
        settled("a\0b"),
        settled("x" * 500_000),
        settled("good") | {"model.bin": Answer("text", "no text")},
        settled("good") | {"gone.txt": Answer("")},
        {"a.txt": Answer("request")},
    ):
        with pytest.raises(BadRequest):
            resolving.settle(world.bob, repository, 1, at, answers)
    assert tips(world, resolving, repository) == at


def test_lines_of_equals_signs_and_line_ends_of_a_file_stay(
    world: GitWorld, resolving: Resolving
) -> None:
    repository = world.model("titles")
    base = "Title\r\n=======\r\n\r\none\r\n"
    world.files(repository, **{"a.rst": base})
    world.discussions.create(world.bob, repository, "Change", is_pull_request=True)
    theirs = AddRegular("a.rst", base.replace("one", "two").encode())
    world.commit(repository, theirs, revision="refs/pr/1", who=world.bob)
    world.files(repository, **{"a.rst": base.replace("one", "three")})
    at = tips(world, resolving, repository)
    answer = {"a.rst": Answer("text", "Title\r\n=======\r\n\r\ntwo and three\r\n")}
    resolving.settle(world.bob, repository, 1, at, answer)
    expected = base.replace("one", "two and three").encode()
    assert request_tree(world, repository)["a.rst"] == expected


def test_nothing_is_settled_that_moved_meanwhile(
    world: GitWorld, resolving: Resolving, repository: Repository
) -> None:
    at = tips(world, resolving, repository)
    world.files(repository, other="1")
    with pytest.raises(Conflict, match="Main moved"):
        resolving.settle(world.bob, repository, 1, at, settled("good"))
    at = tips(world, resolving, repository)
    world.commit(repository, AddRegular("z", b"1"), revision="refs/pr/1", who=world.bob)
    with pytest.raises(Conflict, match="pull request moved"):
        resolving.settle(world.bob, repository, 1, at, settled("good"))


def test_only_its_author_and_who_may_write_settle(
    world: GitWorld, resolving: Resolving, repository: Repository
) -> None:
    at = tips(world, resolving, repository)
    with pytest.raises(Forbidden):
        resolving.settle(world.user("eve"), repository, 1, at, settled("good"))
    resolving.settle(world.alice, repository, 1, at, settled("good"))
    world.discussions.set_status(world.alice, repository, 1, Status.CLOSED)
    with pytest.raises(Conflict):
        resolving.look(repository, world.discussions.get(repository, 1))
    number = world.discussions.create(world.bob, repository, "Talk")
    with pytest.raises(NotFound):
        resolving.look(repository, world.discussions.get(repository, number))


def test_a_file_against_a_folder_is_settled_or_told(world: GitWorld, resolving: Resolving) -> None:
    repository = world.model("folders")
    world.files(repository, x="file\n", other="1\n")
    world.discussions.create(world.bob, repository, "Change", is_pull_request=True)
    world.commit(
        repository,
        DeleteEntry("x"),
        AddRegular("x/y", b"in\n"),
        revision="refs/pr/1",
        who=world.bob,
    )
    world.files(repository, x="changed\n")
    at = tips(world, resolving, repository)
    knots = resolving.look(repository, world.discussions.get(repository, 1)).knots
    resolving.settle(world.bob, repository, 1, at, {k.path: Answer("request") for k in knots})
    assert request_tree(world, repository)["x/y"] == b"in\n"
