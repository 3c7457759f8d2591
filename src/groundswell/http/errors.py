"""How an error becomes an answer: the headers that every door sends, and the Hub API's JSON.

Knows the error registry and Hub API 0.2. Doors with a shape of their own (git, LFS, pages) render
the body themselves; the edge adds these headers to whatever they answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import (
    CollectionExists,
    EntryNotFound,
    GatedRepo,
    GroundswellError,
    InvalidCredentials,
    MethodNotAllowed,
    NameTaken,
    RangeNotSatisfiable,
    RepoNotFound,
    Unauthenticated,
    Unavailable,
)

HEADER_TEXT_MAX: Final = 1000

_write_json: Final = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False
).encode


def header_text(text: str) -> str:
    """Text that may stand in a header: one line of printable ASCII, other characters escaped."""
    safe = text.encode("ascii", "backslashreplace").decode("ascii")
    return "".join(c if c.isprintable() else " " for c in safe)[:HEADER_TEXT_MAX].strip()


def error_headers(error: GroundswellError) -> dict[str, str]:
    """What every answer to this error carries, whatever its body."""
    headers = {
        "X-Error-Code": error.code,
        "X-Error-Message": header_text(error.message),
        "Cache-Control": "no-store",
    }
    if isinstance(error, EntryNotFound) and error.commit is not None:
        headers["X-Repo-Commit"] = error.commit  # lets clients remember that the file is absent
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, RangeNotSatisfiable):
        headers["Content-Range"] = f"bytes */{error.size_bytes}"
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    return headers


def status_for(error: GroundswellError, *, anonymous: bool) -> int:
    """The status: what the anonymous may not see or open asks them to sign in (Hub API 0.2)."""
    if anonymous and isinstance(error, (RepoNotFound, GatedRepo)):
        return Unauthenticated.status
    return error.status


def json_response(
    value: Any,  # noqa: ANN401 - whatever json takes
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    media_type: str = "application/json",
    written: Mapping[str, bytes] | None = None,
) -> Response:
    """A JSON answer, compact and in UTF-8.

    ``written`` holds fields of the object ``value``, which has others, that are in JSON already.
    """
    content = _write_json(value).encode("utf-8", "backslashreplace")
    if written:
        fields = (b',"%s":%s' % (name.encode(), text) for name, text in written.items())
        content = b"".join((content[:-1], *fields, b"}"))
    return Response(content, status, dict(headers or {}), media_type=media_type)


def render_json_error(request: Request, error: GroundswellError) -> Response:
    """The Hub API's form of an error (Hub API 0.2)."""
    anonymous = bool(request.scope.get("asks_anonymously", True))
    body: dict[str, Any] = {"error": error.message, "code": error.code}
    if error.hint:
        body["hint"] = error.hint
    if isinstance(error, NameTaken):
        # Clients read `url` from a 409 when the repository may exist already.
        body |= {"url": error.url, "id": error.existing_id, "name": error.existing_id}
    if isinstance(error, CollectionExists):
        body["slug"] = error.slug  # and the slug from this one
    headers = error_headers(error)
    if isinstance(error, InvalidCredentials) or (anonymous and isinstance(error, Unauthenticated)):
        headers["WWW-Authenticate"] = 'Bearer realm="Groundswell"'
    return json_response(body, status_for(error, anonymous=anonymous), headers)
