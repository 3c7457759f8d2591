"""Upkeep: finding damage, making the index again, backups and restores, tidying up.

Knows how everything that a hub keeps hangs together. Does not decide who may read what, and does
not know names of people's machines or schedules: the command line and jobs call it.
"""

from __future__ import annotations

from groundswell.hub.upkeep.backup import back_up
from groundswell.hub.upkeep.checking import check
from groundswell.hub.upkeep.findings import Code, Finding, Progress, Report, Severity
from groundswell.hub.upkeep.healing import heal_from
from groundswell.hub.upkeep.premises import Premises
from groundswell.hub.upkeep.rebuilding import match_xorbs, rebuild
from groundswell.hub.upkeep.restoring import restore
from groundswell.hub.upkeep.verifying import verify

__all__ = [
    "Code",
    "Finding",
    "Premises",
    "Progress",
    "Report",
    "Severity",
    "back_up",
    "check",
    "heal_from",
    "match_xorbs",
    "rebuild",
    "restore",
    "verify",
]
