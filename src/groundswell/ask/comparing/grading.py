"""Whether an answer is right: by what is accepted, and never by a model.

An answer is right when it is one of the accepted ones, holds one as whole words, or holds its
number in a unit that can be compared. Only its beginning counts: who says everything says nothing.
Of a question that nothing answers, right is to say so. Does not know who answered.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from groundswell.ask.comparing.quantities import Quantity, are_close, quantities
from groundswell.wire.questions import Item

WORDS_MAX: Final = 60
NUMBERS_MAX: Final = 4
RULE: Final = "grades 1"

_WORD: Final = re.compile(r"\w+")
_ARTICLES: Final = frozenset(
    "a an the der die das ein eine le la les un une el los las".split()  # noqa: SIM905 (a list of words)
)
_NOT: Final = frozenset({"not", "no", "never", "nicht", "kein", "keine", "pas", "isn", "wasn"})
_SAYS: Final = frozenset({"yes", "no", "true", "false"})
_ABSTAINED: Final = re.compile(
    r"not[- ]in[- ](?:the )?sources?|not[- ]known|unknown\W*$"
    r"|\b(?:do(?:es)?|did)(?: not|n['’]t) (?:know|say|state|mention|contain|provide|specify)"  # noqa: RUF001
    r"|\b(?:can(?: ?not|['’]t)|could(?: not|n['’]t)|unable to) (?:answer|find|say|tell|determine)"  # noqa: RUF001
    r"|\bnot (?:stated|mentioned|given|specified|provided|available|found)\b"
    r"|\bno (?:information|answer|mention)\b|\bnot (?:enough|sufficient) information\b",
    re.IGNORECASE,
)


class Grade(enum.StrEnum):
    """How an answer is."""

    RIGHT = "right"
    WRONG = "wrong"
    ABSTAINED = "abstained"  # said not to know, and there was an answer
    MEMORY = "memory"  # said what stood there before it was altered
    FAILED = "failed"  # there was no answer: the model's process ended, or refused


@dataclass(frozen=True, slots=True)
class _Said:
    words: tuple[str, ...]
    numbers: tuple[Quantity, ...]


def grade(item: Item, text: str) -> Grade:
    """An answer against its question."""
    beginning = " ".join(text.split()[:WORDS_MAX])
    abstains = not beginning or _ABSTAINED.search(beginning) is not None
    if item.unanswerable:
        return Grade.RIGHT if abstains else Grade.WRONG
    said = _Said(words_of(beginning), tuple(quantities(beginning))[:NUMBERS_MAX])
    if any(_holds(said, answer) for answer in item.answers):
        return Grade.RIGHT
    if item.before and _holds(said, item.before):
        return Grade.MEMORY
    return Grade.ABSTAINED if abstains else Grade.WRONG


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, as they are compared: without case, marks, accents and articles."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    # A number in groups is one word: 1,234,567.
    plain = re.sub(r"(?<=\d)[,\u00a0\u202f'](?=\d{3}\b)", "", plain)
    return tuple(word for word in _WORD.findall(plain) if word not in _ARTICLES)


def _holds(said: _Said, answer: str) -> bool:
    """Whether the words hold an accepted answer."""
    wanted = words_of(answer)
    if not wanted:
        return False
    if said.words == wanted:
        return True
    if len(wanted) == 1 and wanted[0] in _SAYS:
        return said.words[:1] == wanted
    measured = list(quantities(answer))
    # "5,199 m (Batian)": the number is what is asked for.
    if measured and measured[0].begins:
        return any(are_close(each, measured[0]) for each in said.numbers)
    return any(_stands(said.words, wanted, at) for at in _places(said.words, wanted))


def _places(words: tuple[str, ...], wanted: tuple[str, ...]) -> Iterator[int]:
    for at in range(len(words) - len(wanted) + 1):
        if words[at : at + len(wanted)] == wanted:
            yield at


def _stands(words: tuple[str, ...], _wanted: tuple[str, ...], at: int) -> bool:
    """Not where the word before says the opposite."""
    return not at or words[at - 1] not in _NOT
