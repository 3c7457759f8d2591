"""Measuring what repositories and namespaces take, when something of them has changed.

Knows what was measured too long ago. Cooling, healing and collection change what things take
without a commit: so everything is measured again each day. Does not know how it is measured.
"""

from __future__ import annotations

import threading
from typing import Final

import sqlalchemy as sa

from groundswell.hub.blobs.sizes import Sizes
from groundswell.hub.upkeep.premises import Premises
from groundswell.store.tables import namespace_sizes, repositories, repository_sizes

_AT_ONCE: Final = 200
_OLD_MICROS: Final = 24 * 3_600 * 1_000_000


class Measuring:
    """A chore. May be broken off after any repository."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self._sizes = Sizes(premises.database, premises.clock)
        self._stopping = threading.Event()

    def break_off(self) -> None:
        """Come to an end soon."""
        self._stopping.set()

    def run(self) -> int:
        """Measure what changed since it was measured, and what was not for a day; how many."""
        count = 0
        for number in self._repositories():
            if self._stopping.is_set():
                return count
            self._sizes.measure_repository(number)
            count += 1
        for number in self._namespaces():
            if self._stopping.is_set():
                return count
            self._sizes.measure_namespace(number)
            count += 1
        return count

    def _repositories(self) -> list[int]:
        measured_at = repository_sizes.c.measured_at
        query = (
            sa.select(repositories.c.id)
            .outerjoin_from(
                repositories,
                repository_sizes,
                repository_sizes.c.repository_id == repositories.c.id,
            )
            .where(
                repositories.c.deleted_at.is_(None),
                sa.or_(
                    measured_at.is_(None),
                    measured_at <= repositories.c.modified_at,
                    measured_at < self._premises.clock() - _OLD_MICROS,
                ),
            )
            .order_by(sa.func.coalesce(measured_at, 0), repositories.c.id)
            .limit(_AT_ONCE)
        )
        return self._premises.database.read(lambda conn: list(conn.execute(query).scalars()))

    def _namespaces(self) -> list[int]:
        """Those of which a repository was measured, or deleted, after they were."""
        measured_at = namespace_sizes.c.measured_at
        changed_at = sa.func.max(
            sa.func.coalesce(repositories.c.deleted_at, repository_sizes.c.measured_at, 0)
        )
        known = sa.func.coalesce(sa.func.max(measured_at), 0)
        query = (
            sa.select(repositories.c.owner_id)
            .outerjoin_from(
                repositories,
                repository_sizes,
                repository_sizes.c.repository_id == repositories.c.id,
            )
            .outerjoin(namespace_sizes, namespace_sizes.c.account_id == repositories.c.owner_id)
            .group_by(repositories.c.owner_id)
            .having(known < changed_at)
            .order_by(known, repositories.c.owner_id)
            .limit(_AT_ONCE)
        )
        return self._premises.database.read(lambda conn: list(conn.execute(query).scalars()))
