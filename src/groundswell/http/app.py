"""The application: every door's routes behind one edge.

Knows which doors there are. Does not know what they answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import GroundswellError
from groundswell.http import (
    asking,
    git,
    hub_api,
    lfs,
    oauth,
    openai,
    operation,
    pages,
    resolve,
    uploads,
    xet,
)
from groundswell.http.edge import Edge
from groundswell.http.errors import render_json_error
from groundswell.http.routing import Door, Route
from groundswell.jobs import Schedule
from groundswell.wiring import Hub


def _render_unmatched(request: Request, error: GroundswellError) -> Response:
    """Under an address that no door knows: a page for browsers, JSON for everything else."""
    wants_page = "text/html" in request.headers.get("accept", "")
    return (pages.DOOR.render_error if wants_page else render_json_error)(request, error)


FALLBACK = Door("none", _render_unmatched)


def every_route() -> list[Route]:
    """All addresses, door by door, in the order in which they are tried."""
    doors = (operation, git, hub_api, oauth, resolve, uploads, xet, lfs, openai, asking, pages)
    return [route for door in doors for route in door.routes()]


def build_app(hub: Hub, schedules: Sequence[Schedule] = ()) -> Edge:
    """The ASGI application of this hub; ``schedules`` are what runs beside it."""
    routes = every_route()
    app = Edge(hub, routes, FALLBACK)
    app.state.routes = tuple(routes)
    app.state.schedules = tuple(schedules)
    return app
