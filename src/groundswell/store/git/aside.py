"""Repositories that were deleted: out of everybody's way, whole, until they are removed for good.

Knows folders beside those in use. Does not know for how long: the collector does.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from pathlib import Path
from typing import Final

from groundswell.store.git.handles import Folders

_SUFFIX: Final = ".deleted"


class Aside:
    """The repositories of a store that were put aside."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders

    def put(self, repository_id: int) -> None:
        """Take the repository away from everybody; durable with the next barrier."""
        with contextlib.suppress(FileNotFoundError):
            os.rename(self._folders.path(repository_id), self._place(repository_id))

    def bring_back(self, repository_id: int) -> bool:
        """Undo ``put``. False when it was removed meanwhile."""
        if self._folders.path(repository_id).exists():
            return True
        try:
            os.rename(self._place(repository_id), self._folders.path(repository_id))
        except FileNotFoundError:
            return False
        self._folders.renew(repository_id)
        return True

    def delete(self, repository_id: int) -> None:
        """Remove for good what was put aside: first out of the way, then bit by bit."""
        path = self._folders.path(repository_id)
        gone = path.with_name(f"{path.name}.{secrets.token_hex(4)}.gone")
        with contextlib.suppress(FileNotFoundError):
            os.rename(self._place(repository_id), gone)
            shutil.rmtree(gone, ignore_errors=True)

    def size_bytes(self, repository_id: int) -> int:
        """What it takes on disk."""
        total = 0
        for folder, _, names in os.walk(self._place(repository_id)):
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    total += os.stat(os.path.join(folder, name)).st_size
        return total

    def numbers(self) -> list[int]:
        """The numbers of all repositories that were put aside, ascending."""
        return sorted(
            int(folder.name.removesuffix(f".git{_SUFFIX}"))
            for folder in self._folders.root.glob(f"[0-9a-f]?/*.git{_SUFFIX}")
        )

    def _place(self, repository_id: int) -> Path:
        path = self._folders.path(repository_id)
        return path.with_name(f"{path.name}{_SUFFIX}")
