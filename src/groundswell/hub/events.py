"""The record of what happened, written in the transaction of the change itself.

Knows the shape of an event. Does not know who reacts to it: jobs read the rows that nobody has
handled yet, so an event is never lost and never precedes its change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from groundswell.store.database import Prepared
from groundswell.store.tables import events

_INSERT: Final = Prepared(
    sa.insert(events).values(
        happened_at=sa.bindparam("now"),
        type=sa.bindparam("what"),
        actor_id=sa.bindparam("actor"),
        repository_id=sa.bindparam("repository"),
        payload=sa.bindparam("told", type_=events.c.payload.type),
    )
)
_TYPE: Final = re.compile(r"[a-z_]+\.[a-z_]+", re.ASCII)


def record(
    conn: sa.Connection,
    now: int,
    type: str,  # noqa: A002 - the column's name
    actor_id: int | None,
    repository_id: int | None,
    payload: Mapping[str, Any],
) -> None:
    """Write one event: ``noun.past_participle``, such as ``repository.created``.

    Args:
        conn: the transaction of the change.
        now: microseconds since the epoch, by the hub's clock.
        type: what happened.
        actor_id: the account that did it; None for the hub itself and its command line.
        repository_id: the repository it concerns, if any.
        payload: JSON values. Never a token, password, cookie or digest of one.
    """
    assert _TYPE.fullmatch(type), type
    _INSERT.run(
        conn, now=now, what=type, actor=actor_id, repository=repository_id, told=dict(payload)
    )
