"""One request to a runner over its socket, and the answer as it comes.

Knows HTTP and server-sent events as llama.cpp's server speaks them. Blocks while nothing comes;
``close`` from another thread ends that.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Iterator
from typing import Final, Protocol

from groundswell.ask.runtime.values import Json

_CONNECT_SECONDS: Final = 10.0
LINE_BYTES_MAX: Final = 1 << 20
ANSWER_BYTES_MAX: Final = 64 << 20


class Overdue(Exception):
    """The time for an answer is over."""


class Broken(Exception):
    """The answer broke off: whoever gave it is gone."""


class Exchange(Protocol):
    """A request that was sent, and its answer."""

    @property
    def sent_at(self) -> float:
        """When the request was sent, by `time.monotonic`."""
        ...

    @property
    def status(self) -> int:
        """Of HTTP."""
        ...

    def lines(self) -> Iterator[bytes]:
        """The answer line by line. Raises Overdue and Broken."""
        ...

    def whole(self) -> bytes:
        """The answer at once. Raises the same."""
        ...

    def close(self) -> None:
        """End it. From any thread, and more than once."""
        ...


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("runner")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_CONNECT_SECONDS)
        self.sock.connect(self._path)


class SocketExchange:
    """An exchange with a runner. The request is sent at once; ``status`` waits for the answer.

    Raises OSError when nobody takes it.
    """

    def __init__(self, socket_path: str, key: str, path: str, body: Json, deadline: float) -> None:
        self._deadline = deadline
        self.sent_at = time.monotonic()
        self._connection = _SocketConnection(socket_path)
        self._response: http.client.HTTPResponse | None = None
        self._connection.connect()
        self._socket: socket.socket = self._connection.sock
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        try:
            self._connection.request("POST", path, json.dumps(body), headers)
        except OSError:
            self.close()
            raise

    @property
    def status(self) -> int:
        """Of HTTP, once it is there.

        Raises:
            Overdue, Broken: as ``lines`` does.
        """
        return self._begun().status

    def _begun(self) -> http.client.HTTPResponse:
        if self._response is None:
            with _as_faults():
                self._socket.settimeout(self._left_seconds())
                self._response = self._connection.getresponse()
        return self._response

    def _left_seconds(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise Overdue
        return left

    def lines(self) -> Iterator[bytes]:
        """The answer line by line.

        Raises:
            Overdue: its time is over.
            Broken: it broke off.
        """
        response, size_bytes = self._begun(), 0
        while not response.isclosed():
            with _as_faults():
                self._socket.settimeout(self._left_seconds())
                line = response.readline(LINE_BYTES_MAX)
            size_bytes += len(line)
            if not line:
                return
            if size_bytes > ANSWER_BYTES_MAX:
                raise Broken
            yield line

    def whole(self) -> bytes:
        """The answer at once.

        Raises:
            Overdue, Broken: as ``lines`` does.
        """
        response, parts = self._begun(), bytearray()
        while not response.isclosed():
            with _as_faults():
                self._socket.settimeout(self._left_seconds())
                part = response.read(1 << 16)
            parts += part
            if not part:
                break
            if len(parts) > ANSWER_BYTES_MAX:
                raise Broken
        return bytes(parts)

    def close(self) -> None:
        """End it; llama.cpp then stops computing."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._connection.close()


@contextlib.contextmanager
def _as_faults() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise Overdue from error
    except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
        # Closed by another thread, a file object may be found half gone.
        raise Broken from error
