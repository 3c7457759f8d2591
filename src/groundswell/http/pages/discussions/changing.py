"""Forms of discussions: opening one, and everything one may do in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from groundswell.core.errors import BadRequest, Conflict, Forbidden, NotFound
from groundswell.core.policy import Action
from groundswell.http.pages.discussions.reading import number_of, page_of
from groundswell.http.pages.door import Answer, Asked, Redirect
from groundswell.http.pages.repositories import find, head_of
from groundswell.http.pages.views import NewDiscussionPage
from groundswell.hub.discussions import Status
from groundswell.hub.merging import Method
from groundswell.hub.repos import Repository


def show_form(asked: Asked) -> Answer:
    """The form for a new discussion."""
    repository = find(asked, Action.CONTRIBUTE)
    return NewDiscussionPage(head_of(asked, repository))


def open_new(asked: Asked) -> Answer:
    """Open a discussion."""
    repository = find(asked, Action.CONTRIBUTE)
    title, text = asked.fields.get("title", ""), asked.fields.get("text", "")
    try:
        number = asked.hub.discussions.create(asked.principal, repository, title, text)
    except BadRequest as error:
        head = head_of(asked, repository)
        return NewDiscussionPage(head, title[:1000], text, error.message)
    return Redirect(f"/{repository.repo_id.url_path}/discussions/{number}")


def change(asked: Asked) -> Answer:
    """What the pressed button says; back to the page, which says what went wrong, if anything."""
    repository = find(asked, Action.CONTRIBUTE)
    number, text = number_of(asked), asked.fields.get("text", "")
    try:
        work = _WORKS[asked.fields.get("do", "")]
    except KeyError:
        msg = "The form does not say what to do."
        raise BadRequest(msg) from None
    try:
        place = work(asked, repository, number, text)
    except (BadRequest, Conflict, Forbidden, NotFound) as error:
        if asked.hub.discussions.has(repository, number):
            kept = text if asked.fields.get("do") in _KEEPS_TEXT else ""
            return page_of(asked, repository, number, kept, error.message)
        raise
    return Redirect(f"/{repository.repo_id.url_path}/discussions/{number}{place}")


_ASKED: Final = "ask-"
_KEEPS_TEXT: Final = {"comment", "open", "close"}
Work = Callable[[Asked, Repository, int, str], str]
"""Does it; the place on the page to go to."""


def _comment(asked: Asked, repository: Repository, number: int, text: str) -> str:
    made = asked.hub.discussions.comment(asked.principal, repository, number, text)
    return f"#entry-{made.id}"


def _comment_of(asked: Asked) -> int:
    text = asked.fields.get("comment", "")
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        msg = "Comment not found"
        raise NotFound(msg)
    return int(text)


def _edit(asked: Asked, repository: Repository, number: int, text: str) -> str:
    comment = _comment_of(asked)
    asked.hub.discussions.edit(asked.principal, repository, number, comment, text)
    return f"#entry-{comment}"


def _hide(asked: Asked, repository: Repository, number: int, _text: str) -> str:
    comment = _comment_of(asked)
    asked.hub.discussions.hide(asked.principal, repository, number, comment)
    return f"#entry-{comment}"


def _react(asked: Asked, repository: Repository, number: int, _text: str) -> str:
    comment, kind = _comment_of(asked), asked.fields.get("sign", "")
    asked.hub.reactions.react(asked.principal, repository, number, comment, kind)
    return f"#entry-{comment}"


def _label(asked: Asked, repository: Repository, number: int, _text: str) -> str:
    known = asked.hub.labels.of_repository(repository)
    chosen = [each.name for each in known if f"label-{each.id}" in asked.fields]
    asked.hub.labels.give(asked.principal, repository, number, chosen)
    return ""


def _assign(*, on: bool) -> Work:
    def work(asked: Asked, repository: Repository, number: int, _text: str) -> str:
        name = asked.fields.get("user", "")
        asked.hub.labels.assign(asked.principal, repository, number, name, on=on)
        return ""

    return work


def _ask_review(asked: Asked, repository: Repository, number: int, _text: str) -> str:
    # Names as people write them: with commas or spaces between, also with @ in front.
    typed = asked.fields.get("people", "")[:4_000].replace(",", " ").split()
    names = [name.removeprefix("@") for name in typed]
    names += [key[len(_ASKED) :] for key in asked.fields if key.startswith(_ASKED)]
    asked.hub.reviews.requests.ask(asked.principal, repository, number, names)
    return "#reviewers"


def _ask_no_longer(asked: Asked, repository: Repository, number: int, _text: str) -> str:
    name = asked.fields.get("user", "")
    asked.hub.reviews.requests.withdraw(asked.principal, repository, number, name)
    return "#reviewers"


def _rename(asked: Asked, repository: Repository, number: int, _text: str) -> str:
    title = asked.fields.get("title", "")
    asked.hub.discussions.set_title(asked.principal, repository, number, title)
    return ""


def _to(status: Status) -> Work:
    def work(asked: Asked, repository: Repository, number: int, text: str) -> str:
        asked.hub.discussions.set_status(asked.principal, repository, number, status, text)
        return ""

    return work


def _lock(*, locked: bool) -> Work:
    def work(asked: Asked, repository: Repository, number: int, _text: str) -> str:
        asked.hub.discussions.set_locked(asked.principal, repository, number, locked=locked)
        return ""

    return work


def _pin(*, pinned: bool) -> Work:
    def work(asked: Asked, repository: Repository, number: int, _text: str) -> str:
        asked.hub.discussions.set_pinned(asked.principal, repository, number, pinned=pinned)
        return ""

    return work


def _merge(method: Method, *, overrides: bool = False) -> Work:
    def work(asked: Asked, repository: Repository, number: int, _text: str) -> str:
        merge = asked.hub.merge_queue.merge
        merge(asked.principal, repository, number, method, overrides=overrides)
        return ""

    return work


def _leave(asked: Asked, repository: Repository, number: int, _text: str) -> str:
    asked.hub.merge_queue.leave(asked.principal, repository, number)
    return ""


def _update(asked: Asked, repository: Repository, number: int, _text: str) -> str:
    asked.hub.merging.bring_up_to_date(asked.principal, repository, number)
    return ""


def _refresh(asked: Asked, repository: Repository, number: int, _text: str) -> str:
    asked.hub.forks.refresh(asked.principal, repository, number)
    return ""


_WORKS: Final[dict[str, Work]] = {
    "comment": _comment,
    "edit": _edit,
    "hide": _hide,
    "react": _react,
    "labels": _label,
    "assign": _assign(on=True),
    "unassign": _assign(on=False),
    "ask-review": _ask_review,
    "ask-no-longer": _ask_no_longer,
    "title": _rename,
    "open": _to(Status.OPEN),
    "close": _to(Status.CLOSED),
    "lock": _lock(locked=True),
    "unlock": _lock(locked=False),
    "pin": _pin(pinned=True),
    "unpin": _pin(pinned=False),
    "merge": _merge(Method.MERGE),
    "squash": _merge(Method.SQUASH),
    "merge-over": _merge(Method.MERGE, overrides=True),
    "squash-over": _merge(Method.SQUASH, overrides=True),
    "leave": _leave,
    "update": _update,
    "refresh": _refresh,
}
