"""What reading gives back."""

from __future__ import annotations

from dataclasses import dataclass

from groundswell.core.values import DownloadPlan, Entry
from groundswell.store.git import CommitDiff, CommitSummary


@dataclass(frozen=True, slots=True)
class Located:
    """A file at a commit, and how to send it.

    ``etag`` (without quotes) is the sha256 of a large file, git's blob id of a small one.
    ``file_hash`` is the Xet file hash of a large file.
    """

    commit: str
    entry: Entry
    plan: DownloadPlan
    etag: str
    file_hash: str | None = None


@dataclass(frozen=True, slots=True)
class TreeItem:
    """An entry as lists show it. ``last_commit`` only when asked for, and found in time."""

    entry: Entry
    xet_hash: str | None = None
    last_commit: CommitSummary | None = None


@dataclass(frozen=True, slots=True)
class TreePage:
    """A page of a folder at a commit; ``next_cursor`` None on the last one."""

    commit: str
    items: tuple[TreeItem, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class LogPage:
    """A page of a history; ``total`` commits in all."""

    commits: tuple[CommitSummary, ...]
    total: int


@dataclass(frozen=True, slots=True)
class CommitDetail:
    """A commit and what it changed against its first parent."""

    summary: CommitSummary
    diff: CommitDiff
