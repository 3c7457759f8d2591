"""Questions that ask for something of something that is not named: "the area of the country that
Kenya borders on".

Rules say which questions are such. What such a question names is looked up in the packs' link
graphs, and the edges that leave it lead to articles whose passages become candidates: the edge's
sentence says how they belong to what was named. They have to earn their place among the others.
Whether this is worth it was measured (docs/benchmarks.md). Does not rank.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from groundswell.ask.packs.graphs import Corrections, Edge, PackGraph, added_edge
from groundswell.ask.packs.graphs.names import NAME_WORDS_MAX, SINGLE_CHARACTERS_MIN
from groundswell.ask.packs.graphs.quoting import label_of, sentence_of
from groundswell.ask.packs.opened import OpenPack
from groundswell.ask.retrieval.question import Question
from groundswell.core.errors import Corrupt, EntryNotFound
from groundswell.wire.corrections import Correction, End

SEEDS_MAX: Final = 3
EDGES_READ_MAX: Final = 64
BRIDGES_MAX: Final = 8

_BRIDGE: Final = re.compile(
    # Of something of something; of the one that, in which, whose.
    r"\bof (?:the|a|an|its|this|that)\b.{1,120}\b(?:of|in|from|by|for|with|that|which|whose)\b"
    r"|\b(?:thing|one|article|country|place|person|language|system|company|program|term)s?"
    r" (?:that|which|who|whose|where|in which|of which|to which)\b"
    r"|\b\w+['’]s [\w -]{1,60}['’]s\b"  # noqa: RUF001
    r"|\b(?:des|der|du|de la|del|de los)\b.{1,120}\b(?:von|des|de|del|dessen|deren|dont|cuyo)\b",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"\w[\w+#]*")


class Searched(Protocol):
    """Packs that are searched as one."""

    packs: tuple[OpenPack, ...]

    def words(self, text: str) -> list[str]:
        """The words of a text as the packs' indexes hold them."""
        ...


@dataclass(frozen=True, slots=True)
class Bridge:
    """An edge that leaves what a question names.

    Attributes:
        pack: the number of the pack that holds both ends.
        source: the article that is named.
        edge: between that and the article ``path``.
        path: of the article that it leads to.
        title: of that article.
        words: what is known through it: the name, the edge's sentence and its label.
        score: how much of the question those hold.
        correction: by which a person added the edge; None of the pack's own.
    """

    pack: int
    source: str
    edge: Edge
    path: str
    title: str
    words: str
    score: float
    correction: Correction | None = None


def is_bridge(question: Question) -> bool:
    """Whether a question asks for something of something that is not named."""
    return _BRIDGE.search(question.text) is not None


def find_bridges(
    shelf: Searched, question: Question, weights: Sequence[float], corrections: Corrections
) -> list[Bridge]:
    """The edges that fit a question best, those that fit more first."""
    weighed = dict(zip(question.words, weights, strict=True))
    found: list[Bridge] = []
    for number, pack in enumerate(shelf.packs):
        # A graph that cannot be read leads nowhere: what the texts say can be asked all the same.
        with contextlib.suppress(Corrupt), pack.graph() as graph:
            for path, title in _seeds(graph, question) if graph.is_there else ():
                for lead in _leads(pack, graph, path, title, corrections):
                    bridge = _bridge(shelf, number, graph, lead, weighed)
                    if bridge is not None:
                        found.append(bridge)
    found.sort(key=lambda each: (-each.score, -each.edge.weight, each.edge.start, each.path))
    return list({(each.pack, each.path): each for each in reversed(found)}.values())[::-1][
        :BRIDGES_MAX
    ]


@dataclass(frozen=True, slots=True)
class _Lead:
    """An edge of what is named, ``name`` at ``source``, to the article ``path``."""

    source: str
    name: str
    path: str
    edge: Edge
    correction: Correction | None = None


def _leads(
    pack: OpenPack, graph: PackGraph, path: str, name: str, corrections: Corrections
) -> Iterator[_Lead]:
    """The edges that leave what is named, but those that were rejected; and what was added."""
    here = End(pack.name, path)
    for edge in graph.leaving(path, EDGES_READ_MAX):
        if not corrections.is_rejected(here, End(pack.name, edge.target), edge.kind.word):
            yield _Lead(path, name, edge.target, edge)
    for correction in corrections.added(here):
        other = correction.target if correction.source == here else correction.source
        if other.pack == pack.name:
            added = added_edge(correction, lambda end: pack.article(end.article))
            if added is not None:
                yield _Lead(path, name, other.article, added, correction)


def _bridge(
    shelf: Searched, number: int, graph: PackGraph, lead: _Lead, weighed: dict[str, float]
) -> Bridge | None:
    edge, name = lead.edge, lead.name
    target = graph.entity(lead.path)
    if target is None:
        return None
    try:
        article = shelf.packs[number].article(edge.source)
    except EntryNotFound as error:
        raise Corrupt("A pack's link graph names an article that it has not.") from error
    if edge.stop > len(article.text):
        raise Corrupt("An edge of a pack's link graph does not lie in its article.")
    start, stop = sentence_of(article, edge.start, edge.stop)
    label = lead.correction.label if lead.correction else label_of(article, edge.start)
    words = f"{name}\n{label}\n{article.text[start:stop]}"
    named = set(shelf.words(name))
    held = set(shelf.words(words)) - named
    score = sum(weight for word, weight in weighed.items() if word in held)
    return Bridge(
        number, lead.source, edge, target.path, target.title, words, score, lead.correction
    )


def _seeds(graph: PackGraph, question: Question) -> Iterator[tuple[str, str]]:
    """What a question names, as the pack calls it: the longest names, none within another."""
    written = _WORD.findall(question.text)
    folded = [word.casefold() for word in written]
    spans: dict[str, tuple[int, int]] = {}
    for at in range(len(folded)):
        for count in range(1, min(NAME_WORDS_MAX, len(folded) - at) + 1):
            if count > 1 or _may_name(written[at], at):
                spans.setdefault(" ".join(folded[at : at + count]), (at, at + count))
    known = graph.named(list(spans))
    taken: list[tuple[int, int]] = []
    for key in sorted(known, key=lambda key: (spans[key][0] - spans[key][1], spans[key][0])):
        start, stop = spans[key]
        if all(stop <= first or last <= start for first, last in taken):
            taken.append((start, stop))
            yield known[key][0].path, known[key][0].title
        if len(taken) == SEEDS_MAX:
            return


def _may_name(word: str, at: int) -> bool:
    """Whether a single word of a question may be a name: the first has a capital in any case."""
    return len(word) >= SINGLE_CHARACTERS_MIN and at > 0 and word != word.lower()
