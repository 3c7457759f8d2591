"""The time table of a hub: chores that run now and then on one thread of their own.

Knows how to wait, and that a chore that fails is reported and tried again, never fatal. Whoever
serves starts it and stops it. One chore runs at a time, so that chores never take more than a
part of one processor from people.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from groundswell.hub.blobs import Blobs
from groundswell.hub.commits import Commits
from groundswell.hub.mailing import Sending
from groundswell.hub.merge_queue import MergeQueue
from groundswell.hub.notifications import Projecting
from groundswell.hub.projections import Projections, Work
from groundswell.hub.repos import Repos
from groundswell.hub.upkeep import Premises
from groundswell.hub.upkeep.cooling import Cooling
from groundswell.hub.upkeep.measuring import Measuring
from groundswell.hub.upkeep.publishing import Publishing
from groundswell.hub.upkeep.scrubbing import Scrub
from groundswell.hub.upkeep.sweeping import Sweeping
from groundswell.hub.upkeep.trending import Trending
from groundswell.hub.webhooks import sweep as sweep_deliveries

if TYPE_CHECKING:
    from groundswell.ask.builds import Builds

_log = logging.getLogger(__name__)

MINUTE: Final = 60.0
HOUR: Final = 3_600.0
DAY: Final = 24 * HOUR
NOTICES_SECONDS: Final = 1.0
MAIL_SECONDS: Final = 5.0
BUILDS_SECONDS: Final = 1.0
SCRUB_SAVES_SECONDS: Final = 5.0
STOP_SECONDS: Final = 10.0
RETRY_SECONDS: Final = 10 * MINUTE
OFTEN_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do every so often. ``work`` says how much it did; ``break_off`` lets it, and
    every later run, end soon. Of several workers over the same stores only one runs what is
    ``for_one``.
    """

    name: str
    every_seconds: float
    work: Callable[[], int]
    first_after_seconds: float = MINUTE
    break_off: Callable[[], None] | None = None
    for_one: bool = True


@dataclass(frozen=True, slots=True)
class ChoreState:
    """How a chore went last, in this process. ``ran_at`` is in seconds since the epoch, None before
    the first time; ``count`` is None when it failed.
    """

    name: str
    every_seconds: float
    ran_at: float | None = None
    took_seconds: float = 0.0
    count: int | None = 0


def _alone() -> bool:
    """No other worker is there."""
    return True


class Schedule:
    """Runs chores from ``start`` to ``stop``. ``leads`` says whether this worker runs what only
    one does; it is asked each time, since the one that did may have ended.
    """

    def __init__(
        self,
        chores: Sequence[Chore],
        now: Callable[[], float] = time.monotonic,
        leads: Callable[[], bool] = _alone,
    ) -> None:
        self._chores = tuple(chores)
        self._leads = leads
        self._now = now
        self._due: dict[str, float] = {}
        self._states = {each.name: ChoreState(each.name, each.every_seconds) for each in chores}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedule", daemon=True)

    def start(self) -> None:
        """Begin. Once."""
        began = self._now()
        self._due = {chore.name: began + chore.first_after_seconds for chore in self._chores}
        self._thread.start()

    def stop(self, timeout_seconds: float = STOP_SECONDS) -> bool:
        """Begin nothing more, and wait for the chore under way. Whether it ended in time.

        Idempotent; does nothing when it was never started.
        """
        self._stopping.set()
        for chore in self._chores:
            if chore.break_off is not None:
                chore.break_off()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def states(self) -> tuple[ChoreState, ...]:
        """How each chore went last, in the order of the time table."""
        return tuple(self._states.values())

    def run_due(self) -> float | None:
        """Run what is due; the seconds until the next is, or None when there are no chores."""
        for chore in self._chores:
            if self._stopping.is_set():
                break
            if self._due[chore.name] <= self._now():
                self._due[chore.name] = self._now() + self._run_one(chore)
        return max(min(self._due.values()) - self._now(), 0.0) if self._due else None

    def _run_one(self, chore: Chore) -> float:
        """Run a chore; the seconds after which it runs again."""
        if chore.for_one and not self._leads():
            return min(chore.every_seconds, MINUTE)
        began = self._now()
        try:
            count = chore.work()
        except Exception:
            _log.exception("chore %s failed", chore.name)
            self._note(chore, began, None)
            return min(chore.every_seconds, RETRY_SECONDS)
        self._note(chore, began, count)
        # What runs every moment would fill the log with what people do anyway.
        is_news = count and chore.every_seconds >= OFTEN_SECONDS
        level = logging.INFO if is_news else logging.DEBUG
        _log.log(level, "chore %s: %d in %.1f s", chore.name, count, self._now() - began)
        return chore.every_seconds

    def _note(self, chore: Chore, began: float, count: int | None) -> None:
        took = self._now() - began
        state = ChoreState(chore.name, chore.every_seconds, time.time(), took, count)
        self._states[chore.name] = state

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._stopping.wait(self.run_due())


def cooling_chores(premises: Premises, blobs: Blobs, cold_after_days: int) -> list[Chore]:
    """Writing old weights small, when a hub is told to."""
    if not cold_after_days:
        return []
    cooling = Cooling(premises, blobs.forget)

    def cool() -> int:
        return cooling.run(cold_after_days * DAY).made_cold

    return [Chore("cool-xorbs", HOUR, cool, HOUR / 4, break_off=cooling.break_off)]


