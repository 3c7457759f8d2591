"""Exploring what is connected in packs: around an entity, and from one to another."""

from __future__ import annotations

from groundswell.ask.graphs.exploring import Graphs, Surroundings
from groundswell.ask.graphs.values import Filter, Node, ShownEdge

__all__ = ["Filter", "Graphs", "Node", "ShownEdge", "Surroundings"]
