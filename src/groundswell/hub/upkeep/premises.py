"""What all of upkeep works on: the database, the stores, the folder and the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa

from groundswell.core.values import RecipePlan
from groundswell.hub.blobs.indexes import Indexes
from groundswell.hub.blobs.links import Links
from groundswell.hub.blobs.reading import Reading
from groundswell.hub.faults import Faults
from groundswell.store.database import Database
from groundswell.store.git import GitStore
from groundswell.store.layout import DataFolder
from groundswell.store.leases import DeletionLease
from groundswell.store.ports import BlobStore
from groundswell.wire.hashing import Octets

Clock = Callable[[], int]
"""Microseconds since the epoch, UTC."""

PAGE_ROWS = 500


@dataclass(frozen=True, slots=True)
class Premises:
    """One hub's data. ``clock`` gives microseconds since the epoch."""

    database: Database
    store: BlobStore
    git: GitStore
    folder: DataFolder
    clock: Clock
    indexes: Indexes = field(init=False)
    reading: Reading = field(init=False)
    faults: Faults = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "indexes", Indexes(self.store))
        object.__setattr__(self, "reading", Reading(self.store, self.indexes))
        object.__setattr__(self, "faults", Faults(self.database, self.clock))

    @property
    def lease(self) -> DeletionLease:
        """The lease under which nothing is deleted here."""
        return DeletionLease(self.folder.root / "deletion.lease")

    def pages(
        self, query: sa.Select[tuple[object, ...]], key: sa.Column[str]
    ) -> Iterator[sa.Row[tuple[object, ...]]]:
        """All rows of a query by a text key, read a page at a time: no snapshot stays open."""
        after = ""
        while True:
            page = query.where(key > after).order_by(key).limit(PAGE_ROWS)
            rows = self.database.read(lambda conn: conn.execute(page).all())  # noqa: B023 - at once
            yield from rows
            if len(rows) < PAGE_ROWS:
                return
            after = getattr(rows[-1], key.name)


class Contents:
    """Reads large files for ``Repos.index``. See ``hub.repos.trees.Contents``."""

    def __init__(self, premises: Premises) -> None:
        self._links = Links(premises.database, premises.clock)
        self._reading = premises.reading

    def plan(self, repository_id: int, sha256: str) -> RecipePlan:
        """How to read a content that the repository holds. Raises BlobNotFound."""
        return self._links.plan(repository_id, sha256)

    def open_content(self, plan: RecipePlan, start: int, stop: int) -> Iterator[Octets]:
        """Bytes of it in pieces. Raises Corrupt before anything wrong is given."""
        return self._reading.content(plan.terms, start, stop)
