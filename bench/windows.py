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
        page = context.new_page()
        page.goto(f"{url}/login")
        page.get_by_label("User name").fill(person)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        page.close()
    yield context
    context.close()
