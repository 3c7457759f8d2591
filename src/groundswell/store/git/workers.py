"""The processes that serve one folder of repositories: who is alive, who fell.

Each has a file that it holds locked while it lives. Knows those files, and which process may do
what only one does. Does not know what a process that fell left behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from groundswell.store.git.sharing import BEGINNING, CHORES, SharedLocks

_FOLDER: Final = "workers"
_FRESH: Final = ".new"


class Workers:
    """This process among those that serve the folder. ``name`` is its own, for its life."""

    def __init__(self, root: Path, locks: SharedLocks) -> None:
        self.name = secrets.token_hex(8)
        self._folder = root / _FOLDER
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._locks = locks
        self._descriptor = -1

    @contextlib.contextmanager
    def beginning(self) -> Iterator[bool]:
        """Become one of those who serve. Whether nobody else does; until this is left, nobody else
        begins.
        """
        self._locks.wait_for(BEGINNING)
        try:
            is_first = not any(_is_alive(path) for path in self._others())
            # Locked before it has its name: without its lock it would be taken for a fallen one.
            fresh = self._folder / f"{self.name}{_FRESH}"
            self._descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            fresh.rename(self._folder / self.name)
            yield is_first
            if is_first:
                for each in self._others():
                    each.unlink(missing_ok=True)
        finally:
            self._locks.release(BEGINNING)

    def leads(self) -> bool:
        """Whether this process does what only one does: the first to ask, for as long as it
        lives.
        """
        return self._locks.take(CHORES, alone=True)

    def fallen(self) -> list[str]:
        """Those who ended without a word."""
        return [path.name for path in self._others() if not _is_alive(path)]

    def bury(self, name: str) -> None:
        """What a fallen one left behind is made good."""
        (self._folder / name).unlink(missing_ok=True)

    def end(self) -> None:
        """Serve no longer."""
        if self._descriptor >= 0:
            self.bury(self.name)
            os.close(self._descriptor)
            self._descriptor = -1

    def _others(self) -> list[Path]:
        return sorted(
            path
            for path in self._folder.iterdir()
            if path.name != self.name and path.suffix != _FRESH
        )


def _is_alive(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True  # it ended properly meanwhile: there is nothing to make good
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
