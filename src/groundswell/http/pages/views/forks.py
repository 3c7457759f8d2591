"""What the pages of forks show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from groundswell.http.pages.views.discussions import CollidingFile
from groundswell.http.pages.views.frame import Tag, View
from groundswell.http.pages.views.repository import CommitLine, RepoHead


@dataclass(frozen=True, slots=True)
class ForkState:
    """How a fork stands to its upstream, and what who looks may do about it. Counts that are None
    are too large to be told.
    """

    upstream: Tag
    ahead: int | None
    behind: int | None
    is_related: bool
    may_sync: bool = False
    may_contribute: bool = False


@dataclass(frozen=True, slots=True)
class NewForkPage(View):
    """The form for a fork."""

    template: ClassVar[str] = "repository/fork.html"
    repo: RepoHead
    owners: tuple[str, ...]
    owner: str
    name: str
    held_bytes: int
    visibility: str = ""
    all_branches: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """A repository in a network: what it was forked from, and how far it is from that."""

    name: str
    url: str
    is_private: bool
    is_here: bool
    upstream: Tag | None = None
    forked_at: int | None = None
    ahead: int | None = None
    behind: int | None = None


@dataclass(frozen=True, slots=True)
class DrawnNode:
    """A node of the picture: where its dot is, and the line that leads to it."""

    text: str
    x: int
    y: int
    line: str
    is_here: bool
    ahead: int | None
    behind: int | None
    ahead_length: int = 0
    behind_length: int = 0


@dataclass(frozen=True, slots=True)
class Drawing:
    """The picture of a network, in CSS pixels. ``middle`` is where the bars begin on both sides."""

    width: int
    height: int
    middle: int
    nodes: tuple[DrawnNode, ...]


@dataclass(frozen=True, slots=True)
class NetworkPage(View):
    """The tree of forks around a repository."""

    template: ClassVar[str] = "repository/forks.html"
    repo: RepoHead
    rows: tuple[NetworkRow, ...]
    drawing: Drawing | None
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class ContributePage(View):
    """What a branch of a fork would bring to its upstream. ``opens``: people could read it then who
    may not read it now.
    """

    template: ClassVar[str] = "repository/contribute.html"
    repo: RepoHead
    upstream: Tag
    branch: str
    branches: tuple[str, ...]
    commits: tuple[CommitLine, ...]
    ahead: int
    is_related: bool
    opens: bool
    collisions: tuple[CollidingFile, ...] = ()
    title: str = ""
    text: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class SyncPage(View):
    """Why the upstream did not come into a fork."""

    template: ClassVar[str] = "repository/sync.html"
    repo: RepoHead
    upstream: Tag
    error: str
    collisions: tuple[CollidingFile, ...] = ()
    may_propose: bool = False
