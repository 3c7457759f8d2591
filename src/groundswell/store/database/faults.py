"""How a database fails, in Groundswell's words.

Knows result codes of SQLite and SQLSTATEs of PostgreSQL. Does not decide what follows, except
whether a fault is one after which writing must stop (``is_lasting``).
"""

from __future__ import annotations

import errno
import sqlite3
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import Conflict, Corrupt, GroundswellError, StorageFull, Unavailable

_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_UNIQUE: Final = frozenset(
    {
        sqlite3.SQLITE_CONSTRAINT_UNIQUE,
        sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
        sqlite3.SQLITE_CONSTRAINT_ROWID,
    }
)
# Classes of SQLSTATE: connection, serialisation, resources, object state, operator, system.
_PASSING: Final = frozenset({"08", "40", "53", "55", "57", "58"})


class DiskFault(Unavailable):
    """The disk refused to read or write. Whether earlier writes are safe is no longer known."""

    default_message = "The hub's disk reported an error: it takes no changes until it is restarted."

    def __init__(self) -> None:
        super().__init__(retry_after_seconds=60)


def from_sqlite(error: sqlite3.Error) -> GroundswellError | None:
    """The fault of the database behind an error of its driver, or None when it has another cause.

    A full disk while the shared-memory index grows comes as an I/O error; it is no more than full.
    """
    code: int = getattr(error, "sqlite_errorcode", 0)
    primary = code & 0xFF
    fault: GroundswellError | None = None
    if primary == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE:
        fault = StorageFull()
    elif primary == sqlite3.SQLITE_IOERR:
        fault = DiskFault()
    elif primary in _DAMAGED:
        fault = Corrupt("The hub's database is damaged.")
    elif primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN}:
        fault = Unavailable()
    elif code in _UNIQUE:
        fault = Conflict("That is taken already.")
    return fault


def from_postgresql(error: sa.exc.DBAPIError) -> GroundswellError | None:
    """The same for PostgreSQL, by SQLSTATE; a lost connection has none."""
    state: str = getattr(error.orig, "sqlstate", None) or ""
    fault: GroundswellError | None = None
    if state == "53100":
        fault = StorageFull()
    elif state.startswith("XX"):
        fault = Corrupt("The hub's database is damaged.")
    elif state == "23505":
        fault = Conflict("That is taken already.")
    elif (
        error.connection_invalidated
        or state[:2] in _PASSING
        or (not state and isinstance(error, sa.exc.OperationalError))
    ):
        fault = Unavailable()
    return fault


def is_lasting(fault: GroundswellError) -> bool:
    """Whether nothing may be written after this fault.

    After a failed fsync the kernel may hold pages as clean that never reached the disk: trying
    again would report a success that is none.
    """
    return isinstance(fault, DiskFault | Corrupt)


class translated:  # noqa: N801 - reads as a word: with translated(): ...
    """Errors of the driver and the file system leave as Groundswell's, with their cause.

    Around every read: a class costs a fraction of a generator.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        fault = _fault_of(error)
        if fault is not None:
            raise fault from error


def _fault_of(error: BaseException | None) -> GroundswellError | None:
    match error:
        case None:
            return None
        case sa.exc.DBAPIError():
            return from_sqlite(error.orig) if isinstance(error.orig, sqlite3.Error) else None
        case sqlite3.Error():
            return from_sqlite(error)
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return StorageFull()
        case OSError(errno=errno.EIO):
            return DiskFault()
    return None
