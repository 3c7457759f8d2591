"""Facts: rows of tables and definitions, as sentences that stand alone.

Knows how they are put into words and how many one article may have. Does not know where a table
came from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from groundswell.wire.documents.normal import TEXT_CHARACTERS_MAX, plain
from groundswell.wire.documents.values import ArticleText, BlockKind

ROWS_MAX: Final = 5_000
COLUMNS_MAX: Final = 64
_KEY_CHARACTERS_MAX: Final = 160
_DATE: Final = re.compile(r"(?:1\d|20|21)\d\d(?:[-./]\d{1,2}){0,2}|\d{1,2}[./]\d{1,2}[./]\d{4}")
_ENDS: Final = (".", "!", "?", "\u3002", "\u2026")

Links = tuple[tuple[int, int, str], ...]
Cell = tuple[str, Links]
EMPTY: Final[Cell] = ("", ())


def short(text: str) -> str:
    """A key as it stands in a fact: not longer than people's keys are."""
    return (
        text if len(text) <= _KEY_CHARACTERS_MAX else text[: _KEY_CHARACTERS_MAX - 1].rstrip() + "…"
    )


def add_fact(text: ArticleText, title: str, keys: Iterable[str], value: Cell) -> None:
    """One sentence: "Title - key: value." Keys that are empty or repeat another are left out."""
    words, links = value
    if not words:
        return
    parts: list[str] = [short(title)] if title else []
    for written in keys:
        key = short(written.rstrip(" :"))
        if key and key not in parts:
            parts.append(key)
    if len(parts) > bool(title):
        start = " \u2014 ".join(parts) + ": "
    else:
        start = f"{parts[0]}: " if parts else ""
    start = plain(start) + " " if start else ""
    end = "" if words.endswith(_ENDS) else "."
    shift = len(start)
    moved = tuple((a + shift, b + shift, target) for a, b, target in links)
    text.add(BlockKind.FACT, f"{start}{words}{end}", links=moved)


def name_columns(header: list[str], cells: Sequence[Cell]) -> None:
    """A row of names; under another one it says more of the same columns."""
    for column, (words, _) in enumerate(cells):
        if column >= len(header):
            header.append(short(words))
        elif words and words != header[column]:
            header[column] = short(f"{header[column]} {short(words)}".strip())


def add_table(
    text: ArticleText, title: str, header: Sequence[str], rows: Sequence[Sequence[Cell]]
) -> None:
    """Each cell of a table as a sentence that names title, row and column.

    A row of one cell says something about those below it, and is text. A table of two columns
    without a header is keys and values.
    """
    width = max((len(row) for row in rows), default=0)
    named_by = 0 if not header else _naming_column(rows, width)
    for row in rows:
        if text.length > TEXT_CHARACTERS_MAX:
            return  # whoever reads the document refuses it
        if not any(words for words, _ in row):
            continue
        name, links = row[named_by] if named_by < len(row) else EMPTY
        if name and not any(words for words, _ in (*row[:named_by], *row[named_by + 1 :])):
            text.add(BlockKind.TEXT, name, links=links)
            continue
        for column, cell in enumerate(row):
            if column == named_by:
                continue
            key = header[column] if column < len(header) else ""
            add_fact(text, title, (name, key), cell)


def _naming_column(rows: Sequence[Sequence[Cell]], width: int) -> int:
    """The first column that mostly holds words, or dates that differ: ranks do not name what a row
    is about, and years only where each has a row of its own.
    """
    for column in range(min(width, 4)):
        cells = [row[column][0] for row in rows if column < len(row)]
        lettered = sum(any(sign.isalpha() for sign in words[:40]) for words in cells)
        if lettered * 2 > len(cells) or _are_dates(cells):
            return column
    return 0


def _are_dates(cells: Sequence[str]) -> bool:
    """Whether these are years or dates without a word, none of them twice."""
    return len(set(cells)) == len(cells) > 1 and all(map(_DATE.fullmatch, cells))
