"""Reading what a push brings: the entries of new commits that their parents have not.

Knows trees and blobs, wherever the handle finds them. Does not judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pygit2
from pygit2.enums import ObjectType

from groundswell.core.errors import InvalidCommit, TooLarge
from groundswell.core.values import Pointer
from groundswell.store.git.history import new_commits
from groundswell.store.git.process import translated
from groundswell.store.git.trees import blob_size_and_pointer, name_of
from groundswell.store.git.values import MODE_GITLINK, MODE_SYMLINK, MODE_TREE

COMMITS_MAX: Final = 200_000
_LINK_BYTES_MAX: Final = 4_096


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry that a commit adds or changes. ``kind``: file, folder, symlink, submodule."""

    path: str
    oid: str
    kind: str
    size_bytes: int = 0
    pointer: Pointer | None = None
    link_target: str = ""


def commit_of(handle: pygit2.Repository, oid: str, *, tag_allowed: bool) -> str:
    """The commit that a pushed object is, or as a tag names.

    Raises:
        InvalidCommit: neither.
    """
    try:
        found = handle.get(oid)
        if found is not None and (tag_allowed or found.type == ObjectType.COMMIT):
            return str(found.peel(pygit2.Commit).id)
    except (pygit2.GitError, ValueError) as error:
        msg = f"{oid} names no commit."
        raise InvalidCommit(msg) from error
    msg = f"{oid} is no commit."
    raise InvalidCommit(msg)


def new_entries(
    handle: pygit2.Repository, commit: str, known: Sequence[str]
) -> Iterator[Iterator[NewEntry]]:
    """For each commit behind ``commit`` that ``known`` do not reach: what is new in its tree."""
    count = 0
    with translated():
        for each in new_commits(handle, commit, list(known)):
            count += 1
            if count > COMMITS_MAX:
                msg = f"A push may hold at most {COMMITS_MAX} commits. Push the history in parts."
                raise TooLarge(msg)
            before = each.parents[0].tree if each.parent_ids else None
            yield _differences(handle, before, each.tree, "")


def _differences(
    handle: pygit2.Repository, old: pygit2.Tree | None, new: pygit2.Tree, prefix: str
) -> Iterator[NewEntry]:
    if old is not None and old.id == new.id:
        return
    before = {name_of(entry): entry for entry in old} if old is not None else {}
    for entry in new:
        name = name_of(entry)
        was = before.get(name)
        if was is not None and was.id == entry.id and was.filemode == entry.filemode:
            continue
        yield _new_entry(handle, prefix + name, entry)
        if isinstance(entry, pygit2.Tree):
            former = was if isinstance(was, pygit2.Tree) else None
            yield from _differences(handle, former, entry, f"{prefix}{name}/")


def _new_entry(handle: pygit2.Repository, path: str, entry: pygit2.Object) -> NewEntry:
    oid = str(entry.id)
    if entry.filemode == MODE_TREE:
        return NewEntry(path, oid, "folder")
    if entry.filemode == MODE_GITLINK:
        return NewEntry(path, oid, "submodule")
    size_bytes, pointer = blob_size_and_pointer(handle, entry.id)
    if entry.filemode == MODE_SYMLINK:
        data = handle.odb.read(entry.id)[1] if size_bytes <= _LINK_BYTES_MAX else b""
        return NewEntry(
            path, oid, "symlink", size_bytes, link_target=data.decode("utf-8", "replace")
        )
    return NewEntry(path, oid, "file", size_bytes, pointer)
