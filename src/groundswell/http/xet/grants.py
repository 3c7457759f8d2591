"""The Xet door, uploads past the hub: a grant to put a xorb into the object storage, its commit.

Knows that a 404 means "send it to the hub itself" to one question and "ask for another grant" to
the other. The bytes of a commit travel from the storage into the spool as a body would, in pieces
between which nothing is held.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import NotFound
from groundswell.http.auth import hub_of
from groundswell.http.bodies import json_object
from groundswell.http.errors import json_response
from groundswell.http.metrics import GRANTED
from groundswell.http.receive import upload_place
from groundswell.http.routing import Route
from groundswell.http.threads import begin_read, hop
from groundswell.http.xet.door import HASHED, POST, admit, route
from groundswell.hub.blobs import Staged, XetScope
from groundswell.wire.hashing import hash_from_hex
from groundswell.wire.upload_grant import WantedGrant, grant_json

_BODY_BYTES_MAX: Final = 16 * 1024


async def _grant(request: Request) -> Response:
    await request.body()  # also where it is not looked at: who is cut off takes it for a fault
    held = await admit(request, XetScope.WRITE)
    grants = hub_of(request).blobs.grants
    if not grants.are_given:
        raise NotFound
    key = request.path_params["hash"]
    hash_from_hex(key)
    wanted = WantedGrant.parse(await json_object(request))
    grant = await hop(grants.offer, held, key, wanted.size_bytes, wanted.crc64nvme)
    if grant is None:
        return Response(status_code=200)
    address = grant.address
    told = grant_json(grant.id, address.method, address.url, address.headers)
    return json_response(told, 201, {"Cache-Control": "no-store"})


async def _commit(request: Request) -> Response:
    await request.body()  # none is expected
    held = await admit(request, XetScope.WRITE)
    key = request.path_params["hash"]
    blobs = hub_of(request).blobs
    staged = await hop(blobs.grants.find, held, key, request.path_params["grant"])
    if staged is None:
        return json_response({"was_inserted": False})
    spooled = await hop(blobs.spool, staged.size_bytes)
    try:
        async with upload_place(request):
            await _fetch(staged, spooled.write)
        is_new = await hop(blobs.grants.receive, held, key, staged, spooled)
    finally:
        spooled.discard()
    return json_response({"was_inserted": is_new})


async def _fetch(staged: Staged, write: Callable[[bytes], object]) -> None:
    """Hand on what was staged; one piece is written while the next one is read."""
    offset = 0
    following = begin_read(staged.read, offset)
    try:
        while piece := await following:
            offset += len(piece)
            following = begin_read(staged.read, offset)
            await hop(write, piece)
    finally:
        following.cancel()  # nobody waits for it, when writing failed
    GRANTED.inc(offset)


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        route(POST, "/v1/xorb-grants" + HASHED, _grant, "xet grant", _BODY_BYTES_MAX),
        route(
            POST,
            f"/v1/xorb-commits{HASHED}/grant/{{grant}}",
            _commit,
            "xet commit",
            _BODY_BYTES_MAX,
            takes_content=True,
        ),
    ]
