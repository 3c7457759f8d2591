"""DuckDB, locked: it reads the one file, installs nothing, and no statement changes that.

The only module that starts it. Needs the extra ``viewer``; runs in the reader's process.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import duckdb
from fsspec import AbstractFileSystem

from groundswell.hub.viewing.answers import answer
from groundswell.hub.viewing.one_file import File, Ranges, segments_of
from groundswell.hub.viewing.table import Table
from groundswell.hub.viewing.values import Question, Unreadable

_MESSAGE_CHARACTERS_MAX: Final = 300

# The order matters: what locks comes last.
_SETTINGS: Final = (
    "threads=1",
    "memory_limit='384MB'",
    "temp_directory=''",
    "TimeZone='UTC'",
    "preserve_insertion_order=true",
    # Otherwise the first rows cost the whole first row group, however large it is.
    "disable_parquet_prefetching=true",
    "autoinstall_known_extensions=false",
    "autoload_known_extensions=false",
    "allow_community_extensions=false",
    "allow_unsigned_extensions=false",
    "allowed_paths=['hub://table']",
    "enable_external_access=false",
    "lock_configuration=true",
)


class _OneFile(AbstractFileSystem):  # type: ignore[misc]  # fsspec ships no types
    """The one path that there is: ``hub://table``."""

    protocol = "hub"
    cachable = False
    file: tuple[Ranges, list[tuple[int, int]]]

    def open(self, _path: str, *_args: object, **_options: object) -> File:
        return File(*self.file)

    def info(self, path: str, **_options: object) -> dict[str, Any]:
        size = sum(stop - start for start, stop in self.file[1])
        return {"name": path, "size": size, "type": "file"}

    def exists(self, _path: str, **_options: object) -> bool:
        return True

    def isfile(self, _path: str) -> bool:
        return True

    def glob(self, path: str, **_options: object) -> list[str]:
        return [path]

    def modified(self, _path: str) -> dt.datetime:
        return dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


class Engine:
    """Opened before the process is shut in; answers one question."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(":memory:")
        self._files = _OneFile()
        self._connection.register_filesystem(self._files)
        for setting in _SETTINGS:
            self._connection.execute(f"SET {setting}")

    def warm(self) -> None:
        """Let everything be imported that is imported late: later no file can be opened."""
        values = "SELECT 1, 'a', 1.5, 'b'::BLOB, [1], {'a': 1}"
        self._connection.execute(values).fetchall()
        self._connection.close()

    def answer(self, ranges: Ranges, question: Question) -> dict[str, Any]:
        """The answer.

        Raises:
            Unreadable: there is none.
        """
        try:
            self._files.file = (ranges, segments_of(ranges, question))
            return answer(self._connection, question)
        except duckdb.OutOfMemoryException as error:
            raise MemoryError from error
        except duckdb.Error as error:
            raise Unreadable(plain(error)) from error

    def table(self, ranges: Ranges, question: Question) -> Table:
        """The table itself, to be read on. Raises what the engine raises."""
        self._files.file = (ranges, segments_of(ranges, question))
        return Table(self._connection, question)


def plain(error: duckdb.Error) -> str:
    """One line of what DuckDB says."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = " ".join(lines[:2]) or "It cannot be read."
    return text[:_MESSAGE_CHARACTERS_MAX].replace("hub://table", "the file")
