"""What every database promises. The engines are beside it; ``groundswell.testing.database``
checks the promise on any of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import sqlalchemy as sa

from groundswell.core.errors import BadRequest

T = TypeVar("T")


class Database(ABC):
    """One database, used from any thread.

    ``work`` only runs SQL and returns plain values: it may run twice (an engine may retry a unit
    that met another writer), so it has no other effects. It calls neither verb again.
    Units of ``write`` are serialisable: a look before a change is as good as a lock.
    """

    @classmethod
    def open(cls, url: str, *, serves: bool = False) -> Database:
        """Open, create or bring up to date.

        Args:
            url: ``sqlite:///<literal path>`` or ``postgresql+psycopg://...``.
            serves: this process is the hub; on SQLite a second hub on the file is refused.

        Raises:
            BadRequest: a URL of another kind, or PostgreSQL without its driver.
            DataTooNew: a newer Groundswell wrote it.
            Unavailable: another hub serves it, or it has to be brought up to date while one does.
        """
        if url.startswith("sqlite:///"):
            from groundswell.store.database.sqlite import SqliteDatabase  # noqa: PLC0415 - one engine is loaded

            return SqliteDatabase(Path(url.removeprefix("sqlite:///")), serves=serves)
        if url.startswith(("postgresql://", "postgresql+psycopg://")):
            from groundswell.store.database.postgresql import PostgresqlDatabase  # noqa: PLC0415 - the same

            return PostgresqlDatabase(url)
        scheme = url.partition(":")[0][:40]
        msg = f"A database URL begins with sqlite:/// or postgresql+psycopg://, not {scheme!r}."
        raise BadRequest(msg)

    @abstractmethod
    def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run ``work`` on one consistent snapshot; it cannot change anything.

        Raises:
            Unavailable: the disk or the server fails.
            Corrupt: the database is damaged.
        """

    def snapshot(self) -> AbstractContextManager[None]:
        """Let the reads of this thread, until this is left, share one snapshot where that saves
        time. Nothing read inside need show what was written inside.
        """
        return nullcontext()

    @abstractmethod
    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Run ``work`` in a transaction and return once it is durable.

        What ``work`` raises rolls back its own changes, no others, and is raised here.

        Raises:
            Conflict: a unique key is taken, and ``work`` did not see that by itself.
            StorageFull: nothing was changed; the same unit works once space is freed.
            Unavailable: nothing was changed. After a disk error every later write is refused
                until a restart; reads go on.
        """

    @abstractmethod
    def backup_to(self, path: Path) -> None:
        """Copy one consistent snapshot into a new file, durably, while others read and write.

        Raises:
            BadRequest: the file exists, or the engine has a better tool (the message names it).
            StorageFull: no space for the copy; no file is left behind.
        """

    @property
    @abstractmethod
    def fault(self) -> str | None:
        """Why writes are refused until a restart, or None."""

    @abstractmethod
    def close(self) -> None:
        """Finish the units under way, refuse new ones, let go of the files. Idempotent."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
