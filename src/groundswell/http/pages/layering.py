"""The picture of relations: columns from what was first to what came of it, and lines between them.

Pure, and the same for the same relations: places of nodes in, pixels out. Does not know what a
relation says; a template writes the SVG.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from groundswell.http.pages.views import DrawnRelation, DrawnRelative, LineageDrawing
from groundswell.hub.relations import Ancestry

CHARACTERS_MAX: Final = 34
HEIGHT_CENTRED_MAX: Final = 480
_LETTER: Final = 8
_BOX_PAD: Final = 24
_BOX: Final = 34
_PORT: Final = 20
_GAP: Final = 14
_EDGE: Final = 12
_BEND: Final = 70
_WORD: Final = 84  # room for a line's word, before the box that it leads to
_SWEEPS: Final = 4


@dataclass(eq=False, slots=True)
class _Spot:
    """A box in a column, or where a line passes through one."""

    layer: int
    order: float
    is_box: bool = True
    ends: int = 0  # lines that end here
    top: int = 0
    ties: list[_Spot] = field(default_factory=list)

    @property
    def height(self) -> int:
        return max(_BOX, _PORT * self.ends + _GAP) if self.is_box else _PORT

    @property
    def middle(self) -> int:
        return self.top + self.height // 2


@dataclass(frozen=True, slots=True)
class _Way:
    """The spots of a line from the left; which of those that end at its box; whether it runs left
    because relations go in a circle.
    """

    spots: tuple[_Spot, ...]
    port: int
    is_turned: bool


@dataclass(frozen=True, slots=True)
class _Column:
    left: int
    width: int

    @property
    def right(self) -> int:
        return self.left + self.width


def layers_of(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """How many steps each of ``count`` nodes lies from what was first, at most. An edge that would
    close a circle does not count.
    """
    above: list[list[int]] = [[] for _ in range(count)]
    for earlier, later in edges:
        above[later].append(earlier)
    layers = [-1] * count
    is_open = [False] * count
    for start in range(count):
        waiting = [start]
        while waiting:
            here = waiting[-1]
            if layers[here] >= 0:
                waiting.pop()
                continue
            is_open[here] = True
            above[here] = [each for each in above[here] if layers[each] >= 0 or not is_open[each]]
            missing = [each for each in above[here] if layers[each] < 0]
            if missing:
                waiting.append(missing[0])
            else:
                layers[here] = max((layers[each] + 1 for each in above[here]), default=0)
    return _pulled(layers, above)


def _pulled(layers: list[int], above: Sequence[Sequence[int]]) -> list[int]:
    """What nothing came before stands next to what came of it, however far that is."""
    nearest: dict[int, int] = {}
    for later, some in enumerate(above):
        for earlier in some:
            nearest[earlier] = min(nearest.get(earlier, layers[later]), layers[later])
    return [
        nearest[place] - 1 if not above[place] and place in nearest else layer
        for place, layer in enumerate(layers)
    ]


def drawing_of(ancestry: Ancestry) -> LineageDrawing | None:
    """The relations as a picture; None when there are none."""
    if not ancestry.relations:
        return None
    names = [_short(each.name) for each in ancestry.relatives]
    edges = [(each.earlier, each.later) for each in ancestry.relations]
    boxes = [_Spot(layer, place) for place, layer in enumerate(layers_of(len(names), edges))]
    ways = [_way(boxes[earlier], boxes[later]) for earlier, later in edges]
    layers: list[list[_Spot]] = [[] for _ in range(1 + max(box.layer for box in boxes))]
    for spot in dict.fromkeys([*boxes, *(spot for way in ways for spot in way.spots)]):
        layers[spot.layer].append(spot)
    _order(layers)
    height = _stack(layers)
    columns = _columns(boxes, names, len(layers))
    return LineageDrawing(
        width=columns[-1].right + _EDGE,
        height=height,
        boxes=tuple(
            DrawnRelative(
                text=name,
                x=columns[box.layer].left,
                y=box.top,
                width=columns[box.layer].width,
                height=box.height,
                layer=box.layer,
            )
            for name, box in zip(names, boxes, strict=True)
        ),
        lines=tuple(_line(way, columns) for way in ways),
    )


def _way(earlier: _Spot, later: _Spot) -> _Way:
    is_turned = later.layer < earlier.layer
    first, last = (later, earlier) if is_turned else (earlier, later)
    between = range(first.layer + 1, last.layer)
    spots = (first, *(_Spot(layer, last.order, is_box=False) for layer in between), last)
    for left, right in itertools.pairwise(spots):
        left.ties.append(right)
        right.ties.append(left)
    last.ends += 1
    return _Way(spots, last.ends - 1, is_turned)


def _order(layers: Sequence[list[_Spot]]) -> None:
    """Put each spot near the middle of those that it is tied to, from the left and back again."""
    for sweep in range(_SWEEPS):
        step = 1 if sweep % 2 == 0 else -1
        for column in layers[::step]:
            for spot in column:
                before = [each.order for each in spot.ties if each.layer == spot.layer - step]
                spot.order = sum(before) / len(before) if before else spot.order
            column.sort(key=lambda each: each.order)
            for rank, spot in enumerate(column):
                spot.order = (rank + 0.5) / len(column)


def _stack(layers: Sequence[Sequence[_Spot]]) -> int:
    """Give every spot its height in the picture; the picture's height."""
    heights = [sum(spot.height + _GAP for spot in column) for column in layers]
    tallest = max(heights)
    for column, height in zip(layers, heights, strict=True):
        # In a tall picture the middle would be far below what is seen of it first.
        top = _EDGE + ((tallest - height) // 2 if tallest <= HEIGHT_CENTRED_MAX else 0)
        for spot in column:
            spot.top = top
            top += spot.height + _GAP
    return tallest + 2 * _EDGE - _GAP


def _columns(boxes: Sequence[_Spot], names: Sequence[str], count: int) -> list[_Column]:
    widths = [0] * count
    for box, name in zip(boxes, names, strict=True):
        widths[box.layer] = max(widths[box.layer], _LETTER * len(name) + _BOX_PAD)
    columns: list[_Column] = []
    for width in widths:
        left = columns[-1].right + _BEND + _WORD if columns else _EDGE
        columns.append(_Column(left, width))
    return columns


def _line(way: _Way, columns: Sequence[_Column]) -> DrawnRelation:
    first, *passed, last = way.spots
    x, y = columns[first.layer].right, first.middle
    path = f"M{x} {y}"
    for spot in (*passed, last):
        column = columns[spot.layer]
        bend_x, bend_y = column.left - _WORD, spot.middle
        if spot is last:
            bend_y = last.top + (last.height - _PORT * (last.ends - 1)) // 2 + _PORT * way.port
        half = (x + bend_x) // 2
        path += f"C{half} {y} {half} {bend_y} {bend_x} {bend_y}"
        x, y = (column.left if spot is last else column.right), bend_y
        path += f"H{x}"
    if way.is_turned:
        at_x, at_y = columns[first.layer].right, first.middle
        head = f"M{at_x + 8} {at_y - 5}L{at_x} {at_y}L{at_x + 8} {at_y + 5}"
    else:
        head = f"M{x - 8} {y - 5}L{x} {y}L{x - 8} {y + 5}"
    return DrawnRelation(path, head, columns[last.layer].left - _WORD + 6, y - 5)


def _short(name: str) -> str:
    return name if len(name) <= CHARACTERS_MAX else f"{name[: CHARACTERS_MAX - 1]}…"
