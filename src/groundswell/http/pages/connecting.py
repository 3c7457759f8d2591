"""Edges of link graphs as rows of pages: in words, with where their ends and sentences are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from groundswell.http.pages.views import ConnectionRow
from groundswell.http.places import article_url

if TYPE_CHECKING:
    from groundswell.ask.graphs.values import Node, ShownEdge

TITLE_CHARACTERS_MAX: Final = 200
# What an edge of each kind says.
EDGE_WORDS: Final = {
    "link": "links to",
    "fact": "has the fact",
    "mention": "speaks of",
    "same name": "has the name of",
}


def connection_row(edge: ShownEdge, packs: Sequence[str]) -> ConnectionRow:
    """An edge beside an answer; its ends lead to what is around them in the packs asked."""

    def around(node: Node) -> str:
        return f"/graph?{urlencode([('entity', node.path), *(('pack', each) for each in packs)])}"

    cited = edge.citation
    return ConnectionRow(
        edge.source.title[:TITLE_CHARACTERS_MAX],
        around(edge.source),
        EDGE_WORDS[edge.kind],
        edge.target.title[:TITLE_CHARACTERS_MAX],
        around(edge.target),
        edge.quote,
        article_url(cited.pack, cited.revision, cited.article, cited.start, cited.stop),
    )
