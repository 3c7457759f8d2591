"""The lease under which nothing is deleted: backups hold it together, deleting needs it alone.

Knows a lock file. Does not know what is deleted. The kernel gives the lease back when its holder
dies, and only then: a holder that sleeps for a day still holds it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from groundswell.core.errors import Unavailable

WAIT_SECONDS: Final = 600.0
_POLL_SECONDS: Final = 0.05


class DeletionLease:
    """The lease of one data folder."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextlib.contextmanager
    def nothing_is_deleted(self, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
        """For as long as this is held, ``deleting`` says no. Many may hold it.

        Raises:
            Unavailable: something is being deleted and does not come to an end.
        """
        deadline = time.monotonic() + wait_seconds
        with self._open() as descriptor:
            while not _try(descriptor, fcntl.LOCK_SH):
                if time.monotonic() > deadline:
                    msg = "The hub is tidying up and does not come to an end."
                    raise Unavailable(msg)
                time.sleep(_POLL_SECONDS)
            yield

    @contextlib.contextmanager
    def deleting(self) -> Iterator[bool]:
        """Whether deleting may begin now; it may go on until this is left."""
        with self._open() as descriptor:
            yield _try(descriptor, fcntl.LOCK_EX)

    @contextlib.contextmanager
    def _open(self) -> Iterator[int]:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def _try(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
