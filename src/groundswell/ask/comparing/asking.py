"""Asking models the questions of a set: in turn, block by block, until it is clear or all is asked.

Knows in which order, what a model is shown, and when to stop. Does not know how a model is reached,
where answers are kept, or how they are judged.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from groundswell.ask.comparing.grading import Grade, grade
from groundswell.ask.comparing.verdicts import ERROR, counts_of, is_settled
from groundswell.core.errors import BadRequest
from groundswell.wire.questions import Item, Kind, questions_sha256

RULE: Final = "prompts 1"
# Models are asked so many questions in turn: each change may cost loading.
BLOCK: Final = 8
MODELS_MAX: Final = 8
SOURCES_MAX: Final = 4
SOURCE_CHARACTERS_MAX: Final = 600
TEXT_CHARACTERS_MAX: Final = 2_000
# After so many failures one after another a model is not asked on.
FAILURES_MAX: Final = 10

NOT_THERE: Final = "NOT-IN-SOURCES"
_OPEN: Final = (
    "Answer the question from the sources, in a few words. "
    f"If they do not say it, answer {NOT_THERE}."
)
_CLOSED: Final = "Answer the question in a few words. If you do not know, answer NOT-KNOWN."
# What makes sense only where the sources are shown.
SOURCED: Final = frozenset({Kind.HIDDEN, Kind.ALTERED})

Json = dict[str, Any]
Message = dict[str, str]


@dataclass(frozen=True, slots=True)
class Answered:
    """What a model said to a question; ``failed`` says why there is no answer.

    ``tokens_per_second`` and ``first_token_seconds`` are 0 where nothing was written.
    """

    text: str
    failed: str = ""
    seconds: float = 0.0
    first_token_seconds: float = 0.0
    tokens_per_second: float = 0.0


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that was found: where it stands, in words, its article, and its text."""

    where: str
    article: str
    text: str


class Contestant(Protocol):
    """A model that is compared."""

    @property
    def label(self) -> str:
        """As the person named it."""
        ...

    def begin(self) -> None:
        """Have it in memory, so that loading is not part of what an answer takes."""
        ...

    def ask(self, messages: Sequence[Message]) -> Answered:
        """Its answer. Raises GroundswellError only when nobody could be asked."""
        ...


