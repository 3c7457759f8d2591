"""Conversations that packs answer, in OpenAI's form: what a model's name means, what is said.

``ask:PACK[+PACK…]`` quotes; with a model in front (``ask:MODEL+PACK``) that writes after what was
quoted. Knows names, subjects that questions carry on, and words with their sources. Does not know
HTTP, nor how an answer comes about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from groundswell.ask.answering import (
    Abstain,
    Asking,
    Conflict,
    Done,
    Event,
    Evidence,
    Extract,
    Quote,
    Sentence,
    Unfinished,
)
from groundswell.ask.library import Library
from groundswell.ask.replies import Wish, replied
from groundswell.ask.runtime.naming import REMOTE
from groundswell.core.errors import BadRequest, GatedRepo, GroundswellError
from groundswell.core.values import Principal

PREFIX: Final = "ask:"
PACKS_MAX: Final = 8
# How far back the subject of a question is looked for.
QUESTIONS_MAX: Final = 4

Json = dict[str, Any]
# Where a quote is shown.
Place = Callable[[Quote], str]


def named(library: Library, principal: Principal, name: str) -> tuple[str, tuple[str, ...]]:
    """The model, "" without one, and the packs that a name means.

    The first of several is a pack when somebody who asks may read one of that name, else a model;
    ``models/`` and ``datasets/`` before it decide.

    Raises:
        BadRequest: it names no pack, or too many.
        Unauthenticated, RepoNotFound and others: as for a file.
    """
    parts = name.removeprefix(PREFIX).split("+")
    if not all(parts) or len(parts) > PACKS_MAX + 1:
        raise BadRequest(f"model: is ask:PACK or ask:MODEL+PACK, with up to {PACKS_MAX} packs.")
    first, *rest = parts
    is_pack = not rest or (not _is_model(first) and _is_pack(library, principal, first))
    model, names = ("", parts) if is_pack else (first, rest)
    if len(names) > PACKS_MAX:
        raise BadRequest(f"model: {PACKS_MAX} packs can be asked together.")
    return model, tuple(names)


def _is_model(name: str) -> bool:
    return name.startswith((REMOTE, "models/")) or ":" in name


def _is_pack(library: Library, principal: Principal, name: str) -> bool:
    if name.startswith("datasets/"):
        return True
    try:
        library.summary(library.find(principal, name))
    except GatedRepo:
        return True
    except GroundswellError:
        return False
    return True


def wish_of(
    library: Library,
    principal: Principal,
    name: str,
    messages: Sequence[Mapping[str, Any]],
    options: Mapping[str, Any],
) -> Wish:
    """What a conversation asks: its last question, and of the earlier ones the subject.

    Args:
        library: the hub's packs.
        principal: who asks.
        name: of the model, as the request has it.
        messages: checked, each with its text as ``content``.
        options: ``risk`` and ``longer``.

    Raises:
        BadRequest: nobody asks anything last. Others as for `named`.
    """
    questions = [str(each["content"]).strip() for each in messages if each["role"] == "user"]
    if not questions or messages[-1]["role"] != "user":
        raise BadRequest("messages: the last one is a question of the user's.")
    model, packs = named(library, principal, name)
    *earlier, question = questions[-QUESTIONS_MAX:]
    about = ""
    for each in earlier:
        about = _subject(library, principal, packs, Asking(each, about, options["risk"]))
    asking = Asking(question, about, options["risk"])
    return Wish(asking, packs, model, options["longer"])


def _subject(library: Library, principal: Principal, packs: Sequence[str], asking: Asking) -> str:
    """What an earlier question was answered from; what it was about when it was not answered."""
    try:
        events = replied(library, principal, packs, asking)
    except BadRequest:
        return asking.about  # an earlier message was no question that can be asked
    quotes = [event.quote for event in events if isinstance(event, Extract)]
    return quotes[0].title if quotes else asking.about


@dataclass(slots=True)
class Said:
    """What was said so far, and what it is from. ``place`` tells where a quote is shown."""

    place: Place
    text: str = ""
    quotes: dict[str, Quote] = field(default_factory=dict)
    done: Done | None = None

    def add(self, event: Event) -> tuple[str, list[Json]]:
        """The words that an event adds, with their sources."""
        before = len(self.text)
        if isinstance(event, Done):
            self.done = event
        words, sources = self._words(event)
        if not words:
            return "", []
        gap = "" if not self.text else (" " if isinstance(event, Sentence) else "\n\n")
        if isinstance(event, Sentence) and self.text.endswith("”"):
            gap = "\n\n"
        self.text += gap + words
        start = before + len(gap)
        return gap + words, [self._annotation(each, start, len(self.text)) for each in sources]

    def _words(self, event: Event) -> tuple[str, list[Quote]]:
        match event:
            case Evidence():
                self.quotes |= {quote.id: quote for quote in event.quotes}
            case Extract():
                return f"“{event.quote.text}”", [event.quote]
            case Conflict():
                sides = [side.quote for side in event.sides]
                self.quotes |= {quote.id: quote for quote in sides}
                listed = "\n".join(f"- “{q.text}” ({q.citation.pack})" for q in sides)
                return f"The packs do not agree:\n{listed}", sides
            case Sentence():
                known = [self.quotes[each] for each in event.cites if each in self.quotes]
                doubt = " (weak)" if event.grounding.support.value == "weak" else ""
                return f"{event.text}{doubt}", known
            case Unfinished():
                return f"(The model did not come to its end: {event.why})", []
            case Abstain():
                return event.why, []
        return "", []

    def _annotation(self, quote: Quote, start: int, stop: int) -> Json:
        """A source in OpenAI's form, and the citation in the hub's own."""
        cited = {"start_index": start, "end_index": stop, "url": self.place(quote)}
        cited["title"] = quote.title
        return {"type": "url_citation", "url_citation": cited, "citation": quote.citation.as_json()}
