"""What the pages of activity and notifications show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from groundswell.http.pages.views.frame import RepoRow, View
from groundswell.http.pages.views.repository import RepoHead


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """Something that somebody did: who, what in words, to what, and how it reads there."""

    icon: str
    actor: str
    text: str
    target: str
    url: str
    repo: str
    repo_url: str
    happened_at: int
    is_private: bool = False
    title: str = ""
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class RepoActivityPage(View):
    """What happened in a repository. ``feeds`` are addresses with their names."""

    template: ClassVar[str] = "repository/activity.html"
    repo: RepoHead
    rows: tuple[ActivityRow, ...]
    feeds: tuple[tuple[str, str], ...]
    next_url: str | None = None
    first_url: str | None = None


@dataclass(frozen=True, slots=True)
class FeedPage(View):
    """Home for who is signed in: what happens around them, and their own repositories."""

    template: ClassVar[str] = "feed.html"
    rows: tuple[ActivityRow, ...]
    own: tuple[RepoRow, ...]
    recent: tuple[RepoRow, ...]
    next_url: str | None = None
    first_url: str | None = None


@dataclass(frozen=True, slots=True)
class NotificationRow:
    """A thread of the inbox; ``number`` is None when it is no discussion."""

    id: str
    icon: str
    title: str
    url: str
    repo: str
    repo_url: str
    number: int | None
    actor: str
    text: str
    reason: str
    happened_at: int
    is_read: bool
    is_private: bool = False


@dataclass(frozen=True, slots=True)
class NotificationsPage(View):
    """The inbox. ``repo`` and ``repo_key`` when it is of one repository; ``next_path`` is where the
    forms come back to.
    """

    template: ClassVar[str] = "notifications.html"
    rows: tuple[NotificationRow, ...]
    which: str
    here: str
    repo: str = ""
    repo_key: str = ""
    next_url: str | None = None
    first_url: str | None = None
