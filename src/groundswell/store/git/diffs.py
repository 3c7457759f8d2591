"""The diff of a commit against its first parent, bounded in files and bytes.

Knows text, binary content and pointers. Does not render: lines come as values.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pygit2

from groundswell.store.git.history import read_commit
from groundswell.store.git.process import translated
from groundswell.store.git.trees import blob_size_and_pointer, changes
from groundswell.store.git.values import (
    MODE_GITLINK,
    CommitDiff,
    FileDiff,
    Hunk,
    PathChange,
    Side,
    TextDiff,
)

FILES_MAX: Final = 300
COUNTED_MAX: Final = 10_000
TEXT_BYTES_MAX: Final = 1 << 20  # of both sides together, for the whole diff
FILE_BYTES_MAX: Final = 256 << 10  # of one side
LINE_LENGTH_MAX: Final = 2_000


def commit_diff(handle: pygit2.Repository, commit_id: str) -> CommitDiff:
    """What the commit changed: against its first parent, or against nothing."""
    commit = read_commit(handle, commit_id)
    parent = commit.parents[0].tree if commit.parent_ids else None
    return tree_diff(handle, parent, commit.tree)


def tree_diff(
    handle: pygit2.Repository, old: pygit2.Tree | None, new: pygit2.Tree | None
) -> CommitDiff:
    """The files that differ, the first ``FILES_MAX`` of them with their text."""
    files: list[FileDiff] = []
    left_bytes = TEXT_BYTES_MAX
    file_count = 0
    for change in changes(old, new):
        file_count += 1
        if file_count > COUNTED_MAX:
            break
        if len(files) < FILES_MAX:
            diff, read_bytes = file_diff(handle, change, left_bytes)
            left_bytes -= read_bytes
            files.append(diff)
    cut = file_count > len(files) or any(each.is_truncated for each in files)
    return CommitDiff(tuple(files), min(file_count, COUNTED_MAX), cut)


def text_diff(old: bytes, new: bytes) -> TextDiff:
    """Two texts, line by line."""
    with translated():
        patch = pygit2.Patch.create_from(old, new)
        _, added, deleted = patch.line_stats
        return TextDiff(tuple(hunk_of(each) for each in patch.hunks), added, deleted)


def _blob(handle: pygit2.Repository, side: Side | None) -> pygit2.Blob | None:
    if side is None or side.mode == MODE_GITLINK:
        return None
    found = handle.get(side.oid)
    return found if isinstance(found, pygit2.Blob) else None


def file_diff(
    handle: pygit2.Repository, change: PathChange, left_bytes: int
) -> tuple[FileDiff, int]:
    """The diff of one file, and how many bytes of text it took."""
    sides = [side for side in (change.old, change.new) if side and side.mode != MODE_GITLINK]
    facts = [blob_size_and_pointer(handle, pygit2.Oid(hex=side.oid)) for side in sides]
    old_size = facts[0][0] if change.old in sides else 0
    new_size = facts[-1][0] if change.new in sides else 0
    plain = FileDiff(change, old_size_bytes=old_size, new_size_bytes=new_size)
    if any(pointer is not None for _, pointer in facts):
        sizes = [size if pointer is None else pointer.size_bytes for size, pointer in facts]
        return replace(
            plain,
            is_binary=True,
            old_size_bytes=sizes[0] if change.old in sides else 0,
            new_size_bytes=sizes[-1] if change.new in sides else 0,
        ), 0
    read_bytes = old_size + new_size
    if max(old_size, new_size) > FILE_BYTES_MAX or read_bytes > left_bytes:
        return replace(plain, is_truncated=True), 0
    old, new = _blob(handle, change.old), _blob(handle, change.new)
    if (old is not None and old.is_binary) or (new is not None and new.is_binary):
        return replace(plain, is_binary=True), read_bytes
    patch = _patch(old, new)
    if patch is None:
        return plain, read_bytes
    _, added, deleted = patch.line_stats
    hunks = tuple(hunk_of(each) for each in patch.hunks)
    return replace(plain, hunks=hunks, added_lines=added, deleted_lines=deleted), read_bytes


def _patch(old: pygit2.Blob | None, new: pygit2.Blob | None) -> pygit2.Patch | None:
    if old is not None and new is not None:
        return old.diff(new)
    if old is not None:
        return old.diff_to_buffer(None)
    return pygit2.Patch.create_from(None, new) if new is not None else None


def hunk_of(hunk: pygit2.DiffHunk) -> Hunk:
    """A hunk of the library as a value."""
    lines = tuple(
        line.origin + line.raw_content.decode("utf-8", "replace").rstrip("\n")[:LINE_LENGTH_MAX]
        for line in hunk.lines
        if line.origin in " +-"
    )
    return Hunk(hunk.old_start, hunk.old_lines, hunk.new_start, hunk.new_lines, lines)
