"""Reactions to comments, labels of a repository and of its discussions, and assignees."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest, NotFound
from groundswell.core.policy import Action
from groundswell.core.values import Principal
from groundswell.http.bodies import flag_field, json_object, text_field
from groundswell.http.errors import json_response
from groundswell.http.hub_api.discussions.reading import number_in
from groundswell.http.hub_api.door import answer
from groundswell.hub.discussions import Label
from groundswell.hub.discussions.labels import COLOURS, LABELS_ON_ONE_MAX
from groundswell.hub.discussions.reactions import KINDS
from groundswell.hub.repos import Repository
from groundswell.wire.hub_api.discussion import event_of
from groundswell.wiring import Hub

_KIND_OF: Final = {sign: kind for kind, sign in KINDS.items()}


def label_json(label: Label) -> dict[str, Any]:
    """A label as the Hub API writes it."""
    return {
        "id": label.id,
        "name": label.name,
        "colour": label.colour,
        "description": label.description,
    }


# --- reactions ------------------------------------------------------------------------------------


def _react(
    hub: Hub,
    principal: Principal,
    repository: Repository,
    number: int,
    comment: int,
    kind: str,
    on: bool | None,  # noqa: FBT001 - three answers
) -> bool:
    return hub.reactions.react(principal, repository, number, comment, kind, on=on)


async def react(request: Request) -> Response:
    """Give a sign to a comment, by its name or itself, or take it back."""
    body = await json_object(request)
    written = text_field(body, "reaction")
    kind = _KIND_OF.get(written, written)
    on = flag_field(body, "on") if "on" in body else None
    number, comment = number_in(request), event_of(request.path_params["comment"])
    given = await answer(request, Action.CONTRIBUTE, _react, number, comment, kind, on)
    return json_response({"reaction": kind, "given": given})


# --- labels ---------------------------------------------------------------------------------------


def _list(hub: Hub, _principal: Principal, repository: Repository) -> list[dict[str, Any]]:
    return [label_json(each) for each in hub.labels.of_repository(repository)]


async def list_labels(request: Request) -> Response:
    """The labels of a repository."""
    return json_response({"labels": await answer(request, Action.SEE, _list)})


def _label_in(request: Request) -> int:
    text = request.path_params["label"]
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        return 0  # of no label: who may ask at all is decided first
    return int(text)


def _make(
    hub: Hub, principal: Principal, repository: Repository, name: str, colour: str, told: str
) -> Label:
    return hub.labels.make(principal, repository, name, colour, told)


async def make_label(request: Request) -> Response:
    """Make a label."""
    body = await json_object(request)
    name, colour = text_field(body, "name"), text_field(body, "colour", COLOURS[0])
    told = text_field(body, "description", "")
    return json_response(label_json(await answer(request, Action.WRITE, _make, name, colour, told)))


def _change(
    hub: Hub,
    principal: Principal,
    repository: Repository,
    label: int,
    changes: dict[str, str],
) -> Label:
    known = {each.id: each for each in hub.labels.of_repository(repository)}
    if label not in known:
        msg = "Label not found"
        raise NotFound(msg)
    present = known[label]
    names = ("name", "colour", "description")
    values = {name: changes.get(name, getattr(present, name)) for name in names}
    return hub.labels.change(principal, repository, label, **values)


async def change_label(request: Request) -> Response:
    """Change what is named of a label."""
    body = await json_object(request)
    names = ("name", "colour", "description")
    changes = {name: text_field(body, name) for name in names if name in body}
    label = await answer(request, Action.WRITE, _change, _label_in(request), changes)
    return json_response(label_json(label))


def _remove(hub: Hub, principal: Principal, repository: Repository, label: int) -> None:
    hub.labels.remove(principal, repository, label)


async def remove_label(request: Request) -> Response:
    """Delete a label."""
    await answer(request, Action.WRITE, _remove, _label_in(request))
    return json_response({"success": True})


# --- of a discussion ------------------------------------------------------------------------------


def _give(
    hub: Hub, principal: Principal, repository: Repository, number: int, names: list[str]
) -> list[dict[str, Any]]:
    hub.labels.give(principal, repository, number, names)
    return [label_json(each) for each in hub.discussions.get(repository, number).labels]


async def give_labels(request: Request) -> Response:
    """Let a discussion have exactly these labels."""
    names = (await json_object(request)).get("labels")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        msg = 'Invalid "labels": expected a list of names.'
        raise BadRequest(msg)
    if len(names) > LABELS_ON_ONE_MAX:
        msg = f"A discussion has at most {LABELS_ON_ONE_MAX} labels."
        raise BadRequest(msg)
    told = await answer(request, Action.WRITE, _give, number_in(request), names)
    return json_response({"labels": told})


def _assign(
    hub: Hub, principal: Principal, repository: Repository, number: int, name: str, *, on: bool
) -> list[str]:
    hub.labels.assign(principal, repository, number, name, on=on)
    return list(hub.discussions.get(repository, number).assignees)


async def assign(request: Request) -> Response:
    """Let somebody see to a discussion, or no longer."""
    body = await json_object(request)
    name, on = text_field(body, "user"), flag_field(body, "assigned", default=True)
    told = await answer(request, Action.WRITE, _assign, number_in(request), name, on=on)
    return json_response({"assignees": told})
