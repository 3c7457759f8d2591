"""A question, and the events of its answer: as a stream of server-sent events, or as one object.

The answer is whole before its first byte is sent: it takes milliseconds, errors keep their status,
and no thread waits for a slow reader.
"""

from __future__ import annotations

import json
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest
from groundswell.http.answers import apart
from groundswell.http.asking.door import DOOR, library_of
from groundswell.http.auth import principal_of
from groundswell.http.bodies import flag_field, json_object, text_field
from groundswell.http.errors import json_response
from groundswell.http.routing import Route

# A question of the longest, every character of it written as an escape, and names of packs.
_BODY_MAX_BYTES: Final = 256 * 1024
_PACKS_MAX: Final = 8
_NAME_CHARACTERS_MAX: Final = 400
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

Json = dict[str, Any]


def _names(body: Json) -> list[str]:
    names = body.get("packs")
    if names is None:
        return []
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise BadRequest('"packs" is a list of names, as ["me/notes", "me/more@v2"].')
    if len(names) > _PACKS_MAX or any(len(each) > _NAME_CHARACTERS_MAX for each in names):
        raise BadRequest(f'"packs" may name {_PACKS_MAX} packs.')
    return names


def _risk(body: Json, default: float) -> float:
    risk = body.get("risk", default)
    if isinstance(risk, bool) or not isinstance(risk, int | float):
        raise BadRequest('"risk" must be a number from 0.01 to 0.2.')
    return risk


async def _ask(request: Request) -> Response:
    library = library_of(request)
    principal = await principal_of(request)
    body = await json_object(request)
    question, about = text_field(body, "question"), text_field(body, "about", "")
    names, streams = _names(body), flag_field(body, "stream", default=True)

    def work() -> list[Json]:
        from groundswell.ask.answering import Asking, as_json_event
        from groundswell.ask.calibration import RISK_DEFAULT
        from groundswell.ask.replies import replied

        asking = Asking(question, about, _risk(body, RISK_DEFAULT))
        return [as_json_event(event) for event in replied(library, principal, names, asking)]

    events = await apart(work)
    if not streams:
        return json_response(_whole(events), headers={"Cache-Control": "no-store"})
    content = b"".join(map(_frame, events))
    return Response(content, 200, _HEADERS, media_type="text/event-stream")


def _whole(events: list[Json]) -> Json:
    """The events as one object: each under its name, the sentences in a list."""
    named = {event["event"]: _data(event) for event in events}
    extracts = [_data(event) for event in events if event["event"] == "extract"]
    return {
        "plan": named["plan"],
        "evidence": named["evidence"]["quotes"],
        "extract": extracts,
        "abstain": named.get("abstain"),
        "connections": named.get("connections", {"edges": []})["edges"],
        **named["done"],
    }


def _data(event: Json) -> Json:
    return {name: value for name, value in event.items() if name != "event"}


def _frame(event: Json) -> bytes:
    data = json.dumps(_data(event), ensure_ascii=False).encode("utf-8", "replace")
    return b"event: %s\ndata: %s\n\n" % (event["event"].encode(), data)


def routes() -> list[Route]:
    """Addresses of this part."""
    most = _BODY_MAX_BYTES
    return [Route(("POST",), "/v1/ask", _ask, DOOR, "ask", body_max_bytes=most)]
