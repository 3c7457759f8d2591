"""Addresses on the web that people give the hub to ask, parsed once, in one strict way.

Knows their form. What a name leads to is looked at when it is asked (``network``).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

from groundswell.store.outbound.addresses import Address, Boundary

URL_CHARACTERS_MAX: Final = 2048
_PORTS: Final = {"http": 80, "https": 443}
_PRINTABLE: Final = re.compile(r"[!-~]+")
_LABELS: Final = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_HOST_CHARACTERS_MAX: Final = 253


class UrlRefused(ValueError):
    """An address that is asked nothing; the text says why, for whoever gave it."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes. ``host`` is a lower-case name or an address without brackets."""

    scheme: str
    host: str
    port: int
    path: str
    address: Address | None = None

    @property
    def origin(self) -> tuple[str, str, int]:
        """What decides whether something secret may be sent along."""
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole address, in the one form that this hub writes."""
        return f"{self.scheme}://{self.authority}{self.path}"


def parse_url(text: str, boundary: Boundary) -> Target:
    """An address that may be asked, as far as its text tells.

    Raises:
        UrlRefused: what is wrong with it.
    """
    if len(text) > URL_CHARACTERS_MAX:
        msg = f"The address has more than {URL_CHARACTERS_MAX} characters."
        raise UrlRefused(msg)
    if not _PRINTABLE.fullmatch(text) or "\\" in text:
        msg = "The address holds a space, a backslash or a letter that has to be written in ASCII."
        raise UrlRefused(msg)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        msg = "The address cannot be read."
        raise UrlRefused(msg) from error
    if parts.scheme not in _PORTS:
        msg = "The address must begin with https:// or http://."
        raise UrlRefused(msg)
    if "@" in parts.netloc:
        msg = "The address must hold no user name or password."
        raise UrlRefused(msg)
    host, address = _host(parts.hostname or "", parts.netloc)
    port = _PORTS[parts.scheme] if port is None else port
    _check_port(boundary, host, port, address)
    if address is not None and not (boundary.admits(address) or boundary.names(host, port)):
        raise UrlRefused(INSIDE)
    if (host == "localhost" or host.endswith(".localhost")) and not boundary.names(host, port):
        raise UrlRefused(INSIDE)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path, address)


INSIDE: Final = (
    "The address leads into the hub's own network. Only what the operator lists in "
    "`outbound_allow` is reached there."
)


def redirected(target: Target, location: str, boundary: Boundary) -> Target:
    """Where a redirect leads, checked as if somebody had given it.

    Raises:
        UrlRefused: nowhere that may be asked, or from https to http.
    """
    found = parse_url(urljoin(target.url, location).partition("#")[0], boundary)
    if target.scheme == "https" and found.scheme == "http":
        msg = "The answer redirects from https to http."
        raise UrlRefused(msg)
    return found


def _host(host: str, netloc: str) -> tuple[str, Address | None]:
    host = host.lower()
    if "[" in netloc:
        try:
            found = ipaddress.IPv6Address(host)
        except ValueError as error:
            msg = "The address in brackets is not one of IPv6."
            raise UrlRefused(msg) from error
        if found.scope_id is not None:
            raise UrlRefused(INSIDE)
        return found.compressed, found
    host = host.removesuffix(".")
    if len(host) > _HOST_CHARACTERS_MAX or not _LABELS.fullmatch(host):
        msg = "The address names no host."
        raise UrlRefused(msg)
    if not _NUMBER.fullmatch(host.rpartition(".")[2]):
        return host, None
    # Resolvers take 2130706433, 0x7f.1 and 0177.0.0.1 for addresses: one spelling is enough.
    try:
        return host, ipaddress.IPv4Address(host)
    except ValueError as error:
        msg = "The host is a number, but no address of the form 192.0.2.1."
        raise UrlRefused(msg) from error


def _check_port(boundary: Boundary, host: str, port: int, address: Address | None) -> None:
    """Below 1024 stand services that are not the web and may take a request for something else."""
    is_listed = boundary.names(host, port) or (address is not None and boundary.lists(address))
    if port == 0 or (port < 1024 and port not in _PORTS.values() and not is_listed):
        msg = f"Port {port} is not one of the web: use 80, 443 or one from 1024."
        raise UrlRefused(msg)
