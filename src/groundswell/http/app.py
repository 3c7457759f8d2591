"""The application: every door's routes behind one edge.

Knows which doors there are. Does not know what they answer.
"""

from __future__ import annotations

from groundswell.http import hub_api, lfs, oauth, operation, resolve, xet
from groundswell.http.edge import Edge
from groundswell.http.errors import render_json_error
from groundswell.http.routing import Door
from groundswell.wiring import Hub

FALLBACK = Door("none", render_json_error)


def build_app(hub: Hub) -> Edge:
    """The ASGI application of this hub."""
    doors = (operation, hub_api, oauth, resolve, xet, lfs)
    return Edge(hub, [route for door in doors for route in door.routes()], FALLBACK)
