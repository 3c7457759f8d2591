"""The Hub API's settings of a repository: visibility, gate and how long it lets in, closing."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest
from groundswell.core.values import Gate
from groundswell.http.auth import ask, hub_of
from groundswell.http.bodies import flag_field, json_object
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import REPOSITORY, repo_id_of, route
from groundswell.http.hub_api.repositories import visibility_in
from groundswell.http.routing import Route
from groundswell.hub.access import EXPIRES_DAYS, check_expires_days, expires_days
from groundswell.wire.hub_api.repository import gated_value


def _gate_in(value: object) -> Gate | None:
    """``false``, ``"auto"`` or ``"manual"``; None when nothing is said."""
    if value is None:
        return None
    if value is False:
        return Gate.OPEN
    if isinstance(value, str) and value in {"auto", "manual"}:
        return Gate(value)
    msg = 'Invalid "gated": expected one of false|"auto"|"manual"'
    raise BadRequest(msg)


def _expiry_in(body: dict[str, Any]) -> dict[str, Any] | None:
    """The setting for ``gateExpiresDays``: a number of days, or null for never."""
    if "gateExpiresDays" not in body:
        return None
    days = body["gateExpiresDays"]
    if days is None:
        return {EXPIRES_DAYS: None}
    if isinstance(days, bool) or not isinstance(days, int):
        msg = 'Invalid "gateExpiresDays": expected a number of days, or null'
        raise BadRequest(msg)
    return {EXPIRES_DAYS: check_expires_days(days)}


async def _update(request: Request) -> Response:
    body = await json_object(request)
    disabled = flag_field(body, "disabled") if body.get("disabled") is not None else None
    repository = await ask(
        request,
        hub_of(request).repos.update_settings,
        repo_id_of(request),
        visibility=visibility_in(body),
        gate=_gate_in(body.get("gated")),
        disabled=disabled,
        settings=_expiry_in(body),
    )
    return json_response(
        {
            "private": repository.is_private,
            "visibility": repository.visibility.value,
            "gated": gated_value(repository.gate),
            "gateExpiresDays": expires_days(repository),
        }
    )


def routes() -> list[Route]:
    """Addresses of this part."""
    return [route("PUT", f"{REPOSITORY}/settings", _update, "repository settings")]
