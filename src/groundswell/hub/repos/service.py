"""The use cases of repositories, each one unit of work.

Knows the order of steps: git objects and folder first, then rows, so that a crash leaves only a
folder that nobody names. Does not decide access (``core.policy``) or read content.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.core.policy import Action
from groundswell.core.values import Principal, RepoId, Visibility
from groundswell.hub.repos import finding
from groundswell.hub.repos.rows import Repository

if TYPE_CHECKING:
    from groundswell.store.database import Database
    from groundswell.store.git import GitStore

Clock = Callable[[], int]


@dataclass(frozen=True, slots=True)
class NewFile:
    """A small file that the initial commit of a repository shall hold."""

    path: str
    content: bytes


class Repos:
    """Everything one may do with a repository as a whole.

    Every method that takes a ``RepoId`` looks it up by ``find`` and raises what ``find`` raises.
    """

    def __init__(self, database: Database, git: GitStore, clock: Clock) -> None:
        self._database = database
        self._git = git
        self._clock = clock

    def find(self, principal: Principal, repo_id: RepoId, action: Action) -> Repository:
        """The repository of that name, when the principal may do ``action`` to it.

        Case does not count. An old name of a visible repository raises RepoMoved; whatever is
        missing, deleted or hidden looks the same.

        Raises:
            RepoMoved: with the present name.
            RepoNotFound: no such repository, or none that the principal may know of.
            Unauthenticated, Forbidden, GatedRepo, DisabledRepo: as ``core.policy`` decides.
        """
        return self._database.read(lambda conn: finding.find(conn, principal, repo_id, action))

    def create(
        self,
        principal: Principal,
        repo_id: RepoId,
        visibility: Visibility | None = None,
        *,
        sdk: str | None = None,
        files: Sequence[NewFile] = (),
        license_id: str | None = None,
    ) -> Repository:
        """Make a repository with its initial commit; durable when it returns.

        ``visibility`` None takes the namespace's default. ``sdk`` is for spaces.

        Raises:
            AccountNotFound: no such namespace.
            Unauthenticated, Forbidden: the principal may not create there.
            NameTaken: the name exists, redirects, or looks like one that does; ``url`` is the
                existing repository's path on the hub, ``existing_id`` its public id.
            InvalidName, InvalidPath: a name or file path that is refused.
        """
        raise NotImplementedError
