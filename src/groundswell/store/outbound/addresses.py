"""Which addresses are outside, and which ones inside an operator lets the hub reach.

Knows networks. Does not resolve names and opens no connection.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Said here rather than left to ``is_global``, whose lists differ between releases of Python.
_INSIDE_4: Final = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # a cloud's own server, under an address that looks global
    )
)  # fmt: skip
_OUTSIDE_6: Final = ipaddress.IPv6Network("2000::/3")
_INSIDE_6: Final = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",  # protocols' own: Teredo, benchmarks, identifiers
        "2001:db8::/32",
        "2002::/16",  # 6to4: wraps any IPv4 address
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
# A host that has IPv6 only is given IPv4 addresses in this wrapping: what is inside counts.
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})


def is_outside(address: Address) -> bool:
    """Whether the address belongs to somebody on the internet, and to nothing near this hub."""
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not any(address in network for network in _INSIDE_4)
    if address in _NAT64:
        return is_outside(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    wraps_ipv4 = (int(address) >> 32) & 0xFFFFFFFF in _ISATAP
    return (
        address.scope_id is None
        and address in _OUTSIDE_6
        and address.is_global
        and not wraps_ipv4
        and not any(address in network for network in _INSIDE_6)
    )


@dataclass(frozen=True, slots=True)
class OutboundPolicy:
    """What an operator says. ``allowed`` are names, addresses and networks that may be reached
    although they lie inside; a name with ``:port`` for that port alone.
    """

    enabled: bool = True
    allowed: tuple[str, ...] = ()


class Boundary:
    """Decides for one hub. Raises ``ValueError`` for an entry that is neither name nor network."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        self._names: set[str] = set()
        for entry in allowed:
            try:
                self._networks.append(ipaddress.ip_network(entry))
            except ValueError:
                self._names.add(checked_name(entry))

    def names(self, host: str, port: int) -> bool:
        """Whether the operator named this host itself."""
        return host in self._names or f"{host}:{port}" in self._names

    def admits(self, address: Address) -> bool:
        """Whether this address may be connected to."""
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        plain = mapped or address
        # A mapped address is never written by anybody who means well: only its plain form is.
        listed = any(plain in network for network in self._networks)
        return listed or (mapped is None and is_outside(address))

    def lists(self, address: Address) -> bool:
        """Whether the operator listed a network that holds this address."""
        return any(address in network for network in self._networks)


def checked_name(entry: str) -> str:
    """A host's name as lists have it, with a port or not.

    Raises:
        ValueError: it is none.
    """
    name, colon, port = entry.lower().partition(":")
    letters = set("abcdefghijklmnopqrstuvwxyz0123456789-._")
    is_port = port.isascii() and port.isdigit() and 0 < int(port or 0) < 65536
    if not name or not set(name) <= letters or (colon and not is_port):
        msg = f"{entry!r} is neither a host's name nor a network such as 10.0.0.0/8"
        raise ValueError(msg)
    return entry.lower()
