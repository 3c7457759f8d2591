"""Searching packs: a question goes in, candidates come out, the best first.

Knows how index, ranking and packs work together, and in which order. Does not know who asks: it is
given the packs that may be used.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from groundswell.ask.packs.graphs import NO_CORRECTIONS, Corrections
from groundswell.ask.packs.lexical import View
from groundswell.ask.packs.opened import FoundPassage, OpenPack
from groundswell.ask.retrieval.bridging import Bridge, find_bridges, is_bridge
from groundswell.ask.retrieval.meaning import near_in_meaning
from groundswell.ask.retrieval.question import WORDS_MAX, AnswerKind, Question, read_question
from groundswell.ask.retrieval.ranking import Candidate, rank, weights_of
from groundswell.ask.retrieval.scratch import Scratch
from groundswell.ask.retrieval.wordings import rewordings
from groundswell.core.errors import BadRequest
from groundswell.wire.documents import Article
from groundswell.wire.packs import Manifest

# How many passages the index proposes, and how many of them are read.
PROPOSED_MAX: Final = 200
READ_MAX: Final = 32
# Of articles that a question names, whose first passages are read as well.
NAMED_MAX: Final = 4
# Of a name: articles of other packs, and the passages of all packs that are looked at for them.
SPEAKING_MAX: Final = 16
SPEAKING_SEARCHED_MAX: Final = 2_000
BRIDGED_PASSAGES_MAX: Final = 2


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave.

    Attributes:
        question: as it was read.
        candidates: the best sentence of each passage that was read, the best first.
        passages: how many the packs hold.
        proposed: how many the index gave.
        seconds: what each step took, by its name.
        bridges: edges that led to passages, when the question asks for something of something.
    """

    question: Question
    candidates: tuple[Candidate, ...]
    passages: int
    proposed: int
    seconds: dict[str, float]
    bridges: tuple[Bridge, ...] = ()


