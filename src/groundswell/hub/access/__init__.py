"""Access to gated repositories: who asked, what they answered, and what was decided.

Knows the life of a request. What an accepted one allows is ``core.policy``'s, asked at each read
through ``hub.repos.finding``; what a form asks is ``wire.cards``'.
"""

from __future__ import annotations

from groundswell.hub.access.service import EXPIRES_DAYS, Access, check_expires_days, expires_days
from groundswell.hub.access.values import AccessPage, AccessRequest, Answers, Asker, Standing

__all__ = [
    "EXPIRES_DAYS",
    "Access",
    "AccessPage",
    "AccessRequest",
    "Answers",
    "Asker",
    "Standing",
    "check_expires_days",
    "expires_days",
]
