"""Discussions and pull requests, to read."""

from __future__ import annotations

from typing import Final

from groundswell.core.errors import NotFound, RevisionNotFound
from groundswell.core.policy import Action
from groundswell.http.pages.door import Answer, Asked, with_query
from groundswell.http.pages.history import changes_of, commit_line
from groundswell.http.pages.repositories import find, head_of, place, shows
from groundswell.http.pages.views import (
    CommitLine,
    DiscussionPage,
    DiscussionRow,
    DiscussionsPage,
    FileChange,
    RepoHead,
)
from groundswell.http.rendering import renderer
from groundswell.http.routing import Route
from groundswell.hub.discussions import Discussion, DiscussionQuery
from groundswell.hub.repos import Repository
from groundswell.wire.markdown import LinkBase

STATUSES: Final = {"open": True, "closed": False, "all": None}
COMMITS_SHOWN: Final = 20


def _row(head: RepoHead, discussion: Discussion) -> DiscussionRow:
    return DiscussionRow(
        number=discussion.number,
        title=discussion.title,
        url=f"{head.url}/discussions/{discussion.number}",
        status=discussion.status.value,
        is_pull_request=discussion.is_pull_request,
        author=discussion.author or "somebody",
        created_at=discussion.created_at,
    )


def _number(text: str, most: int) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < most else None


def _list(asked: Asked) -> Answer:
    repository = find(asked, Action.SEE)
    head = head_of(asked.principal, repository)
    status = asked.query.get("status", "open")
    status = status if status in STATUSES else "open"
    number = _number(asked.query.get("p", ""), 6) or 0
    query = DiscussionQuery(open=STATUSES[status], page=number)
    found = asked.hub.discussions.list(repository, query)
    here = f"{head.url}/discussions"
    more = found.start + len(found.discussions) < found.count
    return DiscussionsPage(
        repo=head,
        rows=tuple(_row(head, each) for each in found.discussions),
        status=status,
        older_url=with_query(here, status=status, p=str(number + 1)) if more else None,
        newer_url=with_query(here, status=status, p=str(number - 1)) if number else None,
    )


def _show(asked: Asked) -> Answer:
    repository = find(asked, Action.READ)
    head = head_of(asked.principal, repository)
    number = _number(asked.parameters["number"], 10)
    if number is None:
        raise NotFound
    discussion = asked.hub.discussions.get(repository, number)
    said = asked.hub.discussions.timeline(discussion, after=0, limit=1).happenings
    text = said[0].comment.text if said and said[0].comment else ""
    description = renderer().markdown(text, LinkBase(head.url, "main", "", asked.base_url))
    commits, changes = _contribution(asked, repository, head, discussion)
    has_files = discussion.is_pull_request and bool(commits)
    return DiscussionPage(
        repo=head,
        row=_row(head, discussion),
        description_html=description.html if text.strip() else "",
        files_url=place(head, "tree", discussion.reference) if has_files else None,
        commits=commits,
        changes=changes,
    )


def _contribution(
    asked: Asked, repository: Repository, head: RepoHead, discussion: Discussion
) -> tuple[tuple[CommitLine, ...], tuple[FileChange, ...]]:
    """The commits a pull request adds, and what the newest of them changed."""
    if not discussion.is_pull_request:
        return (), ()
    content = asked.hub.content
    try:
        log = content.log(repository, discussion.reference, limit=COMMITS_SHOWN)
        own = []
        for commit in log.commits:
            if commit.id == discussion.base_commit:
                break
            own.append(commit)
        if not own:
            return (), ()
        detail = content.commit_detail(repository, own[0].id)
    except RevisionNotFound:
        return (), ()
    lines = tuple(commit_line(head, commit) for commit in own)
    return lines, changes_of(head, own[0].id, detail)


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        *shows("/discussions", _list, "discussions"),
        *shows("/discussions/{number}", _show, "discussion"),
    ]
