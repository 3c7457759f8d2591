"""The store's own time, which graces are measured in: kept in the database, never set by hand.

A machine's clock may leap years ahead, and everything marked would be due at once. So this time
goes on with the clock only by steps: from one run of the collector to the next, by what the clock
says has passed, a day at most. It never goes back. A hub that is switched off keeps what it has
for longer, which harms nobody.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from groundswell.store.database import upsert
from groundswell.store.tables import hub_facts

STEP_SECONDS_MAX: Final = 24 * 3_600
_FACT: Final = "store_time"
_MICROS: Final = 1_000_000


def store_time(conn: sa.Connection, clock_time: int) -> int:
    """The store's time, were it advanced now. All in microseconds."""
    query = sa.select(hub_facts.c.value).where(hub_facts.c.name == _FACT)
    fact = conn.execute(query).scalar()
    if not isinstance(fact, dict):
        return clock_time
    passed = clock_time - int(fact["clock"])
    return int(fact["store"]) + min(max(passed, 0), STEP_SECONDS_MAX * _MICROS)


def advance(conn: sa.Connection, clock_time: int) -> int:
    """Let the store's time go on to now; what it is."""
    now = store_time(conn, clock_time)
    value = {"store": now, "clock": clock_time}
    upsert(conn, hub_facts, {"name": _FACT, "value": value}, update=["value"])
    return now
