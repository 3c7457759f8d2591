"""Packs are asked on a page: by a form that is its own address, so that an answer can be sent on.

Whole without scripts; with them the answer comes without a new page. What a question finds is
`ask.replies`'; nothing of it is kept.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest, NotServed
from groundswell.http.answers import apart
from groundswell.http.auth import principal_of
from groundswell.http.pages.articles import article_url
from groundswell.http.pages.door import DOOR, Asked, asked_of, respond
from groundswell.http.pages.views import AskPage, ConnectionRow, PackChoice, QuoteRow, ReplyBox
from groundswell.http.pages.wording import plural, quantity
from groundswell.http.routing import Route
from groundswell.wire.hub_api.text import parse_query

if TYPE_CHECKING:
    from groundswell.ask.answering import Event, Quote
    from groundswell.ask.graphs.values import Node, ShownEdge
    from groundswell.ask.library import Library, PackRef, Summary

SHOWN_MAX: Final = 24
CHOSEN_MAX: Final = 8
NAME_CHARACTERS_MAX: Final = 400
QUESTION_CHARACTERS_MAX: Final = 2_000
ABOUT_CHARACTERS_MAX: Final = 200
RISKS: Final = (
    ("0.01", "careful: 1 in 100 wrong"),
    ("0.02", "2 in 100"),
    ("0.05", "5 in 100"),
    ("0.1", "10 in 100"),
    ("0.2", "daring: 20 in 100"),
)
RISK_DEFAULT: Final = "0.05"
# What an edge of each kind says.
EDGE_WORDS: Final = {
    "link": "links to",
    "fact": "has the fact",
    "mention": "speaks of",
    "same name": "has the name of",
}


@dataclass(frozen=True, slots=True)
class _Form:
    """What the address asks."""

    question: str
    packs: tuple[str, ...]
    risk: str
    about: str

    def url(self, path: str = "/ask", **changed: Any) -> str:  # noqa: ANN401
        """An address that asks the same but for what is changed."""
        form = replace(self, **changed)
        fields = [("q", form.question), *(("pack", each) for each in form.packs)]
        fields += [("risk", form.risk), ("about", form.about)]
        return f"{path}?{urlencode([field for field in fields if field[1]])}"


def _form_of(request: Request) -> _Form:
    """The fields, bounded, without characters that cannot be seen."""
    query = parse_query(request.scope.get("query_string", b""))
    fields = dict(query)
    packs = tuple(dict.fromkeys(value for name, value in query if name == "pack" and value))
    risk = fields.get("risk", RISK_DEFAULT)
    return _Form(
        seen(fields.get("q", "")),
        packs,
        risk if risk in dict(RISKS) else RISK_DEFAULT,
        seen(fields.get("about", ""))[:ABOUT_CHARACTERS_MAX],
    )


def seen(text: str) -> str:
    """A text without characters that cannot be seen, its white space single spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def pack_choices(
    library: Library, asked: Asked, names: tuple[str, ...]
) -> tuple[tuple[PackChoice, ...], bool, list[PackRef]]:
    """The packs to choose from, whether there are more, and those that were chosen.

    Raises as `Library.find`: a chosen one has to be there for who asks.
    """
    if len(names) > CHOSEN_MAX or any(len(each) > NAME_CHARACTERS_MAX for each in names):
        raise BadRequest(f"{CHOSEN_MAX} packs can be asked together.")
    chosen = [library.find(asked.principal, name) for name in names]
    rows = [
        _choice(each, library.summary(ref), ref, is_chosen=True)
        for each, ref in zip(names, chosen, strict=True)
    ]
    listed = list(islice(library.listed(asked.principal), SHOWN_MAX + 1))
    known = {ref.name for ref in chosen}
    rows += [_choice(ref.name, summary, ref) for ref, summary in listed if ref.name not in known]
    return tuple(rows[:SHOWN_MAX]), len(rows) > SHOWN_MAX, chosen


def _choice(name: str, summary: Summary, ref: PackRef, *, is_chosen: bool = False) -> PackChoice:
    counts = summary.counts
    words = [plural(counts.articles, "article"), f"{quantity(counts.passages)} passages"]
    words += [*summary.languages[:3], summary.licence]
    size = ", ".join(word for word in words if word)
    url = f"/{ref.repository.repo_id.url_path}"
    return PackChoice(name, seen(summary.title)[:200] or ref.name, size[:200], url, is_chosen)


