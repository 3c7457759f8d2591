"""F6: flipped bits by the hundred: over a hub of many files, at random places of every kind of file
that is stored, xorbs written small and recipes in the database among them; each must be found by a
scrub, and no reader may get a wrong byte meanwhile.

Bits turn over as rot does: in place, the file's times as they were. At most one in a repository
at a time, since a repository is one thing on record.
"""

from __future__ import annotations

import gc
import http.client
import os
import random
import shutil
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from groundswell import wiring
from groundswell.hub.upkeep import Premises
from groundswell.hub.upkeep.scrubbing import Scrub
from groundswell.settings import Settings
from groundswell.store.git.checking import is_loose_object
from groundswell.store.layout import DataFolder
from groundswell.wire.shard.layout import TERM
from tests.fault.experiments.figures import Figure, Scale, counted
from tests.fault.experiments.site import Site
from tests.fault.nursery import Nursery
from tests.fault.rig import (
    Uploads,
    acknowledged,
    commit,
    create_repo,
    large_file,
    lfs_upload,
    read,
    small_file,
)
from tests.fault.weights import bf16, safetensors
from tests.live import LiveHub, swell

FLIPS_AT_ONCE = 20
WAYS = ("lfs", "xet", "small", "push")
KINDS = ("xorbs/*/*", "cold/*/*", "shards/*/*", "repos/*/*.git/objects/**/*", "keys/*.key")
WEIGHTS = (8, 5, 4, 8, 1)
RECIPES = "recipes"
RECIPES_OF_ALL = 10  # one flip in so many
UNREAD = range(32, 36)  # a term's flags, which mean nothing yet: a bit there damages nothing
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


def fill_with_weights(hub: LiveHub, data: Path, folder: Path, families: int, count: int) -> Uploads:
    """Models and their fine-tunes, written small: most of their xorbs lean on another."""
    uploads = Uploads(folder, "weights")
    dice = np.random.default_rng(6)
    for number in range(families):
        numbers = dice.standard_normal(count) * 0.02
        for name in ("base", "tuned", "again"):
            repo = f"ada/weights{number}-{name}"
            content = safetensors({"w": bf16(numbers)})
            create_repo(hub, repo)
            if name != "base":
                card = f"---\nbase_model: ada/weights{number}-base\n---\n".encode()
                acknowledged(commit(hub, repo, small_file("README.md", card)))
            acknowledged(lfs_upload(hub, repo, content))
            acknowledged(commit(hub, repo, large_file("model.safetensors", content)))
            uploads.acknowledged[repo]["model.safetensors"] = content
            numbers = numbers + dice.standard_normal(count) * 4e-5
    swell(data, "store", "cool")
    return uploads


def flip_recipes(data: Path, rng: random.Random, count: int) -> dict[tuple[str, str], Path]:
    """Turn one bit over in each of so many recipes in the database; what stands on record then."""
    found = {}
    with sqlite3.connect(data / "groundswell.db") as database:
        rows = database.execute("SELECT file_hash, sha256, terms FROM reconstructions").fetchall()
        for file_hash, sha256, terms in rng.sample(sorted(rows), min(count, len(rows))):
            changed = bytearray(terms)
            places = [at for at in range(len(changed)) if at % TERM.size not in UNREAD]
            changed[rng.choice(places)] ^= 1 << rng.randrange(8)
            statement = "UPDATE reconstructions SET terms = ? WHERE file_hash = ?"
            database.execute(statement, (bytes(changed), file_hash))
            found["database", f"recipe-broken {sha256}"] = Path(RECIPES)
    database.close()
    return found


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
    return ("xorbs" if kind == "cold" else kind), path.name


