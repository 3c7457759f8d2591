"""Flipped bits by the hundred (F6): over a hub of many files, at random places of every kind of file
that is stored; each must be found by a scrub, and no reader may get a wrong byte meanwhile.

    python -m tests.fault.bit_storm --flips 500 --megabytes 300

Bits turn over as rot does: in place, the file's times as they were. At most one in a repository
at a time, since a repository is one thing on record.
"""

from __future__ import annotations

import argparse
import gc
import http.client
import os
import random
import re
import shutil
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from groundswell import wiring
from groundswell.hub.upkeep import Premises
from groundswell.hub.upkeep.scrubbing import Scrub
from groundswell.settings import Settings
from groundswell.store.git.checking import is_loose_object
from groundswell.store.layout import DataFolder
from tests.fault.bit_rows import cool, fill_weights, flip_rows
from tests.fault.nursery import Nursery
from tests.fault.rig import Uploads, read
from tests.live import LiveHub, serving

FLIPS_AT_ONCE = 20
ROWS_EVERY = 3
WAYS = ("lfs", "xet", "small", "push")
KINDS = ("xorbs/*/*", "cold/*/*", "shards/*/*", "repos/*/*.git/objects/**/*", "keys/*.key")
NO_CHORES = "--quiet"


@dataclass
class Outcome:
    """What came of a storm."""

    flipped: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    healed: int = 0
    reads: int = 0
    refused: int = 0
    stored_bytes: int = 0
    scrubbed_bytes: int = 0
    scrub_seconds: float = 0.0


def fill(hub: LiveHub, folder: Path, rounds: int, size_bytes: int) -> list[Uploads]:
    """Repositories by every way of uploading; each round adds as many."""
    made = []
    for number in range(rounds):
        uploads = Uploads(folder, f"storm{number}")
        uploads.prepare(hub, WAYS)
        for way in WAYS:
            large = way in {"lfs", "xet"}
            uploads.upload(hub, way, size_bytes if large else 60_000)
            uploads.upload(hub, way, size_bytes if large else 5_000)
        made.append(uploads)
    return made


def flip(path: Path, rng: random.Random) -> None:
    """Turn one bit of a file over, in place; nothing but its content tells."""
    figures = path.stat()
    kept = path.read_bytes()
    path.chmod(0o600)
    while path.read_bytes() == kept or _is_still_whole(path):
        place = rng.randrange(len(kept))
        bit = 1 << rng.randrange(8)
        path.write_bytes(kept[:place] + bytes([kept[place] ^ bit]) + kept[place + 1 :])
    os.utime(path, ns=(figures.st_atime_ns, figures.st_mtime_ns))


def _is_still_whole(path: Path) -> bool:
    """Deflate leaves some bits of a loose object unused: to turn these over damages nothing."""
    is_loose = len(path.name) == 38 and len(path.parent.name) == 2
    return is_loose and is_loose_object(path, path.parent.name + path.name)


def thing_of(data: Path, path: Path) -> tuple[str, str]:
    """What stands on record for a file."""
    kind, _, rest = path.relative_to(data).as_posix().partition("/")
    if kind == "repos":
        return "repositories", rest.split("/")[1].removesuffix(".git")
    if kind == "keys":
        return "database", f"key-changed keys/{rest}"
    return "xorbs" if kind == "cold" else kind, path.name


def choose(data: Path, rng: random.Random, count: int) -> dict[tuple[str, str], Path]:
    """Files to damage: every kind as often, and none of one thing twice."""
    found: dict[tuple[str, str], Path] = {}
    shelves = [
        sorted(path for path in data.glob(kind) if path.is_file() and path.stat().st_size)
        for kind in KINDS
    ]
    while len(found) < count:
        path = rng.choice(rng.choices(shelves, weights=(8, 4, 4, 8, 1))[0])
        found.setdefault(thing_of(data, path), path)
    return found


def scrub(data: Path, outcome: Outcome, since: int = 0) -> tuple[set[tuple[str, str]], int]:
    """One whole pass beside the hub: what it or a reader found ``since`` (microseconds), and how
    much of it was healed.
    """
    hub = wiring.build(Settings(data=data))
    premises = Premises(hub.database, hub.store, hub.git, DataFolder(data), hub.clock)
    began = time.monotonic()
    try:
        made = Scrub(premises)
        made.begin(again=True)
        outcome.scrubbed_bytes += made.run()
        faults = premises.faults.list_faults(with_healed=True, limit=100_000)
    finally:
        hub.close()
        del hub, premises
        gc.collect()
    outcome.scrub_seconds += time.monotonic() - began
    fresh = [each for each in faults if each.found_at >= since]
    known = {(each.kind, each.key.split("/")[0]) for each in fresh if each.kind == "repositories"}
    known |= {(each.kind, each.key) for each in fresh}
    # Of rows, the content or xorb that they speak of.
    known |= {("rows", key) for each in fresh for key in re.findall("[0-9a-f]{64}", each.key)}
    return known, sum(not each.is_open for each in fresh)


