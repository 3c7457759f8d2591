"""What was found broken at rest: on record from when it is seen until it is healed, and after.

Knows rows. Does not look for damage, and does not repair it: readers, uploads and upkeep do, and
tell it here. There is one row for each broken thing; one that breaks again is open again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import GroundswellError
from groundswell.store.database import Database, portions, upsert
from groundswell.store.ports import Kind
from groundswell.store.tables import faults, xorb_uses

_log = logging.getLogger(__name__)

FAULTS_AT_ONCE: Final = 100
WHAT_CHARACTERS_MAX: Final = 1_000
REPOSITORY: Final = "repositories"
DATABASE: Final = "database"
KINDS: Final = (Kind.XORB, Kind.SHARD, REPOSITORY, DATABASE)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something broken. ``kind`` is the store's word (``xorbs``, ``shards``), ``repositories`` or
    ``database``; ``key`` names it there. ``place`` is where it was put aside, empty when it was
    not. Times are microseconds since the epoch; ``healed_at`` is None while it is broken.
    """

    kind: str
    key: str
    what: str
    place: str
    found_at: int
    healed_at: int | None
    healed_by: str

    @property
    def is_open(self) -> bool:
        """Whether it is still broken."""
        return self.healed_at is None


class Faults:
    """The record of faults. ``clock`` gives microseconds since the epoch."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    def note(self, kind: str, key: str, what: str, place: str = "") -> bool:
        """Put a fault on record; True when it was not known.

        While it is open, what was said of it first stays, and so does a place once known: what
        was put aside is missing to whoever looks next.
        """

        def work(conn: sa.Connection) -> bool:
            before = conn.execute(_of(kind, key)).one_or_none()
            if before is not None and before.healed_at is None:
                if place and place != before.place:
                    here = sa.and_(faults.c.kind == kind, faults.c.key == key)
                    conn.execute(sa.update(faults).where(here).values(place=place))
                return False
            row = {
                "kind": kind,
                "key": key,
                "what": what[:WHAT_CHARACTERS_MAX],
                "place": place,
                "found_at": self._clock(),
                "healed_at": None,
                "healed_by": "",
            }
            changed = ["what", "place", "found_at", "healed_at", "healed_by"]
            upsert(conn, faults, row, update=changed)
            return True

        return self._database.write(work)

    def try_to_note(self, kind: str, key: str, what: str) -> None:
        """The same for a reader, who has something else to answer: a failure is only logged."""
        try:
            self.note(kind, key, what)
        except GroundswellError as error:
            _log.warning("the fault of %s %s is not on record: %s", kind, key, error.message)

    def heal(self, kind: str, key: str, how: str) -> bool:
        """It is whole again, and how that came. False when nothing was wrong with it."""
        if not self.is_open(kind, key):
            return False
        statement = (
            sa.update(faults)
            .where(faults.c.kind == kind, faults.c.key == key, faults.c.healed_at.is_(None))
            .values(healed_at=self._clock(), healed_by=how)
        )
        return self._database.write(lambda conn: conn.execute(statement).rowcount) > 0

    def is_open(self, kind: str, key: str) -> bool:
        """Whether it is on record as broken."""
        query = _of(kind, key).where(faults.c.healed_at.is_(None))
        return self._database.read(lambda conn: conn.execute(query).first()) is not None

    def place_of(self, kind: str, key: str) -> str:
        """Where a broken thing was put aside; empty when it was not."""
        query = sa.select(faults.c.place).where(faults.c.kind == kind, faults.c.key == key)
        return self._database.read(lambda conn: conn.execute(query).scalar()) or ""

    def contents_hit(self, sha256s: Collection[str]) -> set[str]:
        """Of these contents, those made of a xorb that is on record as broken."""
        if not sha256s:
            return set()

        def work(conn: sa.Connection) -> set[str]:
            found: set[str] = set()
            for some in portions(list(sha256s)):
                query = (
                    sa.select(xorb_uses.c.sha256)
                    .join_from(faults, xorb_uses, xorb_uses.c.xorb_hash == faults.c.key)
                    .where(faults.c.healed_at.is_(None), faults.c.kind == Kind.XORB)
                    .where(xorb_uses.c.sha256.in_(some))
                )
                found.update(conn.execute(query).scalars())
            return found

        return self._database.read(work)

    def open_keys(self, kind: str) -> set[str]:
        """Everything of a kind that is broken."""
        query = sa.select(faults.c.key).where(faults.c.healed_at.is_(None), faults.c.kind == kind)
        return set(self._database.read(lambda conn: conn.execute(query).scalars().all()))

    def count_open(self) -> dict[str, int]:
        """How many things of each kind are broken now."""
        query = (
            sa.select(faults.c.kind, sa.func.count())
            .where(faults.c.healed_at.is_(None))
            .group_by(faults.c.kind)
        )
        rows = self._database.read(lambda conn: conn.execute(query).all())
        return {kind: int(count) for kind, count in rows}

    def list_faults(self, *, with_healed: bool = False, limit: int = FAULTS_AT_ONCE) -> list[Fault]:
        """The latest faults first, those that are broken now before the healed."""
        query = sa.select(faults).order_by(
            faults.c.healed_at.is_not(None), faults.c.found_at.desc(), faults.c.kind, faults.c.key
        )
        if not with_healed:
            query = query.where(faults.c.healed_at.is_(None))
        rows = self._database.read(lambda conn: conn.execute(query.limit(limit)).all())
        return [Fault(*row) for row in rows]


def _of(kind: str, key: str) -> sa.Select[tuple[object, ...]]:
    return sa.select(faults).where(faults.c.kind == kind, faults.c.key == key)
