"""Git over HTTP: clone, fetch and push by real git (smart HTTP, protocols v0, v1 and v2).

Knows the three addresses, compressed bodies, and how to run a process for a request: bounded in
number and time, killed when the client goes away, with backpressure in both directions. Which
process it is and what a push may do is ``hub.commits.pushes``'s.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import resource
import signal
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from groundswell.core.errors import (
    BadRequest,
    GroundswellError,
    InvalidName,
    Malformed,
    RepoNotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from groundswell.core.policy import Action
from groundswell.core.values import Principal, RepoId, RepoKind
from groundswell.http.auth import ask, hub_of
from groundswell.http.errors import status_for
from groundswell.http.routing import Door, Route
from groundswell.http.threads import hop
from groundswell.hub.commits.pushes import PACK_BYTES_MAX, Process, Push
from groundswell.hub.repos import Repository
from groundswell.wire.git.pktline import FLUSH, pkt_line
from groundswell.wire.git.pushing import PushHead, PushReader

UPLOAD: Final = "git-upload-pack"
RECEIVE: Final = "git-receive-pack"

FETCH_BODY_BYTES_MAX: Final = 32 << 20
FETCH_INFLATED_BYTES_MAX: Final = 64 << 20
PROCESSES_MAX: Final = 16
PROCESS_WAIT_SECONDS: Final = 30.0
PROCESS_SECONDS_MAX: Final = 4 * 3600.0
MEMORY_BYTES_MAX: Final = 2 << 30
PIECE_BYTES: Final = 256 << 10
STDERR_BYTES_MAX: Final = 16 << 10

_KINDS: Final = {kind.plural: kind for kind in RepoKind if kind.prefix}
_WORDS: Final = "|".join(_KINDS)
_PROTOCOL: Final = re.compile(r"version=[0-2](?::[a-z0-9=:._-]{0,200})?")
_NO_CACHE: Final = {"Cache-Control": "no-cache, max-age=0, must-revalidate"}


def _render(request: Request, error: GroundswellError) -> Response:
    """One line of text: git shows it to the person. 401 asks for a name and a token."""
    anonymous = bool(request.scope.get("asks_anonymously", True))
    status = status_for(error, anonymous=anonymous)
    headers = {}
    if status == Unauthenticated.status:
        headers["WWW-Authenticate"] = 'Basic realm="Groundswell", charset="UTF-8"'
    text = f"{error.message}\n{error.hint}".strip()
    return Response(f"{text}\n", status, headers, media_type="text/plain")


DOOR: Final = Door("git", _render)


def _repo_id(request: Request) -> RepoId:
    parameters = request.path_params
    kind = _KINDS[parameters["kind"]] if "kind" in parameters else RepoKind.MODEL
    name = parameters["name"].removesuffix(".git")
    try:
        return RepoId.parse(kind, f"{parameters['ns']}/{name}")
    except InvalidName as error:
        raise RepoNotFound from error


async def _find(request: Request, action: Action) -> tuple[Principal, Repository]:
    repo_id = _repo_id(request)
    repos = hub_of(request).repos

    def work(principal: Principal) -> tuple[Principal, Repository]:
        return principal, repos.find(principal, repo_id, action)

    return await ask(request, work)


def _protocol_of(request: Request) -> str:
    value = request.headers.get("git-protocol", "")
    return value if _PROTOCOL.fullmatch(value) else ""


async def _body(request: Request, inflated_bytes_max: int) -> AsyncIterator[bytes]:
    """The request's body in pieces, inflated when it is compressed.

    Raises:
        Malformed: broken compression.
        TooLarge: more than the bound once inflated.
    """
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding not in {"identity", "gzip", "x-gzip"}:
        msg = "Only gzip bodies are understood."
        raise BadRequest(msg)
    inflater = None if encoding == "identity" else zlib.decompressobj(zlib.MAX_WBITS | 16)
    left = inflated_bytes_max
    async for piece in request.stream():
        for plain in [piece] if inflater is None else _inflate(inflater, piece):
            left -= len(plain)
            if left < 0:
                msg = f"The request is larger than {inflated_bytes_max} bytes."
                raise TooLarge(msg)
            yield plain
    if inflater is not None and not inflater.eof:
        where = "request body"
        raise Malformed(where, "the compressed data ends early")


def _inflate(inflater: zlib._Decompress, piece: bytes) -> Iterator[bytes]:
    """What a piece inflates to, in pieces of bounded size: a bomb is never unfolded whole."""
    try:
        while piece and not inflater.eof:
            plain = inflater.decompress(piece, PIECE_BYTES)
            if plain:
                yield plain
            piece = inflater.unconsumed_tail
    except zlib.error as error:
        where = "request body"
        raise Malformed(where, "broken compression") from error


class _Running:
    """One process and its pipes. Always killed at the end, with everything it started."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        assert process.stdin is not None
        assert process.stdout is not None
        self.stdin = process.stdin
        self.stdout = process.stdout

    @classmethod
    async def start(cls, what: Process, *, stderr: bool) -> _Running:
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


