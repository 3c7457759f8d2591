"""Settling what collides between a pull request and main, on a page: each file's text with both
sides between marks, or the choice of a side.

What was written is shown again when it is refused, also when one of the two moved meanwhile.
"""

from __future__ import annotations

from typing import Final

from groundswell.core.errors import BadRequest, Conflict, Forbidden
from groundswell.core.policy import Action, may
from groundswell.core.values import is_commit_id
from groundswell.http.pages.discussions.reading import number_of, row_of
from groundswell.http.pages.door import DOOR, Answer, Asked, Redirect, form
from groundswell.http.pages.repositories import PATTERNS, find, head_of, place
from groundswell.http.pages.views import KnotForm, RepoHead, ResolvePage
from groundswell.http.routing import Route
from groundswell.hub.discussions import Discussion
from groundswell.hub.repos import Repository
from groundswell.hub.resolving import FILES_MAX, Knot, Tangle
from groundswell.hub.resolving import Answer as Settled

BODY_BYTES_MAX: Final = 4 << 20
_SIDES: Final = {"request", "main", "text"}


def show(asked: Asked) -> Answer:
    """The form."""
    return _page(asked, *_found(asked))


def _found(asked: Asked) -> tuple[Repository, Discussion]:
    """The pull request, for its author and who may write.

    Raises:
        Forbidden: for others; NotFound: there is none.
    """
    repository = find(asked, Action.CONTRIBUTE)
    request = asked.hub.discussions.get(repository, number_of(asked))
    writes = may(asked.principal, Action.WRITE, repository.subject).allowed
    if not writes and request.author != asked.principal.name:
        msg = "Only its author, and who may write to the repository, settle a pull request."
        raise Forbidden(msg)
    return repository, request


def _page(asked: Asked, repository: Repository, request: Discussion, error: str = "") -> Answer:
    head = head_of(asked, repository)
    tangle = asked.hub.resolving.look(repository, request)
    written = _written(asked)
    if not tangle.knots and not error:
        return Redirect(f"{head.url}/discussions/{request.number}")
    return ResolvePage(
        repo=head,
        row=row_of(head, request),
        main=tangle.main,
        head=tangle.head,
        knots=tuple(
            _form_of(head, tangle, number, knot, written.get(knot.path))
            for number, knot in enumerate(tangle.knots)
        ),
        is_too_much=tangle.is_too_much,
        error=error,
    )


def _form_of(
    head: RepoHead, tangle: Tangle, number: int, knot: Knot, written: Settled | None
) -> KnotForm:
    text = knot.marked
    side = "text" if knot.marked is not None else ""
    if written is not None and (written.side != "text" or knot.marked is not None):
        side = written.side
        text = written.text if knot.marked is not None and written.text else text
    return KnotForm(
        number=number,
        path=knot.path,
        text=text,
        side=side,
        request_url=place(head, "blob", tangle.head, knot.path) if knot.in_request else None,
        main_url=place(head, "blob", tangle.main, knot.path) if knot.in_main else None,
    )


def _written(asked: Asked) -> dict[str, Settled]:
    """What the form says of each file, by path."""
    fields, found = asked.fields, {}
    for number in range(FILES_MAX):
        path = fields.get(f"path-{number}")
        if path is not None:
            side = fields.get(f"side-{number}", "")
            found[path] = Settled(side if side in _SIDES else "", fields.get(f"text-{number}", ""))
    return found


def settle(asked: Asked) -> Answer:
    """Merge main into the pull request as the form says; back to the talk, or to the form."""
    repository, request = _found(asked)
    tips = asked.fields.get("head", ""), asked.fields.get("main", "")
    if not all(is_commit_id(tip) for tip in tips):
        msg = "The form does not say what it was made for."
        raise BadRequest(msg)
    try:
        asked.hub.resolving.settle(
            asked.principal, repository, request.number, tips, _written(asked)
        )
    except (BadRequest, Conflict) as error:
        return _page(asked, repository, request, error.message)
    url = f"/{repository.repo_id.url_path}/discussions/{request.number}"
    return Redirect(url, "settled")


def routes() -> list[Route]:
    """Forms with whole texts are larger than others."""
    work, name = form(settle), "form resolve"
    return [
        Route(
            ("POST",), f"{pattern}/discussions/{{number}}/resolve", work, DOOR, name,
            body_max_bytes=BODY_BYTES_MAX,
        )
        for pattern in PATTERNS
    ]  # fmt: skip
