"""Sets of questions made from a pack itself, so that it is known which answer is right and where.

Three kinds: *fact* (a row of a table, or a short passage under a heading: "What is the area of
Kenya?"), *meaning* ("What is a kernel?": the first sentence of its article, or the one of a book's
section that says it), and *description* (the first sentence without its name: which article is it
of?). Half of them are *hidden*: nothing can answer, because the article is kept from the search, or
the row, or because none of a section's sentences says what its heading means. The same pack and the
same seed give the same set. Does not ask.
"""

from __future__ import annotations

import enum
import random
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from groundswell.ask.headings import bare, called, is_page
from groundswell.ask.packs.opened import FoundPassage, OpenPack
from groundswell.ask.retrieval.leads import (
    COLUMN,
    begins_section,
    first_sentence_of,
    is_chapter,
    is_spoken,
    lead_of,
    section_lead_of,
)
from groundswell.ask.retrieval.question import content_words
from groundswell.ask.sentences import sentences
from groundswell.wire.documents import Article, BlockKind

FACT_WORDS_MAX: Final = 30
LEAD_WORDS_MIN: Final = 6
LEAD_WORDS_MAX: Final = 45
SECTION_CHARACTERS_MAX: Final = 80
# Of packs with more, nobody knows cheaply what a heading is the only one of.
ARTICLES_READ_MAX: Final = 20_000
# Of passages of a section.
SECTION_READ_MAX: Final = 32
# How many passages are looked at for each question that is wanted.
_TRIES: Final = 30
# Of hidden facts, the share of which only the row is hidden.
ROW_ONLY: Final = 0.5

_WORD: Final = re.compile(r"\w+")
_FACT: Final = re.compile(r"(?P<about>.{1,100}?) — (?P<key>[^:]{1,80}): (?P<value>.+)", re.DOTALL)
_ASKED: Final = (
    "What is the {key} of {about}?",
    "{about}: {key}",
    "Tell me the {key} of {about}.",
    "{key} {about}",
    "I would like to know the {key} of {about}.",
)
# Of a book: its lists say what words mean in it.
_DEFINED: Final = (
    "What is {key} in {about}?",
    "{about}: {key}",
    "What does {key} mean in {about}?",
    "{key} {about}",
    "Define {key} in {about}",
)
_MEANT: Final = ("What is {about}?", "Define {about}", "What does {about} mean?", "{about}")
# "How to get a translation reviewed" is the head of a section, and no name of anything.
_ASKS: Final = re.compile(r"(?:how|what|when|where|which|who|whose|why)\b|.*\?$", re.IGNORECASE)
# What a dictionary puts before the sentence: "<hardware> A version of …".
_LABEL: Final = re.compile(r"<[^>]{1,80}>\s*|\([^)]{1,60}\)\s*|\d{1,2}\.\s+")
_SEE: Final = re.compile(r"(?:see|compare|synonym|opposite|plural)\b", re.IGNORECASE)


class Kind(enum.StrEnum):
    """What a question was made from."""

    FACT = "fact"
    MEANING = "meaning"
    DESCRIPTION = "description"


class Lack(enum.StrEnum):
    """Why nothing answers a question."""

    ARTICLE = "article"  # what answers is kept from the search with all of its article
    # Only the row is, or the section: as if it was asked for in words that the article has for
    # something else.
    ROW = "row"
    SENTENCE = "sentence"  # nothing is kept: the section speaks of it, and no sentence says it


@dataclass(frozen=True, slots=True)
class Item:
    """A question with its answer.

    Attributes:
        question: as it is asked.
        kind: what it was made from.
        article: path of the one that answers.
        start: of the answering characters in the article.
        stop: the one after the last.
        answer: those characters; of a section that does not say it, its first sentence.
        lacks: of a hidden one, why nothing answers.
    """

    question: str
    kind: Kind
    article: str
    start: int
    stop: int
    answer: str
    lacks: Lack | None = None

    @property
    def hidden(self) -> bool:
        """Whether nothing answers."""
        return self.lacks is not None

    def as_json(self) -> dict[str, Any]:
        """As a line of a set."""
        return {
            "question": self.question,
            "kind": self.kind.value,
            "article": self.article,
            "start": self.start,
            "stop": self.stop,
            "answer": self.answer,
            "hidden": self.hidden,
            "lacks": self.lacks,
        }


