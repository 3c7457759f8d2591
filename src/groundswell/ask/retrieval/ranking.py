"""Which passages, and which sentence of them, answer a question best.

The lexical index proposes; what its words leave open is decided by looking at the text itself: how
much of what the question is about stands in title, headings and sentence, whether the article is
what the question names, whether the sentence holds the kind of thing that is asked for. All weights
stand here; they were fitted on sets made from packs (docs/benchmarks.md). Does not know where
passages come from, nor when an answer is good enough: `gate` does.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from groundswell.ask.headings import bare, called, names_of
from groundswell.ask.packs.opened import FoundPassage
from groundswell.ask.retrieval.leads import SENTENCES_MAX, lead_of, says_what, section_lead_of
from groundswell.ask.retrieval.measures import measure_of
from groundswell.ask.retrieval.question import AnswerKind, Question
from groundswell.ask.sentences import sentences

Analyse = Callable[[str], list[str]]

_NUMBER: Final = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten)\b", re.IGNORECASE
)
_DATE: Final = re.compile(
    r"\b1\d{3}\b|\b20\d{2}\b|\b\d{1,2}(?:st|nd|rd|th)? century\b|\b(?:January|February|March|April|"
    r"May|June|July|August|September|October|November|December)\b"
)
_CAPITALS: Final = re.compile(r"(?<![.!?] )(?<!^)\b[A-ZÀ-ÖØ-Þ][\w'’-]+")  # noqa: RUF001
_FORMS: Final[Mapping[AnswerKind, re.Pattern[str]]] = {
    AnswerKind.NUMBER: _NUMBER,
    AnswerKind.DATE: _DATE,
    AnswerKind.PERSON: _CAPITALS,
    AnswerKind.PLACE: _CAPITALS,
}


@dataclass(frozen=True, slots=True)
class Features:
    """What is known of a sentence as an answer; each about 0 to 1.

    Attributes:
        lexical: the passage's score, of the best one's.
        coverage: of the question's words, by their weight, what title, headings and sentence hold.
        own: the same, by headings and sentence, of what the title does not hold.
        passage: the same, by the whole passage, of all.
        title: how much of the title the question holds.
        heading: how much of one of the two innermost headings the question holds.
        named: whether the article is what the question names: title or alias, letter for letter;
            where a meaning is asked for, one that says what that is, or a section of that heading
            that does, or that the sentence does.
        unnamed: whether a meaning is asked for, of something that none of them is.
        names: how many of the names in the question title, headings and sentence hold.
        rarest: whether they hold the word of the question that says most.
        kind: whether it holds the kind of thing that is asked for.
        lead: whether it begins the article whose meaning is asked for, or says what that is
            (`leads`): below the heading of a section, or wherever it stands.
        says: whether it holds words that the question and the title do not.
        complete: whether title, headings and sentence hold all of the question's words: a row
            beside the one that was asked for lacks one.
        near: how near its passage is in meaning to what is asked of its article; 0 where that is
            not known.
        apart: how much further it is than the nearest of its article, as far as the words of no
            passage of it hold what is asked; 0 where that is not known.
    """

    lexical: float
    coverage: float
    own: float
    passage: float
    title: float
    heading: float
    named: float
    unnamed: float
    names: float
    rarest: float
    kind: float
    lead: float
    says: float
    complete: float
    near: float = 0.0
    apart: float = 0.0


WEIGHTS: Final = Features(
    lexical=1.0,
    coverage=2.0,
    own=2.0,
    passage=1.0,
    title=1.0,
    heading=1.0,
    named=1.5,
    unnamed=0.0,
    names=0.0,
    rarest=0.0,
    kind=0.4,
    lead=2.0,
    says=1.0,
    complete=0.0,
    near=0.0,
    apart=-16.0,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may answer: characters [start, stop) of its article."""

    passage: FoundPassage
    start: int
    stop: int
    features: Features
    score: float

    @property
    def text(self) -> str:
        """Its characters."""
        return self.passage.article.text[self.start : self.stop]


