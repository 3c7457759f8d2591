"""The picture of what is around an entity: columns, what names it to the left of it, what it names
to the right.

Pure: entities and edges in, places in pixels out; the same in, the same out. A template writes
the SVG.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from groundswell.http.pages.views import DrawnBox, DrawnEdge, EdgeRow, EntityLink, GraphPicture

BOX_WIDTH: Final = 190
BOX_HEIGHT: Final = 26
_GAP: Final = 90
_LINE: Final = 36
_EDGE: Final = 12
CHARACTERS_MAX: Final = 22

# An entity's number, and how many hops it is away.
Away = tuple[EntityLink, int]


def picture_of(
    entities: Sequence[Away], rows: Sequence[EdgeRow], packs: Sequence[str]
) -> GraphPicture | None:
    """The entities, the first in the middle; None of one alone."""
    if len(entities) < 2:
        return None
    columns = _columns(entities, rows)
    by_column: dict[int, list[EntityLink]] = {}
    for entity, _ in entities:
        by_column.setdefault(columns[entity.article_url], []).append(entity)
    first, last = min(by_column), max(by_column)
    is_mixed = len({entity.pack for entity, _ in entities}) > 1
    tallest = max(map(len, by_column.values()))
    places: dict[str, tuple[int, int]] = {}
    boxes = []
    for column in range(first, last + 1):
        listed = by_column.get(column, [])
        for place, entity in enumerate(listed):  # from the top: there somebody looks first
            x, y = _EDGE + (column - first) * (BOX_WIDTH + _GAP), _EDGE + place * _LINE
            places[entity.article_url] = x, y
            pack = packs.index(entity.pack) + 1
            name = _short(f"{pack}: {entity.title}" if is_mixed else entity.title)
            boxes.append(DrawnBox(name, entity.url, x, y, pack, column == 0))
    lines = tuple(
        DrawnEdge(
            _line(places[row.source.article_url], places[row.target.article_url]),
            row.kind.replace(" ", "-"),
            row.number,
        )
        for row in rows
    )
    width = (last - first + 1) * BOX_WIDTH + (last - first) * _GAP + 2 * _EDGE
    height = tallest * _LINE + 2 * _EDGE
    return GraphPicture(width, height, BOX_WIDTH, BOX_HEIGHT, tuple(boxes), lines)


def _columns(entities: Sequence[Away], rows: Sequence[EdgeRow]) -> dict[str, int]:
    """Each entity's column: 0 of the centre, to the right of what names it, or to its left."""
    hops = {entity.article_url: hop for entity, hop in entities}
    columns = {entities[0][0].article_url: 0}
    for hop in range(1, max(hops.values()) + 1):
        for row in rows:
            one, other = row.source.article_url, row.target.article_url
            for near, far, side in ((one, other, 1), (other, one, -1)):
                if far not in columns and hops[far] == hop and abs(columns.get(near, 9)) == hop - 1:
                    inner = columns[near]
                    columns[far] = hop * (side if inner == 0 else (1 if inner > 0 else -1))
    for entity, hop in entities:  # whose nearer edge is not shown
        columns.setdefault(entity.article_url, hop)
    return columns


def _line(source: tuple[int, int], target: tuple[int, int]) -> str:
    """From the side of one box to the side of another, bent; beside the boxes within a column."""
    half = BOX_HEIGHT // 2
    (x1, y1), (x2, y2) = source, target
    if x1 == x2:
        x = x1 + BOX_WIDTH
        out = x + _GAP // 3
        return f"M{x} {y1 + half}C{out} {y1 + half} {out} {y2 + half} {x} {y2 + half}"
    if x1 < x2:
        a, b = x1 + BOX_WIDTH, x2
    else:
        a, b = x1, x2 + BOX_WIDTH
    middle = (a + b) // 2
    return f"M{a} {y1 + half}C{middle} {y1 + half} {middle} {y2 + half} {b} {y2 + half}"


def _short(name: str) -> str:
    return name if len(name) <= CHARACTERS_MAX else f"{name[: CHARACTERS_MAX - 1]}…"
