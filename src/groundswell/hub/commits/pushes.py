"""A push by real git: what may move, what came, and what the client is told.

The pack is checked in quarantine (git's own checks, then ours) before any object of it joins the
repository. Then the same steps as for a commit: objects, note, barrier, refs, barrier, rows; and
only then the report.
"""

from __future__ import annotations

import logging
from typing import Final

from groundswell.core.errors import (
    ConcurrentWrite,
    Conflict,
    Forbidden,
    GroundswellError,
    InvalidCommit,
    ProtectedReference,
)
from groundswell.core.values import Arrival, Principal, check_reference_name
from groundswell.hub.blobs import Blobs
from groundswell.hub.commits.checking import PushCheck
from groundswell.hub.commits.guard import Guard
from groundswell.hub.commits.landing import Landing
from groundswell.hub.commits.rights import check_may_move, pull_request_number
from groundswell.hub.commits.values import RefChange
from groundswell.hub.repos import Repository
from groundswell.store.database import Database
from groundswell.store.git import GitStore
from groundswell.store.git.incoming import Incoming, index_fault
from groundswell.store.git.process import command, environment
from groundswell.store.git.quarantine import commit_of, new_entries
from groundswell.wire.git.pushing import Command, PushHead, advertisement, report

LOG: Final = logging.getLogger("groundswell.git")
PACK_BYTES_MAX: Final = 16 << 30
MAIN: Final = "refs/heads/main"
_BRANCHES: Final = "refs/heads/"
_TAGS: Final = "refs/tags/"
_NAMED_MAX: Final = 10

Process = tuple[list[str], dict[str, str]]
"""Arguments and the whole environment of a process."""


class Pushes:
    """Git over the wire, for repositories that ``Repos.find`` gave for the principal."""

    def __init__(
        self, database: Database, git: GitStore, blobs: Blobs, landing: Landing, guard: Guard
    ) -> None:
        self._database = database
        self._git = git
        self._blobs = blobs
        self._landing = landing
        self._guard = guard

    def fetch_process(self, repository: Repository, protocol: str, *, advertise: bool) -> Process:
        """The process that answers a fetch: request on standard input, answer on its output.

        ``protocol`` is the value of Git-Protocol (``version=2``), or empty.
        """
        path = self._git.path(repository.id)
        extra = ["--http-backend-info-refs"] if advertise else []
        arguments = command(None, "upload-pack", "--stateless-rpc", "--strict", *extra, str(path))
        variables = {"GIT_PROTOCOL": protocol} if protocol else {}
        return arguments, environment(**variables)

    def advertisement(self, repository: Repository) -> bytes:
        """The answer to ``info/refs?service=git-receive-pack``."""
        refs = self._git.references(repository.id)
        return advertisement((each.name, each.object_id) for each in refs)

    def begin(self, principal: Principal, repository: Repository, head: PushHead) -> Push:
        """A push whose pack is about to come.

        Raises:
            StorageFull, Unavailable: no writes now.
        """
        self._landing.settle_first(repository.id)
        refused: dict[str, str] = {}
        for each in head.commands:
            try:
                self._check_ref(principal, repository, each)
            except GroundswellError as error:
                refused[each.name] = error.message
        parts = (self._git, self._blobs, self._landing, self._guard)
        return Push(*parts, principal, repository, head, refused)

    def _check_ref(self, principal: Principal, repository: Repository, each: Command) -> None:
        """Raise when the principal may not do this to this ref."""
        name = each.name
        if pull_request_number(name) is not None:
            if each.old is None or self._git.ref_target(repository.id, name) is None:
                msg = "open a pull request first; then push to its ref"
                raise Forbidden(msg)
            if each.new is None:
                msg = "the ref of a pull request stays; close the pull request instead"
                raise Forbidden(msg)
        elif name.startswith((_BRANCHES, _TAGS)):
            if each.new is not None:
                check_reference_name(name.partition("/")[2].partition("/")[2])
        else:
            msg = "only branches, tags and pull request refs can be pushed"
            raise Forbidden(msg)
        if name == MAIN and each.new is None:
            msg = f"Cannot delete {MAIN}"
            raise Forbidden(msg)
        check_may_move(self._database, principal, repository, name)
        self._guard.decide_name(principal, repository, name, deletes=each.new is None)


