"""Packs are asked on a page: by a form that is its own address, so that an answer can be sent on.

Whole without scripts; with them the answer comes without a new page. What a question finds is
`ask.replies`'; nothing of it is kept. How an answer is shown is `replying`'s.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.ask.speech.values import Kind
from groundswell.ask.speech.words import words_of
from groundswell.core.errors import BadRequest, NotServed, Unauthenticated, Unavailable
from groundswell.http.answers import apart
from groundswell.http.auth import principal_of
from groundswell.http.pages.accounts import namesake_url
from groundswell.http.pages.door import (
    DOOR,
    LISTENING_PERMISSIONS,
    Asked,
    asked_of,
    respond,
    shell_around,
)
from groundswell.http.pages.replying import Flow, Form, Going, begun, flowing
from groundswell.http.pages.speaking import model_of, spoken
from groundswell.http.pages.views import AskPage, PackChoice
from groundswell.http.pages.wording import plural, quantity, seen
from groundswell.http.routing import Route
from groundswell.wire.hub_api.text import parse_query

if TYPE_CHECKING:
    from groundswell.ask.library import Library, PackRef, Summary
    from groundswell.ask.replies import Reply

SHOWN_MAX: Final = 24
CHOSEN_MAX: Final = 8
NAME_CHARACTERS_MAX: Final = 400
QUESTION_CHARACTERS_MAX: Final = 2_000
ABOUT_CHARACTERS_MAX: Final = 200
MODEL_CHARACTERS_MAX: Final = 1_024
NOBODY: Final = "nobody: quotes alone"
RISKS: Final = (
    ("0.01", "careful: 1 in 100 wrong"),
    ("0.02", "2 in 100"),
    ("0.05", "5 in 100"),
    ("0.1", "10 in 100"),
    ("0.2", "daring: 20 in 100"),
)
RISK_DEFAULT: Final = "0.05"
NOT_INSTALLED: Final = "Asking needs some packages more: pip install 'groundswell[ask]'"


def form_of(query: Sequence[tuple[str, str]]) -> Form:
    """The fields of an address, bounded, without characters that cannot be seen."""
    fields = dict(query)
    packs = tuple(dict.fromkeys(value for name, value in query if name == "pack" and value))
    risk = fields.get("risk", RISK_DEFAULT)
    return Form(
        seen(fields.get("q", "")),
        packs,
        risk if risk in dict(RISKS) else RISK_DEFAULT,
        seen(fields.get("about", ""))[:ABOUT_CHARACTERS_MAX],
        seen(fields.get("model", ""))[:MODEL_CHARACTERS_MAX],
        longer=fields.get("longer") == "1",
    )


def _form(request: Request) -> Form:
    return form_of(parse_query(request.scope.get("query_string", b"")))


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


def _models(asked: Asked, chosen: str) -> tuple[tuple[str, str, bool], ...]:
    """Who may write, nobody first. Somebody who may run no model chooses from none."""
    from groundswell.ask.offering import offered

    try:
        names = offered(asked.hub.search, asked.hub.runtime, asked.principal)
    except (NotServed, Unauthenticated):
        names = ()
    if chosen and chosen not in names:
        names = (chosen, *names)
    if not names:
        return ()
    return (("", NOBODY, not chosen), *((name, name, name == chosen) for name in names))


def _page(asked: Asked, form: Form) -> AskPage | Going:
    question = form.question[:QUESTION_CHARACTERS_MAX]
    page = AskPage(
        question=question,
        about=form.about,
        without_about_url=form.url(about="", question=question),
        risks=tuple((risk, words, risk == form.risk) for risk, words in RISKS),
        namesake_url=namesake_url(asked, "ask"),
    )
    library = asked.hub.library
    if library is None:
        return replace(page, is_installed=False)
    if not asked.principal.is_anonymous:
        page = replace(page, keeps_in=_own_set(asked))
    voice = model_of(asked, Kind.VOICE)
    page = replace(page, ear=model_of(asked, Kind.EAR))
    if voice and form.question:
        page = replace(page, speech_url=form.url("/ask/speech", model="", longer=False))
    try:
        choices, more, _ = pack_choices(library, asked, form.packs)
        models = _models(asked, form.model)
        page = replace(page, packs=choices, packs_left_out=more, models=models)
        if form.question and choices:
            return begun(_begin(library, asked, form), form, page)
    except (BadRequest, NotServed, Unavailable) as error:
        return replace(page, problem=error.message, code=error.status)
    return page


def _own_set(asked: Asked) -> str:
    from groundswell.ask.evaluation.asked import own_set

    return own_set(asked.principal)


def _begin(library: Library, asked: Asked, form: Form) -> Reply:
    from groundswell.ask.answering import Asking
    from groundswell.ask.replies import Wish, begin

    asking = Asking(form.question, form.about, float(form.risk))
    wish = Wish(asking, form.packs, form.model, form.longer)
    return begin(library, asked.hub.runtime, asked.principal, wish)


def _receipt(asked: Asked, form: Form) -> Response:
    from groundswell.ask.answering import Done

    library = asked.hub.library
    if library is None:
        raise NotServed(NOT_INSTALLED)
    # A receipt of prose stands on its page: it is not written a second time.
    events = _begin(library, asked, replace(form, model=""))
    receipt = next(event.receipt for event in events if isinstance(event, Done))
    content = json.dumps(receipt, ensure_ascii=False, indent=1).encode()
    headers = {
        "Content-Disposition": 'attachment; filename="answer.json"',
        "Cache-Control": "private, no-store",
    }
    return Response(content, 200, headers, media_type="application/json")


async def _speech(request: Request) -> Response:
    """An answer said aloud: the question is asked again, so that nothing else can be said."""
    form = replace(_form(request), model="")
    asked = replace(asked_of(request), principal=await principal_of(request))
    library = asked.hub.library
    if library is None:
        raise NotServed(NOT_INSTALLED)

    def words() -> str:
        return words_of(list(_begin(library, asked, form)))

    return await spoken(request, asked, await apart(words))


def _endpoint(
    work: Callable[[Asked, Form], Response | AskPage | Going],
) -> Callable[[Request], Awaitable[Response]]:
    """On the threads of answers: the first question to a pack brings its files."""

    async def endpoint(request: Request) -> Response:
        form = _form(request)
        if request.method == "HEAD":
            form = replace(form, model="")  # nobody would read what it writes
        asked = replace(asked_of(request), principal=await principal_of(request))

        def answer() -> Response | Flow:
            made = work(asked, form)
            if isinstance(made, Response):
                return made
            if isinstance(made, AskPage):
                response = respond(request, asked, made)
                response.headers["Permissions-Policy"] = LISTENING_PERMISSIONS
                return response
            return Flow(made, shell_around(request, asked, made.page))

        made = await apart(answer)
        return made if isinstance(made, Response) else flowing(request, made)

    return endpoint


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        Route(("GET",), "/ask", _endpoint(_page), DOOR, "page ask"),
        Route(("GET",), "/ask/speech", _speech, DOOR, "an answer said aloud"),
        Route(("GET",), "/ask/receipt", _endpoint(_receipt), DOOR, "receipt of an answer"),
    ]
