"""Servers that a hub may be made to ask: each answers as it is told and notes what it was sent."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Act = Callable[[socket.socket, bytes], None]


@dataclass
class Receiver:
    """One listening server. ``heard`` has the bytes of every request, ``hits`` every connection."""

    host: str
    port: int
    heard: list[bytes] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    hits: int = 0
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def url(self, host: str | None = None, path: str = "/hook", scheme: str = "http") -> str:
        return f"{scheme}://{host or self.host}:{self.port}{path}"

    def wait(self, count: int, seconds: float = 30) -> list[bytes]:
        """The requests, once there are so many."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.heard) >= count, seconds), self.heard
            return list(self.heard)


def answer(status: str, *headers: str, body: bytes = b"") -> Act:
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers])
    return lambda peer, _request: peer.sendall(head.encode() + b"\r\n\r\n" + body)


def _request_of(peer: socket.socket) -> bytes:
    got = b""
    while b"\r\n\r\n" not in got:
        more = peer.recv(65536)
        if not more:
            return got
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    length = next(
        (
            int(line[15:])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        ),
        0,
    )
    while len(body) < length:
        body += peer.recv(65536)
    return head + b"\r\n\r\n" + body


@contextlib.contextmanager
def receiving(
    act: Act, host: str = "127.0.0.2", port: int = 0, tls: ssl.SSLContext | None = None
) -> Iterator[Receiver]:
    """A server until the block ends; ``act`` answers each connection once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(64)
    there = Receiver(host, listener.getsockname()[1])
    if tls is not None:
        tls.sni_callback = lambda _sock, name, _context: there.names.append(name)

    def serve(peer: socket.socket) -> None:
        with contextlib.suppress(OSError), peer:
            peer.settimeout(20)
            secured = peer if tls is None else tls.wrap_socket(peer, server_side=True)
            with secured:
                request = _request_of(secured)
                if not request:
                    return
                with there.arrived:
                    there.heard.append(request)
                    there.arrived.notify_all()
                act(secured, request)

    threads: list[threading.Thread] = []

    def accept() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            there.hits += 1
            threads.append(threading.Thread(target=serve, args=(peer,), daemon=True))
            threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield there
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(5)
        for thread in threads:
            thread.join(5)