def make_set(pack: OpenPack, count: int, seed: int = 0, hidden: float = 0.5) -> list[Item]:
    """Questions from all over a pack, of all kinds that it has.

    Args:
        pack: what they are made from.
        count: how many are wanted; fewer come of a pack that has not as many.
        seed: another one gives other questions.
        hidden: the share of them that nothing can answer.
    """
    chooser = random.Random(seed)  # noqa: S311 (a sample, not a secret)
    found: dict[str, Item] = {}
    headings = _Headings(pack)
    by_kind = dict.fromkeys(Kind, 0)
    kept = unsaid = 0
    for _ in range(min(count * _TRIES, 4 * pack.passages)):
        if len(found) == count or not pack.passages:
            break
        passage = pack.passage(chooser.randrange(pack.passages))
        items = [
            item for item in items_of(passage, chooser, headings) if item.question not in found
        ]
        if not items:
            continue
        is_hidden = chooser.random() < hidden
        # Most sections say nothing of the kind: they are half of what is hidden at most, and others
        # are hidden less often for them.
        if not is_hidden or unsaid > hidden * len(found) / 2:
            items = [each for each in items if not each.hidden]
        is_hidden = is_hidden and not (unsaid and kept > hidden * len(found))
        if items:
            # Every kind in turn, as far as there are any.
            item = min(items, key=lambda each: by_kind[each.kind])
            lacks = item.lacks or (_lack(item, chooser, pack) if is_hidden else None)
            kept += lacks is not None
            unsaid += item.hidden
            by_kind[item.kind] += 1
            found[item.question] = replace(item, lacks=lacks)
    made = list(found.values())
    if unsaid:
        chooser.shuffle(made)  # every other one is fitted on, and they were balanced one by one
    return made


def _lack(item: Item, chooser: random.Random, pack: OpenPack) -> Lack:
    """What is kept from the search of a question that nothing is to answer."""
    row_only = chooser.random() < ROW_ONLY and item.kind is Kind.FACT
    # Without its only article a pack holds nothing that could be taken for an answer.
    return Lack.ROW if row_only or pack.manifest.counts.articles == 1 else Lack.ARTICLE


