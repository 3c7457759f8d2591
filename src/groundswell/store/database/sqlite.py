"""SQLite: one writer thread, readers on snapshots of their own.

Knows SQLite's connections and transactions. Does not know the tables.

The log is copied into the database (checkpointed) by the writer alone and only while it holds the
turn; no connection does it by itself.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Unavailable
from groundswell.store.database.base import Database
from groundswell.store.database.faults import translated
from groundswell.store.database.schema import bring_up_to_date, is_up_to_date
from groundswell.store.database.turn import Serving, Turn
from groundswell.store.database.writer import BUSY_TIMEOUT_MS, Unit, Writer, driver_of
from groundswell.store.layout import sync_folder

T = TypeVar("T")

IDLE_READERS_MAX: Final = 16
_PAGE_CACHE_KIB: Final = 4_096


class SqliteDatabase(Database):
    """A database in one file. Closing it waits for the units under way."""

    def __init__(self, path: Path, *, serves: bool = False) -> None:
        path = path.resolve()  # every process must meet at the same lock files
        self._path = path
        if not path.parent.is_dir():
            msg = (
                f"The folder {path.parent} of the database is not there. Is a file system not "
                "mounted, or is database_url mistyped? Otherwise make it."
            )
            raise BadRequest(msg)
        with contextlib.ExitStack() as opened, translated():
            # SQLite gives its log the rights of the file, and the file holds password hashes.
            # Only a new file is opened here: closing it again would drop SQLite's own locks.
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            self._serving = Serving(path)
            opened.callback(self._serving.close)
            if serves and not self._serving.take():
                msg = "Another hub serves this data folder already."
                raise Unavailable(msg)
            self._turn = Turn(path)
            opened.callback(self._turn.close)
            writer = _engine(path, begin="BEGIN IMMEDIATE").connect()
            opened.callback(writer.close)
            with self._turn.held():
                driver_of(writer).execute("PRAGMA journal_mode=WAL")
                self._migrate(writer, serves=serves)
            sync_folder(path.parent)
            opened.pop_all()
        self._writer = Writer(writer, self._turn, Path(f"{path}-wal"))
        self._reader_engine = _engine(path, begin="BEGIN", query_only=True)
        self._idle_readers: deque[sa.Connection] = deque()
        self._readers_under_way = 0
        self._shared = threading.local()
        self._changed = threading.Condition()
        self._closed = False

    def _migrate(self, writer: sa.Connection, *, serves: bool) -> None:
        if is_up_to_date(writer):
            return
        if not serves and not self._serving.take():
            msg = "A hub of another version serves this data folder: stop it first."
            raise Unavailable(msg)
        bring_up_to_date(writer)
        if not serves:
            self._serving.drop()

    def read(self, work: Callable[[sa.Connection], T]) -> T:
        """See ``Database.read``."""
        shared: sa.Connection | None = getattr(self._shared, "connection", None)
        if shared is not None:
            with translated():
                return work(shared)
        with _Snapshot(self) as connection, translated():
            return work(connection)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """See ``Database.snapshot``."""
        if getattr(self._shared, "connection", None) is not None:
            yield
            return
        with _Snapshot(self) as connection:
            self._shared.connection = connection
            try:
                yield
            finally:
                self._shared.connection = None

    def take_reader(self) -> sa.Connection:
        """A connection that nobody else uses until it is given back."""
        with self._changed:
            if self._closed:
                raise Unavailable
            self._readers_under_way += 1
            if self._idle_readers:
                return self._idle_readers.pop()
        try:
            with translated():
                return self._reader_engine.connect()
        except BaseException:
            self.give_back(None)
            raise

    def give_back(self, connection: sa.Connection | None) -> None:
        """The reader may be used by others again."""
        with self._changed:
            self._readers_under_way -= 1
            keeps = connection is not None and len(self._idle_readers) < IDLE_READERS_MAX
            if connection is not None and keeps:
                self._idle_readers.append(connection)
            if self._closed:
                self._changed.notify_all()
        if connection is not None and not keeps:
            connection.close()

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """See ``Database.write``."""
        unit = Unit(work)
        self._writer.put(unit)
        unit.finished.acquire()
        if unit.error is not None:
            raise unit.error
        result: T = unit.result
        return result

    @property
    def fault(self) -> str | None:
        """See ``Database.fault``."""
        return None if self._writer.fault is None else self._writer.fault.message

    def backup_to(self, path: Path) -> None:
        """See ``Database.backup_to``."""
        if path.exists():
            msg = "The backup's file exists already."
            raise BadRequest(msg)
        partial = path.with_name(f".{path.name}.partial")
        try:
            connection = self.take_reader()
            try:
                with translated():
                    _copy(driver_of(connection), partial)
            finally:
                self.give_back(connection)
            partial.rename(path)
        finally:
            partial.unlink(missing_ok=True)
        sync_folder(path.parent)

    def close(self) -> None:
        """See ``Database.close``."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.wait_for(lambda: self._readers_under_way == 0)
            readers = list(self._idle_readers)
        self._writer.stop()
        # The last connection to leave checkpoints: that too needs the turn.
        with self._turn.held():
            for connection in (*readers, self._writer.connection):
                connection.close()
        self._turn.close()
        self._serving.close()


class _Snapshot:
    """A reader inside a transaction of its own. A class: it is around every read."""

    __slots__ = ("_connection", "_database")

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database
        self._connection = database.take_reader()

    def __enter__(self) -> sa.Connection:
        try:
            with translated():
                driver_of(self._connection).execute("BEGIN")
        except BaseException:
            self._database.give_back(self._connection)
            raise
        return self._connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            with translated():
                # SQLAlchemy joined the transaction when a statement went through it.
                if self._connection.in_transaction():
                    self._connection.rollback()
                else:
                    driver_of(self._connection).rollback()
        finally:
            self._database.give_back(self._connection)


def _engine(path: Path, *, begin: str, query_only: bool = False) -> sa.Engine:
    """An engine whose connections leave transactions to us and never checkpoint by themselves."""

    def connect() -> sqlite3.Connection:
        driver = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "wal_autocheckpoint=0",
            "synchronous=FULL",
            "foreign_keys=ON",
            "trusted_schema=OFF",
            f"cache_size=-{_PAGE_CACHE_KIB}",
            f"query_only={'ON' if query_only else 'OFF'}",
        ):
            driver.execute(f"PRAGMA {pragma}")
        return driver

    engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.pool.NullPool)

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        driver = driver_of(connection)
        if not driver.in_transaction:
            driver.execute(begin)

    return engine


def _copy(source: sqlite3.Connection, path: Path) -> None:
    """SQLite's own online copy: one consistent snapshot, one file, on the disk."""
    path.unlink(missing_ok=True)
    target = sqlite3.connect(path, isolation_level=None)
    try:
        target.execute("PRAGMA synchronous=OFF")
        source.backup(target, pages=-1)
    finally:
        target.close()
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
