"""The Hub API's requests for access to gated repositories (Hub API, section 14).

For those who administer the repository: they alone see who asked, and people's e-mail addresses.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest
from groundswell.core.policy import Action
from groundswell.core.values import AccessStatus, Gate, Principal
from groundswell.http.bodies import count_field, json_object, text_field
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import REPOSITORY, answer, here, only, query_of, route
from groundswell.http.routing import Route
from groundswell.hub.access import AccessPage, AccessRequest, Asker
from groundswell.hub.repos import Repository
from groundswell.wire.hub_api.text import date_text, last_values, next_link
from groundswell.wiring import Hub

Json = dict[str, Any]

PAGE: Final = 100
PAGE_MAX: Final = 1000
STATUSES: Final = ("pending", "accepted", "rejected")


def _item(request: AccessRequest) -> Json:
    user: Json = {
        "_id": request.account_public_id,
        "user": request.name,
        "fullname": request.fullname,
        "type": "user",
    }
    if request.email:
        user["email"] = request.email
    item: Json = {
        "requestId": request.public_id,
        "user": user,
        "status": request.status,
        "timestamp": date_text(request.asked_at or request.decided_at or 0),
    }
    if request.fields:
        item["fields"] = dict(request.fields)
    if request.rejection_reason:
        item["rejectionReason"] = request.rejection_reason
    if request.expires_at is not None:
        item["expiresAt"] = date_text(request.expires_at)
    return item


def _list(
    hub: Hub,
    principal: Principal,
    repository: Repository,
    status: AccessStatus,
    limit: int,
    cursor: str | None,
) -> AccessPage:
    if repository.gate is Gate.OPEN:
        msg = "This repository is not gated."
        raise BadRequest(msg)
    return hub.access.list(principal, repository, status, limit=limit, cursor=cursor)


async def _requests(request: Request) -> Response:
    query = query_of(request)
    last = last_values(query)
    status = AccessStatus(request.path_params["status"])
    limit = max(1, count_field(last, "limit", PAGE, PAGE_MAX))
    page = await answer(
        request, Action.ADMINISTER, _list, status, limit, last.get("cursor") or None
    )
    headers = {"X-Total-Count": str(page.total)}
    if page.next_cursor is not None:
        headers["Link"] = next_link(here(request), query, {"cursor": page.next_cursor})
    return json_response([_item(each) for each in page.requests], headers=headers)


def _asker_in(body: Json) -> Asker:
    """Whose request is meant: python clients name a user or a request, others an account's id."""
    named = {key: text_field(body, key) for key in ("user", "userId", "requestId") if key in body}
    if len(named) != 1:
        msg = 'Name exactly one of "user", "userId" and "requestId".'
        raise BadRequest(msg)
    return Asker(named.get("user"), named.get("userId"), named.get("requestId"))


def _decide(
    hub: Hub,
    principal: Principal,
    repository: Repository,
    asker: Asker,
    status: AccessStatus,
    reason: str,
) -> None:
    hub.access.handle(principal, repository, asker, status, reason)


async def _handle(request: Request) -> Response:
    body = await json_object(request)
    status = AccessStatus(only(STATUSES, text_field(body, "status"), "status"))
    reason = text_field(body, "rejectionReason", "")
    await answer(request, Action.ADMINISTER, _decide, _asker_in(body), status, reason)
    return json_response({"success": True})


def _let_in(hub: Hub, principal: Principal, repository: Repository, name: str) -> None:
    hub.access.grant(principal, repository, name)


async def _grant(request: Request) -> Response:
    body = await json_object(request)
    await answer(request, Action.ADMINISTER, _let_in, text_field(body, "user"))
    return json_response({"success": True})


def routes() -> list[Route]:
    """Addresses of this part."""
    where = f"{REPOSITORY}/user-access-request"
    return [
        route("GET", f"{where}/{{status:{'|'.join(STATUSES)}}}", _requests, "access requests"),
        route("POST", f"{where}/handle", _handle, "handle access request"),
        route("POST", f"{where}/grant", _grant, "grant access"),
    ]
