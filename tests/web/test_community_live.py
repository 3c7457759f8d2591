"""Likes, follows and collections in a browser, against a real server process."""

import pytest

from tests.clients.stage import ask_json
from tests.live import LiveHub, token_of
from tests.web.conftest import PHONE, OpenWindow, Visit


def sign_in(visit: Visit, name: str) -> None:
    visit.go("/login")
    visit.page.get_by_label("User name").fill(name)
    visit.page.get_by_label("Password").fill(f"correct horse {name}")
    visit.page.get_by_role("main").get_by_role("button", name="Sign in").click()


def make(hub: LiveHub, name: str, *, private: bool = False) -> str:
    """A model of Ada's."""
    body = {"name": name, "private": private}
    answer = ask_json(hub, "POST", "/api/repos/create", body, token=token_of("ada"))
    assert answer.status == 200, answer.body
    return f"ada/{name}"


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_repository_is_liked_and_its_owner_followed(
    window: OpenWindow, live_hub: LiveHub, scripts: bool
) -> None:
    name = make(live_hub, f"web-liked-{'on' if scripts else 'off'}")
    visit = window(live_hub.url, java_script_enabled=scripts, viewport=PHONE)
    page = visit.page
    visit.go(f"/{name}")
    page.get_by_role("button", name="Like", exact=True).click()
    assert "for people who are signed in" in page.inner_text("main")
    sign_in(visit, "eve")
    visit.go(f"/{name}")
    page.get_by_role("button", name="Like", exact=True).click()
    assert page.url == f"{live_hub.url}/{name}"
    page.get_by_role("link", name="Who likes this: 1").click()
    assert page.get_by_role("link", name="Eve").is_visible()
    visit.go("/eve?tab=likes")
    assert name in page.inner_text("main")
    visit.go(f"/{name}")
    page.get_by_role("button", name="Liked").click()
    assert page.get_by_role("button", name="Like", exact=True).is_visible()
    visit.go("/eve?tab=likes")
    assert name not in page.inner_text("main")

    visit.go("/ada")
    page.get_by_role("button", name="Follow", exact=True).click()
    page.get_by_role("link", name="Followers").click()
    assert page.get_by_role("link", name="Eve").is_visible()
    visit.go("/eve?tab=following")
    assert page.get_by_role("link", name="Ada").is_visible()
    visit.go("/ada")
    page.get_by_role("button", name="Following").click()
    assert page.get_by_role("button", name="Follow", exact=True).is_visible()
    visit.go("/eve")
    assert page.get_by_role("button", name="Follow", exact=True).count() == 0
    assert visit.complaints == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_collection_from_its_beginning_to_its_end(
    window: OpenWindow, live_hub: LiveHub, scripts: bool
) -> None:
    word = "on" if scripts else "off"
    first, second = (make(live_hub, f"web-collected-{each}-{word}") for each in ("first", "second"))
    visit = window(live_hub.url, java_script_enabled=scripts)
    page = visit.page
    sign_in(visit, "ada")
    visit.go(f"/{first}")
    page.get_by_text("Add to a collection").click()
    page.get_by_role("link", name="New collection with this").click()
    page.get_by_label("Title").fill(f"Web {word}")
    page.get_by_label("Description").fill("Those.")
    page.get_by_role("button", name="Make the collection").click()
    assert "The collection is made" in page.inner_text("main")
    assert first in page.inner_text("ol")
    here = page.url.removeprefix(live_hub.url).partition("?")[0]
    visit.go("/collections/new")
    page.get_by_label("Title").fill(f"WEB {word}")
    page.get_by_role("button", name="Make the collection").click()
    assert "There is a collection of this title" in page.inner_text("main")

    visit.go(f"/{second}")
    page.get_by_text("Add to a collection").click()
    page.get_by_label("Collection", exact=True).select_option(label=f"ada: Web {word}")
    page.get_by_label("Note").fill("The better one.")
    page.get_by_role("button", name="Add").click()
    assert "The better one." in page.inner_text("ol")
    visit.go(f"/{second}")
    assert page.get_by_role("link", name=f"Web {word}", exact=True).is_visible()

    visit.go(f"{here}/edit")
    page.get_by_role("button", name=f"Move {second} up").click()
    page.get_by_label("Name").fill("not a paper")
    page.get_by_label("What").select_option("paper")
    page.get_by_role("button", name="Put it in").click()
    assert "arXiv id" in page.get_by_role("alert").inner_text()
    page.get_by_label("Name").fill("2307.09288")
    page.get_by_label("What").select_option("paper")
    page.get_by_role("button", name="Put it in").click()
    page.get_by_label("Note on 2307.09288").fill("Read it.")
    page.get_by_role("button", name="Save the note on 2307.09288").click()
    page.get_by_role("button", name=f"Take {first} out").click()
    page.get_by_label("Title").fill(f"Web {word}, again")
    page.get_by_label("Colour").select_option("pink")
    page.locator("form:has(#field-title)").get_by_role("button", name="Save").click()
    assert visit.go(here) == 200
    assert page.url.removeprefix(live_hub.url).startswith(f"/collections/ada/web-{word}-again-")
    told = page.inner_text("ol")
    assert told.index(second) < told.index("2307.09288")
    assert "Read it." in told
    assert first not in told
    page.get_by_role("button", name="Upvote").click()
    assert page.get_by_role("button", name="Upvoted").is_visible()
    visit.go("/collections")
    assert f"Web {word}, again" in page.inner_text("main")
    visit.go("/ada?tab=collections")
    page.get_by_role("link", name=f"Web {word}, again").click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_role("button", name="Delete this collection").click()
    assert "Deleted" in page.inner_text("main")
    assert visit.go(here) == 404
    assert visit.complaints == []


def test_what_is_private_is_on_no_page_of_others(window: OpenWindow, live_hub: LiveHub) -> None:
    secret, shown = make(live_hub, "web-secret-item", private=True), make(live_hub, "web-open-item")
    told = {}
    for title, private in (("Web hidden", True), ("Web shown", False)):
        body = {"title": title, "private": private, "item": {"type": "model", "id": secret}}
        answer = ask_json(live_hub, "POST", "/api/collections", body, token=token_of("ada"))
        told[title] = answer.json()["slug"]
        body = {"item": {"type": "model", "id": shown}}
        path = f"/api/collections/{told[title]}/items"
        assert ask_json(live_hub, "POST", path, body, token=token_of("ada")).status == 200
    visit = window(live_hub.url)
    for who in (None, "eve"):
        if who is not None:
            sign_in(visit, who)
        for path in ("/collections", "/ada?tab=collections", f"/{shown}"):
            visit.go(path)
            text = visit.page.inner_text("main")
            assert "Web shown" in text, path
            assert "Web hidden" not in text, path
            assert "web-secret-item" not in text, path
        visit.go(f"/collections/{told['Web shown']}")
        assert "1 item," in visit.page.inner_text("main")
        for tail in ("", "/edit"):
            assert visit.go(f"/collections/{told['Web hidden']}{tail}") == 404
    assert visit.go(f"/collections/{told['Web shown']}/edit") == 403
    owner = window(live_hub.url)
    sign_in(owner, "ada")
    owner.go(f"/collections/{told['Web shown']}")
    assert "2 items," in owner.page.inner_text("main")
