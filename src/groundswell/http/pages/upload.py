"""Putting files into a repository from the browser, and taking one out.

The form's files stream to the disk that keeps content, whatever their size; only when the whole
form has come is anything committed.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest, GroundswellError, TooLarge
from groundswell.core.policy import Action
from groundswell.core.values import (
    AddBlob,
    AddRegular,
    CommitHeader,
    DeleteEntry,
    Operation,
    Principal,
    check_path,
)
from groundswell.http.pages.door import (
    DOOR,
    Answer,
    Asked,
    Redirect,
    respond,
)
from groundswell.http.pages.file_forms import file_form
from groundswell.http.pages.multipart import Arrived
from groundswell.http.pages.repositories import (
    PATTERNS,
    crumbs_of,
    find,
    head_of,
    place,
    shows,
    takes,
)
from groundswell.http.pages.views import DeleteFilePage, UploadPage
from groundswell.http.routing import Route
from groundswell.hub.blobs.passes import dedup_domain
from groundswell.hub.commits import Committed, PreuploadFile, UploadMode
from groundswell.hub.repos import Repository

BODY_MAX_BYTES: Final = 1 << 40
REGULAR_BYTES_MAX: Final = 10 << 20
SAMPLE_BYTES: Final = 512
SUMMARY_LENGTH_MAX: Final = 500


def _page(
    asked: Asked, repository: Repository, folder: str, error: str = "", summary: str = ""
) -> UploadPage:
    head = head_of(asked, repository)
    revision = asked.parameters["rev"]
    return UploadPage(
        repo=head,
        revision=revision,
        folder=folder,
        crumbs=crumbs_of(head, revision, folder),
        must_propose=not asked.hub.commits.may_commit(asked.principal, repository, revision),
        action_url=place(head, "upload", revision),
        summary=summary,
        error=error,
        then_url=f"{head.url}/pack" if _makes_pack(asked) else "",
    )


def _makes_pack(asked: Asked) -> bool:
    """Whether the files are to become a knowledge pack."""
    return "pack" in {asked.query.get("then"), asked.fields.get("then")}


def _show(asked: Asked) -> Answer:
    asked.signed_in()
    return _page(asked, find(asked, Action.CONTRIBUTE), asked.parameters.get("path", ""))


def _begin(asked: Asked) -> Repository:
    return find(asked, Action.CONTRIBUTE)


def _finish(
    request: Request, asked: Asked, repository: Repository, files: list[Arrived]
) -> Response:
    folder = asked.fields.get("folder", "").strip().strip("/")
    try:
        committed = _commit(asked, repository, folder, files)
    except GroundswellError as error:
        if error.status >= 500 or error.status in {401, 403}:
            raise
        view = _page(asked, repository, folder, error.message, asked.fields.get("summary", ""))
        response = respond(request, asked, view)
        response.status_code = error.status
        return response
    if _makes_pack(asked):
        folder_url = f"/{repository.repo_id.url_path}/pack"
        return respond(request, asked, landing_of(asked, repository, committed, folder_url))
    folder_url = place(head_of(asked, repository), "tree", asked.parameters["rev"], folder)
    return respond(request, asked, landing_of(asked, repository, committed, folder_url))


def landing_of(
    asked: Asked, repository: Repository, committed: Committed, url: str, note: str = "uploaded"
) -> Redirect:
    """Where a commit leads to: its pull request, or ``url``."""
    number = committed.pull_request_number
    if number is not None:
        head = head_of(asked, repository)
        return Redirect(f"{head.url}/discussions/{number}", "proposed")
    return Redirect(url, note)


def _commit(asked: Asked, repository: Repository, folder: str, files: list[Arrived]) -> Committed:
    if not files:
        msg = "Choose at least one file."
        raise BadRequest(msg)
    paths = [check_path(f"{folder}/{file.name}" if folder else file.name) for file in files]
    told = [
        PreuploadFile(path, file.sample(SAMPLE_BYTES), file.size_bytes)
        for path, file in zip(paths, files, strict=True)
    ]
    commits, revision = asked.hub.commits, asked.parameters["rev"]
    modes = commits.preupload(asked.principal, repository, revision, told)
    operations = [
        _operation(asked, repository, mode.path, file, is_large=mode.mode is UploadMode.LFS)
        for mode, file in zip(modes, files, strict=True)
    ]
    summary = asked.fields.get("summary", "").strip()[:SUMMARY_LENGTH_MAX]
    if not summary:
        summary = f"Upload {paths[0]}" if len(paths) == 1 else f"Upload {len(paths)} files"
    return commits.commit(
        asked.principal,
        repository,
        revision,
        CommitHeader(summary),
        operations,
        create_pr=_proposes(asked, repository),
    )


def _proposes(asked: Asked, repository: Repository) -> bool:
    revision = asked.parameters["rev"]
    may_commit = asked.hub.commits.may_commit(asked.principal, repository, revision)
    return asked.fields.get("how") == "propose" or not may_commit


def _operation(
    asked: Asked, repository: Repository, path: str, file: Arrived, *, is_large: bool
) -> Operation:
    if not is_large:
        if file.size_bytes > REGULAR_BYTES_MAX:
            msg = f"{path} has more than 10 MB and .gitattributes does not send it to LFS."
            raise TooLarge(msg)
        return AddRegular(path, file.read())
    principal: Principal = asked.principal
    assert principal.account_id is not None, "signed in"
    domain = dedup_domain(principal, repository)
    blob = asked.hub.blobs.ingest(domain, repository.id, principal.account_id, file.spooled)
    return AddBlob(path, blob.sha256, blob.size_bytes)


# --- taking one out ---------------------------------------------------------------------------


def _delete_page(asked: Asked, error: str = "") -> DeleteFilePage:
    asked.signed_in()
    repository = find(asked, Action.CONTRIBUTE)
    head = head_of(asked, repository)
    revision, path = asked.parameters["rev"], asked.parameters["path"]
    located = asked.hub.content.raw(repository, revision, path)
    return DeleteFilePage(
        repo=head,
        revision=revision,
        path=path,
        file_url=place(head, "blob", revision, path),
        action_url=place(head, "delete", revision, path),
        parent_commit=located.commit,
        must_propose=not asked.hub.commits.may_commit(asked.principal, repository, revision),
        error=error,
    )


def _ask_delete(asked: Asked) -> Answer:
    return _delete_page(asked)


def _delete(asked: Asked) -> Answer:
    asked.signed_in()
    repository = find(asked, Action.CONTRIBUTE)
    revision, path = asked.parameters["rev"], asked.parameters["path"]
    summary = asked.fields.get("summary", "").strip()[:SUMMARY_LENGTH_MAX] or f"Delete {path}"
    header = CommitHeader(summary, parent_commit=asked.fields.get("parent") or None)
    try:
        committed = asked.hub.commits.commit(
            asked.principal,
            repository,
            revision,
            header,
            [DeleteEntry(path)],
            create_pr=_proposes(asked, repository),
        )
    except GroundswellError as error:
        if error.status >= 500 or error.status in {401, 403, 404}:
            raise
        return _delete_page(asked, error.message)
    top_url = place(head_of(asked, repository), "tree", revision)
    return landing_of(asked, repository, committed, top_url, "deleted")


def routes() -> list[Route]:
    """Addresses of this part."""
    uploads = [
        Route(
            ("POST",),
            f"{pattern}/upload/{{rev}}",
            file_form(_begin, _finish),
            DOOR,
            "form upload",
            body_max_bytes=BODY_MAX_BYTES,
            takes_content=True,
        )
        for pattern in PATTERNS
    ]
    return [
        *uploads,
        *shows("/upload/{rev}", _show, "upload"),
        *shows("/upload/{rev}/{path*}", _show, "upload"),
        *shows("/delete/{rev}/{path*}", _ask_delete, "delete file"),
        *takes("/delete/{rev}/{path*}", _delete, "delete file"),
    ]
