"""A browser for the tests of the pages, with a log of everything it asks for."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@dataclass
class Visit:
    """A browser window and what it did: requests that left the hub, and complaints."""

    page: Page
    context: BrowserContext
    origin: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def strayed(self) -> list[str]:
        return [url for url in self.requests if not url.startswith((f"{self.origin}/", "data:"))]

    def go(self, path: str) -> int:
        try:
            answer = self.page.goto(self.origin + path)
        except PlaywrightError as error:
            # A page that waits for something loads itself again; when it begins to just now, it
            # takes this way's place.
            if "net::ERR_ABORTED" not in str(error):
                raise
            answer = self.page.goto(self.origin + path)
        assert answer is not None
        return answer.status

    def until(self, expression: str, arg: object = None) -> None:
        """Ask the page until it says yes.

        `wait_for_function` asks from inside the page, where the hub's policy forbids `eval`: only
        its first question is let through, so it fails wherever there is something to wait for.
        """
        begun = time.monotonic()
        while not self.page.evaluate(expression, arg):
            assert time.monotonic() - begun < 60, f"never came true: {expression}"
            self.page.wait_for_timeout(50)


OpenWindow = Callable[..., Visit]


@pytest.fixture
def window(browser: Browser) -> Iterator[OpenWindow]:
    contexts: list[BrowserContext] = []
    visits: list[Visit] = []

    def open_window(origin: str, **options: Any) -> Visit:
        context = browser.new_context(**{"viewport": DESK, **options})
        contexts.append(context)
        page = context.new_page()
        visit = Visit(page, context, origin)
        page.on("request", lambda request: visit.requests.append(request.url))
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        page.on(
            "console",
            lambda said: (
                visit.complaints.append(said.text)
                if said.type == "error" and "Failed to load resource" not in said.text
                else None
            ),
        )
        visits.append(visit)
        return visit

    yield open_window
    for context in contexts:
        context.close()
    for visit in visits:
        assert visit.strayed == [], "something was asked of another host"


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Any], str]]:
    """Serve an ASGI application on a port of its own; its origin."""
    servers: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: Any) -> str:
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

    yield start
    for server, thread in servers:
        server.should_exit = True
        thread.join(10)
