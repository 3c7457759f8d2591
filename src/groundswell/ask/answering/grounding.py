"""Whether a written sentence says no more than what it cites.

Rules on the words themselves, no model: it has to be a whole statement; numbers, names and quoted
words of it must stand in the cited text; so must words that turn a meaning round (not, more,
before); and most of its other words. What passes all of it can still be wrong in how it joins what
is there: so it is called supported, and not true. Does not know how sentences are written.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

Analyse = Callable[[str], list[str]]

# How much of a sentence's own words its sources hold.
SUPPORTED_SHARE: Final = 0.8
WEAK_SHARE: Final = 0.6
# A value begins with a number, and has so many words at most ("billion", "births", "est.").
VALUE_WORDS_MAX: Final = 4
# Fewer words are no sentence: "It." stands in every text.
WORDS_MIN: Final = 3

_NUMBER: Final = re.compile(r"\d[\d,.  ]*\d|\d")
_SEPARATORS: Final = re.compile(r"[,  ]|\.(?=\d{3}(?:\D|$))")
_QUOTED: Final = re.compile(r"[\"“„«]([^\"”“»]{1,200})[\"”“»]")
_WORD: Final = re.compile(r"[\w'’-]*\w")  # noqa: RUF001
_NOT: Final = re.compile(r"n['’]t\b")  # noqa: RUF001
_VALUE: Final = re.compile(r"[\W_]*\d")
_POSSESSIVE: Final = re.compile(r"['’]s$")  # noqa: RUF001
_SENTENCE_END: Final = re.compile(r"(?<=[.!?;])\s|\n")
_COUNTS: Final = {
    word: str(number)
    for number, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    )
}
# What is left of a sentence that broke off, and a question, state nothing that could be supported.
_NO_STATEMENT: Final = re.compile(
    r"\?\W*$|[,;:(][^\w)]*$|\b(?:a|an|the|and|or|nor)\W*$", re.IGNORECASE
)
_NEGATIONS_LISTED: Final = "not no never none nobody nothing neither nor without cannot"
_TURNS_LISTED: Final = (
    "more less most least fewer before after first last only largest smallest highest lowest "
    "longest shortest oldest youngest larger smaller higher lower longer shorter older younger "
    "best worst better worse above below increase decrease increased decreased rose fell gained "
    "lost north south east west"
)
# Words that sentences are built with; they need no support.
_PLAIN_LISTED: Final = (
    "the a an of in on at to for from by with and or as is are was were be been being it its this "
    "that these those which who whom whose has have had also he she they their his her there such "
    "into than then so but called known"
)
_NEGATIONS: Final = frozenset(_NEGATIONS_LISTED.split())
_TURNS: Final = frozenset(_TURNS_LISTED.split())
PLAIN: Final = frozenset(_PLAIN_LISTED.split())


class Support(enum.StrEnum):
    """How far a sentence stands in what it cites."""

    QUOTED = "quoted"  # letter for letter
    SUPPORTED = "supported"
    WEAK = "weak"  # shown with the quote beside it
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Grounding:
    """The support that a sentence has, and what of it its sources do not hold."""

    support: Support
    missing: tuple[str, ...] = ()


def ground_sentence(
    sentence: str,
    cited: Sequence[str],
    analyse: Analyse,
    quoted: Sequence[str] = (),
    labels: Sequence[str] = (),
) -> Grounding:
    """How far a sentence stands in what it cites.

    Args:
        sentence: without its marks of citation.
        cited: the quoted texts, each with its title and headings: they say what it is about.
        analyse: the words of a text as the index holds them.
        quoted: the same texts without titles and headings: who repeats nothing of these says only
            what is spoken of, and nothing about it. Without any, that is not looked at.
        labels: where nothing but values is quoted (`is_value`), what each is the value of. A value
            supports no words: the sentence has to hold those of one label, and none that stand
            nowhere. "GDP was 42.3 %" is not what is said of its services.
    """
    source = "\n".join(cited)
    if quoted and not _repeats(sentence, "\n".join(quoted), analyse):
        return Grounding(Support.DROPPED)
    if len(_words(sentence)) < WORDS_MIN or not _is_whole(sentence):
        return Grounding(Support.DROPPED)
    if f" {_squeezed(sentence)} " in f" {_squeezed(source)} ":
        return Grounding(Support.QUOTED)
    missing = [*_missing_numbers(sentence, source), *_missing_quotes(sentence, source)]
    missing += _missing_names(sentence, source)
    missing += _turned(sentence, source)
    if missing:
        return Grounding(Support.DROPPED, tuple(dict.fromkeys(missing)))
    known = frozenset(analyse(source))
    # Numbers were looked up already, in all the ways in which they are written.
    bare = _NUMBER.sub(" ", sentence)
    listed = [_POSSESSIVE.sub("", word) for word in _WORD.findall(bare)]
    words = [word for word in listed if word.casefold() not in PLAIN]
    absent = [word for word in words if not known.issuperset(analyse(word))]
    if labels and (absent or not _holds_one(sentence, labels, analyse)):
        return Grounding(Support.DROPPED, tuple(absent))
    share = 1 - len(absent) / len(words) if words else 0.0
    if share >= SUPPORTED_SHARE:
        return Grounding(Support.SUPPORTED, tuple(absent))
    return Grounding(Support.WEAK if share >= WEAK_SHARE else Support.DROPPED, tuple(absent))


def _is_whole(sentence: str) -> bool:
    """Whether a sentence states something, and did not break off."""
    is_open = sentence.count("(") > sentence.count(")")
    return not is_open and _NO_STATEMENT.search(sentence) is None


def is_value(text: str) -> bool:
    """Whether a text is a value alone, as tables have it: "17.35 births/1,000 population"."""
    words = {word for word in _words(_NUMBER.sub(" ", text)) if word not in PLAIN}
    return _VALUE.match(text) is not None and len(words) <= VALUE_WORDS_MAX


def _holds_one(sentence: str, labels: Sequence[str], analyse: Analyse) -> bool:
    """Whether all words of one of the labels stand in a sentence."""
    said = frozenset(analyse(sentence))
    wanted = (" ".join(word for word in _words(each) if word not in PLAIN) for each in labels)
    return any(said.issuperset(analyse(each)) for each in wanted)


def _squeezed(text: str) -> str:
    """White space and marks at the ends of words make no difference."""
    return " ".join(part.strip(".,;:!?()\"'") for part in text.casefold().split())


def numbers_in(text: str) -> set[str]:
    """Numbers as digits alone: 5,199 and 5199 are one, and so are ten and 10."""
    found = {_SEPARATORS.sub("", each).rstrip(".") for each in _NUMBER.findall(text)}
    return found | {_COUNTS[word] for word in _words(text) if word in _COUNTS}


def _repeats(sentence: str, quoted: str, analyse: Analyse) -> bool:
    """Whether a number or a word of the sentence, other than a plain one, is of what is quoted."""
    if not numbers_in(sentence).isdisjoint(numbers_in(quoted)):
        return True
    held = frozenset(analyse(quoted))
    words = [word for word in _words(sentence) if word not in PLAIN and not word.isdigit()]
    return any(not held.isdisjoint(analyse(word)) for word in words)


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _missing_numbers(sentence: str, source: str) -> list[str]:
    return sorted(numbers_in(sentence) - numbers_in(source))


def _missing_quotes(sentence: str, source: str) -> list[str]:
    held = _squeezed(source)
    return [each for each in _QUOTED.findall(sentence) if _squeezed(each) not in held]


def _missing_names(sentence: str, source: str) -> list[str]:
    """Words that are written as names and do not stand in the source at all."""
    held = set(_words(source))
    missing = []
    for found in _WORD.finditer(sentence):
        word = found[0]
        # The first word has a capital whatever it is: it is a name when it is not a plain word.
        is_name = word[0].isupper() and (found.start() > 0 or word.casefold() not in PLAIN)
        bare = _POSSESSIVE.sub("", word.casefold())
        if is_name and bare not in held and word.casefold() not in held:
            parts = [part for part in re.split(r"[-'’]", bare) if part]  # noqa: RUF001
            if not parts or not held.issuperset(parts):
                missing.append(word)
    return missing


def _turned(sentence: str, source: str) -> list[str]:
    """Words that turn the meaning round, on one side only."""
    turned = sorted(set(_words(sentence)) & _TURNS - set(_words(source)))
    if _denies(sentence) != _denies(_nearest(sentence, source)):
        turned.append("not")
    return turned


def _denies(text: str) -> bool:
    return bool(_NEGATIONS.intersection(_words(text))) or bool(_NOT.search(text))


def _nearest(sentence: str, source: str) -> str:
    """The sentence of the source that holds most of its words."""
    said = set(_words(sentence)) - PLAIN
    parts = _SENTENCE_END.split(source)
    return max(parts, key=lambda part: len(said.intersection(_words(part))))
