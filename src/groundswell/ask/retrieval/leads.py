"""Which sentence says what is meant by a title, a heading or a word.

Articles of dictionaries and encyclopedias say it with their first sentence, whatever that is.
Chapters and sections of books say it nearly never so: there a sentence counts only where the form
of it tells that it says it. Rules for a few languages; does not know questions.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from groundswell.ask.headings import bare, called, names_of
from groundswell.ask.packs.opened import FoundPassage
from groundswell.ask.sentences import sentences
from groundswell.wire.documents import Article, BlockKind

SENTENCES_MAX: Final = 40
LEAD_BLOCKS_MAX: Final = 8
# Between what a row is of, its key, and the head of its column.
COLUMN: Final = " — "
# Of a row.
SPOKEN_WORDS_MIN: Final = 4
_ENDS: Final = (".", "!", "?", "…", ":", "。")
NAME_CHARACTERS_MAX: Final = 200
# Shorter than this a plural is no name with an s.
_SINGULAR_MIN: Final = 4

_ASIDE: Final = re.compile(r"\([^()]*\)[.!?]?|\[[^\[\]]*\][.!?]?", re.DOTALL)
_PRONOUNS: Final = re.compile(
    r"(?:It|They|He|She|This|These|That|Those|Its|His|Her|Their|Such|Es|Sie|Er|Dies\w*|Il|Elle|Ils)"
    r"\b"
)
_ARTICLE: Final = (
    r"(?:(?:an?|the|each|every|eine?|der|die|das|une?|les?|la|el|los|las|una)\s+|l['’])?"  # noqa: RUF001
)
_IS: Final = (
    "is|are|was|were|means?|refers? to|stands? for|denotes?|ist|sind|war|waren|bedeutet|bezeichnet|"
    "est|sont|était|désigne|signifie|es|son|era|eran|significa"
)
# What a section says of its own heading: these tell what it is as well.
_DOES: Final = (
    f"{_IS}|contains?|comprises?|consists? of|includes?|describes?|holds?|provides?|gives?|lists?|"
    "specif(?:y|ies)|identif(?:y|ies)|represents?|allows?|lets?|tracks?|has|have|enthält|enthalten|"
    "umfasst|hat|haben|contient|contiennent|comprend|contiene|contienen"
)
# What something is not does not say what it is: "Epochs are also not intended …".
_AFFIRMED: Final = r"(?!(?:\w+\s+)?(?:not|no|never|kein\w*|nicht|pas)(?![\w-]))"
_TOOL: Final = re.compile(r"[a-z][\w.+-]*")
_CALLED: Final = (
    r"\b(?:is|are|was|were|be)\s+(?:also\s+|often\s+|usually\s+|commonly\s+|sometimes\s+)?"
    r"(?:called|known as|referred to as|termed)\s+"
)
# "This file is …", below the heading that names it; and not "This chapter describes …".
_OF_THE_HEADING: Final = re.compile(
    r"(?:(?:This|These|They|Those|Such)(?:\s+(?!section|chapter|part|document|manual|appendix|page|"
    rf"guide|book)\w+){{0,2}}\s+(?:{_DOES})|It\s+(?:is|was)\s+(?:an?|the|one))\s+{_AFFIRMED}",
    re.IGNORECASE,
)


def first_sentence_of(article: Article) -> int:
    """Where the first sentence of an article begins that is no remark in brackets. -1 without."""
    return next((start for start, _ in _sentences_of(article)), -1)


def lead_of(article: Article) -> int:
    """Where the sentence begins that says what the article is about: the first one; of a chapter
    of a book one that says so by its form. -1 without one.
    """
    if not is_chapter(article):
        return first_sentence_of(article)
    spans = list(_sentences_of(article))
    told = [article.text[start:stop] for start, stop in spans]
    name = called(article.title, article.path)
    # The heading that the title is made of may stand there too.
    above = [each for each in article.blocks if each.level and spans and each.start < spans[0][0]]
    is_begun = all(bare(article.text[each.start : each.stop]) == name for each in above)
    at = _saying(told, names_of(name), is_begun=is_begun)
    return spans[at][0] if at >= 0 else -1


def section_lead_of(passage: FoundPassage) -> int:
    """Where the sentence begins that says what the section of a passage is about. -1 if none of
    the passage does.
    """
    if passage.heading < 0:
        return -1
    text = passage.text
    spans = [(a, b) for a, b in sentences(text)[:SENTENCES_MAX] if not _ASIDE.fullmatch(text, a, b)]
    told = [text[start:stop] for start, stop in spans]
    at = _saying(told, names_of(passage.headings[-1]), is_begun=begins_section(passage))
    return passage.start + spans[at][0] if at >= 0 else -1


def begins_section(passage: FoundPassage) -> bool:
    """Whether the text below a heading begins with this passage."""
    blocks = passage.article.blocks
    at = bisect_left(blocks, passage.heading, key=lambda block: block.start)
    is_first = at + 1 < len(blocks) and blocks[at + 1].start == passage.start
    return passage.heading >= 0 and is_first and blocks[at + 1].kind is BlockKind.TEXT


def is_chapter(article: Article) -> bool:
    """Whether it is a part of a book: its path stands behind the book's and "#"."""
    return "#" in article.path


