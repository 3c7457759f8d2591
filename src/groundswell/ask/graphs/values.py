"""What is told of a graph: entities, and edges with the sentence that each stands in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from groundswell.wire.corrections import Verdict
from groundswell.wire.packs import Citation


@dataclass(frozen=True, slots=True)
class Node:
    """An article of one of the packs; ``pack`` is its number among them, ``pack_name`` its name."""

    pack: int
    pack_name: str
    path: str
    title: str

    @property
    def key(self) -> tuple[int, str]:
        """What it is known by."""
        return self.pack, self.path

    def as_json(self) -> dict[str, Any]:
        """For answers."""
        said = {"pack": self.pack_name, "article": self.path, "title": self.title}
        return {"id": node_id(self), **said}


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a person said of an edge: in which overlay (``namespace/name@commit``), and why."""

    verdict: Verdict
    overlay: str
    note: str

    def as_json(self) -> dict[str, Any]:
        """For answers."""
        return {"verdict": self.verdict.value, "overlay": self.overlay, "note": self.note}


@dataclass(frozen=True, slots=True)
class ShownEdge:
    """An edge with the sentence that it stands in.

    Attributes:
        source: where it leads from.
        target: where it leads.
        kind: one of KINDS.
        label: what the fact or the heading calls it; "" when nothing does.
        quote: the sentence, letter for letter.
        citation: where that stands.
        corrected: what a person said of it; None when nobody did.
    """

    source: Node
    target: Node
    kind: str
    label: str
    quote: str
    citation: Citation
    corrected: Corrected | None = None

    def as_json(self) -> dict[str, Any]:
        """For answers."""
        return {
            "source": self.source.as_json(),
            "target": self.target.as_json(),
            "kind": self.kind,
            "label": self.label,
            "quote": self.quote,
            "citation": self.citation.as_json(),
            "corrected": None if self.corrected is None else self.corrected.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Filter:
    """Which edges count: of these kinds, all where there is none."""

    kinds: frozenset[str] = frozenset()

    def passes(self, kind: str) -> bool:
        """Whether edges of this kind count."""
        return not self.kinds or kind in self.kinds


def node_id(node: Node) -> str:
    """An entity within one answer."""
    return f"{node.pack}/{node.path}"
