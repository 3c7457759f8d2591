"""The edge: everything that is the same for every request, around the doors.

Request id, routing, bounds on bodies and uploads, errors into each door's own form, security
headers, access log, metrics. One of the three places that may catch every exception: here it
becomes a 500 that tells nothing but the request id, or, once an answer has begun, a broken
connection. Knows no protocol and no right.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.datastructures import MutableHeaders, State
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from groundswell.core.errors import (
    BadRequest,
    Corrupt,
    GroundswellError,
    RepoMoved,
    RepoNotFound,
)
from groundswell.http import metrics
from groundswell.http.bodies import BoundedBody, body_too_large, declared_length
from groundswell.http.errors import error_headers
from groundswell.http.logs import REQUEST_ID, redact_path
from groundswell.http.origin import base_url, peer_of
from groundswell.http.routing import Door, Match, Route, Router

if TYPE_CHECKING:
    from groundswell.wiring import Hub

__all__ = ["Edge", "base_url"]

LOG: Final = logging.getLogger("groundswell.http")
ACCESS: Final = logging.getLogger("groundswell.access")

PATH_LOGGED_MAX: Final = 300

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:;=@/+-]{1,200}")
_UNMATCHED: Final = "unmatched"

# What a door did not say itself. The policy keeps any answer, opened in a browser, from running
# script or being framed; pages set their own.
_SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def _first(scope: Scope, name: bytes) -> str:
    return next((v.decode("latin-1") for k, v in scope["headers"] if k == name), "")


def _request_id(scope: Scope) -> str:
    """What the client calls this request, when that is safe to repeat; else a new id."""
    for header in (b"x-request-id", b"x-amzn-trace-id"):
        given = _first(scope, header).strip()
        if given and _REQUEST_ID.fullmatch(given):
            return given
    return uuid.uuid4().hex


@dataclass(slots=True)
class _Exchange:
    """One request and its answer, as the access log and the metrics see them."""

    request_id: str
    method: str
    path: str
    peer: str = ""
    match: Match | None = None
    status: int = 0
    sent_bytes: int = 0
    began: bool = False
    complete: bool = False
    body: BoundedBody | None = None

    @property
    def route(self) -> str:
        return self.match.route.name if self.match else _UNMATCHED

    @property
    def door(self) -> str:
        return self.match.route.door.name if self.match else _UNMATCHED


class Edge:
    """The ASGI application. ``fallback`` renders errors of paths that no route knows."""

    def __init__(self, hub: Hub, routes: Sequence[Route], fallback: Door) -> None:
        self.state = State({"hub": hub, "uploads": asyncio.Semaphore(hub.settings.uploads_at_once)})
        self._settings = hub.settings
        self._router = Router(routes)
        self._fallback = fallback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw_path = scope.get("raw_path") or b"/"
        path = raw_path.partition(b"?")[0].decode("latin-1")
        exchange = _Exchange(_request_id(scope), scope["method"], path)
        REQUEST_ID.set(exchange.request_id)
        scope["app"] = self
        scope["request_id"] = exchange.request_id
        begun = time.perf_counter()
        metrics.OPEN.inc()
        try:
            await self._answer(scope, receive, self._outgoing(scope, send, exchange), exchange)
        finally:
            metrics.OPEN.dec()
            self._record(exchange, time.perf_counter() - begun)

    async def _answer(
        self, scope: Scope, receive: Receive, send: Send, exchange: _Exchange
    ) -> None:
        """Run the endpoint and send its answer, or the error's."""
        request = Request(scope, receive)
        try:
            exchange.peer = scope["peer"] = peer_of(scope, self._settings)
            method = _preflighted(scope) or exchange.method
            exchange.match = match = self._router.find(exchange.path, method)
            scope["path_params"] = dict(match.parameters)
            scope["match"] = match
            if method != exchange.method and match.route.door.anonymous_cors:
                await Response(status_code=204, headers=_PREFLIGHT)(scope, receive, send)
                return
            exchange.body = self._bound(scope, receive, match.route)
            request = Request(scope, exchange.body)
            response = await match.route.endpoint(request)
            await response(scope, exchange.body, send)
        except ClientDisconnect as error:
            if not exchange.began:  # who closed only its own half may still read why
                early = BadRequest("The request ended before its body was complete.")
                early.__cause__ = error
                await self._answer_error(request, send, exchange, early)
            exchange.status = 499
        except Exception as error:
            await self._answer_error(request, send, exchange, error)

    def _bound(self, scope: Scope, receive: Receive, route: Route) -> BoundedBody:
        most = route.body_max_bytes
        if most is None:
            most = self._settings.json_body_max_bytes
        elif callable(most):
            most = most(self._settings)
        declared = declared_length(scope)
        if declared is not None and declared > most:
            raise body_too_large(most)
        counter = metrics.RECEIVED.labels(route.door.name)
        return BoundedBody(receive, most, self._settings.body_idle_seconds, counter.inc)

    async def _answer_error(
        self, request: Request, send: Send, exchange: _Exchange, error: Exception
    ) -> None:
        known = error if isinstance(error, GroundswellError) else None
        if known is None or (known.status >= 500 and not known.retryable):
            LOG.error("%s failed: %s", exchange.route, type(error).__name__, exc_info=error)
        if exchange.began:
            # The answer is under way: a broken connection is the only honest signal left.
            metrics.BROKEN.inc()
            return
        told = known if known is not None and known.status != 500 else _with_id(known, exchange)
        response = self._render(request, exchange, told)
        for name, value in error_headers(told).items():
            response.headers.setdefault(name, value)
        try:
            await response(request.scope, request.receive, send)
        except (ClientDisconnect, OSError):
            exchange.status = 499

    def _render(self, request: Request, exchange: _Exchange, error: GroundswellError) -> Response:
        if isinstance(error, RepoMoved) and exchange.match is not None:
            if {"ns", "name"} <= exchange.match.places.keys():
                return _moved(request, exchange.match, error)
            error = RepoNotFound(error.message)  # named in the body: the address stays the same
        door = exchange.match.route.door if exchange.match else self._fallback
        return door.render_error(request, error)

    def _outgoing(self, scope: Scope, send: Send, exchange: _Exchange) -> Send:
        """``send`` that adds what every answer carries and counts what leaves."""

        async def outgoing(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.began = True
                exchange.status = message["status"]
                self._add_headers(scope, MutableHeaders(scope=message), exchange)
            elif message["type"] == "http.response.body":
                exchange.sent_bytes += len(message.get("body", b""))
                exchange.complete = not message.get("more_body", False)
            await send(message)

        return outgoing

    def _add_headers(self, scope: Scope, headers: MutableHeaders, exchange: _Exchange) -> None:
        headers["X-Request-Id"] = exchange.request_id
        for name, value in _SECURITY_HEADERS.items():
            headers.setdefault(name, value)
        door = exchange.match.route.door if exchange.match else None
        if door is not None and door.anonymous_cors and _asks_plainly(scope):
            headers.setdefault("Access-Control-Allow-Origin", "*")
            headers.setdefault("Access-Control-Expose-Headers", "*")
            headers.setdefault("Cross-Origin-Resource-Policy", "cross-origin")

    def _record(self, exchange: _Exchange, seconds: float) -> None:
        status = exchange.status or 500
        method = exchange.method if exchange.method in _KNOWN_METHODS else "other"
        requests, duration, sent = metrics.counters_of(
            exchange.door, exchange.route, method, str(status)
        )
        requests.inc()
        duration.observe(seconds)
        sent.inc(exchange.sent_bytes)
        if not self._settings.log_requests:
            return
        secret = exchange.match is not None and exchange.match.route.secret_path
        fields = {
            "method": method,
            "path": "[redacted]" if secret else redact_path(exchange.path[:PATH_LOGGED_MAX]),
            "route": exchange.route,
            "status": status,
            "ms": round(seconds * 1000, 2),
            "in": exchange.body.received_bytes if exchange.body else 0,
            "out": exchange.sent_bytes,
            "peer": exchange.peer,
        }
        if exchange.began and not exchange.complete:
            fields["broken"] = True
        ACCESS.info("request", extra={"fields": fields})


def _with_id(known: GroundswellError | None, exchange: _Exchange) -> GroundswellError:
    """What a peer is told of a failure of the hub itself: the id under which the log tells more."""
    tail = f"Request id: {exchange.request_id}"
    if isinstance(known, Corrupt):
        return Corrupt(f"{known.message} {tail}")
    return GroundswellError(f"Internal error. {tail}")


_KNOWN_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _asks_plainly(scope: Scope) -> bool:
    """Whether this is a read that carries no credential."""
    if scope["method"] not in {"GET", "HEAD"}:
        return False
    return not any(name in {b"authorization", b"cookie"} for name, _ in scope["headers"])


_PREFLIGHT: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "Range, Accept, If-None-Match, X-Requested-With",
    "Access-Control-Max-Age": "86400",
}


def _preflighted(scope: Scope) -> str | None:
    """The method that a browser asks leave for, when it is a read; else None."""
    wanted = _first(scope, b"access-control-request-method")
    return wanted if scope["method"] == "OPTIONS" and wanted in {"GET", "HEAD"} else None


def _moved(request: Request, match: Match, error: RepoMoved) -> Response:
    """The same place under the repository's new name: relative, so that any proxy fits."""
    location = match.with_segments(ns=error.namespace, name=error.name)
    query = request.scope.get("query_string", b"").decode("latin-1")
    if query:
        location += f"?{query}"
    return Response(status_code=307, headers={"Location": location})


async def _lifespan(receive: Receive, send: Send) -> None:
    """Servers announce start and stop; the hub is built before and closed after them."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            await send({"type": "lifespan.shutdown.complete"})
            return
