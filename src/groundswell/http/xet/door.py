"""What the parts of the Xet door share: who calls, how an error looks, and what a route is.

Knows the address of a content store, and that who may do what is decided by passes, checked again
at each call.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import (
    Corrupt,
    Gone,
    GroundswellError,
    InvalidCredentials,
    NotFound,
    Unauthenticated,
)
from groundswell.http.auth import hub_of
from groundswell.http.errors import json_response
from groundswell.http.routing import Door, Endpoint, Route
from groundswell.http.threads import hop
from groundswell.hub.blobs import Pass, XetScope

SMALL_BODY_BYTES: Final = 1024 * 1024
GET: Final = ("GET",)
POST: Final = ("POST",)
HASHED: Final = "/{prefix}/{hash}"

_EPOCH: Final = re.compile(r"e([0-9]{1,19})", re.ASCII)
_DOMAIN: Final = re.compile(r"n[0-9]{1,19}|r[0-9]{1,19}u[0-9]{1,19}", re.ASCII)
_AT: Final = "/xet/{domain}/{epoch}"


def _render(request: Request, error: GroundswellError) -> Response:
    """An error as this protocol knows it: the status is what counts."""
    del request
    headers = {"WWW-Authenticate": "Bearer"} if error.status == Unauthenticated.status else {}
    # Clients ask again for minutes after any 5xx: what is broken at rest does not heal by that.
    status = Gone.status if isinstance(error, Corrupt) else error.status
    return json_response({"error": error.message, "code": error.code}, status, headers)


DOOR: Final = Door("xet", _render, hides_methods=True)


async def admit(request: Request, scope: XetScope) -> Pass:
    """Who calls, with the rights of this moment.

    Raises:
        InvalidCredentials, NotFound, Forbidden: as ``Passes.admit``.
    """
    parameters = request.path_params
    epoch = _EPOCH.fullmatch(parameters["epoch"])
    if epoch is None or not _DOMAIN.fullmatch(parameters["domain"]):
        raise NotFound
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise InvalidCredentials
    admit = hub_of(request).blobs.passes.admit
    held = await hop(admit, token.strip(), parameters["domain"], int(epoch[1]), scope)
    request.scope["principal"] = held.principal
    return held


def route(
    methods: tuple[str, ...],
    pattern: str,
    endpoint: Endpoint,
    name: str,
    body_max_bytes: int = 0,
    *,
    takes_content: bool = False,
) -> Route:
    """One address of the content store. ``takes_content``: also where the body itself is small."""
    return Route(
        methods,
        _AT + pattern,
        endpoint,
        DOOR,
        name,
        body_max_bytes=body_max_bytes,
        takes_content=takes_content or body_max_bytes > SMALL_BODY_BYTES,
    )
