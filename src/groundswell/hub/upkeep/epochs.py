"""The Xet epoch: a number in every content address that makes clients forget when it changes.

Clients keep for weeks which xorbs a hub has, by address. After a restore or a rebuild that
knowledge may be wrong, and a client that acts on it fails for as long as it keeps it.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from groundswell.hub.events import record
from groundswell.store.database import Database, upsert
from groundswell.store.tables import hub_facts

_EPOCH: Final = "xet_epoch"
_SECOND_MICROSECONDS: Final = 1_000_000


def begin_epoch(conn: sa.Connection, now: int) -> int:
    """Begin an epoch that no client has met, ever; its number.

    It is the time in seconds, so that two restores of one backup do not begin the same epoch.
    ``now`` is in microseconds since the epoch of clocks.
    """
    query = sa.select(hub_facts.c.value).where(hub_facts.c.name == _EPOCH)
    before = int(conn.execute(query).scalar() or 1)
    epoch = max(before + 1, now // _SECOND_MICROSECONDS)
    upsert(conn, hub_facts, {"name": _EPOCH, "value": epoch}, update=["value"])
    return epoch


def announce_epoch(database: Database, now: int) -> int:
    """Begin an epoch and put it on record; its number."""

    def work(conn: sa.Connection) -> int:
        epoch = begin_epoch(conn, now)
        record(conn, now, "store.epoch_begun", None, None, {"epoch": epoch})
        return epoch

    return database.write(work)
