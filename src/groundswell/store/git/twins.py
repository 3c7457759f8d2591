"""Names in one folder that some systems take for the same: ``README`` and ``readme``.

Where the letter's case or the way an accent is written does not count, a checkout of two such
files leaves one of them, and shows the other as changed. Knows git trees. Does not judge.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

import pygit2

from groundswell.core.values import fold_segment
from groundswell.store.git.trees import name_of

_SEARCHED_MIN: Final = 2_000
_SEARCHES_MAX: Final = 16


def twin_fault(other: str) -> str:
    """Why the twin of ``other`` is refused."""
    return f"macOS and Windows cannot tell it from {other[:200]!r} in the same folder"


def twins_among(names: Iterable[str], new: Collection[str]) -> tuple[str, str] | None:
    """One of the ``new`` names and another of ``names`` that looks the same to some systems."""
    wanted = {fold_segment(name): name for name in new}
    for name in names:
        found = wanted.get(fold_segment(name))
        if found is not None and found != name:
            return found, name
    return None


def twins_in(
    tree: pygit2.Tree | None, new: Collection[str], gone: Collection[str]
) -> tuple[str, str] | None:
    """A twin of one of the ``new`` names, among them or in the tree without those ``gone``."""
    twins = twins_among(new, new)
    if twins is not None or tree is None or not new:
        return twins
    if len(tree) >= _SEARCHED_MIN and not _may_hold(tree, new):
        return None
    return twins_among((name for name in map(name_of, tree) if name not in gone), new)


def _may_hold(tree: pygit2.Tree, new: Collection[str]) -> bool:
    """Whether a look at each name is needed: much slower than a search in the tree's bytes, which
    tells of ASCII names in any case and now and then errs on the safe side.
    """
    if len(new) > _SEARCHES_MAX or not all(name.isascii() for name in new):
        return True
    octets = tree.read_raw().lower()
    return any(b" %s\0" % name.lower().encode("ascii") in octets for name in new)
