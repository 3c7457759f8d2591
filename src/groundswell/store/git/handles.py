"""Folders of bare repositories, and open handles on them.

Knows the layout ``<root>/<ab>/<number>.git`` and that a libgit2 handle belongs to one thread.
Does not know what the repositories are called or who may read them.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Final

import pygit2
from pygit2.enums import ConfigLevel

from groundswell.core.errors import Corrupt
from groundswell.store.git.process import translated

_HANDLES_MAX: Final = 16  # for each thread
_RENEWED: Final = "renewed"
_CONFIG: Final = """\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
\tlogallrefupdates = false
[gc]
\tauto = 0
[receive]
\tfsckObjects = true
[uploadpack]
\tallowFilter = true
"""


def _configure_library() -> None:
    """Let libgit2 read no configuration but the repository's, and bound its caches."""
    for level in (ConfigLevel.SYSTEM, ConfigLevel.GLOBAL, ConfigLevel.XDG, ConfigLevel.PROGRAMDATA):
        pygit2.settings.search_path[level] = ""
    pygit2.settings.owner_validation = False  # the hub may run as another user than the installer
    pygit2.settings.cache_max_size(64 << 20)
    pygit2.settings.mwindow_mapped_limit = 512 << 20
    pygit2.settings.mwindow_file_limit = 256


_configure_library()


class Folders:
    """Where each repository lies, and this thread's open handles."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._local = threading.local()

    def path(self, repository_id: int) -> Path:
        """The bare repository of that number, there or not."""
        assert repository_id > 0, repository_id
        return self.root / f"{repository_id & 0xFF:02x}" / f"{repository_id}.git"

    def exists(self, repository_id: int) -> bool:
        """Whether the folder was made and not deleted."""
        return (self.path(repository_id) / "HEAD").exists()

    def create(self, repository_id: int) -> None:
        """Make an empty bare repository whose HEAD is main. Doing it again changes nothing.

        Raises:
            StorageFull: no space; nothing is left.
        """
        path = self.path(repository_id)
        if self.exists(repository_id):
            return
        making = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
        with translated():
            try:
                for folder in ("objects/info", "objects/pack", "refs/heads", "refs/tags"):
                    (making / folder).mkdir(mode=0o700, parents=True)
                (making / "config").write_text(_CONFIG)
                (making / "HEAD").write_text("ref: refs/heads/main\n")
                with contextlib.suppress(FileExistsError):
                    os.rename(making, path)
            finally:
                shutil.rmtree(making, ignore_errors=True)

    def delete(self, repository_id: int) -> None:
        """Remove the folder: first out of the way in one step, then bit by bit."""
        path = self.path(repository_id)
        gone = path.with_name(f"{path.name}.{secrets.token_hex(4)}.gone")
        with contextlib.suppress(FileNotFoundError):
            os.rename(path, gone)
            shutil.rmtree(gone, ignore_errors=True)

    def numbers(self) -> list[int]:
        """The numbers of all repositories on disk, ascending."""
        return sorted(
            int(folder.name.removesuffix(".git")) for folder in self.root.glob("[0-9a-f]?/*.git")
        )

    def open(self, repository_id: int) -> pygit2.Repository:
        """This thread's handle.

        Raises:
            Corrupt: the folder is missing or no repository.
        """
        handles: OrderedDict[int, tuple[pygit2.Repository, int]] | None
        handles = getattr(self._local, "handles", None)
        if handles is None:
            handles = self._local.handles = OrderedDict()
        handle, renewal = handles.get(repository_id, (None, 0))
        present = self._renewed_at(repository_id)
        if handle is None or renewal != present:
            handle = self.open_new(repository_id)
            handles[repository_id] = handle, present
            while len(handles) > _HANDLES_MAX:
                handles.popitem(last=False)
        handles.move_to_end(repository_id)
        return handle

    def renew(self, repository_id: int) -> None:
        """Let every thread of every process open the repository again: handles remember objects
        that were removed.
        """
        mark = self.path(repository_id) / _RENEWED
        with translated():
            mark.touch()

    def _renewed_at(self, repository_id: int) -> int:
        try:
            return os.stat(self.path(repository_id) / _RENEWED).st_mtime_ns
        except FileNotFoundError:
            return 0

    def open_new(self, repository_id: int) -> pygit2.Repository:
        """A handle of the caller's own, as incoming objects need one."""
        try:
            return pygit2.Repository(str(self.path(repository_id)))
        except pygit2.GitError as error:
            msg = "A repository's folder is missing or unreadable."
            raise Corrupt(msg) from error
