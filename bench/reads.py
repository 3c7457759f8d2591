"""Answers that clients wait for: repository information, tree pages, snapshots, clones."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from bench.client import Api, crowd
from bench.rows import Row, paired, percentile
from bench.servers import RunningHub

SECONDS = 6.0
READERS = 8
MANY_FILES = 10_000
SNAPSHOT_FILES = 100


def measure(hub: RunningHub, folder: Path) -> list[Row]:
    """Repository information under load, a clone of 10,000 files, a snapshot of 100."""
    return [*_information(hub), *_clones(hub, folder), *_snapshots(hub, folder)]


def _information(hub: RunningHub) -> list[Row]:
    api = Api(hub)
    repo = api.create("information")
    api.commit(repo, {"README.md": b"---\nlicense: mit\n---\n# Bench\n", "config.json": b"{}"})

    def reader(path: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
        def start(_: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
            mine = Api(hub)
            return lambda: mine.call("GET", path)

        return start

    health = crowd(READERS, SECONDS, reader("/healthz"))
    latencies = crowd(READERS, SECONDS, reader(f"/api/models/{repo}"))
    note = f"{READERS} clients, p99 {percentile(latencies, 0.99) * 1e3:.1f} ms"
    return [
        Row(
            "model_info",
            len(latencies) / SECONDS,
            "/s",
            len(health) / SECONDS,
            "/healthz",
            "",
            note,
        )
    ]


def _clones(hub: RunningHub, folder: Path) -> list[Row]:
    api = Api(hub)
    repo = api.create("clones")
    for batch in range(0, MANY_FILES, 2500):
        files = {
            f"d{number // 100}/f{number}.txt": f"file {number}\n".encode() * 40
            for number in range(batch, batch + 2500)
        }
        api.commit(repo, files)
    bare = folder / "clone-source.git"
    address = hub.url.replace("://", f"://bench:{hub.token}@") + f"/{repo}"
    subprocess.run(["git", "clone", "-q", "--bare", address, str(bare)], check=True)
    subprocess.run(["git", "-C", str(bare), "repack", "-adbq"], check=True)

    def clone(source: str) -> float:
        target = folder / "clone-target"
        began = time.perf_counter()
        subprocess.run(["git", "clone", "-q", "--no-checkout", source, str(target)], check=True)
        took = time.perf_counter() - began
        shutil.rmtree(target)
        return took

    value, base = paired(5, lambda: clone(address), lambda: clone(f"file://{bare}"))
    return [Row(f"clone of {MANY_FILES:,} files", value, "s", base, "git, bare folder", "≤ 1.5")]


def _requests(hub: RunningHub) -> float:
    """How many requests the hub has answered, as its own metrics say."""
    text = urllib.request.urlopen(f"{hub.url}/metrics", timeout=10).read().decode()
    found = re.findall(r"^groundswell_requests_total\{[^}]*\} ([0-9.e+]+)$", text, re.MULTILINE)
    return sum(float(value) for value in found)


def _snapshots(hub: RunningHub, folder: Path) -> list[Row]:
    api = Api(hub)
    repo = api.create("snapshots")
    files = {f"f{n}.json": json.dumps({"n": n}).encode() * 50 for n in range(SNAPSHOT_FILES)}
    commit = api.commit(repo, files)
    script = (
        "import sys, time; from huggingface_hub import snapshot_download as get\n"
        "began = time.perf_counter(); get(sys.argv[1], revision=sys.argv[2] or None)\n"
        "print(time.perf_counter() - began)"
    )
    environment = hub.environment | {"HF_HOME": str(folder / "snapshot-home")}

    def snapshot(revision: str = "") -> tuple[float, float]:
        before = _requests(hub)
        run = subprocess.run(
            [sys.executable, "-c", script, repo, revision],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return float(run.stdout.split()[-1]), _requests(hub) - before - 1

    cold, cold_requests = snapshot()
    warm, warm_requests = snapshot()
    _, pinned_requests = snapshot(commit)
    note = f"{cold_requests:.0f} requests cold, {pinned_requests:.0f} cached at a commit"
    return [
        Row(f"snapshot of {SNAPSHOT_FILES} files, cached", warm, "s", cold, "cold", "", note),
        Row(
            "requests of a cached snapshot", warm_requests, "requests", cold_requests, "cold", "≤ 2"
        ),
    ]
