"""What passages mean, where a question's words leave open which of an article's answers.

"What do people in Brazil speak?" names its article and no word of the row that answers. Passages of
articles that a question names are compared with the rest of it by the vectors of their packs
(`packs.vectors`); those that are nearest become candidates, and `ranking` weighs them. Of packs
without vectors nothing is known. Does not rank, and never brings in another article: what a
question names is decided by its words.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from groundswell.ask.packs.opened import FoundPassage
from groundswell.ask.retrieval.question import Question, content_words
from groundswell.core.errors import Corrupt

# Of articles that a question names, those that are looked at; and passages of each.
ARTICLES_MAX: Final = 4
PASSAGES_MAX: Final = 4_000
# Of each article, so many passages become candidates.
NEAREST_MAX: Final = 16
# Shorter names are words of any text.
NAME_CHARACTERS_MIN: Final = 3

Meanings = dict[tuple[int, int], float]


def near_in_meaning(
    question: Question, passages: Sequence[tuple[float, FoundPassage]]
) -> tuple[list[FoundPassage], Meanings]:
    """The passages of the articles that a question names that are nearest to what it asks of them,
    but those that were read; and how near each candidate of those articles is, by pack and number.

    Args:
        question: as it was read.
        passages: that were read, with their scores, the best first.
    """
    known = {(id(each.pack), each.number) for _, each in passages}
    found: list[FoundPassage] = []
    meanings: Meanings = {}
    for passage, names in _named(question, (each for _, each in passages)):
        pack = passage.pack
        # Vectors that cannot be read say nothing: what the words say can be asked all the same.
        with contextlib.suppress(Corrupt):
            asked = pack.vectors.asked(_rest(question, names))
            if asked is None:
                continue
            numbers = pack.passages_beside(passage.number)[:PASSAGES_MAX]
            nearness = pack.vectors.nearness(asked, numbers)
            nearest = np.argsort(-nearness, kind="stable")[:NEAREST_MAX]
            places = {numbers[at] for at in nearest.tolist()}
            more = [pack.passage(each) for each in sorted(places) if (id(pack), each) not in known]
            places |= {number for number in numbers if (id(pack), number) in known}
            start = numbers.start
            meanings |= {(id(pack), n): max(0.0, float(nearness[n - start])) for n in places}
            found += more
    return found, meanings


def _named(
    question: Question, passages: Iterable[FoundPassage]
) -> list[tuple[FoundPassage, list[str]]]:
    """A passage of each article that a question names, of those that were read; and by which
    names.
    """
    text = question.text.casefold()
    seen: set[tuple[int, str]] = set()
    found: list[tuple[FoundPassage, list[str]]] = []
    for passage in passages:
        pack, article = passage.pack, passage.article
        key = id(pack), article.path
        if key in seen or not pack.vectors.are_there:
            continue
        seen.add(key)
        names = [each for each in (article.title, *article.aliases) if _holds(text, each)]
        if names:
            found.append((passage, names))
            if len(found) == ARTICLES_MAX:
                break
    return found


def _holds(text: str, name: str) -> bool:
    """Whether a text, case folded, holds a name as whole words."""
    folded = name.casefold()
    if len(folded) < NAME_CHARACTERS_MIN or folded not in text:
        return False
    return re.search(rf"(?<!\w){re.escape(folded)}(?!\w)", text) is not None


def _rest(question: Question, names: Sequence[str]) -> str:
    """What a question asks of what it names: its words without any names."""
    rest = question.text
    for name in sorted((*names, *question.names), key=len, reverse=True):
        rest = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ", rest, flags=re.IGNORECASE)
    return " ".join(content_words(rest))
