"""From a mention to the inbox and back, in a browser, against a real server process."""

import time

import pytest

from tests.clients.stage import ask_json
from tests.live import LiveHub, token_of
from tests.web.conftest import PHONE, OpenWindow
from tests.web.test_community_live import make, sign_in


def soon(hub: LiveHub, name: str, count: int) -> None:
    """Until the inbox of somebody holds so many unread threads of this repository."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        found = ask_json(hub, "GET", f"/api/notifications?repo={name}", None, token=token_of("eve"))
        if len(found.json()) == count:
            return
        time.sleep(0.2)
    raise AssertionError(found.body)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_mention_is_found_opened_and_read(
    window: OpenWindow, live_hub: LiveHub, scripts: bool
) -> None:
    name = make(live_hub, f"web-notices-{'on' if scripts else 'off'}")
    key = f"models/{name}"
    visit = window(live_hub.url, java_script_enabled=scripts, viewport=PHONE)
    page = visit.page
    sign_in(visit, "eve")
    visit.go("/notifications")
    body = {"title": f"Of {name}", "description": "What says @eve?", "pullRequest": False}
    told = ask_json(
        live_hub, "POST", f"/api/models/{name}/discussions", body, token=token_of("ada")
    )
    assert told.status == 200, told.body
    soon(live_hub, name, 1)
    visit.go("/")
    bell = page.locator(".top-bell")
    assert int(bell.locator(".count").inner_text()) >= 1
    bell.click()
    assert "you are mentioned" in page.inner_text("main")
    visit.go(f"/notifications?repo={key}")
    page.get_by_role("link", name=f"Of {name}").click()
    assert page.url.startswith(f"{live_hub.url}/{name}/discussions/1")
    # Looked at is read.
    visit.go(f"/notifications?repo={key}")
    assert "Nothing unread" in page.inner_text("main")
    page.get_by_role("link", name="All", exact=True).click()
    page.get_by_role("button", name="Unread").click()
    page.get_by_role("link", name="Unread", exact=True).click()
    page.get_by_role("button", name="Done").click()
    visit.go(f"/notifications?which=all&repo={key}")
    assert "Nothing here yet" in page.inner_text("main")
    # The repository is watched, its activity seen, and heard of no more.
    visit.go(f"/{name}/activity")
    assert "opened the discussion" in page.inner_text("main")
    page.locator(".watch-menu summary").click()
    page.get_by_role("button", name="Every discussion and pull request").click()
    assert page.locator(".watch-menu summary").inner_text() == "Watching"
    visit.go("/")
    assert name in page.inner_text("main")
    visit.go(f"/{name}/discussions/1")
    page.get_by_role("button", name="Mute").click()
    assert page.get_by_role("button", name="Tell me the news of this").is_visible()
    assert visit.complaints == []
    assert visit.strayed == []


def test_home_teaches_whom_nothing_happens_around(window: OpenWindow, live_hub: LiveHub) -> None:
    visit = window(live_hub.url)
    visit.go("/")
    assert "machine that is yours" in visit.page.inner_text("main")
    sign_in(visit, "bob")
    visit.go("/bob?tab=activity")
    assert visit.page.locator('link[rel="alternate"]').count() == 1
    visit.go("/settings/mail")
    assert "sends no e-mail" in visit.page.inner_text("main")
    assert visit.complaints == []
