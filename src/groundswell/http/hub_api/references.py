"""The Hub API's references: branches, tags, squashing, and the large files of a repository."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest, RepoMoved
from groundswell.core.policy import Action
from groundswell.core.values import Principal, RepoId, is_sha256
from groundswell.http.bodies import count_field, flag_field, json_object, text_field
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import REPOSITORY, answer, here, query_of, repo_id_in, route
from groundswell.http.routing import Route
from groundswell.hub.references import LargeFilePage, Ref, RefList
from groundswell.hub.repos import Repository
from groundswell.wire.hub_api.text import date_text, last_values, next_link
from groundswell.wiring import Hub

Json = dict[str, Any]

LARGE_FILES_PAGE: Final = 1000
DELETIONS_MAX: Final = 1000


def _refs(
    hub: Hub, _principal: Principal, repository: Repository, *, pull_requests: bool
) -> RefList:
    return hub.references.list(repository, pull_requests=pull_requests)


def _ref_items(refs: Sequence[Ref]) -> list[Json]:
    return [{"name": ref.name, "ref": ref.ref, "targetCommit": ref.target_commit} for ref in refs]


async def _list_refs(request: Request) -> Response:
    wants_requests = flag_field(last_values(query_of(request)), "include_prs")
    refs = await answer(request, Action.SEE, _refs, pull_requests=wants_requests)
    body: Json = {
        "branches": _ref_items(refs.branches),
        "converts": _ref_items(refs.converts),
        "tags": _ref_items(refs.tags),
    }
    if wants_requests:
        body["pullRequests"] = _ref_items(refs.pull_requests)
    return json_response(body)


def _create_branch(
    hub: Hub, principal: Principal, repository: Repository, branch: str, body: Json
) -> None:
    hub.references.create_branch(
        principal,
        repository,
        branch,
        text_field(body, "startingPoint", "") or None,
        empty=flag_field(body, "emptyBranch"),
        overwrite=flag_field(body, "overwrite"),
    )


async def _new_branch(request: Request) -> Response:
    body = await json_object(request)
    await answer(request, Action.WRITE, _create_branch, request.path_params["branch"], body)
    return json_response({"success": True})


def _delete_branch(hub: Hub, principal: Principal, repository: Repository, branch: str) -> None:
    hub.references.delete_branch(principal, repository, branch)


async def _drop_branch(request: Request) -> Response:
    await answer(request, Action.WRITE, _delete_branch, request.path_params["branch"])
    return json_response({"success": True})


def _create_tag(
    hub: Hub,
    principal: Principal,
    repository: Repository,
    revision: str,
    tag: str,
    message: str | None,
) -> None:
    hub.references.create_tag(principal, repository, revision, tag, message)


async def _new_tag(request: Request) -> Response:
    body = await json_object(request)
    await answer(
        request,
        Action.WRITE,
        _create_tag,
        request.path_params["rev"],
        text_field(body, "tag"),
        text_field(body, "message", "") or None,
    )
    return json_response({"success": True})


def _delete_tag(hub: Hub, principal: Principal, repository: Repository, tag: str) -> None:
    hub.references.delete_tag(principal, repository, tag)


async def _drop_tag(request: Request) -> Response:
    await answer(request, Action.WRITE, _delete_tag, request.path_params["rev"])
    return json_response({"success": True})


def _super_squash(
    hub: Hub, principal: Principal, repository: Repository, branch: str, message: str
) -> str:
    return hub.references.super_squash(principal, repository, branch, message)


async def _squash(request: Request) -> Response:
    body = await json_object(request)
    branch = request.path_params["branch"]
    message = text_field(body, "message", "")
    commit = await answer(request, Action.WRITE, _super_squash, branch, message)
    return json_response({"success": True, "commitOid": commit})


def _large_files(
    hub: Hub, _principal: Principal, repository: Repository, limit: int, cursor: str | None
) -> LargeFilePage:
    return hub.references.lfs_files(repository, limit=limit, cursor=cursor)


async def _list_large_files(request: Request) -> Response:
    query = query_of(request)
    last = last_values(query)
    limit = max(1, count_field(last, "limit", LARGE_FILES_PAGE, LARGE_FILES_PAGE))
    cursor = last.get("cursor") or None
    page = await answer(request, Action.WRITE, _large_files, limit, cursor)
    items = [
        {
            "fileOid": file.sha256,
            "oid": file.sha256,
            "filename": file.path,
            "size": file.size_bytes,
            "pushedAt": date_text(file.linked_at),
            "ref": "refs/heads/main",
            "pusher": None,
        }
        for file in page.files
    ]
    headers = {}
    if page.next_cursor is not None:
        headers["Link"] = next_link(here(request), query, {"cursor": page.next_cursor})
    return json_response(items, headers=headers)


def _delete_large_files(
    hub: Hub,
    principal: Principal,
    repository: Repository,
    sha256s: list[str],
    *,
    rewrite_history: bool,
) -> None:
    hub.references.delete_lfs_files(principal, repository, sha256s, rewrite_history=rewrite_history)


def _duplicate(
    hub: Hub,
    principal: Principal,
    source: Repository,
    target_id: RepoId,
    sha256s: list[str],
) -> Sequence[str]:
    try:
        target = hub.repos.find(principal, target_id, Action.WRITE)
    except RepoMoved as moved:  # a redirect of the request would follow the source's name
        target_id = RepoId(target_id.kind, moved.namespace, moved.name)
        target = hub.repos.find(principal, target_id, Action.WRITE)
    return hub.references.duplicate_lfs_files(source, target, sha256s, principal.account_id)


async def _duplicate_large_files(request: Request) -> Response:
    """Give another repository contents of this one: the first half of a copy between the two."""
    body = await json_object(request)
    target, files = body.get("target"), body.get("files")
    if not isinstance(target, dict) or not isinstance(files, list) or len(files) > DELETIONS_MAX:
        msg = f'"target" and at most {DELETIONS_MAX} "files" are needed.'
        raise BadRequest(msg)
    sha256s: list[str] = []
    for file in files:
        sha = file.get("sha256") if isinstance(file, dict) else None
        if not isinstance(sha, str) or not is_sha256(sha):
            msg = 'Each file needs its "sha256".'
            raise BadRequest(msg)
        sha256s.append(sha)
    target_id = repo_id_in(target.get("type"), target.get("name"))
    missing = set(await answer(request, Action.READ, _duplicate, target_id, sha256s))
    why = "The source repository does not hold this content."
    failed = [{"sha256": sha, "error": why} for sha in sha256s if sha in missing]
    return json_response({"success": not failed, "failed": failed})


async def _drop_large_files(request: Request) -> Response:
    body = await json_object(request)
    deletions = body.get("deletions")
    sha256s = deletions.get("sha") if isinstance(deletions, dict) else None
    if not isinstance(deletions, dict) or not isinstance(sha256s, list):
        msg = '"deletions" must be an object with a list "sha".'
        raise BadRequest(msg)
    if len(sha256s) > DELETIONS_MAX or not all(
        isinstance(sha, str) and is_sha256(sha) for sha in sha256s
    ):
        msg = f'"sha" must be a list of at most {DELETIONS_MAX} sha256.'
        raise BadRequest(msg)
    rewrite = flag_field(deletions, "rewriteHistory")
    await answer(request, Action.ADMINISTER, _delete_large_files, sha256s, rewrite_history=rewrite)
    return json_response({"success": True})


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        route("GET", f"{REPOSITORY}/refs", _list_refs, "refs"),
        route("POST", f"{REPOSITORY}/branch/{{branch}}", _new_branch, "create branch"),
        route("DELETE", f"{REPOSITORY}/branch/{{branch}}", _drop_branch, "delete branch"),
        route("POST", f"{REPOSITORY}/tag/{{rev}}", _new_tag, "create tag"),
        route("DELETE", f"{REPOSITORY}/tag/{{rev}}", _drop_tag, "delete tag"),
        route("POST", f"{REPOSITORY}/super-squash/{{branch}}", _squash, "super squash"),
        route("GET", f"{REPOSITORY}/lfs-files", _list_large_files, "large files"),
        route("POST", f"{REPOSITORY}/lfs-files/batch", _drop_large_files, "delete large files"),
        route(
            "POST",
            f"{REPOSITORY}/lfs-files/duplicate",
            _duplicate_large_files,
            "duplicate large files",
        ),
    ]
