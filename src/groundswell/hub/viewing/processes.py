"""Readers from the hub's side: a question goes to a new process, its ranges come from the hub.

Knows how a reader is started, what it may ask for and how long it may take. Does not know what it
reads, nor who asked.
"""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from groundswell.hub.children import bare_environment, command_of
from groundswell.hub.viewing.pipe import READ_BYTES_MAX, Ended, Pipe
from groundswell.hub.viewing.values import Question

# Of the clock, on a busy machine; what a reader computes is limited by itself.
ANSWER_SECONDS_MAX: Final = 30.0
# Of one question together: enough to search for a while, too little to keep the hub busy for long.
QUESTION_BYTES_MAX: Final = 2 << 30


Read = Callable[[int, int], bytes]


class Readers:
    """The nursery process, started when first needed. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._is_closed = False

    def ask(self, question: Question, read: Read) -> dict[str, Any]:
        """The answer to a question. ``read`` gives the file's bytes; what it raises comes out.

        Raises:
            Ended: the reader died of a limit, took too long, or asked for what it may not have; or
                the readers are closed.
        """
        end = self._begin()
        try:
            pipe = Pipe(end, time.monotonic() + ANSWER_SECONDS_MAX)
            pipe.send(question.as_json())
            return _converse(pipe, question.size_bytes, read)
        finally:
            end.close()

    def _begin(self) -> socket.socket:
        """A pipe to a new reader."""
        here, there = socket.socketpair()
        with self._lock, there:
            if self._is_closed:  # who asks late would start a nursery that nobody ends
                here.close()
                raise Ended
            try:
                socket.send_fds(self._running(), [b"r"], [there.fileno()])
            except OSError as error:
                self._stop()
                here.close()
                raise Ended from error
        return here

    def _running(self) -> socket.socket:
        if self._process is not None and self._process.poll() is not None:
            self._stop()
        if self._control is None:
            here, there = socket.socketpair()
            with there:
                self._process = _start(there)
            here.settimeout(ANSWER_SECONDS_MAX)
            self._control = here
        return self._control

    def _stop(self) -> None:
        process, self._process = self._process, None
        control, self._control = self._control, None
        if control is not None:
            control.close()
        if process is not None:
            process.kill()
            process.wait()

    def close(self) -> None:
        """End the nursery; a reader at work ends with its pipe or its time."""
        with self._lock:
            self._is_closed = True
            self._stop()


def _start(control: socket.socket) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command_of("groundswell.hub.viewing.nursery"),
        stdin=control.fileno(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=bare_environment(),
        cwd="/",
    )


def _converse(pipe: Pipe, size_bytes: int, read: Read) -> dict[str, Any]:
    left_bytes = QUESTION_BYTES_MAX
    while True:
        said = pipe.receive()
        wanted = said.get("read")
        if wanted is None:
            found = said.get("answer")
            if not isinstance(found, dict):
                raise Ended
            return found
        start, stop = _range(wanted, size_bytes)
        left_bytes -= stop - start
        if left_bytes < 0:
            raise Ended
        pipe.send_bytes(read(start, stop))


def _range(wanted: object, size_bytes: int) -> tuple[int, int]:
    """The range, when a reader may ask for it: it is no more trusted than what it reads."""
    if not isinstance(wanted, list) or len(wanted) != 2:
        raise Ended
    start, stop = wanted
    if type(start) is not int or type(stop) is not int:
        raise Ended
    if not 0 <= start < stop <= size_bytes or stop - start > READ_BYTES_MAX:
        raise Ended
    return start, stop
