"""Bytes on their way in, on a local folder: given out, and swept when nobody comes back for them.

Knows names and ages of spooled files. Does not know what becomes of them.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable

from groundswell.core.errors import StorageFull
from groundswell.store.disk.files import SpoolFile, translated
from groundswell.store.ports import Failpoint


def _nothing(step: str) -> None:
    """The failpoint of production: nothing is interrupted."""
    del step


class SpoolFolder:
    """The folder, which is made when it is missing. ``sync`` makes a descriptor's bytes durable."""

    def __init__(
        self, path: str, sync: Callable[[int], None], failpoint: Failpoint = _nothing
    ) -> None:
        self.path = path
        self._sync = sync
        self._failpoint = failpoint
        os.makedirs(path, mode=0o700, exist_ok=True)

    def new(self, size_hint_bytes: int = 0) -> SpoolFile:
        """A new place.

        Raises:
            StorageFull: less space is free than ``size_hint_bytes``.
            Unavailable: the disk fails.
        """
        if size_hint_bytes and size_hint_bytes > self.free_bytes():
            raise StorageFull
        path = os.path.join(self.path, secrets.token_hex(16))
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            return SpoolFile(path, os.open(path, flags, 0o600), self._sync, self._failpoint)
        except OSError as error:
            raise translated(error) from error

    def free_bytes(self) -> int:
        """Space that this process may still fill."""
        figures = os.statvfs(self.path)
        return figures.f_bavail * figures.f_frsize

    def sweep(self, age_seconds: float) -> int:
        """Remove bytes that nobody wrote to for that long; how many files went."""
        oldest = time.time() - age_seconds
        count = 0
        for name in os.listdir(self.path):
            path = os.path.join(self.path, name)
            with contextlib.suppress(FileNotFoundError):
                if os.stat(path).st_mtime < oldest:
                    os.unlink(path)
                    count += 1
        return count
