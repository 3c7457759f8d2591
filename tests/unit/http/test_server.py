"""The socket that the hub listens on."""

from __future__ import annotations

import socket
from contextlib import closing

from groundswell.http.server import listen


def test_the_end_of_an_answer_does_not_wait_for_an_acknowledgement() -> None:
    with (
        closing(listen("127.0.0.1", 0)) as listener,
        closing(socket.create_connection(listener.getsockname(), timeout=5)),
    ):
        listener.settimeout(5)
        connection, _ = listener.accept()
        with closing(connection):
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
