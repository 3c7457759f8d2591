"""The process that readers are forked from: DuckDB is loaded once, and no file is ever read here.

Started by `processes` with one end of a socket as its standard input. Each message brings one end
of a reader's pipe; the reader is a child of this process, so that it begins in milliseconds and
shares nothing with the reader before. Ends when the socket does.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from typing import Final

from groundswell.hub.viewing import reader

OVERDUE_SECONDS: Final = reader.WALL_SECONDS_MAX + 2
_LOOK_SECONDS: Final = 1.0


def _fork(control: socket.socket, end: int) -> int:
    child = os.fork()
    if child:
        os.close(end)
        return child
    # From here on this is the reader, whatever happens: it must never come back to the loop.
    try:
        control.close()
        os.dup2(end, 0)
        os.close(end)
        reader.main(socket.socket(fileno=0))
    finally:
        os._exit(0)


def _reap(children: dict[int, float]) -> None:
    """Bury who ended, and end who is overdue."""
    now = time.monotonic()
    for child, began in list(children.items()):
        if now - began > OVERDUE_SECONDS:
            os.kill(child, signal.SIGKILL)
        if os.waitpid(child, os.WNOHANG)[0]:
            del children[child]


def main() -> None:
    """Fork a reader for each pipe that comes in."""
    control = socket.socket(fileno=os.dup(0))
    reader.load()
    children: dict[int, float] = {}
    while True:
        if select.select([control], [], [], _LOOK_SECONDS)[0]:
            message, ends, _, _ = socket.recv_fds(control, 1, 1)
            if not message:
                break
            for end in ends:
                children[_fork(control, end)] = time.monotonic()
        _reap(children)
    for child in children:
        os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main()
