"""The hub's own description, for programs: OpenAPI, made from its routes when somebody asks."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from groundswell.http.description import document
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import route
from groundswell.http.routing import Route
from groundswell.http.threads import hop


async def _describe(request: Request) -> Response:
    """This document."""
    state = request.app.state
    if not hasattr(state, "description"):
        state.description = await hop(document, state.routes)
    return json_response(state.description)


def routes() -> list[Route]:
    """Addresses of this part."""
    return [route("GET", "/api/openapi.json", _describe, "description")]
