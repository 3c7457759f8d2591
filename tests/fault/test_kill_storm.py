"""SIGKILL at random moments while several uploaders are at work: nothing acknowledged is lost."""

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

import pytest

from tests.clients.stage import client_environment
from tests.fault.nursery import Nursery
from tests.fault.rig import (
    ADA,
    CUT_OFF,
    NotAcknowledged,
    Uploads,
    create_repo,
    damage,
    locks_in,
)
from tests.live import LiveHub

ROUNDS = 15
STOCK_REPO = "ada/stock"


class Uploader(threading.Thread):
    """Uploads by one way until it is stopped, whatever becomes of the hub."""

    def __init__(self, folder: Path, way: str, hub: LiveHub) -> None:
        super().__init__(daemon=True)
        self.uploads = Uploads(folder, f"storm-{way}")
        self.uploads.prepare(hub, (way,))
        self._way = way
        self._hub = hub
        self._is_over = threading.Event()
        self.surprise: BaseException | None = None

    def run(self) -> None:
        while not self._is_over.is_set():
            try:
                self.uploads.upload(self._hub, self._way, 100_000)
            except (NotAcknowledged, *CUT_OFF) as error:
                if isinstance(error, NotAcknowledged) and error.answer.status < 500:
                    self.surprise = error
                time.sleep(0.02)
            except BaseException as error:
                self.surprise = error
                return

    def stop(self) -> None:
        self._is_over.set()
        self.join(60)
        assert not self.is_alive()


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


@pytest.mark.timeout(240)
def test_no_kill_loses_what_was_acknowledged(data: Path, tmp_path: Path, nursery: Nursery) -> None:
    rng = random.Random(11)
    ledger = tmp_path / "ledger"
    with contextlib.ExitStack() as storm:
        uploaders: list[Uploader] = []
        flags = ["--quiet"]
        for round_number in range(ROUNDS):
            with nursery.serving(data, *flags) as hub:
                if not uploaders:
                    flags.append(f"--port={hub.port}")  # clients go on at the same address
                    create_repo(hub, STOCK_REPO)
                    storm.enter_context(stock_client(hub, tmp_path, ledger))
                    for way in Uploads.WAYS:
                        (folder := tmp_path / way).mkdir()
                        uploaders.append(Uploader(folder, way, hub))
                    for each in uploaders:
                        each.start()
                        storm.callback(each.stop)
                elif round_number % 5 == 0:
                    for each in uploaders:
                        assert each.uploads.lost(hub) == []
                time.sleep(rng.uniform(0.2, 2.0))
                hub.stop(signal.SIGKILL)
    with nursery.serving(data) as hub:
        stock = Uploads(tmp_path, "stock")
        by_stock = take_over(ledger, stock)
        for uploads in (stock, *(each.uploads for each in uploaders)):
            uploads.verify(hub)
        assert [each.surprise for each in uploaders] == [None] * len(uploaders)
        counted = [sum(each.uploads.counted.values()) for each in uploaders]
        assert min(counted) >= ROUNDS, counted
        assert by_stock >= 1
    assert locks_in(data) == []
    assert damage(data, deep=True) == []
