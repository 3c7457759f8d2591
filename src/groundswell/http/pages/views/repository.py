"""Pages of one repository as a whole: card, settings, discussions, branches."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, ClassVar

from groundswell.http.pages.views.frame import Collecting, Fact, Snippet, Tag, View
from groundswell.http.pages.views.reviews import PlaceForm, ThreadCard

if TYPE_CHECKING:
    from groundswell.http.pages.views.access import GateBox
    from groundswell.http.pages.views.forks import ForkState
    from groundswell.http.pages.views.relations import LineageBox


@dataclass(frozen=True, slots=True)
class RepoHead:
    """What every page of a repository shows above its tabs."""

    kind: str
    namespace: str
    name: str
    url: str
    is_private: bool
    gate: str
    is_disabled: bool
    likes: int
    may_write: bool
    may_contribute: bool
    may_administer: bool
    discussions: int | None = None
    waiting: int = 0  # requests for access, for whoever may decide about them
    watch: str = ""  # how much the viewer hears of it; "" for the anonymous
    upstream: Tag | None = None  # what it was forked from
    forks: int = 0
    runs: bool = False  # on this hub: the tab of the playground

    @property
    def full_name(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class CardPage(View):
    """The rendered card and the facts beside it."""

    template: ClassVar[str] = "repository/card.html"
    repo: RepoHead
    card_html: str | None
    headings: tuple[tuple[int, str, str], ...]
    card_fault: str
    facts: tuple[Fact, ...]
    tags: tuple[Tag, ...]
    snippets: tuple[Snippet, ...]
    is_empty: bool
    gate: GateBox | None = None
    is_liked: bool = False
    collecting: Collecting | None = None
    fork: ForkState | None = None
    lineage: LineageBox | None = None
    is_pack: bool = False  # and can be asked here
    may_build: bool = False  # a pack of its files
    comparisons_url: str = ""  # of models on its questions, where there are any


@dataclass(frozen=True, slots=True)
class CommitLine:
    """A commit in one line."""

    id: str
    url: str
    title: str
    author: str
    happened_at: int | None
    message: str = ""

    @property
    def short_id(self) -> str:
        return self.id[:8]


@dataclass(frozen=True, slots=True)
class RefChoice:
    """A revision one may switch to."""

    name: str
    url: str
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class RefPicker:
    """The revision shown, and the others."""

    current: str
    current_kind: str
    branches: tuple[RefChoice, ...] = ()
    tags: tuple[RefChoice, ...] = ()
    pull_requests: tuple[RefChoice, ...] = ()


@dataclass(frozen=True, slots=True)
class RefRow:
    """A branch or tag."""

    name: str
    url: str
    commit: str
    commit_url: str
    may_delete: bool


@dataclass(frozen=True, slots=True)
class RefsPage(View):
    """Branches, tags and pull requests of a repository."""

    template: ClassVar[str] = "repository/refs.html"
    repo: RepoHead
    branches: tuple[RefRow, ...]
    tags: tuple[RefRow, ...]
    pull_requests: tuple[RefRow, ...]
    error: str = ""


@dataclass(frozen=True, slots=True)
class RepoSettingsPage(View):
    """Visibility, gate, name and end of a repository. ``is_held``: it has rules, and who looks may
    not set them, so that these are not theirs to change.
    """

    template: ClassVar[str] = "repository/settings.html"
    repo: RepoHead
    owners: tuple[str, ...]
    days: int | None = None
    is_held: bool = False
    error: str = ""
    error_in: str = ""


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a diff: ``kind`` is one of add, delete, context, hunk. ``mark`` is how an address
    names it to say something about it; ``threads`` and ``form`` stand below it.
    """

    kind: str
    old_number: int | None
    new_number: int | None
    text: str
    mark: str = ""
    threads: tuple[ThreadCard, ...] = ()
    form: PlaceForm | None = None


@dataclass(frozen=True, slots=True)
class DiffView:
    """How diffs are drawn: side by side, or one line below the other; where the other way is."""

    is_split: bool = False
    other_url: str = ""


@dataclass(frozen=True, slots=True)
class FileChange:
    """What a commit did to one path. ``lines`` is None when there is no text to compare. ``mark``,
    ``threads`` and ``form`` are as those of a line, of the file or of lines that are not shown.
    """

    path: str
    old_path: str | None
    status: str
    url: str | None
    additions: int
    deletions: int
    lines: tuple[DiffLine, ...] | None
    note: str = ""
    mark: str = ""
    threads: tuple[ThreadCard, ...] = ()
    form: PlaceForm | None = None

    @property
    def pairs(self) -> tuple[tuple[DiffLine | None, DiffLine | None], ...]:
        """The lines as they stand side by side: what went beside what came in its place."""
        found: list[tuple[DiffLine | None, DiffLine | None]] = []
        went: list[DiffLine] = []
        came: list[DiffLine] = []
        for line in (*(self.lines or ()), None):
            if line is not None and line.kind == "delete" and not came:
                went.append(line)
            elif line is not None and line.kind == "add":
                came.append(line)
            else:
                found.extend(zip_longest(went, came))
                went, came = [], []
                if line is not None and line.kind == "delete":
                    went.append(line)
                elif line is not None:
                    found.append((line, line))
        return tuple(found)
