"""What forks are told and asked in. Times are microseconds since the epoch."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from groundswell.hub.repos import Repository
from groundswell.store.git import CommitSummary
from groundswell.store.git.merging import Collision

NETWORK_NODES_MAX: Final = 500
COMMITS_SHOWN_MAX: Final = 100


class How(enum.StrEnum):
    """What it took to bring the upstream into a fork."""

    UNCHANGED = "unchanged"
    FORWARD = "forward"
    MERGE = "merge"


@dataclass(frozen=True, slots=True)
class Kinship:
    """What the asker may know of a repository's relations: where it was forked from, and how many
    direct forks there are.
    """

    upstream: Repository | None
    fork_count: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """How main of a fork stands to main of its upstream. The counts are None when the two are too
    far apart, or one has no main.
    """

    upstream: Repository
    ahead: int | None
    behind: int | None
    is_related: bool


@dataclass(frozen=True, slots=True)
class Fork:
    """A fork in a list."""

    repository: Repository
    forked_at: int


@dataclass(frozen=True, slots=True)
class ForkPage:
    """A page of the direct forks of a repository, latest first."""

    forks: tuple[Fork, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Node:
    """A repository in a network, how deep it lies, and how it stands to the one it came from."""

    repository: Repository
    depth: int
    parent: int | None  # its place in the network
    forked_at: int | None
    ahead: int | None = None
    behind: int | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """Repositories that were forked from each other, as far as the asker sees a way from one to the
    next. A node comes before those that were forked from it. ``is_whole`` is False when there are
    more than are looked at.
    """

    nodes: tuple[Node, ...]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Synced:
    """The head of main after a sync, and what it took."""

    commit: str
    how: How


@dataclass(frozen=True, slots=True)
class Preview:
    """What a branch of one repository would bring to main of another. ``opens`` says that people
    could read it then who may not read it now.
    """

    commits: tuple[CommitSummary, ...]
    ahead: int
    collisions: tuple[Collision, ...]
    is_related: bool
    opens: bool


@dataclass(frozen=True, slots=True)
class Source:
    """Where a pull request takes its commits from, when the asker may see it."""

    repository: Repository
    branch: str
    has_more: bool
