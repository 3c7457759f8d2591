"""Forks over the API: made, listed, compared with their upstream, brought up to date.

These addresses are the hub's own: clients know ``duplicate`` alone, which makes a fork as well.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.policy import Action
from groundswell.core.values import Principal
from groundswell.http.auth import ask, hub_of, signed_in
from groundswell.http.bodies import flag_field, json_object, text_field
from groundswell.http.errors import json_response
from groundswell.http.hub_api.discussions.reading import number_in
from groundswell.http.hub_api.door import (
    REPOSITORY,
    answer,
    page_of,
    page_response,
    repo_id_in,
    repo_id_of,
    route,
)
from groundswell.http.hub_api.repositories import made_json, visibility_in
from groundswell.http.routing import Route
from groundswell.hub.forks import Comparison, ForkPage, Synced
from groundswell.hub.repos import Repository
from groundswell.wire.hub_api.text import date_text
from groundswell.wiring import Hub

Json = dict[str, Any]


def _listed(
    hub: Hub, principal: Principal, repository: Repository, cursor: str | None, limit: int
) -> ForkPage:
    return hub.forks.list(principal, repository, cursor=cursor, limit=limit)


async def _list(request: Request) -> Response:
    cursor, limit = page_of(request)
    page = await answer(request, Action.SEE, _listed, cursor, limit)
    items: list[Json] = [
        {
            "_id": each.repository.public_id,
            "id": each.repository.full_name,
            "type": each.repository.kind.value,
            "private": each.repository.is_private,
            "forkedAt": date_text(each.forked_at),
            "lastModified": date_text(each.repository.modified_at),
        }
        for each in page.forks
    ]
    return page_response(request, items, page.next_cursor)


async def _fork(request: Request) -> Response:
    principal = await signed_in(request)
    body = await json_object(request)
    source = repo_id_of(request)
    name = text_field(body, "repository", source.name)
    target = repo_id_in(source.kind.value, name if "/" in name else f"{principal.name}/{name}")
    repository = await ask(
        request,
        hub_of(request).forks.fork,
        source,
        target,
        visibility_in(body),
        all_branches=flag_field(body, "allBranches"),
    )
    return json_response(made_json(request, repository))


def _compared(hub: Hub, principal: Principal, repository: Repository) -> Comparison | None:
    return hub.forks.compare(principal, repository)


async def _compare(request: Request) -> Response:
    found = await answer(request, Action.SEE, _compared)
    if found is None:
        return json_response({"upstream": None})
    upstream = found.upstream
    return json_response(
        {
            "upstream": {"id": upstream.full_name, "type": upstream.kind.value},
            "ahead": found.ahead,
            "behind": found.behind,
            "related": found.is_related,
        }
    )


def _synced(hub: Hub, principal: Principal, repository: Repository) -> Synced:
    return hub.forks.sync(principal, repository)


async def _sync(request: Request) -> Response:
    return _brought(await answer(request, Action.WRITE, _synced))


def _refreshed(hub: Hub, principal: Principal, repository: Repository, number: int) -> Synced:
    return hub.forks.refresh(principal, repository, number)


async def _refresh(request: Request) -> Response:
    return _brought(await answer(request, Action.CONTRIBUTE, _refreshed, number_in(request)))


def _brought(synced: Synced) -> Response:
    return json_response({"success": True, "commitId": synced.commit, "how": synced.how.value})


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        route("GET", f"{REPOSITORY}/forks", _list, "forks"),
        route("POST", f"{REPOSITORY}/forks", _fork, "fork"),
        route("GET", f"{REPOSITORY}/comparison", _compare, "comparison"),
        route("POST", f"{REPOSITORY}/sync", _sync, "sync"),
        route("POST", f"{REPOSITORY}/discussions/{{number}}/from-fork", _refresh, "from fork"),
    ]
