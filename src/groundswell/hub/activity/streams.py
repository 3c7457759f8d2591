"""The events of many people and repositories as one stream, newest first.

Each person and each repository is a stream that an index gives from its newest event down. The
newest N events of many streams come from the N streams whose newest event is newest: so one
statement looks at the head of every stream, and only those few are read further. Knows no rights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from groundswell.store.database import Prepared
from groundswell.store.tables import events

Row = dict[str, Any]

STREAMS_MAX: Final = 2_000

_COLUMNS: Final = (
    events.c.id,
    events.c.type,
    events.c.happened_at,
    events.c.actor_id,
    events.c.repository_id,
    events.c.discussion_number,
    events.c.payload,
)
_BEFORE: Final = events.c.id < sa.bindparam("before")
_MANY: Final = sa.bindparam("many", type_=sa.Integer)
_OF_REPOSITORY: Final = Prepared(
    sa.select(*_COLUMNS)
    .where(events.c.repository_id == sa.bindparam("number"), _BEFORE)
    .order_by(events.c.id.desc())
    .limit(_MANY)
)
_OF_ACTOR: Final = Prepared(
    sa.select(*_COLUMNS)
    .where(
        events.c.actor_id == sa.bindparam("number"), events.c.repository_id.is_not(None), _BEFORE
    )
    .order_by(events.c.id.desc())
    .limit(_MANY)
)


@dataclass(frozen=True, slots=True)
class Streams:
    """Whose events: selects of one column, numbers of repositories and of accounts. Whoever
    makes them sees to it that they give few thousands at most.
    """

    repositories: sa.Select[tuple[int]] | None = None
    actors: sa.Select[tuple[int]] | None = None


def of_repository(conn: sa.Connection, number: int, before: int, many: int) -> list[Row]:
    """The newest events of a repository."""
    return _OF_REPOSITORY.all(conn, number=number, before=before, many=many)


def of_actor(conn: sa.Connection, number: int, before: int, many: int) -> list[Row]:
    """The newest events of repositories that somebody brought about."""
    return _OF_ACTOR.all(conn, number=number, before=before, many=many)


def newest(conn: sa.Connection, streams: Streams, before: int, many: int) -> list[Row]:
    """The newest events of all of them, each once."""
    heads: list[tuple[int, int, Prepared]] = []
    if streams.repositories is not None:
        heads += _heads(conn, streams.repositories, events.c.repository_id, before, many)
    if streams.actors is not None:
        heads += _heads(conn, streams.actors, events.c.actor_id, before, many)
    heads.sort(key=lambda head: -head[0])
    found: dict[int, Row] = {}
    for head, number, statement in heads:
        if len(found) >= many and head < sorted(found, reverse=True)[many - 1]:
            break
        rows = statement.all(conn, number=number, before=before, many=many)
        found.update({row["id"]: row for row in rows})
    return [found[id_] for id_ in sorted(found, reverse=True)[:many]]


def _heads(
    conn: sa.Connection,
    numbers: sa.Select[tuple[int]],
    column: sa.Column[Any],
    before: int,
    many: int,
) -> Sequence[tuple[int, int, Prepared]]:
    """The streams with the newest heads: (id of the newest event, number, how it is read)."""
    is_actor = column is events.c.actor_id
    whose = numbers.subquery("whose")
    number = whose.c[0]
    of_one = sa.select(sa.func.max(events.c.id)).where(column == number, events.c.id < before)
    if is_actor:
        of_one = of_one.where(events.c.repository_id.is_not(None))
    all_heads = sa.select(
        of_one.correlate(whose).scalar_subquery().label("head"), number.label("number")
    ).subquery("heads")
    query = (
        sa.select(all_heads.c.head, all_heads.c.number)
        .where(all_heads.c.head.is_not(None))
        .order_by(all_heads.c.head.desc())
        .limit(many)
    )
    statement = _OF_ACTOR if is_actor else _OF_REPOSITORY
    return [(row.head, row.number, statement) for row in conn.execute(query)]
