"""The picture of relations: layers follow what came of what, and nothing overlaps."""

from __future__ import annotations

import itertools
import random
import time

import pytest

from groundswell.core.values import RepoKind
from groundswell.http.pages.layering import drawing_of, layers_of
from groundswell.hub.relations import (
    RELATIVES_MAX,
    Ancestry,
    Bond,
    Relation,
    Relative,
)
from groundswell.hub.relations.values import RELATIONS_MAX


def ancestry(count: int, edges: list[tuple[int, int]]) -> Ancestry:
    relatives = tuple(Relative(f"ada/model-{n}", RepoKind.MODEL, None) for n in range(count))
    return Ancestry(relatives, tuple(Relation(*edge, Bond.MERGE) for edge in edges), is_whole=True)


@pytest.mark.parametrize(
    ("count", "edges", "layers"),
    [
        (1, [], [0]),
        (3, [(0, 1), (1, 2), (0, 2)], [0, 1, 2]),
        (4, [(0, 1), (1, 2), (3, 2)], [0, 1, 2, 1]),  # another base stands next to its merge
        (2, [(0, 1), (1, 0)], [1, 0]),
        (2, [(0, 0), (0, 1)], [0, 1]),
    ],
)
def test_layers(count: int, edges: list[tuple[int, int]], layers: list[int]) -> None:
    assert layers_of(count, edges) == layers


def test_a_long_line_of_descent_takes_no_recursion() -> None:
    assert layers_of(5000, [(n, n + 1) for n in range(4999)]) == list(range(5000))


@pytest.mark.parametrize("seed", range(6))
def test_boxes_never_overlap_and_the_same_is_drawn_again(seed: int) -> None:
    chance = random.Random(seed)
    edges = list(
        dict.fromkeys(
            (chance.randrange(RELATIVES_MAX), chance.randrange(RELATIVES_MAX))
            for _ in range(RELATIONS_MAX)
        )
    )
    found = ancestry(RELATIVES_MAX, [edge for edge in edges if edge[0] != edge[1]])
    began = time.process_time()
    drawing = drawing_of(found)
    assert time.process_time() - began < 0.5
    assert drawing is not None
    assert drawing == drawing_of(found)
    boxes = sorted(drawing.boxes, key=lambda box: (box.x, box.y))
    for above, below in itertools.pairwise(boxes):
        assert above.x < below.x or above.y + above.height < below.y
    assert max(box.x + box.width for box in boxes) < drawing.width
    assert max(box.y + box.height for box in boxes) < drawing.height
    words = [(line.word_x, line.word_y) for line in drawing.lines]
    assert len(set(words)) == len(words)  # no word lies on another


def test_nothing_to_draw() -> None:
    assert drawing_of(ancestry(1, [])) is None
