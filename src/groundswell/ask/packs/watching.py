"""Folders that are looked at again and again, until what is in them has changed and is quiet.

Knows sizes and times of files, and no content: a file that is still being written keeps changing
them. By looking, not by being told: that works on every file system, and misses nothing. Does not
know what is done with a change.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from groundswell.ask.packs.sources import DEPTH_MAX, PACK_WORK, is_source_file

FILES_MAX: Final = 1_000_000

# Of each file: its size, when it was written, which one it is.
Snapshot = dict[str, tuple[int, int, int]]


def snapshot(paths: Sequence[Path]) -> Snapshot:
    """What is there now, of what packs are built from.

    Raises:
        OSError: one of the paths is not there, or cannot be read.
    """
    found: Snapshot = {}
    for path in paths:
        for entry_path, seen in _seen(path):
            found[entry_path] = seen.st_size, seen.st_mtime_ns, seen.st_ino
            if len(found) > FILES_MAX:
                raise OSError(None, "it holds more files than can be watched")
    return found


def _seen(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    seen = path.stat()
    if not path.is_dir():
        yield str(path), seen
        return
    waiting = [(str(path), DEPTH_MAX)]
    while waiting:
        folder, depth = waiting.pop()
        with os.scandir(folder) as listed:
            entries = list(listed)
        if depth == 0 or any(entry.name == PACK_WORK for entry in entries):
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.is_symlink():
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append((entry.path, depth - 1))
            elif is_source_file(entry.name) or entry.name.lower().endswith(".zim"):
                yield entry.path, entry.stat(follow_symlinks=False)


class Watch:
    """Says when there is something new. ``quiet_seconds``: how long nothing has to change."""

    def __init__(self, quiet_seconds: float) -> None:
        self._quiet_seconds = quiet_seconds
        self._last: Snapshot | None = None
        self._since = 0.0
        self._built: Snapshot | None = None

    def look(self, seen: Snapshot, now: float) -> bool:
        """Whether this is new and has been so for long enough. ``now`` is in seconds."""
        if seen != self._last:
            self._last, self._since = seen, now
        return seen != self._built and now - self._since >= self._quiet_seconds

    def built(self, seen: Snapshot) -> None:
        """What was seen is in the pack."""
        self._built = seen
