"""Slides (pptx), read as one article: each slide's title is a heading.

Knows the order of slides, their titles, text and tables. Passes over notes and pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from groundswell.wire.documents.normal import (
    TITLE_CHARACTERS_MAX,
    Line,
    article,
    check_room,
    target_of,
)
from groundswell.wire.documents.office.grids import Grid
from groundswell.wire.documents.office.parts import read_properties, read_relations
from groundswell.wire.documents.packed import Packed
from groundswell.wire.documents.values import Article, ArticleText, BlockKind
from groundswell.wire.documents.xml_events import START, TEXT, shown_events, xml_events

PRESENTATION: Final = "ppt/presentation.xml"
SLIDES_MAX: Final = 5_000
# What is written a second time, for programs that do not know the first form.
_SKIPPED: Final = frozenset({"Fallback"})
_TITLES: Final = frozenset({"title", "ctrTitle"})


def read_slides(path: str, packed: Packed) -> Iterator[Article]:
    """The article of a presentation; nothing for an empty one."""
    properties = read_properties(path, packed, "docProps/core.xml")
    text = ArticleText()
    title = properties.title
    for number, name in enumerate(_slides(path, packed), start=1):
        slide = _Slide(path, text, title, read_relations(path, packed, name))
        slide.read(name, packed.read(name), number)
        title = title or slide.title
    if text.length:
        language, modified = properties.language, properties.modified
        yield article(path, title, text, language=language, revision=modified)


def _slides(path: str, packed: Packed) -> list[str]:
    relations = read_relations(path, packed, PRESENTATION)
    names = [
        relations.get(attributes.get("id", ""), "")
        for kind, tag, attributes in xml_events(f"{path}: slides", packed.read(PRESENTATION))
        if kind == START and tag == "sldId"
    ]
    return [name for name in dict.fromkeys(names) if name in packed][:SLIDES_MAX]


class _Slide:
    """Puts the events of one slide into blocks."""

    def __init__(self, path: str, text: ArticleText, title: str, relations: dict[str, str]) -> None:
        self._path = path
        self._text = text
        self._about = title
        self._relations = relations
        self.title = ""
        self._line = Line()
        self._in_text = False
        self._kind = BlockKind.TEXT
        self._grid: Grid | None = None
        self._bodies: list[tuple[BlockKind, str, tuple[tuple[int, int, str], ...]]] = []

    def read(self, name: str, data: bytes, number: int) -> None:
        """A slide's title stands first, wherever it is written."""
        tables: list[Grid] = []
        for kind, value, attributes in shown_events(f"{self._path}: {name}", data, _SKIPPED):
            if kind == TEXT:
                if self._in_text:
                    self._line.add(value)
            elif kind == START:
                self._start(value, attributes)
            elif value == "tbl" and self._grid is not None:
                tables.append(self._grid)
                self._grid = None
            else:
                self._end(value)
        if self._bodies or tables:
            self._text.add(BlockKind.HEADING, self.title or f"Slide {number}", 2)
        for kind_of_block, words, links in self._bodies:
            self._text.add(kind_of_block, words, 0, links)
        for grid in tables:
            grid.write(self._text, self._about or self.title)
        check_room(self._text, self._path)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        match tag:
            case "sp":
                self._kind = BlockKind.TEXT
            case "ph":
                is_title = attributes.get("type") in _TITLES
                self._kind = BlockKind.HEADING if is_title else BlockKind.ITEM
            case "t":
                self._in_text = True
            case "br":
                self._line.add(" ")
            case "hlinkClick":
                self._line.open_link(target_of(self._relations.get(attributes.get("id", ""), "")))
            case "tbl":
                self._grid = Grid()
            case "tr" if self._grid is not None:
                self._grid.begin_row()
            case _:
                pass

    def _end(self, tag: str) -> None:
        match tag:
            case "t":
                self._in_text = False
            case "r":
                self._line.close_link()
            case "tc" if self._grid is not None:
                self._grid.add(self._line.take())
            case "p" if self._grid is not None:
                self._line.add(" ")
            case "p":
                words, links = self._line.take()
                if self._kind is BlockKind.HEADING:
                    self.title = f"{self.title} {words}".strip()[:TITLE_CHARACTERS_MAX].rstrip()
                elif words:
                    self._bodies.append((self._kind, words, links))
            case _:
                pass