def weights_of(question: Question, frequency: Callable[[str], int], passages: int) -> list[float]:
    """How much each word of a question says: rare ones say more (as BM25 counts it)."""
    return [
        math.log(1 + (passages - known + 0.5) / (known + 0.5))
        for known in map(frequency, question.words)
    ]


def rank(
    question: Question,
    weights: Sequence[float],
    found: Iterable[tuple[float, FoundPassage]],
    analyse: Analyse,
    bridges: Mapping[tuple[int, int], str] = MappingProxyType({}),
    meanings: Mapping[tuple[int, int], float] = MappingProxyType({}),
) -> list[Candidate]:
    """The best sentence of each passage, the best first.

    Args:
        question: what is asked.
        weights: of its words, as `weights_of` gives them.
        found: passages with the scores that the index gave them, the best first.
        analyse: the words of a text as the index holds them.
        bridges: of passages that an edge led to, by pack and number, the sentence of that edge: it
            says how they belong to what the question names.
        meanings: of passages of articles that the question names, by pack and number, how near they
            are to what it asks of them.
    """
    listed = list(found)
    if not listed:
        return []
    best = max(score for score, _ in listed) or 1.0
    asked = _Asked(question, weights, analyse)
    candidates = [
        asked.best_sentence(
            passage, score / best, bridges.get((id(passage.pack), passage.number), "")
        )
        for score, passage in listed
    ]
    if meanings:
        candidates = _by_meaning(candidates, meanings)
    return sorted(candidates, key=lambda each: -each.score)


def _by_meaning(
    candidates: Sequence[Candidate], meanings: Mapping[tuple[int, int], float]
) -> list[Candidate]:
    """The candidates of each article in the order of their meaning as well, as far as words leave
    it open. The best of an article keeps the score that words gave its best: among articles words
    alone decide.
    """
    articles: dict[tuple[int, str], list[Candidate]] = {}
    found: list[Candidate] = []
    for each in candidates:
        passage = each.passage
        is_known = (id(passage.pack), passage.number) in meanings
        place = (id(passage.pack), passage.article.path)
        (articles.setdefault(place, []) if is_known else found).append(each)
    for of_article in articles.values():
        near = [meanings[id(each.passage.pack), each.passage.number] for each in of_article]
        nearest = max(near) or 1.0
        is_open = 1 - max(each.features.own for each in of_article)
        apart = [is_open * (1 - each / nearest) for each in near]
        told = [
            replace(each.features, near=n, apart=a)
            for each, n, a in zip(of_article, near, apart, strict=True)
        ]
        scores = list(map(score_of, told))
        kept = max(each.score for each in of_article) - max(scores)
        found += [
            replace(each, features=features, score=score + kept)
            for each, features, score in zip(of_article, told, scores, strict=True)
        ]
    return found


