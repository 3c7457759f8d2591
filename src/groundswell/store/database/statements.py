"""Statements that SQLite and PostgreSQL spell alike but SQLAlchemy keeps apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

PORTION_ROWS: Final = 500
"""Values of one statement: engines bound how many it may name."""

T = TypeVar("T")
Rows = Mapping[str, Any] | Sequence[Mapping[str, Any]]


def portions(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """The values, as many at a time as one statement may name."""
    for start in range(0, len(values), PORTION_ROWS):
        yield values[start : start + PORTION_ROWS]


def _insert(conn: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    if conn.dialect.name != "postgresql":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - takes a twentieth of a start

    return postgresql.insert(table)


def _execute(conn: sa.Connection, statement: sa.Executable, rows: Rows) -> int:
    statement = statement.execution_options(preserve_rowcount=True)
    if isinstance(rows, Mapping):
        return conn.execute(statement, dict(rows)).rowcount
    return conn.execute(statement, [dict(row) for row in rows]).rowcount if rows else 0


def insert_ignore(conn: sa.Connection, table: sa.Table, rows: Rows) -> int:
    """Insert one row or many; a row whose unique key is there already changes nothing.

    Returns:
        How many rows were new.
    """
    return _execute(conn, _insert(conn, table).on_conflict_do_nothing(), rows)


def upsert(conn: sa.Connection, table: sa.Table, rows: Rows, *, update: Sequence[str]) -> None:
    """Insert one row or many; where the primary key exists, set the columns in ``update``."""
    statement = _insert(conn, table)
    keys = [column.name for column in table.primary_key.columns]
    changes = {name: statement.excluded[name] for name in update}
    _execute(conn, statement.on_conflict_do_update(index_elements=keys, set_=changes), rows)
