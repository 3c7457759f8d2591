"""The queue of merges: results are tested before they land."""

from __future__ import annotations

from groundswell.hub.merge_queue.rows import Entry
from groundswell.hub.merge_queue.service import Landed, MergeQueue

__all__ = ["Entry", "Landed", "MergeQueue"]
