"""Bringing two lines of history together: where they parted, and the tree that holds both.

The two may lie in two repositories, but are joined in one. Works path by path, so that its cost is
that of what changed. A text that changed on both sides is merged line by line; everything else that
did is a conflict: bytes of weights cannot be joined without knowing what they mean. Moves no ref.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import pygit2

from groundswell.core.errors import InvalidCommit
from groundswell.store.git.apart import Apart, distance, side_by_side
from groundswell.store.git.edits import TreeEdit
from groundswell.store.git.handles import Folders
from groundswell.store.git.history import read_commit, summary_of
from groundswell.store.git.process import translated
from groundswell.store.git.trees import blob_size_and_pointer, changes
from groundswell.store.git.values import (
    MODE_EXECUTABLE,
    MODE_FILE,
    CommitSummary,
    PathChange,
    Side,
)
from groundswell.store.git.writes import writing

CONFLICTS_MAX: Final = 100
TEXT_BYTES_MAX: Final = 1 << 20
# Commits on either side of where two histories part; further apart they are counted no more.
APART_MAX: Final = 10_000

Place = Callable[[str, int, bytes], None]
"""Keeps a file: its path, mode and content."""

_TEXT_MODES: Final = (MODE_FILE, MODE_EXECUTABLE)


@dataclass(frozen=True, slots=True)
class Collision:
    """A path that changed on both sides, as it was and as each side has it; None: not there.

    ``marked`` is the text with both sides between marks, where lines collide.
    """

    path: str
    base: Side | None
    ours: Side | None
    theirs: Side | None
    marked: str | None = None


@dataclass(frozen=True, slots=True)
class Merged:
    """The tree of both sides, or the first ``CONFLICTS_MAX`` collisions that stand in its way."""

    tree: str | None
    collisions: tuple[Collision, ...] = ()


@dataclass(frozen=True, slots=True)
class Resolution:
    """How a path that collides shall be: this content with the mode of ``side``; without content,
    ``side`` itself; without either, not there.
    """

    side: Side | None
    content: bytes | None = None


class Merging:
    """Merges in the repositories of a store. Raises Corrupt for what is broken at rest."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders

    def base(self, repository_id: int, ours: str, theirs: str) -> str | None:
        """The newest commit that both histories hold; None when they share none."""
        handle = self._folders.open(repository_id)
        with translated():
            found = handle.merge_base(pygit2.Oid(hex=ours), pygit2.Oid(hex=theirs))
        return str(found) if found else None

    def between(
        self, repository_id: int, old: str | None, new: str, limit: int
    ) -> tuple[list[CommitSummary], int]:
        """The newest ``limit`` commits that ``new`` has and ``old`` has not, oldest first, and how
        many there are in all, counted up to ``APART_MAX``.
        """
        handle = self._folders.open(repository_id)
        with translated():
            order = pygit2.enums.SortMode.TOPOLOGICAL | pygit2.enums.SortMode.TIME
            walk = handle.walk(pygit2.Oid(hex=new), order)
            if old is not None:
                walk.hide(pygit2.Oid(hex=old))
            kept: list[CommitSummary] = []
            count = 0
            for commit in walk:
                count += 1
                if count <= limit:
                    kept.append(summary_of(commit))
                if count >= APART_MAX:
                    break
        kept.reverse()
        return kept, count

    def collisions(
        self, repository_id: int, base: str | None, ours: str, theirs: str
    ) -> tuple[Collision, ...]:
        """What stands in the way of ``merge``. Writes nothing."""
        handle = self._folders.open(repository_id)
        edit = TreeEdit(handle, read_commit(handle, ours).tree)
        return _collisions(handle, edit, _changes(handle, base, theirs), lambda *_: None)

    def distance(self, ours: tuple[int, str], theirs: tuple[int, str]) -> Apart:
        """How far two commits are from each other, each in the repository of that number."""
        return distance(self._folders, ours, theirs)

    def base_across(self, ours: tuple[int, str], theirs: tuple[int, str]) -> str | None:
        """``base`` of two commits, each in the repository of that number."""
        with side_by_side(self._folders, ours[0], theirs[0]) as handle, translated():
            found = handle.merge_base(pygit2.Oid(hex=ours[1]), pygit2.Oid(hex=theirs[1]))
        return str(found) if found else None

    def collisions_across(
        self, base: str | None, ours: tuple[int, str], theirs: tuple[int, str]
    ) -> tuple[Collision, ...]:
        """``collisions`` of two commits, each in the repository of that number."""
        with side_by_side(self._folders, ours[0], theirs[0]) as handle:
            edit = TreeEdit(handle, read_commit(handle, ours[1]).tree)
            return _collisions(handle, edit, _changes(handle, base, theirs[1]), lambda *_: None)

    def merge(
        self,
        repository_id: int,
        base: str | None,
        ours: str,
        theirs: str,
        resolutions: Mapping[str, Resolution] = MappingProxyType({}),
    ) -> Merged:
        """Our tree with what changed from ``base`` to ``theirs``, and with ``resolutions`` where
        that collides, by path. Writes objects, not durably.

        Raises:
            StorageFull, Unavailable: objects cannot be written.
        """
        handle = self._folders.open(repository_id)
        edit = TreeEdit(handle, read_commit(handle, ours).tree)

        def place(path: str, mode: int, content: bytes) -> None:
            with writing(handle, len(content)):
                oid = str(handle.create_blob(content))
            edit.put(path, Side(mode, oid))

        def settle(collision: Collision) -> bool:
            resolution = resolutions.get(collision.path)
            return resolution is not None and _settled(edit, collision, resolution, place)

        found = _collisions(handle, edit, _changes(handle, base, theirs), place, settle)
        if found:
            return Merged(None, found)
        with writing(handle):
            return Merged(edit.write())


