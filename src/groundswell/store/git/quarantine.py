"""Reading what a push brings: the entries of new commits that their parents have not.

Knows trees and blobs, wherever the handle finds them. Does not judge.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pygit2
from pygit2.enums import ObjectType

from groundswell.core.errors import InvalidCommit, TooLarge
from groundswell.core.values import Pointer
from groundswell.store.git.history import new_commits
from groundswell.store.git.process import translated
from groundswell.store.git.trees import blob_size_and_pointer, name_of
from groundswell.store.git.twins import twins_among
from groundswell.store.git.values import MODE_GITLINK, MODE_SYMLINK, MODE_TREE

COMMITS_MAX: Final = 200_000
_LINK_BYTES_MAX: Final = 4_096
_WALKED_MAX: Final = 100_000
_SYMLINK: Final = "symlink"


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry that a commit adds or changes. ``kind``: file, folder, symlink, submodule.

    ``count`` is how many entries it stands for: more than one where a folder that was walked before
    stands at another place. Then its deepest and its longest path and the link that climbs highest
    come instead of all that it holds. ``twin``: the name in its folder that looks like its own to
    some systems.
    """

    path: str
    oid: str
    kind: str
    size_bytes: int = 0
    pointer: Pointer | None = None
    link_target: str = ""
    count: int = 1
    twin: str = ""


@dataclass(slots=True)
class _Walked:
    """What is new in a folder: how much, and what decides whether it may stand elsewhere.

    ``start`` is where the paths within the folder begin in those of its entries.
    """

    start: int
    count: int = 0
    deepest: NewEntry | None = None
    longest: NewEntry | None = None
    climber: NewEntry | None = None

    def add(self, entry: NewEntry) -> None:
        """One more entry, or one that stands for others."""
        self.count += entry.count
        if self.deepest is None or _depth(entry) > _depth(self.deepest):
            self.deepest = entry
        if self.longest is None or _length(entry) > _length(self.longest):
            self.longest = entry
        if entry.kind == _SYMLINK and (
            self.climber is None or _climb(entry) > _climb(self.climber)
        ):
            self.climber = entry

    def elsewhere(self, prefix: str) -> Iterator[NewEntry]:
        """What stands for all of it when the folder stands at ``prefix``."""
        left = self.count
        for entry in (self.deepest, self.longest, self.climber):
            if entry is not None:
                yield replace(entry, path=prefix + entry.path[self.start :], count=left)
                left = 0


def _depth(entry: NewEntry) -> int:
    return entry.path.count("/")


def _length(entry: NewEntry) -> int:
    return len(entry.path.encode("utf-8", "surrogatepass"))


def _climb(entry: NewEntry) -> int:
    """How high a link leads on its way: the lower the number of folders left, the higher."""
    level = lowest = _depth(entry)
    for segment in entry.link_target.split("/"):
        level += {"..": -1, ".": 0, "": 0}.get(segment, 1)
        lowest = min(lowest, level)
    return -lowest


_Known = dict[tuple[str | None, str], _Walked]


def commit_of(handle: pygit2.Repository, oid: str, *, tag_allowed: bool) -> str:
    """The commit that a pushed object is, or as a tag names.

    Raises:
        InvalidCommit: neither.
    """
    try:
        found = handle.get(oid)
        if found is not None and (tag_allowed or found.type == ObjectType.COMMIT):
            return str(found.peel(pygit2.Commit).id)
    except (pygit2.GitError, ValueError) as error:
        msg = f"{oid} names no commit."
        raise InvalidCommit(msg) from error
    msg = f"{oid} is no commit."
    raise InvalidCommit(msg)


def new_entries(
    handle: pygit2.Repository, commit: str, known: Sequence[str]
) -> Iterator[Iterator[NewEntry]]:
    """For each commit behind ``commit`` that ``known`` do not reach: what is new in its tree."""
    count = 0
    walked: _Known = {}
    with translated():
        for each in new_commits(handle, commit, list(known)):
            count += 1
            if count > COMMITS_MAX:
                msg = f"A push may hold at most {COMMITS_MAX} commits. Push the history in parts."
                raise TooLarge(msg)
            before = each.parents[0].tree if each.parent_ids else None
            yield _differences(handle, before, each.tree, "", walked)
            if len(walked) > _WALKED_MAX:
                walked.clear()


def _differences(
    handle: pygit2.Repository,
    old: pygit2.Tree | None,
    new: pygit2.Tree,
    prefix: str,
    walked: _Known,
) -> Generator[NewEntry, None, _Walked]:
    """What is new. No folder is walked twice against the same one: a few trees that hold each
    other can name more paths than there are atoms.
    """
    key = (None if old is None else str(old.id), str(new.id))
    if key in walked:
        yield from walked[key].elsewhere(prefix)
        return walked[key]
    found = _Walked(len(prefix))
    before = {name_of(entry): entry for entry in old} if old is not None else {}
    added = [name for name in map(name_of, new) if name not in before]
    twins = twins_among(map(name_of, new), added) if added else None
    for entry in new:
        name = name_of(entry)
        was = before.get(name)
        if was is not None and was.id == entry.id and was.filemode == entry.filemode:
            continue
        told = _new_entry(handle, prefix + name, entry)
        if twins is not None and twins[0] == name:
            told = replace(told, twin=twins[1])
        found.add(told)
        yield told
        if isinstance(entry, pygit2.Tree):
            former = was if isinstance(was, pygit2.Tree) else None
            folder = f"{prefix}{name}/"
            below = yield from _differences(handle, former, entry, folder, walked)
            for each in below.elsewhere(folder):
                found.add(each)
    walked[key] = found
    return found


def _new_entry(handle: pygit2.Repository, path: str, entry: pygit2.Object) -> NewEntry:
    oid = str(entry.id)
    if entry.filemode == MODE_TREE:
        return NewEntry(path, oid, "folder")
    if entry.filemode == MODE_GITLINK:
        return NewEntry(path, oid, "submodule")
    size_bytes, pointer = blob_size_and_pointer(handle, entry.id)
    if entry.filemode == MODE_SYMLINK:
        data = handle.odb.read(entry.id)[1] if size_bytes <= _LINK_BYTES_MAX else b""
        return NewEntry(
            path, oid, _SYMLINK, size_bytes, link_target=data.decode("utf-8", "replace")
        )
    return NewEntry(path, oid, "file", size_bytes, pointer)
