"""The Hub API's discussions, as far as pull requests need them (Hub API, section 11)."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest
from groundswell.core.policy import Action
from groundswell.core.values import Principal
from groundswell.http.bodies import count_field, flag_field, json_object, text_field
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import REPOSITORY, answer, only, query_of, route
from groundswell.http.routing import Route
from groundswell.hub.discussions import Discussion, DiscussionPage, DiscussionQuery, Status
from groundswell.hub.repos import Repository
from groundswell.wire.hub_api.text import date_text, last_values
from groundswell.wiring import Hub

Json = dict[str, Any]

PAGES_MAX: Final = 100_000


def _item(repository: Repository, discussion: Discussion) -> Json:
    return {
        "num": discussion.number,
        "title": discussion.title,
        "author": {"name": discussion.author or "deleted"},
        "createdAt": date_text(discussion.created_at),
        "status": discussion.status,
        "isPullRequest": discussion.is_pull_request,
        "repo": {"name": repository.full_name, "type": repository.kind.value},
        "pinned": False,
        "numComments": 0,
    }


def _number_in(request: Request) -> int:
    text = request.path_params["number"]
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        msg = "A discussion is named by its number."
        raise BadRequest(msg)
    return int(text)


_KINDS: Final[dict[str, bool | None]] = {"all": None, "discussion": False, "pull_request": True}
_STATES: Final[dict[str, bool | None]] = {"all": None, "open": True, "closed": False}


def _list(
    hub: Hub, _principal: Principal, repository: Repository, query: DiscussionQuery
) -> tuple[Repository, DiscussionPage]:
    return repository, hub.discussions.list(repository, query)


async def _list_discussions(request: Request) -> Response:
    asked = last_values(query_of(request))
    query = DiscussionQuery(
        is_pull_request=_KINDS[only(tuple(_KINDS), asked.get("type", "all"), "type")],
        open=_STATES[only(tuple(_STATES), asked.get("status", "all"), "status")],
        author=asked.get("author") or None,
        page=count_field(asked, "p", 0, PAGES_MAX),
    )
    repository, page = await answer(request, Action.SEE, _list, query)
    return json_response(
        {
            "discussions": [_item(repository, discussion) for discussion in page.discussions],
            "count": page.count,
            "start": page.start,
        }
    )


def _get(
    hub: Hub, _principal: Principal, repository: Repository, number: int
) -> tuple[Repository, Discussion]:
    return repository, hub.discussions.get(repository, number)


async def _one(request: Request) -> Response:
    repository, discussion = await answer(request, Action.SEE, _get, _number_in(request))
    body = _item(repository, discussion)
    body["events"] = [_first_comment(discussion)]
    if discussion.is_pull_request:
        body["changes"] = {"base": "refs/heads/main"}
        if discussion.merge_commit is not None:
            body["changes"]["mergeCommitId"] = discussion.merge_commit
        body["filesWithConflicts"] = []
    return json_response(body)


def _first_comment(discussion: Discussion) -> Json:
    author = {"name": discussion.author or "deleted"}
    at = date_text(discussion.created_at)
    latest = {"raw": discussion.description, "html": "", "updatedAt": at, "author": author}
    return {
        "id": f"{discussion.number:024x}",
        "type": "comment",
        "createdAt": at,
        "author": author,
        "data": {"edited": False, "hidden": False, "latest": latest, "history": [latest]},
    }


def _create(
    hub: Hub,
    principal: Principal,
    repository: Repository,
    title: str,
    description: str,
    *,
    pull_request: bool,
) -> int:
    return hub.discussions.create(
        principal, repository, title, description, is_pull_request=pull_request
    )


async def _new(request: Request) -> Response:
    body = await json_object(request)
    number = await answer(
        request,
        Action.CONTRIBUTE,
        _create,
        text_field(body, "title"),
        text_field(body, "description", ""),
        pull_request=flag_field(body, "pullRequest"),
    )
    return json_response({"num": number})


def _set_status(
    hub: Hub, principal: Principal, repository: Repository, number: int, status: str
) -> Discussion:
    return hub.discussions.set_status(principal, repository, number, Status(status))


async def _status(request: Request) -> Response:
    body = await json_object(request)
    status = only(("open", "closed"), text_field(body, "status"), "status")
    discussion = await answer(request, Action.CONTRIBUTE, _set_status, _number_in(request), status)
    author = {"name": discussion.author or "deleted"}
    event = {
        "id": f"{discussion.number:023x}s",
        "type": "status-change",
        "createdAt": date_text(discussion.created_at),
        "author": author,
        "data": {"status": discussion.status},
    }
    return json_response({"newStatus": event})


def _merge(hub: Hub, principal: Principal, repository: Repository, number: int) -> str:
    return hub.discussions.merge(principal, repository, number)


async def _merge_request(request: Request) -> Response:
    commit = await answer(request, Action.WRITE, _merge, _number_in(request))
    return json_response({"success": True, "mergeCommitId": commit})


def routes() -> list[Route]:
    """Addresses of this part."""
    where = f"{REPOSITORY}/discussions"
    return [
        route("GET", where, _list_discussions, "discussions"),
        route("POST", where, _new, "create discussion"),
        route("GET", f"{where}/{{number}}", _one, "discussion"),
        route("POST", f"{where}/{{number}}/status", _status, "discussion status"),
        route("POST", f"{where}/{{number}}/merge", _merge_request, "merge"),
    ]
