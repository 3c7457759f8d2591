"""What ``fsck`` found sound, and what that rested on, as it was then.

Knows how a run leaves out what was found sound and has not changed since, by an earlier run or by
itself before it was interrupted. Does not know what anything rests on: whoever checks gives its
state. Nothing else believes these notes.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import GroundswellError
from groundswell.hub.upkeep.findings import Report
from groundswell.hub.upkeep.premises import Premises
from groundswell.store.database import upsert
from groundswell.store.tables import checked, hub_facts

_log = logging.getLogger(__name__)

XORB: Final = "xorb"
SHARD: Final = "shard"
FILE: Final = "file"
CONTENT: Final = "content"
REPOSITORY: Final = "repository"
NAMES: Final = {
    XORB: "xorbs",
    SHARD: "shards",
    FILE: "files",
    CONTENT: "contents",
    REPOSITORY: "repositories",
}

_FACT: Final = "fsck"
_STATE_BYTES: Final = 16
# What is noted at once: a killed run looks again at no more than this.
_NOTES_AT_ONCE: Final = 200
_NOTE_SECONDS: Final = 1.0

Row = sa.Row[tuple[object, ...]]


def state_of(*parts: object) -> bytes:
    """A digest of everything that a finding rests on."""
    hasher = hashlib.blake2b(digest_size=_STATE_BYTES)
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        hasher.update(len(data).to_bytes(8, "little") + data)
    return hasher.digest()


class Checked:
    """The notes, for one run. Each kind is asked for in ascending order of its keys.

    Args:
        premises: what is checked.
        report: told what was left out.
        is_deep: only what was checked as deeply is left out.
        is_kept: notes are read and made; without it, everything is looked at and nothing noted.
    """

    def __init__(
        self, premises: Premises, report: Report, *, is_deep: bool = False, is_kept: bool = True
    ) -> None:
        self._premises = premises
        self._report = report
        self._is_deep = is_deep
        self.is_kept = is_kept
        self._kind = ""
        self._rows: Iterator[Row] = iter(())
        self._next: Row | None = None
        self._fresh: list[dict[str, object]] = []
        self._noted_at = time.monotonic()

    def begin(self, kind: str) -> None:
        """The objects of this kind come now."""
        self.save()
        self._kind = kind
        if not self.is_kept:
            return
        table = checked
        query = sa.select(table.c.key, table.c.state, table.c.checked_at)
        query = query.where(table.c.kind == kind)
        if self._is_deep:
            query = query.where(table.c.is_deep.is_(sa.true()))
        self._rows = self._premises.pages(query, table.c.key)
        self._next = next(self._rows, None)

    def is_unchanged(self, key: str, state: bytes) -> bool:
        """Whether it was found sound as it is now: then it is told as left out."""
        while self._next is not None and str(self._next.key) < key:
            self._next = next(self._rows, None)
        found = self._next
        if found is None or found.key != key or found.state != state:
            return False
        self._report.leave_out(NAMES[self._kind], int(found.checked_at))
        return True

    def note(self, key: str, state: bytes) -> None:
        """It was found sound; ``state`` was taken before it was looked at."""
        if not self.is_kept:
            return
        row = {"kind": self._kind, "key": key, "state": state, "is_deep": self._is_deep}
        self._fresh.append({**row, "checked_at": self._premises.clock()})
        is_due = time.monotonic() - self._noted_at >= _NOTE_SECONDS
        if is_due or len(self._fresh) >= _NOTES_AT_ONCE:
            self.save()

    def save(self) -> None:
        """Let the database know. A database that takes no writes keeps nobody from checking."""
        fresh, self._fresh = self._fresh, []
        self._noted_at = time.monotonic()
        if not fresh:
            return
        columns = ["state", "is_deep", "checked_at"]
        try:
            self._premises.database.write(lambda conn: upsert(conn, checked, fresh, update=columns))
        except GroundswellError as error:
            self.is_kept = False
            _log.warning("what was checked is not noted: %s", error.message)


def begin_anew(premises: Premises, *, is_deep: bool) -> None:
    """Look at everything again, whatever was found before: nothing is left out any more.

    Where the database takes no writes, the notes of before stay and are not to be read.

    Raises:
        GroundswellError: it takes none.
    """

    def work(conn: sa.Connection) -> None:
        forget_checks(conn)
        if is_deep:
            row = {"name": _FACT, "value": {"began_at": premises.clock()}}
            upsert(conn, hub_facts, row, update=["value"])

    premises.database.write(work)


def interrupted_at(premises: Premises) -> int | None:
    """When the deep check began that did not come to its end, in microseconds since the epoch."""
    query = sa.select(hub_facts.c.value).where(hub_facts.c.name == _FACT)
    value = premises.database.read(lambda conn: conn.execute(query).scalar())
    return int(value["began_at"]) if value else None


def end_deep(premises: Premises) -> None:
    """The deep check came to its end: there is nothing to go on with."""
    done = sa.delete(hub_facts).where(hub_facts.c.name == _FACT)
    try:
        premises.database.write(lambda conn: conn.execute(done).rowcount)
    except GroundswellError as error:
        _log.warning("that a check ended is not noted: %s", error.message)


def forget_checks(conn: sa.Connection) -> None:
    """Everything has to be looked at again."""
    conn.execute(sa.delete(checked))
    conn.execute(sa.delete(hub_facts).where(hub_facts.c.name == _FACT))