class Kept(Protocol):
    """Answers that survive an interruption."""

    def get(self, label: str, item_id: str) -> Answered | None:
        """The answer of an earlier run."""
        ...

    def put(self, label: str, item_id: str, answered: Answered) -> None:
        """Keep one."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """Answers of all models to the same questions.

    Attributes:
        items: the questions that were asked, in their order.
        answers: of each model, in the order of the questions.
        planned: how many questions there are.
        stopped: "all", "early" or "time".
    """

    items: tuple[Item, ...]
    answers: tuple[tuple[Answered, ...], ...]
    planned: int
    stopped: str


def order_of(items: Sequence[Item], *, is_open: bool, most: int = 0) -> tuple[Item, ...]:
    """The questions in the order they are asked: by chance, and the same for every comparison.

    Without sources, those are left out that make sense only with them. ``most`` takes so many.
    """
    fitting = [each for each in items if is_open or each.kind not in SOURCED]
    random.Random(questions_sha256(items)).shuffle(fitting)  # noqa: S311 (an order, no secret)
    return tuple(fitting[:most] if most else fitting)


def messages_of(item: Item, sources: Sequence[Source] | None) -> list[Message]:
    """What a model is shown: the question, with sources or None."""
    if sources is None:
        told = f"{_CLOSED}\n\nQuestion: {item.question}"
        return [{"role": "user", "content": told}]
    shown = [f"[{n}] {each.where}: {each.text}" for n, each in enumerate(sources, start=1)]
    listed = "\n".join(shown) or "(none)"
    told = f"{_OPEN}\n\nSources:\n{listed}\n\nQuestion: {item.question}"
    return [{"role": "user", "content": told}]


def shown_sources(item: Item, found: Sequence[Source]) -> list[Source]:
    """What is shown of what was found: an altered row instead of it; of a hidden question nothing
    of the article that would answer.
    """
    if item.context:
        where, _, text = item.context.partition(": ")
        return [Source(where, item.article, text)]
    if item.kind is Kind.HIDDEN:
        found = [each for each in found if each.article != item.article]
    return [
        Source(each.where[:SOURCE_CHARACTERS_MAX], each.article, each.text[:SOURCE_CHARACTERS_MAX])
        for each in found[:SOURCES_MAX]
    ]


@dataclass
class Comparing:
    """One comparison under way.

    Attributes:
        items: in the order they are asked.
        contestants: two to MODELS_MAX; one alone is only measured.
        search: finds sources for a question; None where models answer without.
        kept: answers of an earlier run.
        stops_early: whether asking ends when all pairs are settled.
        until: when asking has to end, by `time.monotonic`.
        tell: told how many questions are done.
    """

    items: Sequence[Item]
    contestants: Sequence[Contestant]
    search: Callable[[Item], Sequence[Source]] | None
    kept: Kept
    stops_early: bool = True
    until: float = float("inf")
    tell: Callable[[int, int], None] = lambda *_: None

    def run(self) -> Asked:
        """Ask until it is settled.

        Raises:
            BadRequest: there is nothing to ask, or nobody.
            Others: of a contestant that cannot be asked at all. What was answered is kept.
        """
        if not self.items or not 0 < len(self.contestants) <= MODELS_MAX:
            raise BadRequest(f"Name 1 to {MODELS_MAX} models, and a set with questions that fit.")
        answers: list[list[Answered]] = [[] for _ in self.contestants]
        stopped, done = "all", 0
        for start in range(0, len(self.items), BLOCK):
            block = self.items[start : start + BLOCK]
            asked = [
                self._block(each, block, so_far)
                for each, so_far in zip(self.contestants, answers, strict=True)
            ]
            # Out of time in the middle of a block: only what everybody answered counts.
            common = min(map(len, asked))
            for so_far, new in zip(answers, asked, strict=True):
                so_far.extend(new[:common])
            done += common
            self.tell(done, len(self.items))
            if common < len(block):
                stopped = "time"
                break
            if self.stops_early and done < len(self.items) and self._is_settled(answers):
                stopped = "early"
                break
        asked_items = tuple(self.items[:done])
        return Asked(asked_items, tuple(map(tuple, answers)), len(self.items), stopped)

    def _block(
        self, contestant: Contestant, block: Sequence[Item], so_far: Sequence[Answered]
    ) -> list[Answered]:
        found: list[Answered] = []
        has_begun = False
        for item in block:
            known = self.kept.get(contestant.label, item.id)
            if known is None:
                if time.monotonic() >= self.until:
                    break
                last = [*so_far, *found][-FAILURES_MAX:]
                if len(last) == FAILURES_MAX and all(each.failed for each in last):
                    known = Answered("", "not asked: it failed too often before")
                else:
                    if not has_begun:
                        contestant.begin()
                        has_begun = True
                    known = contestant.ask(messages_of(item, self._sources(item)))
                self.kept.put(contestant.label, item.id, known)
            found.append(known)
        return found

    def _sources(self, item: Item) -> list[Source] | None:
        if self.search is None:
            return None
        found = [] if item.context else self.search(item)
        return shown_sources(item, found)

    def _is_settled(self, answers: Sequence[Sequence[Answered]]) -> bool:
        right = [rights(self.items, each) for each in answers]
        pairs = [(a, b) for a in range(len(right)) for b in range(a + 1, len(right))]
        left = len(self.items) - len(right[0])
        return bool(pairs) and all(
            is_settled(counts_of(right[a], right[b]), left, ERROR / len(pairs)) for a, b in pairs
        )


def grades(items: Sequence[Item], answers: Sequence[Answered]) -> list[Grade]:
    """How the answers are; there may be fewer of them than questions."""
    return [
        Grade.FAILED if answered.failed else grade(item, answered.text)
        for item, answered in zip(items, answers, strict=False)
    ]


def rights(items: Sequence[Item], answers: Sequence[Answered]) -> list[bool]:
    """Which answers are right."""
    return [each is Grade.RIGHT for each in grades(items, answers)]
