"""Rows of a table, one cell of it, and a search: as JSON that is small whatever the file holds.

Everything is cut and counted in the engine. Runs in the reader's process.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from typing import Any, Final

from groundswell.hub.viewing.table import Column, Table
from groundswell.hub.viewing.values import (
    CELL_CHARACTERS_MAX,
    MEDIA_BYTES_MAX,
    WHOLE_CELL_CHARACTERS_MAX,
    WIDE_CELL_CHARACTERS_MAX,
    WIDE_COLUMNS,
    Question,
    Unreadable,
)
from groundswell.wire.media import media_of

SEARCH_SECONDS: Final = 4.0
SEARCH_STEP_ROWS: Final = 50_000
HEAD_BYTES: Final = 32

# --- cells ------------------------------------------------------------------------------------


def _characters(table: Table) -> int:
    """How much of a cell is shown."""
    return CELL_CHARACTERS_MAX if len(table.shown) <= WIDE_COLUMNS else WIDE_CELL_CHARACTERS_MAX


def _parts_of(column: Column, most: int) -> str:
    """Three expressions for a cell: its text cut short, its whole size, the head of its bytes."""
    word = column.word
    if column.kind == "text":
        return f"left({word}, {most}), length({word}), NULL"
    if column.kind == "bytes":
        return f"NULL, octet_length({word}), {word}[1:{HEAD_BYTES}]"
    if column.kind == "media":
        return (
            f"left({word}.path, {most}), octet_length({word}.bytes), {word}.bytes[1:{HEAD_BYTES}]"
        )
    text = f"CAST({word} AS VARCHAR)"
    return f"left({text}, {most}), length({text}), NULL"


def _cell_json(
    column: Column, most: int, text: str | None, size: int | None, head: bytes | None
) -> list[Any]:
    """``[text or None, size, kind, is cut]``."""
    if head is not None or column.kind in {"bytes", "media"}:
        kind = "none" if size is None and text is None else media_kind(head or b"") or "bytes"
        return [text, size or 0, kind, False]
    if text is None:
        return [None, 0, "none", False]
    return [text[:most], size or 0, column.kind, len(text) > most]


def media_kind(head: bytes) -> str:
    """What a cell's bytes are by the first of them: image or audio; "" for anything else."""
    media_type = media_of(head) or ""
    return "" if media_type.endswith("+xml") else media_type.partition("/")[0]


def _cells(table: Table, row: Sequence[Any]) -> list[Any]:
    """``[number, [cell, …]]`` of a row of ``n`` and three values for each column."""
    cells = [
        _cell_json(column, _characters(table), *row[1 + 3 * at : 4 + 3 * at])
        for at, column in enumerate(table.shown)
    ]
    return [int(row[0]), cells]


def _what(table: Table) -> str:
    return ", ".join(["n", *(_parts_of(column, _characters(table) + 1) for column in table.shown)])


# --- answers ----------------------------------------------------------------------------------


def rows_of(table: Table, question: Question) -> dict[str, Any]:
    """A page of rows."""
    sql = table.rows_from(_what(table), question.offset, question.limit + 1)
    rows = table.ask(sql)
    return {
        "rows": [_cells(table, row) for row in rows[: question.limit]],
        "has_more": len(rows) > question.limit,
    }


def found_rows(table: Table, question: Question) -> dict[str, Any]:
    """Rows in which a text column holds the words, letter case aside; as far as time allows."""
    columns = [column for column in table.shown if column.kind == "text"]
    if not columns:
        msg = "None of these columns holds text."
        raise Unreadable(msg)
    test = " OR ".join(f"contains(lower({column.word}), lower($1))" for column in columns)
    end = table.total()
    at, stop = question.offset, time.monotonic() + SEARCH_SECONDS
    rows: list[tuple[Any, ...]] = []
    while end is None or at < end:
        step = SEARCH_STEP_ROWS if table.has_numbers else 2**40
        left = question.limit - len(rows)
        inner = table.rows_from("*", at, step)
        sql = f"SELECT {_what(table)} FROM ({inner}) WHERE {test} LIMIT {left}"
        rows += table.ask(sql, [question.text])
        if len(rows) >= question.limit:
            return {"rows": [_cells(table, row) for row in rows], "next": int(rows[-1][0]) + 1}
        at += step
        if not table.has_numbers:
            break
        if time.monotonic() > stop and at < (end or 0):
            return {"rows": [_cells(table, row) for row in rows], "next": at}
    return {"rows": [_cells(table, row) for row in rows], "next": None}


def whole_cell(table: Table, question: Question) -> dict[str, Any]:
    """One cell whole: text up to a limit, or the bytes of a picture or sound."""
    if not 0 <= question.column < len(table.columns):
        msg = "There is no such column."
        raise Unreadable(msg)
    column = table.columns[question.column]
    word = column.word
    if column.kind in {"bytes", "media"}:
        data = word if column.kind == "bytes" else f"{word}.bytes"
        what = f"octet_length({data}), {data}[1:{MEDIA_BYTES_MAX}]"
    else:
        text = word if column.kind == "text" else f"CAST({word} AS VARCHAR)"
        what = f"length({text}), left({text}, {WHOLE_CELL_CHARACTERS_MAX})"
    rows = table.ask(table.rows_from(what, question.offset, 1))
    if not rows:
        msg = "There is no such row."
        raise Unreadable(msg)
    size, value = rows[0]
    found = {"column": column.as_json(), "size": size or 0}
    if isinstance(value, bytes):
        return {**found, "bytes": base64.b64encode(value).decode("ascii")}
    return {**found, "text": value}
