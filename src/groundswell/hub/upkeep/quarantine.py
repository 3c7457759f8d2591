"""Putting broken things aside, under ``quarantine/`` in the data folder. Nothing is ever deleted.

Knows how to move without losing: what lies in quarantine is never overwritten. Out of the way, a
broken xorb or object no longer stops the same content from being uploaded again, which heals it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from groundswell.core.errors import Corrupt
from groundswell.store.layout import sync_folder
from groundswell.store.ports import BlobStore, ColdBlobs, Kind
from groundswell.store.writing import FolderWriter, disk_faults

_PIECE_BYTES: Final = 4 * 1024 * 1024


class Quarantine:
    """The quarantine of one data folder; made when first needed."""

    def __init__(self, folder: Path, store: BlobStore) -> None:
        self._folder = folder
        self._store = store

    def take_blob(self, kind: str, key: str) -> str:
        """Move an object out of the store. Where it lies now, from the data folder.

        Raises:
            Corrupt: it cannot even be read; it stays where it is.
            StorageFull, Unavailable: it stays where it is.
        """
        store = self._store
        if kind == Kind.XORB and isinstance(store, ColdBlobs) and store.plain_bytes(key) is None:
            kind = Kind.COLD  # what is broken is put aside as it lies
        place = self._free_place(f"{kind}/{key}")
        with FolderWriter(self._folder) as writer, self._store.open(kind, key) as reader:
            sizes = range(0, reader.size_bytes, _PIECE_BYTES)
            pieces = (
                reader.read_at(start, min(_PIECE_BYTES, reader.size_bytes - start))
                for start in sizes
            )
            writer.write(place, pieces)
            writer.flush()
        self._store.delete(kind, key)
        return f"{self._folder.name}/{place}"

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
