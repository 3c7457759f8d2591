"""Files, reactions, labels and collisions of discussions in a browser, with and without scripts."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.clients.stage import ask, ask_json
from tests.hub.media import PNG
from tests.live import LiveHub, token_of
from tests.web.conftest import PHONE, OpenWindow
from tests.web.test_community_live import make, sign_in

SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])


def commit(hub: LiveHub, repo: str, files: dict[str, str], revision: str = "main") -> None:
    lines = ['{"key":"header","value":{"summary":"change"}}']
    for path, text in files.items():
        content = base64.b64encode(text.encode()).decode()
        lines.append(
            f'{{"key":"file","value":{{"path":"{path}","content":"{content}","encoding":"base64"}}}}'
        )
    told = ask(
        hub, "POST", f"/api/models/{repo}/commit/{revision.replace('/', '%2F')}",
        token=token_of("ada"), body="\n".join(lines).encode(),
        headers={"Content-Type": "application/x-ndjson"},
    )  # fmt: skip
    assert told.status == 200, told.body


@SCRIPTS
def test_a_picture_is_attached_reacted_to_and_labelled(
    window: OpenWindow, live_hub: LiveHub, scripts: bool, tmp_path: Path
) -> None:
    repo = make(live_hub, f"web-talk-{'on' if scripts else 'off'}")
    picture = tmp_path / "loss curve.png"
    picture.write_bytes(PNG)
    visit = window(live_hub.url, java_script_enabled=scripts, viewport=PHONE)
    page = visit.page
    sign_in(visit, "ada")
    visit.go(f"/{repo}/discussions/new")
    page.get_by_label("Title").fill("Loss is NaN")
    page.get_by_label("What is it about?").fill("It looks like this:")
    page.get_by_label("Attach images").set_input_files(picture)
    if scripts:
        page.get_by_text("is attached").wait_for()
    else:
        page.get_by_role("button", name="Attach", exact=True).click()
    written = page.get_by_label("What is it about?").input_value()
    assert written.startswith("It looks like this:")
    assert "![loss curve](/uploads/" in written
    assert page.get_by_label("Title").input_value() == "Loss is NaN"
    page.get_by_role("button", name="Open discussion").click()
    shown = page.locator(".talk-body img")
    shown.scroll_into_view_if_needed()
    assert shown.get_attribute("alt") == "loss curve"
    if scripts:
        visit.until("document.querySelector('.talk-body img').naturalWidth === 8")

    page.get_by_text("React to this comment").locator("..").click()
    page.get_by_role("button", name="heart").click()
    given = page.get_by_role("button", name="heart: ada")
    assert given.get_attribute("aria-pressed") == "true"

    visit.go(f"/{repo}/discussions/labels")
    page.get_by_label("Name").fill("fault")
    page.get_by_label("Colour").select_option("pink")
    page.get_by_role("button", name="Make").click()
    assert page.get_by_role("link", name="fault").is_visible()
    visit.go(f"/{repo}/discussions/1")
    page.get_by_text("Manage", exact=True).click()
    page.get_by_label("fault").check()
    page.get_by_role("button", name="Set labels").click()
    assert "added the label “fault”" in page.inner_text("main")
    page.get_by_text("Manage", exact=True).click()
    page.get_by_label("Who sees to this").fill("bob")
    page.get_by_role("button", name="Assign").click()
    assert "asked bob to see to this" in page.inner_text("main")
    page.locator(".labels").get_by_role("link", name="fault").first.click()
    assert "Loss is NaN" in page.inner_text("main")
    page.get_by_role("searchbox").last.fill("looks assignee:bob is:discussion")
    page.get_by_role("button", name="Search").last.click()
    assert "Loss is NaN" in page.inner_text("main")
    page.get_by_role("searchbox").last.fill("assignee:eve")
    page.get_by_role("button", name="Search").last.click()
    assert "Nothing found" in page.inner_text("main")
    assert visit.complaints == []
    assert visit.strayed == []


@SCRIPTS
def test_what_collides_is_settled_on_the_page(
    window: OpenWindow, live_hub: LiveHub, scripts: bool
) -> None:
    repo = make(live_hub, f"web-settle-{'on' if scripts else 'off'}")
    commit(live_hub, repo, {"a.txt": "\none\ntwo\nthree\n"})
    body = {"title": "Mine", "description": "", "pullRequest": True}
    told = ask_json(
        live_hub, "POST", f"/api/models/{repo}/discussions", body, token=token_of("ada")
    )
    assert told.json()["num"] == 1
    commit(live_hub, repo, {"a.txt": "\none\nTWO\nthree\n"}, "refs/pr/1")
    commit(live_hub, repo, {"a.txt": "\none\nzwei\nthree\n"})
    visit = window(live_hub.url, java_script_enabled=scripts)
    page = visit.page
    sign_in(visit, "ada")
    visit.go(f"/{repo}/discussions/1")
    page.get_by_role("link", name="Settle here").click()
    text = page.get_by_label("Text of a.txt")
    marked = text.input_value()
    assert marked.startswith("\none\n<<<<<<< ")
    page.get_by_role("button", name="Settle and merge main").click()
    assert "still holds marks" in page.inner_text("main")
    text.fill("\none\ntwo, zwei\nthree\n")
    commit(live_hub, repo, {"b.txt": "meanwhile\n"})
    page.get_by_role("button", name="Settle and merge main").click()
    assert "moved meanwhile" in page.inner_text("main")
    assert text.input_value() == "\none\ntwo, zwei\nthree\n"
    page.get_by_role("button", name="Settle and merge main").click()
    assert "main is merged into this pull request" in page.inner_text("body")
    assert "merges cleanly" in page.inner_text("main")
    found = ask(live_hub, "GET", f"/{repo}/raw/refs%2Fpr%2F1/a.txt")
    assert found.body == b"\none\ntwo, zwei\nthree\n"
    visit.go(f"/{repo}/discussions/1/resolve")
    assert page.url.endswith("/discussions/1")
    assert visit.complaints == []
