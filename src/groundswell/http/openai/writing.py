"""What models write: chat and completions, streamed or whole; embeddings; documents in order."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.ask.runtime import Chunks, ModelRef, State, asking
from groundswell.ask.runtime import Request as Asked
from groundswell.http.answers import Feed, Streamed, gathered
from groundswell.http.auth import ask, hub_of
from groundswell.http.bodies import flag_field, json_object
from groundswell.http.errors import json_response
from groundswell.http.openai import asking as packs
from groundswell.http.openai.door import DOOR, frame_of, manner_of, model_of
from groundswell.http.routing import Route

Json = dict[str, Any]
Item = Json | State

_GONE: Final = 499


async def _frames(
    chunks: Chunks, items: AsyncGenerator[Item], model: str, body: Json
) -> AsyncGenerator[bytes]:
    """Chunks as server-sent events. How far a model is, is told in comments when ``progress`` was
    asked for; the chunk that only tells of tokens is sent when ``include_usage`` was.
    """
    options = body.get("stream_options")
    with_usage = isinstance(options, dict) and options.get("include_usage") is True
    with_progress = flag_field(body, "progress")
    last: Json = {}
    async with contextlib.aclosing(items):
        async for item in items:
            if isinstance(item, State):
                if with_progress:
                    yield f": {item.phase} {item.done_bytes} {item.total_bytes}\n\n".encode()
                continue
            last = item if item.get("choices") else last
            if item.get("choices") or with_usage:
                yield frame_of({**item, "model": model})
    if chunks.is_overdue and last:
        end: Json = {"index": 0, "finish_reason": "length"}
        empty: Json = {"delta": {}} if "delta" in last["choices"][0] else {"text": ""}
        end |= empty
        yield frame_of({**last, "model": model, "choices": [end]})


async def _write(request: Request, read: Callable[[Json, int], Asked]) -> Response:
    """Have a model write, streamed or whole."""
    hub = hub_of(request)
    await ask(request, hub.runtime.models.check_may_run)
    body = await json_object(request)
    asked = read(body, hub.settings.run_answer_tokens)
    model = await model_of(request, body)
    if not flag_field(body, "stream"):
        return await _whole(request, model, hub.runtime.whole(model, asked))
    feed: Feed[Item] = Feed()
    chunks = hub.runtime.stream(model, asked, feed.tell)
    frames = _frames(chunks, feed.follow(chunks), model.name, body)
    return Streamed(request, chunks, frames, manner_of(body))


async def _whole(request: Request, model: ModelRef, chunks: Chunks) -> Response:
    found = await gathered(request, chunks)
    if not found:
        return Response(status_code=_GONE)  # nobody reads it
    return json_response({**found[-1], "model": model.name})


async def _chat(request: Request) -> Response:
    body = await json_object(request)
    if packs.names_packs(body.get("model")):
        return await packs.chat(request, body)
    return await _write(request, asking.chat)


async def _completions(request: Request) -> Response:
    return await _write(request, asking.completion)


async def _embeddings(request: Request) -> Response:
    hub = hub_of(request)
    await ask(request, hub.runtime.models.check_may_run)
    body = await json_object(request)
    asked = asking.embeddings(body)
    model = await model_of(request, body)
    return await _whole(request, model, hub.runtime.embedding(model, asked))


async def _rerank(request: Request) -> Response:
    hub = hub_of(request)
    await ask(request, hub.runtime.models.check_may_run)
    body = await json_object(request)
    asked = asking.rerank(body)
    model = await model_of(request, body)
    return await _whole(request, model, hub.runtime.reranking(model, asked))


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        Route(("POST",), "/v1/chat/completions", _chat, DOOR, "chat"),
        Route(("POST",), "/v1/completions", _completions, DOOR, "completions"),
        Route(("POST",), "/v1/embeddings", _embeddings, DOOR, "embeddings"),
        Route(("POST",), "/v1/rerank", _rerank, DOOR, "rerank"),
    ]
