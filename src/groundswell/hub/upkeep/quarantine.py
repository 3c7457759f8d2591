"""Putting broken things aside, under ``quarantine/`` in the data folder. Nothing is ever deleted.

Knows how to move without losing: what lies in quarantine is never overwritten. Out of the way, a
broken xorb or object no longer stops the same content from being uploaded again, which heals it.
"""

from __future__ import annotations

from pathlib import Path

from groundswell.core.errors import Corrupt
from groundswell.store.layout import sync_folder
from groundswell.store.ports import BlobStore
from groundswell.store.writing import disk_faults


class Quarantine:
    """The quarantine of one data folder; made when first needed."""

    def __init__(self, folder: Path, store: BlobStore) -> None:
        self._folder = folder
        self._store = store

    def take_blob(self, kind: str, key: str) -> str:
        """Move an object out of the store. Where it lies now, from the data folder.

        Raises:
            FileNotFoundError: there is none.
            StorageFull, Unavailable: it stays where it is.
        """
        return self._store.set_aside(kind, key)

    def take_object(self, number: int, file: Path) -> str:
        """Move the file of a loose git object away. Where it lies now, from the data folder."""
        place = self._free_place(f"repos/{number}/{file.parent.name}{file.name}")
        target = self._folder / place
        with disk_faults():
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if target.parent.stat().st_dev != file.stat().st_dev:
                raise Corrupt(f"{file.name} lies on another file system than the quarantine.")
            file.rename(target)
            sync_folder(target.parent)
            sync_folder(file.parent)
        return f"{self._folder.name}/{place}"

    def _free_place(self, place: str) -> str:
        """The place, or the place with a number when something lies there from an earlier time."""
        number, free = 1, place
        while (self._folder / free).exists():
            number += 1
            free = f"{place}.{number}"
        return free
