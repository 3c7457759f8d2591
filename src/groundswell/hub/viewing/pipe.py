"""The pipe between the hub and the process that reads a table: questions, ranges, an answer.

The hub sends the question. The process asks for ranges, `{"read": [start, stop]}`, and is sent
their bytes behind their length; its last frame is `{"answer": …}`. Knows what goes through, not
what it means.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterable
from typing import Any, Final

READ_BYTES_MAX: Final = 4 << 20
ANSWER_BYTES_MAX: Final = 8 << 20
_LENGTH_BYTES: Final = 4
_PIECE_BYTES: Final = 1 << 20
_BESIDE_BYTES: Final = 1 << 16


class Ended(Exception):
    """The other end is gone, too slow, or says what the pipe does not carry."""


class Pipe:
    """One end.

    Attributes:
        deadline: of the monotonic clock, for all that is sent and received from now on; None waits
            for ever.
    """

    def __init__(self, end: socket.socket, deadline: float | None = None) -> None:
        self._end = end
        self.deadline = deadline
        self._held = bytearray()  # came, and is not asked for yet

    def send(self, value: dict[str, Any]) -> None:
        """Send a value. Raises Ended."""
        self.send_bytes(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())

    def send_bytes(self, data: bytes) -> None:
        """Send bytes behind their length. Raises Ended."""
        self.send_all((data,))

    def send_all(self, frames: Iterable[bytes]) -> None:
        """Send several, small ones together: each is received as if it were sent alone.

        Raises:
            Ended: the other end is gone or too slow.
        """
        parts = bytearray()
        for data in frames:
            parts += len(data).to_bytes(_LENGTH_BYTES, "big")
            parts += data
            if len(parts) >= _PIECE_BYTES:
                self._send(parts)
                parts = bytearray()
        if parts:
            self._send(parts)

    def _send(self, data: bytearray) -> None:
        try:
            self._wait()
            self._end.sendall(data)
        except OSError as error:
            raise Ended from error

    def receive(self) -> dict[str, Any]:
        """The next value. Raises Ended."""
        try:
            value = json.loads(self.receive_bytes(ANSWER_BYTES_MAX))
        except (ValueError, RecursionError) as error:
            raise Ended from error
        if not isinstance(value, dict):
            raise Ended
        return value

    def receive_bytes(self, bytes_max: int) -> bytes:
        """The next bytes. Raises Ended."""
        length = int.from_bytes(self._exactly(_LENGTH_BYTES), "big")
        if length > bytes_max:
            raise Ended
        return self._exactly(length)

    def _exactly(self, size_bytes: int) -> bytes:
        while len(self._held) < size_bytes:
            try:
                self._wait()
                missing = size_bytes - len(self._held)
                part = self._end.recv(min(max(missing, _BESIDE_BYTES), _PIECE_BYTES))
            except OSError as error:
                raise Ended from error
            if not part:
                raise Ended
            self._held += part
        with memoryview(self._held) as held:
            data = bytes(held[:size_bytes])
        del self._held[:size_bytes]
        return data

    def _wait(self) -> None:
        if self.deadline is None:
            return
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise Ended
        self._end.settimeout(left)