class _Headings:
    """Which headings, and keys of rows, stand in one article alone: "History" of several does not
    say what of.
    """

    def __init__(self, pack: OpenPack) -> None:
        self._pack = pack
        self._counts: Counter[str] | None = None  # most dictionaries have none: then nobody reads
        self._is_known = True

    def is_single(self, heading: str) -> bool:
        if self._counts is None:
            self._counts = self._counted()
        return self._is_known and self._counts[heading.casefold()] == 1

    def is_unsaid(self, passage: FoundPassage) -> bool:
        """Whether a section begins with this passage, and neither it nor another says it."""
        if not begins_section(passage):
            return False
        beside = self._pack.passages_beside(passage.number)
        for number in range(passage.number, min(beside.stop, passage.number + SECTION_READ_MAX)):
            other = self._pack.passage(number)
            if other.heading != passage.heading:
                return True
            if section_lead_of(other) >= 0:
                return False
        return True

    def _counted(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        number = read = 0
        while number < self._pack.passages:
            article = self._pack.passage(number).article
            counts.update({each.casefold() for each in _named_in(article)})
            number, read = self._pack.passages_beside(number).stop, read + 1
            if read == ARTICLES_READ_MAX:
                self._is_known = number >= self._pack.passages
                break
        return counts


def _named_in(article: Article) -> Iterator[str]:
    """What its headings and the keys of its rows are called."""
    for block in article.blocks:
        text = article.text[block.start : block.stop]
        if block.kind is BlockKind.HEADING:
            yield bare(text)
        elif block.kind is BlockKind.FACT and (row := _FACT.fullmatch(text)) is not None:
            yield row["key"].partition(COLUMN)[0]


def items_of(
    passage: FoundPassage, chooser: random.Random, headings: _Headings | None = None
) -> Iterator[Item]:
    """The questions that a passage gives, of all kinds that it has.

    ``headings`` are those of its pack; without them no meanings of headings are asked.
    """
    yield from _rows(passage, chooser, headings)
    yield from _short(passage, chooser)
    if headings is not None:
        yield from _section(passage, chooser, headings)
    yield from _lead(passage.article, chooser)


def _rows(
    passage: FoundPassage, chooser: random.Random, headings: _Headings | None
) -> Iterator[Item]:
    """A row of a table that stands in the passage."""
    article = passage.article
    rows = [
        block
        for block in article.blocks
        if block.kind is BlockKind.FACT and passage.start <= block.start < passage.stop
    ]
    if rows:
        block = chooser.choice(rows)
        row = _FACT.fullmatch(article.text[block.start : block.stop])
        if row is not None and _says_something(row["key"]) and _is_once(article, row["key"]):
            forms, key = _forms(article, row, headings)
            asked = chooser.choice(forms).format(key=key, about=bare(row["about"]))
            yield _item(asked, Kind.FACT, article, block.start, block.stop)


def _forms(
    article: Article, row: re.Match[str], headings: _Headings | None
) -> tuple[tuple[str, ...], str]:
    """How a row is asked for, by what it is of or as the word whose meaning it says; and the word,
    or else its key.
    """
    key = row["key"]
    if headings is None or not is_spoken(row["value"]):
        return _ASKED, key
    word, _, column = key.partition(COLUMN)
    is_only = not column or article.text.count(f"{COLUMN}{word}{COLUMN}") == 1
    if is_only and headings.is_single(word):
        return tuple(each.replace("{about}", "{key}") for each in _MEANT), word
    return _DEFINED if is_chapter(article) else _ASKED, key


def _short(passage: FoundPassage, chooser: random.Random) -> Iterator[Item]:
    """A few words under a heading: the heading says what they are."""
    written = passage.headings
    is_short = len(_WORD.findall(passage.text)) <= FACT_WORDS_MAX
    # Below a page's number stands what belongs to the heading before it.
    if not is_short or len(written) < 2 or is_page(written[-1]) or not _is_whole(passage):
        return
    headings = list(map(bare, written))
    key = headings[-1]
    # "Total" and what stands in an article twice say nothing without what they are of.
    if len(headings) > 2 and (len(key.split()) < 2 or _is_twice(passage.article, key)):
        key = f"{headings[-2]} {key}"
    about = called(passage.article.title, passage.article.path)
    if 1 <= len(key) <= 80 and _says_something(key):
        asked = chooser.choice(_ASKED).format(key=key.lower(), about=about)
        yield _item(asked, Kind.FACT, passage.article, passage.start, passage.stop)


def _says_something(key: str) -> bool:
    return re.search(r"[^\W\d_]{3}", key) is not None


def _is_once(article: Article, key: str) -> bool:
    """Whether one row alone has this name: of two nobody knows which is asked for."""
    return article.text.count(f" \u2014 {key}: ") == 1


def _is_whole(passage: FoundPassage) -> bool:
    """Whether a passage is all that stands under its heading."""
    blocks = passage.article.blocks
    at = bisect_left(blocks, passage.start, key=lambda block: block.start)
    behind = next((each for each in blocks[at:] if each.start >= passage.stop), None)
    is_end = behind is None or behind.kind is BlockKind.HEADING
    return at > 0 and blocks[at - 1].kind is BlockKind.HEADING and is_end


def _is_twice(article: Article, heading: str) -> bool:
    texts = [bare(article.text[each.start : each.stop]) for each in article.blocks if each.level]
    return sum(text.casefold() == heading.casefold() for text in texts) > 1


def _section(passage: FoundPassage, chooser: random.Random, headings: _Headings) -> Iterator[Item]:
    """What a heading means: the sentence below it that says so, or that none does."""
    start = section_lead_of(passage)
    is_said = start >= 0
    if not is_said and headings.is_unsaid(passage):
        start = passage.start
    about = bare(passage.headings[-1]) if start >= 0 else ""
    is_name = (
        len(content_words(about)) > 1
        and not is_page(about)
        and not _ASKS.match(about)
        and len(about) <= SECTION_CHARACTERS_MAX
    )
    if not is_name or _is_twice(passage.article, about) or not headings.is_single(about):
        return
    stop = start + next(iter(sentences(passage.article.text[start : passage.stop])), (0, 0))[1]
    if len(_WORD.findall(passage.article.text[start:stop])) >= LEAD_WORDS_MIN:
        asked = chooser.choice(_MEANT).format(about=about)
        item = _item(asked, Kind.MEANING, passage.article, start, stop)
        yield item if is_said else replace(item, lacks=Lack.SENTENCE)


def _lead(article: Article, chooser: random.Random) -> Iterator[Item]:
    """What a title means, and what the first sentence is of."""
    first = _spoken(article, first_sentence_of(article))
    if first is None:
        return
    said = _spoken(article, lead_of(article))
    asked = chooser.choice(_MEANT).format(about=called(article.title, article.path))
    item = _item(asked, Kind.MEANING, article, *(said or first))
    yield item if said else replace(item, lacks=Lack.SENTENCE)
    bare = _LABEL.sub("", article.text[slice(*first)])
    nameless = _without(bare, article)
    is_short = len(_WORD.findall(bare)) <= LEAD_WORDS_MAX
    if is_short and len(_WORD.findall(nameless)) >= LEAD_WORDS_MIN:
        yield _item(f"What is {nameless}?", Kind.DESCRIPTION, article, *first)


def _spoken(article: Article, start: int) -> tuple[int, int] | None:
    """The sentence that begins there; None of too few words, or that sends elsewhere."""
    block = next((each for each in article.blocks if each.start <= start < each.stop), None)
    if block is None or block.kind is not BlockKind.TEXT:
        return None
    stop = start + next(iter(sentences(article.text[start : block.stop])), (0, 0))[1]
    bare = _LABEL.sub("", article.text[start:stop])
    is_enough = len(_WORD.findall(bare)) >= LEAD_WORDS_MIN
    return (start, stop) if is_enough and not _SEE.match(bare) else None


def _without(text: str, article: Article) -> str:
    """The sentence without the article's names, as somebody says who does not know them."""
    for name in sorted((article.title, *article.aliases), key=len, reverse=True):
        text = re.sub(rf"\b{re.escape(name)}\b", "", text, flags=re.IGNORECASE)
    text = re.sub(r"^\W*(?:(?:is|are|was|were|or|also)\b\W*)+", "", " ".join(text.split()))
    return (text[:1].lower() + text[1:]).strip(" .,;:")


def _item(asked: str, kind: Kind, article: Article, start: int, stop: int) -> Item:
    return Item(asked, kind, article.path, start, stop, article.text[start:stop])