def _changes(handle: pygit2.Repository, base: str | None, theirs: str) -> Iterator[PathChange]:
    before = None if base is None else read_commit(handle, base).tree
    return changes(before, read_commit(handle, theirs).tree)


def _collisions(
    handle: pygit2.Repository,
    edit: TreeEdit,
    theirs: Iterator[PathChange],
    place: Place,
    settle: Callable[[Collision], bool] = lambda _: False,
) -> tuple[Collision, ...]:
    """Put their changes into our tree, joined texts by ``place``; what stands in the way, but for
    what ``settle`` could.
    """
    found: list[Collision] = []
    for change in theirs:
        present = edit.find(change.path)
        if present == change.new:
            continue
        if present == change.old:
            if _took(edit, change):
                continue
            joined: tuple[int, bytes] | Collision
            joined = Collision(change.path, change.old, present, change.new)
        else:
            joined = _join(handle, change, present)
        if not isinstance(joined, Collision):
            place(change.path, *joined)
        elif not settle(joined):
            found.append(joined)
        if len(found) >= CONFLICTS_MAX:
            break
    return tuple(found)


def _settled(edit: TreeEdit, collision: Collision, resolution: Resolution, place: Place) -> bool:
    """Let a path be as it was decided; whether it can be."""
    side = resolution.side
    try:
        if resolution.content is not None:
            place(collision.path, side.mode if side else MODE_FILE, resolution.content)
        elif side == collision.ours:
            pass  # it stands there already, be it a folder
        elif side is not None:
            edit.put(collision.path, side)
        else:
            edit.remove(collision.path)
    except InvalidCommit:
        return False
    return True


def _took(edit: TreeEdit, change: PathChange) -> bool:
    """Put what only they changed; whether it can be: a file here may be a folder there."""
    try:
        if change.new is None:
            edit.remove(change.path)
        else:
            edit.put(change.path, change.new)
    except InvalidCommit:
        return False
    return True


def _join(
    handle: pygit2.Repository, change: PathChange, present: Side | None
) -> tuple[int, bytes] | Collision:
    """Both changed it: mode and content with the lines of both, where that can be."""
    collision = Collision(change.path, change.old, present, change.new)
    if present is None or change.new is None:
        return collision
    sides = (change.old, present, change.new)
    if not all(side is None or _is_text(handle, side) for side in sides):
        return collision
    base, ours, theirs = (_index_entry(change.path, side) for side in sides)
    with translated():
        result = handle.merge_file_from_index(base, ours, theirs)
    if not result.automergeable:
        return replace(collision, marked=result.contents)
    is_ours = change.old is None or present.mode != change.old.mode
    return present.mode if is_ours else change.new.mode, result.contents.encode("utf-8")


def _index_entry(path: str, side: Side | None) -> pygit2.IndexEntry | None:
    if side is None:
        return None
    return pygit2.IndexEntry(path, pygit2.Oid(hex=side.oid), pygit2.enums.FileMode.BLOB)


def _is_text(handle: pygit2.Repository, side: Side) -> bool:
    """Whether lines mean something: UTF-8 without zero bytes, not too much, and no pointer."""
    if side.mode not in _TEXT_MODES:
        return False
    size_bytes, pointer = blob_size_and_pointer(handle, pygit2.Oid(hex=side.oid))
    if pointer is not None or size_bytes > TEXT_BYTES_MAX:
        return False
    with translated():
        blob = handle[pygit2.Oid(hex=side.oid)]
    assert isinstance(blob, pygit2.Blob)
    content = blob.data
    try:
        return "\0" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False
