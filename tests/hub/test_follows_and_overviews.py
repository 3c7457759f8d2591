"""Who follows whom, and overviews that count what the asker may see."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from groundswell.core.errors import AccountNotFound, BadRequest, Forbidden, Unauthenticated
from groundswell.core.values import (
    ANONYMOUS,
    Principal,
    RepoGrant,
    TokenRole,
    Visibility,
)
from groundswell.hub import follows as follows_module
from groundswell.hub.accounts import AccountKind, Accounts
from groundswell.hub.collections import Collections
from groundswell.hub.discussions import Discussions
from groundswell.hub.follows import Follows
from groundswell.hub.likes import Likes
from groundswell.hub.overviews import Overviews
from groundswell.store import tables
from tests.hub.repo_world import World, model


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World.with_people(tmp_path)
    yield world
    world.close()


@pytest.fixture
def follows(world: World) -> Follows:
    return Follows(world.database, world.now)


def followers(follows: Follows, who: Principal, name: str) -> list[tuple[str, bool]]:
    page = follows.followers(who, name)
    return [(each.account.name, each.is_followed) for each in page.accounts]


def following(follows: Follows, name: str, what: AccountKind | None = None) -> list[str]:
    page = follows.following(ANONYMOUS, name, what=what)
    return [each.account.name for each in page.accounts]


def test_following_is_told_to_both_sides_once(world: World, follows: Follows) -> None:
    ann, bob, eve = (world.as_(name) for name in ("ann", "bob", "eve"))
    for _ in range(2):
        follows.follow(ann, "EVE", AccountKind.USER)
    follows.follow(bob, "eve")
    follows.follow(eve, "ann")
    follows.follow(eve, "org")
    assert followers(follows, eve, "eve") == [("bob", False), ("ann", True)]
    assert followers(follows, ANONYMOUS, "org") == [("eve", False)]
    assert following(follows, "eve") == ["org", "ann"]
    assert following(follows, "eve", AccountKind.USER) == ["ann"]
    assert following(follows, "eve", AccountKind.ORGANISATION) == ["org"]
    for _ in range(2):
        follows.unfollow(eve, "org")
    assert followers(follows, ANONYMOUS, "org") == []
    types = sa.select(tables.events.c.type).where(tables.events.c.type.like("account.%"))
    told = world.database.read(lambda conn: list(conn.execute(types).scalars()))
    assert told == ["account.followed"] * 4 + ["account.unfollowed"]


def test_what_cannot_be_followed(
    world: World, follows: Follows, monkeypatch: pytest.MonkeyPatch
) -> None:
    eve = world.as_("eve")
    for name, kind, error in (
        ("eve", None, BadRequest),
        ("nobody", None, AccountNotFound),
        ("org", AccountKind.USER, AccountNotFound),
        ("ann", AccountKind.ORGANISATION, AccountNotFound),
    ):
        with pytest.raises(error):
            follows.follow(eve, name, kind)
    for principal, error in (
        (ANONYMOUS, Unauthenticated),
        (world.as_("eve", TokenRole.READ), Forbidden),
        (world.as_("eve", TokenRole.FINE_GRAINED), Forbidden),
    ):
        for act in (follows.follow, follows.unfollow):
            with pytest.raises(error):
                act(principal, "ann")
    with pytest.raises(AccountNotFound):
        follows.following(ANONYMOUS, "org")
    monkeypatch.setattr(follows_module, "FOLLOWS_MAX", 1)
    follows.follow(eve, "ann")
    follows.follow(eve, "ann")
    with pytest.raises(BadRequest):
        follows.follow(eve, "bob")
    assert following(follows, "eve") == ["ann"]


def test_closed_accounts_are_in_no_list_and_no_count(world: World, follows: Follows) -> None:
    overviews, accounts = Overviews(world.database), Accounts(world.database, world.now)
    follows.follow(world.as_("ann"), "eve")
    follows.follow(world.as_("eve"), "bob")
    accounts.set_disabled("ann", disabled=True, by=None)
    accounts.set_disabled("bob", disabled=True, by=None)
    told = overviews.of(ANONYMOUS, "eve")
    assert (told.follower_count, told.following_count) == (0, 0)
    assert followers(follows, ANONYMOUS, "eve") == following(follows, "eve") == []


def test_an_overview_counts_what_the_asker_may_see(world: World, follows: Follows) -> None:
    """Of each thing there is one that everybody sees and one that only members see."""
    ann, bob, eve = (world.as_(name) for name in ("ann", "bob", "eve"))
    likes, collections = Likes(world.database, world.now), Collections(world.database, world.now)
    talks = Discussions(world.database, world.git, world.now)
    secrets = []
    for visibility in Visibility:
        private = visibility is Visibility.PRIVATE
        made = world.repos.create(ann, model(f"org/{visibility.value}"), visibility)
        world.repos.create(ann, model(f"org/{visibility.value}", "dataset"), visibility)
        talks.create(ann, made, "Hello")
        likes.give(ann, made)
        for owner in ("org", "ann"):
            collection = collections.create(ann, owner, visibility.value, is_private=private)
            collections.upvote(ann, collection.slug)
        secrets += [made.id] * private
    follows.follow(eve, "ann")
    overviews = Overviews(world.database)

    def counts(who: Principal) -> tuple[int, ...]:
        user = overviews.of(who, "ANN", AccountKind.USER)
        organisation = overviews.of(who, "org", AccountKind.ORGANISATION)
        assert organisation.repository_counts["space"] == 0
        return (
            organisation.repository_counts["model"],
            organisation.repository_counts["dataset"],
            organisation.collection_count,
            user.discussion_count,
            user.like_count,
            user.collection_count,
            user.upvote_count,
        )

    grants = (RepoGrant(secrets[0], write=True),)
    assert counts(ann) == (2, 2, 2, 2, 2, 2, 2)
    assert counts(bob) == (2, 2, 2, 2, 2, 1, 1)
    assert counts(eve) == counts(ANONYMOUS) == (1, 1, 1, 1, 1, 1, 1)
    # A token that reaches one private repository sees what belongs to that one.
    assert counts(world.as_("ann", TokenRole.FINE_GRAINED, grants)) == (2, 1, 1, 2, 2, 1, 1)
    told = overviews.of(eve, "ann")
    assert (told.is_followed, told.follower_count, told.following_count) == (True, 1, 0)
    assert not overviews.of(ann, "ann").is_followed
    assert [each.organisation.name for each in told.members] == ["org"]
    assert [each.user.name for each in overviews.of(eve, "org").members] == ["ann", "bob"]
    for name, kind in (("org", AccountKind.USER), ("ann", AccountKind.ORGANISATION), ("no", None)):
        with pytest.raises(AccountNotFound):
            overviews.of(ann, name, kind)
