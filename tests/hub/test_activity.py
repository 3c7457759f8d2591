"""Activity: read from the events, for whoever may see the repositories now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from groundswell.core.errors import AccountNotFound, BadRequest, RepoNotFound, Unauthenticated
from groundswell.core.values import ANONYMOUS, Principal, RepoGrant, TokenRole, Visibility
from groundswell.hub import activity
from groundswell.hub.activity import Activities, Activity
from groundswell.hub.activity import service as service_module
from groundswell.hub.discussions import Discussions, Status
from groundswell.hub.events import record
from groundswell.hub.follows import Follows
from groundswell.hub.likes import Likes
from groundswell.store.tables import watches
from tests.hub.repo_world import World, model


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World.with_people(tmp_path)
    yield world
    world.close()


@pytest.fixture
def activities(world: World) -> Activities:
    return Activities(world.database)


@pytest.fixture
def discussions(world: World) -> Discussions:
    return Discussions(world.database, world.git, world.now)


def told(page: activity.ActivityPage) -> list[tuple[str | None, str, str]]:
    return [(each.actor, each.type, each.repository.full_name) for each in page.activities]


def made(world: World, name: str, *, private: bool = False) -> Principal:
    owner = name.partition("/")[0]
    who = world.as_("ann" if owner == "org" else owner)
    visibility = Visibility.PRIVATE if private else Visibility.PUBLIC
    world.repos.create(who, model(name), visibility=visibility)
    return who


def commit(world: World, who: Principal, name: str, oid: str) -> None:
    repository = world.get(who, name)
    payload = {"ref": "refs/heads/main", "old": None, "new": oid * 40}
    world.write(
        lambda conn: record(
            conn, world.now(), "commit.landed", who.account_id, repository.id, payload
        )
    )


def test_a_repository_tells_what_happened_in_it(
    world: World, activities: Activities, discussions: Discussions
) -> None:
    ann, bob = made(world, "ann/m"), world.as_("bob")
    commit(world, ann, "ann/m", "a")
    repository = world.get(ann, "ann/m")
    Likes(world.database, world.now).give(bob, repository)
    discussions.create(bob, repository, "A question", "Why  so\nbig?")
    said = discussions.comment(ann, repository, 1, "Because.")
    discussions.set_status(ann, repository, 1, Status.CLOSED)
    world.repos.update_settings(ann, model("ann/m"), settings={"x": 1})
    page = activities.of_repository(ANONYMOUS, repository)
    assert told(page) == [
        ("ann", "discussion.status_changed", "ann/m"),
        ("ann", "discussion.commented", "ann/m"),
        ("bob", "discussion.created", "ann/m"),
        ("bob", "repository.liked", "ann/m"),
        ("ann", "commit.landed", "ann/m"),
        ("ann", "repository.created", "ann/m"),
    ]
    closed, comment, asked, _, landed, _ = page.activities
    assert (closed.status, closed.before) == ("closed", "open")
    assert comment.excerpt == "Because."
    assert asked.excerpt == "Why so big?"
    assert asked.thread == activity.Thread(1, "A question", is_pull_request=False)
    assert (landed.reference, landed.commit) == ("refs/heads/main", "a" * 40)
    discussions.hide(ann, repository, 1, said.id)
    Likes(world.database, world.now).take_back(bob, repository)
    page = activities.of_repository(ANONYMOUS, repository)
    assert [each.excerpt for each in page.activities] == ["", "", "Why so big?", "", ""]
    assert "repository.liked" not in {each.type for each in page.activities}


def test_pages_follow_one_another(
    world: World, activities: Activities, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = made(world, "ann/m")
    for digit in "0123456789":
        commit(world, ann, "ann/m", digit)
        world.repos.update_settings(ann, model("ann/m"), settings={"x": digit})
    repository = world.get(ann, "ann/m")

    def walk() -> list[Activity]:
        found, cursor = [], None
        while True:
            page = activities.of_repository(ann, repository, cursor=cursor, limit=3)
            assert len(page.activities) <= 3
            found += page.activities
            cursor = page.next_cursor
            if cursor is None:
                return found

    assert [each.commit and each.commit[0] for each in walk()] == [*"9876543210", None]
    for cursor, limit in (("x", 3), ("-1", 3), (None, 0), (None, 101)):
        with pytest.raises(BadRequest):
            activities.of_repository(ann, repository, cursor=cursor, limit=limit)
    # However much there is that is not told, a page looks no further than it may.
    monkeypatch.setattr(service_module, "EVENTS_LOOKED_AT_MAX", 6)
    assert [each.commit and each.commit[0] for each in walk()[:3]] == [*"987"]


def test_nothing_of_what_one_may_not_see(world: World, activities: Activities) -> None:
    ann = made(world, "ann/open")
    made(world, "ann/secret", private=True)
    made(world, "org/inner", private=True)
    commit(world, ann, "org/inner", "a")
    for who, seen in (
        (ann, {"ann/open", "ann/secret", "org/inner"}),
        (world.as_("bob"), {"ann/open", "org/inner"}),
        (world.as_("eve"), {"ann/open"}),
        (ANONYMOUS, {"ann/open"}),
    ):
        page = activities.of_account(who, "Ann")
        assert {each.repository.full_name for each in page.activities} == seen
        assert page.next_cursor is None
    assert told(activities.of_account(world.as_("bob"), "org")) == [
        ("ann", "commit.landed", "org/inner"),
        ("ann", "repository.created", "org/inner"),
    ]
    assert told(activities.of_account(world.as_("eve"), "org")) == []
    grant = RepoGrant(world.get(ann, "ann/secret").id, write=False)
    narrow = world.as_("ann", TokenRole.FINE_GRAINED, (grant,))
    page = activities.of_account(narrow, "ann")
    assert {each.repository.full_name for each in page.activities} == {"ann/open", "ann/secret"}
    with pytest.raises(RepoNotFound):
        activities.of_repository(world.as_("eve"), world.get(ann, "ann/secret"))
    with pytest.raises(AccountNotFound):
        activities.of_account(ann, "nobody")


def test_rights_are_those_of_now(world: World, activities: Activities) -> None:
    """What was public and is private, moved or deleted is told as it is now."""
    made(world, "ann/m")
    eve = world.as_("eve")
    Follows(world.database, world.now).follow(eve, "ann")
    assert len(activities.home(eve).activities) == 1
    world.repos.update_settings(world.as_("ann"), model("ann/m"), visibility=Visibility.PRIVATE)
    assert activities.home(eve).activities == ()
    assert activities.of_account(eve, "ann").activities == ()
    world.repos.update_settings(world.as_("ann"), model("ann/m"), visibility=Visibility.PUBLIC)
    world.repos.move(world.as_("ann"), model("ann/m"), model("org/m"))
    assert {each.repository.full_name for each in activities.home(eve).activities} == {"org/m"}
    world.repos.delete(world.as_("ann"), model("org/m"))
    assert activities.home(eve).activities == ()
    assert activities.of_account(ANONYMOUS, "ann").activities == ()


def test_home_is_what_one_follows_owns_and_watches(world: World, activities: Activities) -> None:
    ann, bob, eve = (world.as_(name) for name in ("ann", "bob", "eve"))
    for name in ("ann/one", "org/two", "bob/three", "eve/four"):
        made(world, name)
    with pytest.raises(Unauthenticated):
        activities.home(ANONYMOUS)

    def seen() -> list[str]:
        return [each.repository.full_name for each in activities.home(eve).activities]

    assert seen() == ["eve/four"]
    commit(world, ann, "eve/four", "a")
    assert seen() == ["eve/four", "eve/four"]
    Follows(world.database, world.now).follow(eve, "bob")
    assert seen() == ["eve/four", "eve/four", "bob/three"]
    Follows(world.database, world.now).follow(eve, "org")
    assert seen()[2:] == ["bob/three", "org/two"]

    def watch(name: str, level: str) -> None:
        row = {
            "account_id": eve.account_id, "level": level, "since_event": 0,
            "repository_id": world.get(ann, name).id,
        }  # fmt: skip
        world.write(lambda conn: conn.execute(sa.insert(watches).values(row)).rowcount)

    watch("ann/one", "all")
    assert seen()[2:] == ["bob/three", "org/two", "ann/one"]
    watch("org/two", "none")
    assert seen()[2:] == ["bob/three", "ann/one"]
    # Once, though Bob is followed and the repository is one's own.
    commit(world, bob, "eve/four", "b")
    assert seen().count("eve/four") == 3


def test_home_merges_many_streams_in_order(world: World, activities: Activities) -> None:
    eve, follows = world.as_("eve"), Follows(world.database, world.now)
    for number in range(12):
        world.user(f"p{number}")
        made(world, f"p{number}/m")
        follows.follow(eve, f"p{number}")
    for number in range(60):
        who = world.as_(f"p{number * 7 % 12}")
        commit(world, who, f"{who.name}/m", f"{number % 16:x}")
    found, cursor = [], None
    while True:
        page = activities.home(eve, cursor=cursor, limit=7)
        found += [each.id for each in page.activities]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == sorted(found, reverse=True)
    assert len(found) == len(set(found)) == 72
