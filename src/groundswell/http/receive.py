"""Content on its way in: a body is handed on in blocks while the next one arrives.

Knows pace and bounds. Does not know what the bytes are. No thread waits for the network: a block
is written on a thread while the next is received, and at most two blocks are in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from starlette.requests import ClientDisconnect, Request

from groundswell.core.errors import BodyStalled, GroundswellError, Unavailable
from groundswell.http.threads import hop

BLOCK_BYTES: Final = 2 * 1024 * 1024
DRAIN_BYTES_MAX: Final = 96 * 1024 * 1024
_DRAIN_SECONDS: Final = 120.0
_PLACE_SECONDS: Final = 30.0


class Incoming:
    """The body of one request."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._is_over = False

    async def pieces(self) -> AsyncIterator[bytes]:
        """The pieces as the server gives them.

        Raises:
            ClientDisconnect: the client went away before the end.
        """
        while not self._is_over:
            message = await self._request.receive()
            if message["type"] == "http.disconnect":
                self._is_over = True
                raise ClientDisconnect
            self._is_over = not message.get("more_body", False)
            if piece := message.get("body", b""):
                yield piece

    async def into(self, write: Callable[[bytearray], object]) -> int:
        """Hand the body to ``write`` in blocks of some megabytes, on a thread; how many bytes.

        Raises:
            ClientDisconnect: the client went away.
            GroundswellError: as ``write`` does.
        """
        total_bytes = 0
        block = bytearray()
        writing: asyncio.Task[object] | None = None
        try:
            async for piece in self.pieces():
                block += piece
                total_bytes += len(piece)
                if len(block) >= BLOCK_BYTES:
                    if writing is not None:
                        await writing
                    writing = asyncio.create_task(_write(write, block))
                    block = bytearray()
        finally:
            # The thread goes on whatever happened here: nobody may discard what it writes to.
            if writing is not None:
                await asyncio.wait([writing])
        if writing is not None:
            await writing
        if block:
            await hop(write, block)
        return total_bytes

    async def drain(self) -> None:
        """Read on, and forget, what is left of the body, up to a bound.

        Clients take an answer that comes before they have sent everything for a broken connection.
        """
        left = DRAIN_BYTES_MAX
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                async for piece in self.pieces():
                    left -= len(piece)
                    if left <= 0:
                        return
        except (ClientDisconnect, GroundswellError, TimeoutError):
            return


@asynccontextmanager
async def receiving(request: Request) -> AsyncIterator[Incoming]:
    """The body of a request; it is drained before an error is answered."""
    incoming = Incoming(request)
    try:
        yield incoming
    except BodyStalled:
        raise
    except GroundswellError:
        await incoming.drain()
        raise


@asynccontextmanager
async def upload_place(request: Request) -> AsyncIterator[None]:
    """One of the places for uploads. For callers whose right to upload is established: who has
    none could otherwise keep everybody out with bodies that never end.

    Raises:
        Unavailable: none became free in time.
    """
    places: asyncio.Semaphore = request.app.state.uploads
    try:
        async with asyncio.timeout(_PLACE_SECONDS):
            await places.acquire()
    except TimeoutError as error:
        msg = "Too many uploads at the same time. Try again in a moment."
        raise Unavailable(msg, retry_after_seconds=10) from error
    try:
        yield
    finally:
        places.release()


async def _write(write: Callable[[bytearray], object], block: bytearray) -> object:
    return await hop(write, block)
