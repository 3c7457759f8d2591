"""Edges of link graphs as rows of pages: in words, with where their ends and sentences are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from groundswell.http.pages.door import Asked
from groundswell.http.pages.views import ConnectionRow
from groundswell.http.pages.wording import seen
from groundswell.http.places import article_url

if TYPE_CHECKING:
    from groundswell.ask.graphs.values import Node, ShownEdge

# What a person said of an edge, beside it.
MARKS: Final = {"confirm": "confirmed", "reject": "rejected", "add": "added by people"}
TITLE_CHARACTERS_MAX: Final = 200
# What an edge of each kind says.
EDGE_WORDS: Final = {
    "link": "links to",
    "fact": "has the fact",
    "mention": "speaks of",
    "same name": "has the name of",
    "added": "is connected with",
}


def connection_row(edge: ShownEdge, packs: Sequence[str]) -> ConnectionRow:
    """An edge beside an answer; its ends lead to what is around them in the packs asked."""

    def around(node: Node) -> str:
        return f"/graph?{urlencode([('entity', node.path), *(('pack', each) for each in packs)])}"

    cited = edge.citation
    return ConnectionRow(
        edge.source.title[:TITLE_CHARACTERS_MAX],
        around(edge.source),
        words_of(edge)[0],
        edge.target.title[:TITLE_CHARACTERS_MAX],
        around(edge.target),
        edge.quote,
        article_url(cited.pack, cited.revision, cited.article, cited.start, cited.stop),
    )


def words_of(edge: ShownEdge) -> tuple[str, str]:
    """What an edge says, and what it is called besides: an added one says what its label does."""
    label = seen(edge.label)
    return (label, "") if label and edge.kind == "added" else (EDGE_WORDS[edge.kind], label)


def own_name(asked: Asked) -> str:
    """Where corrections of who asks lie; "" for nobody in particular."""
    from groundswell.ask.library.overlays import own_overlay

    return "" if asked.principal.is_anonymous else own_overlay(asked.principal)


def says_of(edge: ShownEdge, own: str) -> Iterator[tuple[str, str, str]]:
    """What the reader may say of an edge: (what the form sends, words, icon).

    ``own`` is where their corrections lie: what those say can be taken back.
    """
    ends = (edge.source, edge.target)
    named = [text for end in ends for text in (end.pack_name, end.path)]
    corrected = edge.corrected
    verdict = "" if corrected is None else corrected.verdict.value
    if corrected is not None and corrected.overlay.partition("@")[0] == own:
        words = {"confirm": "Not confirmed", "reject": "Restore", "add": "Take away"}[verdict]
        yield json.dumps(["withdraw", *named, edge.kind]), words, "skipped"
        return
    if verdict != "confirm":
        yield json.dumps(["confirm", *named, edge.kind]), "It holds", "passed"
    if verdict != "reject":
        yield json.dumps(["reject", *named, edge.kind]), "It does not", "failed"
