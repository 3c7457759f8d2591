"""A wire that breaks: a TCP relay in front of a hub which cuts some answers short.

Knows nothing of HTTP but where an answer to a GET of content begins.
"""

import contextlib
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Relay:
    """A relay at ``url``. While ``cuts`` is above 0, an answer to a request that matches
    ``pattern`` is cut after ``after_bytes``, and ``cuts`` goes down by one."""

    url: str
    pattern: re.Pattern[bytes]
    after_bytes: int
    cuts: int
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take_cut(self, request: bytes) -> bool:
        with self.lock:
            if self.cuts > 0 and self.pattern.search(request):
                self.cuts -= 1
                return True
            return False


@contextlib.contextmanager
def breaking_wire(port: int, pattern: str, *, after_bytes: int, cuts: int = 1) -> Iterator[Relay]:
    """A relay to 127.0.0.1:``port``, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    relay = Relay(url, re.compile(pattern.encode()), after_bytes, cuts)
    open_sockets: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", port))
            open_sockets.extend((near, far))
            threading.Thread(target=serve, args=(near, far), daemon=True).start()

    def serve(near: socket.socket, far: socket.socket) -> None:
        allowed: list[int | None] = [None]  # bytes until the cut, or None: no cut

        def back() -> None:
            with contextlib.suppress(OSError):
                while piece := far.recv(65536):
                    if allowed[0] is not None:
                        piece = piece[: allowed[0]]
                        allowed[0] -= len(piece)
                    near.sendall(piece)
                    if allowed[0] == 0:
                        break
            for each in (near, far):
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

        answering = threading.Thread(target=back, daemon=True)
        answering.start()
        with contextlib.suppress(OSError):
            while piece := near.recv(65536):
                if relay.take_cut(piece):
                    allowed[0] = relay.after_bytes
                far.sendall(piece)
            far.shutdown(socket.SHUT_WR)
        answering.join()
        near.close()
        far.close()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield relay
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for each in open_sockets:
            each.close()
