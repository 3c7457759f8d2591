"""The Hub API's likes (Hub API, section 12)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.policy import Action
from groundswell.core.values import Principal
from groundswell.http.auth import ask, hub_of
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import REPOSITORY, answer, page_of, page_response, route
from groundswell.http.origin import base_url
from groundswell.http.routing import Route
from groundswell.hub.likes import LikerPage
from groundswell.hub.repos import Repository
from groundswell.wire.hub_api.account import account_json
from groundswell.wire.hub_api.text import date_text
from groundswell.wiring import Hub

Json = dict[str, Any]


def _give(hub: Hub, principal: Principal, repository: Repository) -> int:
    return hub.likes.give(principal, repository)


def _take_back(hub: Hub, principal: Principal, repository: Repository) -> int:
    return hub.likes.take_back(principal, repository)


async def _like(request: Request) -> Response:
    number = await answer(request, Action.SEE, _give)
    return json_response({"likes": number})


async def _unlike(request: Request) -> Response:
    number = await answer(request, Action.SEE, _take_back)
    return json_response({"likes": number})


def _likers(
    hub: Hub, _principal: Principal, repository: Repository, cursor: str | None, limit: int
) -> LikerPage:
    return hub.likes.likers(repository, cursor=cursor, limit=limit)


async def _list_likers(request: Request) -> Response:
    cursor, limit = page_of(request)
    page = await answer(request, Action.SEE, _likers, cursor, limit)
    base = base_url(request)
    items = [account_json(account, base) for account in page.accounts]
    return page_response(request, items, page.next_cursor)


async def _list_likes(request: Request) -> Response:
    cursor, limit = page_of(request)
    name = request.path_params["account"]
    page = await ask(request, hub_of(request).likes.of_account, name, cursor=cursor, limit=limit)
    items: list[Json] = [
        {
            "repo": {"name": like.repository.full_name, "type": like.repository.kind.value},
            "createdAt": date_text(like.liked_at),
        }
        for like in page.likes
    ]
    return page_response(request, items, page.next_cursor)


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        route("POST", f"{REPOSITORY}/like", _like, "like"),
        route("DELETE", f"{REPOSITORY}/like", _unlike, "unlike"),
        route("GET", f"{REPOSITORY}/likers", _list_likers, "likers"),
        route("GET", "/api/users/{account}/likes", _list_likes, "user likes"),
    ]
