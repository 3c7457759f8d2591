"""One run of the collector: the store's time goes on, what is unneeded is marked, what is due goes.

Knows how the steps hang together and what they are counted as. Runs beside a hub at work, in its
process or another; two at once do each other no harm, and one that is broken off is made good by
the next.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from groundswell.hub.blobs import marks as rules
from groundswell.hub.upkeep.collecting.marking import Marking
from groundswell.hub.upkeep.collecting.removing import Removing
from groundswell.hub.upkeep.collecting.storetime import advance, store_time
from groundswell.hub.upkeep.premises import Premises
from groundswell.store.tables import marks

GRACE_SECONDS: Final = 28 * 24 * 3_600
NOTE_SECONDS_MAX: Final = 3_600.0
_MICROS: Final = 1_000_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tally:
    """What a run did, by kind (repository, file, shard, xorb): counts and bytes.

    The bytes of a file are its own length; those of its xorbs and shards are what it takes on
    disk. ``waiting`` is what is marked when the run ends; ``due``, of a dry run, what a run would
    remove if nothing needs it after all. ``held_back`` says why nothing was removed.
    """

    marked: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    removed: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    waiting: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    due: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    held_back: str = ""

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        found: dict[str, Any] = {
            name: {
                kind: {"count": count, "bytes": size_bytes}
                for kind, (count, size_bytes) in sorted(getattr(self, name).items())
            }
            for name in ("marked", "removed", "waiting", "due")
        }
        return {**found, "held_back": self.held_back or None}


def _silent(key: str) -> None:
    """Nobody remembers xorbs."""
    del key


class Collector:
    """The collector of one hub. ``forget`` is told of each xorb that was removed."""

    def __init__(
        self,
        premises: Premises,
        grace_seconds: float = GRACE_SECONDS,
        forget: Callable[[str], None] = _silent,
    ) -> None:
        self._premises = premises
        self._database = premises.database
        self._grace = int(grace_seconds * _MICROS)
        self._forget = forget

    def run(self) -> Tally:
        """Mark and remove."""
        clock_time = self._premises.clock()
        now = self._database.write(lambda conn: advance(conn, clock_time))
        removing = Removing(self._premises, now - self._grace, self._forget)
        held_back = self._reason_to_wait()
        if not held_back:
            removing.run()
            held_back = "a backup is being made" if removing.was_kept_off else ""
        # After removing: what goes was seen as unneeded by an earlier run, a grace ago.
        marking = Marking(self._premises, now)
        marking.run()
        if held_back:
            _log.warning("nothing was removed: %s", held_back)
        return Tally(
            marked=_pairs(marking.found, marking.found_bytes),
            removed=_pairs(removing.removed, removing.freed_bytes),
            waiting=self.waiting(),
            held_back=held_back,
        )

    def dry_run(self) -> Tally:
        """What ``run`` would mark, and what it would look at again to remove. Changes nothing."""
        clock_time = self._premises.clock()
        now = self._database.read(lambda conn: store_time(conn, clock_time))
        marking = Marking(self._premises, now, is_dry=True)
        marking.run()
        return Tally(
            marked=_pairs(marking.found, marking.found_bytes),
            waiting=self.waiting(),
            due=self._sums(marks.c.marked_at <= now - self._grace),
            held_back=self._reason_to_wait(),
        )

    def waiting(self) -> dict[str, tuple[int, int]]:
        """How much is marked now, by kind: (count, bytes)."""
        return self._sums(sa.true())

    def _sums(self, condition: sa.ColumnElement[bool]) -> dict[str, tuple[int, int]]:
        query = (
            sa.select(marks.c.kind, sa.func.count(), sa.func.sum(marks.c.size_bytes))
            .where(marks.c.kind != rules.LINKS, condition)
            .group_by(marks.c.kind)
        )
        rows = self._database.read(lambda conn: conn.execute(query).all())
        return {kind: (count, int(size_bytes)) for kind, count, size_bytes in rows}

    def _reason_to_wait(self) -> str:
        """Why nothing may be removed now. A commit that a crash cut short has moved its ref and
        may not have its links: it gets them when the hub starts.
        """
        if self._premises.git.notes.has_older(NOTE_SECONDS_MAX):
            return "a commit was cut short: start the hub, which makes it good"
        return ""


def _pairs(counts: Mapping[str, int], sizes: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    return {kind: (count, sizes.get(kind, 0)) for kind, count in counts.items() if count}
