"""F10: clocks that are wrong: the hub's leaps hours and years ahead and back while it runs.

Nothing is collected early, nobody is locked out, a Xet token is good for its time and a leeway and
no longer, no repository has been changed before it was made, and stock clients whose own clock is
right upload and read. libfaketime turns the clock; what counts seconds that pass is left alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from groundswell.wire.hashing import hash_to_hex
from tests.clients.stage import ask, client_environment
from tests.fault.experiments.figures import Figure, Scale, counted
from tests.fault.experiments.site import Site
from tests.fault.rig import (
    CUT_OFF,
    NotAcknowledged,
    Uploads,
    create_repo,
    noise,
    packed_for_xet,
    read,
    xet_address,
)
from tests.live import LiveHub, serving, token_of

LEAPS = ("+2h", "-2h", "+1y", "-1y", "+0")
STOCK_LEAPS = ("-2h", "+1y")
TTL_MINUTES, LEEWAY_MINUTES = 15, 5
STOCK_REPO = "ada/clocks-stock"
UPLOAD = """
import sys
from huggingface_hub import HfApi
HfApi().upload_file(path_or_fileobj=sys.argv[1], path_in_repo=sys.argv[2], repo_id=sys.argv[3])
"""


# libfaketime 0.9.10 refuses to sleep until a moment of the clock that it leaves alone (EINVAL), as
# Python's time.sleep does.
SLEEP = """
import select, time
def sleep(seconds):
    select.select([], [], [], seconds)
