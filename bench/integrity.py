"""Integrity: how fast a scrub reads, what it costs those who read meanwhile, and how long fsck
takes of a hub of which nothing changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from bench.client import Api, crowd, upload_by_lfs
from bench.rows import Row, percentile
from bench.servers import RunningHub

FILES = 16
FILE_BYTES = 64 << 20
REPOSITORIES = 500
COMMITS = 10
LARGE_COMMITS, LARGE_FILES = 20, 1_000
READERS = 8
READ_BYTES = 256 << 10
SECONDS = 10.0


def measure(hub: RunningHub, folder: Path) -> list[Row]:
    """1 GiB of content, 500 repositories of 10 commits, and one of 20,000 files."""
    api = Api(hub)
    repo = _fill(hub, api, folder)
    megabytes = FILES * FILE_BYTES / 1e6
    seconds = _swell(hub, "scrub", "--again")
    hashing = megabytes / _hash_seconds(hub)
    rows = [Row("scrub of 1 GiB", megabytes / seconds, "MB/s", hashing, "sha256 of the same files")]
    quiet = _reads(hub, repo)
    _begin_again(hub)
    paced = _reads(hub, repo)
    scrub = subprocess.Popen(_command(hub, "scrub", "--again"), stdout=subprocess.DEVNULL)
    beside = _reads(hub, repo)
    scrub.terminate()
    scrub.wait()
    for name, found in (("at 20 MiB/s", paced), ("at full speed in a process beside", beside)):
        rows.append(
            Row(
                f"p99 of reads of 256 KiB by 8 clients, scrub {name}",
                percentile(found, 0.99) * 1e3,
                "ms",
                percentile(quiet, 0.99) * 1e3,
                "no scrub",
                note=f"p50 {percentile(found, 0.5) * 1e3:.1f}, "
                f"quiet {percentile(quiet, 0.5) * 1e3:.1f} ms",
            )
        )
    everything = _swell(hub, "fsck", "--full")
    unchanged = _swell(hub, "fsck")
    rows.append(
        Row(
            "fsck of a hub of which nothing changed",
            unchanged,
            "s",
            everything,
            "fsck --full",
            note=f"a verb that only opens the hub: {_swell(hub, 'faults'):.2f} s",
        )
    )
    return rows


def _fill(hub: RunningHub, api: Api, folder: Path) -> str:
    repo = api.create("integrity")
    path = folder / "content.bin"
    for number in range(FILES):
        content = os.urandom(FILE_BYTES)
        path.write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        upload_by_lfs(hub, repo, path, sha256)
        value = {"path": f"{number}.bin", "algo": "sha256", "oid": sha256, "size": FILE_BYTES}
        lines = [{"key": "header", "value": {"summary": "bench"}}]
        lines.append({"key": "lfsFile", "value": value})
        body = b"\n".join(json.dumps(line).encode() for line in lines)
        api.call("POST", f"/api/models/{repo}/commit/main", body)
    for number in range(REPOSITORIES):
        each = api.create(f"checked-{number}")
        for commit in range(COMMITS):
            api.commit(each, {f"{commit}.txt": f"{number} {commit}".encode()})
    large = api.create("large")
    for commit in range(LARGE_COMMITS):
        files = {f"{commit}/{each}.txt": f"{commit} {each}".encode() for each in range(LARGE_FILES)}
        api.commit(large, files)
    return repo


def _hash_seconds(hub: RunningHub) -> float:
    """What reading the content takes at the very least."""
    began = time.perf_counter()
    for path in hub.folder.glob("xorbs/*/*"):
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")
    return time.perf_counter() - began


def _reads(hub: RunningHub, repo: str) -> list[float]:
    """Seconds of each read of a range, all over the files."""

    def reader(number: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
        mine, count = Api(hub), number * 7919

        def read() -> None:
            nonlocal count
            count += 1
            start = (count * 104_729 * 4096) % (FILE_BYTES - READ_BYTES)
            where = f"/{repo}/resolve/main/{count % FILES}.bin"
            mine.call("GET", where, Range=f"bytes={start}-{start + READ_BYTES - 1}")

        return read

    return crowd(READERS, SECONDS, reader)


def _begin_again(hub: RunningHub) -> None:
    """Let the hub's own scrub begin a pass: its next would be a day away."""
    connection = sqlite3.connect(hub.folder / "groundswell.db", timeout=30)
    connection.execute("DELETE FROM hub_facts WHERE name = 'scrub'")
    connection.commit()
    connection.close()
    time.sleep(2)


def _command(hub: RunningHub, *arguments: str) -> list[str]:
    program = str(Path(sys.executable).with_name("swell"))
    return [program, *arguments, "--data", str(hub.folder)]


def _swell(hub: RunningHub, *arguments: str) -> float:
    """Seconds that a verb takes."""
    began = time.perf_counter()
    subprocess.run(_command(hub, *arguments), capture_output=True, check=True)
    return time.perf_counter() - began
