"""Folders and files at a revision."""

from __future__ import annotations

from typing import Final

from groundswell.core.errors import EntryNotFound, RevisionNotFound, Unavailable
from groundswell.core.policy import Action, may
from groundswell.core.values import EntryKind
from groundswell.http.pages.content import Place, Shown, shown_content
from groundswell.http.pages.door import Answer, Asked, Redirect, with_query
from groundswell.http.pages.history import commit_line
from groundswell.http.pages.repositories import crumbs_of, find, head_of, place, shows
from groundswell.http.pages.revisions import picker_of
from groundswell.http.pages.views import (
    CommitLine,
    FilePage,
    FileRow,
    RepoHead,
    TextContent,
    TreePage,
)
from groundswell.http.routing import Route
from groundswell.hub.content import TreeItem
from groundswell.hub.editing import EDITED_BYTES_MAX
from groundswell.hub.repos import Repository

ON_PAGE: Final = 200


def _row(head: RepoHead, revision: str, item: TreeItem, *, downloads: bool) -> FileRow:
    entry = item.entry
    is_folder = entry.kind is EntryKind.DIRECTORY
    last = item.last_commit
    return FileRow(
        name=entry.path.rpartition("/")[2],
        url=place(head, "tree" if is_folder else "blob", revision, entry.path),
        is_folder=is_folder,
        size_bytes=entry.size_bytes,
        is_large=entry.pointer is not None,
        download_url=None
        if is_folder or not downloads
        else with_query(place(head, "resolve", revision, entry.path), download="true"),
        last_commit=commit_line(head, last) if last is not None else None,
    )


def _last_commit(
    asked: Asked, repository: Repository, head: RepoHead, revision: str, path: str
) -> CommitLine | None:
    """The newest commit that touched a path; None when that takes too long to find out."""
    content = asked.hub.content
    if not path:
        commits = content.log(repository, revision, limit=1).commits
        return commit_line(head, commits[0]) if commits else None
    try:
        items = content.paths_info(repository, revision, [path], expand=True)
    except Unavailable:
        return None
    found = items[0].last_commit if items else None
    return commit_line(head, found) if found is not None else None


def _tree(asked: Asked) -> Answer:
    repository = find(asked, Action.SEE)
    head = head_of(asked, repository)
    revision, path = asked.parameters["rev"], asked.parameters.get("path", "")
    cursor = asked.query.get("cursor") or None
    try:
        page = asked.hub.content.tree(
            repository, revision, path, expand=True, limit=ON_PAGE, cursor=cursor
        )
    except RevisionNotFound:
        if revision == "main" and not path and repository.head_commit is None:
            return _nothing_yet(asked, repository, head)
        raise
    except EntryNotFound:
        if asked.hub.content.paths_info(repository, revision, [path]):
            return Redirect(place(head, "blob", revision, path))
        raise
    reads = may(asked.principal, Action.READ, repository.subject).allowed
    here = place(head, "tree", revision, path)
    return TreePage(
        repo=head,
        revision=revision,
        path=path,
        picker=picker_of(asked, repository, head, revision, "tree"),
        crumbs=crumbs_of(head, revision, path),
        rows=tuple(_row(head, revision, item, downloads=reads) for item in page.items),
        next_url=with_query(here, cursor=page.next_cursor) if page.next_cursor else None,
        history_url=place(head, "commits", revision, path),
        upload_url=place(head, "upload", revision, path) if head.may_contribute else None,
        new_file_url=place(head, "new", revision, path) if head.may_contribute else None,
        commit=_last_commit(asked, repository, head, page.commit, path),
    )


def _nothing_yet(asked: Asked, repository: Repository, head: RepoHead) -> Answer:
    return TreePage(
        repo=head,
        revision="main",
        path="",
        picker=picker_of(asked, repository, head, "main", "tree"),
        crumbs=crumbs_of(head, "main", ""),
        rows=(),
        next_url=None,
        history_url=place(head, "commits", "main"),
        upload_url=place(head, "upload", "main") if head.may_contribute else None,
        new_file_url=place(head, "new", "main") if head.may_contribute else None,
        commit=None,
    )


def _blob(asked: Asked) -> Answer:
    repository = find(asked, Action.READ)
    head = head_of(asked, repository)
    revision, path = asked.parameters["rev"], asked.parameters["path"]
    try:
        located = asked.hub.content.locate(repository, revision, path)
    except EntryNotFound:
        items = asked.hub.content.paths_info(repository, revision, [path])
        if items and items[0].entry.kind is EntryKind.DIRECTORY:
            return Redirect(place(head, "tree", revision, path))
        raise
    entry = located.entry
    here = place(head, "blob", revision, path)
    resolve = place(head, "resolve", revision, path)
    where = Place(asked, repository, head, revision, located, here)
    shown = shown_content(where)
    is_text = _is_text(shown, entry.size_bytes)
    return FilePage(
        repo=head,
        revision=revision,
        path=path,
        picker=picker_of(asked, repository, head, revision, "blob", path),
        crumbs=crumbs_of(head, revision, path, "blob"),
        size_bytes=entry.size_bytes,
        is_large=entry.pointer is not None,
        sha256=entry.pointer.sha256 if entry.pointer is not None else None,
        download_url=with_query(resolve, download="true"),
        raw_url=place(head, "raw", revision, path),
        history_url=place(head, "commits", revision, path),
        permalink_url=place(head, "blob", located.commit, path),
        delete_url=place(head, "delete", revision, path) if head.may_contribute else None,
        edit_url=place(head, "edit", revision, path) if is_text and head.may_contribute else None,
        blame_url=place(head, "blame", revision, path)
        if is_text and entry.pointer is None
        else None,
        commit=_last_commit(asked, repository, head, located.commit, path),
        content=shown.content,
        source_url=where.link(view=None if where.wants_source else "source")
        if shown.has_source
        else None,
        is_source=where.wants_source,
    )


def _is_text(shown: Shown, size_bytes: int) -> bool:
    """Whether it has lines, few enough to be changed in a form."""
    is_text = shown.has_source or isinstance(shown.content, TextContent) or size_bytes == 0
    return is_text and size_bytes <= EDITED_BYTES_MAX


def _plain_tree(asked: Asked) -> Answer:
    """``/tree`` without a revision means main."""
    return Redirect(place(head_of(asked, find(asked, Action.SEE)), "tree", "main"))


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        *shows("/tree", _plain_tree, "tree"),
        *shows("/tree/{rev}", _tree, "tree"),
        *shows("/tree/{rev}/{path*}", _tree, "tree"),
        *shows("/blob/{rev}/{path*}", _blob, "file"),
    ]
