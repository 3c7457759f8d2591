"""Which address a request came to, and from whom: the only place that reads Host and X-Forwarded-*.

Forwarded headers are believed only from the proxies that the settings name. Rights never depend
on what is found here: it only makes the absolute URLs of answers.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from starlette.requests import Request
from starlette.types import Scope

from groundswell.core.errors import BadRequest
from groundswell.settings import Settings

_HOST: Final = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?"
)


def _one(scope: Scope, name: bytes) -> str | None:
    values = [value for key, value in scope["headers"] if key == name]
    if len(values) > 1 and name == b"host":
        msg = "The request names more than one host."
        raise BadRequest(msg)
    return values[-1].decode("latin-1").strip() if values else None


def in_networks(address: str, networks: tuple[str, ...]) -> bool:
    """Whether an IP address lies in one of the networks."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed in ipaddress.ip_network(network) for network in networks)


def peer_of(scope: Scope, settings: Settings) -> str:
    """IP address of who asks: the nearest one that is no trusted proxy of ours."""
    peer: str = (scope.get("client") or ("", 0))[0]
    if not settings.trusted_proxies or not in_networks(peer, settings.trusted_proxies):
        return peer
    forwarded = _one(scope, b"x-forwarded-for") or ""
    for hop in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        peer = hop
        if not in_networks(hop, settings.trusted_proxies):
            break
    return peer


def came_through_proxy(request: Request) -> bool:
    """Whether a proxy of ours passed this request on, and not somebody on the proxy's host."""
    scope = request.scope
    settings: Settings = request.app.state.hub.settings
    peer: str = (scope.get("client") or ("", 0))[0]
    return (
        bool(settings.trusted_proxies)
        and in_networks(peer, settings.trusted_proxies)
        and _one(scope, b"x-forwarded-for") is not None
    )


def origin_of(scope: Scope, settings: Settings) -> str:
    """Scheme, host and port that the client used, without a slash at the end.

    Raises:
        BadRequest: no host, several, or one that is no host name.
    """
    if settings.public_url is not None:
        return settings.public_url
    host, scheme = _one(scope, b"host"), scope["scheme"]
    peer: str = (scope.get("client") or ("", 0))[0]
    if settings.trusted_proxies and in_networks(peer, settings.trusted_proxies):
        host = (_one(scope, b"x-forwarded-host") or host or "").partition(",")[0].strip()
        proto = (_one(scope, b"x-forwarded-proto") or "").partition(",")[0].strip().lower()
        scheme = proto if proto in {"http", "https"} else scheme
    if host is None or not _HOST.fullmatch(host):
        msg = "The request's Host header is not a host name."
        raise BadRequest(msg)
    return f"{scheme}://{host}"


def base_url(request: Request) -> str:
    """The address of this hub as the client of this request knows it, without a slash at the end.

    Every absolute URL in an answer starts with it (Hub API 0.4).
    """
    settings: Settings = request.app.state.hub.settings
    return origin_of(request.scope, settings)
