"""huggingface_hub 2.4: collections, by its functions and by `hf collections`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import Environment
from tests.clients.stage import ask, ask_json, attempt, client_environment, run
from tests.live import LiveHub, token_of


@pytest.fixture
def title(request: pytest.FixtureRequest) -> str:
    """A title that no other test uses."""
    return request.node.name.removeprefix("test_").replace("_", " ").capitalize()[:80]


def ids(collection: Any) -> list[str]:
    return [item.item_id for item in collection.items]


def test_a_collection_is_made_changed_and_deleted(
    hf: Any, live_hub: LiveHub, ada: Any, nobody: Any, title: str
) -> None:
    made = ada.create_collection(title, description="Those.")
    assert (made.title, made.description, made.private, made.upvotes) == (title, "Those.", False, 0)
    assert made.slug.startswith("ada/a-collection-is-made-")
    assert made.url == f"{live_hub.url}/collections/{made.slug}"
    assert made.owner["name"] == "ada"
    with pytest.raises(hf.errors.HfHubHTTPError) as refused:
        ada.create_collection(title.upper())
    assert refused.value.response.status_code == 409
    again = ada.create_collection(title, exists_ok=True)
    assert again.slug == made.slug

    changed = ada.update_collection_metadata(
        made.slug, title=f"{title}, again", description="These.", theme="pink", position=0
    )
    told = (changed.title, changed.description, changed.theme, changed.position)
    assert told == (f"{title}, again", "These.", "pink", 0)
    assert changed.slug != made.slug
    assert nobody.get_collection(made.slug).slug == changed.slug
    assert nobody.get_collection(changed.slug).last_updated == changed.last_updated

    ada.delete_collection(made.slug)
    with pytest.raises(hf.errors.HfHubHTTPError):
        ada.delete_collection(made.slug)
    ada.delete_collection(made.slug, missing_ok=True)


def test_items_of_every_type_are_put_in_annotated_ordered_and_taken_out(
    hf: Any, ada: Any, nobody: Any, new_repo: Callable[..., str], title: str
) -> None:
    slug = ada.create_collection(title).slug
    named = {kind: new_repo(kind) for kind in ("model", "dataset", "space")}
    for kind, name in named.items():
        ada.add_collection_item(slug, name, kind, note=f"A <{kind}>.")
    other = ada.create_collection(f"{title}, other").slug
    ada.add_collection_item(slug, other, "collection")
    whole = ada.add_collection_item(slug, "2307.09288", "paper")
    assert ids(whole) == [*named.values(), other, "2307.09288"]
    types = [item.item_type for item in whole.items]
    assert types == ["model", "dataset", "space", "collection", "paper"]
    notes = [item.note for item in whole.items]
    assert notes == ["A <model>.", "A <dataset>.", "A <space>.", None, None]
    with pytest.raises(hf.errors.HfHubHTTPError) as refused:
        ada.add_collection_item(slug, named["model"], "model")
    assert refused.value.response.status_code == 409
    assert ids(ada.add_collection_item(slug, named["model"], "model", exists_ok=True)) == ids(whole)
    with pytest.raises(hf.errors.HfHubHTTPError) as refused:
        ada.add_collection_item(slug, "ada/there-is-none", "model")
    assert refused.value.response.status_code == 404

    paper, model = whole.items[4].item_object_id, whole.items[0].item_object_id
    ada.update_collection_item(slug, paper, position=0, note="First of all.")
    ada.delete_collection_item(slug, model)
    ada.delete_collection_item(slug, model, missing_ok=True)
    with pytest.raises(hf.errors.HfHubHTTPError):
        ada.delete_collection_item(slug, model)
    told = nobody.get_collection(slug)
    assert ids(told) == ["2307.09288", named["dataset"], named["space"], other]
    assert [item.position for item in told.items] == [0, 1, 2, 3]
    assert told.items[0].note == "First of all."


def test_collections_are_listed(
    ada: Any, bob: Any, nobody: Any, live_hub: LiveHub, new_repo: Callable[..., str], title: str
) -> None:
    name = new_repo()
    slugs = [ada.create_collection(f"{title} {n}", namespace="guild").slug for n in range(3)]
    for slug in slugs[:2]:
        ada.add_collection_item(slug, name, "model")
    for number in range(6):
        ada.add_collection_item(slugs[0], f"2301.0000{number}", "paper")
    found = list(nobody.list_collections(owner="guild", item=f"models/{name}", sort="lastModified"))
    assert [each.slug for each in found] == [slugs[0], slugs[1]]
    assert [each.position for each in found] == [0, 1]
    assert [len(each.items) for each in found] == [4, 1]
    everything = list(nobody.list_collections(owner=["guild", "bob"]))
    assert set(slugs) <= {each.slug for each in everything}
    assert len(list(nobody.list_collections(owner="guild", limit=2))) == 2
    answer = ask(live_hub, "POST", f"/api/collections/{slugs[2]}/upvote", token=token_of("bob"))
    assert (answer.status, answer.json()) == (200, {"upvotes": 1})
    assert next(iter(nobody.list_collections(owner="guild", sort="upvotes"))).slug == slugs[2]
    page = ask(live_hub, "GET", "/api/collections?owner=guild&limit=1&sort=lastModified")
    (told,) = page.json()
    assert "position" not in told
    assert told["isUpvotedByUser"] is False
    url = page.headers["Link"].partition(">")[0].removeprefix("<")
    assert ask(live_hub, "GET", url).json()[0]["slug"] == slugs[1]
    assert list(nobody.list_collections(owner="there-is-nobody")) == []
    for wrong in ("sort=best", "item=gpt2", "limit=x", "cursor=x"):
        assert ask(live_hub, "GET", f"/api/collections?{wrong}").status == 400


def test_private_collections_and_items_are_for_those_who_may_see_them(
    hf: Any,
    live_hub: LiveHub,
    ada: Any,
    bob: Any,
    eve: Any,
    nobody: Any,
    new_repo: Callable[..., str],
    title: str,
) -> None:
    secret = new_repo(owner="guild", private=True)
    hidden = ada.create_collection(title, namespace="guild", private=True).slug
    shown = ada.create_collection(f"{title}, shown", namespace="guild").slug
    ada.add_collection_item(shown, secret, "model")
    ada.add_collection_item(shown, hidden, "collection")
    assert bob.get_collection(hidden).private
    assert ids(bob.get_collection(shown)) == [secret, hidden]
    for api, token in ((eve, token_of("eve")), (nobody, None)):
        assert ids(api.get_collection(shown)) == []
        assert hidden not in [each.slug for each in api.list_collections(owner="guild")]
        assert list(api.list_collections(item=f"models/{secret}")) == []
        with pytest.raises(hf.errors.HfHubHTTPError):
            api.get_collection(hidden)
        missing = f"guild/none-{'0' * 24}"
        told = [
            ask(live_hub, "GET", f"/api/collections/{s}", token=token) for s in (hidden, missing)
        ]
        assert (told[0].status, told[0].body) == (told[1].status, told[1].body)
        assert told[0].status == 404
        for path in (f"{hidden}/upvote", f"{hidden}/items"):
            body = {"item": {"type": "paper", "id": "2301.00001"}}
            answer = ask_json(live_hub, "POST", f"/api/collections/{path}", body, token=token)
            assert answer.status == 404
    for method, path in (("PATCH", shown), ("DELETE", shown), ("POST", f"{shown}/items")):
        body = {"title": "Eve's", "item": {"type": "paper", "id": "2301.00001"}}
        answer = ask_json(live_hub, method, f"/api/collections/{path}", body, token=token_of("eve"))
        assert answer.status == 403


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": 7},
        {"title": "x", "namespace": "nobody-here"},
        {"title": "x", "namespace": "bob"},
        {"title": "x", "namespace": "a\0b"},
        {"title": "x", "private": "perhaps"},
        {"title": "x", "item": "ada/model"},
        {"title": "x", "item": {"type": "kernel", "id": "ada/kernel"}},
        {"title": "x", "item": {"type": "model"}},
        {"title": "x", "item": {"type": "collection", "id": "\0" * 24}},
        {"title": "x", "item": {"type": "bucket", "id": "ada/bucket"}},
        {"title": "x", "description": "y" * 501},
    ],
)
def test_what_is_no_collection_is_refused(live_hub: LiveHub, body: dict[str, Any]) -> None:
    answer = ask_json(live_hub, "POST", "/api/collections", body, token=token_of("eve"))
    assert answer.status in {400, 403, 404}, answer.body
    assert ask(live_hub, "GET", "/api/collections?owner=eve&q=x").json() == []


def test_the_hf_command_keeps_collections(
    live_hub: LiveHub,
    clients: Callable[[str], Environment],
    home: Path,
    new_repo: Callable[..., str],
    title: str,
) -> None:
    command, environment = (
        clients("current").script("hf"),
        client_environment(live_hub, home, token_of("ada")),
    )

    def hf_collections(*words: str) -> Any:
        told = run(command, "collections", *words, "--format", "json", env=environment)
        return json.loads(told) if told.strip() else None

    name = new_repo()
    slug = hf_collections("create", title, "--description", "Typed.")["slug"]
    assert hf_collections("create", title, "--exists-ok")["slug"] == slug
    hf_collections("add-item", slug, name, "model", "--note", "See?")
    hf_collections("add-item", slug, "2307.09288", "paper")
    told = hf_collections("info", slug)
    first, second = (item["item_object_id"] for item in told["items"])
    hf_collections("update-item", slug, second, "--position", "0", "--note", "Read.")
    hf_collections("delete-item", slug, first)
    hf_collections("update", slug, "--title", f"{title} again", "--theme", "green")
    told = hf_collections("info", slug)
    assert [item["note"] for item in told["items"]] == ["Read."]
    assert (told["title"], told["theme"]) == (f"{title} again", "green")
    listed = hf_collections("ls", "--owner", "ada", "--item", "papers/2307.09288")
    assert told["slug"] in [each["slug"] for each in listed]
    hf_collections("delete", slug)
    assert attempt(command, "collections", "info", slug, env=environment).returncode != 0
