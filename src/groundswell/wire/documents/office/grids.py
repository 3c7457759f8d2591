"""Tables of office files while their cells are read, one table in another.

Knows rows and cells. Does not know how a format writes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from groundswell.wire.documents.facts import (
    COLUMNS_MAX,
    EMPTY,
    ROWS_MAX,
    Cell,
    add_table,
    name_columns,
)
from groundswell.wire.documents.values import ArticleText


@dataclass
class Grid:
    """One table. ``header_rows`` of its first rows name the columns."""

    rows: list[list[Cell]] = field(default_factory=list)
    header_rows: int = 0
    is_full: bool = False

    def begin_row(self) -> None:
        """What follows stands in a new row."""
        self.is_full = len(self.rows) >= ROWS_MAX
        if not self.is_full:
            self.rows.append([])

    def add(self, cell: Cell, span: int = 1) -> None:
        """A cell, and empty ones for the columns that it covers beside its own."""
        if self.is_full or not self.rows:
            return
        row = self.rows[-1]
        for number in range(min(span, COLUMNS_MAX - len(row))):
            row.append(cell if number == 0 else EMPTY)

    def above(self) -> Cell:
        """The cell over the one that comes next."""
        if len(self.rows) < 2 or len(self.rows[-1]) >= len(self.rows[-2]):
            return EMPTY
        return self.rows[-2][len(self.rows[-1])]

    def write(self, text: ArticleText, title: str) -> None:
        """The facts of it. Where nothing says which row names the columns, the first of three
        columns and more does.
        """
        rows = [row for row in self.rows if any(words for words, _ in row)]
        width = max((len(row) for row in rows), default=0)
        header_rows = self.header_rows
        if not header_rows and width > 2 and len(rows) > 1:
            header_rows = 1
        header: list[str] = []
        for row in rows[:header_rows]:
            name_columns(header, row)
        add_table(text, title, header, rows[header_rows:])