class Readers:
    """Reads every file over and over while bits lie there flipped."""

    def __init__(self, hub: LiveHub, filled: list[Uploads], outcome: Outcome) -> None:
        self._hub, self._filled, self._outcome = hub, filled, outcome
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *exception: object) -> None:
        self._is_over.set()
        self._thread.join()
        self._once()

    def _run(self) -> None:
        while not self._is_over.is_set():
            self._once()

    def _once(self) -> None:
        for uploads in self._filled:
            for repo, files in uploads.acknowledged.items():
                for path, content in files.items():
                    self._outcome.reads += 1
                    try:
                        answer = read(self._hub, repo, path)
                    except (OSError, http.client.HTTPException):
                        self._outcome.refused += 1
                        continue
                    if answer.status != 200:
                        self._outcome.refused += 1
                    elif answer.body != content:
                        self._outcome.wrong.append(f"{repo}/{path}")


def storm(
    nursery: Nursery, data: Path, folder: Path, flips: int, rounds: int, size_bytes: int
) -> Outcome:
    """Fill a hub, then flip, scrub and read until all flips are done. Nothing is healed from afar:
    each batch begins with the data as they were.
    """
    (data / "swell.toml").write_text("scrub_bytes_per_second = 0\n")
    outcome, rng, number = Outcome(), random.Random(flips), 0
    with nursery.serving(data, NO_CHORES) as hub:
        filled = [*fill(hub, folder, rounds, size_bytes), fill_weights(hub, folder, rounds)]
    cool(data)
    found, _ = scrub(data, outcome)
    assert not found, "a hub that nobody touched"
    whole = folder / "whole"
    shutil.copytree(data, whole, copy_function=shutil.copy2)
    outcome.stored_bytes = sum(each.stat().st_size for each in data.rglob("*") if each.is_file())
    outcome.scrubbed_bytes, outcome.scrub_seconds = 0, 0.0
    while (left := flips - outcome.flipped.total()) > 0:
        since = time.time_ns() // 1000
        number += 1
        if number % ROWS_EVERY == 0:
            chosen = flip_rows(data, rng, min(left, FLIPS_AT_ONCE))
            outcome.flipped["rows"] += len(chosen)
        else:
            chosen = choose(data, rng, min(left, FLIPS_AT_ONCE))
            for path in chosen.values():
                flip(path, rng)
                outcome.flipped[path.relative_to(data).parts[0]] += 1
        with nursery.serving(data, NO_CHORES) as hub, Readers(hub, filled, outcome):
            known, healed = scrub(data, outcome, since)
        outcome.healed += healed
        outcome.missed += [str(chosen[thing]) for thing in chosen.keys() - known]
        shutil.rmtree(data)
        shutil.copytree(whole, data, copy_function=shutil.copy2)
    return outcome


def main() -> None:
    """The experiment at full scale, with its figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--flips", type=int, default=500)
    parser.add_argument("--megabytes", type=int, default=300)
    asked = parser.parse_args()
    rounds = 12
    nursery = Nursery()
    folder = Path(tempfile.mkdtemp(prefix="bit-storm-"))
    try:
        with serving(folder / "data", people=True):
            pass
        size_bytes = asked.megabytes * 1_000_000 // (4 * rounds)
        outcome = storm(nursery, folder / "data", folder, asked.flips, rounds, size_bytes)
    finally:
        nursery.close()
        shutil.rmtree(folder)
    rate = outcome.scrubbed_bytes / 1e6 / outcome.scrub_seconds
    print(f"F6 bits flipped: {outcome.flipped.total()} {dict(outcome.flipped)}")
    print(f"   stored: {outcome.stored_bytes / 1e6:.0f} MB, scrubbed at {rate:.0f} MB/s")
    print(f"   missed by the scrub: {len(outcome.missed)} (pass: 0) {outcome.missed}")
    print(f"   healed at once by other copies: {outcome.healed}")
    print(f"   reads: {outcome.reads}, refused {outcome.refused}")
    print(f"   wrong bytes served: {len(outcome.wrong)} (pass: 0) {outcome.wrong}")
    raise SystemExit(bool(outcome.missed or outcome.wrong))


if __name__ == "__main__":
    main()
