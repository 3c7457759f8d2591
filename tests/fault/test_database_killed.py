"""What the database has acknowledged survives a kill, a full disk and a failing fsync."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

from groundswell.store.database import Database
from groundswell.testing.database import names, put

WRITER = """
import os, sys, threading
from groundswell.store.database import Database
from groundswell.testing.database import put

database = Database.open(sys.argv[1])
ledger = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND)

def work(number):
    for round_number in range(1_000_000):
        name = f"{os.getpid()}-{number}-{round_number}"
        database.write(put(name, "x" * 500))
        os.write(ledger, (name + "\\n").encode())

for number in range(8):
    threading.Thread(target=work, args=(number,)).start()
"""


def test_sigkill_loses_no_acknowledged_write(tmp_path: Path) -> None:
    path, ledger = tmp_path / "groundswell.db", tmp_path / "ledger"
    url = f"sqlite:///{path}"
    Database.open(url).close()
    rng = random.Random(7)
    for _ in range(12):
        before = ledger.stat().st_size if ledger.exists() else 0
        process = subprocess.Popen([sys.executable, "-c", WRITER, url, str(ledger)])
        while not ledger.exists() or ledger.stat().st_size == before:
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.2))
        process.send_signal(signal.SIGKILL)
        process.wait()
        with Database.open(url) as database:
            there = set(database.read(names))
            database.write(put(f"after {process.pid}"))
        missing = set(ledger.read_text().split()) - there
        assert not missing, f"{len(missing)} acknowledged writes are gone"
    with sqlite3.connect(path) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    conn.close()
    assert len(ledger.read_text().split()) > 100


FULL_DISK = """
import os, sys
from pathlib import Path
from groundswell.core.errors import StorageFull
from groundswell.store.database import Database
from groundswell.testing.database import names, put

root = Path(sys.argv[1])
with Database.open(f"sqlite:///{root}/groundswell.db") as database:
    database.write(put("first"))
    ballast = root / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass
    refused = 0
    kept = ["first"]
    for number in range(50):
        name = f"{number:03}"
        try:
            database.write(put(name, "x" * 50_000))
            kept.append(name)
        except StorageFull:
            refused += 1
        assert sorted(database.read(names)) == sorted(kept)
    assert refused > 0, "the disk never filled"
    assert database.fault is None, database.fault
    ballast.unlink()
    database.write(put("last", "x" * 50_000))
    assert database.read(names)[-1] == "last"
with Database.open(f"sqlite:///{root}/groundswell.db") as database:
    assert sorted(database.read(names)) == sorted([*kept, "last"])
print("done")
"""


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    script = f'mount -t tmpfs -o size=4m tmpfs "{disk}" && exec "$@"'
    told = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "-", sys.executable, "-c", FULL_DISK, str(disk)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stdout == "done\n", told.stderr


FAILING_SYNC = """
import sys
from groundswell.core.errors import Unavailable
from groundswell.store.database import Database
from groundswell.testing.database import names, put

database = Database.open(sys.argv[1])
kept, refused = [], 0
for number in range(30):
    try:
        database.write(put(f"{number:03}"))
        kept.append(f"{number:03}")
    except Unavailable:
        refused += 1
    database.read(names)
assert refused and not kept[30 - refused:], (kept, refused)
assert database.fault
print("kept", *kept)
"""


def test_after_a_failed_fsync_nothing_is_acknowledged(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/groundswell.db"
    Database.open(url).close()
    for when in (1, 3, 8):
        program = textwrap.dedent(FAILING_SYNC).replace('f"{number', f'f"{when}-{{number')
        inject = f"inject=fsync,fdatasync:error=EIO:when={when}+"
        told = subprocess.run(
            ["strace", "-f", "-o", os.devnull, "-e", "trace=fsync,fdatasync", "-e", inject,
             sys.executable, "-c", program, url],
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        with Database.open(url) as database:
            there = database.read(names)
        if told.stdout:
            assert set(told.stdout.split()[1:]) <= set(there), told.stderr
        else:
            assert "Unavailable" in told.stderr or "DiskFault" in told.stderr, told.stderr
