"""What runs later: chores on a time table, and sending what waits to be sent.

Knows when. Does not know what a chore does: the use cases in ``hub`` do.
"""

from __future__ import annotations

from groundswell.jobs.schedule import (
    Chore,
    ChoreState,
    Schedule,
    building_chores,
    chores_of,
    cooling_chores,
    mail_chores,
    notice_chores,
    projection_chores,
    queue_chores,
    scrub_chores,
)
from groundswell.jobs.sending import Sender

__all__ = [
    "Chore",
    "ChoreState",
    "Schedule",
    "Sender",
    "building_chores",
    "chores_of",
    "cooling_chores",
    "mail_chores",
    "notice_chores",
    "projection_chores",
    "queue_chores",
    "scrub_chores",
]
