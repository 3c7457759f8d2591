"""Making xorbs cold: weights at rest as tensor frames, fine-tunes as differences to their base.

Knows which xorbs may become cold, what may be whose base, and the order that makes every crash
safe. Does not know how a cold xorb is read: ``store.cold`` does.
"""

from __future__ import annotations

from groundswell.hub.upkeep.cooling.rows import bases_in_use, bases_of
from groundswell.hub.upkeep.cooling.service import Cooling, Tally
from groundswell.hub.upkeep.cooling.settling import settle

__all__ = ["Cooling", "Tally", "bases_in_use", "bases_of", "settle"]
