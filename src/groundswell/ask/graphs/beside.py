"""The edges that stand beside an answer: those that led to it, those between what was found, and
those that its sentence itself makes. Knows answers' passages; does not answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from groundswell.ask.graphs.exploring import Graphs, Step
from groundswell.ask.graphs.values import ShownEdge
from groundswell.ask.packs.graphs import NO_CORRECTIONS, Corrections
from groundswell.ask.packs.opened import OpenPack
from groundswell.ask.retrieval.bridging import Bridge
from groundswell.wire.corrections import ADDED
from groundswell.wire.packs import Citation

SHOWN_MAX: Final = 8
READ_MAX: Final = 64


def edges_beside(
    packs: Sequence[OpenPack],
    shown: Sequence[Citation],
    evidence: Sequence[Citation],
    bridges: Sequence[Bridge],
    corrections: Corrections = NO_CORRECTIONS,
) -> tuple[ShownEdge, ...]:
    """Edges for an answer of the quotes ``shown``, from among ``evidence``."""
    with Graphs(packs, strict=False, corrections=corrections) as graphs:
        steps = dict.fromkeys(_steps(graphs, shown, evidence, bridges))
        return tuple(graphs.shown(list(steps)[:SHOWN_MAX]))


def _steps(
    graphs: Graphs,
    shown: Sequence[Citation],
    evidence: Sequence[Citation],
    bridges: Sequence[Bridge],
) -> Iterator[Step]:
    numbers = {(pack.name, pack.revision): n for n, pack in enumerate(graphs.packs)}
    answering = {_key(cited, numbers) for cited in shown}
    found = {_key(cited, numbers) for cited in evidence}
    for bridge in bridges:
        if (bridge.pack, bridge.path) in answering:
            source, target = (bridge.pack, bridge.source), (bridge.pack, bridge.path)
            kind = ADDED if bridge.correction else bridge.edge.kind.word
            yield Step(source, target, kind, bridge.edge, bridge.correction)
    for cited in shown:
        key = _key(cited, numbers)
        for step in graphs.steps(key, READ_MAX, is_end=False):
            is_said = cited.start <= step.edge.start < cited.stop
            if step.saying == key and is_said and step.target != key:
                yield step
    for key in [_key(cited, numbers) for cited in shown[:1]]:
        for step in graphs.steps(key, READ_MAX, is_end=False):
            if step.other(key) in found - {key}:
                yield step


def _key(cited: Citation, numbers: dict[tuple[str, str], int]) -> tuple[int, str]:
    return numbers[cited.pack, cited.revision], cited.article
