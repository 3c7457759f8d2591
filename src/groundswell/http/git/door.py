"""Git over HTTP: clone, fetch and push by real git (smart HTTP, protocols v0, v1 and v2).

Knows the three addresses, compressed bodies, and how to run a process for a request: bounded in
number and time, killed when the client goes away, with backpressure in both directions. Which
process it is and what a push may do is ``hub.commits.pushes``'s.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import (
    BadRequest,
    GroundswellError,
    InvalidName,
    Malformed,
    RepoNotFound,
    TooLarge,
    Unauthenticated,
)
from groundswell.core.policy import Action
from groundswell.core.values import HISTORY_KINDS, Principal, RepoId, RepoKind
from groundswell.http.auth import ask, hub_of
from groundswell.http.errors import status_for
from groundswell.http.git.processes import (
    NO_CACHE,
    PIECE_BYTES,
    PROCESS_SECONDS_MAX,
    FetchAnswer,
    Running,
    read_bounded,
    slot,
)
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

_KINDS: Final = {kind.plural: kind for kind in HISTORY_KINDS if kind.prefix}
_WORDS: Final = "|".join(_KINDS)
_PROTOCOL: Final = re.compile(r"version=[0-2](?::[a-z0-9=:._-]{0,200})?")


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
            return Response(body, media_type=media_type, headers=NO_CACHE)
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
        if not asked:
            where = "fetch"
            raise Malformed(where, "the request is empty")
        what = hub_of(request).commits.pushes.fetch_process(
            repository, _protocol_of(request), advertise=False
        )
        return self._fetch(request, what, bytes(asked), f"application/x-{UPLOAD}-result")

    def _fetch(
        self, request: Request, what: Process, stdin: bytes, media_type: str, prefix: bytes = b""
    ) -> Response:
        idle_seconds = hub_of(request).settings.send_idle_seconds
        return FetchAnswer(self._slots, what, stdin, media_type, idle_seconds, prefix)

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
            return Response(b"", media_type=media_type, headers=NO_CACHE)
        async with slot(self._slots), asyncio.timeout(PROCESS_SECONDS_MAX):
            body = await _receive(request, principal, repository, reader.head, rest, pieces)
        return Response(body, media_type=media_type, headers=NO_CACHE)


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
    running = await Running.start(what, stderr=True)
    stderr = asyncio.ensure_future(read_bounded(running.process.stderr))
    stdout = asyncio.ensure_future(read_bounded(running.stdout))
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
