"""Content on its way out: a download plan becomes an answer, whole or in ranges.

Knows HEAD, Range, If-Range, If-None-Match, and how bytes are had: what takes no waiting is read
between two sends, the rest on reader threads, a piece ahead of the client. A client that stands
still holds no thread and only little memory. Does not know who may read, nor what a plan's bytes
are made of.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from groundswell.core.values import ByteRange, BytesPlan, DownloadPlan, RecipePlan, RecordsPlan
from groundswell.http.allocation import give_back
from groundswell.http.auth import hub_of
from groundswell.http.threads import begin_read
from groundswell.wire.ranges import content_range, etag_matches, multipart, parse_ranges

Piece = bytes | bytearray | memoryview
OpenContent = Callable[[RecipePlan | RecordsPlan, int, int], Iterator[Piece]]

PIECE_BYTES_MAX: Final = 1 << 20
PIECE_BYTES_MIN: Final = 32 << 10
READ_BYTES_MIN: Final = 64 << 10
# While so few download, memory is no concern.
QUIET_DOWNLOADS_MAX: Final = 8
# Among more, a client must take this much in small pieces first: a server keeps some twenty
# pieces for a client that stands still, and most that ever stand still do so at the start.
START_BYTES: Final = 1 << 20
START_PIECE_BYTES: Final = 8 << 10
# How much is read on threads before it is tried again whether they are needed.
RUN_BYTES: Final = 32 << 20
GIVE_BACK_AFTER_SECONDS: Final = 1.0
_NOTHING: Final[bytes | bytearray] = b""


@dataclass(frozen=True, slots=True)
class Content:
    """What is to be sent. ``etag`` is unquoted; ``headers`` go with every form of the answer."""

    plan: DownloadPlan
    size_bytes: int
    etag: str
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


class _Downloads:
    """How many downloads are under way: what their memory is divided by."""

    active = 0
    were_many = False

    @classmethod
    def begin(cls) -> None:
        """One more."""
        cls.active += 1
        cls.were_many = cls.were_many or not _is_quiet()

    @classmethod
    def end(cls) -> None:
        """One less; after the last of many their memory is given back."""
        cls.active -= 1
        if cls.were_many and cls.active == 0:
            cls.were_many = False
            loop = asyncio.get_running_loop()
            loop.call_later(GIVE_BACK_AFTER_SECONDS, begin_read, give_back)


class _Buffers:
    """A buffer of each size, for all downloads: each fills it and sends it in one step.

    Granian copies what it is given before its ``send`` returns. The same memory over and over
    stays in the processor's cache, and none is taken from the system.
    """

    _by_size: ClassVar[dict[int, bytearray]] = {}

    @classmethod
    def of(cls, size_bytes: int) -> bytearray:
        """The buffer of that size. What it holds is overwritten at the next step of any task."""
        buffer = cls._by_size.get(size_bytes)
        if buffer is None:
            buffer = cls._by_size[size_bytes] = bytearray(size_bytes)
        return buffer


def answer_content(request: Request, content: Content) -> Response:
    """The answer to HEAD or GET of this content, with its conditions and ranges.

    Raises:
        RangeNotSatisfiable: every range begins past the end.
    """
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": f'"{content.etag}"',
        **content.headers,
    }
    if etag_matches(request.headers.get("if-none-match"), content.etag):
        return Response(status_code=304, headers=headers)
    ranges = None
    if content.size_bytes == 0 and "range" in request.headers:
        # Nothing can be taken from nothing, but it can be had whole: huggingface.js asks for the
        # first byte of every file and reads its size here.
        headers["Content-Range"] = "bytes */0"
    else:
        ranges = asked_ranges(request, content.size_bytes, content.etag)
    return _whole_or_part(request, content, ranges, headers)


def asked_ranges(request: Request, size_bytes: int, etag: str) -> tuple[ByteRange, ...] | None:
    """The ranges that a request asks for; None when it asks for the whole, or its If-Range names
    another content.

    Raises:
        RangeNotSatisfiable: every range begins past the end.
    """
    if_range = request.headers.get("if-range")
    if if_range is not None and not etag_matches(if_range, etag, weakly=False):
        return None
    return parse_ranges(request.headers.get("range"), size_bytes)


def _whole_or_part(
    request: Request,
    content: Content,
    ranges: tuple[ByteRange, ...] | None,
    headers: dict[str, str],
) -> Response:
    size = content.size_bytes
    if ranges is None:
        parts: list[bytes | ByteRange] = [ByteRange(0, size)] if size else []
        headers |= {"Content-Type": content.media_type, "Content-Length": str(size)}
        return ContentResponse(request, content.plan, parts, 200, headers)
    if len(ranges) == 1:
        headers |= {
            "Content-Type": content.media_type,
            "Content-Length": str(ranges[0].size_bytes),
            "Content-Range": content_range(ranges[0], size),
        }
        return ContentResponse(request, content.plan, [ranges[0]], 206, headers)
    boundary = secrets.token_hex(16)
    frame = multipart(ranges, size, content.media_type, boundary)
    parts = [item for pair in zip(frame.heads, ranges, strict=True) for item in pair]
    headers |= {
        "Content-Type": f"multipart/byteranges; boundary={boundary}",
        "Content-Length": str(frame.size_bytes),
    }
    return ContentResponse(request, content.plan, [*parts, frame.tail], 206, headers)


class ContentResponse(Response):
    """Sends parts of a plan, between frames of bytes.

    The first piece is read, and with it checked, before the answer begins: content that is found
    broken there is an error with a status, later only a broken connection.
    """

    def __init__(
        self,
        request: Request,
        plan: DownloadPlan,
        parts: list[bytes | ByteRange],
        status: int,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(None, status, dict(headers))
        del self.headers["content-length"]
        self.headers["content-length"] = headers["Content-Length"]
        hub = hub_of(request)
        self._plan = plan
        self._parts = [] if request.method == "HEAD" else parts
        self._open: OpenContent = hub.blobs.open_content
        self._straight = None if isinstance(plan, BytesPlan) else hub.blobs.open_straight(plan)
        self._server_copies = hub.settings.server == "granian"
        self._sent_bytes = 0
        self._memory_bytes = hub.settings.download_memory_bytes
        self._idle_seconds = hub.settings.send_idle_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        start = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        if isinstance(self._plan, BytesPlan) or not self._parts:
            body = b"".join(self._small_pieces())
            await send(start)
            await send({"type": "http.response.body", "body": body})
            return
        gone = asyncio.Event()
        watcher = asyncio.create_task(_watch(receive, gone))
        _Downloads.begin()
        pieces = self._pieces()
        try:
            # Its own, since others run while this begins.
            piece: bytes | bytearray = bytes(await anext(pieces, _NOTHING))
            await send(start)
            while piece:
                if gone.is_set():
                    return
                async with asyncio.timeout(self._idle_seconds):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                self._sent_bytes += len(piece)
                piece = await anext(pieces, _NOTHING)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            _Downloads.end()
            await pieces.aclose()
            watcher.cancel()

    def _small_pieces(self) -> Iterator[bytes]:
        for part in self._parts:
            if isinstance(part, bytes):
                yield part
            else:
                assert isinstance(self._plan, BytesPlan)
                yield self._plan.content[part.start : part.stop]

    async def _pieces(self) -> AsyncGenerator[bytes | bytearray]:
        """Every byte of the body. A piece is good until the next time that anything is awaited."""
        assert not isinstance(self._plan, BytesPlan)
        for part in self._parts:
            if isinstance(part, bytes):
                yield part
                continue
            at = part.start
            while at < part.stop:
                if now := self._at_once(at, part.stop):
                    at += len(now)
                    yield now
                    await asyncio.sleep(0)  # nothing here may have waited: let others run
                    continue
                rest = ByteRange(at, part.stop)
                source = self._run(rest) if _is_quiet() else self._window(rest)
                async with aclosing(source):
                    async for piece in source:
                        at += len(piece)
                        yield piece
            assert at == part.stop, (at, part)

    def _at_once(self, start: int, stop: int) -> bytes | bytearray:
        """Content from ``start`` that can be had without waiting; nothing when there is none."""
        assert self._straight is not None
        size = self._piece_bytes()
        buffer = _Buffers.of(size)
        with memoryview(buffer) as view:
            count = self._straight.read_into(start, view[: min(size, stop - start)])
            if count == size and self._server_copies:
                return buffer
            return bytes(view[:count])

    def _piece_bytes(self) -> int:
        """How much is sent in one piece: a power of two."""
        if _is_quiet():
            return PIECE_BYTES_MAX
        if self._sent_bytes < START_BYTES:
            return START_PIECE_BYTES
        share = self._memory_bytes // (2 * max(1, _Downloads.active))
        return 1 << (max(PIECE_BYTES_MIN, min(PIECE_BYTES_MAX, share)).bit_length() - 1)

    async def _run(self, rest: ByteRange) -> AsyncGenerator[bytes]:
        """While few download: a long reading, a piece ahead of the client."""
        assert not isinstance(self._plan, BytesPlan)
        stop = min(rest.stop, rest.start + RUN_BYTES)
        source = _ahead(self._open(self._plan, rest.start, stop))
        async with aclosing(source):
            async for piece in source:
                yield _as_bytes(piece)
                if not _is_quiet():
                    return

    async def _window(self, rest: ByteRange) -> AsyncGenerator[bytes]:
        """While many download: one small reading, and nothing is held beside it. They are each
        other's parallelism, and what waits for a client that stands still is memory.
        """
        assert not isinstance(self._plan, BytesPlan)
        size = self._piece_bytes()
        stop = min(rest.stop, rest.start + max(size, READ_BYTES_MIN))
        content = await begin_read(_read, self._open, self._plan, rest.start, stop)
        for at in range(0, len(content), size):
            yield content[at : at + size]


def _is_quiet() -> bool:
    return _Downloads.active <= QUIET_DOWNLOADS_MAX


def _as_bytes(piece: Piece) -> bytes:
    """The piece as bytes, which is no copy when that is what it shows."""
    if isinstance(piece, memoryview) and isinstance(piece.obj, bytes):
        return piece.obj if len(piece) == len(piece.obj) else bytes(piece)
    return bytes(piece)


def _read(
    open_content: OpenContent, plan: RecipePlan | RecordsPlan, start: int, stop: int
) -> bytes:
    return b"".join(open_content(plan, start, stop))


async def _watch(receive: Receive, gone: asyncio.Event) -> None:
    """Servers do not fail a send to a client that is gone: they say so here."""
    while (await receive())["type"] != "http.disconnect":
        pass
    gone.set()


async def _ahead(pieces: Iterator[Piece]) -> AsyncGenerator[Piece]:
    """The pieces, read on a reader thread: the next one while the last one is being sent."""
    pending: asyncio.Future[Piece | None] = begin_read(next, pieces, None)
    try:
        while (piece := await pending) is not None:
            pending = begin_read(next, pieces, None)
            yield piece
    finally:
        await asyncio.wait([pending])  # a generator cannot be closed while it runs
        await begin_read(_close, pieces)


def _close(pieces: Iterator[Piece]) -> None:
    if isinstance(pieces, Generator):
        pieces.close()
