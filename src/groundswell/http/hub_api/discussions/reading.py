"""Lists of discussions, and one with everything that happened in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest, RevisionNotFound
from groundswell.core.policy import Action, may
from groundswell.core.values import Principal
from groundswell.http.bodies import (
    count_field,
)
from groundswell.http.errors import json_response
from groundswell.http.hub_api.discussions.entries import Entries, Json, item
from groundswell.http.hub_api.door import answer, only, query_of
from groundswell.http.origin import base_url
from groundswell.http.threads import hop
from groundswell.hub.content.patches import patch_text
from groundswell.hub.discussions import (
    Discussion,
    DiscussionPage,
    DiscussionQuery,
    Happening,
    Reaction,
    Status,
)
from groundswell.hub.discussions.searching import asked as typed
from groundswell.hub.repos import Repository
from groundswell.hub.rules.needs import Needs
from groundswell.wire.hub_api.text import last_values
from groundswell.wiring import Hub

PAGES_MAX: Final = 100_000
# Of a longer discussion the first and newest comments come as they look on its page, the others as
# plain text: an answer must not take seconds.
RENDERED_MAX: Final = 100
PATHS_TOLD_MAX: Final = 100


def number_in(request: Request) -> int:
    """The discussion that the path names. Raises BadRequest."""
    text = request.path_params["number"]
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        msg = "A discussion is named by its number."
        raise BadRequest(msg)
    return int(text)


# --- lists ----------------------------------------------------------------------------------------

_KINDS: Final[dict[str, bool | None]] = {"all": None, "discussion": False, "pull_request": True}
_STATES: Final[dict[str, bool | None]] = {"all": None, "open": True, "closed": False}


def _list(
    hub: Hub, _principal: Principal, repository: Repository, query: DiscussionQuery
) -> tuple[Repository, DiscussionPage]:
    return repository, hub.discussions.list(repository, query)


async def list_discussions(request: Request) -> Response:
    """A page of them."""
    asked = last_values(query_of(request))
    query = DiscussionQuery(
        is_pull_request=_KINDS[only(tuple(_KINDS), asked.get("type", "all"), "type")],
        open=_STATES[only(tuple(_STATES), asked.get("status", "all"), "status")],
        author=asked.get("author") or None,
        assignee=asked.get("assignee") or None,
        labels=(asked["label"],) if asked.get("label") else (),
        page=count_field(asked, "p", 0, PAGES_MAX),
    )
    query = typed(asked.get("search", ""), query)
    repository, page = await answer(request, Action.SEE, _list, query)
    return json_response(
        {
            "discussions": [item(repository, discussion) for discussion in page.discussions],
            "count": page.count,
            "start": page.start,
        }
    )


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is told of one discussion; of a pull request also what it changes."""

    repository: Repository
    discussion: Discussion
    happenings: tuple[Happening, ...]
    conflicts: tuple[str, ...] = ()
    diff: str | None = None
    needs: Needs | None = None
    reactions: Mapping[int, tuple[Reaction, ...]] = field(default_factory=dict)


def _get(
    hub: Hub, principal: Principal, repository: Repository, number: int, *, with_diff: bool
) -> _Shown:
    discussion = hub.discussions.get(repository, number)
    happenings = hub.discussions.timeline(discussion).happenings
    comments = [each.id for each in happenings if each.comment is not None]
    reactions = hub.reactions.at(principal, comments)
    shown = _Shown(repository, discussion, happenings, reactions=reactions)
    if (
        not discussion.is_pull_request
        or not may(principal, Action.READ, repository.subject).allowed
    ):
        return shown
    try:
        meeting = hub.merging.look(repository, discussion)
    except RevisionNotFound:
        return shown
    conflicts = tuple(each.path for each in meeting.collisions)
    diff = None
    if with_diff:
        diff = patch_text(hub.content.compare(repository, meeting.base, meeting.head))
    needs = None
    if discussion.status in {Status.DRAFT, Status.OPEN}:
        needs = hub.merging.needs(repository, discussion)
    return replace(shown, conflicts=conflicts, diff=diff, needs=needs)


def needs_json(needs: Needs) -> Json:
    """What the rules of main demand, and what stands in the way. The Hub API has no such field."""
    terms = needs.terms
    return {
        "blockers": [{"name": each.name, "message": each.words} for each in needs.blockers],
        "approvals": {"needed": terms.approvals, "givenBy": list(needs.approved_by)},
        "changesRequestedBy": list(needs.objected_by),
        "checks": [
            {
                "name": each.name,
                "state": None if each.check is None else each.check.state.value,
                "reporters": list(each.awaited),
            }
            for each in needs.checks
        ],
        "maintainers": [
            {
                "owners": list(each.owners),
                "paths": list(each.paths[:PATHS_TOLD_MAX]),
                "givenBy": list(each.given_by),
            }
            for each in needs.owners
        ],
        "withoutSignOff": [each.id for each in needs.unsigned],
        "squashOnly": terms.linear,
        "queue": terms.queue,
    }


async def one_discussion(request: Request) -> Response:
    """One, with what happened in it and, of a pull request, what it changes."""
    with_diff = last_values(query_of(request)).get("diff", "") not in {"", "0", "false"}
    shown = await answer(request, Action.SEE, _get, number_in(request), with_diff=with_diff)
    entries = Entries(shown.repository, base_url(request), shown.reactions)
    body = item(shown.repository, shown.discussion)
    body["events"] = await hop(_written, entries, shown.happenings)
    if shown.discussion.is_pull_request:
        body["changes"] = {"base": "refs/heads/main"}
        if shown.discussion.merge_commit is not None:
            body["changes"]["mergeCommitId"] = shown.discussion.merge_commit
        body["filesWithConflicts"] = list(shown.conflicts)
        body["diff"] = shown.diff or ""
        if shown.needs is not None:
            body["requirements"] = needs_json(shown.needs)
    return json_response(body)


def _written(entries: Entries, happenings: tuple[Happening, ...]) -> list[Json]:
    plain_from, plain_to = 1, len(happenings) - RENDERED_MAX + 1
    return [
        each
        for place, happening in enumerate(happenings)
        for each in entries.of(happening, rendered=not plain_from <= place < plain_to)
    ]
