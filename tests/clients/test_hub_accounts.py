"""huggingface_hub 2.4: overviews of accounts, and who follows whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.clients.stage import ask
from tests.live import LiveHub, token_of


@pytest.fixture
def following(live_hub: LiveHub) -> Iterator[None]:
    """Eve and Bob follow Ada; Eve follows the guild and Bob."""
    pairs = [
        ("eve", "users/ada"),
        ("bob", "users/ada"),
        ("eve", "organizations/guild"),
        ("eve", "users/bob"),
    ]
    for method in ("POST", "DELETE"):
        for who, whom in pairs:
            answer = ask(live_hub, method, f"/api/{whom}/follow", token=token_of(who))
            assert answer.status == 200, answer.body
        if method == "POST":
            yield


def test_followers_are_listed_and_counted(
    following: None, live_hub: LiveHub, ada: Any, eve: Any, nobody: Any
) -> None:
    people = list(eve.list_user_followers("ada"))
    assert [(each.username, each.fullname) for each in people] == [("bob", "Bob"), ("eve", "Eve")]
    assert [each.is_following for each in people] == [True, False]
    assert people[0].avatar_url.startswith(live_hub.url)
    assert [each.username for each in nobody.list_user_following("eve")] == ["bob", "ada"]
    assert [each.username for each in nobody.list_organization_followers("guild")] == ["eve"]
    told = eve.get_user_overview("ada")
    assert (told.num_followers, told.num_following, told.is_following) == (2, 0, True)
    assert nobody.get_user_overview("eve").num_following == 2
    guild = eve.get_organization_overview("guild")
    assert (guild.num_followers, guild.is_following, guild.num_users) == (1, True, 2)
    assert not nobody.get_organization_overview("guild").is_following
    first = ask(live_hub, "GET", "/api/users/ada/followers?limit=1")
    url = first.headers["Link"].partition(">")[0].removeprefix("<")
    assert [each["user"] for each in ask(live_hub, "GET", url).json()] == ["eve"]


def test_nobody_follows_who_is_not_there(live_hub: LiveHub) -> None:
    for path, status in (
        ("users/guild", 404),
        ("organizations/ada", 404),
        ("users/there-is-nobody", 404),
        ("users/eve", 400),
    ):
        answer = ask(live_hub, "POST", f"/api/{path}/follow", token=token_of("eve"))
        assert answer.status == status, path
    assert ask(live_hub, "POST", "/api/users/ada/follow").status == 401
    reader = token_of("eve", "read")
    assert ask(live_hub, "POST", "/api/users/ada/follow", token=reader).status == 403


def test_overviews_count_what_the_asker_sees(
    ada: Any, bob: Any, nobody: Any, live_hub: LiveHub, new_repo: Callable[..., str]
) -> None:
    def counts(api: Any) -> list[int]:
        guild, user = api.get_organization_overview("guild"), api.get_user_overview("ada")
        return [guild.num_models, guild.num_datasets, user.num_likes, user.num_discussions]

    before, before_for_nobody = counts(bob), counts(nobody)
    for private in (False, True):
        name = new_repo(owner="guild", private=private)
        new_repo("dataset", owner="guild", private=private)
        liked = ask(live_hub, "POST", f"/api/models/{name}/like", token=token_of("ada"))
        assert liked.status == 200
        ada.create_discussion(name, title="Hello", description="All.")
    assert [after - was for after, was in zip(counts(bob), before, strict=True)] == [2, 2, 2, 2]
    for_nobody = zip(counts(nobody), before_for_nobody, strict=True)
    assert [after - was for after, was in for_nobody] == [1, 1, 1, 1]
    user = nobody.get_user_overview("ada")
    assert (user.username, user.fullname, user.user_type) == ("ada", "Ada", "user")
    assert (user.is_pro, user.num_papers, user.num_upvotes) == (False, 0, user.num_upvotes)
    assert [(each.name, each.fullname) for each in user.orgs] == [("guild", "The Guild")]
    assert nobody.get_organization_overview("guild").fullname == "The Guild"
