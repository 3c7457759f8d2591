"""One question answered: the only thing that a reader does."""

from __future__ import annotations

from typing import Any

import duckdb

from groundswell.hub.viewing.rows import found_rows, rows_of, whole_cell
from groundswell.hub.viewing.statistics import statistics
from groundswell.hub.viewing.table import Table
from groundswell.hub.viewing.values import Question, Unreadable


def answer(connection: duckdb.DuckDBPyConnection, question: Question) -> dict[str, Any]:
    """The answer to a question. Raises Unreadable, and what DuckDB raises."""
    if question.size_bytes == 0:
        msg = "It is empty."
        raise Unreadable(msg)
    table = Table(connection, question)
    if question.kind == "cell":
        return whole_cell(table, question)
    if question.kind == "statistics":
        return statistics(table)
    told = found_rows(table, question) if question.kind == "find" else rows_of(table, question)
    return {
        "columns": [column.as_json() for column in table.shown],
        "column_count": len(table.columns),
        "total": table.total(),
        "facts": table.facts(),
        **told,
    }
