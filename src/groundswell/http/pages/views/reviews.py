"""What reviews show on the pages of pull requests: threads on lines, forms, verdicts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EarlierText:
    """What a comment said before an edit."""

    text: str
    written_at: int


@dataclass(frozen=True, slots=True)
class SaidLine:
    """A comment in a thread. ``suggestion`` is what the lines shall become, line by line; ``text``
    as it was written, for who may edit it.
    """

    id: int
    author: str
    written_at: int
    html: str
    suggestion: tuple[str, ...] | None = None
    applied_id: str = ""
    applied_url: str = ""
    is_hidden: bool = False
    is_pending: bool = False
    may_remove: bool = False
    may_apply: bool = False
    may_edit: bool = False
    text: str = ""
    is_edited: bool = False
    earlier: tuple[EarlierText, ...] = ()


@dataclass(frozen=True, slots=True)
class ThreadCard:
    """What is said at one place. ``where`` says it in words; ``excerpt`` are the lines as they
    were, shown where the diff does not stand beside them.
    """

    id: int
    path: str
    where: str
    said: tuple[SaidLine, ...]
    excerpt: tuple[str, ...] = ()
    is_outdated: bool = False
    is_resolved: bool = False
    resolved_by: str = ""
    may_reply: bool = False
    may_resolve: bool = False

    @property
    def is_applied(self) -> bool:
        return any(each.applied_id for each in self.said)


@dataclass(frozen=True, slots=True)
class PlaceForm:
    """A form for a comment on lines, or on the file where there are none."""

    path: str
    side: str
    first_line: int | None
    last_line: int | None
    commit: str
    text: str = ""
    suggest_url: str = ""


@dataclass(frozen=True, slots=True)
class ReviewBar:
    """One's review of a pull request: what is pending, and what may be said in the end."""

    commit: str
    pending: int = 0
    may_decide: bool = False
    text: str = ""
    decision: str = "comment"
    suggestions: int = 0
    asks_sign_off: bool = False


@dataclass(frozen=True, slots=True)
class ReviewCard:
    """The verdict that stands above the words of a review, and the threads that it began."""

    id: int
    decision: str
    commit: str
    commit_url: str
    dismissed_by: str = ""
    dismissal_reason: str = ""
    threads: tuple[ThreadCard, ...] = ()
    threads_left_out: int = 0
    may_dismiss: bool = False


@dataclass(frozen=True, slots=True)
class AskedRow:
    """Somebody who is asked for a review."""

    reviewer: str
    asked_by: str
    asked_at: int
    is_answered: bool = False
    may_remove: bool = False


@dataclass(frozen=True, slots=True)
class ReviewersBox:
    """Who is asked for a review; ``suggested`` are names of who could be."""

    rows: tuple[AskedRow, ...]
    suggested: tuple[str, ...] = ()
    may_ask: bool = False


@dataclass(frozen=True, slots=True)
class StandingRow:
    """Where one reviewer stands."""

    reviewer: str
    verdict: str
    given_at: int
    is_stale: bool
    may_write: bool
