"""Reviews of pull requests over the API: listing and giving them, threads, suggestions."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest
from groundswell.core.policy import Action
from groundswell.core.values import Principal
from groundswell.http.bodies import flag_field, json_object, nothing_else, text_field
from groundswell.http.errors import json_response
from groundswell.http.hub_api.discussions import review_shapes as shapes
from groundswell.http.hub_api.discussions.reading import number_in
from groundswell.http.hub_api.door import answer, only, page_of, page_response
from groundswell.hub.discussions import Discussion
from groundswell.hub.repos import Repository
from groundswell.hub.reviews import Decision, Half, NewComment, Place, Review, Thread, Verdict
from groundswell.wiring import Hub

PAGE_REVIEWS_MAX: Final = 50
THREADS_TOLD_MAX: Final = 200
_REVIEW_KEYS: Final = frozenset({"verdict", "comment", "comments", "commit"})
_COMMENT_KEYS: Final = frozenset({"path", "side", "line", "startLine", "comment"})
_COMMENTS_READ_MAX: Final = 1_000  # more than a review may hold: the hub says how many that is


def _part(request: Request, name: str) -> int:
    """A number in the path; 0, which nothing has, where none can be meant."""
    text = request.path_params[name]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


def _request(hub: Hub, repository: Repository, number: int) -> Discussion:
    return hub.reviews.reading.request(repository, number)


# --- reading --------------------------------------------------------------------------------------


def _list(
    hub: Hub, principal: Principal, repository: Repository, number: int, after: int, limit: int
) -> tuple[Review, ...]:
    request = _request(hub, repository, number)
    return hub.reviews.reading.listed(principal, repository, request, after=after, limit=limit)


async def list_reviews(request: Request) -> Response:
    """A page of them, oldest first, each with the threads that it began."""
    cursor, limit = page_of(request)
    if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        msg = "This cursor belongs to another list."
        raise BadRequest(msg)
    limit = min(limit, PAGE_REVIEWS_MAX)
    number = number_in(request)
    found = await answer(request, Action.READ, _list, number, int(cursor or 0), limit + 1)
    page = found[:limit]
    more = str(page[-1].comment_id) if len(found) > limit else None
    return page_response(request, [shapes.review(each) for each in page], more)


def _standing(
    hub: Hub, principal: Principal, repository: Repository, number: int
) -> tuple[Verdict, ...]:
    request = _request(hub, repository, number)
    return hub.reviews.reading.standing(principal, repository, request)


async def list_standing(request: Request) -> Response:
    """Where its reviewers stand now."""
    found = await answer(request, Action.READ, _standing, number_in(request))
    return json_response([shapes.verdict(each) for each in found])


def _threads(
    hub: Hub, principal: Principal, repository: Repository, number: int
) -> tuple[Thread, ...]:
    request = _request(hub, repository, number)
    reading = hub.reviews.reading
    return reading.threads(principal, repository, request, limit=THREADS_TOLD_MAX)


async def list_threads(request: Request) -> Response:
    """The newest threads, one's own pending ones among them."""
    found = await answer(request, Action.READ, _threads, number_in(request))
    return json_response([shapes.thread(each) for each in found])


# --- giving reviews -------------------------------------------------------------------------------


def _line(fields: dict[str, Any], name: str) -> int | None:
    value = fields.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        msg = f'"{name}" must be a whole number.'
        raise BadRequest(msg)
    return value


def _comments_in(body: dict[str, Any]) -> list[NewComment]:
    told = body.get("comments") or []
    if not isinstance(told, list) or not all(isinstance(each, dict) for each in told):
        msg = '"comments" must be a list of objects.'
        raise BadRequest(msg)
    if len(told) > _COMMENTS_READ_MAX:
        msg = "Too many comments at once."
        raise BadRequest(msg)
    found = []
    for each in told:
        nothing_else(each, _COMMENT_KEYS, "A comment of a review")
        side = only(tuple(Half), text_field(each, "side", Half.NEW.value), "side")
        last = _line(each, "line")
        first = _line(each, "startLine")
        place = Place(text_field(each, "path"), Half(side), last if first is None else first, last)
        found.append(NewComment(place, text_field(each, "comment")))
    return found


def _submit(
    hub: Hub,
    principal: Principal,
    repository: Repository,
    number: int,
    decision: str,
    text: str,
    comments: list[NewComment],
    commit: str | None,
) -> Review:
    verdict = Decision(decision)
    return hub.reviews.submit(principal, repository, number, verdict, text, comments, commit=commit)


def _draft(
    hub: Hub,
    principal: Principal,
    repository: Repository,
    number: int,
    comments: list[NewComment],
    commit: str | None,
) -> tuple[int, ...]:
    return hub.reviews.draft(principal, repository, number, comments, commit)


