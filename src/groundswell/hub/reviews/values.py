"""What reviews are told and asked in. Times are microseconds since the epoch."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final, Literal

from groundswell.hub.discussions.values import CommentVersion

TEXT_CHARACTERS_MAX: Final = 16 * 1024  # of what is said on a line
REASON_CHARACTERS_MAX: Final = 500
EXCERPT_CHARACTERS_MAX: Final = 4_000
LINES_MAX: Final = 500  # of one place
REVIEWS_MAX: Final = 500  # of one pull request
REVIEW_COMMENTS_MAX: Final = 500  # of one review
THREADS_MAX: Final = 2_000  # of one pull request
THREAD_COMMENTS_MAX: Final = 100
VERSIONS_MAX: Final = 20  # of what is said on a line
VERSIONS_READ_MAX: Final = 500  # of the threads that are read at once, the newest
LINE_COMMENTS_MAX: Final = 5_000  # of one pull request
SUGGESTIONS_MAX: Final = 50  # of one commit
ASKED_MAX: Final = 20  # for a review of one pull request


class Decision(enum.StrEnum):
    """What a review says of the pull request as a whole."""

    COMMENT = "comment"
    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"


class Half(enum.StrEnum):
    """The side of a diff that a line stands on."""

    OLD = "old"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where one reviewer stands now. ``commit`` is what was reviewed; ``is_stale`` when the pull
    request is no longer at it. ``may_write`` is whether the reviewer may write to the repository
    now, whatever it was then.
    """

    reviewer_id: int
    reviewer: str
    verdict: Literal["approved", "changes_requested"]
    commit: str
    given_at: int
    is_stale: bool
    may_write: bool


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """Somebody was asked to review a pull request. ``is_answered`` when they gave a verdict since,
    whatever became of that.
    """

    reviewer_id: int
    reviewer: str
    asked_by: str
    asked_at: int
    is_answered: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Lines of one side of a file, first and last counted from 1; without them, the whole file."""

    path: str
    side: Half = Half.NEW
    first_line: int | None = None
    last_line: int | None = None


@dataclass(frozen=True, slots=True)
class NewComment:
    """What somebody is about to say somewhere."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class LineComment:
    """What somebody said in a thread. Of a hidden one no text is left. ``suggestion`` is what
    the lines shall become, None when nothing is suggested; ``applied_commit`` brought it in.
    ``edited_at`` is when it began to say what it says, None when it always did; ``earlier`` is
    what it said before, the oldest first.
    """

    id: int
    author: str
    text: str
    written_at: int
    suggestion: str | None = None
    applied_commit: str | None = None
    applied_by: str | None = None
    is_hidden: bool = False
    is_pending: bool = False
    version: int = 1
    edited_at: int | None = None
    earlier: tuple[CommentVersion, ...] = ()


@dataclass(frozen=True, slots=True)
class Thread:
    """What is said at one place. ``place`` and ``excerpt`` are as they were in ``commit``;
    ``present`` is where the lines stand in the present diff, None when they are outdated.
    """

    id: int
    review_id: int
    author: str
    place: Place
    commit: str
    blob: str
    excerpt: str
    comments: tuple[LineComment, ...] = ()
    is_resolved: bool = False
    resolved_by: str | None = None
    present: Place | None = None

    @property
    def is_outdated(self) -> bool:
        """Whether what it is about no longer stands in the diff."""
        return self.present is None


@dataclass(frozen=True, slots=True)
class Review:
    """One review that was submitted. ``comment_id`` is the comment of the discussion that says it.
    ``dismissal_reason`` is empty as long as it counts.
    """

    id: int
    reviewer: str
    decision: Decision
    commit: str
    submitted_at: int
    comment_id: int
    text: str
    dismissed_by: str | None = None
    dismissal_reason: str = ""
    threads: tuple[Thread, ...] = ()

    @property
    def is_dismissed(self) -> bool:
        """Whether its verdict no longer counts."""
        return bool(self.dismissal_reason)
