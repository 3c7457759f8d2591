"""A diff as the text that git prints, so that programs can read it.

Knows the form of a patch. What a bounded diff leaves out is left out here too, in words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from groundswell.store.git import CommitDiff, FileDiff, Hunk, Side

_NOWHERE: Final = "/dev/null"


def patch_text(diff: CommitDiff) -> str:
    """All files of the diff, one after the other; every line ends with a line feed."""
    text = "".join(line + "\n" for file in diff.files for line in _lines(file))
    left_out = diff.file_count - len(diff.files)
    return text + (f"# {left_out} more files differ\n" if left_out > 0 else "")


def _quoted(path: str) -> str:
    """A path as git writes it: control characters would break the lines."""
    if any(ord(letter) < 32 or letter in '"\\\x7f' for letter in path):
        return '"' + path.encode("unicode_escape").decode("ascii").replace('"', '\\"') + '"'
    return path


def _lines(file: FileDiff) -> Iterator[str]:
    change = file.change
    old, new = (_quoted(f"{side}/{change.path}") for side in "ab")
    yield f"diff --git {old} {new}"
    yield from _modes(change.old, change.new)
    if file.is_binary:
        yield f"Binary files {old} and {new} differ"
    elif file.is_truncated:
        yield f"# too large to show: {file.old_size_bytes} bytes, now {file.new_size_bytes}"
    elif file.hunks:
        yield f"--- {_NOWHERE if change.old is None else old}"
        yield f"+++ {_NOWHERE if change.new is None else new}"
        for hunk in file.hunks:
            yield _head(hunk)
            yield from hunk.lines


def _modes(old: Side | None, new: Side | None) -> Iterator[str]:
    if old is None and new is not None:
        yield f"new file mode {new.mode:06o}"
    elif new is None and old is not None:
        yield f"deleted file mode {old.mode:06o}"
    elif old is not None and new is not None and old.mode != new.mode:
        yield f"old mode {old.mode:06o}"
        yield f"new mode {new.mode:06o}"
    ids = ["0" * 40 if side is None else side.oid for side in (old, new)]
    yield f"index {ids[0][:10]}..{ids[1][:10]}"


def _head(hunk: Hunk) -> str:
    return f"@@ -{hunk.old_start},{hunk.old_lines} +{hunk.new_start},{hunk.new_lines} @@"