class Scrubbing:
    """Scrubs at a rate: every second brings an allowance of bytes, and a large xorb is paid off
    by the seconds after it.
    """

    def __init__(
        self,
        premises: Premises,
        bytes_per_second: int,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now = now
        self._premises = premises
        self._bytes_per_second = bytes_per_second
        self._scrub = Scrub(premises)
        self._allowance_bytes = 0.0
        self._went_at = now()
        self.stop = self._scrub.stop

    def work(self) -> int:
        """Go on for as much as is allowed; how many objects, when a pass came to its end."""
        now = self._now()
        earned = (now - self._went_at) * self._bytes_per_second
        most = SCRUB_SAVES_SECONDS * self._bytes_per_second
        self._allowance_bytes = min(self._allowance_bytes + earned, most)
        self._went_at = now
        state = self._scrub.catch_up()
        rested = self._premises.clock() - state.last_finished_at
        if not state.is_under_way and rested < DAY * 1_000_000:
            return 0
        if self._allowance_bytes <= 0:
            return 0
        self._scrub.begin()
        self._allowance_bytes -= self._scrub.run(int(self._allowance_bytes))
        return 0 if self._scrub.state.is_under_way else self._scrub.state.last_objects


def chores_of(
    premises: Premises,
    repos: Repos,
    blobs: Blobs,
    commits: Commits,
    collecting: Callable[[], int],
) -> list[Chore]:
    """What a hub does now and then."""
    sweeping, measuring, publishing = Sweeping(premises), Measuring(premises), Publishing(premises)
    trending = Trending(premises)

    def warm_up() -> int:
        blobs.warm_up()
        return 0

    def sweep_log() -> int:
        return sweep_deliveries(premises.database, premises.clock())

    return [
        # Once, when the first page is out: the first upload need not wait for it.
        Chore("warm-up", 365 * DAY, warm_up, first_after_seconds=1.0, for_one=False),
        Chore("settle-commits", MINUTE, commits.settle, for_one=False),
        Chore("take-over", 10.0, commits.take_over, first_after_seconds=5.0),
        Chore("finish-deletions", DAY, repos.finish_deletions, first_after_seconds=5.0),
        Chore("note-identities", DAY, sweeping.note_identities, first_after_seconds=10.0),
        Chore("sweep-spool", HOUR, blobs.sweep_spool, for_one=False),
        Chore("sweep-staging", HOUR, blobs.grants.sweep, break_off=blobs.grants.break_off),
        Chore("end-sessions", HOUR, sweeping.end_sessions),
        Chore("end-device-grants", HOUR, sweeping.end_device_grants),
        Chore("measure-sizes", MINUTE / 4, measuring.run, 10.0, break_off=measuring.break_off),
        Chore("publish-xorbs", MINUTE / 4, publishing.run, 15.0, break_off=publishing.break_off),
        Chore("score-trending", HOUR, trending.run, 20.0, break_off=trending.break_off),
        Chore("end-claims", DAY, sweeping.end_claims),
        Chore("end-attachments", HOUR, sweeping.end_attachments),
        Chore("sweep-deliveries", HOUR, sweep_log),
        Chore("collect", 6 * HOUR, collecting, first_after_seconds=10 * MINUTE),
        Chore(
            "pack-written-repositories",
            10.0,
            sweeping.pack_written,
            first_after_seconds=10.0,
            break_off=premises.git.tidying.stop,
            for_one=False,
        ),
        Chore("pack-repositories", HOUR, sweeping.pack_repositories, first_after_seconds=HOUR / 2),
    ]


def notice_chores(projecting: Projecting) -> list[Chore]:
    """Inboxes. On a schedule of its own: whoever is spoken to hears of it within seconds, however
    long other chores take.
    """
    return [
        Chore("notices", NOTICES_SECONDS, projecting.run, NOTICES_SECONDS, projecting.stop),
    ]


def mail_chores(sending: Sending | None) -> list[Chore]:
    """E-mail, where a mail server is named. On a schedule of its own: it may answer slowly."""
    if sending is None:
        return []
    return [Chore("mail", MAIL_SECONDS, sending.run, MAIL_SECONDS, sending.stop)]


def building_chores(builds: Builds | None) -> list[Chore]:
    """Building packs, where that is installed. On a schedule of its own: one may take hours."""
    if builds is None:
        return []
    return [
        Chore("build-packs", BUILDS_SECONDS, builds.run, BUILDS_SECONDS, builds.stop),
        Chore("sweep-builds", DAY, builds.sweep),
    ]


def queue_chores(merge_queue: MergeQueue) -> list[Chore]:
    """Letting queues of merges go on: after a restart, when a time is over, when main moved."""
    return [Chore("go-on-with-queues", MINUTE / 4, merge_queue.run, first_after_seconds=5.0)]


def projection_chores(projections: Projections, works: Mapping[str, Work]) -> list[Chore]:
    """Following the line of events, for each projection by its name. On a schedule of its own:
    people wait for what is made of them.
    """
    stopping = threading.Event()

    def follow(name: str, work: Work) -> Callable[[], int]:
        return lambda: projections.run(name, work, stopping.is_set)

    return [
        Chore(f"project-{name}", 1.0, follow(name, work), 1.0, break_off=stopping.set)
        for name, work in works.items()
    ]


def scrub_chores(premises: Premises, bytes_per_second: int) -> list[Chore]:
    """Reading all that is kept, at a rate; not at all at 0. On a schedule of its own: a large
    repository takes git minutes, which the others need not wait.
    """
    if not bytes_per_second:
        return []
    scrubbing = Scrubbing(premises, bytes_per_second)
    return [Chore("scrub", 1.0, scrubbing.work, first_after_seconds=5.0, break_off=scrubbing.stop)]
