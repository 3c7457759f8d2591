"""What the columns of a table hold, as figures and drawings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from groundswell.http.pages.views import ColumnFigures
from groundswell.http.pages.wording import plural

BAR_WIDTH: Final = 10
BAR_HEIGHT: Final = 60
VALUE_WIDTH: Final = 200

Json = dict[str, Any]


def figures_of(found: Json | None) -> tuple[tuple[ColumnFigures, ...], str, bool]:
    """Each column's figures, a sentence about all, and whether they are still being computed."""
    if found is None:
        return (), "The columns are being counted.", True
    if "error" in found:
        return (), found["error"], False
    sampled = plural(found["sampled"], "row")
    if found["is_whole"]:
        note = f"Counted over all {sampled}."
    elif found["total"] is None:
        note = f"Counted over the first {sampled} of what is read."
    else:
        note = f"Counted over {sampled}, taken from 8 places of the file."
    if found["left_out"]:
        note += f" {plural(found['left_out'], 'column')} took too long."
    return tuple(_column(column, found["sampled"]) for column in found["columns"]), note, False


def _column(column: Json, sampled: int) -> ColumnFigures:
    facts: list[tuple[str, str]] = []
    nulls = column["nulls"]
    if nulls:
        share = 100 * nulls / max(1, sampled)
        facts.append(("Missing", f"{nulls:,} ({share:.1f} %)"))
    if column.get("distinct") is not None:
        facts.append(("Different, about", f"{column['distinct']:,}"))
    names = (("low", "Lowest"), ("high", "Highest"), ("mean", "Mean"), ("median", "Median"))
    facts += [(name, _number(column[key])) for key, name in names if column.get(key) is not None]
    bars, summary = _bars(column)
    return ColumnFigures(
        column["name"], column["type"], tuple(facts), bars, _values(column), summary
    )


def _number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:,.6g}"
    return str(value)[:60]


def _bars(column: Json) -> tuple[tuple[tuple[int, int, str], ...], str]:
    bins: Sequence[int] = column.get("bins") or ()
    if not bins:
        return (), ""
    highest = max(bins) or 1
    low, high = column["low"], column["high"]
    width = (high - low) / len(bins)
    about = f" {column['about']}" if column.get("about") else ""
    bars = tuple(
        (
            at * BAR_WIDTH,
            max(1, count * BAR_HEIGHT // highest) if count else 0,
            f"{_number(low + at * width)} to {_number(low + (at + 1) * width)}{about}: {count:,}",
        )
        for at, count in enumerate(bins)
    )
    most = max(range(len(bins)), key=bins.__getitem__)
    return bars, f"From {_number(low)} to {_number(high)}{about}. Most often {bars[most][2]}."


def _values(column: Json) -> tuple[tuple[str, int, int], ...]:
    values = column.get("values") or ()
    highest = max((count for _, count in values), default=1)
    return tuple(
        (str(value), count, max(1, count * VALUE_WIDTH // highest)) for value, count in values
    )
