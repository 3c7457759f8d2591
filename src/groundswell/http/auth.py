"""Who asks: one way from a request's credentials to a principal, for every door.

Knows how Bearer, Basic and the session cookie are written, and that a cookie alone may not
authenticate a write from another site. Whether a credential is good is decided by `Accounts`;
what its owner may do, by `core.policy`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import Forbidden, InvalidCredentials, Unauthenticated
from groundswell.core.values import ANONYMOUS, Principal
from groundswell.http.origin import base_url
from groundswell.http.threads import hop, hop_briefly

if TYPE_CHECKING:
    from groundswell.wiring import Hub

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

# Browsers keep a "__Host-" cookie to one host and to https; without TLS they refuse it.
SECURE_COOKIE: Final = "__Host-swell-session"
PLAIN_COOKIE: Final = "swell-session"

CREDENTIAL_MAX: Final = 4096

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token, as API clients send it."""

    token: str


@dataclass(frozen=True, slots=True)
class Basic:
    """A name and a token or password, as git sends them, and the address they come from."""

    name: str
    secret: str
    peer: str


@dataclass(frozen=True, slots=True)
class Session:
    """The value of a browser's cookie."""

    cookie: str


Credential = Bearer | Basic | Session


def hub_of(request: Request) -> Hub:
    """The hub that this request came to."""
    hub: Hub = request.app.state.hub
    return hub


def credential_of(request: Request) -> Credential | None:
    """What the request shows of its sender. An Authorization header wins over the cookie.

    Raises:
        InvalidCredentials: a header that is no credential.
        Forbidden: a write from another site that only the cookie would allow.
    """
    headers = request.headers.getlist("authorization")
    if headers:
        if len(headers) > 1 or len(headers[0]) > CREDENTIAL_MAX:
            raise InvalidCredentials
        return _parse_authorization(headers[0], request.scope.get("peer", ""))
    cookie = request.cookies.get(SECURE_COOKIE) or request.cookies.get(PLAIN_COOKIE)
    if not cookie:
        return None
    if request.method not in _SAFE_METHODS:
        check_same_origin(request)
    return Session(cookie[:CREDENTIAL_MAX])


def _parse_authorization(header: str, peer: str) -> Credential:
    scheme, _, value = header.strip().partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer" and value:
        return Bearer(value)
    if scheme.lower() != "basic":
        raise InvalidCredentials
    try:
        name, colon, secret = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvalidCredentials from error
    if not colon:
        raise InvalidCredentials
    return Basic(name, secret, peer)


def check_same_origin(request: Request) -> None:
    """Refuse a write that a page of another site made the browser send.

    Raises:
        Forbidden: neither Sec-Fetch-Site nor Origin says that it came from this hub's pages.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        if site in {"same-origin", "none"}:
            return
    elif origin is not None:
        here = urlsplit(base_url(request))
        there = urlsplit(origin)
        if (there.scheme, there.netloc.lower()) == (here.scheme, here.netloc.lower()):
            return
    msg = "This request came from a page of another site and was not carried out."
    raise Forbidden(msg)


def authenticate(hub: Hub, credential: Credential | None) -> Principal:
    """The principal of a credential; without one, the anonymous. Synchronous: reads the database.

    Raises:
        InvalidCredentials: wrong, expired or revoked. A stale cookie is no error: it is anonymous.
    """
    match credential:
        case None:
            return ANONYMOUS
        case Bearer(token):
            return hub.accounts.authenticate_token(token)
        case Basic(name, secret, peer):
            return hub.accounts.authenticate_basic(name, secret, peer)
        case Session(cookie):
            try:
                return hub.accounts.authenticate_session(cookie)
            except InvalidCredentials:
                return ANONYMOUS


def _note(request: Request, principal: Principal) -> Principal:
    request.scope["principal"] = principal
    request.scope["asks_anonymously"] = principal.is_anonymous
    return principal


async def principal_of(request: Request) -> Principal:
    """Who asks. Found once for each request.

    Raises:
        InvalidCredentials, Forbidden: as `credential_of` and `authenticate`.
    """
    known: Principal | None = request.scope.get("principal")
    if known is not None:
        return known
    credential = credential_of(request)
    if credential is None:
        return _note(request, ANONYMOUS)
    return _note(request, await hop(authenticate, hub_of(request), credential))


async def _hop_for(request: Request, work: Callable[[], T]) -> T:
    """On a thread; reads a few at a time."""
    if request.method in _SAFE_METHODS:
        return await hop_briefly(work)
    return await hop(work)


async def ask(
    request: Request,
    work: Callable[Concatenate[Principal, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Authenticate and run ``work(principal, …)`` in one hop: the shape of nearly every answer."""
    known: Principal | None = request.scope.get("principal")
    credential = None if known is not None else credential_of(request)
    hub = hub_of(request)

    def both() -> T:
        principal = known if known is not None else authenticate(hub, credential)
        return work(_note(request, principal), *args, **kwargs)

    return await _hop_for(request, both)


async def ask_about(
    request: Request, find: Callable[[Principal], R], work: Callable[[Principal, R], T]
) -> T:
    """As `ask` for ``work`` on what ``find`` finds first. Who asks and what is found are read from
    one snapshot; ``work`` reads and writes for itself.
    """
    known: Principal | None = request.scope.get("principal")
    credential = None if known is not None else credential_of(request)
    hub = hub_of(request)

    def both() -> T:
        with hub.database.snapshot() if isinstance(credential, Bearer) else nullcontext():
            principal = known if known is not None else authenticate(hub, credential)
            found = find(_note(request, principal))
        return work(principal, found)

    return await _hop_for(request, both)


async def signed_in(request: Request) -> Principal:
    """Who asks, when it is somebody.

    Raises:
        Unauthenticated: the anonymous asks.
    """
    principal = await principal_of(request)
    if principal.is_anonymous:
        raise Unauthenticated
    return principal


def set_session_cookie(request: Request, response: Response, value: str, seconds: int) -> None:
    """Let the browser keep a session: for this host, out of reach of scripts and other sites."""
    secure = base_url(request).startswith("https://")
    response.set_cookie(
        SECURE_COOKIE if secure else PLAIN_COOKIE,
        value,
        max_age=seconds,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def clear_session_cookie(request: Request, response: Response) -> None:
    """Let the browser forget the session."""
    secure = base_url(request).startswith("https://")
    for name in (SECURE_COOKIE, PLAIN_COOKIE):
        if name in request.cookies:
            response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="lax")
