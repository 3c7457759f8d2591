"""Packs that the hub builds itself: asked for, one at a time, told of, taken back.

A build reads with the rights that whoever asked has when it is begun, and again when it is
committed. Its files lie in a folder of their own, and a commit is the first that anybody sees of
it: what broke off leaves nothing. What a hub's end cut off is begun again at its next start.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from groundswell.ask.builds.desk import Desk
from groundswell.ask.builds.process import BuildLimits, make_apart
from groundswell.ask.builds.values import Build, Order, Stage
from groundswell.ask.copying import Copying
from groundswell.ask.packs.sources import Source
from groundswell.ask.publishing import BRANCH, Publishing
from groundswell.ask.reach import check_reach, is_open
from groundswell.core.errors import (
    Conflict,
    GroundswellError,
    ParentMoved,
    RepoNotFound,
    TooManyRequests,
)
from groundswell.core.policy import Action
from groundswell.core.values import Principal, RepoId, RepoKind, Visibility
from groundswell.hub.repos import Repos, Repository

_log = logging.getLogger(__name__)

WAITING_MAX: Final = 50
FOR_ONE_ACCOUNT_MAX: Final = 5
TRIES_MAX: Final = 3
KEPT_DAYS: Final = 30
# Somebody else commits meanwhile now and then.
PUBLISHES_MAX: Final = 3
_NOTE_SECONDS: Final = 1.0
_DAY: Final = 24 * 3600 * 1_000_000


class _Cut(Exception):
    """The hub ends: it is begun again."""


class _Unwanted(Exception):
    """Whoever asked took it back."""


class Builds:
    """Builds of one hub. Thread-safe; ``run`` is one worker's.

    Args:
        repos: find repositories for somebody.
        copying: takes documents out of them.
        publishing: puts packs into them.
        refresh: gives the rights that an account has now; raises InvalidCredentials without any.
        folder: of builds, which this alone uses.
        clock: microseconds since the epoch.
        limits: what one may take.
    """

    def __init__(
        self,
        repos: Repos,
        copying: Copying,
        publishing: Publishing,
        refresh: Callable[[int], Principal],
        folder: Path,
        clock: Callable[[], int],
        limits: BuildLimits | None = None,
    ) -> None:
        self._repos = repos
        self._copying = copying
        self._publishing = publishing
        self._refresh = refresh
        self._desk = Desk(folder)
        self._clock = clock
        self._limits = limits or BuildLimits()
        self._stopping = threading.Event()

    def ask(self, principal: Principal, repository: Repository, order: Order) -> Build:
        """Let a pack be built of a repository's files.

        Args:
            principal: who asks; has to be allowed to write there.
            repository: found for them, to be written.
            order: what they want.

        Raises:
            Forbidden: its readers would be more than the files', or it may not be written.
            InvalidName: the target's name is none.
            Conflict: one is under way.
            TooManyRequests: too many wait.
        """
        assert principal.account_id is not None, "who writes is signed in"
        self._check(principal, repository, order)
        asked = Build(repository.id, principal.account_id, order, self._clock())
        with self._desk.alone():
            waiting = self._desk.under_way()
            if any(build.repository_id == repository.id for build in waiting):
                raise Conflict("A pack is being built of it already.")
            own = sum(build.account_id == principal.account_id for build in waiting)
            if len(waiting) >= WAITING_MAX or own >= FOR_ONE_ACCOUNT_MAX:
                raise TooManyRequests("Too many packs wait to be built. Try again later.")
            self._desk.clear(repository.id)
            self._desk.put(asked)
        return asked

    def _check(self, principal: Principal, repository: Repository, order: Order) -> RepoId:
        """Where it goes to. Raises as ``ask``."""
        if repository.kind is not RepoKind.DATASET and not order.target:
            raise Conflict("A pack is a dataset: name one for it.")
        if not order.target:
            return repository.repo_id
        target_id = RepoId.parse(RepoKind.DATASET, order.target)
        try:
            target = self._repos.find(principal, target_id, Action.WRITE)
        except RepoNotFound:
            target = None
        check_reach(repository, target_id, target, self._visibility(repository))
        return target_id

    def _visibility(self, repository: Repository) -> Visibility:
        return Visibility.PUBLIC if is_open(repository) else Visibility.PRIVATE

    def state(self, repository: Repository) -> Build | None:
        """The last build of a repository that the caller may write."""
        return self._desk.get(repository.id)

    def before(self, build: Build) -> int:
        """How many are built before it."""
        numbers = [each.repository_id for each in self._desk.under_way()]
        return numbers.index(build.repository_id) if build.repository_id in numbers else 0

    def cancel(self, repository: Repository) -> None:
        """Take a build back. One that is committed stays."""
        build = self._desk.get(repository.id)
        if build is not None and not build.stage.is_end:
            self._desk.cancel(repository.id)

    def stop(self) -> None:
        """End what is under way, to be begun again later; and every later run."""
        self._stopping.set()

    def run(self) -> int:
        """Build what waits; how many came to their end."""
        ended = 0
        while not self._stopping.is_set():
            waiting = self._desk.under_way()
            if not waiting:
                break
            ended += self._run_one(waiting[0])
        return ended

    def sweep(self) -> int:
        """Remove what a kill left of builds that came to their end, and notes that are old; how
        many of these.
        """
        old = 0
        for build in self._desk.all():
            if not build.stage.is_end:
                continue
            if build.ended_at < self._clock() - KEPT_DAYS * _DAY:
                self._desk.forget(build.repository_id)
                old += 1
            else:
                self._desk.clear(build.repository_id)
        return old

    def _run_one(self, build: Build) -> int:
        now = self._clock()
        note = _Note(self._desk, replace(build, began_at=build.began_at or now))
        try:
            if build.tries >= TRIES_MAX:
                note.end(Stage.FAILED, self._clock(), why=f"It was cut off {TRIES_MAX} times.")
            else:
                note.change(tries=build.tries + 1)
                self._build(note)
        except _Cut:
            note.change(stage=Stage.WAITING, tries=note.build.tries - 1)
            return 0
        except _Unwanted:
            note.end(Stage.CANCELLED, self._clock())
        except GroundswellError as error:
            note.end(Stage.FAILED, self._clock(), why=error.message)
        except OSError as error:
            _log.warning("a pack could not be built", exc_info=error)
            why = f"The disk refused it: {error.strerror or 'no reason given'}."
            note.end(Stage.FAILED, self._clock(), why=why)
        self._desk.clear(build.repository_id)
        return 1

    def _build(self, note: _Note) -> None:
        build = note.build
        work = self._desk.work(build.repository_id)

        def tell(**counts: int) -> None:
            if self._desk.is_cancelled(build.repository_id):
                raise _Unwanted
            if self._stopping.is_set():
                raise _Cut
            note.count(counts)

        tell()
        _, source, _ = self._found(build)
        note.enter(Stage.COPYING, self._clock())
        sources = self._copying.copy(
            source, BRANCH, work / "files", None, lambda done, total: tell(done=done, total=total)
        )
        note.enter(Stage.BUILDING, self._clock())
        self._make(note, source, sources, work, tell)
        tell()
        note.enter(Stage.PUBLISHING, self._clock())
        commit, target_id = self._publish(build, work / "pack", tell)
        note.end(Stage.DONE, self._clock(), commit=commit, target=target_id.full_name)

    def _make(
        self,
        note: _Note,
        source: Repository,
        sources: Sequence[Source],
        work: Path,
        tell: Callable[..., None],
    ) -> None:
        order = note.build.order
        options = {
            "title": order.title or source.repo_id.name,
            "language": order.language,
            "licence": order.licence,
        }

        def counted(counts: Sequence[int]) -> None:
            done, total, articles, size_bytes = counts
            tell(done=done, total=total, articles=articles, size_bytes=size_bytes)

        made = make_apart(work, sources, options, self._limits, counted)
        left_out = tuple((str(path)[:300], str(why)[:300]) for path, why in made["left_out"])
        note.change(
            left_out=left_out,
            left_out_count=int(made["left_out_count"]),
            articles=int(made["articles"]),
            passages=int(made["passages"]),
        )

    def _publish(self, build: Build, folder: Path, tell: Callable[..., None]) -> tuple[str, RepoId]:
        for attempt in range(PUBLISHES_MAX):
            principal, source, target_id = self._found(build)
            try:
                commit = self._publishing.publish(
                    principal,
                    target_id,
                    folder,
                    self._visibility(source),
                    lambda done, total: tell(done=done, total=total),
                )
            except ParentMoved:
                if attempt == PUBLISHES_MAX - 1:
                    raise
            else:
                return commit, target_id
        raise AssertionError("one of them returned or raised")

    def _found(self, build: Build) -> tuple[Principal, Repository, RepoId]:
        """Who asked with the rights of this moment, what they may write, and where it goes to."""
        principal = self._refresh(build.account_id)
        source = self._repos.find_by_number(principal, build.repository_id, Action.READ)
        source = self._repos.find_by_number(principal, build.repository_id, Action.WRITE)
        return principal, source, self._check(principal, source, build.order)


class _Note:
    """A build as it goes on, written now and then."""

    def __init__(self, desk: Desk, build: Build) -> None:
        self._desk = desk
        self.build = build
        self._written = 0.0

    def change(self, **said: object) -> None:
        """Write what changed."""
        self.build = replace(self.build, **said)  # type: ignore[arg-type]
        self._desk.put(self.build)
        self._written = time.monotonic()

    def enter(self, stage: Stage, now: int) -> None:
        """Another stage begins."""
        self.change(stage=stage, stage_at=now, done=0, total=0)

    def count(self, counts: dict[str, int]) -> None:
        """Counts, which need not all be written."""
        if counts and time.monotonic() - self._written > _NOTE_SECONDS:
            self.change(**counts)

    def end(self, stage: Stage, now: int, **said: object) -> None:
        """It came to its end."""
        self.change(stage=stage, ended_at=now, **said)