class Push:
    """One push: ``process`` takes its pack, ``finish`` decides, ``discard`` cleans up."""

    def __init__(
        self,
        git: GitStore,
        blobs: Blobs,
        landing: Landing,
        guard: Guard,
        principal: Principal,
        repository: Repository,
        head: PushHead,
        refused: dict[str, str],
    ) -> None:
        self._git = git
        self._blobs = blobs
        self._landing = landing
        self._guard = guard
        self._principal = principal
        self._repository = repository
        self._head = head
        self._refused = refused
        self._allowed = [each for each in head.commands if each.name not in refused]
        self._incoming: Incoming | None = None
        self._fault: GroundswellError | None = None
        if head.has_pack and self._may_go_on:
            try:
                self._incoming = git.receive(repository.id)
            except GroundswellError as error:
                self._fault = error  # told in the report: git shows its user nothing else

    @property
    def _may_go_on(self) -> bool:
        """Whether anything is left to do: an atomic push with a refused ref is refused whole."""
        return bool(self._allowed) and not (self._head.is_atomic and self._refused)

    @property
    def process(self) -> Process | None:
        """The process that takes the pack; None when the pack is not wanted."""
        if self._incoming is None:
            return None
        return self._incoming.index_command(PACK_BYTES_MAX)

    def discard(self) -> None:
        """Forget what came. Idempotent, and safe after ``finish``."""
        if self._incoming is not None:
            self._incoming.discard()

    def finish(self, exit_code: int, stderr: str) -> bytes:
        """Decide, move the refs durably, and say what became of each.

        Args:
            exit_code: of ``process``; 0 when there was none.
            stderr: what it said.
        """
        # What is found here now has to be here still when the refs name it.
        with self._git.gates.writing(self._repository.id):
            return self._finish(exit_code, stderr)

    def _finish(self, exit_code: int, stderr: str) -> bytes:
        try:
            if self._fault is not None:
                raise self._fault
            if exit_code != 0:
                raise index_fault(stderr)
            pointers = self._check() if self._may_go_on else {}
        except GroundswellError as error:
            return self._refuse_all(error, unpacked=exit_code == 0)
        finally:
            if not self._may_go_on:
                self.discard()
        if not self._may_go_on:
            return report(self._head, "ok", self._results({}))
        try:
            outcome, arrival = self._land(pointers)
        except GroundswellError as error:
            LOG.warning("a push was not recorded: %s", error.message)
            return self._refuse_all(error, unpacked=True)
        told = [] if arrival is None else [f"groundswell: {arrival.text}"]
        return report(self._head, "ok", self._results(outcome), told)

    def _results(self, outcome: dict[str, str | None]) -> dict[str, str | None]:
        missing = "atomic push failed" if self._head.is_atomic and self._refused else "refused"
        results: dict[str, str | None] = {each.name: missing for each in self._head.commands}
        return {**results, **outcome, **self._refused}

    def _refuse_all(self, error: GroundswellError, *, unpacked: bool) -> bytes:
        self.discard()
        reason = error.code if unpacked else "unpacker error"
        results = self._results({each.name: f"{reason}: see above" for each in self._allowed})
        unpack = "ok" if unpacked else error.message
        return report(self._head, unpack, results, [f"groundswell: {error.message}"])

    # --- checking -----------------------------------------------------------------------------

    def _check(self) -> dict[str, str]:
        """Look at everything that came; the large files in it (sha256 to path).

        Raises:
            InvalidCommit, InvalidPath, TooLarge: what is wrong and what to do.
        """
        tips = [each for each in self._allowed if each.new is not None]
        if self._incoming is None or not tips:
            return {}
        handle = self._incoming.handle()
        try:
            self._incoming.check_connected([each.new for each in tips if each.new])
            known = [ref.target for ref in self._git.references(self._repository.id)]
            check = PushCheck()
            for each in tips:
                assert each.new is not None
                tag_allowed = each.name.startswith(_TAGS)
                commit = commit_of(handle, each.new, tag_allowed=tag_allowed)
                for entries in new_entries(handle, commit, known):
                    check.take(entries)
                known.append(commit)
        finally:
            handle.free()
        self._check_blobs(check)
        return check.pointers

    def _check_blobs(self, check: PushCheck) -> None:
        if not check.pointers:
            return
        held = self._blobs.claimed_or_linked(
            self._repository.id, self._principal.account_id, list(check.pointers)
        )
        missing = [path for sha256, path in check.pointers.items() if sha256 not in held]
        if missing:
            named = ", ".join(repr(path[:200]) for path in missing[:_NAMED_MAX])
            more = f" and {len(missing) - _NAMED_MAX} more" if len(missing) > _NAMED_MAX else ""
            msg = (
                f"the content of {named}{more} is not here. "
                "Run `git lfs install` and `git lfs push --all origin`, then push again."
            )
            raise InvalidCommit(msg)
        for sha256, blob in held.items():
            if check.sizes[sha256] != blob.size_bytes:
                msg = (
                    f"the pointer {check.pointers[sha256][:200]!r} says {check.sizes[sha256]} "
                    f"bytes; its content has {blob.size_bytes}."
                )
                raise InvalidCommit(msg)
        self._blobs.quotas.check(self._repository.id, self._principal.account_id, check.sizes)

    # --- landing ------------------------------------------------------------------------------

    def _land(self, pointers: dict[str, str]) -> tuple[dict[str, str | None], Arrival | None]:
        """Adopt the objects and move the refs; for each ref None, or why it did not move; and what
        it took to bring the large files.
        """
        if self._incoming is not None:
            self._incoming.adopt()
        number, actor = self._repository.id, self._principal.account_id
        changes = self._decide()
        if not changes:
            return {}, None
        note = self._landing.announce(number, actor, changes)
        moved: list[RefChange] = []
        outcome: dict[str, str | None] = {}
        for change in changes:
            try:
                self._git.swap_ref(number, change.name, change.old, change.new)
                moved.append(change)
                outcome[change.name] = None
            except GroundswellError as error:
                is_lost = isinstance(error, Conflict)
                outcome[change.name] = "failed to update ref" if is_lost else error.message
        if self._head.is_atomic and len(moved) < len(changes):
            moved = self._take_back(moved, outcome)
        arrival = None
        if moved:
            arrival = self._landing.finish(note, number, actor, moved, pointers)
        else:
            self._landing.withdraw(note)
        return outcome, arrival

    def _decide(self) -> list[RefChange]:
        """The changes that the rules of their refs let be, now that their commits are here; the
        others are refused, and all with them where the push is atomic.
        """
        changes: list[RefChange] = []
        for each in self._allowed:
            change = RefChange(each.name, each.old, each.new)
            try:
                changes.append(self._guard.decide(self._principal, self._repository, change))
            except (ConcurrentWrite, ProtectedReference) as error:
                self._refused[each.name] = error.message
        return [] if self._head.is_atomic and self._refused else changes

    def _take_back(self, moved: list[RefChange], outcome: dict[str, str | None]) -> list[RefChange]:
        """Undo the moves of an atomic push that failed; those that stay because others built on
        them meanwhile.
        """
        staying: list[RefChange] = []
        for change in moved:
            try:
                self._git.swap_ref(self._repository.id, change.name, change.new, change.old)
                outcome[change.name] = "atomic push failed"
            except GroundswellError:
                staying.append(change)
        return staying
