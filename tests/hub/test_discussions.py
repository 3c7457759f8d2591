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
    return Discussions(world.database, world.git, world.now)


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
    for who, status in ((bob, Status.OPEN), (ann, Status.CLOSED), (ann, Status.CLOSED)):
        told = talks.set_status(who, repository, number, status)
        assert told.payload["status"] == status
        assert talks.get(repository, number).status is status
    kinds = [each.type for each in talks.timeline(talks.get(repository, number)).happenings]
    assert kinds == ["discussion.created", *["discussion.status_changed"] * 2]
    for status in (Status.MERGED, Status.DRAFT):
        with pytest.raises(BadRequest):
            talks.set_status(ann, repository, number, status)


def said(talks: Any, repository: Any, number: int) -> list[Any]:
    happenings = talks.timeline(talks.get(repository, number)).happenings
    return [each.comment for each in happenings if each.comment is not None]


def test_what_people_say_stands_in_the_record(
    talks: Any, repository: Any, ann: Any, bob: Any
) -> None:
    number = talks.create(bob, repository, "x", "why")
    first = talks.comment(ann, repository, number, "because")
    talks.set_title(bob, repository, number, "y")
    talks.set_status(ann, repository, number, Status.CLOSED, "so be it")
    found = talks.get(repository, number)
    assert (found.title, found.status, found.comment_count) == ("y", Status.CLOSED, 3)
    assert first.comment.author == "ann"
    line = talks.timeline(found)
    assert line.count == len(line.happenings) == 5
    assert [(each.type, each.actor) for each in line.happenings] == [
        ("discussion.created", "bob"),
        ("discussion.commented", "ann"),
        ("discussion.title_changed", "bob"),
        ("discussion.commented", "ann"),
        ("discussion.status_changed", "ann"),
    ]
    assert [each.text for each in said(talks, repository, number)] == ["why", "because", "so be it"]
    assert [each.id for each in talks.timeline(found, limit=2).happenings] == [
        each.id for each in line.happenings[-2:]
    ]
    before = talks.timeline(found, before=line.happenings[3].id, limit=2).happenings
    assert before == line.happenings[1:3]
    after = talks.timeline(found, after=line.happenings[0].id, limit=1).happenings
    assert after == line.happenings[1:2]


def test_an_edit_keeps_what_was_said_and_hiding_keeps_nothing(
    world: Any, talks: Any, repository: Any, ann: Any, bob: Any
) -> None:
    number = talks.create(bob, repository, "x", "one")
    (first,) = said(talks, repository, number)
    talks.edit(bob, repository, number, first.id, "two")
    now = talks.edit(bob, repository, number, first.id, "three").comment
    assert (now.text, now.version, now.is_edited) == ("three", 3, True)
    assert [each.text for each in now.earlier] == ["one", "two"]
    assert talks.edit(bob, repository, number, first.id, "three").comment == now
    with pytest.raises(Forbidden):
        talks.edit(ann, repository, number, first.id, "mine")
    with pytest.raises(Forbidden):
        talks.hide(world.user("eve"), repository, number, first.id)
    gone = talks.hide(ann, repository, number, first.id).comment
    assert (gone.text, gone.earlier, gone.is_hidden, gone.hidden_by) == ("", (), True, "ann")
    assert talks.hide(bob, repository, number, first.id).comment == gone
    with pytest.raises(Conflict):
        talks.edit(bob, repository, number, first.id, "back")
    texts = world.database.read(
        lambda conn: conn.exec_driver_sql(
            "SELECT text FROM comments UNION SELECT text FROM comment_versions"
        ).all()
    )
    assert [tuple(row) for row in texts] == [("",)]


def test_comments_of_one_discussion_are_not_those_of_another(
    world: Any, talks: Any, repository: Any, ann: Any, bob: Any
) -> None:
    elsewhere = world.repos.create(bob, model("bob/b"))
    mine = talks.comment(bob, elsewhere, talks.create(bob, elsewhere, "x"), "here")
    number = talks.create(ann, repository, "x")
    for work in (talks.hide, lambda *args: talks.edit(*args, "z")):
        with pytest.raises(NotFound):
            work(bob, repository, number, mine.id)
        with pytest.raises(NotFound):
            work(bob, repository, 99, mine.id)
    assert [each.text for each in said(talks, repository, number)] == [""]


def test_a_locked_discussion_hears_only_those_who_may_write(
    talks: Any, repository: Any, ann: Any, bob: Any
) -> None:
    number = talks.create(bob, repository, "x")
    with pytest.raises(Forbidden):
        talks.set_locked(bob, repository, number, locked=True)
    talks.set_locked(ann, repository, number, locked=True)
    talks.set_locked(ann, repository, number, locked=True)
    (first,) = said(talks, repository, number)
    with pytest.raises(Forbidden, match="locked"):
        talks.comment(bob, repository, number, "but")
    with pytest.raises(Forbidden, match="locked"):
        talks.edit(bob, repository, number, first.id, "but")
    talks.comment(ann, repository, number, "enough")
    talks.set_locked(ann, repository, number, locked=False)
    talks.comment(bob, repository, number, "thanks")
    kinds = [each.type for each in talks.timeline(talks.get(repository, number)).happenings]
    assert kinds.count("discussion.locked") == kinds.count("discussion.unlocked") == 1


def test_pinned_ones_come_first_and_are_few(
    talks: Any, repository: Any, ann: Any, bob: Any
) -> None:
    numbers = [talks.create(bob, repository, "x") for _ in range(11)]
    with pytest.raises(Forbidden):
        talks.set_pinned(bob, repository, 1, pinned=True)
    for number in numbers[:10]:
        talks.set_pinned(ann, repository, number, pinned=True)
    with pytest.raises(Conflict, match="At most 10"):
        talks.set_pinned(ann, repository, 11, pinned=True)
    page = talks.list(repository, DiscussionQuery())
    assert [each.number for each in page.discussions] == [*range(10, 0, -1), 11]


def test_bounds_of_comments(talks: Any, repository: Any, bob: Any, monkeypatch: Any) -> None:
    from groundswell.hub.discussions import comments

    number = talks.create(bob, repository, "x", "one")
    for text in ("", " \n", "a\0b", "\ud800", "x" * 65_537):
        with pytest.raises(BadRequest):
            talks.comment(bob, repository, number, text)
    monkeypatch.setattr(comments, "COMMENTS_MAX", 2)
    monkeypatch.setattr(comments, "VERSIONS_MAX", 2)
    made = talks.comment(bob, repository, number, "x" * 65_536)
    with pytest.raises(Conflict, match="open a new one"):
        talks.comment(bob, repository, number, "more")
    monkeypatch.setattr(comments, "COMMENTS_MAX", 3)
    talks.edit(bob, repository, number, made.id, "two")
    with pytest.raises(Conflict, match="too often"):
        talks.edit(bob, repository, number, made.id, "three")


def test_titles_are_searched_by_every_word(talks: Any, repository: Any, bob: Any) -> None:
    for title in ("Fix the 100% loss", "fix typo", "Nothing"):
        talks.create(bob, repository, title)

    def numbers(*words: str) -> list[int]:
        page = talks.list(repository, DiscussionQuery(words=words))
        return [each.number for each in page.discussions]

    assert numbers("FIX") == [2, 1]
    assert numbers("fix", "loss") == [1]
    assert numbers("%") == [1]
    assert numbers("_") == []
