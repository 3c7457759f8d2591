"""Passages: what is found when a pack is asked. Paragraphs of a section, joined or cut to a size.

A passage never crosses a heading, so that title and heading say what it is about, and it keeps the
characters of the article that it is: what is shown of it is quoted, never rebuilt. The same article
gives the same passages: RULE is part of a pack's recipe. Does not know files or indexes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from groundswell.ask.sentences import sentences
from groundswell.wire.documents import Article, Block, BlockKind

WORDS_MIN: Final = 60
WORDS_MAX: Final = 140
RULE: Final = f"paragraphs of {WORDS_MIN} to {WORDS_MAX} words, 2"
# Of what is told and searched of a heading: each passage under it has it once more.
HEADING_CHARACTERS_MAX: Final = 300
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Passage:
    """Characters [start, stop) of an article's text.

    ``heading`` is where the heading that it stands under begins; -1 without one.
    """

    start: int
    stop: int
    heading: int = -1


def cut_passages(article: Article) -> list[Passage]:
    """The passages of an article, in the order of its text."""
    found: list[Passage] = []
    heading, section = -1, list[Block]()
    for block in article.blocks:
        if block.kind is BlockKind.HEADING:
            found += _section(article.text, section, heading)
            heading, section = block.start, []
        else:
            section.append(block)
    return found + list(_section(article.text, section, heading))


def heading_path(article: Article, heading: int) -> list[str]:
    """The headings that a passage stands under, the outermost first, without the ends of long ones.

    ``heading`` is where the innermost begins; nothing for -1.
    """
    path: list[str] = []
    for start, at in heading_paths(article):
        if start > heading:
            break
        path = at
    return path


def heading_paths(article: Article) -> Iterator[tuple[int, list[str]]]:
    """Each heading's place, with its path."""
    path: list[tuple[int, str]] = []
    for block in article.blocks:
        if block.kind is BlockKind.HEADING:
            path = [each for each in path if each[0] < block.level]
            stop = min(block.stop, block.start + HEADING_CHARACTERS_MAX)
            path.append((block.level, article.text[block.start : stop]))
            yield block.start, [text for _, text in path]


def _section(text: str, blocks: list[Block], heading: int) -> Iterator[Passage]:
    """Blocks joined while they are short, and cut at sentences where they are long."""
    start = stop = -1
    words = 0
    for piece_start, piece_stop in _pieces(text, blocks):
        count = len(_WORD.findall(text, piece_start, piece_stop))
        if words and (words >= WORDS_MIN or words + count > WORDS_MAX):
            yield Passage(start, stop, heading)
            words = 0
        if not words:
            start = piece_start
        stop = piece_stop
        words += max(count, 1)
    if words:
        yield Passage(start, stop, heading)


def _pieces(text: str, blocks: list[Block]) -> Iterator[tuple[int, int]]:
    """Blocks, and of those that are too long their sentences, or words where those are too long."""
    for block in blocks:
        if len(_WORD.findall(text, block.start, block.stop)) <= WORDS_MAX:
            yield block.start, block.stop
            continue
        for start, stop in sentences(text[block.start : block.stop]):
            yield from _short(text, block.start + start, block.start + stop)


def _short(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    begun = start
    for count, word in enumerate(_WORD.finditer(text, start, stop), 1):
        if count > 1 and count % WORDS_MAX == 1:
            yield begun, begun + len(text[begun : word.start()].rstrip())
            begun = word.start()
    yield begun, stop
