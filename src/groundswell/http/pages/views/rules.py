"""What pages show of checks, rules and the queue of merges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from groundswell.http.pages.views.frame import View
from groundswell.http.pages.views.repository import RepoHead


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A check in a list. ``state`` is a word of ``hub.checks.State``, or "awaited": by
    ``awaited``, or by anybody where that is empty.
    """

    name: str
    state: str
    url: str | None = None
    reporter: str = ""
    reported_at: int | None = None
    details_url: str = ""
    has_log: bool = False
    awaited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckPage(View):
    """One check with its summary and log."""

    template: ClassVar[str] = "repository/check.html"
    repo: RepoHead
    check: CheckRow
    commit: str
    commit_url: str
    started_at: int | None = None
    finished_at: int | None = None
    summary_html: str = ""
    log: str | None = None
    log_url: str = ""
    lines_left_out: int = 0


@dataclass(frozen=True, slots=True)
class NeedRow:
    """Something that the rules of main demand, and whether it is there."""

    is_met: bool
    words: str


@dataclass(frozen=True, slots=True)
class RuleForm:
    """A rule as a form shows it; ``id`` is empty for a new one. ``words`` sum it up."""

    id: str
    target: str = "branch"
    pattern: str = ""
    pushers: str = "writers"
    names: str = ""
    approvals: str = "0"
    checks: str = ""
    flags: frozenset[str] = frozenset({"no_force", "no_deletion", "dismisses_stale"})
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RulesPage(View):
    """The rules of a repository, each with its form, and one for a new rule."""

    template: ClassVar[str] = "repository/rules.html"
    repo: RepoHead
    rules: tuple[RuleForm, ...]
    new: RuleForm
    may_set: bool
    error: str = ""
    error_in: str = ""


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A pull request in the queue. ``commit_url`` is None while its result is not made."""

    place: int
    number: int
    title: str
    url: str
    queued_by: str
    queued_at: int
    commit: str = ""
    commit_url: str | None = None
    awaits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QueuePage(View):
    """The queue of merges, first come first."""

    template: ClassVar[str] = "repository/queue.html"
    repo: RepoHead
    rows: tuple[QueueRow, ...]
