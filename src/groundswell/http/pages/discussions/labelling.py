"""The labels of a repository: a page that shows them, and its forms."""

from __future__ import annotations

from groundswell.core.errors import BadRequest, Conflict, NotFound
from groundswell.core.policy import Action
from groundswell.http.pages.discussions.reading import list_url
from groundswell.http.pages.door import Answer, Asked, Redirect
from groundswell.http.pages.repositories import find, head_of
from groundswell.http.pages.views import LabelRow, LabelsPage
from groundswell.hub.discussions import Label
from groundswell.hub.discussions.labels import COLOURS
from groundswell.hub.repos import Repository


def show(asked: Asked) -> Answer:
    """All labels."""
    return _page(asked, find(asked, Action.SEE))


def _page(asked: Asked, repository: Repository, error: str = "") -> LabelsPage:
    head = head_of(asked, repository)
    labels = asked.hub.labels.of_repository(repository)
    rows = tuple(
        LabelRow(
            each.id, each.name, each.colour, each.description,
            list_url(head, "all", f'label:"{each.name}"'),
        )
        for each in labels
    )  # fmt: skip
    made = asked.fields if asked.fields.get("do") == "make" and error else {}
    return LabelsPage(
        repo=head,
        rows=rows,
        colours=COLOURS,
        name=made.get("name", "")[:100],
        description=made.get("description", "")[:400],
        error=error,
    )


def change(asked: Asked) -> Answer:
    """Make, change or delete one."""
    repository = find(asked, Action.WRITE)
    try:
        _do(asked, repository)
    except (BadRequest, Conflict, NotFound) as error:
        return _page(asked, repository, error.message)
    return Redirect(f"/{repository.repo_id.url_path}/discussions/labels", "saved")


def _do(asked: Asked, repository: Repository) -> Label | None:
    fields, labels = asked.fields, asked.hub.labels
    name, colour = fields.get("name", ""), fields.get("colour", "")
    told = fields.get("description", "")
    number = fields.get("label", "")
    label = int(number) if number.isascii() and number.isdigit() and len(number) <= 18 else 0
    match fields.get("do", ""):
        case "make":
            return labels.make(asked.principal, repository, name, colour, told)
        case "change":
            return labels.change(asked.principal, repository, label, name, colour, told)
        case "remove":
            labels.remove(asked.principal, repository, label)
            return None
    msg = "The form does not say what to do."
    raise BadRequest(msg)