class _Asked:
    """A question against texts. What was analysed of titles and headings is kept."""

    def __init__(self, question: Question, weights: Sequence[float], analyse: Analyse) -> None:
        self._question = question
        self._weights = dict(zip(question.words, weights, strict=True))
        self._total = sum(weights) or 1.0
        self._analyse = analyse
        self._words: dict[str, frozenset[str]] = {}
        self._names = {name.casefold() for name in (*question.names, question.about) if name}
        self._about = frozenset(analyse(question.about))
        self._defined = (question.about,) if question.about else ()
        self._in_names = [frozenset(analyse(name)) for name in question.names]
        self._measure = measure_of(question.text)
        self._measured = frozenset(analyse(self._measure.word) if self._measure else ())
        self._rarest = max(self._weights, key=lambda word: self._weights[word], default="")

    def best_sentence(self, passage: FoundPassage, lexical: float, bridge: str) -> Candidate:
        article = passage.article
        title = self._known(article.title)
        # What led here is known of the article, as its title is.
        title |= self._known(bridge) if bridge else frozenset()
        path = passage.headings
        headings = self._known("\n".join(map(bare, path)))
        whole = self._held(title | headings | self._known(passage.text))
        name = called(article.title, article.path)
        names = {each.casefold() for each in (article.title, name, *article.aliases)}
        is_article = bool(names & self._names)
        of_title = self._asked_of(self._known(article.title))
        asked = [self._asked_of(self._known(bare(each))) for each in path[-2:]]
        of_heading = max(asked, default=0.0)
        asks_meaning = self._question.kind is AnswerKind.MEANING
        is_section = asks_meaning and bool(path) and self._is_about(path[-1])
        lead = -1
        if asks_meaning and is_article:
            lead = lead_of(article)
        elif is_section:
            lead = section_lead_of(passage)
        # A section, or a chapter, that does not say what its name means only speaks of it.
        is_named = lead >= 0 or (is_article and not asks_meaning)
        # An article that begins with what it is needs no other sentence that says it.
        may_define = asks_meaning and not (is_article and lead >= 0)
        best: Candidate | None = None
        # A pack of a stranger's may have passages without a word.
        for start, stop in sentences(passage.text)[:SENTENCES_MAX] or [(0, len(passage.text))]:
            sentence = passage.text[start:stop]
            own = self._own(sentence)
            defines = may_define and says_what(sentence, self._defined)
            words = headings | own
            held = words | title
            features = Features(
                lexical=lexical,
                coverage=self._held(held),
                own=self._beyond(words, title),
                passage=whole,
                title=of_title,
                heading=of_heading,
                named=float(is_named or defines),
                unnamed=float(asks_meaning and not is_named and not defines),
                names=self._names_in(held),
                rarest=float(self._rarest in held),
                kind=self._has_kind(sentence),
                lead=float(passage.start + start == lead or defines),
                says=float(bool(own - title - self._weights.keys())),
                complete=float(self._weights.keys() <= held),
            )
            score = score_of(features)
            if best is None or score > best.score:
                at = passage.start
                best = Candidate(passage, at + start, at + stop, features, score)
        assert best is not None, "there is at least one"
        return best

    def _is_about(self, heading: str) -> bool:
        """Whether a section is what the meaning is asked of, in whatever form of its words."""
        return bool(self._about) and any(self._known(n) == self._about for n in names_of(heading))

    def _own(self, text: str) -> frozenset[str]:
        """The words of a sentence; 5,199 metres say how high, without the word."""
        own = frozenset(self._analyse(text))
        is_measure = self._measure is not None and self._measure.is_in(text)
        return own | self._measured if is_measure else own

    def _known(self, text: str) -> frozenset[str]:
        found = self._words.get(text)
        if found is None:
            found = self._words[text] = frozenset(self._analyse(text))
        return found

    def _held(self, words: frozenset[str]) -> float:
        """How much of the question these words hold, by weight."""
        return sum(each for word, each in self._weights.items() if word in words) / self._total

    def _names_in(self, words: frozenset[str]) -> float:
        """How many of the question's names these words hold; all when there is none."""
        held = [len(name & words) / len(name) for name in self._in_names if name]
        return sum(held) / len(held) if held else 1.0

    def _asked_of(self, words: frozenset[str]) -> float:
        """How many of these words the question holds."""
        return len(words & self._weights.keys()) / len(words) if words else 0.0

    def _beyond(self, words: frozenset[str], title: frozenset[str]) -> float:
        """How much of what the title does not hold; all when the title holds everything."""
        left = {word: each for word, each in self._weights.items() if word not in title}
        total = sum(left.values())
        return sum(each for word, each in left.items() if word in words) / total if total else 1.0

    def _has_kind(self, text: str) -> float:
        form = _FORMS.get(self._question.kind)
        return float(form is None or form.search(text) is not None)


def score_of(features: Features, weights: Features = WEIGHTS) -> float:
    """One number of all features."""
    names = Features.__dataclass_fields__
    return float(sum(getattr(features, name) * getattr(weights, name) for name in names))
