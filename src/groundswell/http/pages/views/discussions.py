"""What the pages of discussions and pull requests show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from groundswell.http.pages.views.frame import Tag, View
from groundswell.http.pages.views.repository import CommitLine, DiffView, FileChange, RepoHead
from groundswell.http.pages.views.reviews import (
    EarlierText,
    ReviewBar,
    ReviewCard,
    ReviewersBox,
    StandingRow,
    ThreadCard,
)
from groundswell.http.pages.views.rules import CheckRow, NeedRow


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A label; ``url`` is of the discussions that have it. ``is_on``: the one in view has it."""

    id: int
    name: str
    colour: str
    description: str
    url: str
    is_on: bool = False


@dataclass(frozen=True, slots=True)
class LabelsPage(View):
    """The labels of a repository. ``name`` and ``description`` are of what was just refused."""

    template: ClassVar[str] = "repository/labels.html"
    repo: RepoHead
    rows: tuple[LabelRow, ...]
    colours: tuple[str, ...]
    name: str = ""
    description: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class DiscussionRow:
    """A discussion or pull request in a list. ``comments`` are the answers to it."""

    number: int
    title: str
    url: str
    status: str
    is_pull_request: bool
    author: str
    created_at: int
    comments: int = 0
    is_pinned: bool = False
    is_locked: bool = False
    labels: tuple[LabelRow, ...] = ()
    assignees: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DiscussionsPage(View):
    """Discussions and pull requests of a repository."""

    template: ClassVar[str] = "repository/discussions.html"
    repo: RepoHead
    rows: tuple[DiscussionRow, ...]
    status: str
    words: str = ""
    older_url: str | None = None
    newer_url: str | None = None


@dataclass(frozen=True, slots=True)
class NewDiscussionPage(View):
    """A form for a new discussion."""

    template: ClassVar[str] = "repository/new_discussion.html"
    repo: RepoHead
    title: str = ""
    text: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class ReactionChip:
    """A sign at a comment: how many gave it, and who, in words."""

    kind: str
    sign: str
    count: int
    who: str
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class CommentCard:
    """A comment. ``text`` is given to who may edit it; ``review`` when it says a review."""

    is_comment: ClassVar[bool] = True
    id: int
    author: str
    created_at: int
    html: str
    is_hidden: bool
    hidden_by: str
    is_first: bool
    earlier: tuple[EarlierText, ...] = ()
    text: str = ""
    may_edit: bool = False
    may_hide: bool = False
    reactions: tuple[ReactionChip, ...] = ()
    review: ReviewCard | None = None


@dataclass(frozen=True, slots=True)
class TimelineLine:
    """Something else that happened: who, what in words, and the commits that came."""

    is_comment: ClassVar[bool] = False
    id: int
    author: str
    icon: str
    text: str
    happened_at: int
    commits: tuple[CommitLine, ...] = ()


@dataclass(frozen=True, slots=True)
class CollidingFile:
    """A file that changed on both sides; ``marked`` is its text with both between marks."""

    path: str
    marked: str | None


@dataclass(frozen=True, slots=True)
class KnotForm:
    """A file to settle: its text with marks, or None; the choice so far; where each side is to be
    seen, None where it is deleted.
    """

    number: int
    path: str
    text: str | None
    side: str
    request_url: str | None
    main_url: str | None


@dataclass(frozen=True, slots=True)
class MergeBox:
    """How a pull request stands to main, and what who looks may do about it."""

    commits: int
    behind: int
    is_related: bool
    collisions: tuple[CollidingFile, ...] = ()
    may_merge: bool = False
    may_update: bool = False
    needs: tuple[NeedRow, ...] = ()
    checks: tuple[CheckRow, ...] = ()
    is_blocked: bool = False
    may_pass_over: bool = False
    squash_only: bool = False
    has_queue: bool = False
    queue_url: str = ""
    queue_place: int | None = None

    @property
    def is_clean(self) -> bool:
        return self.is_related and not self.collisions


@dataclass(frozen=True, slots=True)
class SourceBranch:
    """The branch of another repository that a pull request takes its commits from."""

    repository: Tag
    branch: str
    has_more: bool


@dataclass(frozen=True, slots=True)
class DiscussionPage(View):
    """One discussion or pull request. ``labels`` are all of the repository, for who may give
    them; ``signs`` are names and signs of reactions, for who may give these.
    """

    template: ClassVar[str] = "repository/discussion.html"
    repo: RepoHead
    row: DiscussionRow
    entries: tuple[CommentCard | TimelineLine, ...]
    earlier_url: str | None = None
    earlier_count: int = 0
    changes_url: str | None = None
    files_url: str | None = None
    merge: MergeBox | None = None
    merge_commit: str | None = None
    standing: tuple[StandingRow, ...] = ()
    may_comment: bool = False
    may_change: bool = False
    may_write: bool = False
    labels: tuple[LabelRow, ...] = ()
    signs: tuple[tuple[str, str], ...] = ()
    text: str = ""
    error: str = ""
    hears: bool | None = None  # of its news; None for the anonymous
    source: SourceBranch | None = None
    reviewers: ReviewersBox | None = None


@dataclass(frozen=True, slots=True)
class ResolvePage(View):
    """What collides between a pull request and main, to be settled; ``head`` and ``main`` are what
    was looked at.
    """

    template: ClassVar[str] = "repository/resolve.html"
    repo: RepoHead
    row: DiscussionRow
    main: str
    head: str
    knots: tuple[KnotForm, ...]
    is_too_much: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class ProposalPage(View):
    """What a pull request changes, and what is said about it. ``outdated`` are threads on what is
    no longer there.
    """

    template: ClassVar[str] = "repository/proposal.html"
    repo: RepoHead
    row: DiscussionRow
    commits: tuple[CommitLine, ...]
    changes: tuple[FileChange, ...]
    changes_left_out: int = 0
    bar: ReviewBar | None = None
    standing: tuple[StandingRow, ...] = ()
    outdated: tuple[ThreadCard, ...] = ()
    threads_left_out: int = 0
    error: str = ""
    diff: DiffView | None = None
