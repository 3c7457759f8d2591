"""The use cases of commits: preupload, commit, and what a push shares with them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, Protocol

from groundswell.core.errors import (
    ConcurrentWrite,
    Forbidden,
    GroundswellError,
    InvalidCommit,
    NotFound,
    ParentMoved,
    RevisionNotFound,
    TooLarge,
    Unauthenticated,
)
from groundswell.core.values import CommitHeader, Operation, Principal, check_path, is_commit_id
from groundswell.hub.blobs import Blobs
from groundswell.hub.commits import large_files
from groundswell.hub.commits.guard import Guard
from groundswell.hub.commits.landing import Indexer, Landing
from groundswell.hub.commits.pushes import Pushes
from groundswell.hub.commits.rights import check_may_move, pull_request_number
from groundswell.hub.commits.staging import Staging
from groundswell.hub.commits.values import Committed, PreuploadFile, PreuploadMode, RefChange
from groundswell.hub.repos import Repository
from groundswell.hub.repos.trees import author_of
from groundswell.store.database import Database
from groundswell.store.git import GitStore

ATTEMPTS_MAX: Final = 5
TITLE_LENGTH_MAX: Final = 500
MESSAGE_BYTES_MAX: Final = 256 * 1024
PREUPLOAD_FILES_MAX: Final = 10_000
_LOCKS: Final = 256


_Landed = tuple[str, RefChange, str | None]
"""The head, the change, and its note; no note when nothing changed."""


class PullRequests(Protocol):
    """Opens pull requests; ``hub.discussions`` does."""

    def create(
        self,
        principal: Principal,
        repository: Repository,
        title: str,
        description: str,
        *,
        is_pull_request: bool,
    ) -> int:
        """Open a discussion or a draft pull request on ``refs/pr/N``; its number."""
        ...


class Commits:
    """Everything that puts files into repositories.

    A door finds the repository first (``Repos.find`` with CONTRIBUTE) and hands it over; rights
    that depend on the ref are decided here.
    """

    def __init__(
        self,
        database: Database,
        git: GitStore,
        blobs: Blobs,
        repos: Indexer,
        discussions: PullRequests,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._git = git
        self._blobs = blobs
        self._discussions = discussions
        self._clock = clock
        self.landing = Landing(database, git, blobs, repos, clock)
        self.guard = Guard(database, git)
        self.pushes = Pushes(database, git, blobs, self.landing, self.guard)
        self._locks = [threading.Lock() for _ in range(_LOCKS)]

    def preupload(
        self,
        principal: Principal,
        repository: Repository,
        revision: str,
        files: Sequence[PreuploadFile],
        git_attributes: str | None = None,
        git_ignore: str | None = None,
    ) -> list[PreuploadMode]:
        """How each file shall be sent, and what is committed at its path now (Hub API 6.1).

        Raises:
            InvalidPath: a path that no repository may hold.
            RevisionNotFound: no such revision, in a repository that has any.
            QuotaExceeded: the large files among them would pass the namespace's limit.
        """
        if len(files) > PREUPLOAD_FILES_MAX:
            msg = f"At most {PREUPLOAD_FILES_MAX} files in one preupload."
            raise TooLarge(msg)
        for file in files:
            check_path(file.path)
        commit = self._git.resolve(repository.id, revision)
        if commit is None and not self._may_be_born(repository, revision):
            raise RevisionNotFound(revision)
        modes = large_files.preupload(
            self._git, repository.id, commit, files, git_attributes, git_ignore
        )
        self._blobs.quotas.check_unnamed(
            repository.id,
            principal.account_id,
            lambda: large_files.arriving_bytes(self._git, repository.id, commit, files, modes),
        )
        return modes

    def may_commit(self, principal: Principal, repository: Repository, revision: str) -> bool:
        """Whether a commit of the principal may go there, rather than into a pull request."""
        try:
            reference = self._reference_of(repository, revision, must_exist=False)
            check_may_move(self._database, principal, repository, reference)
            self.guard.decide_name(principal, repository, reference, deletes=False)
        except (Unauthenticated, Forbidden, NotFound):
            return False
        return True

    def commit(
        self,
        principal: Principal,
        repository: Repository,
        revision: str,
        header: CommitHeader,
        operations: Iterable[Operation],
        *,
        create_pr: bool = False,
    ) -> Committed:
        """Make a commit on a branch or pull request ref; durable when it returns (Hub API 6).

        With ``create_pr`` the commit opens a draft pull request instead of moving the branch.
        Operations are taken one by one, in order, and count one after the other. Without
        ``parent_commit`` the commit is made on whatever the head is by then.

        Raises:
            RevisionNotFound: no such branch.
            ParentMoved: ``parent_commit`` is not the head.
            ConcurrentWrite: other writers were faster, several times.
            InvalidPath, InvalidCommit, TooLarge, EntryNotFound: an operation that cannot be.
            Unauthenticated, Forbidden: the principal may not move this ref.
            StorageFull, Unavailable: nothing was changed.
        """
        reference = self._reference_of(repository, revision, must_exist=create_pr)
        if not create_pr:
            check_may_move(self._database, principal, repository, reference)
            self.guard.decide_name(principal, repository, reference, deletes=False)
        message = _message_of(header)
        self.landing.settle_first(repository.id)
        staging = Staging(self._git, self._blobs, repository.id, principal.account_id)
        number: int | None = None
        with self._git.gates.writing(repository.id):
            staging.take(operations)
            if create_pr:
                landed, number = self._commit_to_new(
                    principal, repository, reference, header, staging, message
                )
            else:
                with self.turn(repository.id, reference):
                    landed = self._land_on_head(
                        principal, repository, reference, header, staging, message
                    )
        return self._finished(principal, repository, staging, landed, number)

    def _land_on_head(
        self,
        principal: Principal,
        repository: Repository,
        reference: str,
        header: CommitHeader,
        staging: Staging,
        message: str,
    ) -> _Landed:
        """Make the commit on the head; again on the next head when another process was faster."""
        attempts_left = 1 if header.parent_commit is not None else ATTEMPTS_MAX
        while True:
            head = self._git.resolve(repository.id, reference)
            _check_parent(header, head)
            try:
                return self._land(principal, repository, reference, head, head, staging, message)
            except ConcurrentWrite:
                attempts_left -= 1
                if attempts_left == 0:
                    raise

    def _commit_to_new(
        self,
        principal: Principal,
        repository: Repository,
        base_reference: str,
        header: CommitHeader,
        staging: Staging,
        message: str,
    ) -> tuple[_Landed, int]:
        """Open a pull request and make the commit on its ref; what landed, and its number."""
        base = self._git.resolve(repository.id, base_reference)
        _check_parent(header, base)
        staging.tree_on(base)  # what cannot be shall fail before anything is opened
        number = self._discussions.create(
            principal,
            repository,
            header.summary.strip()[:TITLE_LENGTH_MAX],
            header.description,
            is_pull_request=True,
        )
        reference = f"refs/pr/{number}"
        with self.turn(repository.id, reference):
            old = self._git.resolve(repository.id, reference)
            landed = self._land(principal, repository, reference, old, base, staging, message)
        return landed, number

    def _land(
        self,
        principal: Principal,
        repository: Repository,
        reference: str,
        old: str | None,
        base: str | None,
        staging: Staging,
        message: str,
    ) -> _Landed:
        """Make the commit on ``base`` and move the ref from ``old``."""
        tree = staging.tree_on(base)
        if base is not None and base == old and tree == self._git.tree_id(repository.id, base):
            return base, RefChange(reference, old, old), None
        commit = self._git.make_commit(
            repository.id,
            tree=tree,
            parents=[base] if base is not None else [],
            author=author_of(principal),
            message=message,
            time=self._clock(),
        )
        change = RefChange(reference, old, commit)
        change, note = self.move(principal, repository, change)
        return commit, change, note

    def move(
        self, principal: Principal, repository: Repository, change: RefChange
    ) -> tuple[RefChange, str]:
        """Make objects durable and move a ref, if its rules let it be; the change and the note to
        hand to ``landing.finish``.

        Raises:
            ProtectedReference: a rule objects.
            ConcurrentWrite, Conflict, StorageFull, Unavailable: nothing moved.
        """
        change = self.guard.decide(principal, repository, change)
        note = self.landing.announce(repository.id, principal.account_id, [change])
        try:
            self._git.swap_ref(repository.id, change.name, change.old, change.new)
        except GroundswellError:
            self.landing.withdraw(note)
            raise
        return change, note

    def _finished(
        self,
        principal: Principal,
        repository: Repository,
        staging: Staging,
        landed: _Landed,
        number: int | None = None,
    ) -> Committed:
        commit, change, note = landed
        arrival = None
        if note is not None:
            arrival = self.landing.finish(
                note, repository.id, principal.account_id, [change], staging.pointers
            )
        return Committed(commit, number, arrival)

    def after_refs_changed(
        self,
        repository: Repository,
        actor_id: int | None,
        changes: Sequence[RefChange],
        pointers: Mapping[str, str] | None = None,
    ) -> None:
        """Write what follows moved refs: links, events, the repository's row, its index.

        ``pointers`` (sha256 to path) are the large files that came with them; None looks.
        """
        self.landing.rows(repository.id, actor_id, changes, pointers)

    def recover(self) -> int:
        """Finish what a crash cut short between a ref and its rows. Called at boot."""
        return self.landing.recover()

    def take_over(self) -> int:
        """Finish what another worker left that fell. Only one worker at a time."""
        return self.landing.take_over()

    def settle(self) -> int:
        """Write rows that a full disk or the like kept from following their refs."""
        return self.landing.settle()

    @contextmanager
    def turn(self, repository_id: int, reference: str) -> Iterator[None]:
        """One writer of a ref at a time in this process; other processes meet in ``swap_ref``."""
        with self._locks[hash((repository_id, reference)) % _LOCKS]:
            yield

    def _reference_of(self, repository: Repository, revision: str, *, must_exist: bool) -> str:
        """The full ref that a commit on this revision moves.

        Raises:
            RevisionNotFound: no branch or pull request; a commit cannot be made on an id or tag.
        """
        if is_commit_id(revision):
            raise RevisionNotFound(revision)
        reference = revision if revision.startswith("refs/") else f"refs/heads/{revision}"
        known = reference.startswith(("refs/heads/", "refs/convert/"))
        if not known and pull_request_number(reference) is None:
            raise RevisionNotFound(revision)
        if self._git.ref_target(repository.id, reference) is not None:
            return reference
        if must_exist or not self._may_be_born(repository, reference):
            raise RevisionNotFound(revision)
        return reference

    def _may_be_born(self, repository: Repository, revision: str) -> bool:
        """Whether a first commit may make this branch: main, while it does not exist."""
        if revision.removeprefix("refs/heads/") != "main":
            return False
        return self._git.head(repository.id) is None


def _message_of(header: CommitHeader) -> str:
    summary = header.summary.strip()
    if not summary:
        msg = "A commit needs a summary."
        raise InvalidCommit(msg)
    message = f"{summary}\n\n{header.description}".rstrip() + "\n"
    if len(message.encode("utf-8", "replace")) > MESSAGE_BYTES_MAX or "\0" in message:
        msg = f"A commit's message has at most {MESSAGE_BYTES_MAX} bytes, none of them zero."
        raise InvalidCommit(msg)
    return message


def _check_parent(header: CommitHeader, head: str | None) -> None:
    parent = header.parent_commit
    if parent is None:
        return
    if head is None or len(parent) < 7 or not head.startswith(parent):
        raise ParentMoved
