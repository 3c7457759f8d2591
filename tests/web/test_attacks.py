"""Cards that attack whoever reads them: nothing runs, nothing is loaded, nothing leaves its frame.

Each of the vectors is rendered as a card, once inside the real page with its policy, and once bare,
without any policy, so that the allow-list is seen to hold alone.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Frame

from groundswell.http.pages.door import PAGE_HEADERS
from groundswell.http.pages.templating import render as render_page
from groundswell.wire.markdown import LinkBase, render
from tests.web.attacks import vectors
from tests.web.canary import frames
from tests.web.conftest import OpenWindow, Visit
from tests.web.examples import EXAMPLES, REPO, shell_of
from tests.web.examples import app as examples_app

VECTORS = vectors()
# The page with its policy is heavy: it takes twelve at a time. Bare, each stands alone.
FRAMES = 40
GROUPS = {
    "page": [VECTORS[start : start + 12] for start in range(0, len(VECTORS), 12)],
    "bare": [[text] for text in VECTORS],
}

# Everything that a reader may do to an element, done to all of them.
_PROVOKE = """() => {
  const article = document.querySelector('article');
  document.addEventListener('click', e => e.preventDefault(), true);
  for (const element of article.querySelectorAll('*')) {
    for (const name of ['click','mouseover','pointerenter','focus','blur','toggle','error','load','animationstart','transitionend','scroll','wheel','beforematch'])
      element.dispatchEvent(new Event(name, {bubbles: false}));
  }
  const bad = [...article.querySelectorAll('script,style,iframe,object,embed,form,input,button,svg,math,link,meta,base,template,video,audio,dialog')].map(e => e.outerHTML);
  const handlers = [...article.querySelectorAll('*')].flatMap(e => [...e.attributes]).filter(a => /^on/.test(a.name) || a.name === 'style' || a.name === 'srcset').map(a => a.name);
  const links = [...article.querySelectorAll('[href]')].map(e => e.protocol).filter(p => !['http:', 'https:', 'mailto:'].includes(p));
  const ids = [...article.querySelectorAll('[id],[name]')].map(e => e.id || e.getAttribute('name')).filter(i => !i.startsWith('md-') && !/^L[0-9]+$/.test(i));
  return {ran: window.__xss !== undefined, bad, handlers, links, ids, title: document.title, foot: document.querySelectorAll('body > footer, body > i').length};
}"""


async def app(scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
    way, _, number = scope["path"].removeprefix("/").partition("/")
    if way == "frames":
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"text/html")],
            }
        )
        await send(
            {
                "type": "http.response.body",
                "body": frames(scope["query_string"].decode().split("&")).encode(),
            }
        )
        return
    if way not in {"page", "bare"}:
        await examples_app(scope, receive, send)
        return
    some = GROUPS[way][int(number)]
    html = "".join(render(text, LinkBase(REPO.url, refers=way == "bare")).html for text in some)
    if way == "page":
        view = replace(EXAMPLES["card"], card_html=html)  # type: ignore[call-arg]
        body, headers = render_page(view, shell_of("card")).encode(), dict(PAGE_HEADERS)
    else:
        head = "<!doctype html><title>bare</title><body>"
        body, headers = f"{head}<article>{html}</article><i></i>".encode(), {}
    headers["content-type"] = "text/html; charset=utf-8"
    raw = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
    await send({"type": "http.response.start", "status": 200, "headers": raw})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="session")
def attacked(serve: Callable[[Any], str]) -> str:
    return serve(app)


def test_there_are_enough_of_them() -> None:
    assert len(set(VECTORS)) >= 200


def shown(visit: Visit, way: str) -> Iterator[tuple[list[str], Frame]]:
    """Each group and where it stands; bare ones, which are small, are loaded many at a time."""
    groups = GROUPS[way]
    if way == "page":
        for number, some in enumerate(groups):
            assert visit.go(f"/{way}/{number}") == 200
            yield some, visit.page.main_frame
        return
    for start in range(0, len(groups), FRAMES):
        numbers = range(start, min(start + FRAMES, len(groups)))
        assert visit.go(f"/frames?{'&'.join(f'/bare/{each}' for each in numbers)}") == 200
        standing = {frame.url: frame for frame in visit.page.frames}
        for number in numbers:
            yield groups[number], standing[f"{visit.origin}/bare/{number}"]
        assert visit.page.evaluate("window.__xss === undefined")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("way", ["page", "bare"])
def test_no_vector_runs(window: OpenWindow, attacked: str, way: str) -> None:
    visit = window(attacked)
    failed = []
    for some, frame in shown(visit, way):
        found = frame.evaluate(_PROVOKE)
        title = "bare" if way == "bare" else f"{REPO.full_name} · Groundswell"
        calm = {
            "ran": False,
            "bad": [],
            "handlers": [],
            "links": [],
            "ids": [],
            "title": title,
            "foot": 1,
        }
        if found != calm:
            failed.append(([text[:200] for text in some], found))
    assert failed == []
    assert visit.strayed == []
