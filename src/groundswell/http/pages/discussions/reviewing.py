"""Forms of reviews: comments on lines, verdicts, answers, suggestions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from groundswell.core.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    ParentMoved,
    RepoNotFound,
)
from groundswell.core.policy import Action
from groundswell.http.pages.discussions.changes import Refused, changes_page
from groundswell.http.pages.discussions.reading import number_of
from groundswell.http.pages.door import Answer, Asked, Redirect
from groundswell.http.pages.repositories import find
from groundswell.http.pages.views import PlaceForm
from groundswell.hub.repos import Repository
from groundswell.hub.reviews import Decision, Half, NewComment, Place

_SAYS: Final = {"say", "draft"}
_REFUSALS: Final = (BadRequest, Conflict, Forbidden, NotFound, ParentMoved)
_CHOSEN: Final = "apply-"


def change(asked: Asked) -> Answer:
    """What the pressed button says; back to the page, which says what went wrong, if anything."""
    repository = find(asked, Action.CONTRIBUTE)
    number, do = number_of(asked), asked.fields.get("do", "")
    try:
        work = _WORKS[do]
    except KeyError:
        asked.hub.reviews.reading.request(repository, number)
        msg = "The form does not say what to do."
        raise BadRequest(msg) from None
    try:
        place = work(asked, repository, number)
    except RepoNotFound:
        raise
    except _REFUSALS as error:
        return changes_page(asked, repository, number, _refused(asked, do, error.message))
    here = f"/{repository.repo_id.url_path}/discussions/{number}"
    part = "" if asked.fields.get("back") == "talk" else "/files"
    return Redirect(f"{here}{part}{place}")


def _refused(asked: Asked, do: str, error: str) -> Refused:
    fields = asked.fields
    text = fields.get("text", "")
    if do not in _SAYS:
        return Refused(error, text if do == "finish" else "", fields.get("verdict", "comment"))
    first, last = _number(fields.get("first", "")), _number(fields.get("last", ""))
    side = "old" if fields.get("side") == "old" else "new"
    path, commit = fields.get("path", "")[:4096], fields.get("commit", "")[:40]
    return Refused(error, place=PlaceForm(path, side, first, last, commit, text))


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def _id(asked: Asked, name: str, missing: str) -> int:
    text = asked.fields.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise NotFound(missing)
    return int(text)


Work = Callable[[Asked, Repository, int], str]
"""Does it; the place on the page to go to."""


def _comment(asked: Asked) -> NewComment:
    fields = asked.fields
    lines = []
    for name in ("first", "last"):
        number = _number(fields.get(name, ""))
        if number is None and fields.get(name):
            msg = "A line is a whole number."
            raise BadRequest(msg)
        lines.append(number)
    try:
        side = Half(fields.get("side", "new"))
    except ValueError:
        msg = "A side is old or new."
        raise BadRequest(msg) from None
    # Browsers send texts with both signs at the end of a line.
    text = fields.get("text", "").replace("\r\n", "\n")
    return NewComment(Place(fields.get("path", ""), side, *lines), text)


def _draft(asked: Asked, repository: Repository, number: int) -> str:
    commit = asked.fields.get("commit") or None
    [thread] = asked.hub.reviews.draft(
        asked.principal, repository, number, [_comment(asked)], commit
    )
    return f"#thread-{thread}"


def _say(asked: Asked, repository: Repository, number: int) -> str:
    asked.hub.reviews.submit(
        asked.principal,
        repository,
        number,
        Decision.COMMENT,
        comments=[_comment(asked)],
        commit=asked.fields.get("commit") or None,
        with_pending=False,
    )
    return ""


def _finish(asked: Asked, repository: Repository, number: int) -> str:
    try:
        decision = Decision(asked.fields.get("verdict", ""))
    except ValueError:
        msg = "Say whether you comment, approve or request changes."
        raise BadRequest(msg) from None
    text, commit = asked.fields.get("text", ""), asked.fields.get("commit") or None
    asked.hub.reviews.submit(asked.principal, repository, number, decision, text, commit=commit)
    return ""


def _discard(asked: Asked, repository: Repository, number: int) -> str:
    asked.hub.reviews.discard(asked.principal, repository, number)
    return ""


def _dismiss(asked: Asked, repository: Repository, number: int) -> str:
    review = _id(asked, "review", "Review not found")
    reason = asked.fields.get("text", "")
    asked.hub.reviews.dismiss(asked.principal, repository, number, review, reason)
    return ""


def _reply(asked: Asked, repository: Repository, number: int) -> str:
    thread = _id(asked, "thread", "Thread not found")
    text = asked.fields.get("text", "").replace("\r\n", "\n")
    asked.hub.reviews.threads.reply(asked.principal, repository, number, thread, text)
    return f"#thread-{thread}"


def _resolve(*, done: bool) -> Work:
    def work(asked: Asked, repository: Repository, number: int) -> str:
        thread = _id(asked, "thread", "Thread not found")
        asked.hub.reviews.threads.resolve(asked.principal, repository, number, thread, done=done)
        return f"#thread-{thread}"

    return work


def _remove(asked: Asked, repository: Repository, number: int) -> str:
    comment = _id(asked, "comment", "Comment not found")
    asked.hub.reviews.threads.remove(asked.principal, repository, number, comment)
    return ""


def _edit(asked: Asked, repository: Repository, number: int) -> str:
    comment = _id(asked, "comment", "Comment not found")
    text = asked.fields.get("text", "").replace("\r\n", "\n")
    found = asked.hub.reviews.threads.edit(asked.principal, repository, number, comment, text)
    return f"#thread-{found.id}"


def _apply(asked: Asked, repository: Repository, number: int) -> str:
    comment = _id(asked, "comment", "Comment not found")
    return _applied(asked, repository, number, [comment])


def _apply_chosen(asked: Asked, repository: Repository, number: int) -> str:
    texts = [name[len(_CHOSEN) :] for name in asked.fields if name.startswith(_CHOSEN)]
    chosen = [found for found in map(_number, texts) if found]
    if not chosen:
        msg = "Choose the suggestions to apply."
        raise BadRequest(msg)
    return _applied(asked, repository, number, chosen)


def _applied(asked: Asked, repository: Repository, number: int, comments: list[int]) -> str:
    signs_off = bool(asked.fields.get("signs_off"))
    applying = asked.hub.reviews.applying
    applying.apply(asked.principal, repository, number, comments, signs_off=signs_off)
    return ""


_WORKS: Final[dict[str, Work]] = {
    "draft": _draft,
    "say": _say,
    "finish": _finish,
    "discard": _discard,
    "dismiss": _dismiss,
    "reply": _reply,
    "resolve": _resolve(done=True),
    "reopen": _resolve(done=False),
    "edit": _edit,
    "remove": _remove,
    "apply": _apply,
    "apply-chosen": _apply_chosen,
}
