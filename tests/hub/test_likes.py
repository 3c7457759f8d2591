"""Likes: counted once, seen only where the repository is, and what trends by them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from groundswell.core.errors import (
    AccountNotFound,
    BadRequest,
    Forbidden,
    RepoNotFound,
    Unauthenticated,
)
from groundswell.core.values import (
    ANONYMOUS,
    Principal,
    RepoGrant,
    RepoKind,
    TokenRole,
    Visibility,
)
from groundswell.hub import likes as likes_module
from groundswell.hub.accounts import Accounts
from groundswell.hub.likes import Likes
from groundswell.hub.repos import Repository
from groundswell.hub.search import ListQuery, Sort
from groundswell.hub.upkeep import Premises
from groundswell.hub.upkeep.trending import DAY_MICROS, Trending, score
from groundswell.store import tables
from groundswell.store.disk import DiskStore
from groundswell.store.layout import DataFolder
from tests.hub.repo_world import World, model


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World.with_people(tmp_path)
    yield world
    world.close()


@pytest.fixture
def likes(world: World) -> Likes:
    return Likes(world.database, world.now)


@pytest.fixture
def ann(world: World) -> Principal:
    return world.as_("ann")


@pytest.fixture
def bob(world: World) -> Principal:
    return world.as_("bob")


@pytest.fixture
def eve(world: World) -> Principal:
    return world.as_("eve")


@pytest.fixture
def repository(world: World, ann: Principal) -> Repository:
    return world.repos.create(ann, model("org/open"))


def names(likes: Likes, principal: Principal, account: str) -> list[str]:
    return [
        like.repository.repo_id.full_name for like in likes.of_account(principal, account).likes
    ]


def events(world: World) -> list[str]:
    query = sa.select(tables.events.c.type).order_by(tables.events.c.id)
    return world.database.read(lambda conn: list(conn.execute(query).scalars()))


def test_a_like_counts_once_and_is_taken_back_once(
    world: World, likes: Likes, repository: Repository, ann: Principal, eve: Principal
) -> None:
    assert not likes.is_given(eve, repository)
    assert [likes.give(eve, repository), likes.give(eve, repository)] == [1, 1]
    assert likes.give(ann, repository) == 2
    assert likes.is_given(eve, repository)
    assert world.get(ANONYMOUS, "org/open").likes == 2
    assert [each.name for each in likes.likers(repository).accounts] == ["ann", "eve"]
    assert [likes.take_back(eve, repository), likes.take_back(eve, repository)] == [1, 1]
    assert world.get(ANONYMOUS, "org/open").likes == 1
    assert events(world)[-3:] == ["repository.liked", "repository.liked", "repository.unliked"]


@pytest.mark.parametrize(
    ("principal", "error"),
    [
        (ANONYMOUS, Unauthenticated),
        (Principal(3, "eve", token_role=TokenRole.READ), Forbidden),
        (
            Principal(
                3, "eve", token_role=TokenRole.FINE_GRAINED, grants=(RepoGrant(1, write=True),)
            ),
            Forbidden,
        ),
    ],
)
def test_only_who_speaks_for_themselves_likes(
    likes: Likes, repository: Repository, principal: Principal, error: type[Exception]
) -> None:
    with pytest.raises(error):
        likes.give(principal, repository)
    with pytest.raises(error):
        likes.take_back(principal, repository)
    assert likes.likers(repository).accounts == ()


def test_what_became_private_leaves_every_list_of_others(
    world: World,
    likes: Likes,
    repository: Repository,
    ann: Principal,
    bob: Principal,
    eve: Principal,
) -> None:
    """The one who liked it sees it no more either, and members do."""
    likes.give(eve, repository)
    other = world.repos.create(ann, model("ann/other", "dataset"))
    likes.give(eve, other)
    assert names(likes, ANONYMOUS, "eve") == ["ann/other", "org/open"]
    world.repos.update_settings(ann, repository.repo_id, visibility=Visibility.PRIVATE)
    for asker in (ANONYMOUS, eve):
        assert names(likes, asker, "eve") == ["ann/other"]
        count = world.database.read(lambda conn, asker=asker: likes_module.count_of(conn, asker, 3))
        assert count == 1
    assert names(likes, bob, "EVE") == ["ann/other", "org/open"]
    reaching = world.as_("bob", TokenRole.FINE_GRAINED, (RepoGrant(other.id, write=False),))
    assert names(likes, reaching, "eve") == ["ann/other"]
    with pytest.raises(RepoNotFound):
        likes.give(eve, repository)
    with pytest.raises(RepoNotFound):
        likes.take_back(eve, repository)


def test_what_was_moved_is_liked_under_its_new_name(
    world: World, likes: Likes, repository: Repository, ann: Principal, eve: Principal
) -> None:
    likes.give(eve, repository)
    world.repos.move(ann, repository.repo_id, model("ann/moved"))
    assert names(likes, ANONYMOUS, "eve") == ["ann/moved"]
    assert world.get(ANONYMOUS, "ann/moved").likes == 1


def test_what_was_deleted_is_liked_by_nobody(
    world: World, likes: Likes, repository: Repository, ann: Principal, eve: Principal
) -> None:
    likes.give(eve, repository)
    world.repos.count_download(repository.id)
    world.repos.flush_downloads()
    world.repos.delete(ann, repository.repo_id)
    assert names(likes, eve, "eve") == []
    for left in (tables.likes, tables.daily_downloads):
        rows = sa.select(left.c.repository_id)
        assert world.database.read(lambda conn, q=rows: conn.execute(q).all()) == []
    table = tables.repositories
    query = sa.select(table.c.likes).where(table.c.id == repository.id)
    assert world.database.read(lambda conn: conn.execute(query).scalar_one()) == 0
    with pytest.raises(RepoNotFound):
        likes.give(eve, repository)


def test_likes_of_a_closed_account_do_not_count(
    world: World, likes: Likes, repository: Repository, ann: Principal, eve: Principal
) -> None:
    accounts = Accounts(world.database, world.now)
    likes.give(eve, repository)
    likes.give(ann, repository)
    accounts.set_disabled("eve", disabled=True, by=None)
    accounts.set_disabled("eve", disabled=True, by=None)
    assert world.get(ANONYMOUS, "org/open").likes == 1
    assert [each.name for each in likes.likers(repository).accounts] == ["ann"]
    accounts.set_disabled("eve", disabled=False, by=None)
    assert world.get(ANONYMOUS, "org/open").likes == 2


def test_pages(world: World, likes: Likes, ann: Principal, eve: Principal) -> None:
    made = [world.repos.create(ann, model(f"ann/m{number}")) for number in range(5)]
    for each in made:
        likes.give(eve, each)
    found, cursor = [], None
    while True:
        page = likes.of_account(ANONYMOUS, "eve", cursor=cursor, limit=2)
        assert len(page.likes) <= 2
        found += [like.repository.repo_id.name for like in page.likes]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == ["m4", "m3", "m2", "m1", "m0"]
    for name in ("ann", "bob", "eve"):
        likes.give(world.as_(name), made[0])
    first = likes.likers(made[0], limit=1)
    second = likes.likers(made[0], limit=2, cursor=first.next_cursor)
    people = [each.name for each in first.accounts + second.accounts]
    assert (people, second.next_cursor) == (["bob", "ann", "eve"], None)
    for wrong in ("x", "1", "-1-2", "1-2-3", "9" * 40 + "-1"):
        with pytest.raises(BadRequest):
            likes.of_account(ANONYMOUS, "eve", cursor=wrong)
    with pytest.raises(BadRequest):
        likes.likers(made[0], limit=0)
    with pytest.raises(AccountNotFound):
        likes.of_account(ANONYMOUS, "nobody")


def test_likes_are_bounded(
    world: World,
    likes: Likes,
    ann: Principal,
    eve: Principal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = [world.repos.create(ann, model(f"ann/m{number}")) for number in range(3)]
    monkeypatch.setattr(likes_module, "LIKES_MAX", 2)
    likes.give(eve, made[0])
    likes.give(eve, made[1])
    likes.give(eve, made[1])
    with pytest.raises(BadRequest):
        likes.give(eve, made[2])
    assert names(likes, eve, "eve") == ["ann/m1", "ann/m0"]
    assert world.get(eve, "ann/m2").likes == 0


# --- what trends ------------------------------------------------------------------------------


def test_a_score_halves_and_ends() -> None:
    assert score([(0, 2, 100)]) == 30
    assert score([(4, 2, 100)]) == 15
    assert score([(0, 1, 0), (8, 4, 0)]) == 20
    assert score([(28, 1000, 10**9)]) == 0
    assert score([(-3, 1, 0)]) == 10
    assert score([]) == 0


def test_what_trends_is_made_of_the_last_days(
    world: World, likes: Likes, ann: Principal, bob: Principal, eve: Principal, tmp_path: Path
) -> None:
    was, loved, fetched, quiet = (
        world.repos.create(ann, model(f"ann/{name}")) for name in ("was", "loved", "fetched", "q")
    )
    likes.give(eve, loved)
    likes.give(bob, loved)
    for _ in range(400):
        world.repos.count_download(fetched.id)
    world.repos.flush_downloads()
    world.repos.count_download(fetched.id)
    world.repos.flush_downloads()
    for principal in (ann, bob, eve):
        likes.give(principal, was)
    long_ago = world.now() - 30 * DAY_MICROS

    def age(conn: sa.Connection) -> None:
        old = tables.likes.c.repository_id == was.id
        conn.execute(sa.update(tables.likes).where(old).values(liked_at=long_ago))
        row = {"repository_id": was.id, "day": long_ago // DAY_MICROS, "downloads": 10**6}
        conn.execute(sa.insert(tables.daily_downloads).values(row))
        conn.execute(sa.update(tables.repositories).values(trending=7))

    world.write(age)
    folder = DataFolder(tmp_path)
    store = DiskStore(tmp_path / "blobs")
    chore = Trending(Premises(world.database, store, world.git, folder, world.now))
    assert chore.run() == 4
    assert chore.run() == 0
    query = ListQuery(sort=Sort.TRENDING)
    found = world.search.list(ANONYMOUS, RepoKind.MODEL, query).repositories
    told = [(each.repo_id.name, each.trending) for each in found]
    # A download's root is 20.02, rounded down; two likes are 20: the younger of equals is first.
    assert told == [("fetched", 20), ("loved", 20), ("q", 0), ("was", 0)]
    assert quiet.trending == 0
    days = sa.select(tables.daily_downloads.c.repository_id)
    assert world.database.read(lambda conn: conn.execute(days).scalars().all()) == [fetched.id]
    by_likes = world.search.list(ANONYMOUS, RepoKind.MODEL, ListQuery(sort=Sort.LIKES, limit=2))
    assert [each.likes for each in by_likes.repositories] == [3, 2]
