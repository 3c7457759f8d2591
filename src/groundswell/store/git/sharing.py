"""Locks that several processes share, on one host or on hosts with one file system.

Knows one file and its bytes: each byte is a lock, shared or alone, and the kernel lets go of what
a process held when it dies. On NFS version 4 the server keeps them and lets go after its lease.
Does not know threads: the callers in one process settle with each other first.
"""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path
from typing import Final

GATES: Final = 0  # one for each repository, at its number
REFS: Final = 1 << 59  # the same, from here on
BEGINNING: Final = 1 << 60
CHORES: Final = BEGINNING + 1


class SharedLocks:
    """The locks of one file. Taking a lock again with the other ``alone`` changes it."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def take(self, place: int, *, alone: bool) -> bool:
        """Whether the lock could be had at once."""
        try:
            self._set(place, fcntl.F_WRLCK if alone else fcntl.F_RDLCK)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def wait_for(self, place: int) -> None:
        """Take the lock alone, however long that takes."""
        self._set(place, fcntl.F_WRLCK, fcntl.F_OFD_SETLKW)

    def release(self, place: int) -> None:
        """Let go of the lock."""
        self._set(place, fcntl.F_UNLCK)

    def _set(self, place: int, how: int, command: int = fcntl.F_OFD_SETLK) -> None:
        # Locks of the open file, not of the process: a verb that opens the file beside does not
        # let go of them by closing it.
        wanted = struct.pack("hhqqi0q", how, os.SEEK_SET, place, 1, 0)
        fcntl.fcntl(self._descriptor, command, wanted)

    def close(self) -> None:
        """Let go of everything."""
        os.close(self._descriptor)