def says_what(sentence: str, names: tuple[str, ...]) -> bool:
    """Whether a sentence says what one of these names is: "A udeb is …", "… is called a udeb", or
    the row of a list of words that says it ("Options — terse: The build is less verbose.").
    """
    forms = _forms(names)
    return forms is not None and (
        forms.defines.match(sentence) is not None
        or forms.is_called.search(sentence) is not None
        or (forms.row.match(sentence) is not None and is_spoken(sentence.partition(": ")[2]))
    )


def is_spoken(value: str) -> bool:
    """Whether what a row says begins with a sentence: then it says what its key means, as lists of
    words do; and else what something else has of it, as tables do.
    """
    first = value[slice(*next(iter(sentences(value)), (0, 0)))]
    return first.endswith(_ENDS) and len(first.split()) >= SPOKEN_WORDS_MIN


def begins_with_pronoun(text: str) -> bool:
    """Whether a sentence speaks of what the one before it named."""
    return _PRONOUNS.match(text) is not None


@dataclass(frozen=True, slots=True)
class _Forms:
    """How sentences look that say what something of one of some names is."""

    defines: re.Pattern[str]
    is_called: re.Pattern[str]
    row: re.Pattern[str]
    does: re.Pattern[str]


@lru_cache(maxsize=256)
def _forms(names: tuple[str, ...]) -> _Forms | None:
    """None of no names, nor of any that is as long as a sentence."""
    names = tuple(each for each in names if 0 < len(each) <= NAME_CHARACTERS_MAX)
    stems = "|".join(re.escape(_singular(each)) for each in names)
    if not stems:
        return None
    name = rf"[\"'“‘«]?(?:{stems})(?:e?s)?[\"'”’»]?"  # noqa: RUF001
    subject = rf"{_ARTICLE}{name}(?:\s*\([^()]{{1,60}}\))?,?\s+"
    # "lintian dissects packages": of what is written small, and so is no word of the language.
    tool = "|".join(re.escape(each) for each in names if _TOOL.fullmatch(each)) or r"(?!)"
    return _Forms(
        re.compile(rf"{subject}(?:{_IS})\s+{_AFFIRMED}", re.IGNORECASE),
        re.compile(rf"{_CALLED}{_ARTICLE}{name}(?!\w)", re.IGNORECASE),
        re.compile(rf".{{1,100}}?{COLUMN}{name}(?:{COLUMN}[^:]{{1,60}})?: ", re.IGNORECASE),
        re.compile(rf"(?i:{subject}(?:{_DOES})\s+{_AFFIRMED})|(?:{tool})\s+[a-z]+s\s"),
    )


def _singular(name: str) -> str:
    is_plural = len(name) >= _SINGULAR_MIN and name.endswith("s") and not name.endswith("ss")
    return name[:-1] if is_plural else name


def _saying(told: Sequence[str], names: tuple[str, ...], *, is_begun: bool) -> int:
    """Which of these sentences, in their order, says what stands above them in these words.

    -1 when none does. ``is_begun`` when nothing stands between.
    """
    forms = _forms(names)
    if forms is None:
        return -1
    for number, sentence in enumerate(told):
        if says_what(sentence, names):
            return number
    for number, sentence in enumerate(told):
        if forms.does.match(sentence) is not None:
            return number
    is_of_it = is_begun and bool(told) and _OF_THE_HEADING.match(told[0]) is not None
    return 0 if is_of_it else -1


def _sentences_of(article: Article) -> Iterator[tuple[int, int]]:
    """Those of its beginning that are no remarks in brackets, up to the heading behind them."""
    is_begun = False
    for block in article.blocks[:LEAD_BLOCKS_MAX]:
        if block.level and is_begun:
            return
        text = article.text[block.start : block.stop]
        for start, stop in [] if block.level else sentences(text)[:SENTENCES_MAX]:
            if not _ASIDE.fullmatch(text[start:stop]):
                is_begun = True
                yield block.start + start, block.start + stop
