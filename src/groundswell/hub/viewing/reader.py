"""The process that answers one question about one table, and ends.

Everything that needs the outside is done first: the engine opened and locked, the question taken.
Then the process is shut in, and only then is the first byte of the file asked for. What it can
still do is compute, ask for ranges of this file, and answer.
"""

from __future__ import annotations

import socket
from typing import Final

import duckdb

from groundswell.hub.viewing.answers import answer
from groundswell.hub.viewing.confinement import confine
from groundswell.hub.viewing.one_file import OneFile, Ranges, segments_of
from groundswell.hub.viewing.pipe import Pipe
from groundswell.hub.viewing.table import Unreadable
from groundswell.hub.viewing.values import Question

MEMORY_BYTES_MAX: Final = 1 << 30
CPU_SECONDS_MAX: Final = 10
WALL_SECONDS_MAX: Final = 15
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


def _engine() -> tuple[duckdb.DuckDBPyConnection, OneFile]:
    """DuckDB, locked: it reads the one path, installs nothing, and no statement changes that."""
    connection = duckdb.connect(":memory:")
    files = OneFile()
    connection.register_filesystem(files)
    for setting in _SETTINGS:
        connection.execute(f"SET {setting}")
    return connection, files


def load() -> None:
    """Let everything be imported that Python imports late: afterwards no file can be opened."""
    connection, _ = _engine()
    connection.execute("SELECT 1, 'a', 1.5, 'b'::BLOB, [1], {'a': 1}").fetchall()
    connection.close()


def main(end: socket.socket) -> None:
    """Answer the question that comes through this end."""
    pipe = Pipe(end)
    connection, files = _engine()
    question = Question(**pipe.receive())
    confine(MEMORY_BYTES_MAX, CPU_SECONDS_MAX, WALL_SECONDS_MAX)
    ranges = Ranges(pipe, question.size_bytes)
    try:
        files.file = (ranges, segments_of(ranges, question))
        found = answer(connection, question)
    except Unreadable as error:
        found = {"error": str(error)}
    except duckdb.Error as error:
        found = {"error": _plain(error)}
    except MemoryError:
        found = {"error": "It takes more memory than a table may."}
    pipe.send({"answer": found})


def _plain(error: duckdb.Error) -> str:
    """One line of what DuckDB says."""
    if isinstance(error, duckdb.OutOfMemoryException):
        return "It takes more memory than a table may."
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = " ".join(lines[:2]) or "It cannot be read."
    return text[:_MESSAGE_CHARACTERS_MAX].replace("hub://table", "the file")
