"""The HTTP server around the application: one process, our own signals, our own socket.

Granian runs embedded in our event loop (docs/decisions/0005-embedded-granian.md); uvicorn is the
second server, so that nothing depends on the first one's habits. Knows sockets and signals, and
nothing of what is served.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from groundswell.core.errors import Unavailable
from groundswell.http.allocation import jemalloc_gives_back
from groundswell.http.routing import Match
from groundswell.settings import Settings

LOG: Final = logging.getLogger("groundswell.server")

BACKLOG: Final = 2048
CONNECTIONS_MAX: Final = 20_000
# What the system keeps for a client beside what is on its way. Left alone it takes up to 4 MiB,
# which a thousand readers that stand still would make 4 GiB.
UNSENT_BYTES_MAX: Final = 256 * 1024
# On SIGTERM: an answer that is being read gets this long, since its reader can ask again; then,
# when nothing else is under way, the connections that are left get a moment to close.
ANSWERS_SECONDS: Final = 3.0
_LINGER_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.1


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 picks a free one.

    Raises:
        Unavailable: the address is taken or not ours.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit both. Without the first, the few bytes that end an answer of unknown
        # length wait for the client to acknowledge what came before: 40 ms for every answer of git.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES_MAX)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        msg = f"Cannot listen on {host} port {port}: {error.strerror}"
        raise Unavailable(msg) from error
    listener.setblocking(False)
    return listener


@dataclass(slots=True, eq=False)
class _Exchange:
    """A request under way."""

    task: asyncio.Task[object]
    scope: Scope
    is_answering: bool = False

    @property
    def is_upload(self) -> bool:
        match: Match | None = self.scope.get("match")  # the edge found it
        return match is not None and match.route.takes_content


class UnderWay:
    """The application, with an eye on the requests under way, so that the end can be in order."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._exchanges: set[_Exchange] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        task = asyncio.current_task()
        assert task is not None, "servers call the application in a task"
        exchange = _Exchange(task, scope)

        async def noticing(message: Message) -> None:
            exchange.is_answering = True
            await send(message)

        self._exchanges.add(exchange)
        try:
            await self._app(scope, receive, noticing)
        except asyncio.CancelledError:
            if exchange in self._exchanges:
                raise
            # Broken off by us: an answer without its end breaks the connection.
        finally:
            self._exchanges.discard(exchange)

    @property
    def count(self) -> int:
        """How many requests are under way."""
        return len(self._exchanges)

    def break_off_answers(self) -> int:
        """End the answers that are still being read, uploads' aside; how many there were."""
        ended = [each for each in self._exchanges if each.is_answering and not each.is_upload]
        for each in ended:
            self._exchanges.discard(each)
            each.task.cancel()
        return len(ended)


class _Server(Protocol):
    """What the two servers are to us. ``run`` ends when ``stop`` was called and all is answered."""

    async def run(self) -> None: ...

    def stop(self) -> None: ...


class _Granian:
    def __init__(self, app: ASGIApp, listener: socket.socket, settings: Settings) -> None:
        with jemalloc_gives_back():
            from granian._granian import SocketHolder  # noqa: PLC0415 - only the server in use
        from granian.constants import HTTPModes, Interfaces  # noqa: PLC0415
        from granian.http import HTTP1Settings  # noqa: PLC0415
        from granian.server.embed import Server  # noqa: PLC0415

        make_holder: Any = SocketHolder  # its stub does not know the arguments

        class OnOurSocket(Server):
            """Granian binds by itself; we want the port before it serves."""

            def _init_shared_socket(self) -> None:
                self._ssp = None
                self._shd: Any = make_holder(listener.detach(), False, BACKLOG)

        self._inner = OnOurSocket(
            app,
            interface=Interfaces.ASGI,
            http=HTTPModes.http1,
            websockets=False,
            log_enabled=False,
            backlog=BACKLOG,
            backpressure=CONNECTIONS_MAX,
            http1_settings=HTTP1Settings(header_read_timeout=int(settings.header_seconds * 1000)),
        )

    async def run(self) -> None:
        await self._inner.serve()

    def stop(self) -> None:
        self._inner.stop()  # type: ignore[no-untyped-call]


