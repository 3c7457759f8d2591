"""Webhooks in a browser, against a real server process and a real receiver."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.stage import ask_json
from tests.live import LiveHub, serving, token_of
from tests.security.receivers import Receiver, answer, receiving
from tests.web.conftest import PHONE, OpenWindow, Visit

FAR = "127.0.0.2"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveHub]:
    data = tmp_path_factory.mktemp("webhooks") / "data"
    allow = {"SWELL_OUTBOUND_ALLOW": f"{FAR}/32"}
    with serving(data, people=True, environment=allow) as live:
        yield live


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving(answer("200 OK", body=b"<script>alert(1)</script>"), FAR) as there:
        yield there


def sign_in(visit: Visit, name: str) -> None:
    visit.go("/login")
    visit.page.get_by_label("User name").fill(name)
    visit.page.get_by_label("Password").fill(f"correct horse {name}")
    visit.page.get_by_role("main").get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_webhook_from_its_beginning_to_its_end(
    window: OpenWindow, hub: LiveHub, receiver: Receiver, scripts: bool
) -> None:
    word = "on" if scripts else "off"
    visit = window(hub.url, java_script_enabled=scripts, viewport=PHONE)
    page = visit.page
    sign_in(visit, "ada")
    visit.go("/settings/webhooks")
    page.get_by_role("link", name="New webhook").click()
    page.get_by_label("Address").fill("http://10.0.0.1/")
    page.get_by_label("Secret").fill("word")
    page.get_by_role("button", name="Make the webhook").click()
    assert "own network" in page.inner_text("[role=alert]")
    assert page.get_by_label("Secret").input_value() == ""
    page.get_by_label("Address").fill(receiver.url(path=f"/{word}"))
    page.get_by_label("Secret").fill("word")
    page.get_by_label("What it watches").fill("ada\nguild\n")
    page.get_by_role("button", name="Make the webhook").click()
    assert "The webhook is made" in page.inner_text("main")
    assert "ada, guild" in page.inner_text("main")
    before = len(receiver.heard)
    page.get_by_role("button", name="Send a test").click()
    assert "It is on its way" in page.inner_text("main")
    receiver.wait(before + 1)
    for _ in range(100):
        if page.get_by_role("link", name="Look again").count() == 0:
            break
        page.get_by_role("link", name="Look again").click()
    main = page.inner_text("main")
    assert "delivered" in main
    assert '"name": "ada/webhook-test"' in main
    assert "<script>alert(1)</script>" in main, "shown as text"
    told = ask_json(hub, "POST", "/api/repos/create", {"name": f"web-hooked-{word}"}, token=token_of("ada"))  # fmt: skip
    assert told.status == 200
    heard = receiver.wait(before + 2)
    assert b"X-Webhook-Secret: word" in heard[-1]
    page.get_by_role("button", name="Send again").click()
    assert "word" not in page.inner_text("main").replace("webhook", "")
    receiver.wait(before + 3)

    page.get_by_role("link", name="127.0.0.2", exact=False).last.click()
    assert "repository created" in page.inner_text("main")
    page.get_by_role("link", name="Change").click()
    assert page.get_by_label("What it watches").input_value() == "ada\nguild"
    page.get_by_label("What it watches").fill(f"ada/web-hooked-{word}")
    page.get_by_role("checkbox", name="Discussions").uncheck()
    page.get_by_role("checkbox", name="No secret any more").check()
    page.get_by_role("button", name="Save").click()
    main = page.inner_text("main")
    assert "not signed" in main
    assert f"ada/web-hooked-{word}" in main
    page.get_by_role("button", name="Switch off").click()
    assert page.get_by_role("button", name="Send a test").count() == 0
    page.get_by_role("button", name="Switch on").click()
    assert page.get_by_role("button", name="Send a test").is_visible()
    address = page.url.removeprefix(hub.url)
    page.get_by_role("button", name="Delete this webhook").click()
    assert "No webhooks yet" in page.inner_text("main")
    assert visit.go(address) == 404
    assert visit.strayed == []
    assert visit.complaints == []


def test_a_webhook_of_somebody_else_is_not_there(window: OpenWindow, hub: LiveHub) -> None:
    body = {"url": "http://127.0.0.2:9999/", "watched": [{"type": "user", "name": "bob"}]}
    made = ask_json(hub, "POST", "/api/settings/webhooks", body, token=token_of("bob"))
    visit = window(hub.url)
    sign_in(visit, "eve")
    at = f"/settings/webhooks/{made.json()['webhook']['id']}"
    for path in (at, f"{at}/edit", f"{at}/deliveries/{'0' * 24}"):
        assert visit.go(path) == 404
    visit.go("/settings/webhooks")
    assert "No webhooks yet" in visit.page.inner_text("main")
