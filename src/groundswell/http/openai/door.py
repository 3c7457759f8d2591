"""What the parts of this door share: its errors, and how a request names its model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.ask.runtime import ModelRef
from groundswell.core.errors import (
    BadRequest,
    EntryNotFound,
    GroundswellError,
    InvalidCredentials,
    RepoNotFound,
    RevisionNotFound,
    Unauthenticated,
)
from groundswell.http.answers import PATIENCE_SECONDS, Manner
from groundswell.http.auth import ask, hub_of
from groundswell.http.bodies import flag_field
from groundswell.http.errors import error_headers, json_response
from groundswell.http.routing import Door

_TYPES: Final[Mapping[int, str]] = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
_ADAPTERS_MAX: Final = 4
_SCALE_MAX: Final = 10.0
NAME_CHARACTERS_MAX: Final = 1024
_PING: Final = b": still here\n\n"
_END: Final = b"data: [DONE]\n\n"


def error_body(error: GroundswellError) -> dict[str, Any]:
    """An error in OpenAI's form. ``code`` is this hub's own, but for what clients look for."""
    kind = _TYPES.get(error.status)
    if kind is None:
        kind = "server_error" if error.status >= 500 else "invalid_request_error"
    is_absent = isinstance(error, RepoNotFound | RevisionNotFound | EntryNotFound)
    told = {
        "message": error.message,
        "type": kind,
        "param": "model" if is_absent else None,
        "code": "model_not_found" if is_absent else error.code,
    }
    return {"error": told}


def _render(_request: Request, error: GroundswellError) -> Response:
    headers = error_headers(error)
    if isinstance(error, InvalidCredentials | Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="Groundswell"'
    return json_response(error_body(error), error.status, headers)


DOOR: Final = Door("openai", _render)


def manner_of(body: dict[str, Any]) -> Manner:
    """How a stream of this API is written. With ``progress`` it begins at once, so that comments
    are seen.
    """
    patience_seconds = 0.0 if flag_field(body, "progress") else PATIENCE_SECONDS
    return Manner(lambda error: frame_of(error_body(error)), _END, _PING, patience_seconds)


def frame_of(chunk: Mapping[str, Any]) -> bytes:
    """A chunk as a server-sent event."""
    return b"data: %s\n\n" % json.dumps(chunk, ensure_ascii=False).encode("utf-8", "replace")


async def model_of(request: Request, body: Mapping[str, Any]) -> ModelRef:
    """The model that a body names, for who asks now.

    Raises:
        BadRequest: it names none, or adapters in no form.
        GroundswellError: as `Models.find`.
    """
    name = body.get("model")
    if not isinstance(name, str) or not 0 < len(name) <= NAME_CHARACTERS_MAX:
        raise BadRequest("model: is the name of a repository, as org/name.")
    return await ask(request, hub_of(request).runtime.models.find, name, _adapters(body))


def _adapters(body: Mapping[str, Any]) -> list[tuple[str, float]]:
    """``lora``: a name, or a list of names or of {"model": …, "scale": …}."""
    given = body.get("lora")
    if given is None:
        return []
    items = given if isinstance(given, list) else [given]
    if len(items) > _ADAPTERS_MAX:
        raise BadRequest(f"lora: at most {_ADAPTERS_MAX} adapters.")
    return [_adapter(item) for item in items]


def _adapter(item: object) -> tuple[str, float]:
    named = {"model": item} if isinstance(item, str) else item
    name = named.get("model") if isinstance(named, dict) else None
    scale = named.get("scale", 1.0) if isinstance(named, dict) else None
    is_number = isinstance(scale, int | float) and not isinstance(scale, bool)
    if not isinstance(name, str) or not is_number:
        raise BadRequest('lora: names adapters as {"model": "org/name", "scale": 1.0}.')
    assert isinstance(scale, int | float)
    if not -_SCALE_MAX <= scale <= _SCALE_MAX:
        raise BadRequest(f"lora: a scale is from {-_SCALE_MAX:g} to {_SCALE_MAX:g}.")
    return name, float(scale)
