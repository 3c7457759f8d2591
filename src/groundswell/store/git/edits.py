"""Building the next tree from the last one, touching only the folders on the way.

Knows that a path is a file or a folder and never both. Does not know which paths are allowed or
whether content may be used.
"""

from __future__ import annotations

from typing import Final

import pygit2

from groundswell.core.errors import InvalidCommit, InvalidPath
from groundswell.store.git.splicing import Placed, splice
from groundswell.store.git.trees import lookup
from groundswell.store.git.twins import twin_fault, twins_in
from groundswell.store.git.values import MODE_TREE, Side
from groundswell.store.git.writes import writing

_EMPTY_TREE: Final = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


class _Folder:
    """A folder being edited: its former tree and what has changed in it since."""

    def __init__(self, base: pygit2.Tree | None) -> None:
        self.base = base
        self.changed: dict[str, _Folder | Side | None] = {}

    def get(self, name: str) -> _Folder | Side | None:
        """What stands at a name now."""
        if name in self.changed:
            return self.changed[name]
        entry = lookup(self.base, name) if self.base is not None else None
        if entry is None:
            return None
        if isinstance(entry, pygit2.Tree):
            return _Folder(entry)
        return Side(entry.filemode, str(entry.id))

    def is_empty(self) -> bool:
        """Whether nothing would be left of the folder."""
        base = {entry.name for entry in self.base} if self.base is not None else set()
        left = base - self.changed.keys()
        return not left and not any(_is_something(each) for each in self.changed.values())


def _is_something(item: _Folder | Side | None) -> bool:
    return isinstance(item, Side) or (isinstance(item, _Folder) and not item.is_empty())


def _refuse_twins(folder: _Folder, prefix: str) -> None:
    base, new, gone = folder.base, [], []
    for name, item in folder.changed.items():
        if isinstance(item, _Folder):
            _refuse_twins(item, f"{prefix}{name}/")
        is_there = base is not None and name in base
        if not _is_something(item):
            gone.append(name)
        elif not is_there:
            new.append(name)
    twins = twins_in(base, new, gone)
    if twins is not None:
        raise InvalidPath(prefix + twins[0], twin_fault(twins[1]))


class TreeEdit:
    """A tree with changes on top. Used by one thread, with one handle."""

    def __init__(self, handle: pygit2.Repository, base: pygit2.Tree | None) -> None:
        self._handle = handle
        self._root = _Folder(base)

    def find(self, path: str) -> Side | None:
        """What stands at a path after the changes so far; a folder has the mode of a tree."""
        folder: _Folder | Side | None = self._root
        for segment in path.split("/"):
            if not isinstance(folder, _Folder):
                return None
            folder = folder.get(segment)
        if isinstance(folder, _Folder):
            return None if folder.is_empty() else Side(MODE_TREE, "")
        return folder

    def put(self, path: str, side: Side) -> None:
        """Let a file stand at the path.

        Raises:
            InvalidCommit: the path is a folder, or runs through a file.
        """
        segments = path.split("/")
        folder = self._root
        for depth, segment in enumerate(segments[:-1], start=1):
            child = folder.get(segment)
            if isinstance(child, Side):
                at = "/".join(segments[:depth])
                msg = f"{path[:200]!r} cannot be written: {at[:200]!r} is a file, not a folder."
                raise InvalidCommit(msg)
            if child is None:
                child = _Folder(None)
            folder.changed[segment] = child
            folder = child
        there = folder.get(segments[-1])
        if isinstance(there, _Folder) and not there.is_empty():
            msg = f"{path[:200]!r} cannot be written: it is a folder."
            raise InvalidCommit(msg)
        folder.changed[segments[-1]] = side

    def remove(self, path: str) -> bool:
        """Let nothing stand at the path: a file, or a folder with all it holds.

        Returns:
            Whether something stood there.
        """
        segments = path.split("/")
        folder = self._root
        way = []
        for segment in segments[:-1]:
            child = folder.get(segment)
            if not isinstance(child, _Folder):
                return False
            way.append((folder, segment, child))
            folder = child
        if not _is_something(folder.get(segments[-1])):
            return False
        for parent, segment, child in way:
            parent.changed[segment] = child
        folder.changed[segments[-1]] = None
        return True

    def write(self) -> str:
        """Write the changed folders and return the id of the whole tree.

        Raises:
            InvalidPath: a new name that some systems take for another in its folder.
            StorageFull, Unavailable: the disk did not take them.
        """
        _refuse_twins(self._root, "")
        with writing(self._handle):
            written = self._write(self._root)
            if written is None:
                self._handle.TreeBuilder().write()
                return _EMPTY_TREE
        return str(written)

    def _write(self, folder: _Folder) -> pygit2.Oid | None:
        """Id of the folder's tree, None when nothing is left in it."""
        if not folder.changed:
            return folder.base.id if folder.base is not None else None
        changes: dict[str, Placed | None] = {}
        for name, item in folder.changed.items():
            if isinstance(item, _Folder):
                written = self._write(item)
                changes[name] = None if written is None else (written, MODE_TREE)
            else:
                changes[name] = None if item is None else (pygit2.Oid(hex=item.oid), item.mode)
        if folder.base is None:
            return self._build(None, changes)
        spliced = splice(self._handle, folder.base, changes)
        return spliced if spliced is not None else self._build(folder.base, changes)

    def _build(
        self, base: pygit2.Tree | None, changes: dict[str, Placed | None]
    ) -> pygit2.Oid | None:
        builder = self._handle.TreeBuilder(base) if base else self._handle.TreeBuilder()
        for name, placed in changes.items():
            if placed is not None:
                builder.insert(name, placed[0], placed[1])
            elif base is not None and name in base:
                builder.remove(name)
        return builder.write() if len(builder) else None
