"""The Xet door, what goes out: how a file is rebuilt, and the records that it is made of.

Knows that whoever was told of records may read just these, by the address alone. Source: Xet
protocol, HTTP surface.
"""

from __future__ import annotations

import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import Forbidden, NotFound, RangeNotSatisfiable, Unauthenticated
from groundswell.core.policy import Action
from groundswell.core.values import ByteRange
from groundswell.http.accel import hand_over
from groundswell.http.auth import hub_of
from groundswell.http.errors import json_response
from groundswell.http.origin import base_url
from groundswell.http.routing import Route
from groundswell.http.stream import Content, ContentResponse, answer_content, asked_ranges
from groundswell.http.threads import hop
from groundswell.http.xet.door import GET, admit, route
from groundswell.hub.blobs import Pass, XetScope
from groundswell.wire.hashing import hash_from_hex
from groundswell.wire.ranges import content_range
from groundswell.wiring import Hub

_RECORDS: Final = "xet-records"
RECORDS_TTL_SECONDS: Final = 3600
_RECORDS_HEADERS: Final = {"Cache-Control": "private, max-age=3600"}
_RANGE: Final = re.compile(r"bytes=([0-9]{1,18})-([0-9]{0,18})", re.ASCII)


async def _reconstruct_v1(request: Request) -> Response:
    return await _reconstruct(request, 1)


async def _reconstruct_v2(request: Request) -> Response:
    return await _reconstruct(request, 2)


async def _reconstruct(request: Request, version: int) -> Response:
    held = await admit(request, XetScope.READ)
    file_hash = request.path_params["hash"]
    hash_from_hex(file_hash)
    wanted = _wanted(request.headers.get("range"))
    here = f"{base_url(request)}/xet/{request.path_params['domain']}/{request.path_params['epoch']}"
    told = await hop(_tell, hub_of(request), held, file_hash, wanted, version, here)
    return json_response(told, headers={"Cache-Control": "private, no-store"})


def _tell(
    hub: Hub, held: Pass, file_hash: str, wanted: ByteRange | None, version: int, here: str
) -> dict[str, Any]:
    def url_for(xorb_hash: str, first_byte: int, last_byte: int) -> str:
        size = hub.blobs.plan_records(xorb_hash).size_bytes
        facts = {"xorb": xorb_hash, "first": first_byte, "last": last_byte, "size": size}
        signed = hub.blobs.passes.seal(
            _RECORDS, held.principal, held.repository.id, facts, RECORDS_TTL_SECONDS
        )
        return f"{here}/records/{xorb_hash}?signature={signed}"

    at = hub.blobs.records_url if hub.blobs.signs_addresses else url_for
    return hub.blobs.reconstruction(held.repository.id, file_hash, wanted, version, at)


def _wanted(header: str | None) -> ByteRange | None:
    """The one range of the file that a client asks for; None for all of it."""
    if header is None:
        return None
    found = _RANGE.fullmatch(header.replace(" ", ""))
    if found is None:
        raise RangeNotSatisfiable(0)
    start = int(found[1])
    stop = int(found[2]) + 1 if found[2] else 1 << 60
    if stop <= start:
        raise RangeNotSatisfiable(0)
    return ByteRange(start, stop)


async def _records(request: Request) -> Response:
    """Records of a xorb, by a signed URL: whatever is wrong with it, clients want a 403."""
    hub = hub_of(request)
    signed = request.query_params.get("signature", "")
    try:
        held = await hop(hub.blobs.passes.unseal, _RECORDS, signed, Action.READ)
    except (Unauthenticated, Forbidden, NotFound) as error:
        raise Forbidden from error
    key = request.path_params["hash"]
    first, last = held.facts["first"], held.facts["last"]
    if held.facts["xorb"] != key:
        raise Forbidden
    plan = await hop(hub.blobs.plan_records, key)
    # Stored anew since, other bytes lie at these places: the client asks for them again.
    if plan.size_bytes != held.facts["size"]:
        raise Forbidden
    granted = ByteRange(first, last + 1)
    away = await hand_over(request, plan, granted, _RECORDS_HEADERS)
    if away is not None:
        return away
    content = Content(plan, plan.size_bytes, key, "application/octet-stream", _RECORDS_HEADERS)
    ranges = asked_ranges(request, plan.size_bytes, key)
    if ranges is None:
        headers = {
            **_RECORDS_HEADERS,
            "Content-Type": content.media_type,
            "Content-Length": str(granted.size_bytes),
            "Content-Range": content_range(granted, plan.size_bytes),
        }
        return ContentResponse(request, plan, [granted], 206, headers)
    if any(part.start < granted.start or part.stop > granted.stop for part in ranges):
        raise Forbidden
    return answer_content(request, content)


def routes() -> list[Route]:
    """Addresses of this part, today's and those of older clients."""
    return [
        route(GET, "/v2/reconstructions/{hash}", _reconstruct_v2, "xet reconstruction"),
        *(
            route(GET, path + "/{hash}", _reconstruct_v1, "xet reconstruction")
            for path in ("/v1/reconstructions", "/reconstructions", "/reconstruction")
        ),
        route(GET, "/records/{hash}", _records, "xet records"),
    ]
