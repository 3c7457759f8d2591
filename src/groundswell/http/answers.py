"""Answers of models on their way out: work that takes seconds, on threads of its own.

Use cases and downloads have their threads (`threads`); what waits for a model has others, so that
neither waits for the other. Between two chunks an answer holds its thread and nothing else; a
client that reads slowly holds only memory, which an answer's length bounds. Knows no protocol.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from groundswell.core.errors import GroundswellError, TooManyRequests
from groundswell.http.auth import hub_of

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

ANSWERS_MAX: Final = 64
# How long an answer waits for its first frame before it begins: until then an error has a status.
PATIENCE_SECONDS: Final = 10.0
# Proxies give up a connection that says nothing for a minute or so.
PING_SECONDS: Final = 20.0
STREAM_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
EVENT_STREAM: Final = "text/event-stream"


class Closable(Protocol[T_co]):
    """An iterator that any thread may end."""

    def __iter__(self) -> Iterator[T_co]:
        """Itself."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class _Threads:
    pool: ClassVar[ThreadPoolExecutor | None] = None
    busy: ClassVar[int] = 0


def _pool() -> ThreadPoolExecutor:
    if _Threads.pool is None:
        _Threads.pool = ThreadPoolExecutor(ANSWERS_MAX, thread_name_prefix="answer")
    return _Threads.pool


class Feed(Generic[T]):
    """The items of a source that blocks, awaited as they come, and others that are told between
    them. Used once, on the loop that made it.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._items: asyncio.Queue[T | None] = asyncio.Queue()

    def tell(self, item: T | None) -> None:
        """One more item; None is the end. From any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._items.put_nowait, item)

    async def follow(self, source: Closable[T]) -> AsyncGenerator[T]:
        """The items. Ending the generator ends the source.

        Raises:
            TooManyRequests: as many answers are under way as there may be.
            What the source raises.
        """
        if _Threads.busy >= ANSWERS_MAX:
            raise TooManyRequests("Many models are being asked. Try again in a moment.")
        _Threads.busy += 1
        work = self._loop.run_in_executor(_pool(), self._pump, source)
        work.add_done_callback(_give_back)
        try:
            while (item := await self._items.get()) is not None:
                yield item
            await work
        finally:
            source.close()

    def _pump(self, source: Closable[T]) -> None:
        try:
            for item in source:
                self.tell(item)
        finally:
            self.tell(None)


async def apart(work: Callable[[], T]) -> T:
    """Run one call on these threads: it is quick most of the time, and seconds the first time.

    Raises:
        TooManyRequests: as many answers are under way as there may be.
    """
    if _Threads.busy >= ANSWERS_MAX:
        raise TooManyRequests("Many answers are under way. Try again in a moment.")
    _Threads.busy += 1
    context = contextvars.copy_context()
    call = asyncio.get_running_loop().run_in_executor(_pool(), context.run, work)
    call.add_done_callback(_give_back)
    return await asyncio.shield(call)


def _give_back(work: asyncio.Future[Any]) -> None:
    _Threads.busy -= 1
    if not work.cancelled():
        work.exception()  # whoever awaited it was told


async def gathered(request: Request, source: Closable[T]) -> list[T] | None:
    """All items of a source; None when the client is gone before the last."""
    gone = asyncio.create_task(is_gone(request))
    answer = asyncio.create_task(_all(source))
    try:
        await asyncio.wait({gone, answer}, return_when=asyncio.FIRST_COMPLETED)
        return answer.result() if answer.done() else None
    finally:
        for task in (gone, answer):
            task.cancel()
        await asyncio.gather(gone, answer, return_exceptions=True)


async def _all(source: Closable[T]) -> list[T]:
    async with contextlib.aclosing(Feed[T]().follow(source)) as items:
        return [item async for item in items]


async def is_gone(request: Request) -> None:
    """Until the client is gone. Its body was read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


@dataclass(frozen=True, slots=True)
class Manner:
    """How an answer is streamed.

    Attributes:
        late: an error as a frame, once the answer has begun.
        last: the frame behind all others.
        ping: sent while nothing else comes; b"" for nothing.
        patience_seconds: how long the first frame is waited for.
    """

    late: Callable[[GroundswellError], bytes]
    last: bytes = b""
    ping: bytes = b": still here\n\n"
    patience_seconds: float = PATIENCE_SECONDS


class Streamed(Response):
    """Frames as they come, from the first one on. Who leaves ends the source."""

    def __init__(
        self,
        request: Request,
        source: Closable[Any],
        frames: AsyncGenerator[bytes],
        manner: Manner,
        headers: Mapping[str, str] = STREAM_HEADERS,
        media_type: str = EVENT_STREAM,
    ) -> None:
        super().__init__(None, 200, headers, media_type)
        del self.headers["content-length"]
        self._request = request
        self._source = source
        self._frames = frames
        self._manner = manner
        self._idle_seconds = hub_of(request).settings.send_idle_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        gone = asyncio.create_task(is_gone(self._request))
        gone.add_done_callback(lambda _task: self._source.close())
        try:
            async with contextlib.aclosing(self._frames) as frames:
                pending = asyncio.ensure_future(anext(frames, _OVER))
                await asyncio.wait({pending}, timeout=self._manner.patience_seconds)
                if pending.done():
                    pending.result()  # an error before the first frame has a status of its own
                head = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
                await send(head)
                await self._send(frames, pending, gone, send)
        finally:
            gone.cancel()
            self._source.close()

    async def _send(
        self,
        frames: AsyncGenerator[bytes],
        pending: asyncio.Future[bytes],
        gone: asyncio.Future[None],
        send: Send,
    ) -> None:
        while not gone.done():
            frame = await self._next(pending)
            is_over = frame is _OVER
            if is_over:
                frame = self._manner.last
            if frame:
                async with asyncio.timeout(self._idle_seconds):
                    await send({"type": "http.response.body", "body": frame, "more_body": True})
            if is_over:
                break
            if pending.done():
                pending = asyncio.ensure_future(anext(frames, _OVER))
        if not pending.done():
            self._source.close()
            await asyncio.wait({pending})
        if not gone.done():
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _next(self, pending: asyncio.Future[bytes]) -> bytes:
        """The next frame, or a sign that the answer is still under way."""
        await asyncio.wait({pending}, timeout=PING_SECONDS)
        if not pending.done():
            return self._manner.ping
        try:
            return pending.result()
        except GroundswellError as error:
            # The answer has begun: the error is one of its frames.
            return self._manner.late(error)


# Not interned, so that no frame is it.
_OVER: Final = bytes(bytearray(b"over"))
