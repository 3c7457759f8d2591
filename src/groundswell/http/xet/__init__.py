"""The Xet door: the content store as hf_xet of every release calls it.

Knows the paths, their old names, and what a client takes for "not supported" (404, never 405). Who
may do what is decided by passes, checked again at each call. Source: Xet protocol, HTTP surface.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import NotFound
from groundswell.http.receive import receiving
from groundswell.http.routing import Route
from groundswell.http.xet import downloads, grants, uploads
from groundswell.http.xet.door import DOOR, POST, SMALL_BODY_BYTES, route
from groundswell.wire.xorb import XORB_BYTES_MAX

_EVERY_METHOD: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


async def _take_telemetry(request: Request) -> Response:
    """Clients report how fast they were: read, so that they are not cut off, and forgotten."""
    async with receiving(request) as incoming:
        await incoming.drain()
    return Response(status_code=200)


async def _absent(request: Request) -> Response:
    async with receiving(request):
        raise NotFound


def routes() -> list[Route]:
    """Every address of this door, today's and those of older clients."""
    telemetry = "xet telemetry"
    # Some releases report to the hub's own address instead of the store's.
    at_root = Route(
        POST, "/v1/telemetry", _take_telemetry, DOOR, telemetry, body_max_bytes=SMALL_BODY_BYTES
    )
    # Whatever else is asked for is not supported: anything but 404 would end a client's transfer.
    everything_else = Route(
        _EVERY_METHOD, "/xet/{rest*}", _absent, DOOR, "xet absent", body_max_bytes=XORB_BYTES_MAX
    )
    return [
        *uploads.routes(),
        *grants.routes(),
        *downloads.routes(),
        route(POST, "/v1/telemetry", _take_telemetry, telemetry, SMALL_BODY_BYTES),
        at_root,
        everything_else,
    ]
