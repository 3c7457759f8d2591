"""Commits from one repository to another: objects by quarantine, large files by link.

What comes is looked at like a push, and counts only when everything is there. Who may have it is
decided in the transaction that gives the links. The caller keeps both repositories' gates open and
moves the ref.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import Conflict, InvalidCommit
from groundswell.core.policy import Action
from groundswell.core.values import Principal
from groundswell.hub.blobs import Blobs
from groundswell.hub.commits.checking import PushCheck
from groundswell.hub.repos import Repository, lineage
from groundswell.hub.repos.finding import decide_again
from groundswell.store.database import Database
from groundswell.store.git import GitStore
from groundswell.store.git.copying import copy_into_quarantine
from groundswell.store.git.incoming import Incoming
from groundswell.store.git.quarantine import new_entries

KNOWN_MAX: Final = 200
_NAMED_MAX: Final = 5


class Carrying:
    """Takes commits to repositories in which ``Repos.find`` let the principal do so."""

    def __init__(self, database: Database, git: GitStore, blobs: Blobs) -> None:
        self._database = database
        self._git = git
        self._blobs = blobs

    @contextmanager
    def carried(
        self, principal: Principal, source: Repository, target: Repository, commit: str
    ) -> Iterator[dict[str, str]]:
        """The commit and what is behind it are in the target, not yet durably; the large files that
        came with it (sha256 to path). What the block does not make reachable is removed soon.

        Raises:
            RepoNotFound, GatedRepo, Forbidden, …: the principal may not have it, or give it.
            Conflict: the target is more open than its upstream.
            InvalidCommit: the source does not hold a file of it any more.
            QuotaExceeded: the target's namespace has no room.
        """
        with self._git.gates.writing(source.id), self._git.gates.writing(target.id):
            incoming = self._git.receive(target.id)
            try:
                pointers = self._fetch(incoming, source.id, target.id, commit)
                self._database.write(
                    lambda conn: self._give(conn, principal, source.id, target.id, pointers)
                )
                try:
                    incoming.adopt()
                    yield pointers
                except BaseException:
                    self._git.tidying.cut_off(target.id)
                    raise
            finally:
                incoming.discard()

    def _fetch(
        self, incoming: Incoming, source_id: int, target_id: int, commit: str
    ) -> dict[str, str]:
        """Copy what the target lacks, and look at it; its large files."""
        tips = [each.target for each in self._git.references(target_id)]
        shared = self._shared(source_id, target_id, commit, tips)
        if commit not in shared:
            folder = self._git.path(source_id)
            copy_into_quarantine(folder, incoming, [commit], shared)
            incoming.check_connected([commit])
        check = PushCheck()
        handle = incoming.handle()
        try:
            for entries in new_entries(handle, commit, tips):
                check.take(entries)
        finally:
            handle.free()
        return check.pointers

    def _shared(
        self, source_id: int, target_id: int, commit: str, tips: Sequence[str]
    ) -> list[str]:
        """Commits that refs of the target reach and the source has, too."""
        shared = [each for each in tips[:KNOWN_MAX] if self._git.is_commit(source_id, each)]
        main = self._git.head(target_id)
        if main is not None:
            base = self._git.merging.base_across((target_id, main), (source_id, commit))
            if base is not None:
                shared.append(base)
        return list(dict.fromkeys(shared))

    def _give(
        self,
        conn: sa.Connection,
        principal: Principal,
        source_id: int,
        target_id: int,
        pointers: dict[str, str],
    ) -> None:
        source = decide_again(conn, principal, source_id, Action.READ)
        target = decide_again(conn, principal, target_id, Action.CONTRIBUTE)
        check_may_give(conn, principal, source, target)
        held = self._blobs.claimed_or_linked_in(conn, target_id, None, list(pointers))
        wanted = [sha256 for sha256 in pointers if sha256 not in held]
        account_id = principal.account_id
        given = self._blobs.link_from(conn, source_id, target_id, wanted, account_id)
        missing = [pointers[sha256] for sha256 in wanted if sha256 not in given]
        if missing:
            named = ", ".join(repr(path[:200]) for path in missing[:_NAMED_MAX])
            msg = f"{source.full_name} does not hold the content of {named} any more."
            raise InvalidCommit(msg)


def check_may_give(
    conn: sa.Connection, principal: Principal, source: Repository, target: Repository
) -> None:
    """See that content may pass between a fork and its upstream. What comes from the upstream binds
    the fork; who proposes from a fork that not everybody may read has to write to it.

    Raises:
        Conflict: the upstream is closed to some who may read the fork.
        Forbidden, …: as ``decide_again``.
    """
    above = lineage.lineage_of(conn, target.id)
    if above is not None and above.upstream_id == source.id:
        if lineage.is_more_closed(source, target):
            msg = (
                f"{source.full_name} is not open to everybody who may read {target.full_name}. "
                "Make the fork as private as its upstream, then bring the changes in."
            )
            raise Conflict(msg)
        lineage.bind(conn, target.id, source)
    elif source.is_private or lineage.is_more_closed(source, target):
        decide_again(conn, principal, source.id, Action.WRITE)
