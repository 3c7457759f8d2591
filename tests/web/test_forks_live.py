"""Forks in a browser, against a real server process: from the button to the merge, and back."""

import json

import pytest

from tests.clients.stage import ask_json
from tests.live import LiveHub, token_of
from tests.web.conftest import PHONE, OpenWindow, Visit
from tests.web.test_community_live import make, sign_in


def upload(visit: Visit, repo: str, name: str, content: bytes) -> None:
    visit.go(f"/{repo}/upload/main")
    visit.page.locator("#field-files").set_input_files(
        [{"name": name, "mimeType": "application/octet-stream", "buffer": content}]
    )
    visit.page.get_by_role("button", name="Upload").click()
    visit.page.wait_for_url("**/tree/main*")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_fork_from_its_making_to_its_merge(
    window: OpenWindow, live_hub: LiveHub, scripts: bool
) -> None:
    word = "on" if scripts else "off"
    source = make(live_hub, f"web-forked-{word}")
    fork = f"eve/web-fork-{word}"
    visit = window(live_hub.url, java_script_enabled=scripts, viewport=PHONE)
    page = visit.page
    visit.go(f"/{source}")
    page.get_by_role("link", name="Fork", exact=True).click()
    assert "for people who are signed in" in page.inner_text("main")
    sign_in(visit, "eve")
    visit.go(f"/{source}/fork")
    page.get_by_label("Name").fill("--")
    page.get_by_role("button", name="Make the fork").click()
    assert page.get_by_role("alert").is_visible()
    page.get_by_label("Name").fill(fork.partition("/")[2])
    page.get_by_role("button", name="Make the fork").click()
    assert page.url.startswith(f"{live_hub.url}/{fork}")
    assert f"forked from {source}" in page.inner_text(".repo-upstream")
    assert "Even with main" in page.inner_text("main")
    upload(visit, fork, "new.txt", b"better\n")
    visit.go(f"/{fork}")
    assert "0 behind, 1 ahead" in page.inner_text("main")
    page.get_by_role("link", name="Contribute").click()
    assert "merges cleanly" in page.inner_text("main")
    page.get_by_label("Title").fill("A better text")
    page.get_by_role("button", name="Open a pull request").click()
    assert page.url.startswith(f"{live_hub.url}/{source}/discussions/1")
    assert f"From main of {fork}" in page.inner_text("main")
    here = f"/{source}/discussions/1"
    upload(visit, fork, "more.txt", b"more\n")
    visit.go(here)
    page.get_by_role("button", name="Bring in newer commits").click()
    assert "2 commits ahead" in page.inner_text("main").replace("\u202f", " ")
    page.get_by_role("button", name="Ready for review").click()

    owner = window(live_hub.url, java_script_enabled=scripts)
    sign_in(owner, "ada")
    upload(owner, source, "own.txt", b"own\n")
    owner.go(here)
    owner.page.get_by_role("button", name="Merge", exact=True).click()
    assert "In main since" in owner.page.inner_text("main")
    owner.go(f"/{source}/forks")
    assert fork in owner.page.inner_text("main ul.rows")
    assert owner.page.get_by_role("img").is_visible()

    visit.go(f"/{fork}")
    assert "2 behind, 0 ahead" in page.inner_text("main")
    page.get_by_role("button", name="Sync").click()
    assert "It is up to date" in page.inner_text("body")
    assert "Even with main" in page.inner_text("main")
    upload(visit, fork, "new.txt", b"eve\n")
    upload(owner, source, "new.txt", b"ada\n")
    visit.go(f"/{fork}")
    page.get_by_role("button", name="Sync").click()
    assert "Changed on both sides: new.txt" in page.inner_text("main")
    page.get_by_role("button", name="Open a pull request here").click()
    assert page.url.startswith(f"{live_hub.url}/{fork}/discussions/1")
    assert "collides" in page.inner_text("main")
    assert visit.complaints == owner.complaints == []


def test_a_private_fork_says_that_proposing_publishes(
    window: OpenWindow, live_hub: LiveHub
) -> None:
    source, fork = make(live_hub, "web-open"), "eve/web-closed"
    body = {"repository": fork, "private": True}
    path = f"/api/models/{source}/forks"
    assert ask_json(live_hub, "POST", path, body, token=token_of("eve")).status == 200
    visit = window(live_hub.url)
    sign_in(visit, "eve")
    upload(visit, fork, "new.txt", b"x\n")
    visit.go(f"/{fork}/contribute")
    assert "This publishes" in visit.page.inner_text("main")
    other = window(live_hub.url)
    sign_in(other, "ada")
    other.go(f"/{source}/forks")
    assert fork not in other.page.content()
    assert "No forks yet" in other.page.inner_text("main")
    listed = ask_json(live_hub, "GET", path, None, token=token_of("ada"))
    assert json.loads(listed.body) == []
    assert other.go(f"/{fork}") == 404


def _card(visit: Visit, repo: str, text: str) -> None:
    upload(visit, repo, "README.md", f"---\n{text}\n---\n# It\n".encode())


def test_the_lineage_shows_what_one_may_see(window: OpenWindow, live_hub: LiveHub) -> None:
    base = make(live_hub, "web-lineage-base")
    tuned = make(live_hub, "web-lineage-tuned")
    quiet = make(live_hub, "web-lineage-quiet", private=True)
    owner = window(live_hub.url, viewport=PHONE)
    sign_in(owner, "ada")
    _card(owner, tuned, f"base_model: [{base}, elsewhere/root]\nbase_model_relation: merge")
    _card(owner, quiet, f"base_model: {base}\nbase_model_relation: finetune")
    owner.go(f"/{tuned}")
    box = owner.page.locator(".side-box:has(h2:text-is('Lineage'))")
    assert "merge of elsewhere/root" in box.inner_text()
    box.get_by_role("link", name=base).click()
    owner.page.wait_for_url(f"**/{base}")
    assert "Here: 1 finetune, 1 merge." in box.inner_text().replace("\u202f", " ")
    box.get_by_role("link", name="Where it comes from").click()
    owner.page.wait_for_url(f"**/{base}/lineage")
    listed = owner.page.locator("main ul.rows > li")
    assert listed.count() == 4
    assert (
        f"finetune of {base} (declared by its card)" in listed.filter(has_text=quiet).inner_text()
    )
    assert owner.page.locator(".lineage .lineage-word").count() == 3
    assert owner.page.locator("main a[href^='/elsewhere']").count() == 0
    assert owner.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    other = window(live_hub.url, java_script_enabled=False)
    sign_in(other, "eve")
    other.go(f"/{base}/lineage")
    assert quiet not in other.page.content()
    assert "finetune" not in other.page.inner_text("main")
    other.go(f"/{base}")
    assert "Here: 1 merge." in other.page.inner_text("main").replace("\u202f", " ")
    assert other.go(f"/{quiet}/lineage") == 404
    assert owner.complaints == other.complaints == []
