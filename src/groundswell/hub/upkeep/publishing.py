"""Finding xorbs that everybody may read, so that uploads to any namespace need not send them again.

Knows which repositories changed since it looked, and looks at all of them once a day: a xorb that
was withdrawn with one repository may be open in another. Reads footers of xorbs, never contents.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import Corrupt
from groundswell.hub.blobs import public
from groundswell.hub.blobs.xorbs import is_sample
from groundswell.hub.upkeep.premises import Premises
from groundswell.store.database import upsert
from groundswell.store.tables import hub_facts, repositories
from groundswell.wire.xorb import XorbIndex

_FACT: Final = "published"
_AT_ONCE: Final = 200
_DAY_MICROS: Final = 24 * 3_600 * 1_000_000


class Publishing:
    """A chore. May be broken off after any xorb."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self._stopping = threading.Event()

    def break_off(self) -> None:
        """Come to an end soon."""
        self._stopping.set()

    def run(self) -> int:
        """Look at the open repositories that changed; how many xorbs came into the public domain.

        Where it stopped stands in the database: what it was looking at is looked at again.
        """
        count = 0
        began_at, changed_at, number = self._state()
        if self._premises.clock() - began_at > _DAY_MICROS:
            began_at, changed_at, number = self._premises.clock(), 0, 0
        for changed_at, number in self._changed(changed_at, number):  # noqa: B020 - goes on from there
            for key in self._premises.database.read(
                lambda conn: public.candidates(conn, number)  # noqa: B023 - at once
            ):
                if self._stopping.is_set():
                    return count
                count += self._publish(key)
            self._note(began_at, changed_at, number)
        return count

    def _publish(self, key: str) -> bool:
        try:
            index = self._premises.indexes.get(key).index
        except (FileNotFoundError, Corrupt):
            return False
        if len(index) < 2:
            return False  # its own hash is its chunk's: it is never shown
        samples = [(digest, key) for digest in _samples_of(index)]
        now = self._premises.clock()
        return self._premises.database.write(lambda conn: public.publish(conn, key, samples, now))

    def _changed(self, changed_at: int, number: int) -> list[tuple[int, int]]:
        """The next repositories in the order in which they changed: when, and which."""
        table = repositories
        after = sa.or_(
            table.c.modified_at > changed_at,
            sa.and_(table.c.modified_at == changed_at, table.c.id > number),
        )
        query = (
            sa.select(table.c.modified_at, table.c.id)
            .where(after, public.is_open())
            .order_by(table.c.modified_at, table.c.id)
            .limit(_AT_ONCE)
        )
        rows = self._premises.database.read(lambda conn: conn.execute(query).all())
        return [(row.modified_at, row.id) for row in rows]

    def _state(self) -> tuple[int, int, int]:
        query = sa.select(hub_facts.c.value).where(hub_facts.c.name == _FACT)
        value = self._premises.database.read(lambda conn: conn.execute(query).scalar())
        return tuple(value) if value else (0, 0, 0)

    def _note(self, began_at: int, changed_at: int, number: int) -> None:
        row = {"name": _FACT, "value": [began_at, changed_at, number]}
        self._premises.database.write(lambda conn: upsert(conn, hub_facts, row, update=["value"]))


def _samples_of(index: XorbIndex) -> Iterator[bytes]:
    """The chunks by which a xorb is found: the first, and one in sixteen."""
    for number, (digest, _) in enumerate(index.chunks()):
        if not number or is_sample(digest):
            yield digest
