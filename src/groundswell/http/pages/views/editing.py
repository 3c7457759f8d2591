"""Pages of one file's lines: changing them, and who changed them last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from groundswell.http.pages.views.frame import Crumb, View
from groundswell.http.pages.views.repository import (
    CommitLine,
    DiffView,
    FileChange,
    RefPicker,
    RepoHead,
)


@dataclass(frozen=True, slots=True)
class EditPage(View):
    """The form in which a text file is changed. ``path`` is empty for a new file; ``file`` is what
    the field of its name says. ``document_html`` and ``change`` are the preview.
    """

    template: ClassVar[str] = "repository/edit_file.html"
    repo: RepoHead
    revision: str
    path: str
    crumbs: tuple[Crumb, ...]
    action_url: str
    back_url: str
    file: str
    text: str
    commit: str
    must_propose: bool
    may_propose: bool
    summary: str = ""
    description: str = ""
    proposes: bool = False
    is_preview: bool = False
    document_html: str | None = None
    change: FileChange | None = None
    error: str = ""
    diff: DiffView | None = None


@dataclass(frozen=True, slots=True)
class BlameLine:
    """A line with its number; as HTML."""

    number: int
    html: str


@dataclass(frozen=True, slots=True)
class BlameStretch:
    """Neighbouring lines that came with one commit."""

    commit: CommitLine
    lines: tuple[BlameLine, ...]


@dataclass(frozen=True, slots=True)
class BlamePage(View):
    """Who last changed each line; ``stretches`` is None while that is being worked out."""

    template: ClassVar[str] = "repository/blame.html"
    repo: RepoHead
    revision: str
    path: str
    picker: RefPicker
    crumbs: tuple[Crumb, ...]
    file_url: str
    history_url: str
    stretches: tuple[BlameStretch, ...] | None
    reason: str = ""
