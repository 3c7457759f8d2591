"""Commits: the history of a revision or path, and what one commit changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from groundswell.core.errors import NotFound
from groundswell.core.policy import Action
from groundswell.core.values import size_text
from groundswell.http.pages.checks import rows_of
from groundswell.http.pages.door import Answer, Asked, with_query
from groundswell.http.pages.repositories import crumbs_of, find, head_of, place, shows
from groundswell.http.pages.revisions import picker_of
from groundswell.http.pages.views import (
    CommitLine,
    CommitPage,
    DiffLine,
    DiffView,
    FileChange,
    HistoryPage,
    RepoHead,
    Tag,
)
from groundswell.http.routing import Route
from groundswell.hub.content import CommitDiff
from groundswell.hub.repos import Repository
from groundswell.wire.markdown import LinkBase, linked

ON_PAGE: Final = 50
PAGES_MAX: Final = 100_000
FILES_SHOWN_MAX: Final = 100
LINES_SHOWN_MAX: Final = 4_000
LINE_LENGTH_MAX: Final = 2_000
MESSAGE_LENGTH_MAX: Final = 20_000


class _Author(Protocol):
    @property
    def name(self) -> str: ...


class Commit(Protocol):
    """As much of a commit as a line shows."""

    @property
    def id(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def description(self) -> str: ...

    @property
    def author(self) -> _Author: ...

    @property
    def time(self) -> int: ...


class _Hunk(Protocol):
    @property
    def old_start(self) -> int: ...

    @property
    def old_lines(self) -> int: ...

    @property
    def new_start(self) -> int: ...

    @property
    def new_lines(self) -> int: ...

    @property
    def lines(self) -> Sequence[str]: ...


def commit_line(head: RepoHead, commit: Commit) -> CommitLine:
    """A commit in one line; texts in it are whatever their author wrote."""
    return CommitLine(
        commit.id,
        f"{head.url}/commit/{commit.id}",
        commit.title[:300] or "(no message)",
        commit.author.name[:100],
        commit.time,
        commit.description[:MESSAGE_LENGTH_MAX],
    )


def _page_number(asked: Asked) -> int:
    text = asked.query.get("p", "")
    return min(int(text), PAGES_MAX) if text.isascii() and text.isdigit() and len(text) < 8 else 0


def _history(asked: Asked) -> Answer:
    repository = find(asked, Action.SEE)
    head = head_of(asked, repository)
    revision, path = asked.parameters["rev"], asked.parameters.get("path", "")
    number = _page_number(asked)
    content = asked.hub.content
    if path:
        commits = content.path_log(repository, revision, path, limit=ON_PAGE, page=number)
        total, more = None, len(commits) == ON_PAGE
        if not commits and number == 0:
            raise NotFound
    else:
        log = content.log(repository, revision, limit=ON_PAGE, page=number)
        commits, total = log.commits, log.total
        more = (number + 1) * ON_PAGE < log.total
    here = place(head, "commits", revision, path)
    return HistoryPage(
        repo=head,
        revision=revision,
        path=path,
        picker=picker_of(asked, repository, head, revision, "commits", path),
        crumbs=crumbs_of(head, revision, path),
        commits=tuple(commit_line(head, commit) for commit in commits),
        total=total,
        newer_url=with_query(here, p=str(number - 1) if number > 1 else None) if number else None,
        older_url=with_query(here, p=str(number + 1)) if more else None,
    )


def lines_of(hunks: Sequence[_Hunk], left: int) -> tuple[DiffLine, ...]:
    """Lines of a diff, at most ``left`` of them."""
    found: list[DiffLine] = []
    for hunk in hunks:
        old, new = hunk.old_start, hunk.new_start
        text = f"@@ -{hunk.old_start},{hunk.old_lines} +{hunk.new_start},{hunk.new_lines} @@"
        found.append(DiffLine("hunk", None, None, text))
        for line in hunk.lines:
            if len(found) >= left:
                return tuple(found)
            sign, text = line[:1], line[1:].rstrip("\r\n")[:LINE_LENGTH_MAX]
            if sign == "+":
                found.append(DiffLine("add", None, new, text))
                new += 1
            elif sign == "-":
                found.append(DiffLine("delete", old, None, text))
                old += 1
            else:
                found.append(DiffLine("context", old, new, text))
                old, new = old + 1, new + 1
    return tuple(found)


def _sizes_text(old_bytes: int, new_bytes: int) -> str:
    """What can be said of a change that is not of text."""
    if old_bytes and new_bytes and old_bytes != new_bytes:
        return f"Not text: {size_text(new_bytes)}, before {size_text(old_bytes)}."
    return f"Not text: {size_text(new_bytes or old_bytes)}."


def changes_of(head: RepoHead, commit: str, compared: CommitDiff) -> tuple[FileChange, ...]:
    """What differs, path by path, as much as a page can carry; ``commit`` is the newer side."""
    found: list[FileChange] = []
    left = LINES_SHOWN_MAX
    for diff in compared.files[:FILES_SHOWN_MAX]:
        lines = lines_of(diff.hunks, left) if diff.hunks and left > 0 else None
        left -= len(lines or ())
        change = diff.change
        note = ""
        if diff.is_truncated or (diff.hunks and lines is None):
            note = "Too many changes to show here."
        elif diff.is_binary:
            note = _sizes_text(diff.old_size_bytes, diff.new_size_bytes)
        found.append(
            FileChange(
                path=change.path,
                old_path=None,
                status=change.status.value,
                url=place(head, "blob", commit, change.path) if change.new is not None else None,
                additions=diff.added_lines,
                deletions=diff.deleted_lines,
                lines=lines,
                note=note,
            )
        )
    return tuple(found)


def _arrival_text(asked: Asked, repository: Repository, commit_id: str) -> str:
    """What it took to bring the commit's large files, for those who may know what was here."""
    if not asked.reads_namespace(repository.owner_id):
        return ""
    arrival = asked.hub.blobs.arrivals.of_commit(repository.id, commit_id)
    return "" if arrival is None else arrival.text


def diff_view(asked: Asked, here: str) -> DiffView:
    """How the visitor wants diffs to be drawn on the page of that address."""
    is_split = asked.query.get("view") == "split"
    return DiffView(is_split, here if is_split else with_query(here, view="split"))


def _commit(asked: Asked) -> Answer:
    repository = find(asked, Action.READ)
    head = head_of(asked, repository)
    detail = asked.hub.content.commit_detail(repository, asked.parameters["commit"])
    summary = detail.summary
    changes = changes_of(head, summary.id, detail.diff)
    line, here = commit_line(head, summary), LinkBase(head.url)
    return CommitPage(
        repo=head,
        commit=line,
        title_html=linked(line.title, here),
        message_html=linked(line.message, here),
        parents=tuple(Tag(parent[:8], f"{head.url}/commit/{parent}") for parent in summary.parents),
        tree_url=place(head, "tree", summary.id),
        changes=changes,
        changes_left_out=max(0, detail.diff.file_count - len(changes)),
        diff=diff_view(asked, line.url),
        is_truncated=detail.diff.is_truncated,
        arrival=_arrival_text(asked, repository, summary.id),
        checks=rows_of(asked, repository, head, summary.id),
    )


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        *shows("/commits/{rev}", _history, "history"),
        *shows("/commits/{rev}/{path*}", _history, "history"),
        *shows("/commit/{commit}", _commit, "commit"),
    ]
