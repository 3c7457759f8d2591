"""Labels, assignees, reactions, and the search that knows them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

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
from groundswell.hub.discussions import DiscussionQuery, Labels, Reactions, Status
from groundswell.hub.discussions.labels import ASSIGNEES_MAX, LABELS_ON_ONE_MAX
from groundswell.hub.discussions.searching import COMMENTS_SEARCHED_MAX, asked
from groundswell.hub.repos import Repository
from tests.hub.both import on_both, url_of
from tests.hub.git_world import GitWorld


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GitWorld]:
    made = GitWorld(tmp_path / "data", url_of(request))
    yield made
    made.close()


@pytest.fixture
def labels(world: GitWorld) -> Labels:
    return Labels(world.database, world.now)


@pytest.fixture
def reactions(world: GitWorld) -> Reactions:
    return Reactions(world.database, world.now)


@pytest.fixture
def talk(world: GitWorld) -> Repository:
    """A repository whose first discussion bob opened."""
    repository = world.model("talk")
    assert world.discussions.create(world.bob, repository, "Loss is NaN", "At step ten.") == 1
    return repository


def record(world: GitWorld, repository: Repository, number: int = 1) -> list[tuple[str, str]]:
    happenings = world.discussions.timeline(world.discussions.get(repository, number)).happenings
    return [
        (each.type, str(each.payload.get("label") or each.payload.get("assignee") or ""))
        for each in happenings
    ]


@on_both("world")
def test_labels_are_made_given_renamed_and_gone(
    world: GitWorld, labels: Labels, talk: Repository
) -> None:
    fault = labels.make(world.alice, talk, " fault ", "pink", "It breaks")
    labels.make(world.alice, talk, "good first", "green")
    assert [each.name for each in labels.of_repository(talk)] == ["fault", "good first"]
    labels.give(world.alice, talk, 1, ["FAULT", "good first"])
    labels.give(world.alice, talk, 1, ["fault"])
    labels.give(world.alice, talk, 1, ["fault"])
    assert world.discussions.get(talk, 1).labels == (fault,)
    labels.change(world.alice, talk, fault.id, "bug", "orange")
    (shown,) = world.discussions.list(talk, DiscussionQuery()).discussions
    assert [(each.name, each.colour) for each in shown.labels] == [("bug", "orange")]
    labels.remove(world.alice, talk, fault.id)
    assert world.discussions.get(talk, 1).labels == ()
    assert record(world, talk)[1:] == [
        ("discussion.labeled", "fault"),
        ("discussion.labeled", "good first"),
        ("discussion.unlabeled", "good first"),
    ]


def test_what_is_no_label_is_refused(world: GitWorld, labels: Labels, talk: Repository) -> None:
    made = labels.make(world.alice, talk, "bug")
    with pytest.raises(Conflict):
        labels.make(world.alice, talk, "BUG")
    for name, colour in (
        ("", "blue"),
        ("x" * 51, "blue"),
        ('a"b', "blue"),
        ("a\u202eb", "blue"),
        ("a", "red"),
    ):
        with pytest.raises(BadRequest):
            labels.make(world.alice, talk, name, colour)
    for names in (["none"], ["\0"], [f"l{n}" for n in range(LABELS_ON_ONE_MAX + 1)]):
        with pytest.raises(BadRequest):
            labels.give(world.alice, talk, 1, names)
    other = world.model("other")
    with pytest.raises(NotFound):
        labels.change(world.alice, other, made.id, "mine", "blue")
    with pytest.raises(NotFound):
        labels.remove(world.alice, other, made.id)
    with pytest.raises(NotFound):
        labels.give(world.alice, talk, 9, ["bug"])
    world.discussions.create(world.alice, other, "Two")
    with pytest.raises(BadRequest):
        labels.give(world.alice, other, 1, ["bug"])


@on_both("world")
def test_only_who_may_write_labels_and_assigns(
    world: GitWorld, labels: Labels, talk: Repository
) -> None:
    made = labels.make(world.alice, talk, "bug")
    for who, refusal in ((world.bob, Forbidden), (ANONYMOUS, Unauthenticated)):
        for work in (
            lambda who=who: labels.make(who, talk, "mine"),
            lambda who=who: labels.change(who, talk, made.id, "mine", "blue"),
            lambda who=who: labels.remove(who, talk, made.id),
            lambda who=who: labels.give(who, talk, 1, ["bug"]),
            lambda who=who: labels.assign(who, talk, 1, "bob", on=True),
        ):
            with pytest.raises(refusal):
                work()
    assert record(world, talk)[1:] == []


@on_both("world")
def test_assignees_may_see_the_repository(
    world: GitWorld, labels: Labels, talk: Repository
) -> None:
    labels.assign(world.alice, talk, 1, "BOB", on=True)
    labels.assign(world.alice, talk, 1, "bob", on=True)
    assert world.discussions.get(talk, 1).assignees == ("bob",)
    with pytest.raises(BadRequest, match="Nobody of that name"):
        labels.assign(world.alice, talk, 1, "nobody", on=True)
    secret = world.model("secret", visibility=Visibility.PRIVATE)
    world.discussions.create(world.alice, secret, "Quiet")
    with pytest.raises(BadRequest, match="Nobody of that name"):
        labels.assign(world.alice, secret, 1, "bob", on=True)
    for number in range(ASSIGNEES_MAX - 1):
        world.user(f"person{number}")
        labels.assign(world.alice, talk, 1, f"person{number}", on=True)
    with pytest.raises(BadRequest, match="At most"):
        labels.assign(world.alice, talk, 1, "alice", on=True)
    labels.assign(world.alice, talk, 1, "bob", on=False)
    assert record(world, talk)[1] == ("discussion.assigned", "bob")
    assert record(world, talk)[-1] == ("discussion.unassigned", "bob")


def first_comment(world: GitWorld, talk: Repository) -> int:
    return world.discussions.timeline(world.discussions.get(talk, 1)).happenings[0].id


@on_both("world")
def test_one_sign_of_each_kind_for_each_person(
    world: GitWorld, reactions: Reactions, talk: Repository
) -> None:
    at = first_comment(world, talk)
    assert reactions.react(world.alice, talk, 1, at, "heart")
    assert reactions.react(world.alice, talk, 1, at, "heart", on=True)
    assert reactions.react(world.bob, talk, 1, at, "heart")
    assert reactions.react(world.bob, talk, 1, at, "yes")
    assert not reactions.react(world.bob, talk, 1, at, "yes")
    (heart,) = reactions.at(world.bob, [at, at + 1])[at]
    assert (heart.kind, heart.count, heart.names, heart.is_own) == (
        "heart",
        2,
        ("alice", "bob"),
        True,
    )
    assert not reactions.at(ANONYMOUS, [at])[at][0].is_own
    for number in range(12):
        reactions.react(world.user(f"fan{number}"), talk, 1, at, "heart")
    (heart,) = reactions.at(world.bob, [at])[at]
    assert (heart.count, len(heart.names)) == (14, 10)
    assert [type_ for type_, _ in record(world, talk)] == ["discussion.created"]


@on_both("world")
def test_where_signs_may_be_given(world: GitWorld, reactions: Reactions, talk: Repository) -> None:
    at = first_comment(world, talk)
    with pytest.raises(BadRequest):
        reactions.react(world.bob, talk, 1, at, "evil")
    with pytest.raises(Unauthenticated):
        reactions.react(ANONYMOUS, talk, 1, at, "heart")
    other = world.model("other")
    world.discussions.create(world.bob, other, "Two")
    with pytest.raises(NotFound):
        reactions.react(world.bob, other, 1, at, "heart")
    secret = world.model("secret", visibility=Visibility.PRIVATE)
    world.discussions.create(world.alice, secret, "Quiet")
    with pytest.raises(RepoNotFound):
        reactions.react(world.bob, secret, 1, at, "heart")
    reactions.react(world.bob, talk, 1, at, "heart")
    world.discussions.set_locked(world.alice, talk, 1, locked=True)
    with pytest.raises(Forbidden):
        reactions.react(world.bob, talk, 1, at, "eyes")
    reactions.react(world.alice, talk, 1, at, "eyes")
    world.discussions.hide(world.alice, talk, 1, at)
    assert reactions.at(world.bob, [at]) == {}
    with pytest.raises(Conflict):
        reactions.react(world.alice, talk, 1, at, "eyes")


def found(world: GitWorld, repository: Repository, text: str) -> list[int]:
    page = world.discussions.list(repository, asked(text, DiscussionQuery()))
    assert page.count == len(page.discussions)
    return [each.number for each in page.discussions]


@on_both("world")
def test_what_is_typed_narrows_the_list(world: GitWorld, labels: Labels, talk: Repository) -> None:
    world.discussions.create(world.alice, talk, "Docs", "Where is the 100% manual_page?")
    world.files(talk, a="1")
    world.discussions.create(world.alice, talk, "A fix", is_pull_request=True)
    world.discussions.comment(world.bob, talk, 2, "In the README, under Widgets.")
    labels.make(world.alice, talk, "good first")
    labels.give(world.alice, talk, 2, ["good first"])
    labels.assign(world.alice, talk, 3, "bob", on=True)
    assert found(world, talk, "") == [3, 2, 1]
    assert found(world, talk, "widgets") == [2]
    assert found(world, talk, "readme docs") == [2], "a word of the title, one of a comment"
    assert found(world, talk, "100% manual_page") == [2]
    assert found(world, talk, "100_ manual%page") == []
    assert found(world, talk, "step author:bob") == [1]
    assert found(world, talk, "author:@alice is:pr") == [3]
    assert found(world, talk, "is:discussion") == [2, 1]
    assert found(world, talk, 'is:open label:"Good First"') == [2]
    assert found(world, talk, "assignee:bob") == [3]
    assert found(world, talk, "assignee:alice") == []
    world.discussions.set_status(world.alice, talk, 1, Status.CLOSED)
    assert (found(world, talk, "is:closed"), found(world, talk, "is:open")) == ([1], [3, 2])
    at = world.discussions.timeline(world.discussions.get(talk, 2)).happenings[1].id
    world.discussions.hide(world.bob, talk, 2, at)
    assert found(world, talk, "widgets") == []
    for text in ("\0", "label:\ud800"):
        with pytest.raises(BadRequest):
            found(world, talk, text)


@on_both("world")
def test_words_are_looked_for_in_the_newest_comments_of_this_repository_only(
    world: GitWorld, talk: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = world.model("secret", visibility=Visibility.PRIVATE)
    world.discussions.create(world.alice, secret, "Quiet", "plutonium")
    assert found(world, talk, "plutonium") == []
    world.discussions.comment(world.bob, talk, 1, "plutonium")
    assert found(world, talk, "plutonium") == [1]
    monkeypatch.setattr("groundswell.hub.discussions.searching.COMMENTS_SEARCHED_MAX", 1)
    assert COMMENTS_SEARCHED_MAX > 1
    world.discussions.comment(world.bob, talk, 1, "and more")
    assert found(world, talk, "plutonium") == []
