"""A question, and the events of its answer: as a stream of server-sent events, or as one object.

Without a model the answer is whole before its first byte is sent: it takes milliseconds, errors
keep their status, and no thread waits for a slow reader. A model's sentences follow as they come.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest, GroundswellError
from groundswell.http.answers import (
    EVENT_STREAM,
    STREAM_HEADERS,
    Feed,
    Manner,
    Streamed,
    apart,
    gathered,
)
from groundswell.http.asking.door import DOOR, library_of
from groundswell.http.auth import hub_of, principal_of
from groundswell.http.bodies import flag_field, json_object, text_field
from groundswell.http.errors import json_response
from groundswell.http.routing import Route

if TYPE_CHECKING:
    from groundswell.ask.answering import Event
    from groundswell.ask.replies import Wish

# A question of the longest, every character of it written as an escape, and names of packs.
_BODY_MAX_BYTES: Final = 256 * 1024
_PACKS_MAX: Final = 8
_NAME_CHARACTERS_MAX: Final = 400
_MODEL_CHARACTERS_MAX: Final = 1_024
_GONE: Final = 499

Json = dict[str, Any]


def _names(body: Json) -> tuple[str, ...]:
    names = body.get("packs")
    if names is None:
        return ()
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise BadRequest('"packs" is a list of names, as ["me/notes", "me/more@v2"].')
    if len(names) > _PACKS_MAX or any(len(each) > _NAME_CHARACTERS_MAX for each in names):
        raise BadRequest(f'"packs" may name {_PACKS_MAX} packs.')
    return tuple(names)


def _risk(body: Json, default: float) -> float:
    risk = body.get("risk", default)
    if isinstance(risk, bool) or not isinstance(risk, int | float):
        raise BadRequest('"risk" must be a number from 0.01 to 0.2.')
    return risk


def _wish(body: Json) -> Wish:
    from groundswell.ask.answering import Asking
    from groundswell.ask.calibration import RISK_DEFAULT
    from groundswell.ask.replies import Wish

    question, about = text_field(body, "question"), text_field(body, "about", "")
    model = text_field(body, "model", "")
    if len(model) > _MODEL_CHARACTERS_MAX:
        raise BadRequest('"model" is the name of a repository, as "me/model".')
    asking = Asking(question, about, _risk(body, RISK_DEFAULT))
    return Wish(asking, _names(body), model, flag_field(body, "longer"))


async def _ask(request: Request) -> Response:
    library = library_of(request)
    principal = await principal_of(request)
    body = await json_object(request)
    wish, streams = _wish(body), flag_field(body, "stream", default=True)
    runtime = hub_of(request).runtime

    from groundswell.ask.replies import begin

    reply = await apart(lambda: begin(library, runtime, principal, wish))
    if wish.model and streams:
        feed: Feed[Event] = Feed()
        return Streamed(request, reply, _frames(feed.follow(reply)), Manner(_late))
    events = await gathered(request, reply)
    if events is None:
        return Response(status_code=_GONE)  # nobody reads it
    if not streams:
        return json_response(_whole(events), headers={"Cache-Control": "no-store"})
    content = b"".join(map(_frame, events))
    return Response(content, 200, STREAM_HEADERS, media_type=EVENT_STREAM)


def _whole(events: list[Event]) -> Json:
    """The events as one object: each under its name, those that may be several in a list."""
    from groundswell.ask.answering import as_json_event

    written = [as_json_event(event) for event in events]
    named = {event["event"]: _data(event) for event in written}
    many = {
        name: [_data(event) for event in written if event["event"] == name]
        for name in ("extract", "sentence")
    }
    return {
        "plan": named["plan"],
        "evidence": named["evidence"]["quotes"],
        "extract": many["extract"],
        "conflict": named.get("conflict"),
        "abstain": named.get("abstain"),
        "connections": named.get("connections", {"edges": []})["edges"],
        "prose": many["sentence"],
        "unfinished": named.get("unfinished"),
        **named["done"],
    }


def _data(event: Json) -> Json:
    return {name: value for name, value in event.items() if name != "event"}


async def _frames(events: AsyncGenerator[Event]) -> AsyncGenerator[bytes]:
    async with contextlib.aclosing(events):
        async for event in events:
            yield _frame(event)


def _frame(event: Event) -> bytes:
    from groundswell.ask.answering import as_json_event

    written = as_json_event(event)
    return _event(written["event"], _data(written))


def _event(name: str, data: Json) -> bytes:
    text = json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")
    return b"event: %s\ndata: %s\n\n" % (name.encode(), text)


def _late(error: GroundswellError) -> bytes:
    return _event("error", {"error": error.message, "code": error.code})


def routes() -> list[Route]:
    """Addresses of this part."""
    most = _BODY_MAX_BYTES
    return [Route(("POST",), "/v1/ask", _ask, DOOR, "ask", body_max_bytes=most)]
