"""The doors for those who run the hub: is it alive, can it work, what does it measure."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from groundswell import __version__
from groundswell.core.errors import Forbidden, GroundswellError
from groundswell.http.auth import hub_of
from groundswell.http.errors import json_response, render_json_error
from groundswell.http.metrics import exposition
from groundswell.http.origin import in_networks
from groundswell.http.routing import Door, Route
from groundswell.http.threads import hop
from groundswell.wiring import Hub

DOOR: Final = Door("operation", render_json_error)


async def _healthz(_request: Request) -> Response:
    """The process answers. Says nothing of disk or database: a restart would not mend those."""
    return json_response({"status": "ok", "version": __version__})


def _check(hub: Hub) -> dict[str, str]:
    """Try what requests need: a read of the database, a write to the store."""
    found: dict[str, str] = {}
    for name, probe in (("database", hub.check_database), ("store", hub.check_store)):
        try:
            probe()
            found[name] = "ok"
        except GroundswellError as error:
            found[name] = error.message
    return found


async def _readyz(request: Request) -> Response:
    """Whether requests can be answered now; 503 tells a balancer to look elsewhere."""
    found = await hop(_check, hub_of(request))
    ready = all(state == "ok" for state in found.values())
    body = {"status": "ok" if ready else "unavailable", **found}
    return json_response(body, 200 if ready else 503)


async def _metrics(request: Request) -> Response:
    """Prometheus's text format, for the networks that the settings name."""
    if not in_networks(request.scope.get("peer", ""), hub_of(request).settings.metrics_from):
        msg = "Metrics are not for this network (setting metrics_from)."
        raise Forbidden(msg)
    faults = await hop(hub_of(request).blobs.faults.count_open)
    return PlainTextResponse(
        exposition(faults), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
    )


def routes() -> list[Route]:
    """Addresses of this door."""
    return [
        Route(("GET",), "/healthz", _healthz, DOOR, "healthz"),
        Route(("GET",), "/readyz", _readyz, DOOR, "readyz"),
        Route(("GET",), "/metrics", _metrics, DOOR, "metrics"),
    ]
