"""PostgreSQL: one serialisable transaction for each unit, tried again when it met another.

Knows PostgreSQL's isolation levels and failures. Does not know the tables. The server does the
group commit and the checkpoints.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Unavailable
from groundswell.store.database.base import Database
from groundswell.store.database.faults import from_postgresql
from groundswell.store.database.schema import bring_up_to_date, is_up_to_date

T = TypeVar("T")

POOL_SIZE: Final = 16
POOL_TIMEOUT_SECONDS: Final = 30
# How long a unit goes on when others are met again and again.
MEETINGS_SECONDS: Final = 10
# After so many meetings the units of this process go one at a time: otherwise a slow unit among
# many quick ones would lose to each of them.
UNORDERED_ATTEMPTS_MAX: Final = 2
# A key that is still taken then was not taken meanwhile.
KEY_ATTEMPTS_MAX: Final = 12
_MET_ANOTHER: Final = frozenset({"40001", "40P01"})  # serialisation failure, deadlock
_KEY_TAKEN: Final = "23505"
_MIGRATION_LOCK: Final = 0x67726F756E647377  # "groundsw"


class PostgresqlDatabase(Database):
    """A database on a PostgreSQL server (15 or newer)."""

    def __init__(self, url: str) -> None:
        try:
            parsed = sa.make_url(url).set(drivername="postgresql+psycopg")
            self._engine = sa.create_engine(
                parsed,
                pool_size=POOL_SIZE,
                max_overflow=0,
                pool_timeout=POOL_TIMEOUT_SECONDS,
                pool_pre_ping=True,
            )
        except ModuleNotFoundError as error:
            msg = "PostgreSQL needs its driver: pip install 'groundswell[postgres]'"
            raise BadRequest(msg) from error
        except sa.exc.ArgumentError as error:
            msg = "The database URL cannot be read."
            raise BadRequest(msg) from error
        self._writing = self._engine.execution_options(isolation_level="SERIALIZABLE")
        self._reading = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self._closed = False
        self._units = 0
        self._changed = threading.Condition()
        self._turn = threading.Lock()
        try:
            self._bring_up_to_date()
        except sa.exc.DBAPIError as error:
            raise from_postgresql(error) or error from error

    def _bring_up_to_date(self) -> None:
        with self._engine.connect() as connection:
            if is_up_to_date(connection):
                return
            # Several workers may start at once: one migrates, the others wait and find it done.
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({_MIGRATION_LOCK})")
            connection.commit()
            try:
                bring_up_to_date(connection)
            finally:
                connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_MIGRATION_LOCK})")
                connection.commit()

    def read(self, work: Callable[[sa.Connection], T]) -> T:
        """See ``Database.read``."""
        try:
            return self._run(self._reading, work)
        except sa.exc.DBAPIError as error:
            raise from_postgresql(error) or error from error

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """See ``Database.write``."""
        give_up_at = time.monotonic() + MEETINGS_SECONDS
        attempt = 0
        with contextlib.ExitStack() as turn:
            while True:
                attempt += 1
                try:
                    return self._run(self._writing, work)
                except sa.exc.DBAPIError as error:
                    if not _may_try_again(error, attempt) or time.monotonic() > give_up_at:
                        raise from_postgresql(error) or error from error
                if attempt == UNORDERED_ATTEMPTS_MAX and self._turn.acquire(
                    timeout=max(0, give_up_at - time.monotonic())
                ):
                    turn.callback(self._turn.release)
                ceiling_seconds = min(0.2, 0.002 * 2 ** min(attempt, 7))
                time.sleep(random.uniform(0, ceiling_seconds))  # noqa: S311 - spreads retries, no secret

    def _run(self, engine: sa.Engine, work: Callable[[sa.Connection], T]) -> T:
        with self._under_way(), engine.begin() as connection:
            return work(connection)

    @contextlib.contextmanager
    def _under_way(self) -> Iterator[None]:
        with self._changed:
            if self._closed:
                msg = "The hub is shutting down."
                raise Unavailable(msg)
            self._units += 1
        try:
            yield
        except sa.exc.TimeoutError as error:
            raise Unavailable from error
        finally:
            with self._changed:
                self._units -= 1
                self._changed.notify_all()

    @property
    def fault(self) -> str | None:
        """See ``Database.fault``: the server itself refuses writes after an error of its disk."""
        return None

    def backup_to(self, path: Path) -> None:
        """See ``Database.backup_to``."""
        msg = f"Copy PostgreSQL with its own tool: pg_dump --format=custom --file={path.name}"
        raise BadRequest(msg)

    def close(self) -> None:
        """See ``Database.close``."""
        with self._changed:
            self._closed = True
            self._changed.wait_for(lambda: self._units == 0)
        self._engine.dispose()


def _may_try_again(error: sa.exc.DBAPIError, attempt: int) -> bool:
    """A unit that met another, or a key taken meanwhile: a second look tells it which."""
    state = getattr(error.orig, "sqlstate", None)
    return state in _MET_ANOTHER or (state == _KEY_TAKEN and attempt < KEY_ATTEMPTS_MAX)
