"""Whether packs contradict one another: their best sentences answer, and say different things.

Rules on the words: numbers that count the same unit, dates, and names. Told only when nothing that
can be compared agrees: of two that say the same in other words, nothing is told. What is true is
not known here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from groundswell.ask.answering.grounding import PLAIN, numbers_in
from groundswell.ask.answering.quotes import Quote
from groundswell.ask.retrieval.question import AnswerKind, Question, names_in
from groundswell.ask.retrieval.ranking import Candidate

Analyse = Callable[[str], list[str]]
# A kind of thing that is said, to what is said of it.
Said = Mapping[str, frozenset[str]]

# Sentences that share so much besides what differs speak of the same.
ALIKE: Final = 0.6
SAID_MAX: Final = 8

_COUNTED: Final = re.compile(r"(?P<number>\d[\d,.]*\d|\d)\s?(?P<unit>%|°[CF]?|[^\W\d_][\w²³/]*)?")
_YEAR: Final = re.compile(r"(?<![\d,.])(?:1\d{3}|20\d{2})(?![\d,]|\.\d)")
_UNITS_LISTED: Final = (
    "m meter meters metre metres",
    "km kilometer kilometers kilometre kilometres",
    "ft foot feet",
    "mi mile miles",
    "kg kilogram kilograms kilogramme kilogrammes",
    "g gram grams",
    "l liter liters litre litres",
    "% percent per",
    "year years",
    "people inhabitants persons residents",
)
_UNITS: Final = {word: line.split()[0] for line in _UNITS_LISTED for word in line.split()}


@dataclass(frozen=True, slots=True)
class Side:
    """What one pack says. ``said`` are the words that differ."""

    quote: Quote
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Packs that answer one question differently, the one that is quoted first first.

    ``differs`` is number, date or name.
    """

    differs: str
    sides: tuple[Side, ...]

    def as_json(self) -> dict[str, Any]:
        """For answers and receipts."""
        sides = [{"said": list(each.said), "quote": each.quote.as_json()} for each in self.sides]
        return {"differs": self.differs, "sides": sides}


def conflict_of(
    question: Question, answering: Sequence[tuple[Candidate, Quote]], analyse: Analyse
) -> Conflict | None:
    """What packs contradict the first one in; None when none does.

    Args:
        question: what they answer.
        answering: a sentence of each pack that answers, with its quote.
        analyse: the words of a text as the index holds them.
    """
    if len(answering) < 2:
        return None
    (first, quote), *others = answering
    for differs, read in _readers(question):
        ours = read(first.text)
        sides = [Side(quote, _listed(ours))]
        for candidate, other in others:
            theirs = read(candidate.text)
            if _differ(ours, theirs) and _is_same(question, first, candidate, analyse):
                sides.append(Side(other, _listed(theirs)))
        if len(sides) > 1:
            return Conflict(differs, tuple(sides))
    return None


def _readers(question: Question) -> Iterable[tuple[str, Callable[[str], Said]]]:
    """What to compare, by what is asked for."""
    asked = question.text

    def numbers(text: str) -> Said:
        return _numbers(text, asked)

    def dates(text: str) -> Said:
        years = frozenset(_YEAR.findall(text)) - frozenset(_YEAR.findall(asked))
        return {"year": years} if years else {}

    def names(text: str) -> Said:
        return _names(text, asked)

    known = {
        AnswerKind.NUMBER: (("number", numbers),),
        AnswerKind.DATE: (("date", dates),),
        AnswerKind.PERSON: (("name", names),),
        AnswerKind.PLACE: (("name", names),),
    }
    return known.get(question.kind, (("number", numbers), ("date", dates), ("name", names)))


def _numbers(text: str, asked: str) -> Said:
    """Numbers by what they count. A year counts nothing."""
    known = numbers_in(asked)
    found: dict[str, set[str]] = {}
    for match in _COUNTED.finditer(text):
        number = next(iter(numbers_in(match["number"])), "")
        unit = (match["unit"] or "").casefold()
        unit = "" if unit in PLAIN else unit
        if number and number not in known and not (_YEAR.fullmatch(match["number"]) and not unit):
            found.setdefault(_UNITS.get(unit, unit), set()).add(number)
    return {unit: frozenset(each) for unit, each in found.items()}


def _names(text: str, asked: str) -> Said:
    """Words of names that the question does not have."""
    known = {word.casefold() for word in re.findall(r"\w+", asked)}
    words = {word for name in names_in(text) for word in re.findall(r"[^\W\d_]{2,}", name)}
    said = frozenset(word for word in words if word[0].isupper() and word.casefold() not in known)
    return {"name": said} if said else {}


def _differ(ours: Said, theirs: Said) -> bool:
    """Whether both say something of the same kind, and agree in nothing of it."""
    shared = ours.keys() & theirs.keys()
    return bool(shared) and all(ours[kind].isdisjoint(theirs[kind]) for kind in shared)


def _is_same(question: Question, one: Candidate, other: Candidate, analyse: Analyse) -> bool:
    """Whether two sentences speak of the same thing: both hold the names of the question, or it has
    none and their articles are of one title; and where it is open what is asked for, they are alike
    in everything but names and numbers.
    """
    titles = {each.passage.article.title.casefold() for each in (one, other)}
    if one.features.names < 1 or other.features.names < 1:
        return False
    if not question.names and len(titles) > 1:
        return False
    if question.kind not in {AnswerKind.OTHER, AnswerKind.MEANING}:
        return True
    words, others = (_plain(each, question.text, analyse) for each in (one, other))
    return bool(words & others) and len(words & others) / max(len(words), len(others)) >= ALIKE


def _plain(candidate: Candidate, asked: str, analyse: Analyse) -> frozenset[str]:
    """Words of a sentence and of what it is about, without names and numbers of its own."""
    text = f"{candidate.passage.article.title} {candidate.text}"
    own = _names(text, asked).get("name", frozenset())
    kept = [word for word in re.findall(r"[^\W\d_]+", text) if word not in own]
    return frozenset(analyse(" ".join(kept)))


def _listed(said: Said) -> tuple[str, ...]:
    return tuple(sorted({each for values in said.values() for each in values}))[:SAID_MAX]
