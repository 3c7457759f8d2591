"""Reading history: commits, their order, one path's history, who last touched each entry.

Knows how to stay quick in long histories: answers are kept by commit id, which never changes its
meaning, walks are bounded in time, and one path's history is left to git with its commit-graph.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final, cast

import pygit2
from pygit2.enums import ObjectType, SortMode

from groundswell.core.errors import Corrupt
from groundswell.core.recent import Recent
from groundswell.store.git.process import fault_of, run
from groundswell.store.git.trees import lookup, name_of
from groundswell.store.git.values import Author, CommitSummary

_LAST_COMMITS_SECONDS_MAX: Final = 3.0


def read_commit(handle: pygit2.Repository, commit_id: str) -> pygit2.Commit:
    """The commit object.

    Raises:
        Corrupt: missing or broken, although something names it.
        Unavailable: it cannot be read now.
    """
    try:
        found = handle.get(commit_id)
    except (ValueError, pygit2.GitError) as error:
        raise Corrupt from error
    except OSError as error:
        raise fault_of(str(error)) from error
    if found is None or found.type != ObjectType.COMMIT:
        raise Corrupt
    return cast("pygit2.Commit", found)


def summary_of(commit: pygit2.Commit) -> CommitSummary:
    """A commit as a value."""
    message = commit.raw_message.decode("utf-8", "replace")
    return CommitSummary(
        id=str(commit.id),
        tree=str(commit.tree_id),
        parents=tuple(str(each) for each in commit.parent_ids),
        author=Author(
            commit.author.raw_name.decode("utf-8", "replace"),
            commit.author.raw_email.decode("utf-8", "replace"),
        ),
        time=commit.commit_time * 1_000_000,
        message=message,
    )


def _newest_first(handle: pygit2.Repository, commit_id: str) -> Iterator[pygit2.Commit]:
    """As libgit2's walk by time, but a parent never comes before the child that led to it: there,
    commits of one second come in any order.
    """
    first = handle[commit_id].peel(pygit2.Commit)
    ahead = [(-first.commit_time, 0, first)]
    seen = {first.id}
    while ahead:
        _, _, commit = heapq.heappop(ahead)
        yield commit
        for parent in commit.parents:
            if parent.id not in seen:
                seen.add(parent.id)
                heapq.heappush(ahead, (-parent.commit_time, len(seen), parent))


def log(handle: pygit2.Repository, commit_id: str, skip: int, limit: int) -> list[CommitSummary]:
    """Commits from ``commit_id`` backwards, newest first, children before parents."""
    walker = _newest_first(handle, commit_id)
    try:
        return [summary_of(commit) for commit in islice(walker, skip, skip + limit)]
    except pygit2.GitError as error:
        raise Corrupt from error


_counts: Recent[str, int] = Recent(20_000)


def count(handle: pygit2.Repository, path: Path, commit_id: str) -> int:
    """How many commits the history of a commit holds, itself among them."""
    behind = 0
    current = commit_id
    while True:
        known = _counts.get(current)
        if known is None:
            parents = read_commit(handle, current).parent_ids
            if len(parents) == 1:
                behind += 1
                current = str(parents[0])
                continue
            known = 1
            if parents:
                known = int(run(path, ["rev-list", "--count", "--end-of-options", current]))
            _counts.put(current, known)
        _counts.put(commit_id, behind + known)
        return behind + known


_paths: Recent[tuple[str, str, int, int], list[str]] = Recent(2_000)


def path_log(path: Path, commit_id: str, file: str, skip: int, limit: int) -> list[str]:
    """Ids of the commits that changed a file or folder, newest first."""
    key = (commit_id, file, skip, limit)
    known = _paths.get(key)
    if known is not None:
        return known
    arguments = ["log", "--format=%H", f"--skip={skip}", f"--max-count={limit}"]
    out = run(path, [*arguments, "--end-of-options", commit_id, "--", file], timeout_seconds=20)
    return _paths.put(key, out.decode("ascii").split())


_last: Recent[tuple[str, str], dict[str, str]] = Recent(2_000)


def last_commits(
    handle: pygit2.Repository, commit_id: str, folder: str, names: set[str] | None = None
) -> dict[str, str]:
    """For the entries right below a folder, the newest commit that changed each.

    Args:
        handle: the repository.
        commit_id: where the history begins.
        folder: a path, empty for the root.
        names: the entries of interest; None for all.

    Returns:
        Ids by entry name. Entries whose commit lies too far back to find in time are left out.
    """
    key = (commit_id, folder)
    known = _last.get(key)
    entries = _ids_below(handle, commit_id, folder)
    wanted = set(entries) if names is None else names & set(entries)
    if known is not None and wanted <= known.keys():
        return {name: known[name] for name in wanted}
    found = dict(known or {})
    walk = _LastCommits(handle, folder, found)
    walk.run(commit_id, wanted - found.keys())
    _last.put(key, found)
    return {name: found[name] for name in wanted if name in found}


def _ids_below(handle: pygit2.Repository, commit_id: str, folder: str) -> dict[str, bytes]:
    tree = _folder_tree(handle, commit_id, folder)
    return {} if tree is None else {name_of(entry): entry.id.raw for entry in tree}


def _folder_tree(handle: pygit2.Repository, commit_id: str, folder: str) -> pygit2.Tree | None:
    root = read_commit(handle, commit_id).tree
    found = lookup(root, folder) if folder else root
    return found if isinstance(found, pygit2.Tree) else None


class _LastCommits:
    """One walk back: each name follows, from commit to commit, a parent that has it unchanged."""

    def __init__(self, handle: pygit2.Repository, folder: str, found: dict[str, str]) -> None:
        self._handle = handle
        self._folder = folder
        self._found = found
        self._waiting: dict[str, set[str]] = {}
        self._queue: list[tuple[int, int, str]] = []
        self._order = 0
        self._ids: tuple[str, dict[str, bytes]] = ("", {})

    def run(self, commit_id: str, names: set[str]) -> None:
        """Fill ``found`` for the names, as far as the time allows."""
        deadline = time.monotonic() + _LAST_COMMITS_SECONDS_MAX
        if names:
            self._push(commit_id, names)
        while self._queue and time.monotonic() < deadline:
            _, _, current = heapq.heappop(self._queue)
            self._visit(current, self._waiting.pop(current))

    def _push(self, commit_id: str, names: set[str]) -> None:
        if commit_id in self._waiting:
            self._waiting[commit_id] |= names
            return
        self._waiting[commit_id] = set(names)
        self._order += 1
        age = -read_commit(self._handle, commit_id).commit_time
        heapq.heappush(self._queue, (age, self._order, commit_id))

    def _visit(self, commit_id: str, names: set[str]) -> None:
        known = _last.get((commit_id, self._folder))
        if known:
            self._found.update({name: known[name] for name in names & known.keys()})
            names = names - known.keys()
        here = _folder_tree(self._handle, commit_id, self._folder)
        for parent in read_commit(self._handle, commit_id).parent_ids:
            if not names:
                return
            same = self._unchanged(here, str(parent), names)
            if same:
                self._push(str(parent), same)
                names = names - same
        self._found.update(dict.fromkeys(names, commit_id))

    def _unchanged(self, here: pygit2.Tree | None, parent: str, names: set[str]) -> set[str]:
        there = _folder_tree(self._handle, parent, self._folder)
        if here is None or there is None:
            return set()
        if here.id == there.id:
            return names
        return {name for name in names if _same(here, there, name)}


def _same(here: pygit2.Tree, there: pygit2.Tree, name: str) -> bool:
    one, other = lookup(here, name), lookup(there, name)
    return (
        one is not None
        and other is not None
        and one.id == other.id
        and one.filemode == other.filemode
    )


def new_commits(handle: pygit2.Repository, new: str, known: list[str]) -> Iterator[pygit2.Commit]:
    """Commits that ``new`` reaches and none of ``known`` does, parents first."""
    walker = handle.walk(new, SortMode.TOPOLOGICAL | SortMode.REVERSE)
    for each in known:
        walker.hide(each)
    yield from walker
