"""What the columns of a table hold: counts, bounds, means, and a histogram of each.

Of a sample that fits into memory: a small table whole, a large one in blocks spread over it.
"""

from __future__ import annotations

import math
import time
from typing import Any, Final

import duckdb

from groundswell.hub.viewing.table import Column, Table

SECONDS_MAX: Final = 6.0
SAMPLES: Final = (100_000, 10_000, 1_000)
BLOCKS: Final = 8
BINS: Final = 20
VALUES_SHOWN: Final = 8
VALUE_CHARACTERS_MAX: Final = 100
TEXT_CHARACTERS_READ: Final = 200


def statistics(table: Table) -> dict[str, Any]:
    """Statistics of each shown column, as far as time allows."""
    stop = time.monotonic() + SECONDS_MAX
    total = table.total()
    _sample(table, total)
    count = int(table.ask("SELECT count(*) FROM s")[0][0])
    columns: list[dict[str, Any]] = []
    for column in table.shown:
        if time.monotonic() > stop:
            break
        columns.append({**column.as_json(), **_of_column(table, column, count)})
    return {
        "columns": columns,
        "left_out": len(table.shown) - len(columns),
        "sampled": count,
        "total": total,
        "is_whole": count == total if total is not None else count < SAMPLES[0],
        "column_count": len(table.columns),
    }


def _kept(column: Column) -> str:
    """What is kept of a column: values that can be counted, sizes of those that cannot."""
    word = column.word
    if column.kind == "text":
        return f"left({word}, {TEXT_CHARACTERS_READ}) AS {word}, length({word}) AS size_{word}"
    if column.kind == "media":
        return f"octet_length({word}.bytes) AS {word}"
    if column.kind == "bytes":
        return f"octet_length({word}) AS {word}"
    if column.kind == "other" and not _is_time(column):
        is_list = column.type.endswith("[]")
        return f"{f'len({word})' if is_list else f'{word} IS NOT NULL OR NULL'} AS {word}"
    return word


def _is_time(column: Column) -> bool:
    return column.type.startswith(("DATE", "TIMESTAMP"))


def _sample(table: Table, total: int | None) -> None:
    """Make ``s``, the table that everything is counted in: as many rows as memory allows."""
    what = ", ".join(_kept(column) for column in table.shown)
    for number, rows in enumerate(SAMPLES):
        try:
            table.ask(f"CREATE OR REPLACE TEMP TABLE s AS {_blocks(table, what, rows, total)}")
        except duckdb.OutOfMemoryException:
            if number == len(SAMPLES) - 1:
                raise
        else:
            return


def _blocks(table: Table, what: str, rows: int, total: int | None) -> str:
    if total is None or total <= rows or not table.has_numbers:
        return table.rows_from(what, 0, rows)
    size = rows // BLOCKS
    starts = (block * (total - size) // (BLOCKS - 1) for block in range(BLOCKS))
    return " UNION ALL ".join(table.rows_from(what, start, size) for start in starts)


def _of_column(table: Table, column: Column, count: int) -> dict[str, Any]:
    word = column.word
    held, distinct = table.ask(f"SELECT count({word}), approx_count_distinct({word}) FROM s")[0]
    found: dict[str, Any] = {"nulls": count - int(held), "distinct": min(int(distinct), int(held))}
    if not held:
        return found
    if column.kind == "number":
        return {**found, **_numbers(table, word)}
    if column.kind == "text":
        return {**found, **_texts(table, word, int(distinct))}
    if column.kind == "truth":
        return {**found, **_values(table, word)}
    if _is_time(column):
        low, high = table.ask(f"SELECT min({word})::VARCHAR, max({word})::VARCHAR FROM s")[0]
        return {**found, "low": low, "high": high}
    if column.kind in {"bytes", "media"} or column.type.endswith("[]"):
        about = "items" if column.type.endswith("[]") else "bytes"
        return {**found, "distinct": None, "about": about, **_numbers(table, word)}
    return {**found, "distinct": None}


def _texts(table: Table, word: str, distinct: int) -> dict[str, Any]:
    """The commonest values where there are few, otherwise how long they are."""
    if distinct <= VALUES_SHOWN * 3:
        return _values(table, word)
    return {"about": "characters", **_numbers(table, f"size_{word}")}


def _values(table: Table, word: str) -> dict[str, Any]:
    rows = table.ask(
        f"SELECT {word}::VARCHAR, count(*) FROM s WHERE {word} IS NOT NULL"
        f" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {VALUES_SHOWN}"
    )
    return {"values": [[str(value)[:VALUE_CHARACTERS_MAX], int(count)] for value, count in rows]}


def _numbers(table: Table, word: str) -> dict[str, Any]:
    finite = f"(SELECT {word}::DOUBLE AS v FROM s WHERE isfinite({word}::DOUBLE))"
    low, high, mean, middle, spread = table.ask(
        f"SELECT min(v), max(v), avg(v), median(v), max(v) - min(v) FROM {finite}"
    )[0]
    if low is None:
        return {}
    told = {"low": low, "high": high, "mean": mean, "median": middle}
    found: dict[str, Any] = {
        name: value if value is not None and math.isfinite(value) else None
        for name, value in told.items()
    }
    if not spread or not math.isfinite(spread):
        return found
    rows = table.ask(
        f"SELECT least({BINS - 1}, floor((v - $1) / $2 * {BINS}))::INTEGER, count(*)"
        f" FROM {finite} GROUP BY 1",
        [low, spread],
    )
    bins = [0] * BINS
    for place, count in rows:
        bins[max(0, int(place))] = int(count)
    return {**found, "bins": bins}