def choose(data: Path, rng: random.Random, count: int) -> dict[tuple[str, str], Path]:
    """Files to damage: every kind as often, and none of one thing twice."""
    found: dict[tuple[str, str], Path] = {}
    shelves = [
        sorted(path for path in data.glob(kind) if path.is_file() and path.stat().st_size)
        for kind in KINDS
    ]
    while len(found) < count:
        path = rng.choice(rng.choices(shelves, weights=WEIGHTS)[0])
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
    return {_thing(each.kind, each.key) for each in fresh}, sum(not each.is_open for each in fresh)


def _thing(kind: str, key: str) -> tuple[str, str]:
    """What a fault on record is about, without the places where it is missed."""
    if kind == "repositories":
        return kind, key.split("/", maxsplit=1)[0]
    return kind, key.split(" (", maxsplit=1)[0] if key.startswith("recipe-broken") else key


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
    outcome, rng = Outcome(), random.Random(flips)
    with nursery.serving(data, NO_CHORES) as hub:
        filled = fill(hub, folder, rounds, size_bytes)
        filled.append(fill_with_weights(hub, data, folder, rounds // 2, size_bytes // 2))
    found, _ = scrub(data, outcome)
    assert not found, f"a hub that nobody touched: {found}"
    whole = folder / "whole"
    shutil.copytree(data, whole, copy_function=shutil.copy2)
    outcome.stored_bytes = sum(each.stat().st_size for each in data.rglob("*") if each.is_file())
    outcome.scrubbed_bytes, outcome.scrub_seconds = 0, 0.0
    while (left := flips - outcome.flipped.total()) > 0:
        since = time.time_ns() // 1000
        # Not together with xorbs: of a recipe whose xorb is broken only the xorb is told.
        recipes = flips // RECIPES_OF_ALL - outcome.flipped[RECIPES]
        if recipes > 0:
            chosen = flip_recipes(data, rng, min(recipes, FLIPS_AT_ONCE))
            outcome.flipped[RECIPES] += len(chosen)
        else:
            chosen = choose(data, rng, min(left, FLIPS_AT_ONCE))
            for path in chosen.values():
                flip(path, rng)
                outcome.flipped[path.relative_to(data).parts[0]] += 1
        with nursery.serving(data, NO_CHORES) as hub, Readers(hub, filled, outcome):
            known, healed = scrub(data, outcome, since)
        outcome.healed += healed
        outcome.missed += [f"{chosen[thing]} {thing}" for thing in chosen.keys() - known]
        shutil.rmtree(data)
        shutil.copytree(whole, data, copy_function=shutil.copy2)
    return outcome


def run(site: Site, folder: Path, scale: Scale) -> Iterator[Figure]:
    """The experiment."""
    flips, rounds = scale.of(60, 500), scale.of(4, 12)
    size_bytes = scale.of(700_000, 6_000_000)
    outcome = storm(site.nursery, site.fresh_data(folder), folder, flips, rounds, size_bytes)
    flipped = outcome.flipped
    by_kind = ", ".join(f"{kind} {count}" for kind, count in sorted(flipped.items()))
    yield Figure(
        "F6",
        "flipped bits that a scrub misses",
        counted(outcome.missed, f"of {flipped.total()}"),
        "0",
        not outcome.missed and set(flipped) >= {"xorbs", "cold", "shards", "repos", RECIPES},
        f"{by_kind}; {outcome.healed} healed at once by other copies",
    )
    yield Figure(
        "F6",
        "reads that gave wrong bytes meanwhile",
        counted(sorted(set(outcome.wrong)), f"of {outcome.reads:,}"),
        "0",
        not outcome.wrong and outcome.refused > 0,
        f"{outcome.refused} refused or broken off",
    )
    rate = outcome.scrubbed_bytes / 1e6 / outcome.scrub_seconds
    # Small stores are mostly beginnings; and readers take the processor meanwhile.
    wanted = scale.of(0, 200)
    yield Figure(
        "F6",
        "scrubbing",
        f"{rate:.0f} MB/s",
        f"≥ {wanted} MB/s" if wanted else "told only",
        rate >= wanted,
        f"{outcome.stored_bytes / 1e6:.0f} MB stored, beside a reader",
    )
