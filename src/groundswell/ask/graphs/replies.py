"""What doors ask of graphs: with the reader's rights of this very question.

Knows the order: rights, then files, then walks. Does not know protocols or pages.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from groundswell.ask.graphs.exploring import HOPS_MAX, NODES_MAX, Graphs, Surroundings
from groundswell.ask.graphs.values import Filter, Node, ShownEdge
from groundswell.ask.library import Library, whole
from groundswell.core.errors import BadRequest, EntryNotFound
from groundswell.core.values import Principal
from groundswell.wire.corrections import KINDS

NAME_CHARACTERS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Asked:
    """Which packs and edges somebody asks for, none of either: all; and by whose corrections, by
    their own where nothing is said.
    """

    packs: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    overlays: tuple[str, ...] | None = None

    def filter(self) -> Filter:
        """The kinds, looked at. Raises BadRequest."""
        if not set(self.kinds) <= set(KINDS):
            raise BadRequest(f"Edges are of the kinds {', '.join(KINDS)}.")
        return Filter(frozenset(self.kinds))


@dataclass(frozen=True, slots=True)
class Explored:
    """An answer: the packs that were asked, and what was found.

    Attributes:
        packs: (name, commit, title) of each, in their order.
        overlays: ``namespace/name@commit`` of the corrections that were heeded.
        found: entities that the name may mean, the best first.
        around: what is near the best; None when a way was asked for.
        ends: the entities between which a way was asked for.
        way: its edges; None when there is none.
    """

    packs: tuple[tuple[str, str, str], ...]
    overlays: tuple[str, ...] = ()
    found: tuple[Node, ...] = ()
    around: Surroundings | None = None
    ends: tuple[Node, Node] | None = None
    way: tuple[ShownEdge, ...] | None = None


def explore(
    library: Library, principal: Principal, asked: Asked, name: str, hops: int, nodes_max: int
) -> Explored:
    """What is near the entity of a name.

    Raises:
        EntryNotFound: there is none of this name. Others as for `find_all` and `shelf`.
        BadRequest: a pack is broken, or what is asked is out of its bounds.
    """
    if not 1 <= hops <= HOPS_MAX or not 1 <= nodes_max <= NODES_MAX:
        raise BadRequest(f"Ask for 1 to {HOPS_MAX} hops, and for 1 to {NODES_MAX} entities.")
    wanted = asked.filter()
    with _opened(library, principal, asked) as graphs:
        found = _found(graphs, name)
        around = graphs.around(found[0], hops, wanted, nodes_max)
        return Explored(_packs(graphs), graphs.overlays, tuple(found), around)


def find(library: Library, principal: Principal, asked: Asked, name: str) -> Node:
    """The entity that a name means best. Raises as `explore`."""
    with _opened(library, principal, asked) as graphs:
        return _found(graphs, name)[0]


def connect(library: Library, principal: Principal, asked: Asked, one: str, other: str) -> Explored:
    """How the entities of two names are connected. Raises as `explore`."""
    wanted = asked.filter()
    with _opened(library, principal, asked) as graphs:
        first, second = _found(graphs, one), _found(graphs, other)
        way = graphs.way(first[0], second[0], wanted)
        return Explored(
            _packs(graphs), graphs.overlays, tuple(first), ends=(first[0], second[0]), way=way
        )


@contextlib.contextmanager
def _opened(library: Library, principal: Principal, asked: Asked) -> Iterator[Graphs]:
    refs = library.find_all(principal, asked.packs)
    corrections = library.corrections(principal, asked.overlays)
    named = ", ".join(ref.name for ref in refs)
    with (
        library.shelf(refs) as (shelf, _),
        whole(named),
        Graphs(
            shelf.packs,
            strict=bool(asked.packs),
            corrections=corrections,
            speaking=shelf.speaking_of,
        ) as graphs,
    ):
        if not graphs.are_there:
            raise BadRequest("These packs have no link graph: build them again to get one.")
        yield graphs


def _found(graphs: Graphs, name: str) -> list[Node]:
    if len(name) > NAME_CHARACTERS_MAX:
        raise BadRequest(f"A name may have {NAME_CHARACTERS_MAX} characters.")
    found = graphs.find(name)
    if not found:
        raise EntryNotFound(name)
    return found


def _packs(graphs: Graphs) -> tuple[tuple[str, str, str], ...]:
    return tuple((pack.name, pack.revision, pack.manifest.title) for pack in graphs.packs)


def as_json(explored: Explored) -> dict[str, Any]:
    """An answer for programs."""
    value: dict[str, Any] = {
        "packs": [{"name": name, "commit": commit} for name, commit, _ in explored.packs],
        "overlays": list(explored.overlays),
        "found": [each.as_json() for each in explored.found],
    }
    if explored.ends is not None:
        value["from"], value["to"] = (each.as_json() for each in explored.ends)
        way = explored.way
        value["way"] = None if way is None else [edge.as_json() for edge in way]
        through = {node.key: node for edge in way or () for node in (edge.source, edge.target)}
        value["nodes"] = [node.as_json() for node in through.values()]
    if explored.around is not None:
        around = explored.around
        value["nodes"] = [{**node.as_json(), "hops": hops} for node, hops in around.nodes]
        value["edges"] = [edge.as_json() for edge in around.edges]
        value["rejected"] = [edge.as_json() for edge in around.rejected]
        value["left_out"] = around.left_out
    return value
