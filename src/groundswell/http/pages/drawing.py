"""The picture of a network of forks: a tree, and beside each fork how far it is from its parent.

Pure: numbers of nodes in, places in pixels out. A template writes the SVG.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from groundswell.http.pages.views import Drawing, DrawnNode
from groundswell.hub.forks import Node

NODES_DRAWN_MAX: Final = 60
CHARACTERS_MAX: Final = 44
_LINE: Final = 34
_STEP: Final = 26
_EDGE: Final = 14
_LETTER: Final = 8
_BAR_MAX: Final = 60
_BAR_ROOM: Final = 120
_DEPTH_MAX: Final = 12


def drawing_of(nodes: Sequence[Node], here: int) -> Drawing | None:
    """The first nodes as a picture; None of one alone. ``here`` is the repository looked from."""
    drawn = nodes[:NODES_DRAWN_MAX]
    if len(drawn) < 2:
        return None
    places = [_place(number, node) for number, node in enumerate(drawn)]
    texts = [_short(node.repository.full_name) for node in drawn]
    ends = [x + 16 + _LETTER * len(text) for (x, _), text in zip(places, texts, strict=True)]
    middle = max(ends) + _BAR_ROOM
    return Drawing(
        width=middle + _BAR_ROOM,
        height=_LINE * len(drawn) + _EDGE,
        middle=middle,
        nodes=tuple(
            DrawnNode(
                text=texts[number],
                x=places[number][0],
                y=places[number][1],
                line="" if node.parent is None else _line(places[node.parent], places[number]),
                is_here=node.repository.id == here,
                ahead=node.ahead,
                behind=node.behind,
                ahead_length=_length(node.ahead),
                behind_length=_length(node.behind),
            )
            for number, node in enumerate(drawn)
        ),
    )


def _place(number: int, node: Node) -> tuple[int, int]:
    return _EDGE + _STEP * min(node.depth, _DEPTH_MAX), _EDGE + _LINE * number + 8


def _line(parent: tuple[int, int], child: tuple[int, int]) -> str:
    """From below one dot to the side of another."""
    return f"M{parent[0]} {parent[1]}V{child[1]}H{child[0]}"


def _short(name: str) -> str:
    return name if len(name) <= CHARACTERS_MAX else f"{name[: CHARACTERS_MAX - 1]}…"


def _length(count: int | None) -> int:
    """Twice as many commits are a step more: a few must be seen beside many."""
    return min(_BAR_MAX, round(8 * math.log2(count + 1))) if count else 0
