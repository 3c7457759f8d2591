"""Questions in everyday words over the country profiles, with the rows that answer them.

Fifty with rows and twelve that no profile answers, written by hand and not by templates, and thirty
written when the table of wordings (`ask.retrieval.wordings`) was finished and no longer changed;
each that has an answer is asked a second time with its country kept back. Knows which row is the
right one. Does not know how anything is searched.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from groundswell.ask.calibration import Calibration
from groundswell.ask.retrieval.ranking import Candidate
from groundswell.ask.retrieval.searching import Shelf

FILE = Path(__file__).with_name("everyday.jsonl")


@dataclass(frozen=True)
class Everyday:
    """A question; ``rows`` are headings of its article, any of which answers; none answers it
    where there are none. ``is_after``: written when the table of wordings was finished.
    """

    question: str
    article: str
    rows: tuple[str, ...]
    is_after: bool


@dataclass(frozen=True)
class Seen:
    """What came of a question: the rank of a right row, and how sure the best one is said to be."""

    question: str
    has_answer: bool
    rank: int
    sure: float
    threshold: float

    @property
    def is_shown(self) -> bool:
        return self.sure >= self.threshold


def everyday() -> list[Everyday]:
    """The questions of the file."""
    told = map(json.loads, FILE.read_text("utf-8").splitlines())
    return [
        Everyday(each["question"], each["article"], tuple(each["rows"]), each.get("after", False))
        for each in told
    ]


def ask_everyday(
    shelf: Shelf, calibration: Calibration, questions: Sequence[Everyday], risk: float = 0.05
) -> Iterator[Seen]:
    """Each question; those with an answer once more, with their country kept back."""
    for each in questions:
        path = f"{each.article}.md"
        for hidden in (False, True) if each.rows else (False,):
            hides = (lambda _pack, article, path=path: article.path == path) if hidden else None
            found = shelf.search(each.question, hides).candidates
            right = [_is_right(candidate, each) and not hidden for candidate in found]
            rank = right.index(True) + 1 if True in right else 0
            sure = calibration.probability(found)
            has_answer = bool(each.rows) and not hidden
            yield Seen(each.question, has_answer, rank, sure, calibration.threshold(risk))


def _is_right(candidate: Candidate, each: Everyday) -> bool:
    passage = candidate.passage
    # The two outermost headings are the country and its chapter.
    place = " > ".join(passage.headings[1:]) if len(passage.headings) > 1 else ""
    return passage.article.path == f"{each.article}.md" and any(
        place == row or place.startswith(f"{row} > ") for row in each.rows
    )
