"""Time to the first answer, memory at rest, and memory under a thousand stalled downloads."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import time
import urllib.parse
import urllib.request
from pathlib import Path

from bench.client import Api, upload_by_lfs
from bench.rows import Row, percentile
from bench.servers import RunningHub

STALLED = 1000
SIZE = 256 << 20


def measure(hub: RunningHub, folder: Path) -> list[Row]:
    """Rows of start, rest and stall. Run it first, on a hub that has done nothing yet."""
    rest = _resident_megabytes(hub.pid)
    quiet = _health_milliseconds(hub, 2.0)
    source = folder / "stalled.bin"
    source.write_bytes(os.urandom(SIZE))
    repo = Api(hub).create("stalled")
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    upload_by_lfs(hub, repo, source, sha256)
    api = Api(hub)
    value = {"path": "stalled.bin", "algo": "sha256", "oid": sha256, "size": SIZE}
    lines = b'{"key":"header","value":{"summary":"x","description":""}}\n'
    lines += json.dumps({"key": "lfsFile", "value": value}).encode()
    api.call(
        "POST", f"/api/models/{repo}/commit/main", lines, **{"Content-Type": "application/x-ndjson"}
    )
    sockets = [_stall(hub, f"/{repo}/resolve/main/stalled.bin") for _ in range(STALLED)]
    time.sleep(5)
    stalled = _health_milliseconds(hub, 5.0)
    busy = _resident_megabytes(hub.pid)
    for one in sockets:
        one.close()
    note = (
        f"others p50 {percentile(stalled, 0.5):.1f} ms, p99 {percentile(stalled, 0.99):.1f} ms; "
        f"quiet p99 {percentile(quiet, 0.99):.1f} ms"
    )
    return [
        Row("start to first answer", hub.started_seconds, "s", aim="≤ 2 s"),
        Row("memory at rest", rest, "MB", aim="≤ 200 MB"),
        Row(
            f"memory with {STALLED:,} stalled downloads",
            busy,
            "MB",
            rest,
            "at rest",
            "≤ 512 MB",
            note,
        ),
    ]


def _resident_megabytes(pid: int) -> float:
    """Resident memory of the process and its children."""
    total = 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            status = (entry / "status").read_text(encoding="utf-8")
        except OSError:
            continue
        fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        if int(entry.name) == pid or int(fields["PPid"]) == pid:
            total += int(fields.get("VmRSS", "0 kB").split()[0])
    return total / 1000


def _health_milliseconds(hub: RunningHub, seconds: float) -> list[float]:
    samples = []
    stop = time.monotonic() + seconds
    while time.monotonic() < stop:
        began = time.perf_counter()
        urllib.request.urlopen(f"{hub.url}/healthz", timeout=30).read()
        samples.append((time.perf_counter() - began) * 1e3)
    return samples


def _stall(hub: RunningHub, path: str) -> socket.socket:
    """Ask for a file and never read the answer."""
    parts = urllib.parse.urlsplit(hub.url)
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.connect((parts.hostname, parts.port))
    one.sendall(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    return one
