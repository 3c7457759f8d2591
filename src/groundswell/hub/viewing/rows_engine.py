"""Rows of a Parquet file one after the other, by the engine that is locked as for the viewer.

Knows how rows are asked for by their numbers. Does not know what becomes of them. Needs the extra
``viewer``; runs in a process that is shut in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb

from groundswell.hub.viewing.engine import Engine, plain
from groundswell.hub.viewing.one_file import Ranges
from groundswell.hub.viewing.table import Table
from groundswell.hub.viewing.values import PARQUET, Question, Unreadable


class RowsEngine:
    """Opened before the process is shut in."""

    def __init__(self) -> None:
        Engine().warm()
        self._engine = Engine()

    def count(self, ranges: Ranges) -> int:
        """How many rows there are. Raises Unreadable when it is no such file."""
        try:
            return self._table(ranges).total() or 0
        except duckdb.OutOfMemoryException as error:
            raise MemoryError from error
        except duckdb.Error as error:
            raise Unreadable(plain(error)) from error

    def rows(
        self, ranges: Ranges, start: int, stop: int, at_once: int
    ) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        """The columns' names, and the rows from ``start`` to before ``stop``.

        Raises:
            Unreadable: now or on the way.
        """
        try:
            table = self._table(ranges)
            words = ", ".join(column.word for column in table.columns)
            table.connection.execute(table.rows_from(words, start, stop - start))
        except duckdb.OutOfMemoryException as error:
            raise MemoryError from error
        except duckdb.Error as error:
            raise Unreadable(plain(error)) from error
        return [column.name for column in table.columns], _fetched(table, at_once)

    def _table(self, ranges: Ranges) -> Table:
        return self._engine.table(ranges, Question("rows", PARQUET, ranges.size_bytes))


def _fetched(table: Table, at_once: int) -> Iterator[tuple[Any, ...]]:
    try:
        while rows := table.connection.fetchmany(at_once):
            yield from rows
    except duckdb.OutOfMemoryException as error:
        raise MemoryError from error
    except duckdb.Error as error:
        raise Unreadable(plain(error)) from error
