"""The one thread that writes to SQLite, with group commit and explicit checkpoints.

Knows batches of units, the write-ahead log and when to stop for good. Does not know who asks.
"""

from __future__ import annotations

import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import Corrupt, GroundswellError, StorageFull, Unavailable
from groundswell.store.database.faults import DiskFault, from_sqlite, is_lasting, translated
from groundswell.store.database.turn import Turn

BUSY_TIMEOUT_MS: Final = 5_000
BATCH_UNITS_MAX: Final = 256
BATCH_SECONDS_MAX: Final = 0.020
CHECKPOINT_BYTES: Final = 4 * 2**20
IDLE_SECONDS: Final = 1.0


class Unit:
    """One piece of work on its way through the writer thread, and what became of it."""

    __slots__ = ("error", "finished", "result", "work")

    def __init__(self, work: Callable[[sa.Connection], Any]) -> None:
        self.work = work
        self.result: Any = None
        self.error: BaseException | None = None
        self.finished = threading.Semaphore(0)

    def run(self, connection: sa.Connection) -> None:
        """Do the work between a savepoint and its end; what it raises is kept for the caller."""
        driver = driver_of(connection)
        with _Kept(self):
            driver.execute("SAVEPOINT unit")
            try:
                self.result = self.work(connection)
            except BaseException as error:
                self.error = error  # going back may fail too, and must not hide it
                driver.execute("ROLLBACK TO unit")
                driver.execute("RELEASE unit")
                raise
            driver.execute("RELEASE unit")

    def fail(self, error: BaseException) -> None:
        """Answer with an error, whatever the work itself came to."""
        self.error = error
        self.finished.release()


class _Kept:
    """Keeps whatever a unit raises: it belongs to the caller's thread, not to the writer's."""

    __slots__ = ("_unit",)

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        self._unit.error = self._unit.error or error
        return True


class Writer:
    """The one thread that writes. Units that arrive together share one COMMIT and its fsync."""

    def __init__(self, connection: sa.Connection, turn: Turn, wal_path: Path) -> None:
        self.connection = connection
        self.fault: GroundswellError | None = None
        self._turn = turn
        self._wal_path = wal_path
        self._units: queue.SimpleQueue[Unit | None] = queue.SimpleQueue()
        self._accepting = threading.Lock()
        self._stopped = False
        self._checkpoint_at_bytes = CHECKPOINT_BYTES
        self._is_wal_dirty = False
        self._thread = threading.Thread(target=self._run, name="database-writer", daemon=True)
        self._thread.start()

    def put(self, unit: Unit) -> None:
        """Queue a unit; it will be answered.

        Raises:
            Unavailable: stopped, or latched after a disk error.
        """
        assert threading.current_thread() is not self._thread, "a unit of work called write()"
        with self._accepting:
            if self._stopped:
                msg = "The hub is shutting down."
                raise Unavailable(msg)
            if self.fault is not None:
                raise type(self.fault) from self.fault
            self._units.put(unit)

    def stop(self) -> None:
        """Finish what is queued, take nothing more."""
        with self._accepting:
            self._stopped = True
            self._units.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            while (unit := self._next()) is not None:
                self._commit_batch(unit)
        finally:
            self._stopped = True
            while not self._units.empty():
                if (left := self._units.get()) is not None:
                    left.fail(Unavailable())

    def _next(self) -> Unit | None:
        while self._is_wal_dirty and self.fault is None:
            try:
                return self._units.get(timeout=IDLE_SECONDS)
            except queue.Empty:
                self._checkpoint()
                break
        return self._units.get()

    def _commit_batch(self, first: Unit) -> None:
        units: list[Unit] = []
        try:
            with translated(), self._turn.held(), self.connection.begin():
                for unit in self._gather(first):
                    units.append(unit)
                    unit.run(self.connection)
                    self._check_transaction(unit)
        except GroundswellError as fault:
            self._latch(fault)
            for unit in units or [first]:
                unit.fail(fault)
            return
        self._is_wal_dirty = True
        for unit in units:
            unit.finished.release()
        self._checkpoint_when_long()

    def _gather(self, first: Unit) -> Iterator[Unit]:
        """The first unit and those that wait already: while one batch commits, the next gathers."""
        yield first
        deadline = time.monotonic() + BATCH_SECONDS_MAX
        for _ in range(BATCH_UNITS_MAX - 1):
            if self._units.empty() or time.monotonic() > deadline:
                return
            unit = self._units.get()
            if unit is None:
                self._units.put(None)
                return
            yield unit

    def _check_transaction(self, unit: Unit) -> None:
        """A failure of the database itself ends the batch; SQLite may have rolled it back alone."""
        if unit.error is None:
            return
        error = unit.error.orig if isinstance(unit.error, sa.exc.DBAPIError) else unit.error
        fault = from_sqlite(error) if isinstance(error, sqlite3.Error) else None
        if isinstance(fault, StorageFull | DiskFault | Corrupt):
            raise fault from unit.error
        if not driver_of(self.connection).in_transaction:
            raise Unavailable from unit.error
        if fault is not None:
            fault.__cause__ = unit.error
            unit.error = fault

    def _latch(self, fault: GroundswellError) -> None:
        if is_lasting(fault):
            self.fault = fault

    def _checkpoint_when_long(self) -> None:
        try:
            size_bytes = os.stat(self._wal_path).st_size
        except FileNotFoundError:
            return
        if size_bytes >= self._checkpoint_at_bytes:
            self._checkpoint()

    def _checkpoint(self) -> None:
        """Copy the log into the database and empty it, as far as readers of old pages allow.

        A full disk is no fault here: the log keeps what could not be copied.
        """
        try:
            with translated(), self._turn.held():
                driver = driver_of(self.connection)
                driver.execute("PRAGMA busy_timeout=0")
                try:
                    row = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                finally:
                    driver.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
                is_busy, log_frames = bool(row[0]), row[1]
        except GroundswellError as fault:
            self._latch(fault)
            return
        self._is_wal_dirty = is_busy and log_frames > 0
        kept_bytes = os.stat(self._wal_path).st_size if is_busy else 0
        self._checkpoint_at_bytes = kept_bytes + CHECKPOINT_BYTES


def driver_of(connection: sa.Connection) -> sqlite3.Connection:
    """The driver's connection: what SQLAlchemy has no word for is said to it directly."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver
