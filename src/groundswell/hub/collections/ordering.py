"""Moving one thing of a list to another place, for somebody who may not see all of the list."""

from __future__ import annotations

from collections.abc import Sequence


def moved(everything: Sequence[int], seen: Sequence[int], one: int, place: int) -> list[int]:
    """The list with ``one`` at ``place`` among what is seen; a place behind its end is the end.

    ``seen`` are those of ``everything`` that are seen, in the same order, ``one`` among them. What
    is not seen stays before what it stood before.
    """
    rest = [each for each in everything if each != one]
    others = [each for each in seen if each != one]
    if place >= len(others):
        return [*rest, one]
    before = rest.index(others[place])
    return [*rest[:before], one, *rest[before:]]
