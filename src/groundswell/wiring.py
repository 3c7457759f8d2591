"""Builds the hub from settings: the only place that names adapters.

Knows which class stands behind each name. Does not know HTTP, and makes no decision about users.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.settings import Settings

if TYPE_CHECKING:
    from groundswell.hub.accounts import Accounts
    from groundswell.hub.blobs import Blobs
    from groundswell.hub.commits import Commits
    from groundswell.hub.content import Content
    from groundswell.hub.discussions import Discussions
    from groundswell.hub.references import References
    from groundswell.hub.repos import Repos
    from groundswell.hub.search import Search
    from groundswell.hub.signing import Signer
    from groundswell.store.database import Database
    from groundswell.store.git import GitStore
    from groundswell.store.ports import BlobStore


@dataclass(frozen=True, slots=True)
class Hub:
    """Every use case, built. `close` gives back what they hold, in the right order."""

    settings: Settings
    database: Database
    store: BlobStore
    git: GitStore
    signer: Signer
    accounts: Accounts
    repos: Repos
    search: Search
    discussions: Discussions
    content: Content
    commits: Commits
    references: References
    blobs: Blobs
    clock: Callable[[], int]
    check_database: Callable[[], None]
    check_store: Callable[[], None]
    close: Callable[[], None]


def clock() -> int:
    """Microseconds since the epoch, UTC."""
    return time.time_ns() // 1000


def build(settings: Settings, *, serves: bool = False) -> Hub:
    """Open the data folder, making it when it is new, and build everything on it.

    ``serves`` is for the one process that answers requests; command-line verbs work beside it.

    Raises:
        GroundswellError: the database or folder cannot be used.
    """
    raise NotImplementedError
