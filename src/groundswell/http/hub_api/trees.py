"""The Hub API's trees: pages of a folder, and facts of named paths (Hub API, section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest
from groundswell.core.policy import Action, may
from groundswell.core.values import Principal
from groundswell.http.bodies import count_field, flag_field, form_fields, json_object
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import REPOSITORY, answer, here, query_of, route
from groundswell.http.routing import Route
from groundswell.hub.content import TreeItem
from groundswell.hub.repos import Repository
from groundswell.wire.hub_api.text import last_values, next_link
from groundswell.wire.hub_api.tree import UNSCANNED, last_commit, tree_item
from groundswell.wiring import Hub

Json = dict[str, Any]

PAGE: Final = 1000
EXPANDED_PAGE: Final = 100
PAGE_MAX: Final = 10_000
# llama.cpp reads one page and follows no link (Hub API, section 21).
UNPAGED: Final = 100_000
PATHS_MAX: Final = 2000
PATHS_BODY_MAX_BYTES: Final = 4 << 20


def _item(item: TreeItem, *, masked: bool, expand: bool) -> Json:
    found = tree_item(item.entry, item.xet_hash, masked=masked)
    if expand:
        if item.last_commit is not None:
            commit = item.last_commit
            found["lastCommit"] = last_commit(commit.id, commit.title, commit.time)
        found["securityFileStatus"] = UNSCANNED
    return found


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which page of which folder."""

    revision: str
    path: str
    recursive: bool
    expand: bool
    limit: int
    cursor: str | None


def _tree(
    hub: Hub, principal: Principal, repository: Repository, asked: _Asked
) -> tuple[list[Json], str | None, str]:
    masked = not may(principal, Action.READ, repository.subject).allowed
    page = hub.content.tree(
        repository,
        asked.revision,
        asked.path,
        recursive=asked.recursive,
        expand=asked.expand,
        limit=asked.limit,
        cursor=asked.cursor,
    )
    items = [_item(item, masked=masked, expand=asked.expand) for item in page.items]
    return items, page.next_cursor, page.commit


async def _tree_page(request: Request) -> Response:
    query = query_of(request)
    last = last_values(query)
    expand = flag_field(last, "expand")
    whole = request.headers.get("user-agent", "").lower().startswith("llama-cpp")
    most = UNPAGED if whole else EXPANDED_PAGE if expand else PAGE_MAX
    usual = UNPAGED if whole else EXPANDED_PAGE if expand else PAGE
    asked = _Asked(
        revision=request.path_params["rev"],
        path=request.path_params.get("path", ""),
        recursive=flag_field(last, "recursive"),
        expand=expand,
        limit=max(1, count_field(last, "limit", usual, most)),
        cursor=last.get("cursor") or None,
    )
    items, cursor, commit = await answer(request, Action.SEE, _tree, asked)
    headers = {"X-Repo-Commit": commit}
    if cursor is not None:
        headers["Link"] = next_link(here(request), query, {"cursor": cursor})
    return json_response(items, headers=headers)


async def _paths_in(request: Request) -> tuple[list[str], bool]:
    """Paths and ``expand``, from a form (Python) or JSON (JavaScript)."""
    if request.headers.get("content-type", "").startswith("application/json"):
        body = await json_object(request)
        paths, expand = body.get("paths", []), flag_field(body, "expand")
    else:
        fields = await form_fields(request)
        paths = fields.get("paths", []) + fields.get("paths[]", [])
        expand = flag_field({"expand": fields.get("expand", [""])[-1]}, "expand")
    if isinstance(paths, str):
        paths = [paths]
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        msg = '"paths" must be a list of strings.'
        raise BadRequest(msg)
    if len(paths) > PATHS_MAX:
        msg = f"At most {PATHS_MAX} paths at a time."
        raise BadRequest(msg)
    return paths, expand


def _paths(
    hub: Hub,
    principal: Principal,
    repository: Repository,
    revision: str,
    paths: list[str],
    *,
    expand: bool,
) -> list[Json]:
    masked = not may(principal, Action.READ, repository.subject).allowed
    items = hub.content.paths_info(repository, revision, paths, expand=expand)
    return [_item(item, masked=masked, expand=expand) for item in items]


async def _paths_info(request: Request) -> Response:
    paths, expand = await _paths_in(request)
    items = await answer(
        request, Action.SEE, _paths, request.path_params["rev"], paths, expand=expand
    )
    return json_response(items)


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        route("GET", f"{REPOSITORY}/tree/{{rev}}", _tree_page, "tree"),
        route("GET", f"{REPOSITORY}/tree/{{rev}}/{{path*}}", _tree_page, "tree"),
        route(
            "POST",
            f"{REPOSITORY}/paths-info/{{rev}}",
            _paths_info,
            "paths info",
            body_max_bytes=PATHS_BODY_MAX_BYTES,
        ),
    ]
