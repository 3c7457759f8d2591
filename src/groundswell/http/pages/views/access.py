"""The gate of a repository as visitors meet it, and the list of who asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from groundswell.http.pages.views.frame import View
from groundswell.http.pages.views.repository import RepoHead


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A question of the form. ``kind`` is the card's word; ``value`` what was typed before."""

    name: str
    label: str
    kind: str
    options: tuple[tuple[str, str], ...]
    is_required: bool
    value: str = ""


@dataclass(frozen=True, slots=True)
class GateBox:
    """What stands before the files. ``state`` is one of form, sign-in, fault, and the words of
    `AccessStatus`; an empty heading or button is the hub's own.

    ``ends_at`` is when access ends or ended; ``days`` how long it would last.
    """

    state: str
    url: str
    kind: str
    namespace: str
    heading: str = ""
    prompt_html: str = ""
    description: str = ""
    button: str = ""
    questions: tuple[QuestionRow, ...] = ()
    digest: str = ""
    address: str = ""
    is_at_once: bool = False
    days: int | None = None
    asked_at: int | None = None
    ends_at: int | None = None
    reason: str = ""
    error: str = ""

    @property
    def has_form(self) -> bool:
        return self.state in {"form", "ended"}


@dataclass(frozen=True, slots=True)
class AccessRow:
    """Somebody who asked, or was let in without asking (``asked_at`` None)."""

    id: str
    name: str
    fullname: str
    email: str
    asked_at: int | None
    decided_at: int | None
    decided_by: str
    answers: tuple[tuple[str, str], ...]
    reason: str
    ends_at: int | None


@dataclass(frozen=True, slots=True)
class AccessListPage(View):
    """Requests of one status, for those who decide."""

    template: ClassVar[str] = "repository/access.html"
    repo: RepoHead
    status: str
    rows: tuple[AccessRow, ...]
    total: int
    next_url: str | None
    csv_url: str
    days: int | None = None
    error: str = ""
