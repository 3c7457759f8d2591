"""A pull request is reviewed in a browser: a line, a suggestion that is applied, an approval."""

import json
import time

import pytest
from playwright.sync_api import Page

from tests.clients.stage import ask, ask_json
from tests.live import LiveHub, token_of
from tests.web.conftest import PHONE, OpenWindow, Visit

OLD = "".join(f"line {number}\n" for number in range(1, 9))


def sign_in(visit: Visit, name: str) -> None:
    visit.go("/login")
    visit.page.get_by_label("User name").fill(name)
    visit.page.get_by_label("Password").fill(f"correct horse {name}")
    visit.page.get_by_role("main").get_by_role("button", name="Sign in").click()


def upload(visit: Visit, where: str, text: str) -> None:
    visit.go(where)
    visit.page.locator("#field-files").set_input_files(
        [{"name": "a.txt", "mimeType": "text/plain", "buffer": text.encode()}]
    )
    visit.page.get_by_role("button", name="Upload").click()


def added(page: Page) -> list[str]:
    return [text.split("+")[-1] for text in page.locator(".diff-add").all_inner_texts()]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_pull_request_is_reviewed_and_approved(
    window: OpenWindow, live_hub: LiveHub, scripts: bool
) -> None:
    name = f"web-reviewed-{'on' if scripts else 'off'}"
    body = {"name": name}
    made = ask_json(live_hub, "POST", "/api/repos/create", body, token=token_of("ada"))
    assert made.status == 200, made.body
    owner = window(live_hub.url, viewport=PHONE, java_script_enabled=scripts)
    sign_in(owner, "ada")
    upload(owner, f"/ada/{name}/upload/main", OLD)
    owner.page.wait_for_url("**/tree/main*")
    author = window(live_hub.url, java_script_enabled=scripts)
    sign_in(author, "eve")
    upload(author, f"/ada/{name}/upload/main", OLD.replace("line 4\n", "line fuor\nline 4b\n"))
    author.page.wait_for_url("**/discussions/1*")
    author.page.get_by_role("button", name="Ready for review").click()
    here = f"/ada/{name}/discussions/1"

    page = owner.page
    owner.go(f"{here}/files")
    page.get_by_role("link", name="Comment on new line 4").click()
    page.get_by_role("link", name="Suggest another line").click()
    offered = page.get_by_label("Your comment").input_value()
    assert offered == "```suggestion\nline fuor\n```\n"
    page.get_by_label("Your comment").fill(f"A typo.\n{offered.replace('fuor', 'four')}")
    page.get_by_role("button", name="Add to my review").click()
    assert "only you see this" in page.locator(".diff-said").inner_text()
    page.get_by_role("link", name="Comment on new line 5").click()
    page.get_by_label("from").fill("4")
    page.get_by_label("Your comment").fill("Both?")
    page.get_by_role("button", name="Add to my review").click()
    assert "lines 4 to 5" in page.inner_text("main")
    author.go(f"{here}/files")
    assert "A typo" not in author.page.inner_text("main")
    page.get_by_label("Request changes").check()
    page.get_by_label("What you think of it").fill("Nearly.")
    page.get_by_role("button", name="Submit review").click()
    page.wait_for_url(f"**{here}")
    assert "requested changes" in page.locator(".talk-head").last.inner_text()

    page = author.page
    author.go(here)
    assert "changes requested" in page.locator(".standing").inner_text()
    assert "Both?" in page.inner_text(".talk")
    page.get_by_role("link", name="Changes", exact=True).click()
    page.get_by_role("button", name="Apply suggestion").click()
    assert added(page) == ["line four", "line 4b"]
    assert "applied" in page.locator(".outdated").inner_text()
    thread = page.locator(".thread", has_text="Both?")
    thread.get_by_text("Answer", exact=True).first.click()
    thread.get_by_label("Your answer").fill("Both.")
    thread.get_by_role("button", name="Answer").click()
    page.locator(".thread", has_text="Both?").get_by_role("button", name="Resolve").click()
    assert "resolved by eve" in page.inner_text("main")
    page.get_by_text("Finish review").click()
    assert page.get_by_label("Approve").count() == 0

    page = owner.page
    owner.go(f"{here}/files")
    page.get_by_text("Finish review").click()
    page.get_by_label("Approve").check()
    page.get_by_role("button", name="Submit review").click()
    standing = page.locator(".standing").inner_text()
    assert "approved" in standing
    assert "changes requested" not in standing
    page.get_by_role("button", name="Merge", exact=True).click()
    assert "merged" in page.inner_text(".commit-head")
    assert owner.complaints == author.complaints == []


