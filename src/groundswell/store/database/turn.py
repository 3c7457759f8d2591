"""Taking turns between processes that write one SQLite file.

Knows two lock files beside the database. Does not know SQLite. SQLite 3.7.0 to 3.51.2 can damage
a file when two processes write and checkpoint at the same moment; whoever holds the turn is alone
in doing either. Readers need no turn.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from groundswell.core.errors import Unavailable

TURN_TIMEOUT_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.001


class Turn:
    """The right to write, for one process at a time, waited for in order.

    Two locks make a turnstile: one waits for ``.writer`` while holding ``.queue``, so a process
    that writes all the time cannot come round again before one that waits.
    """

    def __init__(self, database_path: Path, timeout_seconds: float = TURN_TIMEOUT_SECONDS) -> None:
        self._timeout_seconds = timeout_seconds
        self._queue = _open(database_path, ".queue")
        self._writer = _open(database_path, ".writer")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the turn and keep it. Not reentrant.

        Raises:
            Unavailable: another process kept the turn for too long.
        """
        deadline = time.monotonic() + self._timeout_seconds
        _wait(self._queue, deadline)
        try:
            _wait(self._writer, deadline)
        finally:
            fcntl.flock(self._queue, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(self._writer, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the lock files; they stay, since another process may hold them."""
        os.close(self._queue)
        os.close(self._writer)


class Serving:
    """The mark that one process serves the database; the kernel removes it when that one dies."""

    def __init__(self, database_path: Path) -> None:
        self._descriptor = _open(database_path, ".serving")

    def take(self) -> bool:
        """Whether the mark is now ours."""
        return _try(self._descriptor)

    def drop(self) -> None:
        """Give the mark back, but keep it at hand."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the mark back for good."""
        os.close(self._descriptor)


def _open(database_path: Path, suffix: str) -> int:
    return os.open(f"{database_path}{suffix}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(descriptor: int, deadline: float) -> None:
    while not _try(descriptor):
        if time.monotonic() > deadline:
            msg = "Another process keeps the hub's database to itself."
            raise Unavailable(msg, retry_after_seconds=30)
        time.sleep(_POLL_SECONDS)
