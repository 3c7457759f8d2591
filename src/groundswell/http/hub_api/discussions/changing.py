"""What people do to discussions and pull requests."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest
from groundswell.core.policy import Action
from groundswell.core.values import Principal, RepoId
from groundswell.http.bodies import (
    flag_field,
    json_object,
    text_field,
)
from groundswell.http.errors import json_response
from groundswell.http.hub_api.discussions.entries import Entries
from groundswell.http.hub_api.discussions.reading import number_in
from groundswell.http.hub_api.door import answer, only, repo_id_in, repo_id_of
from groundswell.http.origin import base_url
from groundswell.http.threads import hop
from groundswell.hub.discussions import (
    Happening,
    Status,
)
from groundswell.hub.merge_queue import Landed
from groundswell.hub.merging import Method
from groundswell.hub.repos import Repository
from groundswell.wire.hub_api.discussion import event_of
from groundswell.wiring import Hub


def _comment_in(request: Request) -> int:
    # What cannot be one is looked for too: who may ask at all is decided first.
    return event_of(request.path_params["comment"])


# --- changes --------------------------------------------------------------------------------------


def _create(
    hub: Hub,
    principal: Principal,
    repository: Repository,
    title: str,
    description: str,
    *,
    pull_request: bool,
    source: tuple[RepoId, str] | None,
) -> int:
    if source is not None:
        return hub.forks.propose(principal, repository, *source, title, description)
    return hub.discussions.create(
        principal, repository, title, description, is_pull_request=pull_request
    )


def _source_in(request: Request, body: dict[str, Any]) -> tuple[RepoId, str] | None:
    """The fork and branch that a pull request shall take its commits from: our own field."""
    given = body.get("from")
    if given is None:
        return None
    if not isinstance(given, dict) or not flag_field(body, "pullRequest"):
        msg = '"from" must be an object with "repo" and "revision", of a pull request.'
        raise BadRequest(msg)
    kind = repo_id_of(request).kind.value
    branch = text_field(given, "revision", "main").removeprefix("refs/heads/")
    return repo_id_in(kind, text_field(given, "repo")), branch


async def create(request: Request) -> Response:
    """Open a discussion or a draft pull request."""
    body = await json_object(request)
    number = await answer(
        request,
        Action.CONTRIBUTE,
        _create,
        text_field(body, "title"),
        text_field(body, "description", ""),
        pull_request=flag_field(body, "pullRequest"),
        source=_source_in(request, body),
    )
    return json_response({"num": number})


async def _told(
    request: Request, field: str, happening: Happening, repository: Repository
) -> Response:
    entries = Entries(repository, base_url(request))
    return json_response({field: await hop(entries.one, happening)})


Changed = tuple[Repository, Happening]


def _say(hub: Hub, principal: Principal, repository: Repository, number: int, text: str) -> Changed:
    return repository, hub.discussions.comment(principal, repository, number, text)


async def comment(request: Request) -> Response:
    """Say something."""
    text = text_field(await json_object(request), "comment")
    repository, made = await answer(request, Action.CONTRIBUTE, _say, number_in(request), text)
    return await _told(request, "newMessage", made, repository)


def _edit(
    hub: Hub, principal: Principal, repository: Repository, number: int, comment: int, text: str
) -> Changed:
    return repository, hub.discussions.edit(principal, repository, number, comment, text)


async def edit_comment(request: Request) -> Response:
    """Let one's own comment say something else."""
    text = text_field(await json_object(request), "content")
    number, comment = number_in(request), _comment_in(request)
    repository, now = await answer(request, Action.CONTRIBUTE, _edit, number, comment, text)
    return await _told(request, "updatedComment", now, repository)


def _hide(
    hub: Hub, principal: Principal, repository: Repository, number: int, comment: int
) -> Changed:
    return repository, hub.discussions.hide(principal, repository, number, comment)


async def hide_comment(request: Request) -> Response:
    """Remove what a comment says, for ever."""
    number, comment = number_in(request), _comment_in(request)
    repository, now = await answer(request, Action.CONTRIBUTE, _hide, number, comment)
    return await _told(request, "updatedComment", now, repository)


def _rename(
    hub: Hub, principal: Principal, repository: Repository, number: int, title: str
) -> Changed:
    return repository, hub.discussions.set_title(principal, repository, number, title)


async def rename(request: Request) -> Response:
    """Give it another title."""
    title = text_field(await json_object(request), "title")
    repository, now = await answer(request, Action.CONTRIBUTE, _rename, number_in(request), title)
    return await _told(request, "newTitle", now, repository)


def _set_status(
    hub: Hub, principal: Principal, repository: Repository, number: int, status: str, comment: str
) -> Changed:
    state = Status(status)
    return repository, hub.discussions.set_status(principal, repository, number, state, comment)


async def set_status(request: Request) -> Response:
    """Open or close it."""
    body = await json_object(request)
    status = only(("open", "closed"), text_field(body, "status"), "status")
    comment = text_field(body, "comment", "")
    number = number_in(request)
    repository, now = await answer(request, Action.CONTRIBUTE, _set_status, number, status, comment)
    return await _told(request, "newStatus", now, repository)


def _mark(
    hub: Hub, principal: Principal, repository: Repository, number: int, mark: str, *, on: bool
) -> None:
    if mark == "lock":
        hub.discussions.set_locked(principal, repository, number, locked=on)
    else:
        hub.discussions.set_pinned(principal, repository, number, pinned=on)


async def mark(request: Request) -> Response:
    """Lock or pin it, or take that back."""
    kind = request.path_params["mark"]
    body = await json_object(request)
    on = flag_field(body, "locked" if kind == "lock" else "pinned", default=True)
    await answer(request, Action.WRITE, _mark, number_in(request), kind, on=on)
    return json_response({"success": True})


def _merge(
    hub: Hub,
    principal: Principal,
    repository: Repository,
    number: int,
    method: str,
    comment: str,
    *,
    overrides: bool,
) -> Landed:
    merge = hub.merge_queue.merge
    return merge(principal, repository, number, Method(method), comment, overrides=overrides)


async def merge(request: Request) -> Response:
    """Bring a pull request into main, or into its queue."""
    body = await json_object(request)
    method = only(tuple(Method), text_field(body, "method", Method.MERGE.value), "method")
    comment = text_field(body, "comment", "")
    number = number_in(request)
    overrides = flag_field(body, "override")
    done = await answer(request, Action.WRITE, _merge, number, method, comment, overrides=overrides)
    if done.commit is None:
        return json_response({"success": True, "queued": True, "place": done.place})
    return json_response({"success": True, "mergeCommitId": done.commit})


def _update(hub: Hub, principal: Principal, repository: Repository, number: int) -> str:
    return hub.merging.bring_up_to_date(principal, repository, number)


async def bring_up_to_date(request: Request) -> Response:
    """Merge main into a pull request."""
    commit = await answer(request, Action.CONTRIBUTE, _update, number_in(request))
    return json_response({"success": True, "commitId": commit})
