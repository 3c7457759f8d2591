"""Letting a projection begin again, as after its place was lost: no verb of the hub does it."""

from __future__ import annotations

import sqlalchemy as sa

from groundswell.store.database import Database
from groundswell.store.tables import hub_facts


def begin_again(database: Database, name: str) -> None:
    """Forget how far the projection came."""
    place = sa.delete(hub_facts).where(hub_facts.c.name == f"projection:{name}")
    assert database.write(lambda conn: conn.execute(place).rowcount) == 1
