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

from bench.client import Api, bare_folder, pump
from bench.rows import Row, paired, percentile
from bench.servers import RunningHub

SECONDS = 6.0
READERS = 8
MANY_FILES = 10_000
SNAPSHOT_FILES = 100
PACKED_SECONDS_MAX = 120.0


def measure(hub: RunningHub, folder: Path) -> list[Row]:
    """Repository information under load, a clone of 10,000 files, a snapshot of 100."""
    return [*_information(hub), *_clones(hub, folder), *_snapshots(hub, folder)]


def _information(hub: RunningHub) -> list[Row]:
    api = Api(hub)
    repo = api.create("information")
    api.commit(repo, {"README.md": b"---\nlicense: mit\n---\n# Bench\n", "config.json": b"{}"})

    health = pump(hub, "/healthz", READERS, SECONDS)
    latencies = pump(hub, f"/api/models/{repo}", READERS, SECONDS)
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
    address = hub.url.replace("://", f"://bench:{hub.token}@") + f"/{repo}"
    bare = bare_folder(hub, repo)  # the hub's own: both ways read the same objects
    waited = _wait_until_packed(bare)

    def clone(source: str) -> float:
        target = folder / "clone-target"
        began = time.perf_counter()
        subprocess.run(["git", "clone", "-q", "--no-checkout", source, str(target)], check=True)
        took = time.perf_counter() - began
        shutil.rmtree(target)
        return took

    value, base = paired(5, lambda: clone(address), lambda: clone(f"file://{bare}"))
    note = f"packed by the hub within {waited:.0f} s of the last commit"
    name = f"clone of {MANY_FILES:,} files"
    return [Row(name, value, "s", base, "git, the same folder", "≤ 1.5", note)]


def _wait_until_packed(bare: Path) -> float:
    """Seconds until the hub has packed what commits left behind as single objects."""
    began = time.monotonic()
    while time.monotonic() - began < PACKED_SECONDS_MAX:
        if list(bare.glob("objects/pack/*.pack")) and not list(bare.glob("objects/17/*")):
            break
        time.sleep(0.5)
    return time.monotonic() - began


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
