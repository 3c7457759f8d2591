"""A question that was asked, kept in a set: by a form beside its answer, whole without scripts.

Whoever kept one sees where it is, and the way back. Knows the fields; what becomes of them is
`ask.evaluation.asked`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from groundswell.core.errors import (
    BadRequest,
    EntryNotFound,
    Forbidden,
    GatedRepo,
    GroundswellError,
    NotFound,
    NotServed,
    ParentMoved,
    RepoNotFound,
)
from groundswell.core.policy import Action
from groundswell.http.pages.asking import NOT_INSTALLED, form_of
from groundswell.http.pages.door import Answer, Asked, Redirect, show, take, with_query
from groundswell.http.pages.views import KeepForm, KeepPage
from groundswell.http.pages.wording import seen
from groundswell.http.routing import Route
from groundswell.wire.hub_api.text import parse_query

if TYPE_CHECKING:
    from groundswell.ask.evaluation.asked import Keeping, Place
    from groundswell.ask.library import Library

_ADDRESS: Final = "/ask/questions"
_DIGITS_MAX: Final = 9
_SHOWN_AGAIN_CHARACTERS_MAX: Final = 5_000
_GONE: Final = (
    "What this answer rests on is no longer there, or not for you. Ask the question again."
)


def _library(asked: Asked) -> Library:
    if asked.hub.library is None:
        raise NotServed(NOT_INSTALLED)
    return asked.hub.library


def _back_url(address: str) -> str:
    """The address of the answer, made anew of its fields: a form leads nowhere else."""
    _, _, query = address.partition("?")
    form = form_of(parse_query(query.encode()))
    return form.url() if form.question else "/ask"


def _place(form: KeepForm) -> Place | None:
    from groundswell.ask.evaluation.asked import Place

    if not form.article and not form.pack:
        return None
    numbers = (form.start, form.stop)
    if not all(each.isascii() and each.isdigit() for each in numbers) or any(
        len(each) > _DIGITS_MAX for each in numbers
    ):
        raise BadRequest("This form is not one of the page's. Load the page again.")
    return Place(form.pack, form.article, int(form.start), int(form.stop))


def _wish(form: KeepForm) -> Keeping:
    from groundswell.ask.evaluation.asked import Keeping

    lines = (seen(line).strip() for line in form.answers.splitlines())
    return Keeping(
        question=form.question,
        packs=tuple(form.packs.split()),
        place=_place(form),
        answers=tuple(dict.fromkeys(line for line in lines if line)),
        into=form.into,
    )


def _form(asked: Asked) -> KeepForm:
    def told(name: str) -> str:
        return asked.fields.get(name, "")

    return KeepForm(
        question=seen(told("question")),
        packs=told("packs"),
        here=_back_url(told("here")),
        into=seen(told("into")),
        pack=told("pack"),
        article=told("article"),
        start=told("start"),
        stop=told("stop"),
        answers=told("answers"),
        taken=told("taken"),
    )


def _keep(asked: Asked) -> Answer:
    from groundswell.ask.evaluation.asked import keep
    from groundswell.ask.rewriting import Rewriting

    principal = asked.signed_in()
    hub, library = asked.hub, _library(asked)
    form = _form(asked)
    rewriting = Rewriting(hub.repos, hub.content, hub.commits)
    try:
        name = keep(library, rewriting, principal, _wish(form))
    except (BadRequest, NotFound, Forbidden, ParentMoved) as error:
        return _again(form, error)
    return Redirect(with_query(_ADDRESS, set=name, here=form.here), note="kept")


def _again(form: KeepForm, error: GroundswellError) -> KeepPage:
    """The form, with what was wrong and what was typed."""
    fault = _GONE if isinstance(error, (RepoNotFound, EntryNotFound, GatedRepo)) else error.message
    fields = {
        name: getattr(form, name)[:_SHOWN_AGAIN_CHARACTERS_MAX] for name in KeepForm.__slots__
    }
    shown = KeepForm(**fields)
    return KeepPage(shown.into, back_url=form.here, form=shown, fault=fault, code=error.status)


def _kept(asked: Asked) -> KeepPage:
    from groundswell.ask.evaluation.asked import own_set, set_id

    principal = asked.signed_in()
    _library(asked)
    named = asked.query.get("set", "")
    back_url = _back_url(asked.query.get("here", ""))
    name = named or own_set(principal)
    try:
        repository = asked.hub.repos.find(principal, set_id(name), Action.READ)
    except RepoNotFound:
        if named:
            raise
        return KeepPage(name, back_url=back_url)
    return KeepPage(repository.full_name, f"/{repository.repo_id.url_path}", back_url)


def routes() -> list[Route]:
    """Addresses of this part."""
    return [show(_ADDRESS, _kept, "kept questions"), take(_ADDRESS, _keep, "keep question")]
