"""The Xet door: the content store as hf_xet of every release calls it.

Knows the paths, their old names, and what a client takes for "not supported" (404, never 405). Who
may do what is decided by passes, checked again at each call. Source: Xet protocol, HTTP surface.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import AsyncGenerator
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from groundswell.core.errors import (
    Corrupt,
    Forbidden,
    Gone,
    GroundswellError,
    InvalidCredentials,
    NotFound,
    RangeNotSatisfiable,
    Unauthenticated,
    Unavailable,
)
from groundswell.core.policy import Action
from groundswell.core.values import ByteRange
from groundswell.http.accel import hand_over
from groundswell.http.auth import hub_of
from groundswell.http.bodies import declared_length
from groundswell.http.errors import json_response
from groundswell.http.origin import base_url
from groundswell.http.receive import receiving, upload_place
from groundswell.http.routing import Door, Endpoint, Route
from groundswell.http.stream import Content, ContentResponse, answer_content, asked_ranges
from groundswell.http.threads import hop
from groundswell.hub.blobs import Pass, ShardResult, XetScope
from groundswell.wire.hashing import hash_from_hex
from groundswell.wire.ranges import content_range
from groundswell.wire.shard import SHARD_BYTES_MAX
from groundswell.wire.xorb import XORB_BYTES_MAX
from groundswell.wiring import Hub

_RECORDS: Final = "xet-records"
RECORDS_TTL_SECONDS: Final = 3600
HEARTBEAT_SECONDS: Final = 5.0
# A shard that is checked sooner is answered with a plain status.
_PLAIN_SECONDS: Final = 2.0
_SHARDS_AT_ONCE: Final = 4

_EPOCH: Final = re.compile(r"e([0-9]{1,19})", re.ASCII)
_DOMAIN: Final = re.compile(r"n[0-9]{1,19}|r[0-9]{1,19}u[0-9]{1,19}", re.ASCII)
_RANGE: Final = re.compile(r"bytes=([0-9]{1,18})-([0-9]{0,18})", re.ASCII)
_EVERY_METHOD: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_AT: Final = "/xet/{domain}/{epoch}"


def _render(request: Request, error: GroundswellError) -> Response:
    """An error as this protocol knows it: the status is what counts."""
    del request
    headers = {"WWW-Authenticate": "Bearer"} if error.status == Unauthenticated.status else {}
    # Clients ask again for minutes after any 5xx: what is broken at rest does not heal by that.
    status = Gone.status if isinstance(error, Corrupt) else error.status
    return json_response({"error": error.message, "code": error.code}, status, headers)


DOOR: Final = Door("xet", _render, hides_methods=True)


async def _admit(request: Request, scope: XetScope) -> Pass:
    """Who calls, with the rights of this moment.

    Raises:
        InvalidCredentials, NotFound, Forbidden: as ``Passes.admit``.
    """
    parameters = request.path_params
    epoch = _EPOCH.fullmatch(parameters["epoch"])
    if epoch is None or not _DOMAIN.fullmatch(parameters["domain"]):
        raise NotFound
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise InvalidCredentials
    admit = hub_of(request).blobs.passes.admit
    held = await hop(admit, token.strip(), parameters["domain"], int(epoch[1]), scope)
    request.scope["principal"] = held.principal
    return held


async def _find_chunk(request: Request) -> Response:
    held = await _admit(request, XetScope.READ)
    wanted = hash_from_hex(request.path_params["hash"])
    answer = await hop(hub_of(request).blobs.find_chunk, held.domain, wanted)
    if answer is None:
        raise NotFound
    return Response(answer, media_type="application/octet-stream")


async def _receive_xorb(request: Request) -> Response:
    async with receiving(request) as incoming:
        held = await _admit(request, XetScope.WRITE)
        key = request.path_params["hash"]
        hash_from_hex(key)
        blobs = hub_of(request).blobs
        spooled = await hop(blobs.spool, declared_length(request.scope) or 0)
        try:
            async with upload_place(request):
                await incoming.into(spooled.write)
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
        held = await _admit(request, XetScope.WRITE)
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


async def _reconstruct_v1(request: Request) -> Response:
    return await _reconstruct(request, 1)


async def _reconstruct_v2(request: Request) -> Response:
    return await _reconstruct(request, 2)


async def _reconstruct(request: Request, version: int) -> Response:
    held = await _admit(request, XetScope.READ)
    file_hash = request.path_params["hash"]
    hash_from_hex(file_hash)
    wanted = _wanted(request.headers.get("range"))
    here = f"{base_url(request)}/xet/{request.path_params['domain']}/{request.path_params['epoch']}"
    told = await hop(_tell, hub_of(request), held, file_hash, wanted, version, here)
    return json_response(told, headers={"Cache-Control": "private, no-store"})


def _tell(
    hub: Hub, held: Pass, file_hash: str, wanted: ByteRange | None, version: int, here: str
) -> dict[str, Any]:
    def url_for(xorb_hash: str, first_byte: int, last_byte: int) -> str:
        size = hub.blobs.plan_records(xorb_hash).size_bytes
        facts = {"xorb": xorb_hash, "first": first_byte, "last": last_byte, "size": size}
        signed = hub.blobs.passes.seal(
            _RECORDS, held.principal, held.repository.id, facts, RECORDS_TTL_SECONDS
        )
        return f"{here}/records/{xorb_hash}?signature={signed}"

    at = hub.blobs.records_url if hub.blobs.signs_addresses else url_for
    return hub.blobs.reconstruction(held.repository.id, file_hash, wanted, version, at)


def _wanted(header: str | None) -> ByteRange | None:
    """The one range of the file that a client asks for; None for all of it."""
    if header is None:
        return None
    found = _RANGE.fullmatch(header.replace(" ", ""))
    if found is None:
        raise RangeNotSatisfiable(0)
    start = int(found[1])
    stop = int(found[2]) + 1 if found[2] else 1 << 60
    if stop <= start:
        raise RangeNotSatisfiable(0)
    return ByteRange(start, stop)


async def _records(request: Request) -> Response:
    """Records of a xorb, by a signed URL: whatever is wrong with it, clients want a 403."""
    hub = hub_of(request)
    signed = request.query_params.get("signature", "")
    try:
        held = await hop(hub.blobs.passes.unseal, _RECORDS, signed, Action.READ)
    except (Unauthenticated, Forbidden, NotFound) as error:
        raise Forbidden from error
    key = request.path_params["hash"]
    first, last = held.facts["first"], held.facts["last"]
    if held.facts["xorb"] != key:
        raise Forbidden
    plan = await hop(hub.blobs.plan_records, key)
    # Stored anew since, other bytes lie at these places: the client asks for them again.
    if plan.size_bytes != held.facts["size"]:
        raise Forbidden
    granted = ByteRange(first, last + 1)
    away = await hand_over(request, plan, granted, _RECORDS_HEADERS)
    if away is not None:
        return away
    content = Content(plan, plan.size_bytes, key, "application/octet-stream", _RECORDS_HEADERS)
    ranges = asked_ranges(request, plan.size_bytes, key)
    if ranges is None:
        headers = {
            **_RECORDS_HEADERS,
            "Content-Type": content.media_type,
            "Content-Length": str(granted.size_bytes),
            "Content-Range": content_range(granted, plan.size_bytes),
        }
        return ContentResponse(request, plan, [granted], 206, headers)
    if any(part.start < granted.start or part.stop > granted.stop for part in ranges):
        raise Forbidden
    return answer_content(request, content)


_RECORDS_HEADERS: Final = {"Cache-Control": "private, max-age=3600"}


async def _take_telemetry(request: Request) -> Response:
    """Clients report how fast they were: read, so that they are not cut off, and forgotten."""
    async with receiving(request) as incoming:
        await incoming.drain()
    return Response(status_code=200)


async def _absent(request: Request) -> Response:
    async with receiving(request):
        raise NotFound


def _route(
    methods: tuple[str, ...],
    pattern: str,
    endpoint: Endpoint,
    name: str,
    body_max_bytes: int = 0,
) -> Route:
    return Route(
        methods,
        _AT + pattern,
        endpoint,
        DOOR,
        name,
        body_max_bytes=body_max_bytes,
        takes_content=body_max_bytes > _SMALL_BODY_BYTES,
    )


_SMALL_BODY_BYTES: Final = 1024 * 1024


def routes() -> list[Route]:
    """Every address of this door, today's and those of older clients."""
    get, post = ("GET",), ("POST",)
    hashed = "/{prefix}/{hash}"
    listed = [
        *(_route(get, path + hashed, _find_chunk, "xet chunk") for path in _CHUNKS),
        *(
            _route(post, path + hashed, _receive_xorb, "xet xorb", XORB_BYTES_MAX)
            for path in _XORBS
        ),
        _route(post, "/v2/shards", _register_v2, "xet shard", SHARD_BYTES_MAX),
        *(_route(post, path, _register_v1, "xet shard", SHARD_BYTES_MAX) for path in _SHARDS),
        _route(get, "/v2/reconstructions/{hash}", _reconstruct_v2, "xet reconstruction"),
        *(
            _route(get, path + "/{hash}", _reconstruct_v1, "xet reconstruction")
            for path in ("/v1/reconstructions", "/reconstructions", "/reconstruction")
        ),
        _route(get, "/records/{hash}", _records, "xet records"),
        _route(post, "/v1/telemetry", _take_telemetry, "xet telemetry", _SMALL_BODY_BYTES),
    ]
    # Some releases report to the hub's own address instead of the store's.
    telemetry = "xet telemetry"
    at_root = Route(
        post, "/v1/telemetry", _take_telemetry, DOOR, telemetry, body_max_bytes=_SMALL_BODY_BYTES
    )
    # Whatever else is asked for is not supported: anything but 404 would end a client's transfer.
    everything_else = Route(
        _EVERY_METHOD, "/xet/{rest*}", _absent, DOOR, "xet absent", body_max_bytes=XORB_BYTES_MAX
    )
    return [*listed, at_root, everything_else]


_CHUNKS: Final = ("/v1/chunks", "/chunks", "/chunk")
_XORBS: Final = ("/v1/xorbs", "/xorbs", "/xorb")
_SHARDS: Final = (
    "/v1/shards",
    "/shards",
    "/shard",
    "/shards/{prefix}/{hash}",
    "/shard/{prefix}/{hash}",
)
