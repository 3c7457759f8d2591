"""Changing one text file in the browser: a form, a preview of it, and what is saved.

What was typed is never lost: a form that cannot be saved comes back with its text and a reason.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Final

from groundswell.core.errors import BadRequest, GroundswellError
from groundswell.core.policy import Action
from groundswell.core.values import CommitHeader
from groundswell.http.pages.door import Answer, Asked
from groundswell.http.pages.history import lines_of
from groundswell.http.pages.repositories import crumbs_of, find, head_of, place, shows, takes
from groundswell.http.pages.upload import landing_of
from groundswell.http.pages.views import EditPage, FileChange, RepoHead
from groundswell.http.rendering import renderer
from groundswell.http.routing import Route
from groundswell.hub.editing import EDITED_BYTES_MAX, OpenText
from groundswell.hub.repos import Repository
from groundswell.wire.cards import read_card
from groundswell.wire.markdown import LinkBase

SUMMARY_LENGTH_MAX: Final = 500
DESCRIPTION_LENGTH_MAX: Final = 20_000
# A form spells out a byte that is no letter with three.
BODY_MAX_BYTES: Final = 3 * EDITED_BYTES_MAX + 256 * 1024
LINES_SHOWN_MAX: Final = 2_000
_DOCUMENTS: Final = (".md", ".markdown")


def _page(
    asked: Asked,
    repository: Repository,
    before: OpenText | None,
    *,
    file: str,
    text: str,
    error: str = "",
) -> EditPage:
    head = head_of(asked, repository)
    revision = asked.parameters["rev"]
    may_commit = asked.hub.commits.may_commit(asked.principal, repository, revision)
    path = "" if before is None else before.path
    folder = asked.parameters.get("path", "") if before is None else path
    door = "new" if before is None else "edit"
    return EditPage(
        repo=head,
        revision=revision,
        path=path,
        crumbs=crumbs_of(head, revision, folder, "tree" if before is None else "blob"),
        action_url=place(head, door, revision, path),
        back_url=place(head, "tree" if before is None else "blob", revision, folder),
        file=file,
        text=text,
        commit="" if before is None else before.commit,
        must_propose=not may_commit,
        may_propose=revision == "main",
        summary=asked.fields.get("summary", "")[:SUMMARY_LENGTH_MAX],
        description=asked.fields.get("description", "")[:DESCRIPTION_LENGTH_MAX],
        proposes=not may_commit or asked.fields.get("how") == "propose",
        error=error,
    )


def _open(asked: Asked, repository: Repository, revision: str) -> OpenText:
    return asked.hub.editing.open(repository, revision, asked.parameters["path"])


def _edit(asked: Asked) -> Answer:
    asked.signed_in()
    repository = find(asked, Action.CONTRIBUTE)
    before = _open(asked, repository, asked.parameters["rev"])
    return _page(asked, repository, before, file=before.path, text=before.text)


def _new(asked: Asked) -> Answer:
    asked.signed_in()
    repository = find(asked, Action.CONTRIBUTE)
    folder = asked.parameters.get("path", "")
    return _page(asked, repository, None, file=f"{folder}/" if folder else "", text="")


def _take_edit(asked: Asked) -> Answer:
    asked.signed_in()
    repository = find(asked, Action.CONTRIBUTE)
    return _take(asked, repository, _open(asked, repository, _commit_named(asked)))


def _commit_named(asked: Asked) -> str:
    """The commit at which the text was opened: never more than what may be read anyway."""
    commit = asked.fields.get("commit", "")
    if len(commit) != 40 or not commit.isalnum():
        raise BadRequest("This form is not whole: open the file again.")
    return commit


def _take_new(asked: Asked) -> Answer:
    asked.signed_in()
    return _take(asked, find(asked, Action.CONTRIBUTE), None)


def _take(asked: Asked, repository: Repository, before: OpenText | None) -> Answer:
    """Show the preview, or save."""
    text = asked.fields.get("text", "").replace("\r\n", "\n").replace("\r", "\n")
    file = asked.fields.get("file", "").strip().strip("/")
    if asked.fields.get("do") == "preview":
        return _preview(asked, repository, before, file, text)
    page = _page(asked, repository, before, file=file, text=text)
    try:
        if not file:
            raise BadRequest("A file needs a name.")
        committed = asked.hub.editing.save(
            asked.principal,
            repository,
            page.revision,
            CommitHeader(page.summary.strip() or _summary(before, file), page.description),
            before,
            file,
            text,
            create_pr=page.proposes,
        )
    except GroundswellError as error:
        if error.status >= 500 or error.status in {401, 403}:
            raise
        return replace(page, error=error.message)
    return landing_of(asked, repository, committed, place(page.repo, "blob", page.revision, file))


def _summary(before: OpenText | None, file: str) -> str:
    if before is None:
        return f"Create {file}"
    return f"Update {file}" if file == before.path else f"Move {before.path} to {file}"


def _preview(
    asked: Asked, repository: Repository, before: OpenText | None, file: str, text: str
) -> Answer:
    page = _page(asked, repository, before, file=file, text=text)
    found = asked.hub.editing.compare(before, text)
    change = FileChange(
        path=file,
        old_path=None if before is None else before.path,
        status="added" if before is None else "modified",
        url=None,
        additions=found.added_lines,
        deletions=found.deleted_lines,
        lines=lines_of(found.hunks, LINES_SHOWN_MAX),
        note="" if found.hunks else "No line differs.",
    )
    document = None
    if file.lower().endswith(_DOCUMENTS):
        document = _rendered(asked, page.repo, page.revision, file, text)
    return replace(page, is_preview=True, change=change, document_html=document)


def _rendered(asked: Asked, head: RepoHead, revision: str, file: str, text: str) -> str:
    base = LinkBase(head.url, revision, file.rpartition("/")[0], asked.base_url)
    try:
        body = read_card(text).body
    except BadRequest:
        body = text
    key = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return renderer().markdown(body, base, key).html


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        *shows("/edit/{rev}/{path*}", _edit, "edit file"),
        *takes("/edit/{rev}/{path*}", _take_edit, "edit file", body_max_bytes=BODY_MAX_BYTES),
        *shows("/new/{rev}", _new, "new file"),
        *shows("/new/{rev}/{path*}", _new, "new file"),
        *takes("/new/{rev}", _take_new, "new file", body_max_bytes=BODY_MAX_BYTES),
    ]
