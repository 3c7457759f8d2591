"""Signing in a device through the browser: OAuth's device flow (RFC 8628).

`hf auth login` uses it by default. The page where a person approves the code is the pages' own;
here are the two addresses that the device calls, and the document that names them.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest, DeviceFlowRefused, GroundswellError
from groundswell.http.auth import hub_of, signed_in
from groundswell.http.bodies import form_fields, json_object
from groundswell.http.errors import error_headers, json_response, render_json_error
from groundswell.http.origin import base_url
from groundswell.http.routing import Door, Route
from groundswell.http.threads import hop

DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"


def _render(request: Request, error: GroundswellError) -> Response:
    """OAuth's own errors: a word and a sentence (RFC 6749, 5.2)."""
    if isinstance(error, DeviceFlowRefused):
        body = {"error": error.code, "error_description": error.message}
        return json_response(body, error.status, error_headers(error))
    return render_json_error(request, error)


DOOR: Final = Door("oauth", _render)


class _UnsupportedGrant(DeviceFlowRefused):
    """A grant that this hub does not give."""

    code = "unsupported_grant_type"
    default_message = "This hub knows the device flow only."


async def _fields(request: Request) -> dict[str, str]:
    """The request's fields, from a form or from JSON."""
    if request.headers.get("content-type", "").startswith("application/json"):
        body: dict[str, Any] = await json_object(request)
        return {name: value for name, value in body.items() if isinstance(value, str)}
    return {name: values[-1] for name, values in (await form_fields(request)).items()}


async def _device(request: Request) -> Response:
    fields = await _fields(request)
    if not fields.get("client_id"):
        msg = '"client_id" is missing.'
        raise BadRequest(msg)
    grant = await hop(
        hub_of(request).accounts.start_device, fields["client_id"], fields.get("scope", "")
    )
    page = f"{base_url(request)}/device"
    return json_response(
        {
            "device_code": grant.device_code,
            "user_code": grant.user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?user_code={grant.user_code}",
            "expires_in": grant.expires_in_seconds,
            "interval": grant.interval_seconds,
        },
        headers={"Cache-Control": "no-store"},
    )


async def _token(request: Request) -> Response:
    fields = await _fields(request)
    if fields.get("grant_type") != DEVICE_GRANT:
        raise _UnsupportedGrant
    made = await hop(hub_of(request).accounts.poll_device, fields.get("device_code", ""))
    token = made.token
    body: dict[str, Any] = {
        "access_token": made.value,
        "token_type": "bearer",
        "scope": token.role.value,
    }
    if token.expires_at is not None:
        body["expires_in"] = max(0, (token.expires_at - hub_of(request).clock()) // 1_000_000)
    return json_response(body, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})


async def _userinfo(request: Request) -> Response:
    principal = await signed_in(request)
    who = await hop(hub_of(request).accounts.whoami, principal)
    return json_response(
        {
            "sub": who.id,
            "name": who.fullname,
            "preferred_username": who.name,
            "email": who.email,
            "picture": base_url(request) + who.avatar_path,
        }
    )


async def _configuration(request: Request) -> Response:
    base = base_url(request)
    return json_response(
        {
            "issuer": base,
            "device_authorization_endpoint": f"{base}/oauth/device",
            "token_endpoint": f"{base}/oauth/token",
            "userinfo_endpoint": f"{base}/oauth/userinfo",
            "grant_types_supported": [DEVICE_GRANT],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": ["none"],
        }
    )


def routes() -> list[Route]:
    """Addresses of this door."""
    return [
        Route(("POST",), "/oauth/device", _device, DOOR, "start device"),
        Route(("POST",), "/oauth/token", _token, DOOR, "device token"),
        Route(("GET",), "/oauth/userinfo", _userinfo, DOOR, "userinfo"),
        Route(
            ("GET",),
            "/.well-known/openid-configuration",
            _configuration,
            DOOR,
            "oauth configuration",
        ),
    ]