async def give(request: Request) -> Response:
    """Submit a review with what was pending; without a verdict, add to what is pending."""
    body = await json_object(request)
    nothing_else(body, _REVIEW_KEYS, "A review")
    number, comments = number_in(request), _comments_in(body)
    commit = text_field(body, "commit", "") or None
    if body.get("verdict") is None:
        ids = await answer(request, Action.CONTRIBUTE, _draft, number, comments, commit)
        return json_response({"pendingThreads": list(ids)})
    verdict = only(tuple(Decision), text_field(body, "verdict"), "verdict")
    text = text_field(body, "comment", "")
    made = await answer(
        request, Action.CONTRIBUTE, _submit, number, verdict, text, comments, commit
    )
    return json_response(shapes.review(made))


def _discard(hub: Hub, principal: Principal, repository: Repository, number: int) -> None:
    hub.reviews.discard(principal, repository, number)


async def discard(request: Request) -> Response:
    """Throw one's pending review away."""
    await answer(request, Action.CONTRIBUTE, _discard, number_in(request))
    return json_response({"success": True})


def _dismiss(
    hub: Hub, principal: Principal, repository: Repository, number: int, review: int, reason: str
) -> None:
    hub.reviews.dismiss(principal, repository, number, review, reason)


async def dismiss(request: Request) -> Response:
    """Let a verdict count no longer."""
    reason = text_field(await json_object(request), "reason", "")
    number, review = number_in(request), _part(request, "review")
    await answer(request, Action.WRITE, _dismiss, number, review, reason)
    return json_response({"success": True})


# --- threads --------------------------------------------------------------------------------------


def _reply(
    hub: Hub, principal: Principal, repository: Repository, number: int, thread: int, text: str
) -> Thread:
    return hub.reviews.threads.reply(principal, repository, number, thread, text)


async def reply(request: Request) -> Response:
    """Answer in a thread."""
    text = text_field(await json_object(request), "comment")
    number, thread = number_in(request), _part(request, "thread")
    found = await answer(request, Action.CONTRIBUTE, _reply, number, thread, text)
    return json_response(shapes.thread(found))


def _resolve(
    hub: Hub, principal: Principal, repository: Repository, number: int, thread: int, *, done: bool
) -> Thread:
    return hub.reviews.threads.resolve(principal, repository, number, thread, done=done)


async def resolve(request: Request) -> Response:
    """Mark a thread as done, or open it again."""
    done = flag_field(await json_object(request), "resolved", default=True)
    number, thread = number_in(request), _part(request, "thread")
    found = await answer(request, Action.CONTRIBUTE, _resolve, number, thread, done=done)
    return json_response(shapes.thread(found))


def _edit(
    hub: Hub, principal: Principal, repository: Repository, number: int, comment: int, text: str
) -> Thread:
    return hub.reviews.threads.edit(principal, repository, number, comment, text)


async def edit(request: Request) -> Response:
    """Let one's own comment say something else."""
    text = text_field(await json_object(request), "comment")
    number, comment = number_in(request), _part(request, "line")
    found = await answer(request, Action.CONTRIBUTE, _edit, number, comment, text)
    return json_response(shapes.thread(found))


def _remove(
    hub: Hub, principal: Principal, repository: Repository, number: int, comment: int
) -> None:
    hub.reviews.threads.remove(principal, repository, number, comment)


async def remove(request: Request) -> Response:
    """Take a pending comment back, or hide for ever what one says."""
    number, comment = number_in(request), _part(request, "line")
    await answer(request, Action.CONTRIBUTE, _remove, number, comment)
    return json_response({"success": True})


def _apply(
    hub: Hub,
    principal: Principal,
    repository: Repository,
    number: int,
    comments: list[int],
    summary: str,
    signs_off: bool,  # noqa: FBT001 - a work of `answer` has no names
) -> str:
    return hub.reviews.applying.apply(
        principal, repository, number, comments, summary, signs_off=signs_off
    )


async def apply(request: Request) -> Response:
    """Make one commit of suggestions."""
    body = await json_object(request)
    ids = body.get("comments") or []
    whole = isinstance(ids, list) and all(type(each) is int and 0 < each < 1 << 62 for each in ids)
    if not whole or len(ids) > _COMMENTS_READ_MAX:
        msg = '"comments" must be a list of numbers of comments.'
        raise BadRequest(msg)
    summary, number = text_field(body, "summary", ""), number_in(request)
    signs_off = flag_field(body, "signOff")
    commit = await answer(request, Action.CONTRIBUTE, _apply, number, ids, summary, signs_off)
    return json_response({"success": True, "commitId": commit})
