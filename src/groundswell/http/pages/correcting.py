"""What a reader says of connections, sent by the page that shows them.

Whole without scripts: each button is one of a form, and whoever sent it comes back to where they
were. Knows the fields. What becomes of them is `ask.overlays`'.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from groundswell.core.errors import BadRequest, Forbidden, GroundswellError, NotFound, NotServed
from groundswell.http.pages.asking import NOT_INSTALLED
from groundswell.http.pages.door import Answer, Asked, Redirect, take
from groundswell.http.pages.graph import GraphForm, form_of, graph_page
from groundswell.http.pages.views import AddingEdge
from groundswell.http.routing import Route
from groundswell.wire.hub_api.text import parse_query

if TYPE_CHECKING:
    from groundswell.ask.library import Library
    from groundswell.ask.overlays import Saying

_VALUES: Final = 6
_SHOWN_AGAIN_CHARACTERS_MAX: Final = 1_000


def _said(value: str) -> Saying:
    """What a button beside an edge says."""
    from groundswell.ask.overlays import Saying, verdict_of
    from groundswell.wire.corrections import End

    try:
        values = json.loads(value)
    except (ValueError, RecursionError):
        values = None
    is_whole = isinstance(values, list) and len(values) == _VALUES
    if not is_whole or not all(isinstance(each, str) for each in values):
        raise BadRequest("This form is not one of the page's. Load the page again.")
    verdict, source_pack, source, target_pack, target, kind = values
    return Saying(verdict_of(verdict), End(source_pack, source), End(target_pack, target), kind)


def _added(asked: Asked, library: Library, form: GraphForm, adding: AddingEdge) -> Saying:
    """The edge of the form for one that is missing."""
    from groundswell.ask.graphs import replies
    from groundswell.ask.overlays import Saying
    from groundswell.wire.corrections import ADDED, End, Verdict

    if not adding.other:
        raise BadRequest("Say which article it is connected with.")
    found = replies.find(library, asked.principal, form.wish(), adding.other)
    here, other = End(adding.pack, adding.article), End(found.pack_name, found.path)
    ends = (here, other) if adding.is_to_other else (other, here)
    return Saying(Verdict.ADD, *ends, ADDED, adding.label, adding.quote, adding.note)


def _adding(asked: Asked) -> AddingEdge:
    fields = {
        name: asked.fields.get(name, "").strip()
        for name in ("pack", "article", "other", "label", "quote", "note")
    }
    return AddingEdge(**fields, is_to_other=asked.fields.get("direction") != "from")


def _correct(asked: Asked) -> Answer:
    from groundswell.ask.overlays import correct
    from groundswell.ask.rewriting import Rewriting

    asked.signed_in()
    hub = asked.hub
    if hub.library is None:
        raise NotServed(NOT_INSTALLED)
    _, _, query = asked.fields.get("here", "").partition("?")
    form = form_of(parse_query(query.encode()))
    value, adding = asked.fields.get("said"), _adding(asked)
    try:
        saying = _added(asked, hub.library, form, adding) if value is None else _said(value)
        rewriting = Rewriting(hub.repos, hub.content, hub.commits)
        correct(hub.library, rewriting, asked.principal, saying)
    except (BadRequest, NotFound, Forbidden) as error:
        return _again(asked, form, None if value else adding, error)
    return Redirect(form.url(), note="corrected")


def _again(
    asked: Asked, form: GraphForm, adding: AddingEdge | None, error: GroundswellError
) -> Answer:
    """The page as it was, with what was wrong and what was typed."""
    message = error.message
    if isinstance(error, NotFound) and adding is not None:
        message = f"Nothing in these packs is called “{adding.other}”."
    page = graph_page(asked, form)
    if adding is not None and page.centre is not None:
        texts = {
            name: getattr(adding, name)[:_SHOWN_AGAIN_CHARACTERS_MAX]
            for name in ("other", "label", "quote", "note")
        }
        page = replace(page, adding=replace(adding, **texts))
    return replace(page, fault=message, code=400)


def routes() -> list[Route]:
    """Addresses of this part."""
    return [take("/graph/corrections", _correct, "correct graph")]
