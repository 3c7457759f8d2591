"""Tables of pages: which hold facts, and what their cells are.

Knows rows, spans, headers, and the boxes in which encyclopedias sum a subject up. Does not know how
facts are put into words (``facts``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from groundswell.wire.documents.facts import (
    COLUMNS_MAX,
    EMPTY,
    ROWS_MAX,
    Cell,
    add_fact,
    add_table,
    name_columns,
)
from groundswell.wire.documents.html.inline import gathered
from groundswell.wire.documents.normal import Line
from groundswell.wire.documents.values import ArticleText, BlockKind

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

NESTED_MAX: Final = 200
# What is said in many rows at once is said again in each: only while it is short.
_SPANNING_CHARACTERS_MAX: Final = 300
_LAYOUT_INSIDE: Final = "table,p,div,ul,ol,form,h1,h2,h3,h4"
_SECTIONS: Final = frozenset({"thead", "tbody", "tfoot"})
_BULLETS: Final = "\u2022\u00b7\u25e6\u25aa\u2013\u00a0- "


def holds_facts(table: LexborNode) -> bool:
    """Whether a table is one of facts, and not a way to lay out a page."""
    attributes = table.attributes
    if attributes.get("role") in {"presentation", "none"}:
        return False
    names = attributes.get("class") or ""
    if "wikitable" in names or "infobox" in names or "dataframe" in names:
        return True
    if table.css_first("th") is not None:
        return True
    if table.css_first(_LAYOUT_INSIDE) not in {None, table}:
        return False
    widths = [sum(1 for _ in row.iter()) for row, _ in _rows(table)]
    return len(widths) >= 2 and min(widths) == max(widths) >= 2


def add_html_table(
    text: ArticleText, title: str, table: LexborNode, dropped: set[int], *, is_infobox: bool
) -> None:
    """The facts of a table, then those of tables inside of its cells."""
    own = table.mem_id
    inner = [each for each in table.css("table") if each.mem_id != own][:NESTED_MAX]
    for each in (table, *inner):
        if each.mem_id in dropped:
            continue
        if is_infobox:
            _add_infobox(text, title, each, dropped)
        else:
            _add_data(text, title, each, dropped)


def _rows(table: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Rows of this table alone, and whether each stands in its head."""
    count = 0
    for child in table.iter():
        rows = child.iter() if child.tag in _SECTIONS else (child,)
        for row in rows:
            if row.tag == "tr":
                count += 1
                if count > ROWS_MAX:
                    return
                yield row, child.tag == "thead"


def _cells(row: LexborNode, dropped: set[int]) -> list[LexborNode]:
    cells = [cell for cell in row.iter() if cell.tag in {"td", "th"} and cell.mem_id not in dropped]
    return cells[:COLUMNS_MAX]


def _cell(node: LexborNode, dropped: set[int]) -> Cell:
    line = Line()
    gathered(node, dropped, line)
    return line.take()


def _add_caption(text: ArticleText, title: str, table: LexborNode, dropped: set[int]) -> None:
    for child in table.iter():
        if child.tag == "caption":
            words, links = _cell(child, dropped)
            if words.casefold() != title.casefold():
                text.add(BlockKind.TEXT, words, links=links)


def _add_infobox(text: ArticleText, title: str, table: LexborNode, dropped: set[int]) -> None:
    """Rows of a key and a value; a heading over some of them is part of their key."""
    _add_caption(text, title, table, dropped)
    section = ""
    for row, _ in _rows(table):
        nodes = _cells(row, dropped)
        cells = [_cell(node, dropped) for node in nodes]
        if not cells:
            continue
        key = cells[0][0].lstrip(_BULLETS)
        if len(cells) == 1:
            if nodes[0].tag == "th":
                section = "" if key.casefold() == title.casefold() else key
            elif " " in cells[0][0]:
                text.add(BlockKind.TEXT, cells[0][0], links=cells[0][1])
            continue
        for cell in cells[1:]:
            add_fact(text, title, (section, key), cell)


def _span(node: LexborNode, name: str, most: int) -> int:
    written = node.attributes.get(name) or ""
    return max(1, min(int(written), most)) if written.isascii() and written[:4].isdigit() else 1


def _add_data(text: ArticleText, title: str, table: LexborNode, dropped: set[int]) -> None:
    _add_caption(text, title, table, dropped)
    header: list[str] = []
    rows: list[list[Cell]] = []
    hanging: dict[int, tuple[int, Cell]] = {}
    for row, is_in_head in _rows(table):
        nodes = _cells(row, dropped)
        is_header = not rows and (is_in_head or all(node.tag == "th" for node in nodes))
        cells = _placed(nodes, dropped, hanging, repeats=is_header)
        if is_header and len(nodes) > 1:
            name_columns(header, cells)
        else:
            rows.append(cells)
    add_table(text, title, header, rows)


def _placed(
    nodes: list[LexborNode],
    dropped: set[int],
    hanging: dict[int, tuple[int, Cell]],
    *,
    repeats: bool,
) -> list[Cell]:
    """The cells of a row in their columns; those ``hanging`` reach down from rows above."""
    cells: list[Cell] = []

    def fill() -> None:
        while len(cells) in hanging and len(cells) < COLUMNS_MAX:
            column = len(cells)
            left, above = hanging[column]
            cells.append(above)
            if left > 1:
                hanging[column] = (left - 1, above)
            else:
                del hanging[column]

    for node in nodes:
        fill()
        cell = _cell(node, dropped)
        copy = cell if len(cell[0]) <= _SPANNING_CHARACTERS_MAX else EMPTY
        down = _span(node, "rowspan", ROWS_MAX)
        for number in range(_span(node, "colspan", COLUMNS_MAX)):
            if len(cells) >= COLUMNS_MAX:
                break
            if down > 1:
                hanging[len(cells)] = (down - 1, copy if number == 0 or repeats else EMPTY)
            cells.append(cell if number == 0 else copy if repeats else EMPTY)
    fill()
    return cells
