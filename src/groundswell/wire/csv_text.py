"""Tables as comma-separated text (RFC 4180), safe to open in a spreadsheet.

Knows that spreadsheets run a cell that begins like a formula: such a cell gets an apostrophe before
it, which they show as text. Does not know what the cells mean.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

# What begins a formula, also after signs that a spreadsheet passes over.
_FORMULA: Final = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "|",
    "%",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)


def guarded(cell: str) -> str:
    """The cell as text that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.lstrip(" \u00a0\ufeff").startswith(_FORMULA) else cell


def csv_lines(rows: Iterable[Sequence[str]]) -> str:
    """Rows as lines that end in CR LF; every cell is guarded."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(
        [guarded(cell) for cell in row] for row in rows
    )
    return text.getvalue()
