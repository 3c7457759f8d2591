"""OpenDocument files (odt, ods, odp), read as articles.

Knows headings, paragraphs, lists, tables and links, which are written alike in texts, sheets and
slides. Passes over notes, comments and what was deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from groundswell.wire.documents.facts import COLUMNS_MAX, EMPTY
from groundswell.wire.documents.normal import Line, article, check_room, plain, target_of
from groundswell.wire.documents.office.grids import Grid
from groundswell.wire.documents.office.parts import read_properties
from groundswell.wire.documents.packed import Packed
from groundswell.wire.documents.values import Article, ArticleText, BlockKind
from groundswell.wire.documents.xml_events import START, TEXT, shown_events

CONTENT: Final = "content.xml"
_ROWS_REPEATED_MAX: Final = 100
_SKIPPED: Final = frozenset(
    {"annotation", "note", "tracked-changes", "notes", "automatic-styles", "font-face-decls"}
)
_SPACES: Final = frozenset({"s", "tab", "line-break"})


def read_opendocument(path: str, packed: Packed) -> Iterator[Article]:
    """The article of an OpenDocument file; nothing for an empty one."""
    properties = read_properties(path, packed, "meta.xml")
    content = _Content(path, properties.title)
    content.read(packed.read(CONTENT))
    if content.text.length:
        title = properties.title or content.title
        language, modified = properties.language, properties.modified
        yield article(path, title, content.text, language=language, revision=modified)


def read_grids(path: str, packed: Packed) -> list[Grid]:
    """The tables of an OpenDocument file, in the order of their ends."""
    content = _Content(path, "")
    content.read(packed.read(CONTENT))
    return content.tables


def _count(attributes: dict[str, str], name: str, most: int) -> int:
    value = attributes.get(name, "1")
    return max(1, min(int(value[:6]), most)) if value.isascii() and value.isdigit() else 1


class _Content:
    """Puts the events of one file into blocks."""

    def __init__(self, path: str, title: str) -> None:
        self._path = path
        self.title = title
        self.text = ArticleText()
        self._line = Line()
        self._level = 0
        self._items = 0
        self._lines = 0  # paragraphs and headings that are open
        self._grids: list[Grid] = []
        self.tables: list[Grid] = []  # those that were read
        self._repeats: list[tuple[int, int]] = []  # of a row; of a cell
        self._is_sheet = False

    def read(self, data: bytes) -> None:
        for kind, value, attributes in shown_events(f"{self._path}: {CONTENT}", data, _SKIPPED):
            if kind == TEXT:
                if self._lines:
                    self._line.add(value)
            elif kind == START:
                self._start(value, attributes)
            else:
                self._end(value)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        match tag:
            case "h":
                self._lines += 1
                self._level = _count(attributes, "outline-level", 6)
            case "p":
                self._lines += 1
            case "a":
                self._line.open_link(target_of(attributes.get("href", "")))
            case "list-item":
                self._items += 1
            case "spreadsheet":
                self._is_sheet = True
            case "page" if attributes.get("name"):
                self.text.add(BlockKind.HEADING, plain(attributes["name"]), 2)
            case _ if tag in _SPACES:
                self._line.add(" ")
            case _:
                self._start_table(tag, attributes)

    def _start_table(self, tag: str, attributes: dict[str, str]) -> None:
        match tag:
            case "table":
                if self._is_sheet:
                    self.text.add(BlockKind.HEADING, plain(attributes.get("name", "")), 2)
                self._grids.append(Grid(header_rows=1 if self._is_sheet else 0))
                self._repeats.append((1, 1))
            case "table-row" if self._grids:
                self._grids[-1].begin_row()
                rows = _count(attributes, "number-rows-repeated", _ROWS_REPEATED_MAX)
                self._repeats[-1] = (rows, 1)
            case "table-cell" | "covered-table-cell" if self._grids:
                columns = _count(attributes, "number-columns-repeated", COLUMNS_MAX)
                self._repeats[-1] = (self._repeats[-1][0], columns)
            case _:
                pass

    def _end(self, tag: str) -> None:
        match tag:
            case "h" | "p":
                self._lines = max(self._lines - 1, 0)
                self._end_line(tag)
            case "a":
                self._line.close_link()
            case "list-item":
                self._items = max(self._items - 1, 0)
            case "table-cell" | "covered-table-cell" if self._grids:
                cell = self._line.take()
                for _ in range(self._repeats[-1][1]):
                    self._grids[-1].add(cell)
            case "table-row" if self._grids:
                self._repeat_row()
            case "table-header-rows" if self._grids:
                self._grids[-1].header_rows = len(self._grids[-1].rows)
            case "table" if self._grids:
                self._repeats.pop()
                self.tables.append(self._grids.pop())
                self.tables[-1].write(self.text, self.title)
                check_room(self.text, self._path)
            case _:
                pass

    def _repeat_row(self) -> None:
        grid = self._grids[-1]
        row = grid.rows[-1] if grid.rows else []
        if grid.is_full or all(cell == EMPTY for cell in row):
            return
        for _ in range(self._repeats[-1][0] - 1):
            grid.begin_row()
            for cell in row:
                grid.add(cell)

    def _end_line(self, tag: str) -> None:
        if self._grids:
            self._line.add(" ")
            return
        words, links = self._line.take()
        if tag == "h":
            if self._level == 1 and not self.text.length:
                self.title = self.title or words
            self.text.add(BlockKind.HEADING, words, self._level, links)
        else:
            self.text.add(BlockKind.ITEM if self._items else BlockKind.TEXT, words, 0, links)
        check_room(self.text, self._path)
