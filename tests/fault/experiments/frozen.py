"""F7: uploads that freeze between any two of their steps, with the collector at work between them.

A commit either succeeds and everything in it can be read, or is refused after it slept for longer
than the grace, and sending all of it again succeeds. In the end no garbage is left. Stock clients
that freeze are in tests/fault/test_collector_live.py.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from groundswell.core.errors import GroundswellError
from groundswell.hub.repos import Repository
from tests.fault.experiments.figures import Figure, Scale, counted
from tests.fault.experiments.site import Site
from tests.fault.frozen_uploads import Place, steps_of
from tests.hub.blobs.world import digest_of, noise

GRACE_SECONDS = 2
STEP_SECONDS = 0.6  # several runs of the collector within a grace: what goes too early is seen
RUNS_MAX = 16  # until what is let go is gone: contents, then what they were made of
AT_ONCE = 6


@dataclass
class Frozen:
    """An upload that sleeps. ``touched`` is when it last did something, by the hub's clock."""

    repository: Repository
    content: bytes
    steps: Iterator[str]
    touched: float
    has_sent: bool = False


class Interleaving:
    """Uploads and the collector in random order. ``faults`` is what may not happen."""

    def __init__(self, place: Place, seed: int) -> None:
        self.place = place
        self.chance = random.Random(seed)
        self.committed: dict[tuple[int, str], bytes] = {}
        self.frozen: list[Frozen] = []
        self.faults: list[str] = []
        self.refused = self.finished = 0

    def step(self) -> None:
        if len(self.frozen) < AT_ONCE:
            self.frozen.append(self._begin())
        self._go_on(self.chance.choice(self.frozen))
        if self.chance.random() < 0.3 and self.committed:
            which = self.chance.choice(sorted(self.committed))
            self._let_go(*which)
            del self.committed[which]
        for _ in range(self.chance.randrange(4)):
            self.collect()

    def collect(self) -> None:
        self.place.clock.seconds += STEP_SECONDS
        self.place.collect(grace_seconds=GRACE_SECONDS)

    def look(self) -> None:
        """Everything committed can be read."""
        for (number, sha256), expected in self.committed.items():
            try:
                found = self.place.read(self._repository(number), sha256)
            except GroundswellError as error:
                self.faults.append(f"{sha256[:8]} is missing: {error!r}")
                continue
            if found != expected:
                self.faults.append(f"{sha256[:8]} is other bytes")

    def end(self) -> int:
        """Let everything go; how many objects are left after a grace."""
        self.faults += [f"fsck: {each}" for each in self.place.faults()]
        for which in self.committed:
            self._let_go(*which)
        self.committed.clear()
        self.frozen.clear()
        for _ in range(RUNS_MAX):
            self.collect()
        return len(self.place.on_disk())

    def _begin(self) -> Frozen:
        seed = self.chance.randrange(12)
        content = noise(100_000 + 9_000 * (seed % 4), 30 + seed % 4) + noise(70_000, 50 + seed)
        repository = self.chance.choice([self.place.one, self.place.two])
        steps = steps_of(self.place, repository, content)
        return Frozen(repository, content, steps, self.place.clock.seconds)

    def _go_on(self, upload: Frozen) -> None:
        slept = self.place.clock.seconds - upload.touched
        try:
            done = next(upload.steps, "committed")
        except GroundswellError as error:
            self.refused += 1
            # A chunk that was asked for may not have been there: only what was sent is promised.
            if slept < GRACE_SECONDS and upload.has_sent:
                self.faults.append(f"refused after {slept} s: {error!r}")
            done = self._again(upload)
        upload.touched = self.place.clock.seconds
        upload.has_sent = upload.has_sent or done == "sent the xorb"
        if done == "committed":
            self.committed[upload.repository.id, digest_of(upload.content)] = upload.content
            self.finished += 1
            self.frozen.remove(upload)

    def _again(self, upload: Frozen) -> str:
        try:
            list(steps_of(self.place, upload.repository, upload.content))
        except GroundswellError as error:
            self.faults.append(f"sending all of it again did not help: {error!r}")
            self.frozen.remove(upload)
            return "given up"
        return "committed"

    def _let_go(self, number: int, sha256: str) -> None:
        self.place.let_go(self._repository(number), sha256)

    def _repository(self, number: int) -> Repository:
        return self.place.one if number == self.place.one.id else self.place.two


def run(site: Site, folder: Path, scale: Scale) -> Iterator[Figure]:
    """The experiment."""
    wanted = scale.of(100, 1_000)
    place = Place(folder)
    try:
        story = Interleaving(place, seed=5)
        while story.finished < wanted:
            story.step()
            if story.finished % 10 == 0:
                story.look()
        story.look()
        backup = _removed_during_a_backup(story)
        left = story.end()
    finally:
        place.close()
    yield Figure(
        "F7",
        "commits with a missing object, or refused within the grace",
        counted(story.faults, f"in {story.finished} interleavings"),
        "0",
        not story.faults and story.refused > 0,
        f"{story.refused} uploads slept too long, were refused, and were sent again",
    )
    yield Figure("F7", "objects removed during a backup", str(backup), "0", backup == 0)
    yield Figure("F7", "garbage left at the end", f"{left} objects", "0", left == 0)


def _removed_during_a_backup(story: Interleaving) -> int:
    """How much goes while a backup is made, of what is due."""
    place = story.place
    place.upload(place.one, noise(120_000, 99))
    before = len(place.on_disk())
    with place.premises().lease.nothing_is_deleted():
        for _ in range(RUNS_MAX):
            story.collect()
        return before - len(place.on_disk())
