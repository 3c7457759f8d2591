"""Notifications as JSON: addresses of ours, under the Hub API's rules of names and errors."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest
from groundswell.core.policy import Action
from groundswell.core.values import Principal
from groundswell.http.auth import ask, hub_of, signed_in
from groundswell.http.bodies import flag_field, json_object, text_field
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import (
    REPOSITORY,
    answer,
    only,
    page_response,
    query_of,
    repo_id_in,
    route,
)
from groundswell.http.origin import base_url
from groundswell.http.routing import Route
from groundswell.hub.notifications import Filter, Level, Mark, Notification, ThreadKey
from groundswell.hub.notifications.inbox import MARKED_MAX
from groundswell.hub.repos import Repository
from groundswell.wire.hub_api.text import date_text, last_values
from groundswell.wiring import Hub

AT = "/api/notifications"


def _json(notification: Notification, base: str) -> dict[str, Any]:
    repository = notification.repository
    return {
        "repo": {"name": repository.full_name, "type": repository.kind.value},
        "num": notification.number,
        "title": notification.title,
        "isPullRequest": notification.is_pull_request,
        "status": notification.status,
        "url": f"{base}/{notification.url_path}",
        "reason": notification.reason.value,
        "type": notification.type,
        "author": None if notification.actor is None else {"name": notification.actor},
        "updatedAt": date_text(notification.happened_at),
        "unread": not notification.is_read,
        "id": str(notification.thread),
    }


async def _list(request: Request) -> Response:
    asked, hub = last_values(query_of(request)), hub_of(request)
    which = Filter(only(list(Filter), asked.get("which", Filter.UNREAD.value), "which"))
    repo_id = repo_id_in(asked.get("type"), asked["repo"]) if "repo" in asked else None
    cursor = asked.get("cursor") or None

    def work(principal: Principal) -> tuple[list[Notification], str | None, int]:
        repository = None
        if repo_id is not None:
            repository = hub.repos.find(principal, repo_id, Action.SEE)
        page = hub.inbox.list(principal, which, repository, cursor=cursor)
        return list(page.notifications), page.next_cursor, hub.inbox.count(principal)

    found, after, unread = await ask(request, work)
    items = [_json(each, base_url(request)) for each in found]
    response = page_response(request, items, after)
    response.headers["X-Unread-Count"] = str(unread)
    return response


async def _mark(request: Request) -> Response:
    """``{"state": "read", "ids": […]}``; or ``{"all": true}``, and everything is read."""
    await signed_in(request)
    body, hub = await json_object(request), hub_of(request)
    if flag_field(body, "all"):
        return json_response({"count": await ask(request, hub.inbox.mark_all_read)})
    mark = Mark(only(list(Mark), text_field(body, "state", Mark.READ.value), "state"))
    ids = body.get("ids")
    if not isinstance(ids, list) or len(ids) > MARKED_MAX:
        msg = f'"ids" must be a list of at most {MARKED_MAX} ids.'
        raise BadRequest(msg)
    threads = [ThreadKey.parse(each if isinstance(each, str) else "") for each in ids]
    return json_response({"count": await ask(request, hub.inbox.mark, threads, mark)})


def _level_of(hub: Hub, principal: Principal, repository: Repository) -> Level:
    return hub.watching.level_of(principal, repository)


def _set_level(hub: Hub, principal: Principal, repository: Repository, level: Level) -> None:
    hub.watching.set_level(principal, repository, level)


def _set_hears(
    hub: Hub, principal: Principal, repository: Repository, number: int, *, hears: bool
) -> None:
    hub.watching.set_hears_of(principal, repository, number, hears=hears)


async def _show_level(request: Request) -> Response:
    level = await answer(request, Action.SEE, _level_of)
    return json_response({"level": level.value})


async def _watch(request: Request) -> Response:
    body = await json_object(request)
    level = Level(only(list(Level), text_field(body, "level", Level.ALL.value), "level"))
    await answer(request, Action.SEE, _set_level, level)
    return json_response({"level": level.value})


async def _hear(request: Request) -> Response:
    body = await json_object(request)
    text = request.path_params["number"]
    # What cannot be one is looked for too: who may ask at all is decided first.
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
    hears = flag_field(body, "subscribed", default=True)
    await answer(request, Action.SEE, _set_hears, number, hears=hears)
    return json_response({"subscribed": hears})


def routes() -> list[Route]:
    """Addresses of this part."""
    thread = f"{REPOSITORY}/discussions/{{number}}/subscription"
    return [
        route("GET", AT, _list, "notifications"),
        route("POST", AT, _mark, "mark notifications"),
        route("GET", f"{REPOSITORY}/watch", _show_level, "watch level"),
        route("PUT", f"{REPOSITORY}/watch", _watch, "watch"),
        route("PUT", thread, _hear, "hear of discussion"),
    ]
