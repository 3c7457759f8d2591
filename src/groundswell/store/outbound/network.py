"""The network as httpcore sees it: a name is resolved once, checked, and that address is taken.

Knows names, addresses, deadlines and how many bytes came. Does not know HTTP. Whoever answers for
a name cannot lead the hub elsewhere between the check and the connection: there is no second look.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import httpcore2

from groundswell.store.outbound.addresses import Address, Boundary
from groundswell.store.outbound.urls import INSIDE

Resolver = Callable[[str, int], list[str]]
"""All addresses of a name, as text. Raises OSError when there are none."""

ADDRESSES_TRIED_MAX: Final = 3
ADDRESSES_MAX: Final = 64
RESOLVING_MAX: Final = 16
_resolving = threading.BoundedSemaphore(RESOLVING_MAX)


class AddressRefused(Exception):
    """The name leads to an address that the hub does not connect to."""


class Unreachable(Exception):
    """No name, no connection, no answer in time, or more of it than is taken; says which."""


def resolve(host: str, port: int) -> list[str]:
    """What this machine's resolver says."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


class Deadline:
    """A moment after which nothing is waited for, and what may come until then."""

    def __init__(self, seconds: float, bytes_max: int) -> None:
        self._ends = time.monotonic() + seconds
        self._bytes_left = bytes_max

    def left(self, most_seconds: float | None = None) -> float:
        """How long one may still wait.

        Raises:
            Unreachable: no longer.
        """
        seconds = self._ends - time.monotonic()
        if seconds <= 0:
            raise Unreachable("No answer in time.")
        return seconds if most_seconds is None else min(seconds, most_seconds)

    def take(self, count: int) -> None:
        """Count bytes that came.

        Raises:
            Unreachable: more than are taken.
        """
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise Unreachable("The answer is larger than what is taken.")


class GuardedStream(httpcore2.NetworkStream):
    """A connection that ends at the deadline, however its peer trickles."""

    def __init__(self, inner: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Some bytes, counted."""
        found = self._inner.read(max_bytes, self._deadline.left(timeout))
        self._deadline.take(len(found))
        return found

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of these."""
        self._inner.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        """End the connection."""
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        """The same connection, secured for the name that was asked for."""
        inner = self._inner.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return GuardedStream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - httpcore's own
        """What the connection knows of itself."""
        return self._inner.get_extra_info(info)


class GuardedNetwork(httpcore2.NetworkBackend):
    """Connects to where a name leads, when that is allowed, for one request."""

    def __init__(self, boundary: Boundary, resolver: Resolver, deadline: Deadline) -> None:
        self._boundary = boundary
        self._resolver = resolver
        self._deadline = deadline
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """A connection to the address that was checked.

        Raises:
            AddressRefused, Unreachable: it is inside; nobody is there.
        """
        assert local_address is None, "nothing here chooses its own address"
        addresses = self._addresses(host, port)
        failure: Exception | None = None
        for address in addresses[:ADDRESSES_TRIED_MAX]:
            seconds = self._deadline.left(timeout)
            try:
                stream = self._plain.connect_tcp(
                    str(address), port, seconds, socket_options=socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return GuardedStream(stream, self._deadline)
        raise Unreachable("Nobody answers at this address.") from failure

    def _addresses(self, host: str, port: int) -> list[Address]:
        found = [ipaddress.ip_address(text) for text in self._resolved(host, port)[:ADDRESSES_MAX]]
        if not found:
            raise Unreachable("There is no host of this name.")
        # One that is inside spoils all: who names both has no good reason.
        if not self._boundary.names(host, port) and not all(map(self._boundary.admits, found)):
            raise AddressRefused(INSIDE)
        return list(dict.fromkeys(found))

    def _resolved(self, host: str, port: int) -> list[str]:
        """The resolver's answer within the deadline; it knows none of its own."""
        if _is_address(host):
            return [host]
        answers: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self._resolver(host, port))
            except (OSError, UnicodeError):
                answers.put(None)
            finally:
                _resolving.release()

        if not _resolving.acquire(timeout=self._deadline.left()):
            raise Unreachable("Names cannot be resolved at the moment.")
        threading.Thread(target=ask, name="resolve", daemon=True).start()
        try:
            found = answers.get(timeout=self._deadline.left())
        except queue.Empty as error:
            raise Unreachable("The name could not be resolved in time.") from error
        if found is None:
            raise Unreachable("There is no host of this name.")
        return found


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
