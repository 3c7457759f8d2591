"""Pages of a repository's content: folders, files, history, commits, uploads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from groundswell.http.pages.views.content import Content
from groundswell.http.pages.views.frame import Crumb, Tag, View
from groundswell.http.pages.views.repository import (
    CommitLine,
    DiffView,
    FileChange,
    RefPicker,
    RepoHead,
)
from groundswell.http.pages.views.rules import CheckRow


@dataclass(frozen=True, slots=True)
class FileRow:
    """A path in a tree."""

    name: str
    url: str
    is_folder: bool
    size_bytes: int = 0
    is_large: bool = False
    download_url: str | None = None
    last_commit: CommitLine | None = None


@dataclass(frozen=True, slots=True)
class TreePage(View):
    """A folder at a revision."""

    template: ClassVar[str] = "repository/tree.html"
    repo: RepoHead
    revision: str
    path: str
    picker: RefPicker
    crumbs: tuple[Crumb, ...]
    rows: tuple[FileRow, ...]
    next_url: str | None
    history_url: str
    upload_url: str | None
    new_file_url: str | None
    commit: CommitLine | None
    total_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class FilePage(View):
    """One file at a revision; ``content`` says how it is shown."""

    template: ClassVar[str] = "repository/file.html"
    repo: RepoHead
    revision: str
    path: str
    picker: RefPicker
    crumbs: tuple[Crumb, ...]
    size_bytes: int
    is_large: bool
    sha256: str | None
    download_url: str
    raw_url: str
    history_url: str
    permalink_url: str
    delete_url: str | None
    edit_url: str | None
    blame_url: str | None
    commit: CommitLine | None
    content: Content
    source_url: str | None = None
    is_source: bool = False


@dataclass(frozen=True, slots=True)
class ViewerPage(View):
    """The data of a dataset: its files, and one of them as rows."""

    template: ClassVar[str] = "repository/viewer.html"
    repo: RepoHead
    files: tuple[tuple[str, str, bool], ...]
    files_left_out: bool
    file_name: str
    file_url: str
    content: Content | None


@dataclass(frozen=True, slots=True)
class HistoryPage(View):
    """The commits of a revision or of one path, newest first."""

    template: ClassVar[str] = "repository/history.html"
    repo: RepoHead
    revision: str
    path: str
    picker: RefPicker
    crumbs: tuple[Crumb, ...]
    commits: tuple[CommitLine, ...]
    total: int | None
    newer_url: str | None
    older_url: str | None


@dataclass(frozen=True, slots=True)
class CommitPage(View):
    """A commit and what it changed. Its texts are safe HTML, in which references are links."""

    template: ClassVar[str] = "repository/commit.html"
    repo: RepoHead
    commit: CommitLine
    title_html: str
    message_html: str
    parents: tuple[Tag, ...]
    tree_url: str
    changes: tuple[FileChange, ...]
    changes_left_out: int = 0
    is_truncated: bool = False
    arrival: str = ""
    checks: tuple[CheckRow, ...] = ()
    diff: DiffView | None = None


@dataclass(frozen=True, slots=True)
class UploadPage(View):
    """The upload form."""

    template: ClassVar[str] = "repository/upload.html"
    repo: RepoHead
    revision: str
    folder: str
    crumbs: tuple[Crumb, ...]
    must_propose: bool
    action_url: str
    summary: str = ""
    error: str = ""
    then_url: str = ""  # where to when the files are in; "" shows them


@dataclass(frozen=True, slots=True)
class DeleteFilePage(View):
    """The question before a file is deleted."""

    template: ClassVar[str] = "repository/delete_file.html"
    repo: RepoHead
    revision: str
    path: str
    file_url: str
    action_url: str
    parent_commit: str
    must_propose: bool
    error: str = ""
