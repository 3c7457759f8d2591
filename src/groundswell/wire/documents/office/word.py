"""Word files (docx), read as articles.

Knows paragraphs, styles that make headings, lists, tables and links. Passes over what was deleted,
notes, and drawings told twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from groundswell.wire.documents.facts import COLUMNS_MAX
from groundswell.wire.documents.normal import Line, article, check_room, target_of
from groundswell.wire.documents.office.grids import Grid
from groundswell.wire.documents.office.parts import read_properties, read_relations
from groundswell.wire.documents.packed import Packed
from groundswell.wire.documents.values import Article, ArticleText, BlockKind
from groundswell.wire.documents.xml_events import START, TEXT, shown_events, xml_events

DOCUMENT: Final = "word/document.xml"
_STYLES_BYTES_MAX: Final = 8 * 1024 * 1024
_HEADING = re.compile(r"heading ?(\d)", re.IGNORECASE)
_QUOTES: Final = frozenset({"quote", "intense quote"})
_SPACES: Final = frozenset({"tab", "br", "cr", "ptab"})
_SKIPPED: Final = frozenset({"Fallback", "del", "moveFrom"})


def read_word(path: str, packed: Packed) -> Iterator[Article]:
    """The article of a Word file; nothing for an empty one."""
    properties = read_properties(path, packed, "docProps/core.xml")
    styles = _styles(path, packed)
    links = read_relations(path, packed, DOCUMENT)
    words = _Words(path, properties.title, styles, links)
    words.read(packed.read(DOCUMENT))
    if words.text.length:
        title = properties.title or words.title
        language, modified = properties.language, properties.modified
        yield article(path, title, words.text, language=language, revision=modified)


def _level(value: str) -> int:
    """The level that ``outlineLvl`` gives; 9 means text."""
    return int(value) + 1 if len(value) == 1 and "0" <= value <= "5" else 0


def _styles(path: str, packed: Packed) -> dict[str, tuple[BlockKind, int]]:
    """The kind and level of a paragraph, by the id of its style."""
    found: dict[str, tuple[BlockKind, int]] = {}
    data = packed.read_if_there("word/styles.xml", _STYLES_BYTES_MAX)
    style = ""
    if not data:
        return found
    for kind, tag, attributes in xml_events(f"{path}: styles", data):
        if kind != START:
            continue
        value = attributes.get("val", "")
        if tag == "style":
            style = attributes.get("styleId", "")
        elif tag == "name" and style:
            heading = _HEADING.fullmatch(value)
            if heading and heading[1] in "123456":
                found[style] = (BlockKind.HEADING, int(heading[1]))
            elif value.lower() == "title":
                found[style] = (BlockKind.HEADING, 1)
            elif value.lower() in _QUOTES:
                found[style] = (BlockKind.QUOTE, 0)
        elif tag == "outlineLvl" and style and _level(value):
            found.setdefault(style, (BlockKind.HEADING, _level(value)))
    return found


class _Words:
    """Puts the events of one document into blocks."""

    def __init__(
        self,
        path: str,
        title: str,
        styles: dict[str, tuple[BlockKind, int]],
        links: dict[str, str],
    ) -> None:
        self._path = path
        self.title = title
        self._styles = styles
        self._links = links
        self.text = ArticleText()
        self._line = Line()
        self._kind = BlockKind.TEXT
        self._level = 0
        self._in_text = False
        self._grids: list[Grid] = []
        self._spans: list[int] = []
        self._merged: list[bool] = []

    def read(self, data: bytes) -> None:
        for kind, value, attributes in shown_events(f"{self._path}: document", data, _SKIPPED):
            if kind == TEXT:
                if self._in_text:
                    self._line.add(value)
            elif kind == START:
                self._start(value, attributes)
            else:
                self._end(value)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        value = attributes.get("val", "")
        match tag:
            case "t":
                self._in_text = True
            case "p":
                self._kind, self._level = BlockKind.TEXT, 0
            case "pStyle":
                self._kind, self._level = self._styles.get(value, (self._kind, self._level))
            case "outlineLvl" if _level(value):
                self._kind, self._level = BlockKind.HEADING, _level(value)
            case "numPr" if self._kind is BlockKind.TEXT:
                self._kind = BlockKind.ITEM
            case "hyperlink":
                self._line.open_link(target_of(self._links.get(attributes.get("id", ""), "")))
            case "noBreakHyphen":
                self._line.add("-")
            case _ if tag in _SPACES:
                self._line.add(" ")
            case _:
                self._start_table(tag, attributes)

    def _start_table(self, tag: str, attributes: dict[str, str]) -> None:
        match tag:
            case "tbl":
                self._grids.append(Grid())
            case "tr" if self._grids:
                self._grids[-1].begin_row()
            case "tc" if self._grids:
                self._spans.append(1)
                self._merged.append(False)
            case "gridSpan" if self._spans:
                value = attributes.get("val", "")
                self._spans[-1] = min(int(value), COLUMNS_MAX) if _is_small(value) else 1
            case "vMerge" if self._merged:
                self._merged[-1] = attributes.get("val", "continue") == "continue"
            case "tblHeader" if self._grids:
                self._grids[-1].header_rows = len(self._grids[-1].rows)
            case _:
                pass

    def _end(self, tag: str) -> None:
        match tag:
            case "t":
                self._in_text = False
            case "hyperlink":
                self._line.close_link()
            case "p":
                self._end_paragraph()
            case "tc" if self._grids and self._spans:
                grid = self._grids[-1]
                cell = self._line.take()
                if self._merged.pop() and not cell[0]:
                    cell = grid.above()
                grid.add(cell, self._spans.pop())
            case "tbl" if self._grids:
                self._grids.pop().write(self.text, self.title)
                check_room(self.text, self._path)
            case _:
                pass

    def _end_paragraph(self) -> None:
        if self._grids:
            self._line.add(" ")
            return
        words, links = self._line.take()
        if self._kind is BlockKind.HEADING and self._level == 1 and not self.text.length:
            self.title = self.title or words
        self.text.add(self._kind, words, self._level, links)
        check_room(self.text, self._path)


def _is_small(value: str) -> bool:
    return value.isascii() and value.isdigit() and 0 < len(value) < 5 and int(value) > 0
