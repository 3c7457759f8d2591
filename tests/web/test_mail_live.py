"""News by e-mail, from the settings to the end of it: a real mail server, and the links of real messages."""

import re
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from email.message import EmailMessage
from pathlib import Path

from playwright.sync_api import Page

from tests.clients.stage import ask_json
from tests.live import LiveHub, serving, token_of
from tests.mail_server import Post, mail_server
from tests.web.conftest import PHONE, OpenWindow
from tests.web.test_community_live import make, sign_in

WAIT_SECONDS = 40


def arrived(post: Post, count: int) -> EmailMessage:
    """The last message, once there are so many."""
    until = time.monotonic() + WAIT_SECONDS
    while len(post.letters) < count:
        assert time.monotonic() < until, f"{len(post.letters)} of {count} messages came"
        time.sleep(0.1)
    return post.letters[count - 1]


def say(hub: LiveHub, name: str, title: str) -> None:
    body = {"title": title, "description": "What says @eve?", "pullRequest": False}
    told = ask_json(hub, "POST", f"/api/models/{name}/discussions", body, token=token_of("ada"))
    assert told.status == 200, told.body


def choice_of(page: Page) -> str:
    return page.locator("[name=choice]:checked").input_value()


def test_from_the_settings_to_a_message_and_its_end(tmp_path: Path, window: OpenWindow) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with mail_server() as (post, smtp_port):
        environment = {
            "SWELL_SMTP_HOST": "127.0.0.1",
            "SWELL_SMTP_PORT": str(smtp_port),
            "SWELL_SMTP_SECURITY": "none",
            "SWELL_SMTP_FROM": "hub@example.org",
            "SWELL_PUBLIC_URL": url,
        }
        flags = [f"--port={port}"]
        with serving(tmp_path / "data", *flags, people=True, environment=environment) as hub:
            visit = window(hub.url, viewport=PHONE)
            page = visit.page
            sign_in(visit, "eve")
            visit.go("/settings/mail")
            page.get_by_role("button", name="Send the message").click()
            link = re.search(r"http\S+/-/mail/confirm/\S+", arrived(post, 1).get_content())
            assert link is not None
            visit.go(link[0].removeprefix(url))
            assert "eve@example.org" in page.inner_text("main")
            page.get_by_role("button", name="This is my address").click()
            assert "Confirmed" in page.inner_text("main")
            name = make(hub, "mail-news")
            say(hub, name, "First")
            letter = arrived(post, 2)
            assert letter["Subject"].endswith("First (#1)")
            assert "What says @eve?" in letter.get_content()
            # A link opened by a program, a post without the word, and one with another link: nothing.
            end = letter["List-Unsubscribe"].strip("<>")
            with urllib.request.urlopen(end, timeout=10) as answer:
                assert answer.status == 200
            assert post_to(end, {}) == 403
            assert post_to(end[:-1], {"List-Unsubscribe": "One-Click"}) == 403
            visit.go("/settings/mail")
            assert choice_of(page) != "off"
            # The reader's mail program ends it, without a page, a sign-in or an origin.
            assert post_to(end, {"List-Unsubscribe": "One-Click"}) == 200
            visit.go("/settings/mail")
            assert choice_of(page) == "off"
            # And the reader, by the link of the same message.
            page.locator("[name=choice][value=mentions]").check()
            page.get_by_role("main").get_by_role("button", name="Save").click()
            visit.go(end.removeprefix(url))
            page.get_by_role("button", name="Send me nothing more").click()
            assert "nothing more will be sent" in page.inner_text("main")
            visit.go("/settings/mail")
            assert choice_of(page) == "off"
            assert visit.complaints == []


def post_to(url: str, fields: dict[str, str]) -> int:
    """The status of a form posted as mail programs post it."""
    sent = urllib.request.Request(url, data=urllib.parse.urlencode(fields).encode())
    try:
        with urllib.request.urlopen(sent, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
