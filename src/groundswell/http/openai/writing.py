"""What models write: chat and completions, streamed or whole; embeddings; documents in order."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from groundswell.ask.runtime import Chunks, ModelRef, State, asking
from groundswell.ask.runtime import Request as Asked
from groundswell.core.errors import GroundswellError
from groundswell.http.answers import Feed, gathered, is_gone
from groundswell.http.auth import ask, hub_of
from groundswell.http.bodies import flag_field, json_object
from groundswell.http.errors import json_response
from groundswell.http.openai.door import DOOR, error_body, model_of
from groundswell.http.routing import Route

Json = dict[str, Any]
Item = Json | State

# How long an answer waits for its first chunk before it begins: until then an error has a status.
PATIENCE_SECONDS: Final = 10.0
# Proxies give up a connection that says nothing for a minute or so.
PING_SECONDS: Final = 20.0
_END: Final = b"data: [DONE]\n\n"
_GONE: Final = 499
_PING: Final = b": still here\n\n"


class _Streamed(Response):
    """Chunks as server-sent events, from the first one on. How far a model is, is told in comments.

    ``progress``: begin at once, so that comments are seen. ``usage``: send the chunk that only
    tells of tokens.
    """

    media_type = "text/event-stream"

    def __init__(
        self, request: Request, chunks: Chunks, items: AsyncGenerator[Item], model: str, body: Json
    ) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(None, 200, headers)
        del self.headers["content-length"]
        self._request = request
        self._chunks = chunks
        self._items = items
        self._model = model
        options = body.get("stream_options")
        self._usage = isinstance(options, dict) and options.get("include_usage") is True
        self._progress = flag_field(body, "progress")
        self._idle_seconds = hub_of(request).settings.send_idle_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        gone = asyncio.create_task(is_gone(self._request))
        gone.add_done_callback(lambda _task: self._chunks.close())
        try:
            async with contextlib.aclosing(self._frames()) as frames:
                patience = 0.0 if self._progress else PATIENCE_SECONDS
                pending = asyncio.ensure_future(anext(frames, _END))
                await asyncio.wait({pending}, timeout=patience)
                if pending.done():
                    pending.result()  # an error before the first frame has a status of its own
                head = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
                await send(head)
                await self._send(frames, pending, gone, send)
        finally:
            gone.cancel()

    async def _send(
        self,
        frames: AsyncGenerator[bytes],
        pending: asyncio.Future[bytes],
        gone: asyncio.Future[None],
        send: Send,
    ) -> None:
        while not gone.done():
            frame = await self._next(pending)
            async with asyncio.timeout(self._idle_seconds):
                await send({"type": "http.response.body", "body": frame, "more_body": True})
            if frame is _END:
                break
            if pending.done():
                pending = asyncio.ensure_future(anext(frames, _END))
        if not pending.done():
            self._chunks.close()
            await asyncio.wait({pending})
        if not gone.done():
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _next(self, pending: asyncio.Future[bytes]) -> bytes:
        """The next frame, or a sign that the answer is still under way."""
        await asyncio.wait({pending}, timeout=PING_SECONDS)
        if not pending.done():
            return _PING
        try:
            return pending.result()
        except GroundswellError as error:
            # The answer has begun: the error is its last chunk.
            return _frame(error_body(error))

    async def _frames(self) -> AsyncGenerator[bytes]:
        last: Json = {}
        async with contextlib.aclosing(self._items) as items:
            async for item in items:
                if isinstance(item, State):
                    if self._progress:
                        yield f": {item.phase} {item.done_bytes} {item.total_bytes}\n\n".encode()
                    continue
                last = item if item.get("choices") else last
                if item.get("choices") or self._usage:
                    yield _frame({**item, "model": self._model})
        if self._chunks.is_overdue and last:
            end: Json = {"index": 0, "finish_reason": "length"}
            empty: Json = {"delta": {}} if "delta" in last["choices"][0] else {"text": ""}
            end |= empty
            yield _frame({**last, "model": self._model, "choices": [end]})


def _frame(chunk: Mapping[str, Any]) -> bytes:
    return b"data: %s\n\n" % json.dumps(chunk, ensure_ascii=False).encode("utf-8", "replace")


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
    return _Streamed(request, chunks, feed.follow(chunks), model.name, body)


async def _whole(request: Request, model: ModelRef, chunks: Chunks) -> Response:
    found = await gathered(request, chunks)
    if not found:
        return Response(status_code=_GONE)  # nobody reads it
    return json_response({**found[-1], "model": model.name})


async def _chat(request: Request) -> Response:
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