def _page(asked: Asked, form: _Form) -> AskPage:
    page = AskPage(
        question=form.question[:QUESTION_CHARACTERS_MAX],
        about=form.about,
        without_about_url=form.url(about="", question=form.question[:QUESTION_CHARACTERS_MAX]),
        risks=tuple((risk, words, risk == form.risk) for risk, words in RISKS),
    )
    library = asked.hub.library
    if library is None:
        return replace(page, is_installed=False)
    try:
        choices, more, _ = pack_choices(library, asked, form.packs)
        page = replace(page, packs=choices, packs_left_out=more)
        if form.question and choices:
            page = replace(page, reply=_reply(_events(library, asked, form), form))
    except BadRequest as error:
        return replace(page, problem=error.message, code=error.status)
    return page


def _events(library: Library, asked: Asked, form: _Form) -> list[Event]:
    from groundswell.ask.answering import Asking
    from groundswell.ask.replies import replied

    asking = Asking(form.question, form.about, float(form.risk))
    return replied(library, asked.principal, form.packs, asking)


def _reply(events: list[Event], form: _Form) -> ReplyBox:
    from groundswell.ask.answering import Abstain, Connections, Done, Extract, Plan

    plan = next(event for event in events if isinstance(event, Plan))
    done = next(event for event in events if isinstance(event, Done))
    quotes = tuple(event.quote for event in events if isinstance(event, Extract))
    gave_up = next((event for event in events if isinstance(event, Abstain)), None)
    about = quotes[0].title[:ABOUT_CHARACTERS_MAX] if quotes else ""
    receipt = json.dumps(done.receipt, ensure_ascii=False, indent=1)
    took = f"{max(1, round(1e3 * sum(done.seconds.values())))} ms"
    sure = f"{done.receipt['p']:.0%} sure, shown from {done.receipt['threshold']:.0%} on"
    names = ", ".join(each.partition("@")[0] for each in plan.packs)
    return ReplyBox(
        quotes=tuple(map(_row, quotes)),
        why=gave_up.why if gave_up else "",
        nearest=tuple(map(_row, gave_up.nearest)) if gave_up else (),
        searched=f"{plan.passages:,} passages of {names}",
        figures=f"{took}, {sure}",
        receipt=receipt,
        # Of the very commits that were asked, so that it is the same receipt later.
        receipt_url=form.url("/ask/receipt", packs=plan.packs),
        about=about,
        about_url=form.url(question="", about=about),
        connections=tuple(
            _connection(edge, plan.packs)
            for event in events
            if isinstance(event, Connections)
            for edge in event.edges
        ),
    )


def _connection(edge: ShownEdge, packs: tuple[str, ...]) -> ConnectionRow:
    """An edge; its ends lead to what is around them in the packs that were asked."""
    names = [each.partition("@")[0] for each in packs]

    def around(node: Node) -> str:
        return f"/graph?{urlencode([('entity', node.path), *(('pack', each) for each in names)])}"

    cited = edge.citation
    return ConnectionRow(
        seen(edge.source.title)[:ABOUT_CHARACTERS_MAX],
        around(edge.source),
        EDGE_WORDS[edge.kind],
        seen(edge.target.title)[:ABOUT_CHARACTERS_MAX],
        around(edge.target),
        edge.quote,
        article_url(cited.pack, cited.revision, cited.article, cited.start, cited.stop),
    )


def _row(quote: Quote) -> QuoteRow:
    cited = quote.citation
    url = article_url(cited.pack, cited.revision, cited.article, cited.start, cited.stop)
    headings = tuple(each for each in dict.fromkeys(quote.headings) if each != quote.title)
    return QuoteRow(quote.text, quote.title or cited.article, headings, url, cited.pack)


def _receipt(asked: Asked, form: _Form) -> Response:
    from groundswell.ask.answering import Done

    library = asked.hub.library
    if library is None:
        raise NotServed("Asking needs some packages more: pip install 'groundswell[ask]'")
    events = _events(library, asked, form)
    receipt = next(event.receipt for event in events if isinstance(event, Done))
    content = json.dumps(receipt, ensure_ascii=False, indent=1).encode()
    headers = {
        "Content-Disposition": 'attachment; filename="answer.json"',
        "Cache-Control": "private, no-store",
    }
    return Response(content, 200, headers, media_type="application/json")


def _endpoint(
    work: Callable[[Asked, _Form], Response | AskPage],
) -> Callable[[Request], Awaitable[Response]]:
    """On the threads of answers: the first question to a pack brings its files."""

    async def endpoint(request: Request) -> Response:
        form = _form_of(request)
        asked = replace(asked_of(request), principal=await principal_of(request))

        def answer() -> Response:
            made = work(asked, form)
            return made if isinstance(made, Response) else respond(request, asked, made)

        return await apart(answer)

    return endpoint


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        Route(("GET",), "/ask", _endpoint(_page), DOOR, "page ask"),
        Route(("GET",), "/ask/receipt", _endpoint(_receipt), DOOR, "receipt of an answer"),
    ]
