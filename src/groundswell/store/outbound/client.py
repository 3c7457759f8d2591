"""One request to somebody else: sent, and what came back, within bounds.

Knows HTTP. Keeps no cookies, no connections and no credentials, reads no proxy from the
environment, and unpacks nothing that is compressed. Redirects are followed only where the caller
says so, and each one is checked like the first address.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import httpcore2

from groundswell.store.outbound.addresses import Boundary, OutboundPolicy
from groundswell.store.outbound.network import (
    AddressRefused,
    Deadline,
    GuardedNetwork,
    Resolver,
    Unreachable,
    resolve,
)
from groundswell.store.outbound.urls import Target, UrlRefused, parse_url, redirected

TOTAL_SECONDS: Final = 15.0
CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 10.0
HEADER_BYTES_MAX: Final = 32 * 1024
RESPONSE_BYTES_MAX: Final = 64 * 1024
REDIRECTS_MAX: Final = 3
_FOLLOWED: Final = frozenset({307, 308})

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a request. ``status`` is None when there was no answer: ``problem`` says why,
    and ``is_refused`` that the hub itself did not want to ask. ``body`` is its beginning.
    """

    duration_ms: int
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    is_cut: bool = False
    problem: str = ""
    is_refused: bool = False
    asked: tuple[str, ...] = field(default=())

    def header(self, name: str) -> str:
        """The first header of that name; "" without one."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


@dataclass(frozen=True, slots=True)
class OpenReply:
    """An answer under way: its status, and its body in pieces as they come. Reading on may raise
    Unreachable.
    """

    status: int
    pieces: Iterator[bytes]


class Outbound:
    """Asks others. ``resolver`` and ``tls`` are this machine's own unless given."""

    def __init__(
        self,
        policy: OutboundPolicy,
        resolver: Resolver = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.enabled = policy.enabled
        self.boundary = Boundary(policy.allowed)
        self._resolver = resolver
        self._given_tls = tls

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._given_tls or ssl.create_default_context()

    def parse(self, url: str) -> Target:
        """The address, when it may be asked as far as its text tells.

        Raises:
            UrlRefused: why not.
        """
        return parse_url(url, self.boundary)

    def send(
        self,
        method: str,
        url: str,
        headers: Headers,
        body: bytes = b"",
        *,
        secret_headers: Headers | None = None,
        redirects_max: int = 0,
        response_bytes_max: int = RESPONSE_BYTES_MAX,
        total_seconds: float = TOTAL_SECONDS,
    ) -> Reply:
        """Ask, and give what came. Holds no more than ``response_bytes_max``, and ends in time.

        Args:
            method: of HTTP.
            url: as somebody gave it.
            headers: sent to every host on the way.
            body: the same.
            secret_headers: sent to the first origin alone.
            redirects_max: how many of 307 and 308 are followed, at most ``REDIRECTS_MAX``.
            response_bytes_max: how much of an answer's body is kept.
            total_seconds: for all of it.
        """
        began = time.monotonic()

        def took() -> int:
            return int((time.monotonic() - began) * 1000)

        if not self.enabled:
            return Reply(0, problem="This hub sends nothing out.", is_refused=True)
        deadline = Deadline(total_seconds, 2 * HEADER_BYTES_MAX + response_bytes_max)
        asked: list[str] = []
        try:
            target = first = self.parse(url)
            while True:
                asked.append(target.authority)
                secrets = (secret_headers or {}) if target.origin == first.origin else {}
                found = self._once(
                    method, target, {**headers, **secrets}, body, deadline, response_bytes_max
                )
                location = _header(found[1], "location")
                is_last = len(asked) > min(redirects_max, REDIRECTS_MAX)
                if found[0] not in _FOLLOWED or not location or is_last:
                    status, kept, start, is_cut = found
                    return Reply(took(), status, kept, start, is_cut, asked=tuple(asked))
                target = redirected(target, location, self.boundary)
        except (UrlRefused, AddressRefused) as error:
            return Reply(took(), problem=str(error), is_refused=True, asked=tuple(asked))
        except (Unreachable, httpcore2.TimeoutException) as error:
            problem = str(error) if isinstance(error, Unreachable) else "No answer in time."
            return Reply(took(), problem=problem, asked=tuple(asked))
        except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
            return Reply(took(), problem=_told(error), asked=tuple(asked))

    @contextlib.contextmanager
    def open(
        self,
        method: str,
        url: str,
        headers: Headers,
        body: bytes = b"",
        *,
        response_bytes_max: int,
        total_seconds: float,
    ) -> Iterator[OpenReply]:
        """Ask, and read the answer while it comes; no redirects. The connection ends with the
        context. For one host that the operator named: ``headers`` may hold its key.

        Raises:
            Unreachable, also while it is read: why there is no answer, in words.
        """
        if not self.enabled:
            raise Unreachable("This hub sends nothing out.")
        deadline = Deadline(total_seconds, 2 * HEADER_BYTES_MAX + response_bytes_max)
        with _as_unreachable():
            target = self.parse(url)
            with self._response(
                method, target, headers, body, deadline, read_seconds=total_seconds
            ) as response:
                yield OpenReply(response.status, _guarded(response.iter_stream()))

    def _once(
        self,
        method: str,
        target: Target,
        headers: Headers,
        body: bytes,
        deadline: Deadline,
        response_bytes_max: int,
    ) -> tuple[int, tuple[tuple[str, str], ...], bytes, bool]:
        with self._response(method, target, headers, body, deadline) as response:
            start, is_cut = _beginning(response, response_bytes_max)
        kept = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in response.headers)
        return response.status, kept, start, is_cut

    @contextlib.contextmanager
    def _response(
        self,
        method: str,
        target: Target,
        headers: Headers,
        body: bytes,
        deadline: Deadline,
        *,
        read_seconds: float = READ_SECONDS,
    ) -> Iterator[httpcore2.Response]:
        network = GuardedNetwork(self.boundary, self._resolver, deadline)
        scheme, host = target.scheme.encode(), target.host.encode()
        url = httpcore2.URL(scheme=scheme, host=host, port=target.port, target=target.path)
        sent = {
            "Host": target.authority,
            "Accept-Encoding": "identity",
            "Connection": "close",
            **headers,
        }
        if body:
            sent["Content-Length"] = str(len(body))
        request = httpcore2.Request(
            method,
            url,
            headers=[
                (name.encode("ascii"), value.encode("latin-1")) for name, value in sent.items()
            ],
            content=body or None,
            extensions={
                "timeout": {
                    "connect": CONNECT_SECONDS,
                    "read": read_seconds,
                    "write": READ_SECONDS,
                }
            },
        )
        with httpcore2.HTTPConnection(
            url.origin, ssl_context=self._tls, network_backend=network
        ) as connection:
            response = connection.handle_request(request)
            try:
                if sum(len(name) + len(value) for name, value in response.headers) > (
                    HEADER_BYTES_MAX
                ):
                    raise Unreachable("The answer's headers are larger than what is taken.")
                yield response
            finally:
                response.close()