class _FetchAnswer(Response):
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
        super().__init__(b"", media_type=media_type, headers=_NO_CACHE)
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
        async with _slot(self._slots), asyncio.timeout(PROCESS_SECONDS_MAX):
            running = await _Running.start(self._what, stderr=False)
            gone = asyncio.ensure_future(_gone(receive))
            feeding = asyncio.ensure_future(self._feed(running))
            try:
                await self._stream(running, gone, send)
            finally:
                for task in (gone, feeding):
                    task.cancel()
                await asyncio.gather(gone, feeding, return_exceptions=True)
                await running.kill()

    async def _feed(self, running: _Running) -> None:
        await running.write(self._stdin)
        await running.end_input()

    async def _stream(self, running: _Running, gone: asyncio.Future[None], send: Send) -> None:
        first = await running.stdout.read(PIECE_BYTES)
        if not first and await running.process.wait() != 0:
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
async def _slot(slots: asyncio.Semaphore) -> AsyncIterator[None]:
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


class _GitDoor:
    """The endpoints, with the places for processes that they share."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(PROCESSES_MAX)

    async def info_refs(self, request: Request) -> Response:
        """What there is, before a fetch or push."""
        service = request.query_params.get("service")
        if service not in {UPLOAD, RECEIVE}:
            msg = "Use a git client that speaks smart HTTP (git 1.6.6 or later)."
            raise BadRequest(msg)
        hub = hub_of(request)
        media_type = f"application/x-{service}-advertisement"
        if service == RECEIVE:
            _, repository = await _find(request, Action.CONTRIBUTE)
            body = await hop(hub.commits.pushes.advertisement, repository)
            return Response(body, media_type=media_type, headers=_NO_CACHE)
        _, repository = await _find(request, Action.READ)
        protocol = _protocol_of(request)
        prefix = (
            b"" if "version=2" in protocol else pkt_line(f"# service={UPLOAD}\n".encode()) + FLUSH
        )
        what = hub.commits.pushes.fetch_process(repository, protocol, advertise=True)
        return self._fetch(request, what, b"", media_type, prefix)

    async def upload_pack(self, request: Request) -> Response:
        """A fetch. The request is small: it lists ids."""
        _check_media_type(request, UPLOAD)
        _, repository = await _find(request, Action.READ)
        asked = bytearray()
        async for piece in _body(request, FETCH_INFLATED_BYTES_MAX):
            asked += piece
        what = hub_of(request).commits.pushes.fetch_process(
            repository, _protocol_of(request), advertise=False
        )
        return self._fetch(request, what, bytes(asked), f"application/x-{UPLOAD}-result")

    def _fetch(
        self, request: Request, what: Process, stdin: bytes, media_type: str, prefix: bytes = b""
    ) -> Response:
        idle_seconds = hub_of(request).settings.send_idle_seconds
        return _FetchAnswer(self._slots, what, stdin, media_type, idle_seconds, prefix)

    async def receive_pack(self, request: Request) -> Response:
        """A push: commands, then a pack that may be large."""
        _check_media_type(request, RECEIVE)
        principal, repository = await _find(request, Action.CONTRIBUTE)
        pieces = _body(request, PACK_BYTES_MAX)
        reader = PushReader()
        rest = b""
        async for piece in pieces:
            rest = reader.feed(piece)
            if reader.head is not None:
                break
        media_type = f"application/x-{RECEIVE}-result"
        if reader.head is None:
            where = "push"
            raise Malformed(where, "the request ends before its list of refs")
        if not reader.head.commands:  # how git asks whether it may, before it sends a long body
            return Response(b"", media_type=media_type, headers=_NO_CACHE)
        async with _slot(self._slots), asyncio.timeout(PROCESS_SECONDS_MAX):
            body = await _receive(request, principal, repository, reader.head, rest, pieces)
        return Response(body, media_type=media_type, headers=_NO_CACHE)


async def _receive(
    request: Request,
    principal: Principal,
    repository: Repository,
    head: PushHead,
    rest: bytes,
    pieces: AsyncIterator[bytes],
) -> bytes:
    push = await hop(hub_of(request).commits.pushes.begin, principal, repository, head)
    try:
        exit_code, stderr = await _index(push, rest, pieces)
        return await asyncio.shield(hop(push.finish, exit_code, stderr))
    finally:
        await hop(push.discard)


async def _index(push: Push, rest: bytes, pieces: AsyncIterator[bytes]) -> tuple[int, str]:
    """Let the pack through git's checks into quarantine; the exit code and what was said."""
    what = push.process
    if what is None:
        async for _ in pieces:
            pass
        return 0, ""
    running = await _Running.start(what, stderr=True)
    stderr = asyncio.ensure_future(_read_bounded(running.process.stderr))
    stdout = asyncio.ensure_future(_read_bounded(running.stdout))
    try:
        taking = await running.write(rest)
        async for piece in pieces:
            taking = taking and await running.write(piece)
        await running.end_input()
        exit_code = await running.process.wait()
        said = await stderr
        await stdout
        return exit_code, said.decode("utf-8", "replace")
    finally:
        await running.kill()
        await asyncio.gather(stderr, stdout, return_exceptions=True)


