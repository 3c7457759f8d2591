"""Keeping repositories tidy: stale locks, loose objects, the commit-graph.

Knows what git leaves behind. Does not know when it is a good time: jobs decide.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path
from typing import Final

from groundswell.store.git.incoming import PREFIX
from groundswell.store.git.process import Background

LOOSE_OBJECTS_MAX: Final = 2_000
PACKS_MAX: Final = 50
PRUNE_AGE: Final = "2.weeks.ago"
_LOOSE_FOLDERS: Final = 256
_GC_SECONDS: Final = 3_600.0


def remove_leftovers(root: Path, *, after_a_fall: bool) -> int:
    """Remove locks and half-made folders of processes that are gone. Only at boot.

    A power cut leaves ``refs/heads/main.lock`` behind, and every later write to main would fail.
    ``after_a_fall``: one ended without a word, so loose objects are looked at as well.

    Returns:
        How many were removed.
    """
    removed = 0
    for shelf in root.glob("[0-9a-f]?"):
        for folder in shelf.iterdir():
            if folder.name.endswith((".new", ".gone")):
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
            elif folder.name.endswith(".git"):
                removed += remove_locks(folder) + _remove_empty_refs(folder)
                removed += _remove_empty_objects(folder) if after_a_fall else 0
                for each in folder.glob(f"{PREFIX}*"):
                    shutil.rmtree(each, ignore_errors=True)
                    removed += 1
    return removed


def remove_locks(folder: Path) -> int:
    """Remove the locks of one repository. Only while nobody writes to it. How many there were."""
    removed = 0
    candidates = [folder / "packed-refs.lock", folder / "config.lock", folder / "HEAD.lock"]
    candidates += [folder / "shallow.lock", folder / "gc.pid"]
    candidates += (folder / "refs").rglob("*.lock")
    candidates += (folder / "objects" / "info").rglob("*.lock")
    for each in candidates:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(each)
            removed += 1
    return removed


def _remove_empty_refs(folder: Path) -> int:
    """Remove refs that a power cut kept from being made: nobody was told of them, and a file that
    names nothing would keep others from making them. How many there were.
    """
    empty = [each for each in (folder / "refs").rglob("*") if each.is_file()]
    empty = [each for each in empty if each.stat().st_size == 0]
    for each in empty:
        each.unlink()
    return len(empty)


def _remove_empty_objects(folder: Path) -> int:
    """Remove loose objects of which only the name came to the disk: nothing that was acknowledged
    refers to them, and git takes such a file for the object, which nobody could write again. How
    many there were.
    """
    removed = 0
    for shelf in (folder / "objects").glob("[0-9a-f][0-9a-f]"):
        with os.scandir(shelf) as found:
            empty = [each.path for each in found if each.stat().st_size == 0]
        for path in empty:
            os.unlink(path)
            removed += 1
    return removed


def needs_packing(folder: Path) -> bool:
    """Whether the repository holds many loose objects or packs. Looks at one folder of 256."""
    try:
        loose = len(os.listdir(folder / "objects" / "17"))
    except FileNotFoundError:
        loose = 0
    packs = sum(name.endswith(".pack") for name in os.listdir(folder / "objects" / "pack"))
    return loose * _LOOSE_FOLDERS > LOOSE_OBJECTS_MAX or packs > PACKS_MAX


class Upkeep:
    """Git's own upkeep, behind everybody else."""

    def __init__(self) -> None:
        self._background = Background()
        self.stop = self._background.stop

    def pack_refs(self, folder: Path) -> None:
        """Put refs into one file."""
        self._run(folder, "pack-refs", "--all")

    def pack(self, folder: Path, *, keep_unreachable: bool = False) -> None:
        """Pack what is reachable into one pack; the rest becomes loose.

        Of the rest, what has not been touched for two weeks goes, unless ``keep_unreachable``:
        then this is safe beside any writer, and ``prune`` has to follow.
        """
        expiry = () if keep_unreachable else (f"--unpack-unreachable={PRUNE_AGE}",)
        self._run(folder, "repack", "-d", "-l", "-A", "-q", "--write-bitmap-index", *expiry)

    def prune(self, folder: Path, *, now: bool = False) -> None:
        """Remove loose objects that nothing reaches: after two weeks, or ``now``.

        Only while nothing is being written to the repository.
        """
        self._run(folder, "prune", f"--expire={'now' if now else PRUNE_AGE}")

    def write_commit_graph(self, folder: Path) -> None:
        """Write the commit-graph with changed paths: a file's history in 17 ms instead of 132."""
        self._run(folder, "commit-graph", "write", "--reachable", "--changed-paths")

    def _run(self, folder: Path, *arguments: str) -> None:
        self._background.run(folder, *arguments, timeout_seconds=_GC_SECONDS)


def is_stale(path: Path, age_seconds: float) -> bool:
    """Whether a file has not been touched for that long."""
    with contextlib.suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime > age_seconds
    return False
