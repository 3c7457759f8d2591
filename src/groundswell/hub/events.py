"""The record of what happened, written in the transaction of the change itself.

Knows the shape of an event. Does not know who reacts to it: projections (``hub.projections``) go
along the line of events, so an event is never lost and never precedes its change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from groundswell.store.database import Prepared
from groundswell.store.tables import events

_INSERT: Final = Prepared(
    sa.insert(events)
    .values(
        happened_at=sa.bindparam("now"),
        type=sa.bindparam("what"),
        actor_id=sa.bindparam("actor"),
        repository_id=sa.bindparam("repository"),
        discussion_number=sa.bindparam("discussion"),
        payload=sa.bindparam("told", type_=events.c.payload.type),
    )
    .returning(events.c.id)
)
_TYPE: Final = re.compile(r"[a-z_]+\.[a-z_]+", re.ASCII)


def record(
    conn: sa.Connection,
    now: int,
    type: str,  # noqa: A002 - the column's name
    actor_id: int | None,
    repository_id: int | None,
    payload: Mapping[str, Any],
    discussion: int | None = None,
) -> int:
    """Write one event: ``noun.past_participle``, such as ``repository.created``. Its id.

    Args:
        conn: the transaction of the change.
        now: microseconds since the epoch, by the hub's clock.
        type: what happened.
        actor_id: the account that did it; None for the hub itself and its command line.
        repository_id: the repository it concerns, if any.
        payload: JSON values. Never a token, password, cookie or digest of one.
        discussion: the number of the repository's discussion that it is a part of, if any.
    """
    assert _TYPE.fullmatch(type), type
    made = _INSERT.first(
        conn,
        now=now,
        what=type,
        actor=actor_id,
        repository=repository_id,
        discussion=discussion,
        told=dict(payload),
    )
    assert made is not None
    return int(made["id"])
