"""Answering a question from packs, as events that can be shown as they come.

The order is the promise: what is planned, the evidence, then a sentence that stands in a pack
letter for letter, with its citation, or that the packs do not say it. No language model has been
asked by then. Does not know who asks, nor how events travel.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

from groundswell.ask.answering.prose import SOURCES_MAX, Sentence, Write, write_prose
from groundswell.ask.answering.quotes import Quote
from groundswell.ask.calibration import RISK_DEFAULT, Calibration
from groundswell.ask.graphs.beside import edges_beside
from groundswell.ask.graphs.values import ShownEdge
from groundswell.ask.packs.opened import FoundPassage, OpenPack
from groundswell.ask.receipts import FORMAT
from groundswell.ask.retrieval.ranking import Candidate, begins_with_pronoun
from groundswell.ask.retrieval.searching import Found, Shelf
from groundswell.ask.sentences import sentences
from groundswell.core.errors import BadRequest
from groundswell.wire.documents import BlockKind
from groundswell.wire.packs import Citation

RISK_MIN: Final = 0.01
RISK_MAX: Final = 0.2
EVIDENCE_MAX: Final = 8
EXTRACTS_MAX: Final = 3
NEAREST_MAX: Final = 3
# A further sentence is shown when it is nearly as good as the best.
FURTHER: Final = 0.9
QUOTE_CHARACTERS_MAX: Final = 1_200
CONTEXT_CHARACTERS_MAX: Final = 200

_BACK: Final = re.compile(
    r"\b(?:it|its|he|she|they|them|his|her|their|this|that|these|those|there|er|sie|es|il|elle)\b",
    re.IGNORECASE,
)
_FURTHER_QUESTION: Final = re.compile(
    r"\s*(?:and|what about|how about|und|et|y)\b[\s,]*(?P<rest>.*)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Asking:
    """What somebody asks.

    Attributes:
        question: in their words.
        about: the title that the question before was answered from; "" for a first question. "How
            high is it?" is about that.
        risk: the share of questions for which a wrong sentence may be shown.
    """

    question: str
    about: str = ""
    risk: float = RISK_DEFAULT


@dataclass(frozen=True, slots=True)
class Writer:
    """A model that may write after what was quoted.

    Attributes:
        model: what it is, down to its bytes.
        write: asks it.
        longer: whether it may go on.
    """

    model: str
    write: Write
    longer: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What was understood, and where it is looked for."""

    asked: str
    kind: str
    words: tuple[str, ...]
    packs: tuple[str, ...]
    passages: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """The best sentences, whether or not they are good enough."""

    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Extract:
    """A sentence that answers."""

    quote: Quote


@dataclass(frozen=True, slots=True)
class Connections:
    """What connects the answer's article with others: edges, each with its sentence."""

    edges: tuple[ShownEdge, ...]


@dataclass(frozen=True, slots=True)
class Abstain:
    """The packs do not say it, as far as can be told.

    Attributes:
        why: in words for people.
        nearest: what comes next to it.
        probability: that the first of them answers all the same.
        threshold: what it would have had to be.
    """

    why: str
    nearest: tuple[Quote, ...]
    probability: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Done:
    """The end, with a receipt: all that it takes to check the answer without trust."""

    receipt: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


Event = Plan | Evidence | Extract | Connections | Sentence | Abstain | Done


def answer(
    shelf: Shelf,
    calibrations: Sequence[Calibration],
    asking: Asking,
    writer: Writer | None = None,
) -> Iterator[Event]:
    """Answer from a shelf of packs.

    Args:
        shelf: the packs; whoever asks may read all of them.
        calibrations: of each pack, in the shelf's order.
        asking: the question.
        writer: a model, asked only when something was quoted, after that was shown.

    Raises:
        BadRequest: the question is empty or too long, or the risk is none that can be promised.
        Corrupt: a pack cannot be read.
        Others: of the writer. What was shown by then stays true.
    """
    if not RISK_MIN <= asking.risk <= RISK_MAX:
        raise BadRequest(f"The risk has to be between {RISK_MIN} and {RISK_MAX}.")
    asked = with_context(asking.question, asking.about)
    found = shelf.search(asked)
    packs = tuple(pack.address for pack in shelf.packs)
    question = found.question
    yield Plan(asked, question.kind.value, question.words, packs, found.passages)
    calibration = _calibration_of(found, shelf, calibrations)
    sure = calibration.probability(found.candidates)
    at_least = calibration.threshold(asking.risk)
    quoted = _quotes(found, sure)
    quotes = tuple(quote for _, quote in quoted)
    yield Evidence(quotes)
    shown = list(_shown(quoted)) if quoted and sure >= at_least else []
    yield from map(Extract, shown)
    if shown:
        cited = [[quote.citation for quote in each] for each in (shown, quotes)]
        edges = edges_beside(shelf.packs, cited[0], cited[1], found.bridges)
        if edges:
            yield Connections(edges)
    else:
        yield Abstain(_why(found, shelf), quotes[:NEAREST_MAX], sure, at_least)
    prose: list[Sentence] = []
    if shown and writer is not None:
        with closing(_written(asked, shown, quotes, shelf, writer)) as written:
            for sentence in written:
                prose.append(sentence)
                if sentence.is_shown:
                    yield sentence
    receipt = {
        "format": FORMAT,
        "question": asking.question,
        "asked": asked,
        "risk": asking.risk,
        "packs": list(packs),
        "evidence": [quote.citation.as_json() for quote in quotes],
        "extract": [quote.as_json() for quote in shown],
        "prose": [sentence.as_json() for sentence in prose],
        "abstained": not shown,
        "p": round(sure, 3),
        "threshold": at_least,
        "model": None if writer is None else writer.model,
    }
    yield Done(receipt, found.seconds)


