"""Activity: what people did, read from the record of events for one who may see it."""

from __future__ import annotations

from groundswell.hub.activity.service import (
    EVENTS_LOOKED_AT_MAX,
    PAGE_ACTIVITIES,
    PAGE_ACTIVITIES_MAX,
    Activities,
)
from groundswell.hub.activity.values import TOLD, Activity, ActivityPage, Thread

__all__ = [
    "EVENTS_LOOKED_AT_MAX",
    "PAGE_ACTIVITIES",
    "PAGE_ACTIVITIES_MAX",
    "TOLD",
    "Activities",
    "Activity",
    "ActivityPage",
    "Thread",
]
