"""Stored bytes that the proxy before the hub sends: nginx is told which file (X-Accel-Redirect).

nginx takes the range from the client's own request, so the hub gives a request away only when
nginx must read it as the hub did: one range, written out, inside what was granted, and no condition
that would make it send the whole file. Does not know who may read, nor what was checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.values import ByteRange, RecordsPlan
from groundswell.http.auth import hub_of
from groundswell.http.origin import came_through_proxy
from groundswell.http.threads import hop

_EXACT: Final = re.compile(r"bytes=([0-9]{1,18})-([0-9]{1,18})", re.ASCII)
_CONDITIONS: Final = (
    "if-range",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
)


async def hand_over(
    request: Request, plan: RecordsPlan, granted: ByteRange, headers: Mapping[str, str]
) -> Response | None:
    """The answer that makes nginx send what is asked for, within ``granted``; None when the hub
    has to send it.
    """
    hub = hub_of(request)
    prefix = hub.settings.accel_prefix
    if prefix is None or not came_through_proxy(request):
        return None
    wanted = _exact_range(request)
    if wanted is None or wanted.start < granted.start or wanted.stop > granted.stop:
        return None
    place = await hop(hub.blobs.place_of, plan, wanted.start, wanted.stop)
    if place is None:
        return None
    return Response(
        headers={**headers, "X-Accel-Redirect": f"{prefix}/{place}"},
        media_type="application/octet-stream",
    )


def _exact_range(request: Request) -> ByteRange | None:
    """The range of a request that can be read in one way only."""
    if request.method != "GET" or any(name in request.headers for name in _CONDITIONS):
        return None
    found = [_EXACT.fullmatch(each) for each in request.headers.getlist("range")]
    if len(found) != 1 or found[0] is None:
        return None
    start, last = int(found[0][1]), int(found[0][2])
    return ByteRange(start, last + 1) if start <= last else None
