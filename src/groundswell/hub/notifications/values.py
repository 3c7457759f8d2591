"""What notifications are told and asked in. Times are microseconds since the epoch."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from groundswell.hub.repos import Repository


class Reason(enum.StrEnum):
    """Why somebody hears of a thread. ``MUTED`` is why not."""

    MENTION = "mention"
    ASSIGNED = "assigned"
    REVIEW = "review"
    AUTHOR = "author"
    COMMENT = "comment"
    CHOSEN = "chosen"
    WATCHING = "watching"
    MUTED = "muted"


ADDRESSED: Final = frozenset({Reason.MENTION, Reason.ASSIGNED, Reason.REVIEW})
"""The reasons of what somebody said to that very person."""


class Level(enum.StrEnum):
    """What of a repository somebody hears: every thread, those they take part in, or nothing."""

    ALL = "all"
    PARTICIPATING = "participating"
    NONE = "none"


class Filter(enum.StrEnum):
    """Which threads of an inbox: what is done is in neither."""

    UNREAD = "unread"
    ALL = "all"


class Mark(enum.StrEnum):
    """What a thread of an inbox can be made."""

    READ = "read"
    UNREAD = "unread"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Notification:
    """A thread in somebody's inbox, by the newest event of it that they are to hear of.

    The repository comes without tags, card, facts and settings. ``actor`` is None when unknown.
    """

    discussion_id: int
    repository: Repository
    number: int
    title: str
    is_pull_request: bool
    status: str
    event_id: int
    type: str
    actor: str | None
    reason: Reason
    happened_at: int
    is_read: bool


@dataclass(frozen=True, slots=True)
class InboxPage:
    """A page of an inbox, newest first; ``next_cursor`` None on the last one."""

    notifications: tuple[Notification, ...]
    next_cursor: str | None
