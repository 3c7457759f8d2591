"""What discussions are told and asked in. Times are microseconds since the epoch."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

TITLE_CHARACTERS_MAX: Final = 500
COMMENT_CHARACTERS_MAX: Final = 64 * 1024
COMMENTS_MAX: Final = 10_000  # of one discussion
VERSIONS_MAX: Final = 100  # of one comment


class Status(enum.StrEnum):
    """The states of a discussion. A pull request begins as a draft; merged is final."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Label:
    """What a repository calls some of its discussions. ``colour`` is one of ``labels.COLOURS``."""

    id: int
    name: str
    colour: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Discussion:
    """One discussion. ``author`` is None when the account is unknown. ``comment_count`` counts the
    description too, which is the first comment. ``labels`` and ``assignees`` are there where it is
    shown (``Discussions.get`` and ``list``).
    """

    id: int
    repository_id: int
    number: int
    is_pull_request: bool
    title: str
    status: Status
    author: str | None
    base_commit: str | None
    merge_commit: str | None
    created_at: int
    comment_count: int = 0
    is_pinned: bool = False
    is_locked: bool = False
    labels: tuple[Label, ...] = ()
    assignees: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """The ref of a pull request's branch."""
        return reference_of(self.number)


@dataclass(frozen=True, slots=True)
class DiscussionQuery:
    """Which discussions to list; ``open`` None lists all states, and drafts count as open.
    ``words`` stand in the title or in what was said lately, all of them; it has all ``labels``.
    """

    is_pull_request: bool | None = None
    open: bool | None = None
    author: str | None = None
    assignee: str | None = None
    labels: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    page: int = 0


@dataclass(frozen=True, slots=True)
class DiscussionPage:
    """One page: what is pinned, then the newest. ``count`` is that of all pages, ``start`` the
    place of the first one here.
    """

    discussions: tuple[Discussion, ...]
    count: int
    start: int


@dataclass(frozen=True, slots=True)
class CommentVersion:
    """What a comment said from that time on."""

    text: str
    written_at: int


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody said. Of a hidden one no text is left. ``earlier`` are the versions before
    this one, oldest first.
    """

    id: int
    author: str | None
    text: str
    version: int
    created_at: int
    written_at: int
    is_hidden: bool
    hidden_by: str | None = None
    earlier: tuple[CommentVersion, ...] = ()

    @property
    def is_edited(self) -> bool:
        """Whether it once said something else."""
        return self.version > 1


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of a discussion's record: an event, and the comment that came with it, if any."""

    id: int
    type: str
    actor: str | None
    happened_at: int
    payload: Mapping[str, Any]
    comment: Comment | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Neighbouring entries of the record, oldest first. ``count`` is that of all entries."""

    happenings: tuple[Happening, ...]
    count: int


def reference_of(number: int) -> str:
    """``refs/pr/N``."""
    return f"refs/pr/{number}"
