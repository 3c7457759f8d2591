"""What a push brings, looked at before anything of it counts: paths, sizes, pointers.

Knows the rules of content, the same as for the commit API. Reads objects in quarantine through
the handle it is given. Does not know refs or rights. Work is bounded by entries, not by what a
tree unfolds to: a tree of a few objects can name more paths than there are atoms.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import Final

from groundswell.core.errors import InvalidCommit, InvalidPath, TooLarge
from groundswell.core.values import Pointer, check_path
from groundswell.hub.commits.staging import too_large_text
from groundswell.hub.commits.values import REGULAR_BYTES_MAX
from groundswell.store.git.quarantine import NewEntry
from groundswell.store.git.twins import twin_fault

ENTRIES_MAX: Final = 3_000_000
SYMLINK_BYTES_MAX: Final = 4_096
_FOLDER: Final = "folder"
_LINK: Final = "symlink"
_MODULE: Final = "submodule"
_NO_LINKS: Final = frozenset({".gitattributes", ".gitignore", ".gitmodules", ".mailmap"})


class PushCheck:
    """Collects the large files of a push while it checks every new entry."""

    def __init__(self) -> None:
        self.pointers: dict[str, str] = {}  # sha256 -> path
        self.sizes: dict[str, int] = {}
        self._left = ENTRIES_MAX
        self._seen: set[tuple[str, str]] = set()

    def take(self, entries: Iterable[NewEntry]) -> None:
        """Check the entries that a commit has and its first parent has not.

        Raises:
            InvalidPath, InvalidCommit, TooLarge: with what to do.
        """
        for entry in entries:
            self._left -= entry.count
            if self._left < 0:
                msg = f"A push may touch at most {ENTRIES_MAX} files. Push the history in parts."
                raise TooLarge(msg)
            if (entry.path, entry.oid) in self._seen:
                continue
            if len(self._seen) < ENTRIES_MAX // 10:
                self._seen.add((entry.path, entry.oid))
            self._check(entry)

    def _check(self, entry: NewEntry) -> None:
        if "\ufffd" in entry.path:
            raise InvalidPath(entry.path, "it is not UTF-8")
        check_path(entry.path)
        if entry.twin:
            raise InvalidPath(entry.path, twin_fault(entry.twin))
        if entry.kind == _FOLDER:
            return
        if entry.kind == _MODULE:
            msg = f"{entry.path[:200]!r} is a submodule; repositories here hold their own files."
            raise InvalidCommit(msg)
        if entry.kind == _LINK:
            _check_link(entry)
        elif entry.pointer is not None:
            self._note(entry.path, entry.pointer)
        elif entry.size_bytes > REGULAR_BYTES_MAX:
            raise InvalidCommit(too_large_text(entry.path, entry.size_bytes))

    def _note(self, path: str, pointer: Pointer) -> None:
        self.pointers.setdefault(pointer.sha256, path)
        if self.sizes.setdefault(pointer.sha256, pointer.size_bytes) != pointer.size_bytes:
            msg = f"{path[:200]!r}: two pointers name the same content with different sizes."
            raise InvalidCommit(msg)


def _check_link(entry: NewEntry) -> None:
    """A symbolic link may point to a path of the same repository, and nowhere else."""
    target = entry.link_target
    where = posixpath.normpath(posixpath.join(posixpath.dirname(entry.path), target))
    outside = target.startswith("/") or where == ".." or where.startswith("../")
    if not target or outside or "\\" in target or any(ord(c) < 0x20 for c in target):
        msg = f"{entry.path[:200]!r} is a symbolic link that leaves the repository."
        raise InvalidCommit(msg)
    if where != ".":
        check_path(where)  # what no repository may hold is no place to lead to
    if posixpath.basename(entry.path).lower() in _NO_LINKS:
        msg = f"{entry.path[:200]!r} must be a file: git reads its own files through no link."
        raise InvalidCommit(msg)
