"""The Xet door, what comes in: xorbs and shards, and the queries that spare them.

Knows how a check that takes long is told of. Source: Xet protocol, HTTP surface.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncGenerator
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from groundswell.core.errors import GroundswellError, NotFound, Unavailable
from groundswell.http.auth import hub_of
from groundswell.http.bodies import declared_length
from groundswell.http.errors import json_response
from groundswell.http.receive import receiving, upload_place
from groundswell.http.routing import Route
from groundswell.http.threads import hop
from groundswell.http.xet.door import GET, HASHED, POST, admit, route
from groundswell.hub.blobs import ShardResult, XetScope
from groundswell.wire.hashing import hash_from_hex
from groundswell.wire.shard import SHARD_BYTES_MAX
from groundswell.wire.xorb import XORB_BYTES_MAX

HEARTBEAT_SECONDS: Final = 5.0
# A shard that is checked sooner is answered with a plain status.
_PLAIN_SECONDS: Final = 2.0
_SHARDS_AT_ONCE: Final = 4

_CHUNKS: Final = ("/v1/chunks", "/chunks", "/chunk")
_XORBS: Final = ("/v1/xorbs", "/xorbs", "/xorb")
_SHARDS: Final = (
    "/v1/shards",
    "/shards",
    "/shard",
    "/shards/{prefix}/{hash}",
    "/shard/{prefix}/{hash}",
)


async def _find_chunk(request: Request) -> Response:
    held = await admit(request, XetScope.READ)
    wanted = hash_from_hex(request.path_params["hash"])
    answer = await hop(hub_of(request).blobs.find_chunk, held.domain, wanted)
    if answer is None:
        raise NotFound
    return Response(answer, media_type="application/octet-stream")


async def _receive_xorb(request: Request) -> Response:
    async with receiving(request) as incoming:
        held = await admit(request, XetScope.WRITE)
        key = request.path_params["hash"]
        hash_from_hex(key)
        blobs = hub_of(request).blobs
        spooled = await hop(blobs.spool, declared_length(request.scope) or 0)
        try:
            async with upload_place(request):
                await incoming.into(spooled.write)
            blobs.grants.note_direct(held, key)
            is_new = await hop(blobs.receive_xorb, held.domain, key, spooled)
        finally:
            spooled.discard()
    return json_response({"was_inserted": is_new})


class _Checking:
    """The check of one shard on a thread, and how far it is."""

    def __init__(self) -> None:
        self.verified_bytes = 0
        self.total_bytes = 0
        self._is_abandoned = threading.Event()

    def abandon(self) -> None:
        """Nobody waits for the outcome any more."""
        self._is_abandoned.set()

    def __call__(self, verified_bytes: int, total_bytes: int) -> None:
        if self._is_abandoned.is_set():
            raise Unavailable
        self.verified_bytes, self.total_bytes = verified_bytes, total_bytes


async def _check(request: Request, checking: _Checking) -> asyncio.Task[ShardResult]:
    """Receive a shard and begin to check it."""
    async with receiving(request) as incoming:
        held = await admit(request, XetScope.WRITE)
        blobs = hub_of(request).blobs
        spooled = await hop(blobs.spool, declared_length(request.scope) or 0)
        try:
            async with upload_place(request):
                await incoming.into(spooled.write)
        except BaseException:
            spooled.discard()
            raise
    turns = _turns(request)

    async def check() -> ShardResult:
        try:
            async with turns:
                return await hop(blobs.register_spooled_shard, held, spooled, checking)
        finally:
            spooled.discard()

    task = asyncio.create_task(check())
    task.add_done_callback(_seen)
    return task


def _seen(task: asyncio.Task[ShardResult]) -> None:
    """An outcome that nobody waited for is no fault to be logged."""
    if not task.cancelled():
        task.exception()


def _turns(request: Request) -> asyncio.Semaphore:
    """Long checks take turns, so that they leave threads to everybody else."""
    state = request.app.state
    if not hasattr(state, "shard_turns"):
        state.shard_turns = asyncio.Semaphore(_SHARDS_AT_ONCE)
    turns: asyncio.Semaphore = state.shard_turns
    return turns


async def _register_v1(request: Request) -> Response:
    checking = _Checking()
    result = await _finish(await _check(request, checking), checking)
    return json_response({"result": int(result.was_inserted), "shard_hash": result.shard_hash})


async def _finish(task: asyncio.Task[ShardResult], checking: _Checking) -> ShardResult:
    try:
        return await asyncio.shield(task)
    finally:
        checking.abandon()


async def _register_v2(request: Request) -> Response:
    checking = _Checking()
    task = await _check(request, checking)
    done, _ = await asyncio.wait({task}, timeout=_PLAIN_SECONDS)
    if done:
        return _frames_response(_frame(task.result()))
    return StreamingResponse(_frames(task, checking), media_type="application/x-ndjson")


async def _frames(task: asyncio.Task[ShardResult], checking: _Checking) -> AsyncGenerator[bytes]:
    """Heartbeats while the shard is checked, then its result or error, a JSON object on each line.

    Anything else that goes wrong breaks the connection, which is the only signal left.
    """
    try:
        while not task.done():
            yield _line(
                {
                    "type": "validating",
                    "verified": checking.verified_bytes,
                    "total": checking.total_bytes,
                }
            )
            await asyncio.wait({task}, timeout=HEARTBEAT_SECONDS)
        try:
            yield _frame(task.result())
        except GroundswellError as error:
            frame = {"type": "error", "message": error.message, "retryable": error.retryable}
            yield _line({**frame, "code": error.code})
    finally:
        checking.abandon()


def _frame(result: ShardResult) -> bytes:
    return _line({"type": "result", "result": int(result.was_inserted)})


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _frames_response(frames: bytes) -> Response:
    return Response(frames, media_type="application/x-ndjson")


def routes() -> list[Route]:
    """Addresses of this part, today's and those of older clients."""
    return [
        *(route(GET, path + HASHED, _find_chunk, "xet chunk") for path in _CHUNKS),
        *(route(POST, path + HASHED, _receive_xorb, "xet xorb", XORB_BYTES_MAX) for path in _XORBS),
        route(POST, "/v2/shards", _register_v2, "xet shard", SHARD_BYTES_MAX),
        *(route(POST, path, _register_v1, "xet shard", SHARD_BYTES_MAX) for path in _SHARDS),
    ]
