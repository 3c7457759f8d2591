"""The socket that the hub listens on."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from groundswell.http.server import listen, tell_when_to_stop


def test_the_end_of_an_answer_does_not_wait_for_an_acknowledgement() -> None:
    with (
        closing(listen("127.0.0.1", 0)) as listener,
        closing(socket.create_connection(listener.getsockname(), timeout=5)),
    ):
        listener.settimeout(5)
        connection, _ = listener.accept()
        with closing(connection):
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.fixture
def own_signals() -> Iterator[None]:
    """The handlers of before come back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("own_signals")
def test_a_signal_is_told_while_the_loop_runs_and_harmless_afterwards() -> None:
    async def wait() -> None:
        stopped = asyncio.Event()
        tell_when_to_stop(stopped.set)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(stopped.wait(), 5)

    asyncio.run(wait())
    os.kill(os.getpid(), signal.SIGTERM)  # the loop is closed by now
    os.kill(os.getpid(), signal.SIGINT)
