"""Discussions and pull requests."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from groundswell.core.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    RepoNotFound,
    Unauthenticated,
)
from groundswell.core.values import ANONYMOUS, Visibility
from groundswell.hub.discussions import DiscussionQuery, Discussions, Status
from groundswell.store.git import Author, Side
from tests.hub.repo_world import World, model


@pytest.fixture
def world(tmp_path: Any) -> Any:
    world = World(tmp_path)
    yield world
    world.close()


@pytest.fixture
def ann(world: Any) -> Any:
    return world.user("ann")


@pytest.fixture
def bob(world: Any) -> Any:
    return world.user("bob")


@pytest.fixture
def repository(world: Any, ann: Any) -> Any:
    return world.repos.create(ann, model("ann/a"))


@pytest.fixture
def talks(world: Any) -> Any:
    return Discussions(world.database, world.git, world.now, world.repos)


def commit(world: Any, repository: Any, reference: Any, files: Any) -> Any:
    """Put files (None removes) on a ref."""
    git, number = world.git, repository.id
    head = git.resolve(number, reference)
    edit = git.edit(number, head)
    for path, content in files.items():
        if content is None:
            edit.remove(path)
        else:
            edit.put(path, Side(0o100644, git.write_blob(number, content)))
    made = git.make_commit(
        number,
        tree=edit.write(),
        parents=[head],
        author=Author("a", "a@b"),
        message="x",
        time=10**15,
    )
    git.swap_ref(number, reference, head, made)
    return made


def read(world: Any, repository: Any, path: Any) -> Any:
    return world.git.text_at(repository.id, world.git.head(repository.id), path, 1000)


def test_one_counter_numbers_discussions_and_pull_requests(
    world: Any, talks: Any, repository: Any, bob: Any
) -> None:
    assert talks.create(bob, repository, "One") == 1
    assert talks.create(bob, repository, "Two", is_pull_request=True) == 2
    request = talks.get(repository, 2)
    assert (request.status, request.author) == (Status.DRAFT, "bob")
    assert world.git.resolve(repository.id, "refs/pr/2") == world.git.head(repository.id)
    assert world.git.resolve(repository.id, "refs/pr/1") is None
    assert talks.get(repository, 1).status is Status.OPEN


def test_numbers_are_given_once_to_many_at_once(talks: Any, repository: Any, bob: Any) -> None:
    numbers = []
    threads = [
        threading.Thread(
            target=lambda: numbers.append(talks.create(bob, repository, "x", is_pull_request=True))
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 9))


def test_lists_are_newest_first_and_open_includes_drafts(
    talks: Any, repository: Any, ann: Any, bob: Any
) -> Any:
    talks.create(bob, repository, "a")
    talks.create(ann, repository, "b", is_pull_request=True)
    talks.create(bob, repository, "c")
    talks.set_status(ann, repository, 3, Status.CLOSED)

    def numbers(**query: Any) -> Any:
        page = talks.list(repository, DiscussionQuery(**query))
        assert page.count == len(page.discussions)
        return [each.number for each in page.discussions]

    assert numbers() == [3, 2, 1]
    assert numbers(open=True) == [2, 1]
    assert numbers(open=False) == [3]
    assert numbers(is_pull_request=True) == [2]
    assert numbers(is_pull_request=False) == [3, 1]
    assert numbers(author="BOB") == [3, 1]
    assert numbers(author="' OR 1=1 --") == []
    with pytest.raises(BadRequest):
        numbers(page=-1)
    second = talks.list(repository, DiscussionQuery(page=1))
    assert (second.discussions, second.count, second.start) == ((), 3, 50)


def test_who_may_not_see_or_speak_is_refused(
    world: Any, talks: Any, repository: Any, ann: Any, bob: Any
) -> None:
    with pytest.raises(Unauthenticated):
        talks.create(ANONYMOUS, repository, "x")
    for title in ("", "  ", "x" * 501, "a\0b", "\ud800"):
        with pytest.raises(BadRequest):
            talks.create(bob, repository, title)
    with pytest.raises(BadRequest):
        talks.create(bob, repository, "x", "y" * 70_000)
    world.repos.update_settings(ann, repository.repo_id, visibility=Visibility.PRIVATE)
    with pytest.raises(RepoNotFound):
        talks.create(bob, repository, "x")
    with pytest.raises(NotFound):
        talks.get(repository, 1)


def test_authors_and_writers_change_the_state(
    talks: Any, repository: Any, world: Any, ann: Any, bob: Any
) -> None:
    world.user("eve")
    number = talks.create(bob, repository, "x", is_pull_request=True)
    with pytest.raises(Forbidden):
        talks.set_status(world.as_("eve"), repository, number, Status.CLOSED)
    with pytest.raises(Unauthenticated):
        talks.set_status(ANONYMOUS, repository, number, Status.CLOSED)
    assert talks.set_status(bob, repository, number, Status.OPEN).status is Status.OPEN
    assert talks.set_status(ann, repository, number, Status.CLOSED).status is Status.CLOSED
    for status in (Status.MERGED, Status.DRAFT):
        with pytest.raises(BadRequest):
            talks.set_status(ann, repository, number, status)


def test_merging_brings_both_sides_together(
    world: Any, talks: Any, repository: Any, ann: Any, bob: Any
) -> None:
    world.put(repository.id, {"both.txt": b"0", "gone.txt": b"0", "same.txt": b"0"})
    number = talks.create(bob, repository, "Change", is_pull_request=True)
    commit(
        world, repository, f"refs/pr/{number}",
        {"new/a.txt": b"1", "gone.txt": None, "same.txt": b"2", "README.md": b"---\nlicense: mit\n---"},
    )  # fmt: skip
    world.put(repository.id, {"both.txt": b"3", "same.txt": b"2"})
    with pytest.raises(Conflict, match="draft"):
        talks.merge(ann, repository, number)
    talks.set_status(ann, repository, number, Status.OPEN)
    with pytest.raises(Forbidden):
        talks.merge(bob, repository, number)
    merged = talks.merge(ann, repository, number)
    assert world.git.head(repository.id) == merged
    assert len(world.git.commit_summary(repository.id, merged).parents) == 2
    assert read(world, repository, "both.txt") == b"3"
    assert read(world, repository, "new/a.txt") == b"1"
    assert read(world, repository, "same.txt") == b"2"
    assert read(world, repository, "gone.txt") is None
    found = talks.get(repository, number)
    assert (found.status, found.merge_commit) == (Status.MERGED, merged)
    assert world.get(ann, "ann/a").card == {"license": "mit"}
    with pytest.raises(Conflict):
        talks.merge(ann, repository, number)
    with pytest.raises(Conflict):
        talks.set_status(ann, repository, number, Status.OPEN)


def test_merging_on_an_unmoved_main_works(
    world: Any, talks: Any, repository: Any, ann: Any
) -> None:
    number = talks.create(ann, repository, "x", is_pull_request=True)
    commit(world, repository, f"refs/pr/{number}", {"a": b"1"})
    talks.set_status(ann, repository, number, Status.OPEN)
    talks.merge(ann, repository, number)
    assert read(world, repository, "a") == b"1"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({"f": b"1"}, {"f": b"2"}),
        ({"f": None}, {"f": b"2"}),
        ({"f": b"1"}, {"f": None}),
        ({"n": b"1"}, {"n": b"2"}),
        ({"n": b"1"}, {"n/x": b"2"}),
        ({"n/x": b"1"}, {"n": b"2"}),
    ],
)
def test_collisions_are_named_and_change_nothing(
    world: Any, talks: Any, repository: Any, ann: Any, theirs: Any, ours: Any
) -> None:
    world.put(repository.id, {"f": b"0"})
    number = talks.create(ann, repository, "x", is_pull_request=True)
    commit(world, repository, f"refs/pr/{number}", theirs)
    before = commit(world, repository, "refs/heads/main", ours)
    talks.set_status(ann, repository, number, Status.OPEN)
    with pytest.raises(Conflict, match=r"both sides: [fn]"):
        talks.merge(ann, repository, number)
    assert world.git.head(repository.id) == before
    assert talks.get(repository, number).status is Status.OPEN


def test_a_merge_cut_short_after_the_ref_is_finished_by_the_next(
    world: Any, talks: Any, repository: Any, ann: Any
) -> None:
    number = talks.create(ann, repository, "x", is_pull_request=True)
    made = commit(world, repository, f"refs/pr/{number}", {"a": b"1"})
    talks.set_status(ann, repository, number, Status.OPEN)
    world.git.swap_ref(repository.id, "refs/heads/main", world.git.head(repository.id), made)
    assert talks.merge(ann, repository, number) == made
    assert talks.get(repository, number).status is Status.MERGED


def test_plain_discussions_do_not_merge(talks: Any, repository: Any, ann: Any) -> None:
    number = talks.create(ann, repository, "x")
    with pytest.raises(NotFound):
        talks.merge(ann, repository, number)
