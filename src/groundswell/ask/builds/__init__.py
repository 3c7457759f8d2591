"""Packs that the hub builds of a repository's files, one after the other, and how far each is."""

from __future__ import annotations

from groundswell.ask.builds.service import Builds
from groundswell.ask.builds.values import Build, Order, Stage

__all__ = ["Build", "Builds", "Order", "Stage"]
