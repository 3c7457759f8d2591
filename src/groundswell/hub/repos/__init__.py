"""Repositories: found by name, made, moved, deleted, listed, described.

Knows names, redirects, tombstones and the row of a repository. Does not know what stands in a
tree (``hub.content``) or how content is stored (``hub.blobs``).
"""

from __future__ import annotations

from groundswell.hub.repos.finding import administered_filter, visible_filter
from groundswell.hub.repos.rows import Repository
from groundswell.hub.repos.service import Repos
from groundswell.hub.repos.trees import Contents, NewFile

__all__ = [
    "Contents",
    "NewFile",
    "Repos",
    "Repository",
    "administered_filter",
    "visible_filter",
]
