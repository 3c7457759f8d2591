"""The Hub API's buckets: made, looked into, changed by batches, deleted (Hub API 17)."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import InvalidName, Malformed, RepoNotFound, Unauthenticated
from groundswell.core.policy import Action
from groundswell.core.values import Principal, RepoId, RepoKind, Visibility
from groundswell.http.auth import ask, hub_of, signed_in
from groundswell.http.bodies import flag_field, json_object
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import page_of, page_response, query_of, route, url_of
from groundswell.http.hub_api.repositories import visibility_in
from groundswell.http.hub_api.xet_tokens import token_response
from groundswell.http.origin import base_url
from groundswell.http.routing import Route
from groundswell.hub.blobs import XetScope, XetToken
from groundswell.hub.buckets import Bucket, BucketFile, BucketFolder, BucketPage
from groundswell.hub.cursors import PAGE_ROWS_MAX
from groundswell.wire.hub_api.bucket import BATCH_BYTES_MAX, file_json, parse_batch
from groundswell.wire.hub_api.text import date_text, last_values
from groundswell.wiring import Hub

Json = dict[str, Any]

BUCKET: Final = "/api/buckets/{ns}/{name}"
_MYSELF: Final = "me"


def bucket_id_of(request: Request) -> RepoId:
    """The bucket that the path names.

    Raises:
        RepoNotFound: a name that no bucket can have is simply not there.
    """
    parameters = request.path_params
    try:
        return RepoId.parse(RepoKind.BUCKET, f"{parameters['ns']}/{parameters['name']}")
    except InvalidName as error:
        raise RepoNotFound from error


def _namespace(principal: Principal, name: str) -> str:
    """The namespace of that name; ``me`` is the asker's own.

    Raises:
        Unauthenticated: the anonymous has none.
    """
    if name != _MYSELF:
        return name
    if principal.is_anonymous:
        raise Unauthenticated
    return principal.name


def _bucket_json(bucket: Bucket) -> Json:
    repository = bucket.repository
    return {
        "_id": repository.public_id,
        "id": repository.full_name,
        "author": repository.repo_id.namespace,
        "private": repository.is_private,
        "createdAt": date_text(repository.created_at),
        "updatedAt": date_text(repository.modified_at),
        "size": bucket.size_bytes,
        "totalFiles": bucket.file_count,
    }


def _item_json(item: BucketFile | BucketFolder) -> Json:
    if isinstance(item, BucketFolder):
        return {"type": "directory", "path": item.path}
    return file_json(item.path, item.size_bytes, item.file_hash, item.changed_at, item.uploaded_at)


# --- buckets as wholes ----------------------------------------------------------------------------


async def _create(request: Request) -> Response:
    principal = await signed_in(request)
    body = await json_object(request)
    namespace = _namespace(principal, request.path_params["ns"])
    wanted = RepoId.parse(RepoKind.BUCKET, f"{namespace}/{request.path_params['name']}")
    create = hub_of(request).repos.create_bucket
    made = await ask(request, create, wanted, visibility_in(body))
    told = {"url": url_of(request, made.repo_id), "name": made.full_name, "id": made.public_id}
    return json_response(told)


async def _info(request: Request) -> Response:
    bucket = await ask(request, hub_of(request).buckets.get, bucket_id_of(request))
    return json_response(_bucket_json(bucket))


async def _delete(request: Request) -> Response:
    await ask(request, hub_of(request).repos.delete, bucket_id_of(request))
    return json_response({"success": True})


async def _settings(request: Request) -> Response:
    body = await json_object(request)
    visibility = visibility_in(body)
    change = hub_of(request).repos.update_settings
    changed = await ask(request, change, bucket_id_of(request), visibility=visibility)
    return json_response({"private": changed.visibility is Visibility.PRIVATE})


async def _list(request: Request) -> Response:
    cursor, limit = page_of(request)
    word = last_values(query_of(request)).get("search", "")
    hub = hub_of(request)

    def work(principal: Principal) -> BucketPage:
        namespace = _namespace(principal, request.path_params["ns"])
        return hub.buckets.list(principal, namespace, word, cursor, limit)

    page = await ask(request, work)
    return page_response(request, [_bucket_json(each) for each in page.buckets], page.next_cursor)


# --- what is in them ------------------------------------------------------------------------------


def _prefix_of(request: Request) -> str:
    """What the paths shall begin with, letter by letter: also a slash at its end is meant."""
    prefix: str = request.path_params.get("path", "")
    raw = (request.scope.get("raw_path") or b"").partition(b"?")[0].lower()
    return f"{prefix}/" if prefix and raw.endswith(b"%2f") else prefix


async def _tree(request: Request) -> Response:
    asked = last_values(query_of(request))
    _, limit = page_of(request)
    page = await ask(
        request,
        hub_of(request).buckets.tree,
        bucket_id_of(request),
        _prefix_of(request),
        recursive=flag_field(asked, "recursive", default=True),
        cursor=asked.get("cursor") or None,
        limit=limit if "limit" in asked else PAGE_ROWS_MAX,
    )
    return page_response(request, [_item_json(each) for each in page.items], page.next_cursor)


async def _paths_info(request: Request) -> Response:
    paths = (await json_object(request)).get("paths")
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise Malformed("JSON body", '"paths" must be a list of strings')
    find = hub_of(request).buckets.paths_info
    found = await ask(request, find, bucket_id_of(request), paths)
    return json_response([_item_json(each) for each in found])


async def _batch(request: Request) -> Response:
    """Clients read the failures from a success, and from a 422 when nothing succeeded."""
    await signed_in(request)
    operations = parse_batch(await request.body())
    change = hub_of(request).buckets.batch
    result = await ask(request, change, bucket_id_of(request), operations)
    failed = [{"path": each.path, "error": each.reason} for each in result.failures]
    succeeded = result.operation_count - len(failed)
    told = {
        "success": not failed,
        "processed": result.operation_count,
        "succeeded": succeeded,
        "failed": failed,
    }
    return json_response(told, 422 if failed and not succeeded else 200)


# --- the way to contents --------------------------------------------------------------------------


def _token(
    principal: Principal, hub: Hub, bucket_id: RepoId, scope: XetScope, base: str
) -> XetToken:
    """Nobody proposes anything to a bucket: who sends may write."""
    action = Action.WRITE if scope is XetScope.WRITE else Action.READ
    bucket = hub.repos.find(principal, bucket_id, action)
    return hub.blobs.issue_xet_token(principal, bucket, scope, base)


async def _read_token(request: Request) -> Response:
    there = (hub_of(request), bucket_id_of(request))
    return token_response(await ask(request, _token, *there, XetScope.READ, base_url(request)))


async def _write_token(request: Request) -> Response:
    there = (hub_of(request), bucket_id_of(request))
    return token_response(await ask(request, _token, *there, XetScope.WRITE, base_url(request)))


def routes() -> list[Route]:
    """Addresses of this part."""
    tree = f"{BUCKET}/tree"
    return [
        route("GET", "/api/buckets/{ns}", _list, "list buckets"),
        route("POST", BUCKET, _create, "create bucket"),
        route("GET", BUCKET, _info, "bucket"),
        route("DELETE", BUCKET, _delete, "delete bucket"),
        route("PUT", f"{BUCKET}/settings", _settings, "bucket settings"),
        route("GET", tree, _tree, "bucket tree"),
        route("GET", f"{tree}/{{path*}}", _tree, "bucket tree", takes_prefix=True),
        route("POST", f"{BUCKET}/paths-info", _paths_info, "bucket paths info"),
        route("POST", f"{BUCKET}/batch", _batch, "bucket batch", body_max_bytes=BATCH_BYTES_MAX),
        route("GET", f"{BUCKET}/xet-read-token", _read_token, "bucket read token"),
        route("GET", f"{BUCKET}/xet-write-token", _write_token, "bucket write token"),
    ]
