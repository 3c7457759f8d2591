"""What people say of edges, ready to be looked up while graphs are walked.

Pure: several overlays in, of which a later one has the last word on an edge. Does not know where
overlays are kept, nor whose they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from groundswell.ask.packs.graphs.edges import EdgeKind
from groundswell.ask.packs.graphs.opened import Edge
from groundswell.core.errors import EntryNotFound
from groundswell.wire.corrections import Correction, End, Verdict
from groundswell.wire.documents import Article

# Of one article: each has its sentence looked for in a text.
ADDED_MAX: Final = 50


class Corrections:
    """The corrections of overlays.

    Args:
        overlays: each ``namespace/name@commit`` with what it says.
    """

    def __init__(self, overlays: Sequence[tuple[str, Sequence[Correction]]] = ()) -> None:
        self.overlays = tuple(name for name, _ in overlays)
        self._said: dict[tuple[End, End, str], tuple[Correction, str]] = {}
        for name, corrections in overlays:
            self._said |= {each.key: (each, name) for each in corrections}
        self._added: dict[End, list[Correction]] = {}
        for each, _ in self._said.values():
            if each.verdict is Verdict.ADD:
                for end in (each.source, each.target):
                    self._added.setdefault(end, []).append(each)

    def of(self, source: End, target: End, kind: str) -> Correction | None:
        """What is said of an edge; None for most."""
        said = self._said.get((source, target, kind))
        return None if said is None else said[0]

    def is_rejected(self, source: End, target: End, kind: str) -> bool:
        """Whether an edge shall lead nowhere."""
        said = self.of(source, target, kind)
        return said is not None and said.verdict is Verdict.REJECT

    def by(self, correction: Correction) -> str:
        """The overlay that says it."""
        return self._said[correction.key][1]

    def added(self, end: End) -> list[Correction]:
        """Edges that were added from or to an article, as many as are looked at."""
        return self._added.get(end, [])[:ADDED_MAX]


NO_CORRECTIONS: Final = Corrections()


def added_edge(correction: Correction, article: Callable[[End], Article]) -> Edge | None:
    """An added edge with where its sentence stands now: out of the article that holds it.

    None when that article is not there, or its text no longer has the sentence.
    """
    ends = [correction.source, correction.target]
    holding, other = reversed(ends) if correction.is_in_target else ends
    try:
        text = article(holding).text
    except EntryNotFound:
        return None
    start = text.find(correction.quote)
    if start < 0:
        return None
    stop = start + len(correction.quote)
    return Edge(holding.article, other.article, EdgeKind.LINK, 0, start, stop, 1)
