"""The Hub API's repository info: one repository told in full, or in the fields asked for."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import NotFound, RepoNotFound
from groundswell.core.policy import Action, may
from groundswell.core.values import Principal
from groundswell.http.bodies import flag_field
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import KINDS, REPOSITORY, answer, query_of, route
from groundswell.http.routing import Route
from groundswell.hub.repos import Repository
from groundswell.wire.hub_api.expand import TOLD, check_expand
from groundswell.wire.hub_api.repository import repository_json
from groundswell.wire.hub_api.text import last_values, values_of
from groundswell.wiring import Hub

Json = dict[str, Any]

_EVERY_METHOD: Final = "GET POST PUT PATCH DELETE"


def _tell(
    hub: Hub,
    principal: Principal,
    repository: Repository,
    revision: str | None,
    fields: tuple[str, ...],
    *,
    blobs: bool,
    scans: bool,
) -> tuple[Json, dict[str, bytes]]:
    """What is told, and those fields of it that are JSON already."""
    known: Json = {}
    written: dict[str, bytes] = {}
    commit = repository.head_commit
    if revision is not None:
        commit = hub.content.resolve_revision(repository, revision)
        known["sha"] = commit
    if "siblings" in fields:
        if commit is None:
            known["siblings"] = []
        else:
            masked = not may(principal, Action.READ, repository.subject).allowed
            written["siblings"] = hub.content.siblings.as_json(
                repository.id, commit, blobs=blobs, masked=masked
            )
    told = repository_json(repository, fields, known)
    if scans:
        # Nothing was scanned, and that is what is said: an absent scan is not a clean one.
        told["securityRepoStatus"] = {"scansDone": False, "filesWithIssues": []}
    return told, written


async def _info(request: Request) -> Response:
    query = query_of(request)
    last = last_values(query)
    kind = KINDS[request.path_params["kind"]]
    asked = check_expand(kind, values_of(query, "expand"))
    told, written = await answer(
        request,
        Action.SEE,
        _tell,
        request.path_params.get("rev"),
        asked or TOLD[kind],
        blobs=flag_field(last, "blobs"),
        scans=flag_field(last, "securityStatus"),
    )
    return json_response(told, written=written)


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
