"""What runs later: chores on a time table.

Knows when. Does not know what a chore does: the use cases in ``hub`` do.
"""

from __future__ import annotations

from groundswell.jobs.schedule import (
    Chore,
    Schedule,
    chores_of,
    cooling_chores,
    queue_chores,
    scrub_chores,
)

__all__ = ["Chore", "Schedule", "chores_of", "cooling_chores", "queue_chores", "scrub_chores"]
