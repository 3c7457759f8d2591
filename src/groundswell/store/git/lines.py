"""Lines of one file: in a diff, and between two of its versions.

Knows blobs, bounds and that binary content has no lines. Does not know who says what about them.
"""

from __future__ import annotations

import pygit2

from groundswell.store.git.diffs import FILE_BYTES_MAX, TEXT_BYTES_MAX, file_diff, hunk_of
from groundswell.store.git.handles import Folders
from groundswell.store.git.history import read_commit
from groundswell.store.git.process import translated
from groundswell.store.git.trees import lookup
from groundswell.store.git.values import MODE_TREE, FileDiff, Hunk, PathChange, Side


class Lines:
    """Lines in the repositories of a store. Raises Corrupt for what is broken at rest."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders

    def compare(self, repository_id: int, old: str | None, new: str, path: str) -> FileDiff | None:
        """One file between two commits (``old`` None: nothing); None when it is the same in both,
        or in neither.
        """
        handle = self._folders.open(repository_id)
        with translated():
            before = None if old is None else _side(handle, old, path)
            after = _side(handle, new, path)
            if before == after:
                return None
            return file_diff(handle, PathChange(path, before, after), TEXT_BYTES_MAX)[0]

    def moved(self, repository_id: int, old: str, new: str) -> tuple[Hunk, ...] | None:
        """What differs between two blobs, without lines around; None when that cannot be said:
        one is gone, large or not text.
        """
        handle = self._folders.open(repository_id)
        with translated():
            before, after = _text(handle, old), _text(handle, new)
            if before is None or after is None:
                return None
            patch = before.diff(after, context_lines=0)  # type: ignore[call-arg]  # not in its stubs
            return tuple(hunk_of(each) for each in patch.hunks)


def _side(handle: pygit2.Repository, commit: str, path: str) -> Side | None:
    found = lookup(read_commit(handle, commit).tree, path)
    if found is None or found.filemode == MODE_TREE:
        return None
    return Side(found.filemode, str(found.id))


def _text(handle: pygit2.Repository, oid: str) -> pygit2.Blob | None:
    found = handle.get(oid)
    if not isinstance(found, pygit2.Blob) or found.size > FILE_BYTES_MAX or found.is_binary:
        return None
    return found
