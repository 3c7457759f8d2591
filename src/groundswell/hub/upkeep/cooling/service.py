"""One run over the weights of a hub: what is old enough and not cold becomes cold.

Knows the order of steps. Each leaves either the plain xorb or a cold one that was read and hashed:

1. the cold form is written and durable under its name (temporary file, fdatasync, link, fsync);
2. it is read back to its end, every chunk hashed;
3. a row says that it is cold and which xorbs it needs, unless one of these has gone meanwhile;
4. the plain file is removed, and the removal made durable.

A crash before 3 leaves a superfluous cold file, after 3 a superfluous plain one: the next run
finds both (``settling``).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Corrupt, Unavailable
from groundswell.hub.upkeep.cooling import rows
from groundswell.hub.upkeep.cooling.encoding import Stopped, XorbEncoder, share_of_tensors
from groundswell.hub.upkeep.cooling.settling import is_whole, settle
from groundswell.hub.upkeep.cooling.sources import Sources, WeightsFile, is_weights
from groundswell.hub.upkeep.premises import PAGE_ROWS, Premises
from groundswell.store.leases import DeletionLease
from groundswell.store.ports import ColdBlobs, Failpoint, Kind
from groundswell.store.tables import links, repositories

_log = logging.getLogger(__name__)

_MICROS: Final = 1_000_000
# What gains less than a tenth stays plain: reading it plain costs nothing.
_LEAST_SAVING: Final = 10
_LEAST_SHARE: Final = 0.5
_BASE_FILES_MAX: Final = 8


@dataclass(slots=True)
class Tally:
    """What a run did. ``plain_bytes`` and ``cold_bytes`` are of the xorbs that became cold."""

    settled: int = 0
    made_cold: int = 0
    left_plain: int = 0
    plain_bytes: int = 0
    cold_bytes: int = 0


def _nothing(step: str) -> None:
    """The failpoint of production."""
    del step


class Cooling:
    """Makes xorbs cold. ``forget`` is told of each xorb whose form changed."""

    def __init__(
        self,
        premises: Premises,
        forget: Callable[[str], None] | None = None,
        failpoint: Failpoint = _nothing,
    ) -> None:
        if not isinstance(premises.store, ColdBlobs):
            raise BadRequest("This store keeps no cold xorbs.")
        self._premises = premises
        self._store: ColdBlobs = premises.store
        self._forget = forget or premises.indexes.forget
        self._failpoint = failpoint
        self._sources = Sources(premises)
        self._stopping = threading.Event()

    def break_off(self) -> None:
        """Let this run, and every later one, end soon."""
        self._stopping.set()

    def run(self, older_than_seconds: float) -> Tally:
        """Make cold what came that long ago or before.

        Raises:
            Unavailable: another run is under way, or the disk takes no writes.
            StorageFull: there is no room for the next cold xorb beside its plain one.
        """
        lock = DeletionLease(self._premises.folder.root / "cooling.lock")
        with lock.deleting() as is_alone:
            if not is_alone:
                raise Unavailable("Another run is making xorbs cold.")
            tally = Tally(settled=settle(self._premises))
            before = self._premises.clock() - int(older_than_seconds * _MICROS)
            try:
                for row in self._links():
                    self._cool_file(row, before, tally)
            except Stopped:
                _log.info("making xorbs cold was broken off")
            return tally

    def _links(self) -> Iterator[tuple[int, str, int]]:
        """Every file that may hold weights, oldest repositories first: bases before fine-tunes."""
        after = (0, "")
        while True:
            page = (
                sa.select(links.c.repository_id, links.c.sha256, links.c.linked_at)
                .join(repositories, repositories.c.id == links.c.repository_id)
                .where(
                    repositories.c.deleted_at.is_(None),
                    is_weights(),
                    sa.tuple_(links.c.repository_id, links.c.sha256) > sa.tuple_(*after),
                )
                .order_by(links.c.repository_id, links.c.sha256)
                .limit(PAGE_ROWS)
            )
            found = self._premises.database.read(lambda conn: conn.execute(page).all())  # noqa: B023 - at once
            yield from ((row.repository_id, row.sha256, row.linked_at) for row in found)
            if len(found) < PAGE_ROWS:
                return
            after = (found[-1].repository_id, found[-1].sha256)

    def _cool_file(self, row: tuple[int, str, int], before: int, tally: Tally) -> None:
        repository_id, sha256, linked_at = row
        file = self._sources.file(repository_id, sha256)
        if file is None:
            return
        keys = list(dict.fromkeys(run.xorb for run in file.runs))
        waiting = self._premises.database.read(lambda conn: rows.untried(conn, keys, before))
        bases: list[WeightsFile] | None = None
        for key in keys:
            if self._stopping.is_set():
                raise Stopped
            if key not in waiting:
                continue
            if bases is None:
                bases = []
                for base in self._sources.bases(repository_id, sha256, linked_at):
                    if not base.tensors.keys().isdisjoint(file.tensors):
                        bases.append(base)
                    if len(bases) == _BASE_FILES_MAX:
                        break
            try:
                self._cool_xorb(key, file, bases, tally)
            except Corrupt:
                _log.warning("xorb %s stays as it is: it or its base cannot be read", key)

    def _cool_xorb(
        self, key: str, file: WeightsFile, bases: list[WeightsFile], tally: Tally
    ) -> None:
        index = self._premises.indexes.get_promised(key).index
        plain_bytes = self._store.plain_bytes(key)
        if plain_bytes is None:
            return
        if share_of_tensors(index, file, key) < _LEAST_SHARE:
            return  # another file may be the one whose tensors these are
        if self._premises.database.read(lambda conn: rows.bases_in_use(conn, [key])):
            bases = []
        delta: dict[str, bool] = {}

        def may_be_base(xorb: str) -> bool:
            if xorb not in delta:
                found = self._premises.database.read(lambda conn: rows.with_bases(conn, [xorb]))
                delta[xorb] = bool(found)
            return not delta[xorb]

        spooled = self._store.spool(index.raw_bytes)
        try:
            encoder = XorbEncoder(self._store, key, index, file, bases, may_be_base)
            needed = encoder.write(spooled, self._stopping.is_set)
            cold_bytes = spooled.size_bytes
            if cold_bytes > plain_bytes - plain_bytes // _LEAST_SAVING:
                self._leave_plain(key, tally)
                return
            self._failpoint("cold_written")
            self._store.adopt(Kind.COLD, key, spooled)
        finally:
            spooled.discard()
        self._failpoint("cold_adopted")
        self._replace(key, plain_bytes, cold_bytes, needed, tally)

    def _replace(
        self, key: str, plain_bytes: int, cold_bytes: int, needed: list[str], tally: Tally
    ) -> None:
        """Steps 2 to 4."""
        if not is_whole(self._store, key):
            self._store.delete(Kind.COLD, key)
            self._leave_plain(key, tally)
            return
        self._failpoint("cold_verified")
        now = self._premises.clock()
        if not self._premises.database.write(
            lambda conn: rows.note_cold(conn, key, cold_bytes, needed, now)
        ):
            self._store.delete(Kind.COLD, key)
            return
        self._failpoint("cold_noted")
        self._store.drop_plain(key)
        self._failpoint("plain_dropped")
        self._premises.indexes.forget(key)
        self._forget(key)
        tally.made_cold += 1
        tally.plain_bytes += plain_bytes
        tally.cold_bytes += cold_bytes

    def _leave_plain(self, key: str, tally: Tally) -> None:
        now = self._premises.clock()
        self._premises.database.write(lambda conn: rows.note_kept(conn, key, now))
        tally.left_plain += 1
