"""The record of everything that happened, for those who answer for the hub.

Knows how events are found and read. Hides nothing: only the hub's admins may be shown it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest
from groundswell.core.values import Principal, fold_name, is_storable
from groundswell.hub.accounts import rights
from groundswell.store import tables
from groundswell.store.database import Database

PAGE_EVENTS: Final = 100
TEXT_LENGTH_MAX: Final = 200

_events = tables.events
_accounts = tables.accounts
_repositories = tables.repositories


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One event. ``actor`` is None for the hub itself; ``repository`` is the present name, None
    when the event concerns none, or one that is gone.
    """

    id: int
    type: str
    happened_at: int
    actor: str | None
    repository: str | None
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which events: whose type begins so, by that account, about that repository
    (``namespace/name``, of any kind), before the event of that id.
    """

    type: str = ""
    actor: str = ""
    repository: str = ""
    before: int | None = None


class Audit:
    """Reads the record."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, principal: Principal, query: AuditQuery) -> tuple[AuditEvent, ...]:
        """Newest first, at most ``PAGE_EVENTS``.

        Raises:
            Unauthenticated, Forbidden: not an admin of the hub.
            BadRequest: a text that cannot be looked for.
        """
        rights.require_admin(principal)
        for text in (query.type, query.actor, query.repository):
            if len(text) > TEXT_LENGTH_MAX or not is_storable(text):
                raise BadRequest("No event holds such a text.")
        chosen = (
            sa.select(
                _events,
                _accounts.c.name.label("actor"),
                _repositories.c.namespace,
                _repositories.c.name.label("repository"),
            )
            .outerjoin(_accounts, _events.c.actor_id == _accounts.c.id)
            .outerjoin(_repositories, _events.c.repository_id == _repositories.c.id)
            .where(*_conditions(query))
            .order_by(_events.c.id.desc())
            .limit(PAGE_EVENTS)
        )

        def work(conn: sa.Connection) -> tuple[AuditEvent, ...]:
            return tuple(_event(row) for row in conn.execute(chosen).mappings())

        return self._database.read(work)


def _conditions(query: AuditQuery) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if query.before is not None:
        found.append(_events.c.id < query.before)
    if query.type:
        found.append(_events.c.type.startswith(query.type, autoescape=True))
    if query.actor:
        by_name = sa.select(_accounts.c.id).where(_accounts.c.folded == fold_name(query.actor))
        found.append(_events.c.actor_id.in_(by_name))
    if query.repository:
        namespace, _, name = query.repository.lower().partition("/")
        names = tables.repository_names
        of_name = sa.select(names.c.repository_id).where(
            names.c.namespace_folded == namespace, names.c.name_folded == name
        )
        found.append(_events.c.repository_id.in_(of_name))
    return found


def _event(row: sa.RowMapping) -> AuditEvent:
    name = row["repository"]
    return AuditEvent(
        id=row["id"],
        type=row["type"],
        happened_at=row["happened_at"],
        actor=row["actor"],
        repository=None if name is None else f"{row['namespace']}/{name}",
        payload=row["payload"],
    )