def _written(
    asked: str, shown: Sequence[Quote], quotes: Sequence[Quote], shelf: Shelf, writer: Writer
) -> Generator[Sentence, None, None]:
    """What the model writes of the quotes that are shown, and of others of the same article: those
    of other articles are near, and of something else.
    """
    about = {quote.citation.article for quote in shown}
    near = [each for each in quotes if each not in shown and each.citation.article in about]
    sources = [*shown, *near][:SOURCES_MAX]
    return write_prose(asked, sources, writer.write, shelf.words, longer=writer.longer)


def as_json_event(event: Event) -> dict[str, Any]:
    """An event as a line of JSON, or of a stream: ``event`` says which."""
    match event:
        case Plan():
            packs = list(event.packs)
            value = {"asked": event.asked, "kind": event.kind, "packs": packs}
            return {"event": "plan", **value, "passages": event.passages}
        case Evidence():
            return {"event": "evidence", "quotes": [each.as_json() for each in event.quotes]}
        case Extract():
            return {"event": "extract", **event.quote.as_json()}
        case Connections():
            return {"event": "connections", "edges": [each.as_json() for each in event.edges]}
        case Sentence():
            return {"event": "sentence", **event.as_json()}
        case Abstain():
            nearest = [each.as_json() for each in event.nearest]
            sure = {"p": round(event.probability, 3), "threshold": event.threshold}
            return {"event": "abstain", "why": event.why, "nearest": nearest, **sure}
        case Done():
            milliseconds = {name: round(1e3 * each, 1) for name, each in event.seconds.items()}
            return {"event": "done", "receipt": event.receipt, "milliseconds": milliseconds}


def with_context(question: str, about: str) -> str:
    """A question with what it leaves out: the subject of the one before it.

    Rules and no model: a pronoun stands for the subject, and "and the area?" asks it of the same.
    """
    if not about:
        return question
    further = _FURTHER_QUESTION.fullmatch(question)
    text = further["rest"] if further else question
    about = about[:CONTEXT_CHARACTERS_MAX]
    if about.casefold() in text.casefold():
        return question
    if _BACK.search(text):
        return _BACK.sub(lambda _: about, text, count=1)
    if further and not re.search(r"\b[A-ZÀ-Þ0-9]", text):
        return f"{text.rstrip(' ?')} of {about}?"
    return question


def _calibration_of(found: Found, shelf: Shelf, calibrations: Sequence[Calibration]) -> Calibration:
    """The calibration of the pack that the best sentence is from."""
    if not found.candidates:
        return calibrations[0]
    best = found.candidates[0].passage.pack
    return calibrations[next(n for n, pack in enumerate(shelf.packs) if pack is best)]


def _quotes(found: Found, sure: float) -> list[tuple[Candidate, Quote]]:
    """The best candidates, each with its quote; no two quotes overlap."""
    quoted: list[tuple[Candidate, Quote]] = []
    for candidate in found.candidates:
        if len(quoted) == EVIDENCE_MAX:
            break
        quote = _quote(candidate, len(quoted) + 1, sure if not quoted else None)
        if all(not _overlap(quote.citation, each.citation) for _, each in quoted):
            quoted.append((candidate, quote))
    return quoted


def _quote(candidate: Candidate, number: int, sure: float | None) -> Quote:
    passage = candidate.passage
    start, stop = _span(candidate)
    return Quote(
        f"S{number}",
        passage.article.title,
        tuple(passage.headings),
        passage.article.text[start:stop],
        passage.cite(start, stop),
        sure,
    )


def _span(candidate: Candidate) -> tuple[int, int]:
    """The sentence, with the one before it where it speaks of what that named."""
    start, stop = candidate.start, candidate.stop
    if begins_with_pronoun(candidate.text):
        start = _before(candidate.passage, start)
    return start, min(stop, start + QUOTE_CHARACTERS_MAX)


def _before(passage: FoundPassage, start: int) -> int:
    """Where the sentence before begins, within the same block; ``start`` when there is none."""
    text = passage.article.text
    for block in passage.article.blocks:
        if block.start <= start < block.stop and block.kind is BlockKind.TEXT:
            earlier = sentences(text[block.start : start])
            return block.start + earlier[-1][0] if earlier else start
    return start


def _shown(quoted: Sequence[tuple[Candidate, Quote]]) -> Iterator[Quote]:
    """The best quote, and those under the same heading that are nearly as good."""
    best, first = quoted[0]
    yield first
    shown = 1
    for candidate, quote in quoted[1:]:
        is_near = _place(quote) == _place(first)
        if shown < EXTRACTS_MAX and is_near and candidate.score >= FURTHER * best.score:
            shown += 1
            yield quote


def _place(quote: Quote) -> tuple[str, str, str, tuple[str, ...]]:
    cited = quote.citation
    return cited.pack, cited.revision, cited.article, quote.headings


def _overlap(one: Citation, other: Citation) -> bool:
    is_same = (one.pack, one.revision, one.article) == (other.pack, other.revision, other.article)
    return is_same and one.start < other.stop and other.start < one.stop


def _why(found: Found, shelf: Shelf) -> str:
    names = ", ".join(_title(pack) for pack in shelf.packs)
    where = f"{found.passages:,} passages of {names}"
    if not found.candidates:
        return f"None of the words of this question stand in {where}."
    return f"Nothing in {where} answers this well enough. These come nearest."


def _title(pack: OpenPack) -> str:
    return pack.manifest.title or pack.name
