"""The edges that leave an article: its links, its facts that hold one, and names in its text.

Each stands on characters of the article, so that it can be shown as a quoted sentence. The same
article and the same names give the same edges: RULE is part of a pack's recipe. Does not know
files.
"""

from __future__ import annotations

import enum
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from groundswell.ask.packs.graphs.names import Gazetteer
from groundswell.wire.documents import Article, BlockKind

EDGES_MAX: Final = 64
# Of an article, for links and for names: a book's chapters are articles of their own.
LINKS_READ_MAX: Final = 5_000
TEXT_READ_CHARACTERS_MAX: Final = 1_000_000
RULE: Final = f"first of each kind, {EDGES_MAX} at most, 1"


class EdgeKind(enum.IntEnum):
    """What an edge is made of. The numbers stand in files."""

    LINK = 1  # the article's own
    FACT = 2  # in a row of a table
    MENTION = 3  # the name stands in the text

    @property
    def word(self) -> str:
        """As people and programs write it."""
        return self.name.lower()


# Facts say what they say in a few words; a name in passing may be of something else.
_WEIGHTS: Final = {EdgeKind.FACT: 4, EdgeKind.LINK: 3, EdgeKind.MENTION: 1}
_LEAD_WEIGHT: Final = 2


@dataclass(frozen=True, slots=True)
class MadeEdge:
    """From an article to the one of ``target``, because of its characters [start, stop).

    ``passage`` is the passage that they stand in, counted in the article.
    """

    target: str
    kind: EdgeKind
    passage: int
    start: int
    stop: int
    weight: int


# A link's target to the path of an article, None when the pack has none.
Resolve = Callable[[str], str | None]


def edges_of(
    article: Article, stops: Sequence[int], resolve: Resolve, gazetteer: Gazetteer | None
) -> list[MadeEdge]:
    """The edges that leave an article, those of most weight, in the order of their targets.

    ``stops`` says where its passages end.
    """
    found: dict[tuple[str, EdgeKind], MadeEdge] = {}
    named = {article.path}
    for kind, path, start, stop in _linked(article, resolve):
        named.add(path)
        _keep(found, path, kind, start, stop, stops)
    if gazetteer is not None:
        for name in gazetteer.find(article.text[:TEXT_READ_CHARACTERS_MAX]):
            if name.path not in named:  # the first time is enough
                named.add(name.path)
                _keep(found, name.path, EdgeKind.MENTION, name.start, name.stop, stops)
    best = sorted(found.values(), key=lambda each: (-each.weight, each.start, each.target))
    return sorted(best[:EDGES_MAX], key=lambda each: (each.target, each.kind))


def _keep(
    found: dict[tuple[str, EdgeKind], MadeEdge],
    path: str,
    kind: EdgeKind,
    start: int,
    stop: int,
    stops: Sequence[int],
) -> None:
    passage = bisect_right(stops, start)  # of a heading: the one below it
    if (path, kind) not in found and passage < len(stops):
        weight = _WEIGHTS[kind] + (_LEAD_WEIGHT if passage == 0 else 0)
        found[path, kind] = MadeEdge(path, kind, passage, start, stop, weight)


def _linked(article: Article, resolve: Resolve) -> Iterator[tuple[EdgeKind, str, int, int]]:
    starts = [block.start for block in article.blocks]
    known: dict[str, str | None] = {}
    for link in article.links[:LINKS_READ_MAX]:
        if link.target not in known:
            known[link.target] = resolve(link.target)
        path = known[link.target]
        if path is None or path == article.path or link.start >= link.stop:
            continue
        block = article.blocks[bisect_right(starts, link.start) - 1]
        is_fact = block.kind is BlockKind.FACT
        yield EdgeKind.FACT if is_fact else EdgeKind.LINK, path, link.start, link.stop
