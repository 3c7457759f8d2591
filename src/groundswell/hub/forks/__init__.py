"""Forks: copies that know where they come from, and ways for commits between the two.

Every fork has a git folder of its own; what passes between folders is checked like a push, and
large files pass as links. Does not make repositories (``hub.repos``), and does not merge pull
requests (``hub.merging``).
"""

from groundswell.hub.forks.service import Forks
from groundswell.hub.forks.values import (
    Comparison,
    Fork,
    ForkPage,
    How,
    Kinship,
    Network,
    Node,
    Preview,
    Source,
    Synced,
)

__all__ = [
    "Comparison",
    "Fork",
    "ForkPage",
    "Forks",
    "How",
    "Kinship",
    "Network",
    "Node",
    "Preview",
    "Source",
    "Synced",
]
