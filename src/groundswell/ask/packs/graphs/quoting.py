"""The sentence of an article that an edge stands in, and what it calls the edge."""

from __future__ import annotations

import re
from typing import Final

from groundswell.ask.packs.passages import heading_path
from groundswell.ask.sentences import sentences
from groundswell.wire.documents import Article, BlockKind

QUOTE_CHARACTERS_MAX: Final = 500
LABEL_CHARACTERS_MAX: Final = 80
_KEY: Final = re.compile(r".{1,300}? — (?P<key>[^:]{1,200}): ", re.DOTALL)


def sentence_of(article: Article, start: int, stop: int) -> tuple[int, int]:
    """The sentence around characters of an article; around them alone where it is long."""
    block = next((each for each in article.blocks if each.start <= start < each.stop), None)
    if block is None:
        return start, stop
    text = article.text[block.start : block.stop]
    found = [
        (block.start + first, block.start + last)
        for first, last in sentences(text)
        if block.start + first <= start < block.start + last
    ]
    first, last = found[0] if found else (start, stop)
    if last - first > QUOTE_CHARACTERS_MAX:
        first = max(first, start - QUOTE_CHARACTERS_MAX // 2)
        last = min(last, first + QUOTE_CHARACTERS_MAX)
    return first, max(last, min(stop, first + 2 * QUOTE_CHARACTERS_MAX))


def label_of(article: Article, start: int) -> str:
    """What the row or the heading calls what stands there; "" where the title alone does."""
    block = next((each for each in article.blocks if each.start <= start < each.stop), None)
    if block is not None and block.kind is BlockKind.FACT:
        row = _KEY.match(article.text[block.start : block.stop])
        if row is not None:
            return row["key"][:LABEL_CHARACTERS_MAX]
    path = heading_path(article, start)
    label = path[-1] if path else ""
    return "" if label.casefold() == article.title.casefold() else label[:LABEL_CHARACTERS_MAX]
