"""Branches, tags, squashing, and the large files of a repository as a whole (Hub API 5).

Knows which refs may be made, moved and removed by these calls. Every move goes the way of commits:
durable before it is answered, with its event and rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from groundswell.core.attributes import DEFAULT_ATTRIBUTES
from groundswell.core.errors import (
    BadRequest,
    ConcurrentWrite,
    Forbidden,
    ReferenceExists,
    RevisionNotFound,
)
from groundswell.core.values import Principal, check_reference_name, check_sha256
from groundswell.hub.blobs import Blobs
from groundswell.hub.blobs.losing import lose_links
from groundswell.hub.commits import Commits, RefChange
from groundswell.hub.commits.rights import check_may_move
from groundswell.hub.content import Content
from groundswell.hub.events import record
from groundswell.hub.repos import Repository
from groundswell.hub.repos.trees import author_of
from groundswell.store import tables
from groundswell.store.database import Database
from groundswell.store.git import GitStore, Side
from groundswell.store.git.values import MODE_FILE

BRANCHES: Final = "refs/heads/"
TAGS: Final = "refs/tags/"
MAIN: Final = "refs/heads/main"
MESSAGE_LENGTH_MAX: Final = 64 * 1024
DELETIONS_MAX: Final = 1_000
_REWRITE_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class Ref:
    """A ref under its short name, its full one, and the commit it names."""

    name: str
    ref: str
    target_commit: str


@dataclass(frozen=True, slots=True)
class RefList:
    """All refs of a repository. ``pull_requests`` is empty unless asked for."""

    branches: tuple[Ref, ...]
    converts: tuple[Ref, ...]
    tags: tuple[Ref, ...]
    pull_requests: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class LargeFile:
    """A large file that the repository holds in some revision. ``path`` is where it first stood."""

    sha256: str
    size_bytes: int
    path: str
    linked_at: int


@dataclass(frozen=True, slots=True)
class LargeFilePage:
    """A page, by sha256; ``next_cursor`` None on the last one."""

    files: tuple[LargeFile, ...]
    next_cursor: str | None


class References:
    """The refs of repositories that ``Repos.find`` gave for the principal."""

    def __init__(
        self,
        database: Database,
        git: GitStore,
        blobs: Blobs,
        commits: Commits,
        content: Content,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._git = git
        self._blobs = blobs
        self._commits = commits
        self._content = content
        self._clock = clock

    def list(self, repository: Repository, *, pull_requests: bool = False) -> RefList:
        """Branches, conversions and tags, and pull request refs when asked for."""
        groups: dict[str, list[Ref]] = {BRANCHES: [], "refs/convert/": [], TAGS: [], "refs/pr/": []}
        for each in self._git.references(repository.id):
            prefix = next(prefix for prefix in groups if each.name.startswith(prefix))
            groups[prefix].append(Ref(each.name.removeprefix(prefix), each.name, each.target))
        branches, converts, tags, requests = groups.values()
        if not pull_requests:
            requests = []
        return RefList(tuple(branches), tuple(converts), tuple(tags), tuple(requests))

    def create_branch(
        self,
        principal: Principal,
        repository: Repository,
        branch: str,
        starting_point: str | None = None,
        *,
        empty: bool = False,
        overwrite: bool = False,
    ) -> None:
        """Make a branch at a revision (default: main), or with nothing but ``.gitattributes``.

        Raises:
            InvalidName: no name for a branch.
            ReferenceExists: it is there, and may not be overwritten.
            RevisionNotFound: no such starting point.
        """
        reference = BRANCHES + check_reference_name(branch)
        check_may_move(self._database, principal, repository, reference)
        with (
            self._git.gates.writing(repository.id),
            self._commits.turn(repository.id, reference),
        ):
            if empty:
                target = self._empty_commit(principal, repository)
            else:
                target = self._content.resolve_revision(repository, starting_point or "main")
            old = self._git.ref_target(repository.id, reference)
            if old is not None and not overwrite:
                raise ReferenceExists(reference)
            self._move(principal, repository, RefChange(reference, old, target))

    def _empty_commit(self, principal: Principal, repository: Repository) -> str:
        edit = self._git.edit(repository.id, None)
        oid = self._git.write_blob(repository.id, DEFAULT_ATTRIBUTES.encode())
        edit.put(".gitattributes", Side(MODE_FILE, oid))
        return self._git.make_commit(
            repository.id,
            tree=edit.write(),
            parents=[],
            author=author_of(principal),
            message="initial commit\n",
            time=self._clock(),
        )

    def delete_branch(self, principal: Principal, repository: Repository, branch: str) -> None:
        """Remove a branch other than main.

        Raises:
            Forbidden: main.
            RevisionNotFound: no such branch.
        """
        reference = BRANCHES + branch.removeprefix(BRANCHES)
        check_may_move(self._database, principal, repository, reference)
        if reference == MAIN:
            msg = f"Cannot delete {MAIN}"
            raise Forbidden(msg)
        self._delete(principal, repository, reference, branch)

    def create_tag(
        self,
        principal: Principal,
        repository: Repository,
        revision: str,
        tag: str,
        message: str | None = None,
    ) -> None:
        """Tag a revision; with a message the tag is annotated.

        Raises:
            InvalidName: no name for a tag.
            ReferenceExists: it is there.
            RevisionNotFound: no such revision.
        """
        reference = TAGS + check_reference_name(tag)
        check_may_move(self._database, principal, repository, reference)
        if message and (len(message) > MESSAGE_LENGTH_MAX or "\0" in message):
            msg = f"A tag's message has at most {MESSAGE_LENGTH_MAX} characters, none of them zero."
            raise BadRequest(msg)
        with (
            self._git.gates.writing(repository.id),
            self._commits.turn(repository.id, reference),
        ):
            target = self._content.resolve_revision(repository, revision)
            if self._git.ref_target(repository.id, reference) is not None:
                raise ReferenceExists(reference)
            if message:
                author = author_of(principal)
                now = self._clock()
                target = self._git.make_tag(repository.id, tag, target, author, message, now)
            self._move(principal, repository, RefChange(reference, None, target))

    def delete_tag(self, principal: Principal, repository: Repository, tag: str) -> None:
        """Remove a tag.

        Raises:
            RevisionNotFound: no such tag.
        """
        reference = TAGS + tag.removeprefix(TAGS)
        check_may_move(self._database, principal, repository, reference)
        self._delete(principal, repository, reference, tag)

    def _delete(
        self, principal: Principal, repository: Repository, reference: str, name: str
    ) -> None:
        with self._commits.turn(repository.id, reference):
            old = self._git.ref_target(repository.id, reference)
            if old is None:
                raise RevisionNotFound(name)
            self._move(principal, repository, RefChange(reference, old, None))

    def _move(self, principal: Principal, repository: Repository, change: RefChange) -> None:
        """Move a ref to what is here already: no large file becomes new by it."""
        change, note = self._commits.move(principal, repository, change)
        self._commits.landing.finish(note, repository.id, principal.account_id, [change], {})

    def super_squash(
        self, principal: Principal, repository: Repository, revision: str, message: str = ""
    ) -> str:
        """Replace the history of a branch or pull request by one commit of its files; its id.

        Raises:
            RevisionNotFound: no such branch.
        """
        reference = revision if revision.startswith("refs/") else BRANCHES + revision
        check_may_move(self._database, principal, repository, reference)
        title = message.strip() or f"Super-squash branch '{revision}' using huggingface_hub"
        if len(title) > MESSAGE_LENGTH_MAX or "\0" in title:
            msg = f"A message has at most {MESSAGE_LENGTH_MAX} characters, none of them zero."
            raise BadRequest(msg)
        with (
            self._git.gates.writing(repository.id),
            self._commits.turn(repository.id, reference),
        ):
            head = self._git.ref_target(repository.id, reference)
            if head is None or reference.startswith(TAGS):
                raise RevisionNotFound(revision)
            tree = self._git.tree_id(repository.id, head)
            assert tree is not None
            commit = self._git.make_commit(
                repository.id,
                tree=tree,
                parents=[],
                author=author_of(principal),
                message=f"{title}\n",
                time=self._clock(),
            )
            self._move(principal, repository, RefChange(reference, head, commit))
        return commit

    # --- large files --------------------------------------------------------------------------

    def lfs_files(
        self, repository: Repository, *, cursor: str | None = None, limit: int = 1_000
    ) -> LargeFilePage:
        """A page of the large files that any revision holds, by sha256.

        Raises:
            BadRequest: a cursor that no page gave.
        """
        after = "" if cursor is None else check_sha256(cursor)
        limit = max(1, min(limit, 10_000))
        links, blobs = tables.links, tables.blobs
        query = (
            sa.select(links.c.sha256, blobs.c.size_bytes, links.c.path, links.c.linked_at)
            .join_from(links, blobs, links.c.sha256 == blobs.c.sha256)
            .where(links.c.repository_id == repository.id, links.c.sha256 > after)
            .order_by(links.c.sha256)
            .limit(limit + 1)
        )
        rows = self._database.read(lambda conn: conn.execute(query).all())
        files = tuple(LargeFile(*row) for row in rows[:limit])
        return LargeFilePage(files, files[-1].sha256 if len(rows) > limit else None)

    def delete_lfs_files(
        self,
        principal: Principal,
        repository: Repository,
        sha256s: Sequence[str],
        *,
        rewrite_history: bool = True,
    ) -> None:
        """Let the repository no longer hold these contents; with ``rewrite_history`` no commit of
        any ref names them any more either.

        Raises:
            BadRequest: more than ``DELETIONS_MAX``, or no hashes.
            ProtectedReference: a rule keeps the history of main, or of a ref that would change.
            ConcurrentWrite: others kept committing meanwhile.
        """
        if len(sha256s) > DELETIONS_MAX:
            msg = f"At most {DELETIONS_MAX} files at a time."
            raise BadRequest(msg)
        gone = frozenset(check_sha256(each) for each in sha256s)
        check_may_move(self._database, principal, repository, MAIN)
        self._commits.guard.decide_rewriting(principal, repository)
        if rewrite_history:
            with self._git.gates.writing(repository.id):
                self._rewrite(principal, repository, gone)

        def work(conn: sa.Connection) -> None:
            now, links, claims = self._clock(), tables.links, tables.claims
            here = links.c.repository_id == repository.id
            lose_links(conn, sa.and_(here, links.c.sha256.in_(gone)), now)
            conn.execute(
                sa.delete(claims).where(
                    claims.c.repository_id == repository.id, claims.c.sha256.in_(gone)
                )
            )
            payload = {"sha256s": sorted(gone), "rewrote_history": rewrite_history}
            record(conn, now, "content.deleted", principal.account_id, repository.id, payload)

        self._database.write(work)

    def _rewrite(self, principal: Principal, repository: Repository, gone: frozenset[str]) -> None:
        """Move every ref to a history without the files; refs that move meanwhile come again."""
        for _ in range(_REWRITE_ATTEMPTS):
            present = self._git.references(repository.id)
            targets = [each.target for each in present]
            rewritten = self._git.rewrite_without(repository.id, targets, gone)
            moving = [each for each in present if rewritten[each.target] != each.target]
            if not moving:
                return
            changes = [
                RefChange(each.name, each.object_id, rewritten[each.target]) for each in moving
            ]
            for each in changes:  # all of them or none
                self._commits.guard.decide(principal, repository, each)
            for change in changes:
                try:
                    with self._commits.turn(repository.id, change.name):
                        self._move(principal, repository, change)
                except ConcurrentWrite:
                    continue
        raise ConcurrentWrite

    def duplicate_lfs_files(
        self,
        source: Repository,
        target: Repository,
        sha256s: Sequence[str],
        account_id: int | None = None,
    ) -> tuple[str, ...]:
        """Give one repository contents that another holds, for copies across repositories.

        The asker, who has ``account_id``, may read the source and write to the target.

        Raises:
            QuotaExceeded: the target has no room for them.

        Returns:
            The contents that the source does not hold.
        """
        wanted = [check_sha256(each) for each in sha256s]

        def work(conn: sa.Connection) -> set[str]:
            found = self._blobs.link_from(conn, source.id, target.id, wanted, account_id)
            if found:
                payload = {"source_id": source.id, "sha256s": sorted(found)}
                now = self._clock()
                record(conn, now, "content.duplicated", account_id, target.id, payload)
            return found

        held = self._database.write(work)
        return tuple(each for each in wanted if each not in held)
