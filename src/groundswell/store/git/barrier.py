"""The durable barrier: one syncfs(2) makes every earlier write of the file system durable.

Knows how to share a sync among all who wait for one. Neither git's nor libgit2's own fsync
settings survive a power cut without it: they leave folders unsynced, so refs and packs vanish.
"""

from __future__ import annotations

import ctypes
import errno
import os
import threading
from pathlib import Path

from groundswell.core.errors import Unavailable
from groundswell.store.ports import Failpoint

_LIBC = ctypes.CDLL(None, use_errno=True)


def _no_failpoint(step: str) -> None:
    """Nothing happens at a step, outside tests."""


def _sync_file_system(descriptor: int) -> None:
    """Write the file system of an open folder to the disk, errors included."""
    if _LIBC.syncfs(descriptor) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class SyncBarrier:
    """Syncs the file system that ``folder`` lies on, once for all threads that wait.

    A caller is served by a sync that began after it called; while one runs, the next callers
    gather and one of them leads the next. After an error nothing is ever called durable again.
    """

    def __init__(self, folder: Path, failpoint: Failpoint = _no_failpoint) -> None:
        self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._failpoint = failpoint
        self._turn = threading.Condition()
        self._begun = 0
        self._done = 0
        self._running = False
        self._fault: str | None = None

    @property
    def fault(self) -> str | None:
        """Why writes are refused until a restart, or None."""
        return self._fault

    def check(self) -> None:
        """Raise Unavailable when an earlier sync failed: no write may begin."""
        if self._fault is not None:
            msg = "The hub's disk reported an error: it takes no writes until it is restarted."
            raise Unavailable(msg)

    def wait(self, step: str) -> None:
        """Return once everything written before this call is durable.

        Args:
            step: names the place for failpoints: ``objects`` or ``reference``.

        Raises:
            Unavailable: the disk failed, now or before.
        """
        self._failpoint(f"before_sync_{step}")
        with self._turn:
            wanted = self._begun + 1
            while self._done < wanted:
                self.check()
                if self._running:
                    self._turn.wait()
                else:
                    self._lead()
            self.check()
        self._failpoint(f"after_sync_{step}")

    def sync_file(self, descriptor: int) -> None:
        """Make the bytes of one file durable, whatever becomes of its name.

        Raises:
            Unavailable: the disk failed: nothing is called durable any more.
            OSError: the disk is full.
        """
        try:
            os.fdatasync(descriptor)
        except OSError as error:
            # Space that is promised at write and missing at sync: only this new file is lost.
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise
            self._fault = self._fault or str(error)
            self.check()

    def _lead(self) -> None:
        """Run one sync with the lock let go, and wake everybody."""
        self._running = True
        self._begun += 1
        self._turn.release()
        fault: str | None = None
        try:
            _sync_file_system(self._descriptor)
        except OSError as error:
            fault = str(error)
        finally:
            self._turn.acquire()
            self._running = False
            self._done = self._begun
            self._fault = self._fault or fault
            self._turn.notify_all()

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._descriptor)