async def _read_bounded(pipe: asyncio.StreamReader | None) -> bytes:
    """Read a pipe to its end; keep the first part."""
    kept = bytearray()
    while pipe is not None:
        piece = await pipe.read(PIECE_BYTES)
        if not piece:
            break
        kept += piece[: max(0, STDERR_BYTES_MAX - len(kept))]
    return bytes(kept)


def _check_media_type(request: Request, service: str) -> None:
    """A form of another site's page cannot be sent with this type: nobody pushes unknowingly."""
    if request.headers.get("content-type", "") != f"application/x-{service}-request":
        msg = f"The body must be of type application/x-{service}-request."
        raise BadRequest(msg)


def routes() -> list[Route]:
    """Addresses of this door, with and without the kind before the name."""
    door = _GitDoor()
    found = []
    for base in ("/{ns}/{name}", f"/{{kind:{_WORDS}}}/{{ns}}/{{name}}"):
        found += [
            Route(("GET",), f"{base}/info/refs", door.info_refs, DOOR, "git info/refs"),
            Route(
                ("POST",), f"{base}/{UPLOAD}", door.upload_pack, DOOR, UPLOAD,
                body_max_bytes=FETCH_BODY_BYTES_MAX,
            ),
            Route(
                ("POST",), f"{base}/{RECEIVE}", door.receive_pack, DOOR, RECEIVE,
                body_max_bytes=PACK_BYTES_MAX, takes_content=True,
            ),
        ]  # fmt: skip
    return found
