"""What the git store gives back: plain frozen values, no library types."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Final

MODE_FILE: Final = 0o100644
MODE_EXECUTABLE: Final = 0o100755
MODE_SYMLINK: Final = 0o120000
MODE_TREE: Final = 0o040000
MODE_GITLINK: Final = 0o160000


@dataclass(frozen=True, slots=True)
class Author:
    """Who a commit says made it."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class CommitSummary:
    """A commit without its tree's content. ``time`` is the committer's, in microseconds."""

    id: str
    tree: str
    parents: tuple[str, ...]
    author: Author
    time: int
    message: str

    @property
    def title(self) -> str:
        """The first line of the message."""
        return self.message.lstrip("\n").partition("\n")[0]

    @property
    def description(self) -> str:
        """What follows the title, without the empty line between."""
        return self.message.lstrip("\n").partition("\n")[2].strip("\n")


@dataclass(frozen=True, slots=True)
class Reference:
    """A ref by its full name. ``target`` is the commit; ``object_id`` the tag object, if any."""

    name: str
    target: str
    object_id: str


class Status(enum.StrEnum):
    """What happened to a path between two trees."""

    ADDED = "added"
    DELETED = "deleted"
    MODIFIED = "modified"


@dataclass(frozen=True, slots=True)
class Side:
    """One path in one tree: git's mode and object id."""

    mode: int
    oid: str


@dataclass(frozen=True, slots=True)
class PathChange:
    """A file that differs between two trees; ``old`` or ``new`` is None where it is missing."""

    path: str
    old: Side | None
    new: Side | None

    @property
    def status(self) -> Status:
        """Added, deleted or modified."""
        if self.old is None:
            return Status.ADDED
        return Status.DELETED if self.new is None else Status.MODIFIED


@dataclass(frozen=True, slots=True)
class Hunk:
    """Neighbouring lines of a text diff. Each line begins with ' ', '+' or '-'."""

    old_start: int
    old_lines: int
    new_start: int
    new_lines: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileDiff:
    """One file of a commit's diff.

    ``hunks`` is empty for binary content, for pointers and where ``is_truncated`` says that the
    diff's bound was reached. Sizes are of the files, 0 where there is none.
    """

    change: PathChange
    hunks: tuple[Hunk, ...] = ()
    is_binary: bool = False
    is_truncated: bool = False
    old_size_bytes: int = 0
    new_size_bytes: int = 0
    added_lines: int = 0
    deleted_lines: int = 0


@dataclass(frozen=True, slots=True)
class TextDiff:
    """One text against another."""

    hunks: tuple[Hunk, ...]
    added_lines: int
    deleted_lines: int


@dataclass(frozen=True, slots=True)
class CommitDiff:
    """A commit against its first parent. ``file_count`` counts also what ``files`` leaves out."""

    files: tuple[FileDiff, ...] = field(default=())
    file_count: int = 0
    is_truncated: bool = False