class _Uvicorn:
    def __init__(self, app: ASGIApp, listener: socket.socket, settings: Settings) -> None:
        try:
            import uvicorn  # noqa: PLC0415 - only the server in use
        except ImportError as error:
            msg = "The setting server is uvicorn, which is not installed: pip install uvicorn"
            raise Unavailable(msg) from error
        self._listener = listener
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS_MAX,
            timeout_keep_alive=int(settings.header_seconds),
            timeout_graceful_shutdown=None,
        )
        self._inner = uvicorn.Server(config)

    async def run(self) -> None:
        # Its own handler would catch our signals; ours calls stop().
        self._inner.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
        await self._inner.serve(sockets=[self._listener])

    def stop(self) -> None:
        self._inner.should_exit = True


def tell_when_to_stop(act: Callable[[], object]) -> None:
    """Have ``act`` called in the running loop at SIGTERM or SIGINT.

    Not by the loop's own way: it tells signals through the pipe that also wakes it, and loses one
    while that is full, as it is when a thousand clients leave at once.
    """
    loop = asyncio.get_running_loop()

    def tell(*_: object) -> None:
        if not loop.is_closed():  # a second signal may come when all is over but the last lines
            loop.call_soon_threadsafe(act)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, tell)


async def _serve(
    make: Callable[[], _Server],
    under_way: UnderWay,
    settings: Settings,
    on_ready: Callable[[], Any],
) -> None:
    server = make()
    stopped = asyncio.Event()
    tell_when_to_stop(stopped.set)
    running = asyncio.create_task(server.run())
    on_ready()
    waiting = asyncio.create_task(stopped.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if not running.done():
        LOG.info("stopping: no new connections, requests under way may finish")
        server.stop()
        await _finish(running, under_way, settings.shutdown_seconds)
    waiting.cancel()
    if running.done() and not running.cancelled():
        running.result()


async def _finish(running: asyncio.Task[None], under_way: UnderWay, grace_seconds: float) -> None:
    """Wait for the server to end: long for uploads, a little for answers that are being read."""
    await asyncio.wait({running}, timeout=min(ANSWERS_SECONDS, grace_seconds))
    begun = time.monotonic()
    quiet_since = begun
    while not running.done():
        if ended := under_way.break_off_answers():
            LOG.info("stopping: %d answers that were still being read are broken off", ended)
        now = time.monotonic()
        quiet_since = now if under_way.count else quiet_since
        if now - begun > grace_seconds:
            LOG.warning("stopping: requests still under way are broken off")
        if now - begun > grace_seconds or now - quiet_since > _LINGER_SECONDS:
            running.cancel()
            return
        await asyncio.wait({running}, timeout=_LOOK_SECONDS)


def _let_go_of_stalled_readers(listener: socket.socket, idle_seconds: float) -> None:
    """A server keeps a connection until its client has read what was sent, which may be never.
    The kernel knows better, where it is asked; connections inherit it from the listener.
    """
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        milliseconds = min(int(idle_seconds * 1000), 2**31 - 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


def _take_descriptors() -> None:
    """Each connection is an open file; systems give a process a thousand until it asks for more."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def run(
    app: ASGIApp, listener: socket.socket, settings: Settings, on_ready: Callable[[], Any]
) -> None:
    """Serve until SIGTERM or SIGINT, then let requests under way finish for a while."""
    _take_descriptors()
    _let_go_of_stalled_readers(listener, settings.send_idle_seconds)
    kind = _Uvicorn if settings.server == "uvicorn" else _Granian
    under_way = UnderWay(app)
    asyncio.run(_serve(lambda: kind(under_way, listener, settings), under_way, settings, on_ready))
