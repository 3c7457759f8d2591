"""Rules: what branches and tags demand of changes before they land.

``hub.commits.guard`` holds every move of a ref against them, ``hub.merging`` every merge.
"""

from __future__ import annotations

from groundswell.hub.rules.reporters import decide_report
from groundswell.hub.rules.service import Rules
from groundswell.hub.rules.values import Draft, Pushers, Rule, Target, Terms

__all__ = ["Draft", "Pushers", "Rule", "Rules", "Target", "Terms", "decide_report"]
