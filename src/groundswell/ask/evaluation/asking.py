"""Asking a set of questions, and counting: what was found, what was right, what was kept back.

Knows how an answer is judged against its item. Does not know how questions are made.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from groundswell.ask.calibration import (
    SAMPLES_MIN,
    THRESHOLD_SAMPLES_MIN,
    Calibration,
    Vector,
    describe,
    fit,
    fit_thresholds,
)
from groundswell.ask.evaluation.making import Item, Kind, Lack, make_set
from groundswell.ask.packs.opened import OpenPack
from groundswell.ask.retrieval.ranking import Candidate
from groundswell.ask.retrieval.searching import Found, Shelf
from groundswell.wire.documents import BlockKind

# Enough for a promise of one in a hundred; fewer where a pack has no more.
CALIBRATION_QUESTIONS: Final = 800
_SPACE: Final = re.compile(r"\W+")

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Judged:
    """A question that was asked.

    Attributes:
        item: the question.
        rank: of the right article among those found, from 1; 0 when it is not among them.
        is_right: whether the best sentence answers.
        described: what was known of it; None when nothing was found.
        seconds: what the search took.
    """

    item: Item
    rank: int
    is_right: bool
    described: Vector | None
    seconds: float


def judge(item: Item, found: Found) -> Judged:
    """An item against what was found for it."""
    candidates = found.candidates
    paths = list(dict.fromkeys(each.passage.article.path for each in candidates))
    rank = paths.index(item.article) + 1 if item.article in paths else 0
    is_right = bool(candidates) and answers(item, candidates[0])
    described = describe(candidates) if candidates else None
    return Judged(item, rank, is_right, described, sum(found.seconds.values()))


def answers(item: Item, candidate: Candidate) -> bool:
    """Whether a sentence answers an item: it is the known one, or of its article and says the same.

    Nothing answers a hidden one.
    """
    if item.hidden or candidate.passage.article.path != item.article:
        return False
    if candidate.start < item.stop and item.start < candidate.stop:
        return True
    # The same fact may stand twice in an article. Of a description only the article was asked.
    return item.kind is Kind.DESCRIPTION or _plain(item.answer) in _plain(candidate.text)


def _plain(text: str) -> str:
    return f" {_SPACE.sub(' ', text.casefold()).strip()} "


def ask_set(
    shelf: Shelf, items: Iterable[Item], progress: Callable[[], None] = lambda: None
) -> list[Judged]:
    """Ask each question; hidden ones with their article, or the row in it, passed over."""
    judged = []
    for item in items:
        path = item.article if item.lacks is Lack.ARTICLE else None
        hides = None if path is None else (lambda _pack, article, path=path: article.path == path)
        found = shelf.search(item.question, hides)
        is_left = item.lacks is not Lack.ROW
        judged.append(judge(item, found if is_left else _without_row(item, found)))
        progress()
    return judged


def _without_row(item: Item, found: Found) -> Found:
    """What was found, without the sentences that would have answered."""
    seen = replace(item, lacks=None)
    left = tuple(
        each for each in found.candidates if not answers(seen, each) and not _beside(item, each)
    )
    return replace(found, candidates=left)


def _beside(item: Item, candidate: Candidate) -> bool:
    """Whether a sentence says more of the section whose meaning is asked for."""
    passage = candidate.passage
    if item.kind is not Kind.MEANING or passage.article.path != item.article:
        return False
    starts = [each.start for each in passage.article.blocks if each.kind is BlockKind.HEADING]
    at = bisect_right(starts, item.start) - 1
    return passage.heading == (starts[at] if at >= 0 else -1)


def calibrate(
    pack: OpenPack, count: int = CALIBRATION_QUESTIONS, seed: int = 0
) -> tuple[Calibration | None, list[Judged]]:
    """The calibration of a pack on questions made from it, and how they were answered.

    None when too few questions can be made from it.
    """
    shelf = Shelf([pack])
    try:
        judged = ask_set(shelf, make_set(pack, count, seed))
    finally:
        shelf.close()
    return fit_judged(judged), judged


def fit_judged(judged: Sequence[Judged]) -> Calibration | None:
    """A calibration from questions that were asked; None from too few."""
    known = [each for each in judged if each.described is not None]
    if len(known) < THRESHOLD_SAMPLES_MIN:
        return None
    described = [each.described for each in known if each.described is not None]
    fitting = fit if len(known) >= SAMPLES_MIN else fit_thresholds
    return fitting(described, [each.is_right for each in known])
