"""Folders that are needed while something is open, and that nobody needs after a kill.

Each is locked by the process that made it, for as long as that lives: what nobody holds was left
behind. Does not know what lies in them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

PREFIX: Final = "swell-open-"
# One that was made just now may not be locked yet.
YOUNG_SECONDS: Final = 60.0


class Scratch:
    """A new folder, empty and held until ``close``. ``within`` is the system's own when None."""

    def __init__(self, within: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=within))
        self._lock: int | None = _open(self.folder)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def close(self) -> None:
        """Remove it. Doing it again changes nothing."""
        shutil.rmtree(self.folder, ignore_errors=True)
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)


def sweep(within: Path | None = None) -> int:
    """Remove what processes left that live no longer; how many folders."""
    removed = 0
    for folder in Path(within or tempfile.gettempdir()).glob(f"{PREFIX}*"):
        # Another user's cannot be opened, and one that is in use cannot be locked.
        with contextlib.suppress(OSError):
            if time.time() - folder.lstat().st_mtime < YOUNG_SECONDS:
                continue
            lock = _open(folder)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
                removed += 1
            finally:
                os.close(lock)
    return removed


def _open(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
