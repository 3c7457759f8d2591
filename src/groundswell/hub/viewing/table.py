"""A table as the engine sees it, and the statements that read some of its rows.

Columns are named c0, c1, … before anything is said about them, so that no name out of a file
stands in a statement. Runs in the reader's process; knows neither the pipe nor the hub.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb

from groundswell.hub.viewing.values import (
    COLUMNS_MAX,
    CSV,
    LINE_BYTES_MAX,
    PARQUET,
    Question,
    Unreadable,
)

# What is read at least; the engine's own choice is the whole part.
BUFFER_BYTES: Final = 4 << 20
COLUMNS_READ_MAX: Final = 10_000
NAME_CHARACTERS_MAX: Final = 200
TYPE_CHARACTERS_MAX: Final = 200

_PLACE: Final = "'hub://table'"
_NUMERIC: Final = re.compile(
    r"(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\))$"
)
_MEDIA: Final = re.compile(r'STRUCT\("?bytes"? BLOB, "?path"? VARCHAR\)$', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the engine sees it; ``word`` is its name in our statements."""

    word: str
    name: str
    type: str

    @property
    def kind(self) -> str:
        """number, text, truth, bytes, media, or other."""
        if _NUMERIC.match(self.type):
            return "number"
        if _MEDIA.match(self.type):
            return "media"
        return {"VARCHAR": "text", "BOOLEAN": "truth", "BLOB": "bytes"}.get(self.type, "other")

    def as_json(self) -> dict[str, str]:
        """For the pipe."""
        return {
            "name": self.name[:NAME_CHARACTERS_MAX],
            "type": self.type[:TYPE_CHARACTERS_MAX],
            "kind": self.kind,
        }


class Table:
    """The table of a question, with the columns that it asks about."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, question: Question) -> None:
        self.connection = connection
        self._is_parquet = question.format == PARQUET
        self._call = _call(question)
        every = connection.execute(f"DESCRIBE SELECT * FROM {self._call}").fetchmany(
            COLUMNS_READ_MAX + 1
        )
        if len(every) > COLUMNS_READ_MAX:
            msg = f"It has more than {COLUMNS_READ_MAX} columns."
            raise Unreadable(msg)
        self.columns = [Column(f"c{n}", str(row[0]), str(row[1])) for n, row in enumerate(every)]
        names = {column.name.lower() for column in self.columns}
        self.has_numbers = self._is_parquet and "file_row_number" not in names
        first = max(0, question.first_column)
        self.shown = self.columns[first : first + COLUMNS_MAX]

    def ask(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Every row of an answer that is small by its statement."""
        return self.connection.execute(sql, list(parameters)).fetchall()

    def rows_from(self, what: str, offset: int, limit: int) -> str:
        """A statement for ``what`` of the rows from ``offset`` on, with ``n``, the row's number."""
        words = ", ".join(column.word for column in self.columns)
        if self.has_numbers:
            # The engine skips the row groups before without reading them.
            return (
                f"SELECT {what} FROM read_parquet({_PLACE}, file_row_number=true) AS t({words}, n)"
                f" WHERE n >= {offset} AND n < {offset + limit}"
            )
        inner = f"SELECT * FROM {self._call} AS t({words}) LIMIT {limit} OFFSET {offset}"
        numbered = f"SELECT *, {offset} + row_number() OVER () - 1 AS n FROM ({inner})"
        return f"SELECT {what} FROM ({numbered})"

    def total(self) -> int | None:
        """How many rows there are, where the file says so."""
        if not self._is_parquet:
            return None
        rows = self.ask(f"SELECT num_rows FROM parquet_file_metadata({_PLACE})")
        return max(0, int(rows[0][0]))

    def facts(self) -> list[list[str]]:
        """What a Parquet file says of itself."""
        if not self._is_parquet:
            return []
        row = self.ask(
            "SELECT num_row_groups, created_by, format_version, footer_size"
            f" FROM parquet_file_metadata({_PLACE})"
        )[0]
        names = ("Row groups", "Written by", "Format version", "Footer bytes")
        pairs = zip(names, row, strict=True)
        return [[name, str(value)[:NAME_CHARACTERS_MAX]] for name, value in pairs if value]


def _call(question: Question) -> str:
    """The engine's function that reads this format."""
    if question.format == PARQUET:
        return f"read_parquet({_PLACE})"
    packed = f", compression='{question.compression or 'none'}'"
    if question.format == CSV:
        return (
            f"read_csv({_PLACE}, ignore_errors=true, null_padding=true, strict_mode=false,"
            f" max_line_size={LINE_BYTES_MAX}, buffer_size={BUFFER_BYTES},"
            f" sample_size=4096{packed})"
        )
    return (
        f"read_json({_PLACE}, format='newline_delimited', ignore_errors=true,"
        f" maximum_object_size={LINE_BYTES_MAX}, sample_size=2048, maximum_depth=8{packed})"
    )
