"""Rules in a browser, against a real server process: a pull request that needs a check."""

import pytest

from tests.clients.stage import ask_json
from tests.live import LiveHub, token_of
from tests.web.conftest import PHONE, OpenWindow
from tests.web.test_community_live import sign_in


def call(hub: LiveHub, who: str, path: str, body: object) -> None:
    answer = ask_json(hub, "POST", path, body, token=token_of(who))
    assert answer.status == 200, answer.body


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_it_merges_when_its_check_passed(
    window: OpenWindow, live_hub: LiveHub, scripts: bool
) -> None:
    name = f"web-ruled-{'on' if scripts else 'off'}"
    call(live_hub, "ada", "/api/repos/create", {"name": name})
    visit = window(live_hub.url, java_script_enabled=scripts, viewport=PHONE)
    page, api = visit.page, f"/api/models/ada/{name}"
    sign_in(visit, "ada")
    visit.go(f"/ada/{name}/settings")
    page.get_by_role("link", name="See the rules").click()
    assert "No rules yet" in page.inner_text("main")
    page.get_by_label("Approvals", exact=True).fill("many")
    page.get_by_label("Checks that must pass").fill("unit @ada")
    page.get_by_role("button", name="Save").click()
    assert "A whole number" in page.inner_text("[role=alert]")
    page.get_by_label("Approvals", exact=True).fill("0")
    page.get_by_role("button", name="Save").click()
    assert "nobody pushes directly" in page.inner_text("main")
    assert "checks: unit @ada" in page.inner_text("main")

    call(live_hub, "eve", f"{api}/discussions", {"title": "An offer", "pullRequest": True})
    body = (
        b'{"key":"header","value":{"summary":"s"}}\n'
        b'{"key":"file","value":{"path":"a.txt","content":"MQ==","encoding":"base64"}}\n'
    )
    from tests.clients.stage import ask

    headers = {"Content-Type": "application/x-ndjson", "Authorization": f"Bearer {token_of('eve')}"}
    told = ask(live_hub, "POST", f"{api}/commit/refs%2Fpr%2F1", body=body, headers=headers)
    assert told.status == 200, told.body
    call(live_hub, "eve", f"{api}/discussions/1/status", {"status": "open"})
    visit.go(f"/ada/{name}/discussions/1")
    assert "not reported" in page.inner_text(".merge")
    assert "by @ada" in page.inner_text(".merge")
    assert page.get_by_role("button", name="Merge", exact=True).count() == 0

    report = {"name": "unit", "state": "passed", "log": "all of it passed", "summary": "**9** of 9"}
    call(live_hub, "ada", f"{api}/checks/refs%2Fpr%2F1", report)
    visit.go(f"/ada/{name}/discussions/1")
    page.get_by_role("link", name="unit", exact=True).click()
    assert "9 of 9" in page.inner_text("main")
    assert "all of it passed" in page.inner_text("pre")
    page.get_by_role("link", name="All of it as text").click()
    assert page.inner_text("body") == "all of it passed"
    visit.go(f"/ada/{name}/discussions/1")
    page.get_by_role("button", name="Merge", exact=True).click()
    assert "merged this" in page.inner_text("main")
    visit.go(f"/ada/{name}/queue")
    assert "Nobody waits" in page.inner_text("main")
    visit.go(f"/ada/{name}/settings/rules")
    page.get_by_text("Change the rule of main").click()
    page.get_by_role("button", name="Delete this rule").click()
    assert "No rules yet" in page.inner_text("main")
    assert visit.complaints == []
