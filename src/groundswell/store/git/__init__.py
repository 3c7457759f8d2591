"""Bare git repositories: pygit2 for reads and single commits, the git program for packs.

Knows objects, refs and durability. Does not know names, accounts or rights.
"""

from groundswell.store.git.barrier import SyncBarrier
from groundswell.store.git.diffs import text_diff
from groundswell.store.git.edits import TreeEdit
from groundswell.store.git.store import GitStore
from groundswell.store.git.values import (
    Author,
    CommitDiff,
    CommitSummary,
    FileDiff,
    Hunk,
    PathChange,
    Reference,
    Side,
    Status,
    TextDiff,
)

__all__ = [
    "Author",
    "CommitDiff",
    "CommitSummary",
    "FileDiff",
    "GitStore",
    "Hunk",
    "PathChange",
    "Reference",
    "Side",
    "Status",
    "SyncBarrier",
    "TextDiff",
    "TreeEdit",
    "text_diff",
]
