"""What every test shares: no test speaks to the world outside this machine."""

from __future__ import annotations

import ipaddress
import sys


def _is_local(host: object) -> bool:
    if host is None or isinstance(host, bytes) or host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return str(host).endswith(".localhost")


def _refuse_the_world(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # a path is a Unix socket
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if not _is_local(host):
        msg = f"a test reached for {host!r}: tests speak only to this machine"
        raise PermissionError(msg)


# An audit hook also sees libraries that do not go through the socket module's classes. It cannot
# be removed, which is as it should be.
sys.addaudithook(_refuse_the_world)
