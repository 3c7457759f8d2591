"""Commits: how long one takes, and how many a second are durable."""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path

from bench.client import Api, crowd
from bench.rows import Row, percentile
from bench.servers import RunningHub

RUNS = 60
COMMITTERS = 32
SECONDS = 8.0


def measure(hub: RunningHub, folder: Path) -> list[Row]:
    """One small file, a hundred files, and 32 committers on 32 repositories."""
    api = Api(hub)
    repo = api.create("commits")
    sync = _durable_write_seconds(folder)
    one = _seconds(api, repo, 1, RUNS)
    hundred = _seconds(api, repo, 100, 10)
    rows = [
        Row("commit of one small file, p50", one * 1e3, "ms", sync * 1e3, "one durable write"),
        Row("commit of 100 files, p50", hundred * 1e3, "ms", one * 1e3, "commit of one"),
    ]
    repos = [api.create(f"crowd-{number}") for number in range(COMMITTERS)]
    counter = itertools.count()

    def committer(number: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
        mine = Api(hub)
        return lambda: mine.commit(repos[number], {"a.txt": str(next(counter)).encode()})

    latencies = crowd(COMMITTERS, SECONDS, committer)
    rate = len(latencies) / SECONDS
    note = f"p99 {percentile(latencies, 0.99) * 1e3:.0f} ms"
    rows.append(
        Row(
            "durable commits by 32 committers on 32 repositories",
            rate,
            "/s",
            1 / one,
            "one committer",
            "",
            note,
        )
    )
    return rows


def _seconds(api: Api, repo: str, files: int, runs: int) -> float:
    samples = []
    for run in range(runs):
        content = {f"folder/{files}-{n}.txt": f"{run} {n}".encode() for n in range(files)}
        began = time.perf_counter()
        api.commit(repo, content)
        samples.append(time.perf_counter() - began)
    return percentile(samples, 0.5)


def _durable_write_seconds(folder: Path) -> float:
    samples = []
    for number in range(50):
        began = time.perf_counter()
        path = folder / f"sync-{number % 2}"
        with path.open("wb") as writer:
            writer.write(b"x" * 4096)
            writer.flush()
            os.fsync(writer.fileno())
        samples.append(time.perf_counter() - began)
    return percentile(samples, 0.5)
