"""Histories without certain files: every commit again, with the trees it would have had.

Knows trees, commits and pointers. Does not move refs: the caller does, by compare-and-swap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import pygit2
from pygit2.enums import SortMode

from groundswell.core.errors import TooLarge
from groundswell.store.git.history import read_commit
from groundswell.store.git.process import translated
from groundswell.store.git.trees import blob_size_and_pointer, name_of
from groundswell.store.git.values import MODE_GITLINK

COMMITS_MAX: Final = 200_000


def rewrite_without(
    handle: pygit2.Repository, tips: Iterable[str], is_unwanted: Callable[[str], bool]
) -> dict[str, str]:
    """What each tip becomes without the large files whose sha256 is unwanted.

    Commits that never held one keep their ids.

    Raises:
        TooLarge: more commits than can be rewritten at once.
    """
    wanted = list(dict.fromkeys(tips))
    trees: dict[pygit2.Oid, pygit2.Oid | None] = {}
    commits: dict[str, str] = {}
    with translated():
        for tip in wanted:
            for commit in handle.walk(tip, SortMode.TOPOLOGICAL | SortMode.REVERSE):
                if str(commit.id) not in commits:
                    if len(commits) >= COMMITS_MAX:
                        msg = f"Histories of more than {COMMITS_MAX} commits are not rewritten."
                        raise TooLarge(msg)
                    commits[str(commit.id)] = _commit_again(
                        handle, commit, commits, trees, is_unwanted
                    )
    return {tip: commits[str(read_commit(handle, tip).id)] for tip in wanted}


def _commit_again(
    handle: pygit2.Repository,
    commit: pygit2.Commit,
    commits: dict[str, str],
    trees: dict[pygit2.Oid, pygit2.Oid | None],
    is_unwanted: Callable[[str], bool],
) -> str:
    parents = [pygit2.Oid(hex=commits[str(each)]) for each in commit.parent_ids]
    tree = _tree_again(handle, commit.tree, trees, is_unwanted)
    if tree == commit.tree_id and parents == list(commit.parent_ids):
        return str(commit.id)
    made = handle.create_commit(
        None,
        commit.author,
        commit.committer,
        commit.raw_message.decode("utf-8", "replace"),
        tree if tree is not None else handle.TreeBuilder().write(),
        parents,
    )
    return str(made)


def _tree_again(
    handle: pygit2.Repository,
    tree: pygit2.Tree,
    trees: dict[pygit2.Oid, pygit2.Oid | None],
    is_unwanted: Callable[[str], bool],
) -> pygit2.Oid | None:
    """Id of the tree without the unwanted files; None when nothing is left in it."""
    if tree.id in trees:
        return trees[tree.id]
    builder = handle.TreeBuilder(tree)
    for entry in tree:
        if isinstance(entry, pygit2.Tree):
            below = _tree_again(handle, entry, trees, is_unwanted)
            if below is None:
                builder.remove(name_of(entry))
            elif below != entry.id:
                builder.insert(name_of(entry), below, entry.filemode)
        elif entry.filemode != MODE_GITLINK:
            pointer = blob_size_and_pointer(handle, entry.id)[1]
            if pointer is not None and is_unwanted(pointer.sha256):
                builder.remove(name_of(entry))
    trees[tree.id] = builder.write() if len(builder) else None
    return trees[tree.id]
