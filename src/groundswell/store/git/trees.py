"""Reading trees: one entry, pages of entries, and the files that differ between two trees.

Knows git's order of entries and how a page continues from a path. Sizes and pointers are read
from the blobs and kept by object id, which never changes its meaning.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final, cast

import pygit2
from pygit2.enums import ObjectType

from groundswell.core.errors import Corrupt
from groundswell.core.values import Entry, EntryKind, Pointer
from groundswell.store.git.values import MODE_GITLINK, MODE_TREE, PathChange, Side
from groundswell.wire.git.pointers import POINTER_BYTES_MAX, POINTER_BYTES_MIN, parse_pointer

_KNOWN_MAX: Final = 400_000

_known: dict[bytes, tuple[int, Pointer | None]] = {}


def blob_size_and_pointer(handle: pygit2.Repository, oid: pygit2.Oid) -> tuple[int, Pointer | None]:
    """Size of a blob in git, and what it names when it is a pointer."""
    known = _known.get(oid.raw)
    if known is not None:
        return known
    try:
        kind, size_bytes = handle.odb.read_header(oid)
        pointer = None
        if kind == ObjectType.BLOB and POINTER_BYTES_MIN <= size_bytes <= POINTER_BYTES_MAX:
            pointer = parse_pointer(handle.odb.read(oid)[1])
    except (KeyError, pygit2.GitError) as error:
        raise Corrupt from error
    if len(_known) >= _KNOWN_MAX:
        _known.clear()
    found = _known[oid.raw] = (size_bytes, pointer)
    return found


def name_of(entry: pygit2.Object) -> str:
    """The entry's name as text; bytes that are not UTF-8 become replacement characters."""
    return cast("bytes", entry.raw_name).decode("utf-8", "replace")


def describe(handle: pygit2.Repository, path: str, entry: pygit2.Object) -> Entry:
    """The entry of a tree as a value."""
    oid = str(entry.id)
    if entry.filemode == MODE_TREE:
        return Entry(EntryKind.DIRECTORY, path, oid)
    if entry.filemode == MODE_GITLINK:
        return Entry(EntryKind.FILE, path, oid)
    size_bytes, pointer = blob_size_and_pointer(handle, entry.id)
    if pointer is None:
        return Entry(EntryKind.FILE, path, oid, size_bytes)
    return Entry(EntryKind.FILE, path, oid, pointer.size_bytes, pointer, size_bytes)


def lookup(tree: pygit2.Tree, path: str) -> pygit2.Object | None:
    """What stands at a path below the tree, or None."""
    found: pygit2.Object = tree
    for segment in path.split("/"):
        if not isinstance(found, pygit2.Tree) or not segment:
            return None
        try:
            found = found[segment]
        except (KeyError, ValueError):
            return None
    return found


class Order(Sequence[bytes]):
    """A tree's entries under the keys that git sorts them by: folders as if they ended in '/'."""

    def __init__(self, tree: pygit2.Tree) -> None:
        self._tree = tree

    def __len__(self) -> int:
        return len(self._tree)

    def __getitem__(self, index: int) -> bytes:  # type: ignore[override]  # bisect takes no slices
        return key_of(self._tree[index])


def key_of(entry: pygit2.Object) -> bytes:
    """What git sorts the entry by."""
    name = cast("bytes", entry.raw_name)
    return name + b"/" if entry.filemode == MODE_TREE else name


def _first_after(tree: pygit2.Tree, name: str) -> tuple[int, pygit2.Object | None]:
    """Index of the first entry after the one called ``name``, and that one when it exists."""
    entry = lookup(tree, name)
    if entry is None:
        return bisect_left(Order(tree), name.encode("utf-8", "surrogateescape")), None
    return bisect_left(Order(tree), key_of(entry)) + 1, entry


def walk(
    tree: pygit2.Tree, prefix: str, *, recursive: bool, after: Sequence[str] = ()
) -> Iterator[tuple[str, pygit2.Object]]:
    """Paths and entries below a tree, folders before their content.

    ``after`` is the path, in segments below ``tree``, that an earlier walk ended with: the walk
    descends to it and goes on behind it, without reading what comes before.
    """
    index = 0
    if after:
        index, last = _first_after(tree, after[0])
        if recursive and isinstance(last, pygit2.Tree):
            below = f"{prefix}{name_of(last)}/"
            yield from walk(last, below, recursive=True, after=after[1:])
    for position in range(index, len(tree)):
        entry = tree[position]
        path = prefix + name_of(entry)
        yield path, entry
        if recursive and isinstance(entry, pygit2.Tree):
            yield from walk(entry, f"{path}/", recursive=True)


def _is_tree(entry: pygit2.Object | None) -> bool:
    return entry is not None and entry.filemode == MODE_TREE


def _side(entry: pygit2.Object) -> Side:
    return Side(entry.filemode, str(entry.id))


def _whole(tree: pygit2.Tree, prefix: str, *, is_new: bool) -> Iterator[PathChange]:
    """Every file below a tree that only one side has."""
    for path, entry in walk(tree, prefix, recursive=True):
        if not _is_tree(entry):
            side = _side(entry)
            yield PathChange(path, None if is_new else side, side if is_new else None)


def changes(
    old: pygit2.Tree | None, new: pygit2.Tree | None, prefix: str = ""
) -> Iterator[PathChange]:
    """The files that differ. Folders with the same id are never opened."""
    if old is not None and new is not None and old.id == new.id:
        return
    before = {name_of(entry): entry for entry in old} if old is not None else {}
    after = {name_of(entry): entry for entry in new} if new is not None else {}
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was is not None and now is not None:
            if was.id == now.id and was.filemode == now.filemode:
                continue
            if not _is_tree(was) and not _is_tree(now):
                yield PathChange(prefix + name, _side(was), _side(now))
                continue
        yield from _one_sided(was, now, prefix + name)


def _one_sided(
    was: pygit2.Object | None, now: pygit2.Object | None, path: str
) -> Iterator[PathChange]:
    """A name that is a folder on one side at least, or missing on one."""
    old_tree = was if isinstance(was, pygit2.Tree) else None
    new_tree = now if isinstance(now, pygit2.Tree) else None
    if was is not None and old_tree is None:
        yield PathChange(path, _side(was), None)
    if now is not None and new_tree is None:
        yield PathChange(path, None, _side(now))
    if old_tree is not None and new_tree is not None:
        yield from changes(old_tree, new_tree, f"{path}/")
    elif old_tree is not None:
        yield from _whole(old_tree, f"{path}/", is_new=False)
    elif new_tree is not None:
        yield from _whole(new_tree, f"{path}/", is_new=True)
