"""An edge as it is shown: with its sentence, quoted and cited."""

from __future__ import annotations

from groundswell.ask.graphs.values import Node, ShownEdge
from groundswell.ask.packs.graphs import Edge
from groundswell.ask.packs.graphs.quoting import label_of, sentence_of
from groundswell.ask.packs.opened import OpenPack
from groundswell.core.errors import Corrupt, EntryNotFound
from groundswell.wire.packs import Citation, span_sha256


def show_edge(
    pack: OpenPack, edge: Edge, kind: str, source: Node, target: Node, label: str | None = None
) -> ShownEdge:
    """An edge with its sentence; ``label`` is what a person calls it.

    Raises Corrupt when the sentence does not stand in the text.
    """
    try:
        article = pack.article(edge.source)
    except EntryNotFound as error:
        raise Corrupt("A pack's link graph names an article that it has not.") from error
    if not 0 <= edge.start < edge.stop <= len(article.text):
        raise Corrupt("An edge of a pack's link graph does not lie in its article.")
    start, stop = sentence_of(article, edge.start, edge.stop)
    quote = article.text[start:stop]
    hashed = span_sha256(quote)
    citation = Citation(pack.name, pack.revision, article.path, start, stop, hashed)
    said = label_of(article, edge.start) if label is None else label
    return ShownEdge(source, target, kind, said, quote, citation)