@contextlib.contextmanager
def _as_unreachable() -> Iterator[None]:
    try:
        yield
    except (UrlRefused, AddressRefused) as error:
        raise Unreachable(str(error)) from error
    except httpcore2.TimeoutException as error:
        raise Unreachable("No answer in time.") from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        raise Unreachable(_told(error)) from error


def _guarded(pieces: Iterator[bytes]) -> Iterator[bytes]:
    with _as_unreachable():
        yield from pieces


def _beginning(response: httpcore2.Response, bytes_max: int) -> tuple[bytes, bool]:
    """The body's first bytes, and whether more would have come."""
    found = bytearray()
    for part in response.iter_stream():
        found += part
        if len(found) > bytes_max:
            return bytes(found[:bytes_max]), True
    return bytes(found), False


def _header(headers: tuple[tuple[str, str], ...], name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")


def _told(error: Exception) -> str:
    """What failed, in words that tell nothing of this machine."""
    if isinstance(error.__cause__ or error, ssl.SSLCertVerificationError):
        return "Its certificate is not one that this hub trusts."
    if isinstance(error.__cause__ or error, ssl.SSLError):
        return "No secure connection could be made."
    if isinstance(error, httpcore2.ProtocolError):
        return "What came back is not HTTP."
    return "The connection broke."
