"""Sheets (xlsx), read as one article: the rows of each sheet as facts, its name as a heading.

Knows shared texts, kinds of cells and which numbers are dates. Values are as they were saved:
nothing is calculated.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Final

from groundswell.wire.documents.facts import COLUMNS_MAX, EMPTY, ROWS_MAX
from groundswell.wire.documents.normal import article, check_room, plain
from groundswell.wire.documents.office.grids import Grid
from groundswell.wire.documents.office.parts import read_properties, read_relations
from groundswell.wire.documents.packed import Packed
from groundswell.wire.documents.values import Article, ArticleText, BlockKind
from groundswell.wire.documents.xml_events import END, START, TEXT, xml_events

WORKBOOK: Final = "xl/workbook.xml"
SHEETS_MAX: Final = 200
TEXTS_MAX: Final = 1_000_000
_CELL_CHARACTERS_MAX: Final = 32_767
_DATES: Final = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_DATE_SIGNS = re.compile(r"[yYdDhH]|mm")
_NOT_SIGNS = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')
_COLUMN = re.compile(r"([A-Z]{1,3})\d{1,7}")
_FIRST_DAY: Final = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - sheets know no time zones
_LAST_DAY: Final = 2_958_465  # the end of the year 9999


def read_sheets(path: str, packed: Packed) -> Iterator[Article]:
    """The article of a workbook; nothing for an empty one."""
    properties = read_properties(path, packed, "docProps/core.xml")
    text = ArticleText()
    title = properties.title or plain(path.rpartition("/")[2].rpartition(".")[0])
    for name, grid in read_grids(path, packed):
        text.add(BlockKind.HEADING, name, 2)
        grid.write(text, title)
        check_room(text, path)
    if text.length:
        language, modified = properties.language, properties.modified
        yield article(path, title, text, language=language, revision=modified)


def read_grids(path: str, packed: Packed) -> Iterator[tuple[str, Grid]]:
    """The sheets that hold something, with their names, in order."""
    texts = _shared_texts(path, packed)
    dates = _date_styles(path, packed)
    relations = read_relations(path, packed, WORKBOOK)
    for name, part in _sheets(path, packed, relations):
        sheet = _Sheet(texts, dates)
        sheet.read(f"{path}: {part}", packed.read(part))
        if any(words for row in sheet.grid.rows for words, _ in row):
            yield name, sheet.grid


def _sheets(path: str, packed: Packed, relations: dict[str, str]) -> list[tuple[str, str]]:
    found = [
        (plain(attributes.get("name", "")), relations.get(attributes.get("id", ""), ""))
        for kind, tag, attributes in xml_events(f"{path}: workbook", packed.read(WORKBOOK))
        if kind == START and tag == "sheet"
    ]
    return [(name, part) for name, part in found if part in packed][:SHEETS_MAX]


def _shared_texts(path: str, packed: Packed) -> list[str]:
    data = packed.read_if_there("xl/sharedStrings.xml")
    texts: list[str] = []
    if not data:
        return texts
    pieces: list[str] = []
    is_text = is_reading_aid = False
    for kind, value, _ in xml_events(f"{path}: texts", data):
        if kind == TEXT:
            if is_text and not is_reading_aid:
                pieces.append(value)
        elif value == "t":
            is_text = kind == START
        elif value == "rPh":
            is_reading_aid = kind == START
        elif kind == END and value == "si" and len(texts) < TEXTS_MAX:
            texts.append(plain("".join(pieces))[:_CELL_CHARACTERS_MAX].rstrip())
            pieces.clear()
    return texts


def _date_styles(path: str, packed: Packed) -> frozenset[int]:
    """The numbers of styles that show a number as a date."""
    data = packed.read_if_there("xl/styles.xml")
    formats: set[int] = set(_DATES)
    found: set[int] = set()
    style = -1  # of cells: those of other lists are not counted
    if not data:
        return frozenset()
    for kind, tag, attributes in xml_events(f"{path}: styles", data):
        if tag == "cellXfs":
            style = 0 if kind == START else -1
        elif kind == START and tag == "numFmt":
            signs = _NOT_SIGNS.sub("", attributes.get("formatCode", "")[:255])
            if _DATE_SIGNS.search(signs):
                formats.add(_number(attributes.get("numFmtId", "")))
        elif kind == START and tag == "xf" and style >= 0:
            if _number(attributes.get("numFmtId", "")) in formats:
                found.add(style)
            style += 1
    return frozenset(found)


def _number(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else -1


def _date(value: str) -> str:
    """A day, with its time where it has one. Days are counted from the end of 1899."""
    try:
        days = float(value)
    except ValueError:
        return value
    if not 0 < days <= _LAST_DAY:
        return value
    moment = _FIRST_DAY + dt.timedelta(seconds=round(days * 86_400))
    if days < 1:
        return moment.strftime("%H:%M")
    return moment.strftime("%Y-%m-%d" if days == int(days) else "%Y-%m-%d %H:%M")


def _column(reference: str) -> int | None:
    found = _COLUMN.fullmatch(reference)
    if found is None:
        return None
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return column - 1


class _Sheet:
    """Puts the events of one sheet into a table."""

    def __init__(self, texts: list[str], dates: frozenset[int]) -> None:
        self._texts = texts
        self._dates = dates
        self.grid = Grid(header_rows=1)
        self._kind = ""
        self._style = -1
        self._pieces: list[str] = []
        self._is_value = False

    def read(self, where: str, data: bytes) -> None:
        for kind, value, attributes in xml_events(where, data):
            if kind == TEXT:
                if self._is_value:
                    self._pieces.append(value)
            elif value in {"v", "t"}:
                self._is_value = kind == START
            elif kind == START and value == "row":
                if len(self.grid.rows) >= ROWS_MAX:
                    return
                self.grid.begin_row()
            elif kind == START and value == "c":
                self._begin(attributes)
            elif kind == END and value == "c":
                self.grid.add((self._written(), ()))

    def _begin(self, attributes: dict[str, str]) -> None:
        self._kind = attributes.get("t", "n")
        self._style = _number(attributes.get("s", "0"))
        self._pieces.clear()
        column = _column(attributes.get("r", ""))
        if column is not None and self.grid.rows:
            while len(self.grid.rows[-1]) < min(column, COLUMNS_MAX):
                self.grid.add(EMPTY)

    def _written(self) -> str:
        value = plain("".join(self._pieces))[:_CELL_CHARACTERS_MAX].rstrip()
        if self._kind == "s":
            number = _number(value)
            return self._texts[number] if 0 <= number < len(self._texts) else ""
        if self._kind == "b":
            return "yes" if value == "1" else "no"
        if self._kind == "n" and self._style in self._dates:
            return _date(value)
        return value
