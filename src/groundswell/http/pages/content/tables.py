"""Tables: a page of rows, what the columns hold, a search, and one cell in full."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from groundswell.core.values import size_text
from groundswell.http.pages.content.figures import figures_of
from groundswell.http.pages.content.place import Place
from groundswell.http.pages.content.text import text_content
from groundswell.http.pages.door import with_query
from groundswell.http.pages.repositories import place
from groundswell.http.pages.views import (
    BinaryContent,
    Content,
    PendingContent,
    TableCell,
    TableColumn,
    TableContent,
    TableRow,
    TextContent,
    WholeCell,
)
from groundswell.http.tables import WITHOUT, table_now
from groundswell.hub.viewing import (
    COLUMNS_MAX,
    PART_BYTES,
    ROWS_MAX,
    SEARCH_CHARACTERS_MAX,
    Format,
    Question,
    is_too_large,
    part_count,
)

Json = dict[str, Any]
# Each is read by a reader of its own; what is beyond is a link.
MEDIA_SHOWN_MAX: Final = 50
INSTALL: Final = "pip install 'groundswell[viewer]'"


def table_content(where: Place, form: Format) -> Content:
    """The rows that are asked for; text that is no table is shown as text."""
    if is_too_large(form, where.size_bytes):
        size = size_text(where.size_bytes)
        return BinaryContent(f"A table of {size}, compressed as a whole: too large to show here.")
    if not where.asked.hub.tables.are_readable:
        why = f"{WITHOUT} Whoever runs it can add it: {INSTALL}"
        return _as_text(where, why) if _is_text(form) else BinaryContent(why)
    return _Page(where, form).content()


def _is_text(form: Format) -> bool:
    """Whether it can be read without being shown as a table."""
    return form.name != "parquet" and not form.compression


def _as_text(where: Place, why: str) -> Content:
    """A table as the text that it is; the sentence says why."""
    shown = text_content(where)
    return replace(shown, reason=why) if isinstance(shown, TextContent) else shown


class _Page:
    """One page of a table. Fields of the address: row, part, columns, find, show, cell."""

    def __init__(self, where: Place, form: Format) -> None:
        self.where = where
        self.form = form
        self.parts = part_count(form, where.size_bytes)
        self.part = where.number("part", self.parts - 1)
        self.row = where.number("row")
        self.columns = where.number("columns", 10_000) // COLUMNS_MAX * COLUMNS_MAX
        find = where.asked.query.get("find", "")[:SEARCH_CHARACTERS_MAX]
        self.find = find if find.strip() else ""
        self.media_left = MEDIA_SHOWN_MAX
        self.fields: Json = {
            "part": self.part,
            "columns": self.columns,
            "find": self.find,
            "row": self.row,
        }

    def link(self, **fields: object) -> str:
        return self.where.link(**{**self.fields, **fields})

    def ask(self, kind: str, **more: Any) -> Json | None:  # noqa: ANN401 - fields of Question
        question = Question(
            kind,
            self.form.name,
            self.where.size_bytes,
            self.form.compression,
            part=self.part,
            first_column=self.columns,
            **more,
        )
        hub, located = self.where.asked.hub, self.where.located
        return table_now(hub, located, question, self.where.wait_seconds)

    def content(self) -> Content:
        if "cell" in self.where.asked.query:
            return self._whole_cell()
        if self.find:
            found = self.ask("find", offset=self.row, text=self.find)
        else:
            found = self.ask("rows", offset=self.row, limit=ROWS_MAX)
        if found is None:
            return PendingContent(self.link(), "The search" if self.find else "This table")
        if "error" in found:
            return self._unreadable(found["error"])
        return self._rows(found)

    def _unreadable(self, why: str) -> Content:
        """What a file is shown as that cannot be read as a table; the sentence says why."""
        if not _is_text(self.form):
            return BinaryContent(f"This table cannot be shown. {why}")
        return _as_text(self.where, f"This is shown as text: as a table it has a fault. {why}")

    def _rows(self, found: Json) -> TableContent:
        show = self.where.asked.query.get("show") == "statistics"
        figures, note, pending = figures_of(self.ask("statistics")) if show else ((), "", False)
        rows = tuple(self._row(row) for row in found["rows"])
        newer, older = self._turns(found)
        count, columns = found["column_count"], self.columns + COLUMNS_MAX
        shown = min(columns, count)
        return TableContent(
            here=self.where.here,
            hidden=(*self.where.kept, *self._hidden()),
            columns=tuple(TableColumn(**column) for column in found["columns"]),
            rows=rows,
            total=found["total"],
            where=self._told(found, rows),
            facts=tuple((name, value) for name, value in found["facts"]),
            find=self.find,
            newer_url=newer,
            older_url=older,
            older_text="Search on" if self.find else "Next rows",
            part_note=self._part_note(),
            part_newer_url=self.link(part=self.part - 1, row=0) if self.part else None,
            part_older_url=self.link(part=self.part + 1, row=0)
            if self.part + 1 < self.parts
            else None,
            column_note=f"Columns {self.columns + 1:,} to {shown:,} of {count:,}"
            if count > COLUMNS_MAX
            else "",
            column_newer_url=self.link(columns=self.columns - COLUMNS_MAX)
            if self.columns
            else None,
            column_older_url=self.link(columns=columns) if columns < count else None,
            statistics_url=self.link(show=None if show else "statistics"),
            statistics=figures,
            statistics_note=note,
            is_pending=pending,
            plain_url=self.link(find=None, row=0),
            row_number=self.row,
        )

    def _hidden(self) -> tuple[tuple[str, str], ...]:
        fields = (("part", self.part), ("columns", self.columns))
        return tuple((name, str(value)) for name, value in fields if value)

    def _turns(self, found: Json) -> tuple[str | None, str | None]:
        """Where the rows before and after are."""
        if self.find:
            after = found["next"]
            return None, None if after is None else self.link(row=after)
        newer = self.link(row=max(0, self.row - ROWS_MAX)) if self.row else None
        return newer, self.link(row=self.row + ROWS_MAX) if found["has_more"] else None

    def _told(self, found: Json, rows: tuple[TableRow, ...]) -> str:
        """Which rows these are, in words."""
        total = found["total"]
        if self.find:
            until = "to the end" if found["next"] is None else f"up to row {found['next']:,}"
            return f"{len(rows):,} found, searched from row {self.row:,} {until}"
        if not rows:
            return "No row here" if self.row else "No rows"
        told = f"Rows {rows[0].number:,} to {rows[-1].number:,}"
        if total is not None:
            return f"{told} of {total:,}"
        return f"{told} of this part" if self.parts > 1 else told

    def _part_note(self) -> str:
        if self.parts == 1:
            return ""
        size = size_text(PART_BYTES)
        told = f"Part {self.part + 1:,} of {self.parts:,}: text has no index,"
        return f"{told} so it is read {size} at a time."

    def _row(self, row: list[Any]) -> TableRow:
        number, cells = row
        return TableRow(
            number, tuple(self._cell(number, at, cell) for at, cell in enumerate(cells))
        )

    def _cell(self, number: int, at: int, cell: list[Any]) -> TableCell:
        text, size, kind, is_cut = cell
        column = self.columns + at
        if kind in {"image", "audio", "bytes"}:
            where = self.where
            base = place(where.head, "cell", where.revision, where.path)
            url = with_query(
                base, row=str(number), column=str(column), part=str(self.part) if self.part else ""
            )
            label = size_text(size)
            if kind == "bytes":
                return TableCell(kind, text or "", size, None, label)
            self.media_left -= 1
            if self.media_left < 0:
                return TableCell("media", text or "", size, url, f"{kind}, {label}")
            return TableCell(kind, text or "", size, url, label)
        whole = self.link(cell=str(column), row=str(number), find=None) if is_cut else None
        return TableCell(kind, "" if text is None else text, size, whole)

    def _whole_cell(self) -> Content:
        column = self.where.number("cell", 10_000)
        found = self.ask("cell", offset=self.row, column=column)
        if found is None:
            return PendingContent(self.link(cell=str(column), row=str(self.row)), "This cell")
        if "error" in found:
            return BinaryContent(found["error"])
        text = found.get("text")
        cell = WholeCell(
            found["column"]["name"],
            found["column"]["type"],
            self.row,
            text,
            found["size"],
            text is not None and found["size"] > len(text),
            self.link(row=self.row // ROWS_MAX * ROWS_MAX),
        )
        return TableContent(
            here=self.where.here,
            hidden=(),
            columns=(),
            rows=(),
            total=None,
            where="",
            cell=cell,
        )
