"""A few changes in a large folder, made in the tree object's own bytes.

libgit2's builder parses, sorts and writes every entry: 100 ms and more for 100,000 of them. Here
the records that change are found by search in the sorted whole and cut or put in. The result is
read back and compared before anybody uses it; what does not agree is left to the builder.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from typing import Final

import pygit2
from pygit2.enums import ObjectType

from groundswell.store.git.trees import Order, key_of, lookup
from groundswell.store.git.values import MODE_TREE

ENTRIES_MIN: Final = 2_000
CHANGES_MAX: Final = 16

Placed = tuple[pygit2.Oid, int]
"""What stands at a name: object and mode."""


def splice(
    handle: pygit2.Repository, base: pygit2.Tree, changes: Mapping[str, Placed | None]
) -> pygit2.Oid | None:
    """Write the tree with names changed (None: removed); None when it is not worth it or fails."""
    if len(base) < ENTRIES_MIN or len(changes) > CHANGES_MAX:
        return None
    data = base.read_raw()
    count = len(base)
    new: list[tuple[bytes, bytes]] = []  # in git's order, as (key, record)
    for name, placed in changes.items():
        present = lookup(base, name)
        if present is not None:
            record = _record(present)
            start = data.find(record)
            if start < 0:
                return None
            data = data[:start] + data[start + len(record) :]
            count -= 1
        if placed is not None:
            oid, mode = placed
            raw = name.encode("utf-8")
            key = raw + b"/" if mode == MODE_TREE else raw
            new.append((key, b"%o %s\0" % (mode, raw) + oid.raw))
    if count + len(new) == 0:
        return None
    # Ascending, each right before the same next entry: so they stay in order among themselves.
    for key, record in sorted(new):
        start = _place(base, data, changes, key)
        if start < 0:
            return None
        data = data[:start] + record + data[start:]
    written = handle.odb.write(ObjectType.TREE, data)
    return written if _agrees(handle, written, changes, count + len(new)) else None


def _record(entry: pygit2.Object) -> bytes:
    return b"%o %s\0" % (entry.filemode, entry.raw_name) + entry.id.raw


def _place(base: pygit2.Tree, data: bytes, changes: Mapping[str, Placed | None], key: bytes) -> int:
    """Where a record goes: before the next entry of the former tree that stays; -1: not found."""
    for index in range(bisect_left(Order(base), key), len(base)):
        entry = base[index]
        if entry.name not in changes:
            return data.find(_record(entry))
    return len(data)


def _agrees(
    handle: pygit2.Repository,
    written: pygit2.Oid,
    changes: Mapping[str, Placed | None],
    count: int,
) -> bool:
    """Whether the tree reads back as it was meant, in git's order around each change."""
    tree = handle.get(written)
    if not isinstance(tree, pygit2.Tree) or len(tree) != count:
        return False
    order = Order(tree)
    for name, placed in changes.items():
        found = lookup(tree, name)
        if placed is None:
            if found is not None:
                return False
            continue
        if found is None or (found.id, found.filemode) != placed:
            return False
        index = bisect_left(order, key_of(found))
        around = [order[each] for each in range(max(0, index - 1), min(count, index + 2))]
        if around != sorted(around):
            return False
    return True
