"""Making repositories: new ones, and copies, which are forks.

Folder and git objects come first, then the rows: a crash in between leaves a folder that nobody
names. Numbers are reserved before, so that no two attempts ever share a folder.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Forbidden, Unauthenticated
from groundswell.core.policy import Action, may_create_in
from groundswell.core.values import Gate, Principal, RepoId, RepoKind, Visibility, check_name
from groundswell.hub import facts
from groundswell.hub.blobs.links import Links, claimed_or_linked
from groundswell.hub.events import record
from groundswell.hub.repos import finding, lineage, names, trees
from groundswell.hub.repos.identities import note_identity
from groundswell.hub.repos.indexing import Held, measure, write_description
from groundswell.hub.repos.lookup import Lookup
from groundswell.hub.repos.rows import Repository
from groundswell.store import tables

_table = tables.repositories


@dataclass(frozen=True, slots=True)
class _Copied:
    """What a copy comes from, and the large files that its history names (sha256 to path)."""

    source_id: int
    pointers: Mapping[str, str]


class Making(Lookup):
    """Makes repositories. See ``Repos``."""

    def create(
        self,
        principal: Principal,
        repo_id: RepoId,
        visibility: Visibility | None = None,
        *,
        sdk: str | None = None,
        files: Sequence[trees.NewFile] = (),
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
        if not repo_id.kind.has_history:
            raise BadRequest("A bucket is made without a first commit, at an address of its own.")
        if (sdk is not None) != (repo_id.kind is RepoKind.SPACE):
            msg = "A space needs an sdk, and only a space has one."
            raise BadRequest(msg)
        initial = trees.initial_files(repo_id, files, sdk=sdk, license_id=license_id)

        def make(number: int) -> str:
            return trees.make_initial_commit(self._git, number, principal, initial, self._clock())

        return self._make(principal, repo_id, visibility, make)

    def create_bucket(
        self, principal: Principal, name: RepoId, visibility: Visibility | None = None
    ) -> Repository:
        """Make an empty bucket; durable when it returns. It has no folder: all of it are rows.

        Raises:
            AccountNotFound, Unauthenticated, Forbidden, NameTaken, InvalidName: as ``create``.
        """
        check_name(name.name, "bucket name")

        number = self._reserve_free(principal, name)

        def work(conn: sa.Connection) -> None:
            now = self._clock()
            spelled = insert_row(conn, principal, number, name, visibility, now)
            conn.execute(sa.insert(tables.buckets).values(repository_id=number))
            payload = {"kind": spelled.kind.value, "name": spelled.full_name}
            record(conn, now, "repository.created", principal.account_id, number, payload)

        self._database.write(work)
        made = self._database.read(lambda conn: finding.load_for(conn, principal, number))
        assert made is not None
        return made

    def duplicate(
        self,
        principal: Principal,
        source_id: RepoId,
        target_id: RepoId,
        visibility: Visibility | None = None,
        *,
        all_branches: bool = False,
    ) -> Repository:
        """A fork: a new repository with the history of the source's main branch, or of all its
        branches and tags. No blob is copied.

        ``visibility`` None takes the source's. The copy keeps the gate, without the requests.

        Raises:
            BadRequest: the kinds differ.
            Forbidden: a public copy of a private repository.
            QuotaExceeded: the namespace has no room for what the copy holds.
            RevisionNotFound: the source has no main branch.
            TooLarge: too many branches and tags.
            NameTaken, AccountNotFound, Unauthenticated, Forbidden: as ``create`` and ``find``.
        """
        if source_id.kind is not target_id.kind or not target_id.kind.has_history:
            msg = "A copy has the kind of its source, and a bucket's files are copied one by one."
            raise BadRequest(msg)
        source = self.find(principal, source_id, Action.READ)
        _check_visibility(source, visibility)

        def make(number: int) -> str:
            return trees.copy_branches(self._git, source.id, number, only_main=not all_branches)

        return self._make(principal, target_id, visibility, make, source_id=source.id)

    def _make(
        self,
        principal: Principal,
        repo_id: RepoId,
        visibility: Visibility | None,
        make: Callable[[int], str],
        *,
        source_id: int | None = None,
    ) -> Repository:
        """Reserve a number, make the folder, then the rows; no rows, no folder."""
        check_name(repo_id.name, "repository name")
        number = self._reserve_free(principal, repo_id)
        try:
            head = make(number)
            # A copy's large files are read where they are linked by now.
            described = self._describe(source_id or number, repo_id.kind, head, {})
            copied = None if source_id is None else self._copied(source_id, number)
            self._database.write(
                lambda conn: self._insert(
                    conn, principal, number, repo_id, visibility, head, described, copied
                )
            )
        except BaseException:
            self._git.delete(number)
            raise
        note_identity(self._database, self._git, number)
        made = self._database.read(lambda conn: finding.load_for(conn, principal, number))
        assert made is not None
        return made

    def _reserve_free(self, principal: Principal, repo_id: RepoId) -> int:
        number = self._database.write(lambda conn: self._reserve(conn, principal, repo_id))
        while self._git.exists(number):  # a folder newer than a restored database
            number = self._database.write(names.reserve_number)
        return number

    def _copied(self, source_id: int, number: int) -> _Copied:
        found = self._git.all_pointers(number)
        return _Copied(source_id, {pointer.sha256: path for path, pointer in found})

    def _reserve(self, conn: sa.Connection, principal: Principal, repo_id: RepoId) -> int:
        check_may_create(principal, names.owner_of(conn, repo_id.namespace))
        owner = names.owner_of(conn, repo_id.namespace)
        names.check_free(conn, principal, repo_id, owner.id)
        return names.reserve_number(conn)

    def _insert(
        self,
        conn: sa.Connection,
        principal: Principal,
        number: int,
        repo_id: RepoId,
        visibility: Visibility | None,
        head: str,
        described: facts.Description,
        copied: _Copied | None,
    ) -> None:
        now = self._clock()
        gate = Gate.OPEN
        source: Repository | None = None
        if copied is not None:
            # Copying took its time: the right may be gone, the source closed by now.
            source = finding.decide_again(conn, principal, copied.source_id, Action.READ)
            _check_visibility(source, visibility)
            visibility, gate = visibility or source.visibility, source.gate
        spelled = insert_row(conn, principal, number, repo_id, visibility, now, gate)
        if copied is not None:
            self._copy_links(conn, principal, copied, number)
        held = measure(conn, number, {}) if source is not None else Held()
        write_description(conn, number, head, described, held)
        payload = {"kind": spelled.kind.value, "name": spelled.full_name}
        if source is not None:
            payload["source"] = str(source.id)
        record(conn, now, "repository.created", principal.account_id, number, payload)
        if source is not None:
            lineage.begin(conn, now, principal.account_id, number, source, head)

    def _copy_links(
        self, conn: sa.Connection, principal: Principal, copied: _Copied, number: int
    ) -> None:
        """Give the copy what its history names and the source holds."""
        held = claimed_or_linked(conn, copied.source_id, None, list(copied.pointers))
        sizes = {sha256: blob.size_bytes for sha256, blob in held.items()}
        self._quotas.check_in(conn, number, principal.account_id, sizes)
        paths = {sha256: copied.pointers[sha256] for sha256 in held}
        Links(self._database, self._clock).link(conn, number, paths)


def insert_row(
    conn: sa.Connection,
    principal: Principal,
    number: int,
    repo_id: RepoId,
    visibility: Visibility | None,
    now: int,
    gate: Gate = Gate.OPEN,
) -> RepoId:
    """The row and the name of a new repository; its id as its namespace is spelled.

    Raises:
        AccountNotFound, Unauthenticated, Forbidden, NameTaken: as ``Repos.create``.
    """
    owner = names.owner_of(conn, repo_id.namespace)
    check_may_create(principal, owner)
    names.check_free(conn, principal, repo_id, owner.id)
    if visibility is None:
        private = owner.private_by_default
        visibility = Visibility.PRIVATE if private else Visibility.PUBLIC
    spelled = replace(repo_id, namespace=owner.name)
    conn.execute(
        sa.insert(_table).values(
            id=number,
            public_id=secrets.token_hex(12),
            kind=spelled.kind.value,
            owner_id=owner.id,
            creator_id=principal.account_id,
            namespace=spelled.namespace,
            name=spelled.name,
            visibility=visibility.value,
            gate=gate.value,
            created_at=now,
            modified_at=now,
        )
    )
    names.claim(conn, spelled, number)
    return spelled


def check_may_create(principal: Principal, owner: names.Owner) -> None:
    """Raise Unauthenticated or Forbidden unless the principal may create there."""
    if principal.is_anonymous:
        raise Unauthenticated
    if not may_create_in(principal, owner.id):
        msg = (
            f'You don\'t have the rights to create a repository under the namespace "{owner.name}"'
        )
        raise Forbidden(msg)


def _check_visibility(source: Repository, visibility: Visibility | None) -> None:
    """Raise Forbidden for a public copy of a private repository."""
    if source.is_private and visibility is Visibility.PUBLIC:
        msg = "A fork of a private repository is private."
        raise Forbidden(msg)
