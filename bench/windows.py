"""A real browser over the hub of `bench.content`: one window for each picture or measure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from bench.content import PASSWORD

CHROMIUM = "/usr/bin/chromium"
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium, until the block ends."""
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield running
        running.close()


@contextmanager
def window(
    running: Browser,
    url: str,
    person: str = "",
    **options: Any,  # noqa: ANN401 - the browser's own
) -> Iterator[BrowserContext]:
    """A window of its own, with nothing cached; ``person`` is signed in."""
    context = running.new_context(**options)
    if person:
        known = _signed_in.get((url, person))
        if known is None:
            known = _signed_in[url, person] = _sign_in(running, url, person)
        context.add_cookies(known)
    yield context
    context.close()


_signed_in: dict[tuple[str, str], list[Any]] = {}


def _sign_in(running: Browser, url: str, person: str) -> list[Any]:
    """The cookies of a session, once for each person."""
    context = running.new_context()
    page = context.new_page()
    page.goto(f"{url}/login")
    page.get_by_label("User name").fill(person)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    # Closed in the middle of a navigation, a page may never answer again.
    page.wait_for_url(lambda there: not there.startswith(f"{url}/login"))
    cookies: list[Any] = context.cookies()
    context.close()
    return cookies
