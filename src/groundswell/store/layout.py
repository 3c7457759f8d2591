"""The data folder: which path holds what. The only place that knows.

```
DATA/  groundswell.db · repos/<ab>/<repository number>.git · xorbs/<ab>/<hash> · shards/<ab>/<hash>
       cold/<ab>/<hash> (xorbs written small) · parts/ (of uploads)
       spool/ (bytes on their way in) · keys/ (signing keys) · deletion.lease (held by backups)
       quarantine/ (what was found corrupt, moved there by an admin)
       identity (which hub the folder belongs to)
       derived/ (made from content when it is first needed, and never the only copy)
       packs/ (knowledge packs that were built here: what an unchanged part is not built again from)
```

Paths come from numbers and hashes, never from names. It does not know what lies inside a file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FOLDERS: Final = ("repos", "xorbs", "cold", "shards", "spool", "keys")


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The paths below ``root``, which is made absolute."""

    root: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", Path(os.path.abspath(self.root)))

    @property
    def database_path(self) -> Path:
        """The SQLite file of a hub that has no other database."""
        return self.root / "groundswell.db"

    @property
    def database_url(self) -> str:
        """The same, as ``Database.open`` takes it. The path is literal: nothing is quoted."""
        return f"sqlite:///{self.database_path}"

    @property
    def repos(self) -> Path:
        """Bare git repositories, by number."""
        return self.root / "repos"

    @property
    def xorbs(self) -> Path:
        """Chunks stored together, by hash."""
        return self.root / "xorbs"

    @property
    def shards(self) -> Path:
        """Metadata of files and xorbs, by hash."""
        return self.root / "shards"

    @property
    def spool(self) -> Path:
        """Bytes on their way in, on the same file system as their final place."""
        return self.root / "spool"

    @property
    def keys(self) -> Path:
        """Keys that sign tokens and URLs: readable by the hub's own user alone."""
        return self.root / "keys"

    @property
    def packs(self) -> Path:
        """Knowledge packs that were built here, by the numbers of their repositories."""
        return self.root / "packs"

    @property
    def derived(self) -> Path:
        """What was made from content, and can be made again: made when it is first needed."""
        return self.root / "derived"

    def create(self) -> None:
        """Make the folders that are missing, durably. Doing it again changes nothing.

        The folder belongs to the hub's own user alone: it holds private repositories.
        """
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in _FOLDERS:
            (self.root / name).mkdir(mode=0o700, exist_ok=True)
        for folder in (self.root, self.root.parent):
            sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: without it a power cut may lose a new file whole."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
