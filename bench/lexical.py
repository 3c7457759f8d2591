"""Other ways to find a passage by its words, over the same passages: SQLite FTS5, and bm25s.

Knows how each is asked for the rank of the right article. Does not know packs' own search.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from typing import Final

import bm25s

from groundswell.ask.evaluation.making import Item
from groundswell.ask.packs.opened import OpenPack

DEEP: Final = 32


def by_fts5(pack: OpenPack, items: Sequence[Item]) -> list[int]:
    """The rank of the right article by SQLite's full-text index; 0: not among the first."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute(
            "CREATE VIRTUAL TABLE passage USING fts5"
            "(article UNINDEXED, title, aliases, heading, body, tokenize = 'porter unicode61')"
        )
        rows = map(_row, range(pack.passages), [pack] * pack.passages)
        database.executemany("INSERT INTO passage VALUES (?, ?, ?, ?, ?)", rows)
        query = f"SELECT article FROM passage(?) ORDER BY bm25(passage, 0, 2, 2, 1, 1) LIMIT {DEEP}"

        def ask(item: Item) -> Iterable[str]:
            words = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", item.question))
            return [path for (path,) in database.execute(query, (words,))]

        return [_rank(item, ask) for item in items]


def by_bm25s(pack: OpenPack, items: Sequence[Item]) -> list[int]:
    """The same by bm25s: its own splitting and list of small words, no stemmer, Lucene's BM25."""
    rows = [_row(number, pack) for number in range(pack.passages)]
    index = bm25s.BM25()
    index.index(bm25s.tokenize([" ".join(row[1:]) for row in rows], show_progress=False),
                show_progress=False)  # fmt: skip

    def ask(item: Item) -> Iterable[str]:
        words = bm25s.tokenize(item.question, show_progress=False)
        found, _ = index.retrieve(words, k=DEEP, show_progress=False)
        return [rows[int(number)][0] for number in found[0]]

    return [_rank(item, ask) for item in items]


def _rank(item: Item, ask: Callable[[Item], Iterable[str]]) -> int:
    paths = list(dict.fromkeys(ask(item)))
    return paths.index(item.article) + 1 if item.article in paths else 0


def _row(number: int, pack: OpenPack) -> tuple[str, str, str, str, str]:
    found = pack.passage(number)
    article = found.article
    aliases, headings = "\n".join(article.aliases), "\n".join(found.headings)
    return article.path, article.title, aliases, headings, found.text
