"""The Hub API's events of a bucket: its changes, told as they happen (Hub API 17).

Knows server-sent events, and how often it is looked for news. A follower holds a connection and a
task, no thread: each look is one brief hop, in which who asks and what they may read is found
again, so a right that ended ends the stream.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, Hashable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from groundswell.core.errors import BadRequest, GroundswellError, NotServed, Unavailable
from groundswell.core.values import RepoId
from groundswell.http.auth import Credential, ask, authenticate, credential_of, hub_of
from groundswell.http.hub_api.buckets import BUCKET, bucket_id_of
from groundswell.http.hub_api.door import query_of, route
from groundswell.http.routing import Route
from groundswell.http.threads import hop_briefly
from groundswell.hub.buckets import Change, Changes, Since
from groundswell.wire.hub_api.bucket import event_frame, parse_instant
from groundswell.wire.hub_api.text import date_text, last_values
from groundswell.wiring import Hub

LOOK_SECONDS: Final = 2.0
# Clients and proxies give up a connection that says nothing for a minute or so.
PING_SECONDS: Final = 25.0
FOLLOW_SECONDS: Final = 600.0
EACH_MAX: Final = 20
_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)


class _Places:
    """How many follow at the moment, all together and each."""

    def __init__(self) -> None:
        self._taken: Counter[Hashable] = Counter()

    def take(self, whose: Hashable, most: int) -> None:
        """One more.

        Raises:
            Unavailable: they are as many as may be.
        """
        if self._taken.total() >= most or self._taken[whose] >= EACH_MAX:
            msg = "As many follow buckets as can be at the same time."
            raise Unavailable(msg, retry_after_seconds=30)
        self._taken[whose] += 1

    def give_back(self, whose: Hashable) -> None:
        """One less."""
        self._taken[whose] -= 1
        if not self._taken[whose]:
            del self._taken[whose]


class _Following(StreamingResponse):
    """The answer that goes on; its place is free again when it ends, however that is."""

    def __init__(self, frames: AsyncIterable[bytes], places: _Places, whose: Hashable) -> None:
        # What stands between must not keep back what is told.
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(frames, media_type="text/event-stream", headers=headers)
        self._places = places
        self._whose = whose

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._places.give_back(self._whose)


def _since(request: Request) -> Since:
    """From where to tell.

    Raises:
        BadRequest: a cursor or time that cannot be.
    """
    asked = last_values(query_of(request))
    if cursor := asked.get("cursor"):
        if _NUMBER.fullmatch(cursor) is None:
            raise BadRequest("The cursor is not one of this hub's.")
        return Since(number=int(cursor))
    if moment := asked.get("since"):
        return Since(moment=parse_instant(moment))
    return Since()


def _change_json(change: Change) -> dict[str, Any]:
    told: dict[str, Any] = {"path": change.path, "op": change.op}
    if change.size_bytes is not None:
        told |= {
            "size": change.size_bytes,
            "xetHash": change.file_hash,
            "uploadedAt": date_text(change.happened_at),
        }
    if change.changed_at is not None:
        told["mtime"] = date_text(change.changed_at)
    return told


def _look(hub: Hub, credential: Credential | None, bucket_id: RepoId, number: int) -> Changes:
    return hub.buckets.changes(authenticate(hub, credential), bucket_id, Since(number=number))


async def _frames(
    hub: Hub, credential: Credential | None, bucket_id: RepoId, changes: Changes
) -> AsyncGenerator[bytes]:
    is_ready, ends_at = False, time.monotonic() + FOLLOW_SECONDS
    told_at = time.monotonic()
    while not changes.is_lost:
        cursor = {"cursor": str(changes.number)}
        if changes.changes:
            told = [_change_json(each) for each in changes.changes]
            yield event_frame("changes", {**cursor, "changes": told})
            told_at = time.monotonic()
        if changes.is_whole:
            if not is_ready:
                yield event_frame("ready", cursor)
                is_ready = True
            if time.monotonic() > ends_at:
                yield event_frame("reconnect", cursor)
                return
            await asyncio.sleep(LOOK_SECONDS)
            if time.monotonic() - told_at > PING_SECONDS:
                yield b": still here\n\n"
                told_at = time.monotonic()
        try:
            changes = await hop_briefly(_look, hub, credential, bucket_id, changes.number)
        except GroundswellError:
            return  # asked again, the client is told why
    yield event_frame("reset", {"reason": "Changes before this are forgotten."})


def _places(request: Request) -> _Places:
    state = request.app.state
    if not hasattr(state, "follower_places"):
        state.follower_places = _Places()
    places: _Places = state.follower_places
    return places


async def _events(request: Request) -> Response:
    hub, bucket_id, since = hub_of(request), bucket_id_of(request), _since(request)
    most = hub.settings.bucket_followers_max
    if most == 0:
        raise NotServed("This hub does not tell of changes as they happen.")
    changes = await ask(request, hub.buckets.changes, bucket_id, since)
    principal = request.scope["principal"]
    whose = principal.account_id or request.scope.get("peer", "")
    places = _places(request)
    places.take(whose, most)
    frames = _frames(hub, credential_of(request), bucket_id, changes)
    return _Following(frames, places, whose)


def routes() -> list[Route]:
    """Addresses of this part."""
    return [route("GET", f"{BUCKET}/events", _events, "bucket events")]
