"""Answering a question from packs, as events that can be shown as they come.

The order is the promise: what is planned, the evidence, then a sentence that stands in a pack
letter for letter, with its citation, or that the packs do not say it. No language model has been
asked by then. Does not know who asks, nor how events travel.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

from groundswell.ask.answering.carrying import with_context
from groundswell.ask.answering.conflicts import Conflict, conflict_of
from groundswell.ask.answering.events import (
    Abstain,
    Connections,
    Done,
    Event,
    Evidence,
    Extract,
    Plan,
    Unfinished,
    Writing,
)
from groundswell.ask.answering.grounding import Support
from groundswell.ask.answering.prose import (
    SOURCES_MAX,
    Prompt,
    Sentence,
    Write,
    prompt_of,
    write_prose,
)
from groundswell.ask.answering.quotes import Quote
from groundswell.ask.calibration import RISK_DEFAULT, Calibration
from groundswell.ask.graphs.beside import edges_beside
from groundswell.ask.packs.graphs import NO_CORRECTIONS, Corrections
from groundswell.ask.packs.opened import FoundPassage, OpenPack
from groundswell.ask.receipts import FORMAT
from groundswell.ask.retrieval.leads import begins_with_pronoun
from groundswell.ask.retrieval.ranking import Candidate
from groundswell.ask.retrieval.searching import Found, Shelf
from groundswell.ask.sentences import sentences
from groundswell.core.errors import BadRequest, GroundswellError
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


@dataclass(frozen=True, slots=True)
class Asking:
    """What somebody asks.

    Attributes:
        question: in their words.
        about: the title that the question before was answered from; "" for a first question. "How
            high is it?" is about that.
        risk: the share of questions for which a wrong sentence may be shown.
        corrections: what the asker said of edges between articles.
    """

    question: str
    about: str = ""
    risk: float = RISK_DEFAULT
    corrections: Corrections = NO_CORRECTIONS


@dataclass(frozen=True, slots=True)
class Writer:
    """A model that may write after what was quoted.

    Attributes:
        model: what it is, down to its bytes.
        write: asks it.
        longer: whether it may go on.
        files: the sha256 of each of its files.
        engine: what runs it, with its release.
        settings: how words are chosen.
    """

    model: str
    write: Write
    longer: bool = False
    files: tuple[str, ...] = ()
    engine: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


def answer(
    shelf: Shelf,
    calibrations: Sequence[Calibration],
    asking: Asking,
    writer: Writer | None = None,
) -> Generator[Event, None, None]:
    """Answer from a shelf of packs.

    Args:
        shelf: the packs; whoever asks may read all of them.
        calibrations: of each pack, in the shelf's order.
        asking: the question.
        writer: a model, asked only when something was quoted, after that was shown. What goes wrong
            with it is an event: what was shown by then stays true.

    Raises:
        BadRequest: the question is empty or too long, or the risk is none that can be promised.
        Corrupt: a pack cannot be read.
    """
    if not RISK_MIN <= asking.risk <= RISK_MAX:
        raise BadRequest(f"The risk has to be between {RISK_MIN} and {RISK_MAX}.")
    asked = with_context(asking.question, asking.about)
    found = shelf.search(asked, corrections=asking.corrections)
    packs = tuple(pack.address for pack in shelf.packs)
    question = found.question
    carried = "" if asked == asking.question else asking.about
    yield Plan(asked, question.kind.value, question.words, packs, found.passages, carried)
    judged = _judged(found, shelf, calibrations, asking.risk)
    yield Evidence(judged.quotes)
    yield from map(Extract, judged.shown)
    if judged.shown:
        cited = [[each.citation for each in quotes] for quotes in (judged.shown, judged.quotes)]
        edges = edges_beside(shelf.packs, cited[0], cited[1], found.bridges, asking.corrections)
        if edges:
            yield Connections(edges)
    if judged.conflict is not None:
        yield judged.conflict
    if not judged.shown:
        nearest = judged.quotes[:NEAREST_MAX]
        yield Abstain(_why(found, shelf), nearest, judged.sure, judged.at_least)
    receipt = _receipt(asking, asked, packs, judged)
    if not judged.shown or writer is None:
        yield Done(receipt, found.seconds)
        return
    yield Writing(writer.model)
    prompt = prompt_of(asked, _sources(judged), longer=writer.longer)
    receipt |= {"model": writer.model, "writing": _writing(writer, prompt)}
    prose: list[Sentence] = []
    try:
        with closing(write_prose(prompt, writer.write, shelf.words)) as written:
            for sentence in written:
                prose.append(sentence)
                if sentence.is_shown:
                    yield sentence
    except GroundswellError as error:
        receipt["writing"]["unfinished"] = error.code
        yield Unfinished(error.message, error.code)
    receipt["prose"] = [sentence.as_json() for sentence in prose]
    counted = Counter(sentence.grounding.support.value for sentence in prose)
    yield Done(receipt, found.seconds, {each.value: counted[each.value] for each in Support})


@dataclass(frozen=True, slots=True)
class _Judged:
    """What a search gave: quotes, how sure the best one is, and which of them are shown."""

    quotes: tuple[Quote, ...]
    shown: tuple[Quote, ...]
    conflict: Conflict | None
    sure: float
    at_least: float


def _judged(
    found: Found, shelf: Shelf, calibrations: Sequence[Calibration], risk: float
) -> _Judged:
    calibration = _calibration_of(found, shelf, calibrations)
    sure = calibration.probability(found.candidates)
    at_least = calibration.threshold(risk)
    quoted = _quotes(found, sure)
    quotes = [quote for _, quote in quoted]
    shown = tuple(_shown(quoted)) if quoted and sure >= at_least else ()
    answering: list[tuple[Candidate, Quote]] = []
    if shown:
        others = _of_other_packs(found, shelf, calibrations, risk)
        answering = [quoted[0], *(_as_quoted(each, quoted) for each in others)]
    conflict = conflict_of(found.question, answering, shelf.words)
    if conflict is not None:
        quotes += [side.quote for side in conflict.sides if side.quote not in quotes]
    return _Judged(tuple(quotes), shown, conflict, sure, at_least)


def _of_other_packs(
    found: Found, shelf: Shelf, calibrations: Sequence[Calibration], risk: float
) -> Iterator[Candidate]:
    """The best sentence of each other pack, where it would be shown if that were asked alone."""
    first = found.candidates[0].passage.pack
    for pack, calibration in zip(shelf.packs, calibrations, strict=True):
        own = [each for each in found.candidates if each.passage.pack is pack]
        is_sure = calibration.probability(own) >= calibration.threshold(risk)
        if own and pack is not first and is_sure:
            yield own[0]


def _as_quoted(
    candidate: Candidate, quoted: list[tuple[Candidate, Quote]]
) -> tuple[Candidate, Quote]:
    """The candidate with the quote that it has already, or one more."""
    for known, quote in quoted:
        if known is candidate:
            return known, quote
    made = (candidate, _quote(candidate, len(quoted) + 1, None))
    quoted.append(made)
    return made


def _sources(judged: _Judged) -> list[Quote]:
    """What a model may use: the quotes that are shown, and others of the same article. Those of
    other articles are near, and of something else.
    """
    about = {quote.citation.article for quote in judged.shown}
    near = [
        each
        for each in judged.quotes
        if each not in judged.shown and each.citation.article in about
    ]
    return [*judged.shown, *near][:SOURCES_MAX]


def _receipt(asking: Asking, asked: str, packs: Sequence[str], judged: _Judged) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "question": asking.question,
        "asked": asked,
        "risk": asking.risk,
        "packs": list(packs),
        "overlays": list(asking.corrections.overlays),
        "evidence": [quote.citation.as_json() for quote in judged.quotes],
        "extract": [quote.as_json() for quote in judged.shown],
        "conflict": None if judged.conflict is None else judged.conflict.as_json(),
        "prose": [],
        "abstained": not judged.shown,
        "p": round(judged.sure, 3),
        "threshold": judged.at_least,
        "model": None,
    }


def _writing(writer: Writer, prompt: Prompt) -> dict[str, Any]:
    """What it takes to have the same model write the same again."""
    return {
        "files": list(writer.files),
        "engine": writer.engine,
        "prompt_sha256": prompt.sha256,
        "sources": list(prompt.sources),
        "settings": {**writer.settings, "max_tokens": prompt.tokens_max, "longer": writer.longer},
    }


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
