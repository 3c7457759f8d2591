"""Requests for review over the API: who is asked, asking people, asking them no longer."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest
from groundswell.core.policy import Action
from groundswell.core.values import Principal
from groundswell.http.bodies import json_object
from groundswell.http.errors import json_response
from groundswell.http.hub_api.discussions import review_shapes as shapes
from groundswell.http.hub_api.discussions.reading import number_in
from groundswell.http.hub_api.door import answer
from groundswell.hub.repos import Repository
from groundswell.hub.reviews.values import ASKED_MAX
from groundswell.wiring import Hub


def _told(hub: Hub, principal: Principal, repository: Repository, number: int) -> dict[str, Any]:
    request = hub.reviews.reading.request(repository, number)
    asked = hub.reviews.requests.listed(principal, repository, request)
    suggested = hub.suggesting.people(principal, repository, request)
    return {
        "requests": [shapes.asked(each) for each in asked],
        "suggested": [{"name": name} for name in suggested],
    }


async def list_requests(request: Request) -> Response:
    """Who is asked; and who looks after what it touches, and could be."""
    return json_response(await answer(request, Action.READ, _told, number_in(request)))


def _ask(
    hub: Hub, principal: Principal, repository: Repository, number: int, names: list[str]
) -> dict[str, Any]:
    hub.reviews.requests.ask(principal, repository, number, names)
    return _told(hub, principal, repository, number)


async def ask_for_review(request: Request) -> Response:
    """Ask people."""
    body = await json_object(request)
    names = body.get("reviewers")
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        msg = '"reviewers" must be a list of names.'
        raise BadRequest(msg)
    if len(names) > ASKED_MAX:
        msg = f"At most {ASKED_MAX} people are asked for a review."
        raise BadRequest(msg)
    return json_response(await answer(request, Action.CONTRIBUTE, _ask, number_in(request), names))


def _withdraw(
    hub: Hub, principal: Principal, repository: Repository, number: int, name: str
) -> dict[str, Any]:
    hub.reviews.requests.withdraw(principal, repository, number, name)
    return _told(hub, principal, repository, number)


async def ask_no_longer(request: Request) -> Response:
    """Ask somebody no longer, or decline."""
    name = request.path_params["account"]
    return json_response(
        await answer(request, Action.CONTRIBUTE, _withdraw, number_in(request), name)
    )
