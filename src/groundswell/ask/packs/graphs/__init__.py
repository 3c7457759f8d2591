"""The link graph of a pack: what names what, made while a pack is built, read when it is asked."""

from __future__ import annotations

from groundswell.ask.packs.graphs.corrected import NO_CORRECTIONS, Corrections, added_edge
from groundswell.ask.packs.graphs.edges import RULE, EdgeKind
from groundswell.ask.packs.graphs.opened import Edge, Entity, PackGraph

__all__ = [
    "NO_CORRECTIONS",
    "RULE",
    "Corrections",
    "Edge",
    "EdgeKind",
    "Entity",
    "PackGraph",
    "added_edge",
]
