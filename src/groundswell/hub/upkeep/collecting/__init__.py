"""Collecting: what nothing needs any more is marked, kept for a grace, and only then removed.

Knows both steps, the time that a grace is measured in, and what may be brought back meanwhile.
What needs what, and which events take a mark away, stands in ``hub.blobs.marks``. Does not know
the time table.
"""

from __future__ import annotations

from groundswell.hub.upkeep.collecting.collector import Collector, Tally
from groundswell.hub.upkeep.collecting.trash import Marked, bring_back, bring_back_file, listed
from groundswell.hub.upkeep.collecting.unlinking import Unlinking

__all__ = [
    "Collector",
    "Marked",
    "Tally",
    "Unlinking",
    "bring_back",
    "bring_back_file",
    "listed",
]
