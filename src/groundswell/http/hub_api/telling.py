"""The Hub API's repository info: one repository told in full, or in the fields asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import NotFound, RepoNotFound
from groundswell.core.policy import Action, may
from groundswell.core.values import Entry, EntryKind, Principal
from groundswell.http.bodies import flag_field
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import KINDS, REPOSITORY, answer, query_of, route
from groundswell.http.routing import Route
from groundswell.hub.repos import Repository
from groundswell.wire.hub_api.expand import TOLD, check_expand
from groundswell.wire.hub_api.repository import repository_json
from groundswell.wire.hub_api.text import last_values, values_of
from groundswell.wire.hub_api.tree import sibling
from groundswell.wiring import Hub

Json = dict[str, Any]

PAGE: Final = 10_000
_EVERY_METHOD: Final = "GET POST PUT PATCH DELETE"


def files_of(hub: Hub, repository: Repository, commit: str) -> Iterator[Entry]:
    """Every file of a commit, in the order of the tree."""
    cursor = None
    while True:
        page = hub.content.tree(
            repository, commit, "", recursive=True, expand=False, limit=PAGE, cursor=cursor
        )
        for item in page.items:
            if item.entry.kind is EntryKind.FILE:
                yield item.entry
        cursor = page.next_cursor
        if cursor is None:
            return


def _tell(
    hub: Hub,
    principal: Principal,
    repository: Repository,
    revision: str | None,
    fields: tuple[str, ...],
    *,
    blobs: bool,
    scans: bool,
) -> Json:
    known: Json = {}
    commit = repository.head_commit
    if revision is not None:
        commit = hub.content.resolve_revision(repository, revision)
        known["sha"] = commit
    if "siblings" in fields:
        masked = not may(principal, Action.READ, repository.subject).allowed
        known["siblings"] = (
            [
                sibling(entry, blobs=blobs, masked=masked)
                for entry in files_of(hub, repository, commit)
            ]
            if commit is not None
            else []
        )
    told = repository_json(repository, fields, known)
    if scans:
        # Nothing was scanned, and that is what is said: an absent scan is not a clean one.
        told["securityRepoStatus"] = {"scansDone": False, "filesWithIssues": []}
    return told


async def _info(request: Request) -> Response:
    query = query_of(request)
    last = last_values(query)
    kind = KINDS[request.path_params["kind"]]
    asked = check_expand(kind, values_of(query, "expand"))
    told = await answer(
        request,
        Action.SEE,
        _tell,
        request.path_params.get("rev"),
        asked or TOLD[kind],
        blobs=flag_field(last, "blobs"),
        scans=flag_field(last, "securityStatus"),
    )
    return json_response(told)


def _headers_of(hub: Hub, _principal: Principal, repository: Repository, path: str) -> Json:
    return hub.content.safetensors_metadata(repository, "main", path)


async def _safetensors(request: Request) -> Response:
    """Headers of a file, or of every shard that an index names, read once here for the client."""
    told = await answer(request, Action.READ, _headers_of, request.path_params["path"])
    return json_response(told)


async def _single_name(_request: Request) -> Response:
    """Names without a namespace belong to nobody here."""
    raise RepoNotFound


async def _unknown(_request: Request) -> Response:
    """Addresses under /api that this hub does not have: JSON for clients, never a page."""
    raise NotFound


def routes() -> list[Route]:
    """Addresses of this part."""
    kinds = "|".join(KINDS)
    return [
        route("GET", REPOSITORY, _info, "repository info"),
        route("GET", f"{REPOSITORY}/revision/{{rev}}", _info, "revision info"),
        route("GET", f"{REPOSITORY}/safetensors-metadata/{{path*}}", _safetensors, "safetensors"),
        route(_EVERY_METHOD, "/api/{rest*}", _unknown, "unknown", is_last_resort=True),
        route("GET", f"/api/{{kind:{kinds}}}/{{name}}", _single_name, "single name"),
        route(
            "GET", f"/api/{{kind:{kinds}}}/{{name}}/revision/{{rev}}", _single_name, "single name"
        ),
    ]
