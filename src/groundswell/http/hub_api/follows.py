"""The Hub API's follows (Hub API, section 16)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.http.auth import ask, hub_of, signed_in
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import page_of, page_response, route
from groundswell.http.origin import base_url
from groundswell.http.routing import Route
from groundswell.hub.accounts import AccountKind
from groundswell.hub.follows import FollowPage
from groundswell.wire.hub_api.account import account_json

Endpoint = Callable[[Request], Awaitable[Response]]

_WORDS: Final = {AccountKind.USER: "users", AccountKind.ORGANISATION: "organizations"}


def _following(kind: AccountKind, *, follow: bool) -> Endpoint:
    """An endpoint that follows an account of this kind, or no longer."""

    async def endpoint(request: Request) -> Response:
        await signed_in(request)
        follows = hub_of(request).follows
        change = follows.follow if follow else follows.unfollow
        await ask(request, change, request.path_params["account"], kind)
        return json_response({"success": True})

    return endpoint


def _listed(request: Request, page: FollowPage) -> Response:
    base = base_url(request)
    items = [
        account_json(each.account, base, is_following=each.is_followed) for each in page.accounts
    ]
    return page_response(request, items, page.next_cursor)


def _followers(kind: AccountKind) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        cursor, limit = page_of(request)
        name, listed = request.path_params["account"], hub_of(request).follows.followers
        return _listed(request, await ask(request, listed, name, kind, cursor=cursor, limit=limit))

    return endpoint


async def _followed(request: Request) -> Response:
    """Users alone: clients make a user of each of them."""
    cursor, limit = page_of(request)
    page = await ask(
        request,
        hub_of(request).follows.following,
        request.path_params["account"],
        what=AccountKind.USER,
        cursor=cursor,
        limit=limit,
    )
    return _listed(request, page)


def routes() -> list[Route]:
    """Addresses of this part."""
    found = [route("GET", "/api/users/{account}/following", _followed, "user following")]
    for kind, word in _WORDS.items():
        at = f"/api/{word}/{{account}}"
        follow, unfollow = (_following(kind, follow=whether) for whether in (True, False))
        found += [
            route("GET", f"{at}/followers", _followers(kind), f"{kind.value} followers"),
            route("POST", f"{at}/follow", follow, f"follow {kind.value}"),
            route("DELETE", f"{at}/follow", unfollow, f"unfollow {kind.value}"),
        ]
    return found
