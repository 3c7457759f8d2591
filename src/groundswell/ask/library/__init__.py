"""The packs of a hub, with the rights of whoever asks, and kept open a while."""

from __future__ import annotations

from groundswell.ask.library.service import Library
from groundswell.ask.library.values import PackRef, Summary, whole

__all__ = ["Library", "PackRef", "Summary", "whole"]
