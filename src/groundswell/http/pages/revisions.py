"""Branches, tags and pull requests: the picker above files, and the page that lists them."""

from __future__ import annotations

from typing import Final

from groundswell.core.errors import BadRequest, Conflict, NotFound
from groundswell.core.policy import Action
from groundswell.core.values import is_commit_id
from groundswell.http.pages.door import Answer, Asked, Redirect
from groundswell.http.pages.repositories import find, head_of, place, shows, takes
from groundswell.http.pages.views import RefChoice, RefPicker, RefRow, RefsPage, RepoHead
from groundswell.http.routing import Route
from groundswell.hub.references import Ref
from groundswell.hub.repos import Repository

SHOWN_MAX: Final = 200


def name_of(ref: Ref) -> str:
    """What to write for it in an address: pull requests need their full name."""
    return ref.ref if ref.ref.startswith("refs/pr/") else ref.name


def picker_of(
    asked: Asked, repository: Repository, head: RepoHead, revision: str, door: str, path: str = ""
) -> RefPicker:
    """The revisions one may switch to, staying at the path."""
    refs = asked.hub.references.list(repository, pull_requests=True)

    def choices(found: tuple[Ref, ...]) -> tuple[RefChoice, ...]:
        return tuple(
            RefChoice(name_of(ref), place(head, door, name_of(ref), path), name_of(ref) == revision)
            for ref in found[:SHOWN_MAX]
        )

    shown = revision[:8] if is_commit_id(revision) else revision
    is_tag = any(tag.name == revision for tag in refs.tags)
    return RefPicker(
        shown,
        "tag" if is_tag else "branch",
        choices(refs.branches),
        choices(refs.tags),
        choices(refs.pull_requests),
    )


def _page(asked: Asked, repository: Repository, error: str = "") -> RefsPage:
    head = head_of(asked, repository)
    refs = asked.hub.references.list(repository, pull_requests=True)

    def rows(found: tuple[Ref, ...], *, deletable: bool) -> tuple[RefRow, ...]:
        return tuple(
            RefRow(
                name_of(ref),
                place(head, "tree", name_of(ref)),
                ref.target_commit,
                f"{head.url}/commit/{ref.target_commit}",
                may_delete=deletable and head.may_write and ref.name != "main",
            )
            for ref in found[:SHOWN_MAX]
        )

    return RefsPage(
        head,
        rows(refs.branches, deletable=True),
        rows(refs.tags, deletable=True),
        rows(refs.pull_requests, deletable=False),
        error,
    )


def _show(asked: Asked) -> Answer:
    return _page(asked, find(asked, Action.SEE))


def _carry_out(asked: Asked, repository: Repository, name: str, start: str) -> None:
    references, principal = asked.hub.references, asked.principal
    match (asked.fields.get("create", ""), asked.fields.get("delete", "")):
        case ("branch", ""):
            references.create_branch(principal, repository, name, start)
        case ("tag", ""):
            references.create_tag(principal, repository, start, name)
        case ("", "branch"):
            references.delete_branch(principal, repository, name)
        case ("", "tag"):
            references.delete_tag(principal, repository, name)
        case _:
            msg = "The form says neither what to make nor what to delete."
            raise BadRequest(msg)


def _change(asked: Asked) -> Answer:
    repository = find(asked, Action.WRITE)
    fields = asked.fields
    name = fields.get("name", "").strip()
    start = fields.get("from", "").strip() or "main"
    try:
        _carry_out(asked, repository, name, start)
    except (BadRequest, Conflict, NotFound) as error:
        return _page(asked, repository, error.message)
    return Redirect(f"/{repository.repo_id.url_path}/refs", "saved")


def routes() -> list[Route]:
    """Addresses of this part."""
    return [*shows("/refs", _show, "references"), *takes("/refs", _change, "references")]