@dataclass(frozen=True, slots=True)
class _Way:
    """How a question is looked for: what is passed over, which edges are followed (none without
    corrections), and whether vectors are asked.
    """

    hides: Callable[[OpenPack, Article], bool] | None
    corrections: Corrections | None
    meaning: bool


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one way of reading a question gave."""

    candidates: list[Candidate]
    proposed: int
    search_seconds: float
    bridges: tuple[Bridge, ...] = ()


class Shelf:
    """Packs that are asked together. Thread-safe; close it when nobody searches it any more.

    Args:
        packs: at least one; all analysed by the same rules.
        folder: where the view over their indexes may lie; None takes the system's own.

    Raises:
        BadRequest: their words are cut by different rules: ask them one after the other.
        Corrupt: an index cannot be opened.
    """

    def __init__(self, packs: Sequence[OpenPack], folder: Path | None = None) -> None:
        self.packs = tuple(packs)
        names = {analyser_of(pack.manifest) for pack in packs}
        if len(names) != 1:
            raise BadRequest("These packs are in languages that cannot be searched together.")
        self._bases: list[int] = []
        passages = 0
        for pack in packs:
            self._bases.append(passages)
            passages += pack.passages
        self._scratch = Scratch(folder)
        segments = [each for pack in packs for each in pack.segments()]
        with ExitStack() as stack:
            stack.callback(self.close)
            self._view = View(self._scratch.folder, segments, names.pop())
            stack.pop_all()

    @property
    def passages(self) -> int:
        """How many passages the packs hold."""
        return self._view.passages

    def words(self, text: str) -> list[str]:
        """The words of a text as the packs' indexes hold them."""
        return self._view.words(text)

    def passage(self, number: int) -> FoundPassage:
        """A passage, counted through the packs."""
        at = bisect_right(self._bases, number) - 1
        return self.packs[at].passage(number - self._bases[at])

    def speaking_of(self, name: str, beside: int) -> list[tuple[int, str]]:
        """Articles of other packs than ``beside`` in which words of a name stand, the best first:
        the number of each one's pack, and its path. At most SPEAKING_MAX. Raises Corrupt.
        """
        found: dict[tuple[int, str], None] = {}
        if len(self.packs) > 1:
            for _, number in self._view.search(self.words(name)[:WORDS_MAX], SPEAKING_SEARCHED_MAX):
                at = bisect_right(self._bases, number) - 1
                if at != beside and len(found) < SPEAKING_MAX:
                    found[at, self.passage(number).article.path] = None
        return list(found)

    def search(
        self,
        asked: str,
        hides: Callable[[OpenPack, Article], bool] | None = None,
        *,
        bridges: bool = True,
        meaning: bool = True,
        corrections: Corrections = NO_CORRECTIONS,
    ) -> Found:
        """Candidates for a question.

        Args:
            asked: the question.
            hides: says which articles are passed over: questions that nothing answers are made so.
            bridges: whether edges may lead to further passages.
            meaning: whether vectors are asked, where packs have them.
            corrections: what the asker said of edges.

        Raises:
            BadRequest: the question is empty or too long.
            Corrupt: a pack cannot be read.
        """
        began = time.perf_counter()
        question = read_question(asked, self._view.words)
        read = time.perf_counter()
        way = _Way(hides, corrections if bridges else None, meaning)
        first = self._reading(question, way)
        # The same question by the words that reference works use, where they are others.
        other_way = replace(way, corrections=None)
        others = [
            self._reading(
                replace(read_question(each, self._view.words), kind=question.kind), other_way
            )
            for each in rewordings(question.text)
        ]
        readings = [first, *others]
        searched = sum(each.search_seconds for each in readings)
        ranked = time.perf_counter() - read - searched
        seconds = {"read": read - began, "search": searched, "rank": ranked}
        candidates = _best_of([each.candidates for each in readings])
        counts = self.passages, first.proposed
        return Found(question, candidates, *counts, seconds, first.bridges)

    def _reading(self, question: Question, way: _Way) -> _Reading:
        """The question in one wording."""
        hides, corrections = way.hides, way.corrections
        began = time.perf_counter()
        weights = weights_of(question, self._view.frequency, self.passages)
        proposed = self._view.search(question.words, PROPOSED_MAX)
        took = time.perf_counter() - began
        passages = self._passages(question, proposed, hides)
        found: list[Bridge] = []
        if corrections is not None and is_bridge(question):
            found = find_bridges(self, question, weights, corrections)
        passages += self._beyond(question, found, passages, hides)
        said = {
            (id(passage.pack), passage.number): bridge.words
            for bridge in found
            for _, passage in passages
            if self.packs[bridge.pack] is passage.pack and bridge.path == passage.article.path
        }
        more, meanings = near_in_meaning(question, passages) if way.meaning else ([], {})
        passages += [(0.0, passage) for passage in more]
        candidates = rank(question, weights, passages, self._view.words, said, meanings)
        return _Reading(candidates, len(proposed), took, tuple(found))

    def _beyond(
        self,
        question: Question,
        bridges: Sequence[Bridge],
        passages: Sequence[tuple[float, FoundPassage]],
        hides: Callable[[OpenPack, Article], bool] | None,
    ) -> list[tuple[float, FoundPassage]]:
        """The passages of articles that edges led to, that hold most of the question."""
        known = {(id(passage.pack), passage.number) for _, passage in passages}
        found = []
        for bridge in bridges:
            pack = self.packs[bridge.pack]
            numbers = pack.passages_of(bridge.path)
            base = self._bases[bridge.pack]
            words = [*question.words, *self._view.words(bridge.title)]
            best = [
                (score, number - base)
                for score, number in self._view.search(words, PROPOSED_MAX)
                if number - base in numbers
            ]
            best = best[:BRIDGED_PASSAGES_MAX] or [(0.0, number) for number in numbers[:1]]
            for _, number in best:
                passage = pack.passage(number)
                is_known = (id(pack), number) in known
                if not is_known and (hides is None or not hides(pack, passage.article)):
                    known.add((id(pack), number))
                    found.append((0.0, passage))
        return found

    def _passages(
        self,
        question: Question,
        proposed: Sequence[tuple[float, int]],
        hides: Callable[[OpenPack, Article], bool] | None,
    ) -> list[tuple[float, FoundPassage]]:
        found: dict[int, tuple[float, FoundPassage]] = {}
        named: dict[int, float] = {}
        for score, number in proposed:
            if len(found) == READ_MAX:
                break
            passage = self.passage(number)
            if hides is None or not hides(passage.pack, passage.article):
                found[number] = (score, passage)
                if question.kind is AnswerKind.MEANING and len(named) < NAMED_MAX:
                    named.setdefault(self._first_of(number), score)
        for number, score in named.items():
            if number not in found:
                found[number] = (score, self.passage(number))
        return list(found.values())

    def _first_of(self, number: int) -> int:
        at = bisect_right(self._bases, number) - 1
        return self._bases[at] + self.packs[at].first_of(number - self._bases[at])

    def close(self) -> None:
        """Remove the view. The packs stay open: they are not the shelf's."""
        self._scratch.close()


def _best_of(readings: Sequence[Sequence[Candidate]]) -> tuple[Candidate, ...]:
    """The candidates of several readings, each passage once, as the reading that likes it best has
    it. Of equals those of the first reading come first.
    """
    if len(readings) == 1:
        return tuple(readings[0])
    best: dict[tuple[str, str, int], Candidate] = {}
    for candidate in (each for reading in readings for each in reading):
        passage = candidate.passage
        key = (passage.pack.address, passage.article.path, passage.start)
        known = best.get(key)
        if known is None or candidate.score > known.score:
            best[key] = candidate
    return tuple(sorted(best.values(), key=lambda each: -each.score))


def analyser_of(manifest: Manifest) -> str:
    """What a pack's words are cut by."""
    recipe = manifest.recipe.get("lexical")
    name = recipe.get("analyser") if isinstance(recipe, dict) else None
    return name if isinstance(name, str) else ""
