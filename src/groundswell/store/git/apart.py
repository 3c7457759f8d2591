"""Two histories side by side, also where they lie in two repositories.

Knows how far two commits are apart: by a short walk, or by git, which takes longer to begin and
less for each commit. What lies in two folders is looked at through a handle that lives for one
answer: nothing of it is written, and nobody fetches by it. Does not know who may look.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import pygit2

from groundswell.core.errors import Unavailable
from groundswell.core.recent import Recent
from groundswell.store.git.handles import Folders
from groundswell.store.git.history import read_commit
from groundswell.store.git.process import run, translated

# Commits looked at before git is asked, and how long git may take.
VISITS_MAX: Final = 2_000
GIT_SECONDS_MAX: Final = 2.0
_OURS: Final = 1
_THEIRS: Final = 2
_BOTH: Final = 3


@dataclass(frozen=True, slots=True)
class Apart:
    """How many commits only one side has. None: too far apart to be counted.

    ``is_related`` says that a commit of both was met.
    """

    ahead: int | None
    behind: int | None
    is_related: bool


_known: Recent[tuple[str, str], Apart] = Recent(20_000)


@contextmanager
def side_by_side(folders: Folders, ours: int, theirs: int) -> Iterator[pygit2.Repository]:
    """A handle on one repository that finds the objects of the other, too."""
    handle = folders.open_new(ours)
    try:
        if ours != theirs:
            with translated():
                handle.odb.add_disk_alternate(str(folders.path(theirs) / "objects"))
        yield handle
    finally:
        handle.free()


def distance(folders: Folders, ours: tuple[int, str], theirs: tuple[int, str]) -> Apart:
    """How far a commit of one repository is from one of another."""
    key = (ours[1], theirs[1])
    # Ids say what is behind them, wherever they lie.
    known = _known.get(key)
    if known is not None:
        return known
    with side_by_side(folders, ours[0], theirs[0]) as handle, translated():
        found = count_apart(handle, ours[1], theirs[1])
        if found.ahead is None:
            base = handle.merge_base(pygit2.Oid(hex=ours[1]), pygit2.Oid(hex=theirs[1]))
            found = _counted_by_git(folders, ours, theirs, is_related=bool(base)) or found
    return _known.put(key, found)


def _counted_by_git(
    folders: Folders, ours: tuple[int, str], theirs: tuple[int, str], *, is_related: bool
) -> Apart | None:
    """The same by the git program; None when that takes too long."""
    arguments = ["rev-list", "--count", "--left-right", f"{ours[1]}...{theirs[1]}"]
    elsewhere = str(folders.path(theirs[0]) / "objects")
    try:
        out = run(
            folders.path(ours[0]),
            arguments,
            timeout_seconds=GIT_SECONDS_MAX,
            GIT_ALTERNATE_OBJECT_DIRECTORIES=elsewhere,
        )
    except Unavailable:
        return None
    ahead, behind = out.split()
    return Apart(int(ahead), int(behind), is_related)


def count_apart(
    handle: pygit2.Repository, ours: str, theirs: str, visits_max: int = VISITS_MAX
) -> Apart:
    """The same, of two commits that one handle finds."""
    walk = _Walk(handle)
    walk.reach(pygit2.Oid(hex=ours), _OURS)
    walk.reach(pygit2.Oid(hex=theirs), _THEIRS)
    if not walk.run(visits_max):
        return Apart(None, None, is_related=_BOTH in walk.sides.values())
    walk.settle()
    sides = list(walk.sides.values())
    return Apart(sides.count(_OURS), sides.count(_THEIRS), is_related=_BOTH in sides)


class _Walk:
    """Backwards from both, newest first, until only what both have is left to look at."""

    def __init__(self, handle: pygit2.Repository) -> None:
        self._handle = handle
        self.sides: dict[pygit2.Oid, int] = {}
        self._waiting: set[pygit2.Oid] = set()
        self._queue: list[tuple[int, int, pygit2.Oid]] = []
        self._order = 0
        self._one_sided = 0  # of those that wait

    def reach(self, commit: pygit2.Oid, side: int) -> None:
        """One side has this commit."""
        before = self.sides.get(commit, 0)
        now = before | side
        if now == before:
            return
        self.sides[commit] = now
        if commit in self._waiting:
            self._one_sided -= now == _BOTH
            return
        self._waiting.add(commit)
        self._one_sided += now != _BOTH
        self._order += 1
        age = -read_commit(self._handle, str(commit)).commit_time
        heapq.heappush(self._queue, (age, self._order, commit))

    def run(self, visits_max: int) -> bool:
        """Look at commits; whether that came to an end."""
        for _ in range(visits_max):
            if not self._one_sided:
                return True
            commit = heapq.heappop(self._queue)[2]
            self._waiting.discard(commit)
            side = self.sides[commit]
            self._one_sided -= side != _BOTH
            for parent in self._parents(commit):
                self.reach(parent, side)
        return not self._one_sided

    def settle(self) -> None:
        """What both have reaches back into what was seen from one side: clocks differ, and commits
        of one second come in any order.
        """
        waiting = list(self._waiting)
        while waiting:
            for parent in self._parents(waiting.pop()):
                if self.sides.get(parent, _BOTH) != _BOTH:
                    self.sides[parent] = _BOTH
                    waiting.append(parent)

    def _parents(self, commit: pygit2.Oid) -> list[pygit2.Oid]:
        return read_commit(self._handle, str(commit)).parent_ids
