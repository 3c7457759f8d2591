"""F1: SIGKILL at random moments while several uploaders and a collector are at work.

Nothing acknowledged is lost, and what broke off leaves nothing for good.
"""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from groundswell import wiring
from groundswell.hub.upkeep import Premises
from groundswell.hub.upkeep.collecting import Collector
from groundswell.settings import Settings
from groundswell.store.layout import DataFolder
from tests.clients.stage import client_environment
from tests.fault.experiments.figures import Figure, Scale, counted
from tests.fault.experiments.site import Site
from tests.fault.rig import (
    ADA,
    CUT_OFF,
    NotAcknowledged,
    Uploads,
    create_repo,
    damage,
    locks_in,
)
from tests.live import LiveHub, serving

STOCK_REPO = "ada/stock"
UPLOAD_BYTES = 100_000
GRACE_SECONDS = 10
READY_SECONDS_MAX = 2.0


class Uploader(threading.Thread):
    """Uploads by one way until it is stopped, whatever becomes of the hub."""

    def __init__(self, folder: Path, way: str, hub: LiveHub, number: int = 0) -> None:
        super().__init__(daemon=True)
        self.uploads = Uploads(folder, f"storm{number}-{way}")
        self.uploads.prepare(hub, (way,))
        self._way = way
        self._hub = hub
        self._is_over = threading.Event()
        self.surprises: list[str] = []

    def run(self) -> None:
        while not self._is_over.is_set():
            try:
                self.uploads.upload(self._hub, self._way, UPLOAD_BYTES)
            except (NotAcknowledged, *CUT_OFF) as error:
                if isinstance(error, NotAcknowledged) and error.answer.status < 500:
                    self.surprises.append(f"{self._way}: {error}")
                time.sleep(0.02)
            except BaseException as error:
                self.surprises.append(f"{self._way}: {error!r}")
                return

    def stop(self) -> None:
        self._is_over.set()
        self.join(60)
        assert not self.is_alive()


@contextlib.contextmanager
def uploading(site_folder: Path, hub: LiveHub, each_way: int) -> Iterator[list[Uploader]]:
    """Uploaders by every way, until the block ends."""
    made = []
    with contextlib.ExitStack() as started:
        for number in range(each_way):
            for way in Uploads.WAYS:
                (folder := site_folder / f"{way}{number}").mkdir()
                made.append(Uploader(folder, way, hub, number))
        for uploader in made:
            uploader.start()
            started.callback(uploader.stop)
        yield made


@contextlib.contextmanager
def stock_client(hub: LiveHub, folder: Path, ledger: Path) -> Iterator[None]:
    """huggingface_hub with hf_xet, uploading until the block ends."""
    script = Path(__file__).with_name("storm_client.py")
    home = folder / "home"
    home.mkdir()
    process = subprocess.Popen(
        [sys.executable, script, STOCK_REPO, ledger],
        env=client_environment(hub, home, token=ADA),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
        assert process.poll() is None, "the stock client gave up"
    finally:
        process.kill()
        process.wait()


def take_over(ledger: Path, uploads: Uploads) -> int:
    """Read the stock client's ledger; how many uploads it saw acknowledged."""
    done = 0
    for line in ledger.read_text(encoding="ascii").splitlines():
        event, path, *content = line.split(" ")
        if event == "begun":
            uploads.uncertain[STOCK_REPO][path] = bytes.fromhex(content[0])
        elif path in uploads.uncertain[STOCK_REPO]:
            uploads.acknowledged[STOCK_REPO][path] = uploads.uncertain[STOCK_REPO].pop(path)
            done += 1
    return done


@contextlib.contextmanager
def collecting(data: Path) -> Iterator[None]:
    """The collector beside the hub, as `swell store collect` runs it, over and over."""
    is_over = threading.Event()
    faults: list[BaseException] = []

    def run() -> None:
        try:
            while not is_over.wait(0.5):
                collect(data)
        except BaseException as error:
            faults.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(60)
    assert faults == []


def collect(data: Path, *, sweep: bool = False) -> int:
    """One run of it; the files that lie in the spool afterwards."""
    hub = wiring.build(Settings(data=data))
    premises = Premises(hub.database, hub.store, hub.git, DataFolder(data), hub.clock)
    try:
        Collector(premises, GRACE_SECONDS, hub.blobs.forget).run()
        if sweep:
            hub.store.sweep_spool(0)
    finally:
        hub.close()
    return len(list((data / "spool").iterdir()))


def run(site: Site, folder: Path, scale: Scale) -> Iterator[Figure]:
    """The experiment."""
    rounds = scale.of(15, 200)
    rng = random.Random(11)
    ledger = folder / "ledger"
    data = site.fresh_data(folder)
    starting = scale.of(site.nursery.serving, serving)
    ready_seconds: list[float] = []
    lost: list[str] = []
    unclean: list[str] = []
    flags = ["--quiet"]
    with contextlib.ExitStack() as storm:
        uploaders: list[Uploader] = []
        for number in range(rounds):
            begun = time.monotonic()
            with starting(data, *flags) as hub:
                if uploaders:
                    ready_seconds.append(time.monotonic() - begun)
                    if number % 5 == 0:
                        lost += [each for one in uploaders for each in one.uploads.lost(hub)]
                        unclean += damage(data)
                else:
                    flags.append(f"--port={hub.port}")  # clients go on at the same address
                    create_repo(hub, STOCK_REPO)
                    storm.enter_context(stock_client(hub, folder, ledger))
                    storm.enter_context(collecting(data))
                    uploaders = storm.enter_context(uploading(folder, hub, scale.of(1, 2)))
                time.sleep(rng.uniform(0.1, scale.of(1.6, 3.0)))
                hub.stop(signal.SIGKILL)
    with starting(data, "--quiet") as hub:
        stock = Uploads(folder, "stock")
        by_stock = take_over(ledger, stock)
        for uploads in (stock, *(each.uploads for each in uploaders)):
            lost += uploads.faults(hub)
    left = len(list((data / "spool").iterdir()))
    left_later = collect(data, sweep=True)
    unclean += [*locks_in(data), *damage(data, deep=True)]
    counts = [each.uploads.counted.total() for each in uploaders]
    surprises = [each for one in uploaders for each in one.surprises]
    acknowledged = sum(counts) + by_stock
    wanted = scale.of(200, 2_000)
    at_work = len(uploaders) + 1
    yield Figure(
        "F1",
        f"acknowledged uploads lost in {rounds} kills",
        counted(lost + surprises, f"of {acknowledged:,}"),
        f"0 of ≥ {wanted:,}",
        not (lost or surprises) and acknowledged >= wanted and min(*counts, by_stock) > 0,
        f"{at_work} uploaders and a collector; by each {counts}, stock client {by_stock}",
    )
    yield Figure(
        "F1", "findings of fsck, locks left", counted(unclean, "findings"), "0", not unclean
    )
    ready_seconds.sort()
    slowest = ready_seconds[min(len(ready_seconds) - 1, len(ready_seconds) * 99 // 100)]
    yield Figure(
        "F1",
        "ready after a kill, p99",
        f"{slowest:.2f} s",
        f"≤ {READY_SECONDS_MAX:g} s",
        slowest <= READY_SECONDS_MAX,
        scale.of("imports done beforehand", "a whole start, beside the uploaders"),
    )
    in_flight = rounds * at_work
    yield Figure(
        "F1",
        "spooled files left, and after sweeping",
        f"{left}, {left_later}",
        f"≤ {in_flight} in flight, 0",
        left <= in_flight and left_later == 0,
    )
