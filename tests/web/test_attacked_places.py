"""S6: every attack in every place that shows what users wrote; none of them runs.

The pages are sent without their policy, which would hide what gets through. That the judge can
say no is tried first: the same attacks as they are, on a page that trusts them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from groundswell.http.pages.templating import render as render_page
from tests.web.attacked_places import PLACES, feed_of
from tests.web.attacks import CALL, vectors
from tests.web.canary import JUDGE, frames
from tests.web.conftest import OpenWindow
from tests.web.examples import EXAMPLES, shell_of
from tests.web.examples import app as examples_app

VECTORS = vectors()
ON_PAGE = 56
GROUPS = [VECTORS[start : start + ON_PAGE] for start in range(0, len(VECTORS), ON_PAGE)]
# Fields that no user writes: words of the hub, addresses it makes, HTML it has made safe.
OF_THE_HUB = {
    "kind", "state", "status", "verdict", "decision", "icon", "colour", "theme", "role", "side",
    "gate", "watch", "choice", "which", "tab", "error_in", "visibility", "sort", "media_type",
    "current_kind", "language", "target", "pushers", "own_kind", "sign", "line", "outcome", "domains",
    "support", "marks", "mark", "domain", "what", "digest", "template", "field", "id", "commit", "level", "flags",
}  # fmt: skip
CALM = {"ran": False, "strange": [], "handlers": [], "links": []}


def filled(value: Any, texts: list[str], name: str = "") -> Any:
    """A view in which every text that a user may have written is an attack."""
    if isinstance(value, str):
        own = name in OF_THE_HUB or name.endswith(("url", "html", "here", "path_d"))
        if own or value.startswith(("/", "data:")):
            return value
        texts.append(texts.pop(0))
        return texts[-1]
    if isinstance(value, tuple):
        return tuple(filled(each, texts, name) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value,
            **{
                each.name: filled(getattr(value, each.name), texts, each.name)
                for each in fields(value)
            },
        )
    return value


def page(way: str, name: str, number: int) -> tuple[str, bytes]:
    html = "text/html; charset=utf-8"
    if way == "trusted":
        return html, f"<!doctype html><body>{VECTORS[number]}".encode()
    if way == "feed":
        return "application/atom+xml; charset=utf-8", feed_of(GROUPS[number])
    if way == "place":
        view = PLACES[name](GROUPS[number])
    else:
        texts = [each for each in VECTORS if len(each) < 500]
        view = filled(EXAMPLES[name], texts[number:] + texts[:number])
    return html, render_page(view, shell_of(name)).encode()


async def app(scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
    way, _, rest = scope["path"].removeprefix("/").partition("/")
    name, _, number = rest.rpartition("/")
    if way in {"trusted", "feed", "place", "example"}:
        kind, body = page(way, name, int(number))
    elif way == "frames":
        kind, body = "text/html", frames(scope["query_string"].decode().split("&")).encode()
    else:
        await examples_app(scope, receive, send)
        return
    headers = [(b"content-type", kind.encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="session")
def attacked(serve: Callable[[Any], str]) -> str:
    return serve(app)


def judged(window: OpenWindow, attacked: str, addresses: list[str]) -> dict[str, dict[str, Any]]:
    """What the judge says of each, eight pages at a time."""
    visit, found = window(attacked), {}
    for start in range(0, len(addresses), 8):
        some = addresses[start : start + 8]
        assert visit.go(f"/frames?{'&'.join(some)}") == 200
        verdicts = visit.page.evaluate(JUDGE)
        assert len(verdicts) == len(some)
        found |= dict(zip(some, verdicts, strict=True))
    assert visit.strayed == []
    return found


def test_what_is_trusted_runs(window: OpenWindow, attacked: str) -> None:
    """The control: the canary sings, and the judge sees handlers, links and strange elements."""

    def of(text: str) -> str:
        return f"/trusted/x/{VECTORS.index(text)}"

    script, link = f"<script>{CALL}</script>", f'<a href="javascript:{CALL}">x</a>'
    asked = [of(script), of(link)]
    for address, wanted in zip(asked, ({"ran": True}, {"ran": False}), strict=True):
        (found,) = judged(window, attacked, [address]).values()
        assert found.items() >= wanted.items()
        assert found["strange"] or found["links"]


@pytest.mark.parametrize("name", PLACES)
def test_nothing_runs_in_any_place(window: OpenWindow, attacked: str, name: str) -> None:
    addresses = [f"/place/{name}/{number}" for number in range(len(GROUPS))]
    found = judged(window, attacked, addresses)
    shown = sum(each.pop("shown") for each in found.values())
    assert {where: each for where, each in found.items() if each != CALM} == {}
    assert shown >= len(VECTORS) / 4, "the attacks did not get to the page"


def test_nothing_runs_in_a_field_that_was_forgotten(window: OpenWindow, attacked: str) -> None:
    """Every page there is, with an attack in every text of its view."""
    addresses = [f"/example/{name}/{number * 7 % 300}" for number, name in enumerate(EXAMPLES)]
    found = judged(window, attacked, addresses)
    assert sum(each.pop("shown") for each in found.values()) >= 1_000
    assert {where: each for where, each in found.items() if each != CALM} == {}


def test_nothing_runs_in_a_feed(window: OpenWindow, attacked: str) -> None:
    addresses = [f"/feed/x/{number}" for number in range(len(GROUPS))]
    found = judged(window, attacked, addresses)
    assert sum(each.pop("shown") for each in found.values()) >= len(VECTORS)
    # With these words the browser itself shows a document that is no page.
    own = ["PRE style=word-wrap: break-word; white-space: pre-wrap;"]
    wanted = {**CALM, "handlers": own}
    assert {where: each for where, each in found.items() if each != wanted} == {}
