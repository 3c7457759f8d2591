"""Notifications: what people hear of, projected from events into their inboxes."""

from __future__ import annotations

from groundswell.hub.notifications.inbox import COUNTED_MAX, Inbox
from groundswell.hub.notifications.projecting import News, Projecting, tell_nobody
from groundswell.hub.notifications.rebuilding import count_threads, rebuild
from groundswell.hub.notifications.values import (
    About,
    Filter,
    InboxPage,
    Level,
    Mark,
    Notification,
    Reason,
    ThreadKey,
)
from groundswell.hub.notifications.watching import Watching

__all__ = [
    "COUNTED_MAX",
    "About",
    "Filter",
    "Inbox",
    "InboxPage",
    "Level",
    "Mark",
    "News",
    "Notification",
    "Projecting",
    "Reason",
    "ThreadKey",
    "Watching",
    "count_threads",
    "rebuild",
    "tell_nobody",
]
