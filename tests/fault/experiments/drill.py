"""F13: the restore drill: a backup of a hub at work, restored elsewhere; and a migration that is
killed at each of its statements.

Everything acknowledged before the backup began is in the restored hub, what came later is there
wholly or not at all, and its check finds nothing.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from groundswell.store.database import Database
from tests.fault.experiments.figures import Figure, Scale, counted
from tests.fault.experiments.kill_points import spread
from tests.fault.experiments.kill_storm import Uploader, uploading
from tests.fault.experiments.site import Site
from tests.fault.rig import (
    Uploads,
    acknowledged,
    commit,
    create_repo,
    damage,
    read,
    small_file,
)
from tests.live import LiveHub, swell

RESTORE_SECONDS_MAX = 60.0
REPO = "ada/many"

# Opens a database by the migrations, and dies at the n-th statement that changes anything.
MIGRATION = """
import os, signal, sqlite3, sys
from groundswell.store.database import Database, schema

path, fatal = sys.argv[1], int(sys.argv[2])
schema._create = schema.migrate
connect, count = sqlite3.connect, 0

def traced(*arguments, **options):
    connection = connect(*arguments, **options)

    def see(statement):
        global count
        if statement.startswith(("CREATE", "INSERT", "ALTER", "UPDATE", "DROP", "COMMIT")):
            count += 1
            if count == fatal:
                os.kill(os.getpid(), signal.SIGKILL)

    connection.set_trace_callback(see)
    return connection

sqlite3.connect = traced
Database.open(f"sqlite:///{path}").close()
print(count)
"""


def fill(hub: LiveHub, files: int) -> None:
    """Many small files: each is an object of git."""
    create_repo(hub, REPO)
    for start in range(0, files, 1_000):
        numbers = range(start, min(start + 1_000, files))
        made = [small_file(f"{n % 100}/{n}.txt", f"file {n}".encode()) for n in numbers]
        acknowledged(commit(hub, REPO, *made))


def before_backup(uploaders: list[Uploader]) -> list[tuple[Uploader, set[tuple[str, str]]]]:
    """What each uploader had been told by now."""
    return [
        (
            each,
            {
                (repo, path)
                for repo, files in list(each.uploads.acknowledged.items())
                for path in list(files)
            },
        )
        for each in uploaders
    ]


def as_of_backup(folder: Path, uploads: Uploads, promised: set[tuple[str, str]]) -> Uploads:
    """A ledger in which what came after the backup began is uncertain."""
    found = Uploads(folder)
    for known in (uploads.acknowledged, uploads.uncertain):
        for repo, files in known.items():
            for path, content in files.items():
                is_promised = (repo, path) in promised
                (found.acknowledged if is_promised else found.uncertain)[repo][path] = content
    return found


def run(site: Site, folder: Path, scale: Scale) -> Iterator[Figure]:
    """The experiment."""
    files = scale.of(1_000, 10_000)
    data, new = site.fresh_data(folder), folder / "restored"
    with site.nursery.serving(data, "--quiet") as hub:
        fill(hub, files)
        with uploading(folder, hub, scale.of(1, 2)) as uploaders:
            time.sleep(scale.of(2, 20))
            promised = before_backup(uploaders)
            swell(data, "backup", str(folder / "backup"))
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "groundswell.cli", "restore", "--deep", str(folder / "backup"),
         "--data", str(new)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )  # fmt: skip
    seconds = time.monotonic() - begun
    faults = [] if done.returncode == 0 else [f"restore: {done.stdout}{done.stderr}"[-300:]]
    with site.nursery.serving(new, "--quiet") as hub:
        for uploader, told in promised:
            faults += as_of_backup(folder, uploader.uploads, told).faults(hub)
        for n in range(0, files, files // 100):
            answer = read(hub, REPO, f"{n % 100}/{n}.txt")
            faults += [] if answer.body == f"file {n}".encode() else [f"file {n}"]
    faults += damage(new, deep=True)
    count = sum(len(told) for _, told in promised)
    later = sum(each.uploads.counted.total() for each, _ in promised) - count
    yield Figure(
        "F13",
        "acknowledged before the backup and not in the restored hub, or damaged",
        counted(faults, f"of {count + files:,}"),
        "0",
        not faults and count > 0 and later > 0,
        f"{later} uploads acknowledged while the backup was made",
    )
    yield Figure(
        "F13",
        f"restore of {files:,} files in git and what else there is, every byte checked",
        f"{seconds:.1f} s",
        f"≤ {RESTORE_SECONDS_MAX:g} s",
        seconds <= RESTORE_SECONDS_MAX,
    )
    yield _migrations(folder, scale)


def _migrations(folder: Path, scale: Scale) -> Figure:
    (place := folder / "migrations").mkdir()
    whole = _migrate(place / "whole.db", 0)
    assert whole.returncode == 0, whole.stderr
    statements = int(whole.stdout)
    points = spread(statements, scale.of(6, statements))
    faults = []
    for number in points:
        path = place / f"{number}.db"
        if _migrate(path, number).returncode == 0:
            faults.append(f"statement {number}: nobody died")
        again = _migrate(path, 0)
        if again.returncode != 0:
            faults.append(f"statement {number}: {again.stderr.splitlines()[-1]}")
            continue
        Database.open(f"sqlite:///{path}").close()
        with sqlite3.connect(path) as database:
            if database.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                faults.append(f"statement {number}: damaged")
        database.close()
    return Figure(
        "F13",
        "kills after which a migration does not run again",
        counted(faults, f"of {len(points)}"),
        "0",
        not faults and statements > 20,
        f"of {statements} statements",
    )


def _migrate(path: Path, fatal: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", MIGRATION, str(path), str(fatal)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