def test_what_was_typed_is_not_lost(window: OpenWindow, live_hub: LiveHub) -> None:
    name = "web-reviewed-again"
    ask_json(live_hub, "POST", "/api/repos/create", {"name": name}, token=token_of("ada"))
    visit = window(live_hub.url)
    sign_in(visit, "eve")
    upload(visit, f"/ada/{name}/upload/main", OLD)
    visit.page.wait_for_url("**/discussions/1*")
    page = visit.page
    here = f"/ada/{name}/discussions/1/files"
    visit.go(f"{here}?at=0n3")
    page.get_by_label("from").fill("5")
    page.get_by_label("Your comment").fill("Long words.")
    page.get_by_role("button", name="Comment now").click()
    assert "the first one first" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("Your comment").input_value() == "Long words."
    page.get_by_label("from").fill("2")
    page.get_by_role("button", name="Comment now").click()
    assert "lines 2 to 3" in page.inner_text(".diff-said")
    for at in ("0n9999", "9", "x", "0n", "0o1", "999999n1"):
        assert visit.go(f"{here}?at={at}") == 200
        assert page.locator(".place-form").count() == 0
    visit.go(f"{here}?at=0")
    page.get_by_label("Your comment").fill("All of it.")
    page.get_by_role("button", name="Comment now").click()
    assert "All of it." in page.inner_text(".said-file")
    assert visit.complaints == []


def propose(hub: LiveHub, name: str) -> str:
    """A model of Ada's that Eve proposes to change; where the pull request is."""
    ask_json(hub, "POST", "/api/repos/create", {"name": name}, token=token_of("ada"))
    url, kind = f"/api/models/ada/{name}/commit/main", "application/x-ndjson"
    for who, text, query in (
        ("ada", OLD, ""),
        ("eve", OLD.replace("line 4", "line four"), "?create_pr=1"),
    ):
        content = {"path": "a.txt", "content": text}
        lines = [
            {"key": "header", "value": {"summary": "A text"}},
            {"key": "file", "value": content},
        ]
        body = "\n".join(json.dumps(each) for each in lines).encode()
        made = ask(
            hub, "POST", url + query, token=token_of(who), body=body, headers={"Content-Type": kind}
        )
        assert made.status == 200, made.body
    opened = {"status": "open"}
    at = f"/api/models/ada/{name}/discussions/1/status"
    assert ask_json(hub, "POST", at, opened, token=token_of("eve")).status == 200
    return f"/ada/{name}/discussions/1"


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_people_are_asked_for_a_review(
    window: OpenWindow, live_hub: LiveHub, scripts: bool
) -> None:
    here = propose(live_hub, f"web-asked-{'on' if scripts else 'off'}")
    eve = window(live_hub.url, viewport=PHONE, java_script_enabled=scripts)
    bob = window(live_hub.url, java_script_enabled=scripts)
    sign_in(eve, "eve")
    sign_in(bob, "bob")
    bob.go(here)
    assert bob.page.locator(".reviewers").count() == 0
    page = eve.page
    eve.go(here)
    page.get_by_label("People").fill("nobody-at-all")
    page.get_by_role("button", name="Ask for a review").click()
    assert "Nobody named 'nobody-at-all' may read this repository." in page.inner_text("main")
    page.get_by_label("People").fill("@ada, bob")
    page.get_by_role("button", name="Ask for a review").click()
    assert "asked ada and bob for a review" in page.inner_text(".talk")
    for name in ("ada", "bob"):
        assert "asked" in page.locator(".asked li", has_text=name).first.inner_text()
    page.get_by_role("button", name="Remove ada").click()
    assert page.locator(".asked li").count() == 1

    page = bob.page
    until = time.monotonic() + 15
    title = "your review is asked for"
    while title not in page.inner_text("main") and time.monotonic() < until:
        bob.go("/notifications")
    row = page.locator(".notice", has_text=here.split("/")[2])
    assert title in row.inner_text()
    row.locator(".row-title a").click()
    assert page.get_by_role("button", name="Remove bob").is_visible()
    bob.go(f"{here}/files")
    page.get_by_text("Finish review").click()
    page.get_by_label("Approve").check()
    page.get_by_role("button", name="Submit review").click()
    page.wait_for_url(f"**{here}")
    assert "answered" in page.locator(".asked li").inner_text()
    for visit in (eve, bob):
        assert visit.complaints == []
        assert visit.strayed == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_comment_on_a_line_is_edited_and_hidden(
    window: OpenWindow, live_hub: LiveHub, scripts: bool
) -> None:
    here = propose(live_hub, f"web-edited-{'on' if scripts else 'off'}")
    said = {"verdict": "comment", "comments": [{"path": "a.txt", "line": 4, "comment": "Whi?"}]}
    made = ask_json(live_hub, "POST", f"/api/models{here}/reviews", said, token=token_of("bob"))
    assert made.status == 200, made.body
    visit = window(live_hub.url, viewport=PHONE, java_script_enabled=scripts)
    sign_in(visit, "bob")
    page = visit.page
    for where, text in (("/files", "Why?"), ("", "Why four?")):
        visit.go(f"{here}{where}")
        thread = page.locator(".thread")
        thread.locator(".talk-edit > summary").click()
        thread.get_by_label("New text").fill(text)
        thread.get_by_role("button", name="Save").click()
        assert page.locator(".thread .said .prose").inner_text() == text
    page.locator(".thread .talk-history summary").click()
    earlier = page.locator(".thread .talk-history pre").all_inner_texts()
    assert earlier == ["Whi?", "Why?"]
    page.locator(".thread .said-more summary").click()
    page.get_by_role("button", name="Hide for ever").last.click()
    text = page.locator(".thread").inner_text()
    assert "This comment was hidden." in text
    assert "Whi?" not in page.content()
    assert page.locator(".thread .talk-edit").count() == 0
    assert visit.complaints == []
