"""A wire on which requests break: a TCP relay in front of a hub that cuts some of them short.

Knows nothing of HTTP but where a request begins. Counts what is sent towards the hub,
and how much of it belongs to requests that were cut. Browsers repeat some of those by themselves.
"""

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Wire:
    """While ``cuts`` is above 0, a request that matches ``pattern`` is cut after ``after_bytes``."""

    url: str
    pattern: re.Pattern[bytes]
    after_bytes: int
    cuts: int = 0
    sent_bytes: int = 0
    cut_bytes: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, piece: bytes) -> bool:
        """Count a piece on its way to the hub; whether what it begins is to be cut."""
        with self.lock:
            self.sent_bytes += len(piece)
            if self.cuts > 0 and self.pattern.match(piece):
                self.cuts -= 1
                return True
            return False


def _forward(wire: Wire, near: socket.socket, far: socket.socket) -> None:
    left: int | None = None
    with contextlib.suppress(OSError):
        while piece := near.recv(1 << 18):
            if wire.count(piece):
                left = wire.after_bytes
            if left is not None:
                left -= len(piece)
                wire.cut_bytes += len(piece)
                if left <= 0:
                    _reset(near)
                    break
            far.sendall(piece)
    _end(near, far)


def _answer(near: socket.socket, far: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := far.recv(1 << 16):
            near.sendall(piece)
    _end(near, far)


def _reset(near: socket.socket) -> None:
    """Break off at once: the sender is told, instead of filling buffers that nobody reads."""
    near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    near.close()


def _end(*sockets: socket.socket) -> None:
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def breaking(port: int, pattern: bytes, *, after_bytes: int) -> Iterator[Wire]:
    """A relay to 127.0.0.1:``port``, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    wire = Wire(f"http://127.0.0.1:{listener.getsockname()[1]}", re.compile(pattern), after_bytes)
    opened: list[socket.socket] = []

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", port))
                opened.extend((near, far))
                threading.Thread(target=_forward, args=(wire, near, far), daemon=True).start()
                threading.Thread(target=_answer, args=(near, far), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield wire
    finally:
        _end(listener)
        thread.join()
        for each in (listener, *opened):
            each.close()
