"""Walking the graphs of open packs: who is near an entity, and how two are connected.

Everything has a bound: entities that are shown, entities that are looked at, edges of each. Between
packs there are edges that no file holds: the same name, and names of one pack that stand in a text
of another. The same packs give the same walk. Does not know rights: it is given packs that may be
read. For one question, in one thread.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from typing import Final, Self

from groundswell.ask.graphs.crossing import Crossing, crossing_edges, naming_edges
from groundswell.ask.graphs.quoting import show_edge
from groundswell.ask.graphs.values import Corrected, Filter, Node, ShownEdge
from groundswell.ask.packs.graphs import (
    NO_CORRECTIONS,
    Corrections,
    Edge,
    Entity,
    PackGraph,
    added_edge,
)
from groundswell.ask.packs.graphs.names import key_of
from groundswell.ask.packs.opened import OpenPack
from groundswell.core.errors import Corrupt
from groundswell.wire.corrections import ADDED, SAME, Correction, End, Verdict

NODES_MAX: Final = 150
HOPS_MAX: Final = 2
EDGES_MAX: Final = 400
# Of one entity, in each direction: those of most weight.
CENTRE_EDGES_MAX: Final = 100
FURTHER_EDGES_MAX: Final = 12
# Between two entities: edges of one way, and entities that are looked at for it.
WAY_EDGES_MAX: Final = 6
LOOKED_AT_MAX: Final = 300
WAY_NEIGHBOURS_MAX: Final = 60
FOUND_MAX: Final = 12
# Edges into what lies further away are looked for in so many parts of a pack, or not at all.
PARTS_SEARCHED_MAX: Final = 32

Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Step:
    """An edge between entities; ``kind`` in words, and what a person says of it."""

    source: Key
    target: Key
    kind: str
    edge: Edge
    correction: Correction | None = None

    @property
    def saying(self) -> Key:
        """The end whose text has the sentence: what two of one name share, the second says."""
        is_in_target = self.correction is not None and self.correction.is_in_target
        return self.target if self.kind == SAME or is_in_target else self.source

    def other(self, key: Key) -> Key:
        """The end that is not this one."""
        return self.target if self.source == key else self.source


# From each of two ends, by which step an entity was come to; None the end itself.
Came = tuple[dict[Key, Step | None], dict[Key, Step | None]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is near an entity.

    Attributes:
        centre: the entity.
        nodes: with how many edges they are away; the centre first.
        edges: between any of them.
        left_out: whether there would have been more.
        rejected: edges of the centre that a person rejected, which lead nowhere.
    """

    centre: Node
    nodes: tuple[tuple[Node, int], ...]
    edges: tuple[ShownEdge, ...]
    left_out: bool
    rejected: tuple[ShownEdge, ...] = ()


