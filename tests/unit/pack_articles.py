"""Articles for tests of packs, made by hand."""

from __future__ import annotations

from typing import Any

from groundswell.wire.documents import Article, ArticleText, BlockKind

KINDS = {"t": BlockKind.TEXT, "i": BlockKind.ITEM, "f": BlockKind.FACT, "c": BlockKind.CODE}


def article(path: str, *blocks: str, title: str = "", **said: Any) -> Article:
    """``# A``, ``## B`` are headings; ``f: …``, ``i: …``, ``c: …`` are kinds; the rest is text."""
    text = ArticleText()
    for block in blocks:
        marks = len(block) - len(block.lstrip("#"))
        if marks:
            text.add(BlockKind.HEADING, block.lstrip("# "), marks)
        elif block[1:3] == ": " and block[0] in KINDS:
            text.add(KINDS[block[0]], block[3:])
        else:
            text.add(BlockKind.TEXT, block)
    whole, cut, links = text.done()
    return Article(path, title or path, whole, cut, links, **said)


def words(count: int, word: str = "word") -> str:
    """So many words, as one sentence."""
    return " ".join(f"{word}{number}" for number in range(count)) + "."
