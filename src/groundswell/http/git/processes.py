"""Processes for requests: bounded in number and time, ended with everything they started.

Knows pipes, backpressure in both directions and clients that go away. Does not know what git
says, or who asks.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from groundswell.core.errors import GroundswellError, Malformed, Unavailable
from groundswell.hub.commits.pushes import Process

PROCESS_WAIT_SECONDS: Final = 30.0
PROCESS_SECONDS_MAX: Final = 4 * 3600.0
MEMORY_BYTES_MAX: Final = 2 << 30
PIECE_BYTES: Final = 256 << 10
STDERR_BYTES_MAX: Final = 16 << 10
NO_CACHE: Final = {"Cache-Control": "no-cache, max-age=0, must-revalidate"}


class Running:
    """One process and its pipes. Always killed at the end, with everything it started."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        assert process.stdin is not None
        assert process.stdout is not None
        self.stdin = process.stdin
        self.stdout = process.stdout

    @classmethod
    async def start(cls, what: Process, *, stderr: bool) -> Running:
        arguments, variables = what
        process = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE if stderr else asyncio.subprocess.DEVNULL,
            env=variables,
            limit=PIECE_BYTES,
            start_new_session=True,
        )
        with contextlib.suppress(ProcessLookupError, PermissionError, ValueError):
            resource.prlimit(
                process.pid, resource.RLIMIT_DATA, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX)
            )
        return cls(process)

    async def write(self, piece: bytes) -> bool:
        """Feed the process; False when it takes no more."""
        try:
            self.stdin.write(piece)
            await self.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    async def end_input(self) -> None:
        """Close the process's standard input."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.stdin.close()
            await self.stdin.wait_closed()

    async def kill(self) -> None:
        """End the process and its children, and take leave of it."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.stdin.close()
        await self.process.wait()


class FetchAnswer(Response):
    """What upload-pack says, as it says it. Headers go out with its first bytes."""

    def __init__(
        self,
        slots: asyncio.Semaphore,
        what: Process,
        stdin: bytes,
        media_type: str,
        send_idle_seconds: float,
        prefix: bytes = b"",
    ) -> None:
        super().__init__(b"", media_type=media_type, headers=NO_CACHE)
        del self.headers["content-length"]
        self._slots = slots
        self._what = what
        self._stdin = stdin
        self._prefix = prefix
        self._send_idle_seconds = send_idle_seconds

    async def __call__(
        self,
        scope: Scope,  # noqa: ARG002 - ASGI's signature
        receive: Receive,
        send: Send,
    ) -> None:
        async with slot(self._slots), asyncio.timeout(PROCESS_SECONDS_MAX):
            running = await Running.start(self._what, stderr=False)
            gone = asyncio.ensure_future(_gone(receive))
            feeding = asyncio.ensure_future(self._feed(running))
            try:
                await self._stream(running, gone, send)
            finally:
                for task in (gone, feeding):
                    task.cancel()
                await asyncio.gather(gone, feeding, return_exceptions=True)
                await running.kill()

    async def _feed(self, running: Running) -> None:
        await running.write(self._stdin)
        await running.end_input()

    async def _stream(self, running: Running, gone: asyncio.Future[None], send: Send) -> None:
        first = await running.stdout.read(PIECE_BYTES)
        if not first and await running.process.wait() != 0:
            if self._stdin:  # what it had to say of our own faults, git would have said
                raise Malformed("fetch", "git can make nothing of it")
            msg = "git could not answer."
            raise GroundswellError(msg)
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        piece = self._prefix + first
        while piece and not gone.done():
            async with asyncio.timeout(self._send_idle_seconds):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            read = asyncio.ensure_future(running.stdout.read(PIECE_BYTES))
            waited: set[asyncio.Future[Any]] = {read, gone}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                read.cancel()
                return
            piece = read.result()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    """Return when the client has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass


@contextlib.asynccontextmanager
async def slot(slots: asyncio.Semaphore) -> AsyncIterator[None]:
    """One of the places for processes.

    Raises:
        Unavailable: none became free in time.
    """
    try:
        async with asyncio.timeout(PROCESS_WAIT_SECONDS):
            await slots.acquire()
    except TimeoutError as error:
        raise Unavailable from error
    try:
        yield
    finally:
        slots.release()


async def read_bounded(pipe: asyncio.StreamReader | None) -> bytes:
    """Read a pipe to its end; keep the first part."""
    kept = bytearray()
    while pipe is not None:
        piece = await pipe.read(PIECE_BYTES)
        if not piece:
            break
        kept += piece[: max(0, STDERR_BYTES_MAX - len(kept))]
    return bytes(kept)
