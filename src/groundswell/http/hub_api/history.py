"""The Hub API's history: lists of commits (Hub API, section 5)."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.policy import Action
from groundswell.core.values import Principal
from groundswell.http.bodies import count_field
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import REPOSITORY, answer, here, query_of, route
from groundswell.http.routing import Route
from groundswell.hub.content import LogPage
from groundswell.hub.repos import Repository
from groundswell.wire.hub_api.text import date_text, last_values, next_link, values_of
from groundswell.wiring import Hub

Json = dict[str, Any]

PAGE: Final = 50
PAGE_MAX: Final = 1000
PAGES_MAX: Final = 1_000_000


def _log(
    hub: Hub, _principal: Principal, repository: Repository, revision: str, limit: int, page: int
) -> LogPage:
    return hub.content.log(repository, revision, limit=limit, page=page)


async def _commits(request: Request) -> Response:
    query = query_of(request)
    last = last_values(query)
    limit = max(1, count_field(last, "limit", PAGE, PAGE_MAX))
    page = count_field(last, "p", 0, PAGES_MAX)
    log = await answer(request, Action.SEE, _log, request.path_params["rev"], limit, page)
    formatted = "formatted" in values_of(query, "expand")
    items: list[Json] = []
    for commit in log.commits:
        item: Json = {
            "id": commit.id,
            "title": commit.title,
            "message": commit.description,
            "authors": [{"user": commit.author.name}],
            "date": date_text(commit.time),
        }
        if formatted:
            item["formatted"] = {
                "title": _escaped(commit.title),
                "message": _escaped(commit.description),
            }
        items.append(item)
    headers = {"X-Total-Count": str(log.total)}
    if (page + 1) * limit < log.total:
        headers["Link"] = next_link(here(request), query, {"p": str(page + 1)})
    return json_response(items, headers=headers)


def _escaped(text: str) -> str:
    """Plain text as HTML: the form in which clients are given it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def routes() -> list[Route]:
    """Addresses of this part."""
    return [route("GET", f"{REPOSITORY}/commits/{{rev}}", _commits, "commits")]
