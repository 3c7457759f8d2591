"""The Hub API's repositories as wholes: create, delete, move, duplicate, may I."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest, InvalidName, NameTaken, RepoNotFound
from groundswell.core.policy import Action
from groundswell.core.values import Principal, RepoId, RepoKind, Visibility
from groundswell.http.auth import ask, hub_of, signed_in
from groundswell.http.bodies import flag_field, json_object, text_field
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import (
    REPOSITORY,
    answer,
    only,
    query_of,
    repo_id_in,
    repo_id_of,
    route,
    url_of,
)
from groundswell.http.routing import Route
from groundswell.hub.repos import NewFile, Repository
from groundswell.hub.search import ListQuery, Sort
from groundswell.wire.hub_api.text import date_text, last_values
from groundswell.wiring import Hub

Json = dict[str, Any]

CREATE_BODY_MAX_BYTES = 64 << 20  # clients may send first files along, in base64
FILES_MAX = 100


def visibility_in(body: Json) -> Visibility | None:
    """``visibility``, or the older ``private``; None when the body says neither.

    Raises:
        BadRequest: neither public nor private. Hubs without paid plans have nothing "protected".
    """
    named = body.get("visibility")
    if named is None:
        if body.get("private") is None:
            return None
        return Visibility.PRIVATE if flag_field(body, "private") else Visibility.PUBLIC
    words = [visibility.value for visibility in Visibility]
    return Visibility(only(words, str(named), "visibility"))


def _named(body: Json, principal: Principal) -> RepoId:
    """The repository that ``name`` and ``organization`` say; a bare name is the asker's own."""
    name = text_field(body, "name")
    if "/" not in name:
        name = f"{text_field(body, 'organization', '') or principal.name}/{name}"
    return repo_id_in(body.get("type"), name)


def _files(body: Json) -> list[NewFile]:
    given = body.get("files") or []
    if not isinstance(given, list) or len(given) > FILES_MAX:
        msg = f'"files" must be a list of at most {FILES_MAX} files.'
        raise BadRequest(msg)
    found: list[NewFile] = []
    for file in given:
        if not isinstance(file, dict):
            msg = 'Each of "files" must be an object.'
            raise BadRequest(msg)
        content = text_field(file, "content")
        if text_field(file, "encoding", "utf-8") == "base64":
            try:
                raw = base64.b64decode(content, validate=True)
            except (binascii.Error, ValueError) as error:
                msg = "A file's content is not base64."
                raise BadRequest(msg) from error
        else:
            raw = content.encode("utf-8", "replace")
        found.append(NewFile(text_field(file, "path"), raw))
    return found


def made_json(request: Request, repository: Repository) -> Json:
    """What clients read of a repository that was made."""
    name = repository.full_name
    return {"url": url_of(request, repository.repo_id), "name": name, "id": repository.public_id}


async def _create(request: Request) -> Response:
    principal = await signed_in(request)
    body = await json_object(request)
    repo_id = _named(body, principal)
    sdk = body.get("sdk")
    license_id = body.get("license")
    try:
        repository = await ask(
            request,
            hub_of(request).repos.create,
            repo_id,
            visibility_in(body),
            sdk=str(sdk) if sdk is not None and repo_id.kind is RepoKind.SPACE else None,
            files=_files(body),
            license_id=str(license_id) if license_id is not None else None,
        )
    except NameTaken as error:
        # Clients that accept an existing repository read its address from the refusal.
        url = error.url or repo_id.url_path
        raise NameTaken(error.message, url, error.existing_id) from error
    return json_response(made_json(request, repository))


async def _delete(request: Request) -> Response:
    principal = await signed_in(request)
    body = await json_object(request)
    try:
        repo_id = _named(body, principal)
    except InvalidName as error:
        raise RepoNotFound from error
    await ask(request, hub_of(request).repos.delete, repo_id)
    return json_response({"success": True})


async def _move(request: Request) -> Response:
    await signed_in(request)
    body = await json_object(request)
    source = repo_id_in(body.get("type"), body.get("fromRepo"), tuple(RepoKind))
    target = repo_id_in(body.get("type"), body.get("toRepo"), tuple(RepoKind))
    repository = await ask(request, hub_of(request).repos.move, source, target)
    return json_response({"success": True, **made_json(request, repository)})


async def _duplicate(request: Request) -> Response:
    principal = await signed_in(request)
    body = await json_object(request)
    source = repo_id_of(request)
    name = text_field(body, "repository")
    target = repo_id_in(source.kind.value, name if "/" in name else f"{principal.name}/{name}")
    repository = await ask(request, hub_of(request).forks.fork, source, target, visibility_in(body))
    return json_response({**made_json(request, repository), "filesCopyPending": False})


def _nothing(_hub: Hub, _principal: Principal, _repository: Repository) -> None:
    return None


async def _may_read(request: Request) -> Response:
    await answer(request, Action.READ, _nothing)
    return json_response({})


async def _may_write(request: Request) -> Response:
    await answer(request, Action.WRITE, _nothing)
    return json_response({})


def _row(repository: Repository) -> Json:
    return {
        "id": repository.full_name,
        "type": repository.kind.value,
        "updatedAt": date_text(repository.modified_at),
        "visibility": repository.visibility.value,
        "storage": repository.used_bytes,
        "storagePercent": 0,
    }


async def _mine(request: Request) -> Response:
    """Every repository of a namespace with what it takes, largest first."""
    principal = await signed_in(request)
    namespace = request.path_params.get("account", principal.name)
    hub = hub_of(request)
    query = last_values(query_of(request))
    kinds = [RepoKind(query["type"])] if query.get("type") in set(RepoKind) else list(RepoKind)

    def work(principal: Principal) -> list[Repository]:
        hub.accounts.find_account(namespace)
        found: list[Repository] = []
        for kind in kinds:
            cursor = None
            while True:
                asked = ListQuery(author=namespace, sort=Sort.CREATED_AT, cursor=cursor)
                page = hub.search.list(principal, kind, asked)
                found.extend(page.repositories)
                cursor = page.next_cursor
                if cursor is None:
                    break
        return found

    repositories = await ask(request, work)
    repositories.sort(key=lambda repository: -repository.used_bytes)
    total = sum(repository.used_bytes for repository in repositories) or 1
    rows = [
        {**_row(repository), "storagePercent": repository.used_bytes / total}
        for repository in repositories
    ]
    return json_response(rows)


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        route(
            "POST",
            "/api/repos/create",
            _create,
            "create repository",
            body_max_bytes=CREATE_BODY_MAX_BYTES,
        ),
        route("DELETE", "/api/repos/delete", _delete, "delete repository"),
        route("POST", "/api/repos/move", _move, "move repository"),
        route("POST", f"{REPOSITORY}/duplicate", _duplicate, "duplicate repository"),
        route("GET", f"{REPOSITORY}/auth-check", _may_read, "may read"),
        route("GET", f"{REPOSITORY}/auth-check/write", _may_write, "may write"),
        route("GET", "/api/settings/repositories", _mine, "own repositories"),
        route(
            "GET",
            "/api/organizations/{account}/settings/repositories",
            _mine,
            "organisation repositories",
        ),
    ]
