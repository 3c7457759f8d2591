"""How an answer is shown: what came of a question as rows, and prose while it is written.

The page with its quotes is sent before the model is asked, and each sentence behind it as it comes:
browsers show what they have, with scripts or without. Does not know how answers come about.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from starlette.requests import Request

from groundswell.ask.speech.words import words_of
from groundswell.core.errors import GroundswellError
from groundswell.http.answers import Feed, Manner, Streamed
from groundswell.http.pages.connecting import connection_row
from groundswell.http.pages.door import LISTENING_PERMISSIONS, PAGE_HEADERS
from groundswell.http.pages.templating import pieces
from groundswell.http.pages.views import (
    AskPage,
    KeepForm,
    QuoteRow,
    ReplyBox,
    ReplyEnd,
    SentenceRow,
    Shell,
    SideRow,
)
from groundswell.http.places import article_url

if TYPE_CHECKING:
    from groundswell.ask.answering import Done, Event, Plan, Quote, Sentence
    from groundswell.ask.replies import Reply

_COMMIT: Final = re.compile(r"(@[0-9a-f]{8})[0-9a-f]{32}\b")
_ABOUT_CHARACTERS_MAX: Final = 200
_HEADERS: Final = {
    **PAGE_HEADERS,
    "Permissions-Policy": LISTENING_PERMISSIONS,
    "X-Accel-Buffering": "no",
}
_HTML: Final = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Form:
    """What the address asks."""

    question: str
    packs: tuple[str, ...]
    risk: str
    about: str
    model: str = ""
    longer: bool = False

    def url(self, path: str = "/ask", **changed: Any) -> str:  # noqa: ANN401
        """An address that asks the same but for what is changed."""
        form = replace(self, **changed)
        fields = [("q", form.question), *(("pack", each) for each in form.packs)]
        fields += [("risk", form.risk), ("about", form.about), ("model", form.model)]
        fields.append(("longer", "1" if form.longer else ""))
        return f"{path}?{urlencode([field for field in fields if field[1]])}"


@dataclass(frozen=True, slots=True)
class Going:
    """A page whose model writes while it is sent."""

    page: AskPage
    rest: Rest


class Rest:
    """What is left of a reply once a model is asked: rows of sentences, and then the end."""

    def __init__(self, reply: Reply, events: Sequence[Event], form: Form) -> None:
        self.reply = reply
        self.before_waiting = list[Flow]()
        self._events = list(events)
        self._form = form
        self._quotes: dict[str, Quote] = {}

    def __iter__(self) -> Iterator[SentenceRow]:
        from groundswell.ask.answering import Evidence, Sentence

        for event in self._events:
            if isinstance(event, Evidence):
                self._quotes = {quote.id: quote for quote in event.quotes}
        while True:
            for flow in self.before_waiting:
                flow.flush()
            try:
                event = next(self.reply)
            except StopIteration:
                return
            self._events.append(event)
            if isinstance(event, Sentence):
                yield self._row(event)

    def _row(self, sentence: Sentence) -> SentenceRow:
        sources = [_row(self._quotes[each]) for each in sentence.cites if each in self._quotes]
        return SentenceRow(sentence.text, sentence.grounding.support.value, tuple(sources))

    def end(self) -> ReplyEnd:
        """What is known behind the last sentence."""
        return _end(self._events, self._form)


def begun(reply: Reply, form: Form, page: AskPage) -> AskPage | Going:
    """The page with all that needs no model, and what is left when one is asked."""
    from groundswell.ask.answering import Writing

    events: list[Event] = []
    for event in reply:
        events.append(event)
        if isinstance(event, Writing):
            rest = Rest(reply, events, form)
            name = _COMMIT.sub(r"\1", event.model)  # the receipt has all of it
            box = _box(events, form, page.keeps_in)
            box = replace(box, model=name, sentences=rest, end=rest.end)
            return Going(replace(page, reply=box), rest)
    return replace(page, reply=_box(events, form, page.keeps_in))


class Flow:
    """A page while it is made, for `http.answers`: what is ready goes before what is awaited."""

    def __init__(self, going: Going, shell: Shell) -> None:
        self._going = going
        self._shell = shell
        self._held: list[str] = []
        self.feed: Feed[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        self._going.rest.before_waiting.append(self)
        for piece in pieces(self._going.page, self._shell):
            self._held.append(piece)
        yield self._taken()

    def flush(self) -> None:
        """Send what is ready."""
        if self.feed is not None:
            self.feed.tell(self._taken())

    def _taken(self) -> bytes:
        text = "".join(self._held)
        self._held.clear()
        return text.encode("utf-8", "replace")

    def close(self) -> None:
        """Stop the model. From any thread."""
        self._going.rest.reply.close()


def flowing(request: Request, flow: Flow) -> Streamed:
    """The page as it comes."""
    flow.feed = Feed()
    manner = Manner(_late, ping=b"\n")
    return Streamed(request, flow, _frames(flow.feed.follow(flow)), manner, _HEADERS, _HTML)


async def _frames(items: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    async with contextlib.aclosing(items):
        async for item in items:
            yield item


def _late(_error: GroundswellError) -> bytes:
    """Nothing: what goes wrong with a model is told on the page, and this was none of it."""
    return b""


def _box(events: Sequence[Event], form: Form, keeps_in: str) -> ReplyBox:
    from groundswell.ask.answering import Abstain, Conflict, Connections, Extract, Plan

    plan = next(event for event in events if isinstance(event, Plan))
    quotes = tuple(event.quote for event in events if isinstance(event, Extract))
    gave_up = next((event for event in events if isinstance(event, Abstain)), None)
    conflict = next((event for event in events if isinstance(event, Conflict)), None)
    about = quotes[0].title[:_ABOUT_CHARACTERS_MAX] if quotes else form.about
    names = ", ".join(each.partition("@")[0] for each in plan.packs)
    sides = () if conflict is None else conflict.sides
    return ReplyBox(
        quotes=tuple(map(_row, quotes)),
        why=gave_up.why if gave_up else "",
        nearest=tuple(map(_row, gave_up.nearest)) if gave_up else (),
        searched=f"{plan.passages:,} passages of {names}",
        end=lambda: _end(events, form),
        differs="" if conflict is None else conflict.differs,
        sides=tuple(SideRow(side.said, _row(side.quote)) for side in sides),
        about=about,
        connections=tuple(
            connection_row(edge, [each.partition("@")[0] for each in plan.packs])
            for event in events
            if isinstance(event, Connections)
            for edge in event.edges
        ),
        carried=plan.carried,
        taken_as=plan.asked if plan.carried else "",
        as_written_url=form.url(about=""),
        words=words_of(events),
        keep=_keep(events, plan, form, keeps_in) if keeps_in else None,
    )


def _keep(events: Sequence[Event], plan: Plan, form: Form, into: str) -> KeepForm:
    """The question as it was read, of the commits that were asked, and where its answer stands."""
    from groundswell.ask.answering import Extract
    from groundswell.ask.evaluation.keeping import answers_quoted

    keep = KeepForm(plan.asked, " ".join(plan.packs), form.url(), into)
    shown = next((event.quote for event in events if isinstance(event, Extract)), None)
    if shown is None:
        return keep
    cited = shown.citation
    return replace(
        keep,
        pack=f"{cited.pack}@{cited.revision}",
        article=cited.article,
        start=str(cited.start),
        stop=str(cited.stop),
        taken=" or ".join(f"“{each}”" for each in answers_quoted(shown.text)),
    )


def _end(events: Sequence[Event], form: Form) -> ReplyEnd:
    from groundswell.ask.answering import Done, Plan, Unfinished, told

    done = next((event for event in events if isinstance(event, Done)), None)
    if done is None:
        return ReplyEnd("", "", "")  # who reads it has left
    plan = next(event for event in events if isinstance(event, Plan))
    broken = next((event for event in events if isinstance(event, Unfinished)), None)
    end = ReplyEnd(_figures(done), _written(done), _receipt_url(done, plan, form))
    if done.sentences is None:
        return end
    count = sum(done.sentences.values())
    is_more_wanted = count > 0 and not form.longer and broken is None
    return replace(
        end,
        told=told(done.sentences) if count or broken is None else "",
        problem="" if broken is None else broken.why,
        longer_url=form.url(longer=True) if is_more_wanted else "",
        has_receipt_in_url=True,
    )


def _figures(done: Done) -> str:
    took = f"{max(1, round(1e3 * sum(done.seconds.values())))} ms"
    return f"{took}, {done.receipt['p']:.0%} sure, shown from {done.receipt['threshold']:.0%} on"


def _written(done: Done) -> str:
    return json.dumps(done.receipt, ensure_ascii=False, indent=1)


def _receipt_url(done: Done, plan: Plan, form: Form) -> str:
    """Where the receipt is: what a model wrote is in the address itself, not written again."""
    if done.sentences is None:
        # Of the very commits that were asked, so that it is the same receipt later.
        return form.url("/ask/receipt", packs=plan.packs, model="", longer=False)
    content = base64.b64encode(_written(done).encode("utf-8", "replace")).decode("ascii")
    return f"data:application/json;base64,{content}"


def _row(quote: Quote) -> QuoteRow:
    cited = quote.citation
    url = article_url(cited.pack, cited.revision, cited.article, cited.start, cited.stop)
    headings = tuple(each for each in dict.fromkeys(quote.headings) if each != quote.title)
    return QuoteRow(quote.text, quote.title or cited.article, headings, url, cited.pack)
