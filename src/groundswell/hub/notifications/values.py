"""What notifications are told and asked in. Times are microseconds since the epoch."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final, Self

from groundswell.core.errors import BadRequest
from groundswell.hub.repos import Repository

_KEY: Final = re.compile(r"(access-)?(\d{1,18})", re.ASCII)


class Reason(enum.StrEnum):
    """Why somebody hears of a thread. ``MUTED`` is why not."""

    MENTION = "mention"
    ASSIGNED = "assigned"
    REVIEW = "review"
    DECIDING = "deciding"
    ASKED = "asked"
    AUTHOR = "author"
    COMMENT = "comment"
    CHOSEN = "chosen"
    WATCHING = "watching"
    MUTED = "muted"


ADDRESSED: Final = frozenset(
    {Reason.MENTION, Reason.ASSIGNED, Reason.REVIEW, Reason.DECIDING, Reason.ASKED}
)
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


class About(enum.StrEnum):
    """What a thread of an inbox is: a discussion, or a repository's requests for access."""

    DISCUSSION = "discussion"
    ACCESS = "access"


@dataclass(frozen=True, slots=True)
class ThreadKey:
    """Which thread: a discussion by its number among all, requests by their repository's."""

    about: About
    id: int

    def __str__(self) -> str:
        """As people and programs hand it back."""
        return f"access-{self.id}" if self.about is About.ACCESS else str(self.id)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key that a text is.

        Raises:
            BadRequest: no key.
        """
        found = _KEY.fullmatch(text)
        if found is None:
            raise BadRequest("This is not the id of a thread.")
        return cls(About.ACCESS if found[1] else About.DISCUSSION, int(found[2]))


@dataclass(frozen=True, slots=True)
class Notification:
    """A thread in somebody's inbox, by the newest event of it that they are to hear of.

    The repository comes without tags, card, facts and settings. ``actor`` is None when unknown.
    ``number`` is None, and ``status`` that of the request, when it is about access.
    """

    thread: ThreadKey
    repository: Repository
    number: int | None
    title: str
    is_pull_request: bool
    status: str
    event_id: int
    type: str
    actor: str | None
    reason: Reason
    happened_at: int
    is_read: bool

    @property
    def url_path(self) -> str:
        """Where it is to be read, below the hub's address, without a slash in front."""
        return thread_path(self.repository, self.number, self.reason)


def thread_path(repository: Repository, number: int | None, reason: Reason) -> str:
    """Where a thread is to be read: a discussion's page, or where requests for access are decided;
    for who asked, the repository's own page.
    """
    url = repository.repo_id.url_path
    if number is not None:
        return f"{url}/discussions/{number}"
    return f"{url}/settings/access" if reason is Reason.DECIDING else url


@dataclass(frozen=True, slots=True)
class InboxPage:
    """A page of an inbox, newest first; ``next_cursor`` None on the last one."""

    notifications: tuple[Notification, ...]
    next_cursor: str | None
