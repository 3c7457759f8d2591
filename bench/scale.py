"""Large repositories: 100,000 files, 10,000 commits."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from bench.client import Api
from bench.rows import Row, percentile
from bench.servers import RunningHub

FILES = 100_000
COMMITS = 10_000


def measure(hub: RunningHub, folder: Path) -> list[Row]:
    """Tree page of 1,000, one commit and a history page in such repositories."""
    return [*_many_files(hub, folder), *_many_commits(hub, folder)]


def _push(hub: RunningHub, folder: Path, repo: str, stream: Path) -> None:
    """Make a bare repository from a fast-import stream and push it."""
    bare = folder / f"{repo.replace('/', '-')}.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(bare)], check=True)
    with stream.open("rb") as source:
        subprocess.run(["git", "-C", str(bare), "fast-import", "--quiet"], stdin=source, check=True)
    address = hub.url.replace("://", f"://bench:{hub.token}@") + f"/{repo}"
    subprocess.run(["git", "-C", str(bare), "push", "-q", "-f", address, "main"], check=True)


def _many_files(hub: RunningHub, folder: Path) -> list[Row]:
    api = Api(hub)
    repo = api.create("many-files")
    stream = folder / "files.stream"
    with stream.open("w", encoding="utf-8") as out:
        out.write("commit refs/heads/main\ncommitter b <b@b> 1 +0000\ndata 1\nx\n")
        for number in range(FILES):
            text = f"file {number}\n"
            out.write(f"M 644 inline d{number // 1000:03d}/f{number:06d}\n")
            out.write(f"data {len(text)}\n{text}")
    _push(hub, folder, repo, stream)
    page = _milliseconds(
        20, lambda: api.call("GET", f"/api/models/{repo}/tree/main?recursive=true&limit=1000")
    )
    flat = _milliseconds(
        20, lambda: api.call("GET", f"/api/models/{repo}/tree/main/d050?limit=1000")
    )
    commit = _milliseconds(
        20, lambda: api.commit(repo, {"d050/new.txt": str(time.time()).encode()})
    )
    name = f"in {FILES:,} files"
    return [
        Row(f"tree page of 1,000, recursive, {name}", page, "ms", aim="≤ 20 ms of server time"),
        Row(f"tree page of 1,000, one folder, {name}", flat, "ms", aim="≤ 20 ms of server time"),
        Row(f"commit of one file {name}", commit, "ms", aim="≤ 60 ms"),
    ]


def _many_commits(hub: RunningHub, folder: Path) -> list[Row]:
    api = Api(hub)
    repo = api.create("many-commits")
    stream = folder / "commits.stream"
    with stream.open("w", encoding="utf-8") as out:
        for number in range(COMMITS):
            text = f"{number}\n"
            out.write(f"commit refs/heads/main\ncommitter b <b@b> {number + 1} +0000\ndata 1\nx\n")
            out.write(f"M 644 inline f{number % 50}\ndata {len(text)}\n{text}")
    _push(hub, folder, repo, stream)
    history = _milliseconds(
        10, lambda: api.call("GET", f"/api/models/{repo}/commits/main?limit=50")
    )
    tree = _milliseconds(10, lambda: api.call("GET", f"/api/models/{repo}/tree/main?expand=true"))
    commit = _milliseconds(20, lambda: api.commit(repo, {"new.txt": str(time.time()).encode()}))
    name = f"in {COMMITS:,} commits"
    return [
        Row(f"history page of 50 {name}", history, "ms"),
        Row(f"tree page with last commits {name}", tree, "ms"),
        Row(f"commit of one file {name}", commit, "ms", aim="≤ 60 ms"),
    ]


def _milliseconds(runs: int, act) -> float:  # type: ignore[no-untyped-def]  # noqa: ANN001
    samples = []
    for _ in range(runs):
        began = time.perf_counter()
        act()
        samples.append((time.perf_counter() - began) * 1e3)
    return percentile(samples, 0.5)
