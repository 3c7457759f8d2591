"""The Hub API's card check, called before every upload of a README (Hub API, section 2)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from groundswell.http.bodies import json_object, text_field
from groundswell.http.errors import header_text, json_response
from groundswell.http.hub_api.door import repo_id_in, route
from groundswell.http.routing import Route
from groundswell.http.threads import hop
from groundswell.wire.cards import validate_card

CARD_BODY_MAX_BYTES = 4 << 20


async def _validate(request: Request) -> Response:
    """Faults and warnings: as JSON, or as text for the client that asks for text."""
    body = await json_object(request)
    content = text_field(body, "content")
    kind = repo_id_in(body.get("repoType"), "any/any").kind
    found = await hop(validate_card, content, kind)
    status = 400 if found.errors else 200
    headers: dict[str, str] = {}
    if found.errors:
        headers = {
            "X-Error-Code": "InvalidCard",
            "X-Error-Message": header_text("; ".join(found.errors)),
        }
    if request.headers.get("accept", "").startswith("text/plain"):
        lines = [f"- Error: {text}" for text in found.errors]
        lines += [f"- Warning: {text}" for text in found.warnings]
        return PlainTextResponse("\n".join(lines), status, headers)
    told: dict[str, Any] = {
        "errors": [{"message": text} for text in found.errors],
        "warnings": [{"message": text} for text in found.warnings],
    }
    if found.errors:
        told["error"] = "; ".join(found.errors)
    return json_response(told, status, headers)


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        route(
            "POST",
            "/api/validate-yaml",
            _validate,
            "validate card",
            body_max_bytes=CARD_BODY_MAX_BYTES,
        )
    ]
