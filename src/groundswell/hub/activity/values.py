"""What activity is told in. Times are microseconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from groundswell.hub.repos import Repository

EXCERPT_CHARACTERS_MAX: Final = 300

# What is told of a repository. Whatever else events say (settings, access, clean-up) concerns those
# who look after it, or shows where it happened.
TOLD: Final = frozenset(
    {
        "repository.created",
        "repository.moved",
        "repository.liked",
        "commit.landed",
        "reference.changed",
        "discussion.created",
        "discussion.commented",
        "discussion.status_changed",
        "pull_request.merged",
    }
)


@dataclass(frozen=True, slots=True)
class Thread:
    """The discussion that something happened in."""

    number: int
    title: str
    is_pull_request: bool


@dataclass(frozen=True, slots=True)
class Activity:
    """Something that somebody did, told to one who may see it now.

    ``type`` is the event's, one of ``TOLD``. ``actor`` is None for the hub itself. The repository
    comes without tags, card, facts and settings, as it is named today. ``reference`` and ``commit``
    are of what moved: without a commit it was deleted. ``status`` is a discussion's new one, after
    ``before``. ``excerpt`` begins what was said; nothing is left of what was hidden.
    """

    id: int
    type: str
    actor: str | None
    happened_at: int
    repository: Repository
    thread: Thread | None = None
    reference: str | None = None
    commit: str | None = None
    commit_count: int | None = None
    status: str | None = None
    before: str | None = None
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """A page of activity, newest first; ``next_cursor`` None on the last one."""

    activities: tuple[Activity, ...]
    next_cursor: str | None = None
