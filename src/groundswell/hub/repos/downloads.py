"""Counting downloads without a write for each of them.

Knows how to add up in memory and write every few seconds, in all and for the day. Does not know
what counts as a download. A crash loses the seconds since the last write, and nothing else.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable

import sqlalchemy as sa

from groundswell.core.errors import StorageFull, Unavailable
from groundswell.store import tables
from groundswell.store.database import Database, insert_ignore

_log = logging.getLogger(__name__)

FLUSH_SECONDS = 5.0
DAY_MICROS = 86_400 * 1_000_000

_table = tables.repositories
_ADD = (
    sa.update(_table)
    .where(_table.c.id == sa.bindparam("number"))
    .values(downloads=_table.c.downloads + sa.bindparam("more"))
)
_days = tables.daily_downloads
_ADD_TO_DAY = (
    sa.update(_days)
    .where(_days.c.repository_id == sa.bindparam("number"), _days.c.day == sa.bindparam("today"))
    .values(downloads=_days.c.downloads + sa.bindparam("more"))
)


class DownloadCounter:
    """Counts for any thread. While nothing is counted, no thread of its own lives."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], int],
        flush_seconds: float = FLUSH_SECONDS,
    ) -> None:
        self._database = database
        self._clock = clock
        self._flush_seconds = flush_seconds
        self._lock = threading.Lock()
        self._writing = threading.Lock()  # so that close() waits for a write under way
        self._pending: Counter[int] = Counter()
        self._timer: threading.Timer | None = None
        self._closed = False

    def count(self, repository_id: int) -> None:
        """One more download of that repository; returns at once."""
        with self._lock:
            self._pending[repository_id] += 1
            if self._timer is None and not self._closed:
                self._timer = threading.Timer(self._flush_seconds, self._flush_later)
                self._timer.name = "download-counter"
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Write what was counted. What cannot be written now stays for the next time.

        Raises:
            StorageFull, Unavailable: nothing was written.
        """
        with self._writing:
            with self._lock:
                counted, self._pending = self._pending, Counter()
            if not counted:
                return
            try:
                self._database.write(lambda conn: _add(conn, counted, self._clock() // DAY_MICROS))
            except (StorageFull, Unavailable):
                with self._lock:
                    self._pending.update(counted)
                raise

    def close(self) -> None:
        """Write what is left; later counts stay in memory. Idempotent."""
        with self._lock:
            self._closed = True
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
            timer.join()
        self.flush()

    def _flush_later(self) -> None:
        with self._lock:
            self._timer = None
        try:
            self.flush()
        except (StorageFull, Unavailable) as error:
            _log.warning("downloads are counted but not yet written: %s", error.message)


def _add(conn: sa.Connection, counted: Counter[int], today: int) -> None:
    rows = [{"number": number, "more": more} for number, more in sorted(counted.items())]
    conn.execute(_ADD, rows)
    days = [{"repository_id": row["number"], "day": today} for row in rows]
    insert_ignore(conn, _days, days)
    conn.execute(_ADD_TO_DAY, [{**row, "today": today} for row in rows])