class Graphs:
    """The graphs of packs that are open together. Close it.

    ``speaking`` gives articles of other packs than one whose texts hold the words of a name, as an
    index finds them; without it those that name an entity are found from their own side alone.

    ``strict`` raises Corrupt, from any method, when a graph cannot be read or does not fit its
    text. Without it such a graph is passed over: nobody named the pack, it may be anybody's.
    """

    def __init__(
        self,
        packs: Sequence[OpenPack],
        *,
        strict: bool = True,
        corrections: Corrections = NO_CORRECTIONS,
        speaking: Callable[[str, int], Iterable[Key]] | None = None,
    ) -> None:
        self.packs = tuple(packs)
        self._strict = strict
        self._corrections = corrections
        self._speaking = speaking
        self._numbers = {pack.name: number for number, pack in reversed([*enumerate(packs)])}
        self._rejected: dict[Key, dict[Step, None]] = {}
        self._graphs = [pack.graph() for pack in packs]
        self._near: dict[tuple[Key, int, bool], list[Step]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for graph in self._graphs:
            graph.close()

    @property
    def are_there(self) -> bool:
        """Whether any of the packs has a graph."""
        return any(graph.is_there for graph in self._graphs)

    @property
    def overlays(self) -> tuple[str, ...]:
        """Those whose corrections are heeded."""
        return self._corrections.overlays

    def graph(self, pack: int) -> PackGraph:
        """The graph of one pack."""
        return self._graphs[pack]

    def node(self, key: Key) -> Node | None:
        """The entity of a pack's number and a path."""
        entity = None
        with self._contained():
            entity = self._graphs[key[0]].entity(key[1])
        return None if entity is None else self._node(key[0], entity)

    def _node(self, number: int, entity: Entity) -> Node:
        return Node(number, self.packs[number].name, entity.path, entity.title)

    @contextlib.contextmanager
    def _contained(self) -> Iterator[None]:
        try:
            yield
        except Corrupt:
            if self._strict:
                raise

    def find(self, text: str) -> list[Node]:
        """Entities that a text names: letter for letter, else by path, else by its beginning."""
        key = key_of(text)
        found: list[Node] = []
        for number, graph in enumerate(self._graphs):
            with self._contained():
                entities = graph.named([key] if key else []).get(key, [])
                found += [self._node(number, entity) for entity in entities]
        if not found:
            nodes = [self.node((number, text)) for number in range(len(self.packs))]
            found = [node for node in nodes if node is not None]
        for number, graph in enumerate(self._graphs if key and not found else ()):
            with self._contained():
                found += [self._node(number, each) for each in graph.beginning(key, FOUND_MAX)]
        # Whoever bears the name comes before those that are also called so.
        written = text.strip().casefold()
        found.sort(
            key=lambda each: (
                each.title.casefold() != written,
                key_of(each.title) != key,
                each.pack,
                each.path,
            )
        )
        return found[:FOUND_MAX]

    def steps(self, key: Key, limit: int, *, is_end: bool = True) -> list[Step]:
        """Edges of an entity, those that a person added or confirmed first, then out and in by
        turns, those of most weight first; at most ``limit`` of each. ``is_end``: it is what
        somebody asks for, and so its edges are looked for in all parts of its pack, and into other
        packs.
        """
        known = self._near.get((key, limit, is_end))
        if known is not None:
            return known
        steps: list[Step] = []
        with self._contained():
            number, path = key
            graph = self._graphs[number]
            arrives = is_end or graph.parts <= PARTS_SEARCHED_MAX
            arriving = graph.arriving(path, limit) if arrives else []
            turns = zip_longest(graph.leaving(path, limit), arriving)
            steps += [
                Step((number, each.source), (number, each.target), each.kind.word, each)
                for each in chain.from_iterable(turns)
                if each is not None
            ]
        with self._contained():
            for kind, source, edge, target in self._crossing(key) if is_end else ():
                steps.insert(0, Step(source, target, kind, edge))
        corrected = self._near[key, limit, is_end] = [*self._added(key), *self._kept(key, steps)]
        return corrected

    def _crossing(self, key: Key) -> Iterator[Crossing]:
        """Edges into other packs, and out of them."""
        yield from crossing_edges(self.packs, self._graphs, key)
        node = self.node(key)
        if self._speaking is not None and node is not None:
            told = self._speaking(node.title, key[0])
            yield from naming_edges(self.packs, self._graphs, key, told)

    def _kept(self, key: Key, steps: Sequence[Step]) -> list[Step]:
        """Steps that nobody rejected."""
        kept: list[Step] = []
        for step in steps:
            ends = self._end(step.source), self._end(step.target)
            said = replace(step, correction=self._corrections.of(*ends, step.kind))
            if said.correction is not None and said.correction.verdict is Verdict.REJECT:
                self._rejected.setdefault(key, {})[said] = None
            else:
                kept.append(said)
        return sorted(kept, key=lambda step: step.correction is None)

    def _added(self, key: Key) -> Iterator[Step]:
        for correction in self._corrections.added(self._end(key)):
            ends = (correction.source, correction.target)
            if all(end.pack in self._numbers for end in ends):
                source, target = ((self._numbers[end.pack], end.article) for end in ends)
                edge = added_edge(
                    correction, lambda end: self.packs[self._numbers[end.pack]].article(end.article)
                )
                if edge is not None:
                    yield Step(source, target, ADDED, edge, correction)

    def _end(self, key: Key) -> End:
        return End(self.packs[key[0]].name, key[1])

    def around(
        self, centre: Node, hops: int, wanted: Filter, nodes_max: int = NODES_MAX
    ) -> Surroundings:
        """What is near an entity, the nearest first and of those the ones of most weight."""
        away: dict[Key, int] = {centre.key: 0}
        edges: dict[tuple[Key, Key, str], Step] = {}
        left_out = False
        at = [centre.key]
        for hop in range(1, hops + 1):
            limit = CENTRE_EDGES_MAX if hop == 1 else FURTHER_EDGES_MAX
            reached: list[Key] = []
            for key in at:
                for step in self.steps(key, limit, is_end=hop == 1):
                    other = step.other(key)
                    if not wanted.passes(step.kind) or self.node(other) is None:
                        continue
                    if other not in away:
                        if len(away) == nodes_max:
                            left_out = True
                            continue
                        away[other] = hop
                        reached.append(other)
                    edges.setdefault((step.source, step.target, step.kind), step)
            at = reached
        shown = [step for step in edges.values() if step.source in away and step.target in away]
        return Surroundings(
            centre,
            tuple((node, hop) for key, hop in away.items() if (node := self.node(key))),
            tuple(self.shown(shown[:EDGES_MAX])),
            left_out or len(shown) > EDGES_MAX,
            tuple(self.shown(self._rejected_of(centre.key, wanted))),
        )

    def _rejected_of(self, key: Key, wanted: Filter) -> list[Step]:
        return [each for each in self._rejected.get(key, {}) if wanted.passes(each.kind)]

    def way(self, one: Node, other: Node, wanted: Filter) -> tuple[ShownEdge, ...] | None:
        """A shortest way from one entity to another, its edges taken in either direction.

        None when there is none, or none was found among LOOKED_AT_MAX entities.
        """
        if one.key == other.key:
            return ()
        came: Came = ({one.key: None}, {other.key: None})
        edges_of_both: list[list[Key]] = [[one.key], [other.key]]
        looked_at = 0
        for turn in range(WAY_EDGES_MAX):
            # Both ends at first: they have edges that nothing has that lies between.
            side = turn if turn < 2 else int(len(edges_of_both[0]) > len(edges_of_both[1]))
            keys = edges_of_both[side][: LOOKED_AT_MAX - looked_at]
            looked_at += len(keys)
            reached = self._reached(keys, side, came, wanted)
            met = [_joined(key, came) for key in reached if key in came[1 - side]]
            if met:
                # Of many edges only some are looked at: what is met first may be no shortest way.
                return tuple(self.shown(min(met, key=len)))
            edges_of_both[side] = reached
            if not reached:
                return None
        return None

    def _reached(self, keys: Sequence[Key], side: int, came: Came, wanted: Filter) -> list[Key]:
        """What is one edge further than these on one side, and how it was come to."""
        reached: list[Key] = []
        for key in keys:
            is_end = came[side][key] is None
            for step in self.steps(key, WAY_NEIGHBOURS_MAX, is_end=is_end):
                near = step.other(key)
                if not wanted.passes(step.kind) or near in came[side] or self.node(near) is None:
                    continue
                came[side][near] = step
                reached.append(near)
        return reached

    def shown(self, steps: Sequence[Step]) -> Iterator[ShownEdge]:
        """Edges with their sentences."""
        for step in steps:
            source, target = self.node(step.source), self.node(step.target)
            if source is not None and target is not None:
                pack = self.packs[step.saying[0]]
                said = step.correction
                label = None if said is None else said.label or None
                with self._contained():
                    edge = show_edge(pack, step.edge, step.kind, source, target, label)
                    yield edge if said is None else replace(edge, corrected=self._told(said))

    def _told(self, correction: Correction) -> Corrected:
        by = self._corrections.by(correction)
        return Corrected(correction.verdict, by, correction.note)


def _joined(middle: Key, came: Came) -> list[Step]:
    """The steps from the one end to the other, through where both walks met."""
    first: list[Step] = []
    key = middle
    while (step := came[0][key]) is not None:
        first.append(step)
        key = step.other(key)
    last: list[Step] = []
    key = middle
    while (step := came[1][key]) is not None:
        last.append(step)
        key = step.other(key)
    return [*reversed(first), *last]
