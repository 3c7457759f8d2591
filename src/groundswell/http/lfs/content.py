"""Where LFS content is sent and fetched: signed addresses that need no credential.

A signature is a pass: whoever it was given to must still have the right when it is used.
"""

from __future__ import annotations

import hashlib
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import (
    BlobNotFound,
    Forbidden,
    NotFound,
    Unauthenticated,
    WrongContent,
)
from groundswell.core.policy import Action
from groundswell.http.auth import hub_of
from groundswell.http.bodies import declared_length, json_object
from groundswell.http.lfs.batch import FILE_BYTES_MAX
from groundswell.http.lfs.door import (
    COMPLETE,
    DOWNLOAD,
    PART,
    UPLOAD,
    VERIFY,
    lfs_response,
    repository_routes,
)
from groundswell.http.receive import receiving, upload_place
from groundswell.http.routing import Route
from groundswell.http.stream import Content, answer_content
from groundswell.http.threads import hop
from groundswell.hub.blobs import Blob, Pass
from groundswell.wire.lfs import parse_completion, parse_object
from groundswell.wiring import Hub

_COMPLETION_BYTES_MAX: Final = 2 * 1024 * 1024


async def _holder(request: Request, purpose: str, action: Action) -> Pass:
    """Who was given this address, when the right is still theirs.

    Raises:
        Forbidden: the signature does not fit, has expired, or its holder may not any more.
    """
    request.scope["asks_anonymously"] = False  # no credential belongs here: a 401 would ask for one
    signature = request.query_params.get("signature", "")
    try:
        held = await hop(hub_of(request).blobs.passes.unseal, purpose, signature, action)
    except (Unauthenticated, NotFound) as error:
        raise Forbidden from error
    return held


async def _upload(request: Request) -> Response:
    """PUT of one object, whole."""
    async with receiving(request) as incoming:
        held = await _holder(request, UPLOAD, Action.CONTRIBUTE)
        sha256, size_bytes = held.facts["sha256"], held.facts["size"]
        if sha256 != request.path_params["oid"]:
            raise Forbidden
        if declared_length(request.scope) not in {None, size_bytes}:
            msg = f"{size_bytes} bytes were announced."
            raise WrongContent(msg)
        blobs = hub_of(request).blobs
        ingest = await hop(blobs.begin_ingest, held.domain, held.repository.id, held.account_id)

        def write(block: bytearray) -> None:
            if ingest.size_bytes + len(block) > size_bytes:
                msg = f"More than the {size_bytes} bytes came that were announced."
                raise WrongContent(msg)
            ingest.write(block)

        try:
            async with upload_place(request):
                await incoming.into(write)
            await hop(ingest.finish, sha256, size_bytes)
        finally:
            await hop(ingest.discard)
    return Response(status_code=200)


async def _upload_part(request: Request) -> Response:
    """PUT of one part; its ETag is named again in the completion."""
    async with receiving(request) as incoming:
        held = await _holder(request, PART, Action.CONTRIBUTE)
        upload_id, number = held.facts["upload"], held.facts["part"]
        if (upload_id, str(number)) != (request.path_params["upload"], request.path_params["part"]):
            raise Forbidden
        blobs = hub_of(request).blobs
        upload = await hop(blobs.multipart.find, upload_id)
        if declared_length(request.scope) not in {None, upload.bytes_of(number)}:
            msg = f"Part {number} has {upload.bytes_of(number)} bytes."
            raise WrongContent(msg)
        spooled = await hop(blobs.spool, upload.bytes_of(number))
        hasher = hashlib.sha256()

        def write(block: bytearray) -> None:
            hasher.update(block)
            spooled.write(block)

        try:
            async with upload_place(request):
                await incoming.into(write)
            etag = hasher.hexdigest()
            await hop(blobs.multipart.keep_part, upload, number, spooled, etag)
        finally:
            spooled.discard()
    return Response(status_code=200, headers={"ETag": f'"{etag}"'})


async def _complete(request: Request) -> Response:
    """POST that ends an upload in parts. Sent again, it succeeds again."""
    held = await _holder(request, COMPLETE, Action.CONTRIBUTE)
    if held.facts["upload"] != request.path_params["upload"]:
        raise Forbidden
    etags = parse_completion(await json_object(request))
    await hop(_join, hub_of(request), held, etags)
    return lfs_response({})


def _join(hub: Hub, held: Pass, etags: list[str]) -> Blob:
    sha256 = held.facts["sha256"]
    done = hub.blobs.claimed_or_linked(held.repository.id, held.account_id, [sha256])
    if sha256 in done and not hub.blobs.broken(done):
        return done[sha256]
    upload = hub.blobs.multipart.find(held.facts["upload"])
    return hub.blobs.complete_upload(held.domain, upload, etags)


async def _verify(request: Request) -> Response:
    """POST that asks whether an object came whole. git-lfs sends no credential with it."""
    held = await _holder(request, VERIFY, Action.CONTRIBUTE)
    wanted = parse_object(await json_object(request))
    if (wanted.sha256, wanted.size_bytes) != (held.facts["sha256"], held.facts["size"]):
        raise Forbidden
    blobs, of = hub_of(request).blobs, (held.repository.id, held.account_id)
    found = await hop(blobs.claimed_or_linked, *of, [wanted.sha256])
    if wanted.sha256 not in found:
        raise BlobNotFound
    return lfs_response({})


async def _download(request: Request) -> Response:
    held = await _holder(request, DOWNLOAD, Action.READ)
    sha256 = held.facts["sha256"]
    if sha256 != request.path_params["oid"]:
        raise Forbidden
    plan = await hop(hub_of(request).blobs.plan, held.repository.id, sha256)
    headers = {
        "Cache-Control": "private, no-cache",
        "Content-Disposition": "attachment",
    }
    content = Content(plan, plan.size_bytes, sha256, "application/octet-stream", headers)
    return answer_content(request, content)


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        *repository_routes(
            ("PUT",),
            "objects/{oid}",
            _upload,
            "lfs upload",
            body_max_bytes=FILE_BYTES_MAX,
            takes_content=True,
        ),
        *repository_routes(("GET",), "objects/{oid}", _download, "lfs download"),
        *repository_routes(("POST",), "objects/verify", _verify, "lfs verify"),
        *repository_routes(
            ("PUT",),
            "parts/{upload}/{part}",
            _upload_part,
            "lfs part",
            body_max_bytes=FILE_BYTES_MAX,
            takes_content=True,
        ),
        *repository_routes(
            ("POST",),
            "uploads/{upload}",
            _complete,
            "lfs complete",
            body_max_bytes=_COMPLETION_BYTES_MAX,
        ),
    ]
