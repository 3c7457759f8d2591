"""The pipe between the hub and the process that reads a table: questions, ranges, an answer.

The hub sends the question. The process asks for ranges, `{"read": [start, stop]}`, and is sent
their bytes behind their length; its last frame is `{"answer": …}`. Knows what goes through, not
what it means.
"""

from __future__ import annotations

import json
import socket
import time
from typing import Any, Final

READ_BYTES_MAX: Final = 4 << 20
ANSWER_BYTES_MAX: Final = 8 << 20
_LENGTH_BYTES: Final = 4
_PIECE_BYTES: Final = 1 << 20


class Ended(Exception):
    """The other end is gone, too slow, or says what the pipe does not carry."""


class Pipe:
    """One end. ``deadline`` is of the monotonic clock; None waits for ever."""

    def __init__(self, end: socket.socket, deadline: float | None = None) -> None:
        self._end = end
        self._deadline = deadline

    def send(self, value: dict[str, Any]) -> None:
        """Send a value. Raises Ended."""
        self.send_bytes(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())

    def send_bytes(self, data: bytes) -> None:
        """Send bytes behind their length. Raises Ended."""
        try:
            self._wait()
            self._end.sendall(len(data).to_bytes(_LENGTH_BYTES, "big") + data)
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
        parts = bytearray()
        while len(parts) < size_bytes:
            try:
                self._wait()
                part = self._end.recv(min(size_bytes - len(parts), _PIECE_BYTES))
            except OSError as error:
                raise Ended from error
            if not part:
                raise Ended
            parts += part
        return bytes(parts)

    def _wait(self) -> None:
        if self._deadline is None:
            return
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise Ended
        self._end.settimeout(left)