time.sleep = sleep
"""


class WrongClock:
    """A clock that programs of one environment go by: ``set`` turns it, at once for all of them."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        (folder / "sleep").mkdir()
        (folder / "sleep" / "sitecustomize.py").write_text(SLEEP)
        self.environment = {
            "LD_PRELOAD": str(_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
            "PYTHONPATH": str(folder / "sleep"),
        }
        self.set("+0")

    def set(self, leap: str) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_text(leap + "\n")
        fresh.rename(self._file)

    def swell(self, data: Path, *arguments: str) -> None:
        """A verb that goes by this clock."""
        subprocess.run(
            [sys.executable, "-m", "groundswell.cli", *arguments, "--data", str(data)],
            env={**os.environ, **self.environment},
            check=True,
            capture_output=True,
            timeout=60,
        )


def _library() -> Path:
    found = sorted(Path("/usr/lib").glob("**/faketime/libfaketimeMT.so.1"))
    assert found, "libfaketime is not installed: run tests/install-system-packages"
    return found[0]


class Story:
    """A hub with a wrong clock, and what was found. ``collected`` and ``refused`` are faults."""

    def __init__(self, hub: LiveHub, clock: WrongClock, folder: Path) -> None:
        self.hub, self.clock, self.folder = hub, clock, folder
        self.uploads = Uploads(folder, "clocks")
        self.collected: list[str] = []
        self.refused: list[str] = []
        self.negative: list[str] = []
        self.stock: list[str] = []
        self.leaps = self.stock_uploads = 0

    def begin(self) -> None:
        self.uploads.prepare(self.hub)
        create_repo(self.hub, STOCK_REPO)
        for way in Uploads.WAYS:
            self.uploads.upload(self.hub, way)
        for way in ("lfs", "xet"):
            self.uploads.send(self.hub, way)

    def leap(self, leap: str, runs: int) -> None:
        self.leaps += 1
        self.clock.set(leap)
        for _ in range(runs):
            self.clock.swell(self.hub.data, "store", "collect")
        self.collected += [f"{leap}: {each}" for each in self.uploads.faults(self.hub)]
        for way in Uploads.WAYS:
            try:
                self.uploads.upload(self.hub, way)
            except (NotAcknowledged, *CUT_OFF) as error:
                self.refused.append(f"{leap}, {way}: {error}")
            self._look_at_ages(leap, self.uploads.repo(way))
        if leap in STOCK_LEAPS:
            self._stock_client(leap)

    def end(self) -> None:
        """What was sent before the first leap can still be committed."""
        try:
            self.uploads.commit_sent(self.hub)
        except NotAcknowledged as error:
            self.collected.append(str(error))
        self.collected += self.uploads.faults(self.hub)

    def _look_at_ages(self, leap: str, repo: str) -> None:
        told = ask(self.hub, "GET", f"/api/models/{repo}", token=token_of("ada")).json()
        made, changed = (datetime.fromisoformat(told[key]) for key in ("createdAt", "lastModified"))
        if changed < made:
            self.negative.append(f"{leap}: {repo} made {made}, changed {changed}")

    def _stock_client(self, leap: str) -> None:
        self.stock_uploads += 1
        content = noise(3_000_000, self.leaps)
        file, home = self.folder / f"file{self.leaps}", self.folder / f"home{self.leaps}"
        file.write_bytes(content)
        home.mkdir()
        done = subprocess.run(
            [sys.executable, "-c", UPLOAD, str(file), f"{self.leaps}.bin", STOCK_REPO],
            env=client_environment(self.hub, home, token=token_of("ada")),
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        if done.returncode != 0:
            self.stock.append(f"{leap}: {done.stderr.strip().splitlines()[-1]}")
        elif read(self.hub, STOCK_REPO, f"{self.leaps}.bin").body != content:
            self.stock.append(f"{leap}: other bytes")


def token_minutes(hub: LiveHub, clock: WrongClock, repo: str) -> dict[int, bool]:
    """Whether a Xet token is honoured so many minutes after it was given."""
    clock.set("+0")
    base, token = xet_address(hub, repo)
    packed, _ = packed_for_xet(noise(100_000, "minutes"))
    ((key, records),) = packed.records.items()
    path = f"{base}/v1/xorbs/default/{hash_to_hex(key)}"
    end = TTL_MINUTES + LEEWAY_MINUTES
    found = {}
    for minutes in (0, TTL_MINUTES - 1, end - 1, end + 1, 24 * 60):
        clock.set(f"+{minutes}m")
        answer = ask(hub, "POST", path, token=token, body=records)
        assert answer.status in {200, 401}, answer
        found[minutes] = answer.status == 200
    clock.set("+0")
    return found


def run(site: Site, folder: Path, scale: Scale) -> Iterator[Figure]:
    """The experiment."""
    clock = WrongClock(folder)
    data = site.fresh_data(folder)
    with serving(data, environment=clock.environment) as hub:
        story = Story(hub, clock, folder)
        story.begin()
        minutes = token_minutes(hub, clock, story.uploads.repo("xet"))
        for leap in LEAPS * scale.of(1, 10):
            story.leap(leap, runs=scale.of(1, 2))
        story.end()
    told = f"{', '.join(LEAPS)}, {story.leaps} leaps, the collector after each"
    yield Figure("F10", "lost or collected early", counted(story.collected, "objects"), "0",
                 not story.collected, told)  # fmt: skip
    yield Figure("F10", "uploads refused for the time of day",
                 counted(story.refused, f"of {story.leaps * len(Uploads.WAYS)}"), "0",
                 not story.refused)  # fmt: skip
    honoured = [each for each, is_honoured in minutes.items() if is_honoured]
    end = TTL_MINUTES + LEEWAY_MINUTES
    yield Figure("F10", "a Xet token is honoured until", f"{max(honoured)} minutes",
                 f"{TTL_MINUTES} and a leeway of {LEEWAY_MINUTES}", max(honoured) == end - 1,
                 f"tried after {', '.join(map(str, minutes))}")  # fmt: skip
    yield Figure("F10", "repositories changed before they were made",
                 counted(story.negative, f"of {story.leaps * len(Uploads.WAYS)} looks"), "0",
                 not story.negative)  # fmt: skip
    yield Figure("F10", "stock clients, their own clock right, that fail",
                 counted(story.stock, f"of {story.stock_uploads}"), "0", not story.stock)  # fmt: skip
