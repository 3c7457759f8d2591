"""huggingface_hub 2.4: likes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.clients.stage import ask
from tests.live import LiveHub, token_of


def like(hub: LiveHub, who: str, kind: str, repo: str) -> None:
    """As a page of the hub's own does; clients only take likes back."""
    answer = ask(hub, "POST", f"/api/{kind}s/{repo}/like", token=token_of(who))
    assert answer.status == 200, answer.body


def liked(api: Any, who: str, kind: str) -> list[str]:
    return list(getattr(api.list_liked_repos(who), f"{kind}s"))


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_likes_are_listed_counted_and_taken_back(
    live_hub: LiveHub, ada: Any, nobody: Any, new_repo: Callable[..., str], kind: str
) -> None:
    name = new_repo(kind)
    for who in ("eve", "bob"):
        like(live_hub, who, kind, name)
    like(live_hub, "eve", kind, name)
    assert name in liked(nobody, "eve", kind)
    mine = ada.list_liked_repos()
    assert (mine.user, name in mine.models + mine.datasets + mine.spaces) == ("ada", False)
    people = list(nobody.list_repo_likers(name, repo_type=kind))
    assert [(each.username, each.fullname) for each in people] == [("bob", "Bob"), ("eve", "Eve")]
    assert all(each.avatar_url.startswith(live_hub.url) for each in people)
    assert nobody.repo_info(name, repo_type=kind).likes == 2
    listed = getattr(nobody, f"list_{kind}s")(search=name, sort="likes")
    assert [each.likes for each in listed] == [2]
    # There is no call to like in the client: scripts only take likes back.
    eve = type(ada)(token=token_of("eve"))
    eve.unlike(name, repo_type=kind)
    eve.unlike(name, repo_type=kind)
    assert name not in liked(nobody, "eve", kind)
    assert nobody.repo_info(name, repo_type=kind).likes == 1


def test_lists_of_likes_come_page_by_page(
    live_hub: LiveHub, ada: Any, nobody: Any, new_repo: Callable[..., str]
) -> None:
    names = [new_repo() for _ in range(3)]
    before = liked(nobody, "bob", "model")
    for name in names:
        like(live_hub, "bob", "model", name)
    newest_first = [*reversed(names), *before]
    assert liked(nobody, "bob", "model") == newest_first
    first = ask(live_hub, "GET", "/api/users/bob/likes?limit=2")
    assert [each["repo"] for each in first.json()] == [
        {"name": name, "type": "model"} for name in newest_first[:2]
    ]
    url = first.headers["Link"].partition(">")[0].removeprefix("<")
    assert url.startswith(f"{live_hub.url}/api/users/bob/likes?")
    assert ask(live_hub, "GET", url).json()[0]["repo"]["name"] == newest_first[2]


def test_likes_of_what_one_may_not_see_are_not_there(
    hf: Any, live_hub: LiveHub, ada: Any, eve: Any, nobody: Any, new_repo: Callable[..., str]
) -> None:
    name = new_repo()
    like(live_hub, "eve", "model", name)
    like(live_hub, "ada", "model", name)
    ada.update_repo_settings(name, private=True)
    for api in (eve, nobody):
        assert name not in liked(api, "eve", "model")
        assert name not in liked(api, "ada", "model")
        with pytest.raises(hf.errors.RepositoryNotFoundError):
            list(api.list_repo_likers(name))
    assert name in liked(ada, "eve", "model")
    missing = ask(live_hub, "POST", "/api/models/ada/is-not-there/like", token=token_of("eve"))
    hidden = ask(live_hub, "POST", f"/api/models/{name}/like", token=token_of("eve"))
    assert (hidden.status, hidden.body) == (missing.status, missing.body) != (200, b"")


def test_a_token_that_only_reads_likes_nothing(
    live_hub: LiveHub, new_repo: Callable[..., str]
) -> None:
    path = f"/api/models/{new_repo()}/like"
    assert ask(live_hub, "POST", path).status == 401
    for method in ("POST", "DELETE"):
        assert ask(live_hub, method, path, token=token_of("eve", "read")).status == 403
