"""Edges between packs: they are found when somebody asks, for no pack knows the others.

One's notes are joined to an encyclopedia so: an article of the same name, and names that stand in
the text of a note. Knows the rules by which a name is meant. Does not walk.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from groundswell.ask.packs.graphs import Edge, EdgeKind, PackGraph
from groundswell.ask.packs.graphs.names import NAME_WORDS_MAX, Gazetteer, key_of
from groundswell.ask.packs.opened import OpenPack
from groundswell.ask.retrieval.leads import first_sentence_of
from groundswell.core.errors import EntryNotFound
from groundswell.wire.corrections import SAME

# Of a text, for names of other packs: its beginning says what it is about.
READ_CHARACTERS_MAX: Final = 20_000
KEYS_MAX: Final = 1_500
CROSSING_MAX: Final = 20
_WORD: Final = re.compile(r"\w[\w+#]*")

Key = tuple[int, str]
Crossing = tuple[str, Key, Edge, Key]


def crossing_edges(
    packs: Sequence[OpenPack], graphs: Sequence[PackGraph], key: Key
) -> Iterator[Crossing]:
    """Edges from an entity into other packs: (kind, source, where it is said, target)."""
    number, path = key
    others = [each for each in range(len(packs)) if each != number and graphs[each].is_there]
    if not others:
        return
    try:
        article = packs[number].article(path)
    except EntryNotFound:
        return
    text = article.text[:READ_CHARACTERS_MAX]
    own = {key_of(name) for name in (article.title, *article.aliases[:20])} - {""}
    asked = list(dict.fromkeys([*sorted(own), *islice(keys_in(text), KEYS_MAX)]))
    for other in others:
        yield from islice(_into(other, packs, graphs, key, own, asked, text), CROSSING_MAX)


def naming_edges(
    packs: Sequence[OpenPack], graphs: Sequence[PackGraph], key: Key, told: Iterable[Key]
) -> Iterator[Crossing]:
    """Edges to an entity from articles of other packs whose text names it: the same ones that
    `crossing_edges` finds from there.

    ``told`` are articles that may; those of the entity's own pack are not looked at.
    """
    number, path = key
    written = _written(packs[number], path)
    known = graphs[number].named([key_of(name) for name in written])
    # Of several that bear a name the first is meant.
    meant = [
        name for name in written if [e.path for e in known.get(key_of(name), [])[:1]] == [path]
    ]
    gazetteer = Gazetteer((name, path) for name in meant)
    for other, source in dict.fromkeys(told):
        if other == number:
            continue
        article = packs[other].article(source)
        own = {key_of(name) for name in (article.title, *article.aliases)}
        naming = next(gazetteer.find(article.text[:READ_CHARACTERS_MAX]), None)
        if naming is not None and own.isdisjoint(map(key_of, written)):
            edge = Edge(source, path, EdgeKind.MENTION, 0, naming.start, naming.stop, 1)
            yield EdgeKind.MENTION.word, (other, source), edge, key


def keys_in(text: str) -> Iterator[str]:
    """What could be a name in a text: runs of words that begin with a capital or a digit."""
    written = _WORD.findall(text)
    folded = [word.casefold() for word in written]
    for at, word in enumerate(written):
        if word != word.lower() or word[0].isdigit():
            for count in range(1, min(NAME_WORDS_MAX, len(written) - at) + 1):
                yield " ".join(folded[at : at + count])


def _into(
    other: int,
    packs: Sequence[OpenPack],
    graphs: Sequence[PackGraph],
    key: Key,
    own: set[str],
    asked: Sequence[str],
    text: str,
) -> Iterator[Crossing]:
    found = {name: entities[0].path for name, entities in graphs[other].named(asked).items()}
    for name in sorted(own & found.keys()):
        edge = _lead(packs[other], found[name])
        if edge is not None:
            yield SAME, key, edge, (other, found[name])
    names = []
    for name, path in found.items():
        if name not in own:
            names += [(each, path) for each in _written(packs[other], path) if key_of(each) == name]
    seen = set[str]()
    for naming in Gazetteer(names).find(text):
        if naming.path not in seen:
            seen.add(naming.path)
            edge = Edge(key[1], naming.path, EdgeKind.MENTION, 0, naming.start, naming.stop, 1)
            yield EdgeKind.MENTION.word, key, edge, (other, naming.path)


def _written(pack: OpenPack, path: str) -> tuple[str, ...]:
    """The names of an article as they are written, the title first."""
    try:
        article = pack.article(path)
    except EntryNotFound:
        return ()
    return (article.title, *article.aliases)


def _lead(pack: OpenPack, path: str) -> Edge | None:
    """What the other article says of itself: its first sentence."""
    try:
        article = pack.article(path)
    except EntryNotFound:
        return None
    start = max(first_sentence_of(article), 0)
    if not article.text:
        return None
    return Edge(path, path, EdgeKind.MENTION, 0, start, start + 1, 1)
