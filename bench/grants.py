"""``python -m bench.grants``: the same upload through the hub and past it, in turns on one hub.

The stock client sends 256 MiB of new data over Xet, first as fast as it goes, then over a line of
20 MB/s. Client, hub and object storage (SeaweedFS) share this machine's processors and disk.
"""

from __future__ import annotations

import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.contract import object_storage
from tests.live import LiveHub, serving, token_of

SIZE_BYTES = 256 * 1024 * 1024
LINE_BYTES_PER_SECOND = 20_000_000
TURNS = {"fast": 4, "slow": 3}
DIRECT = {"HF_XET_CLIENT_LEGACY_DIRECT_XORB_UPLOAD": "1"}
WAYS: dict[str, dict[str, str]] = {"through the hub": DIRECT, "past the hub": {}}
UPLOAD = """
import os, pathlib, sys, time
from huggingface_hub import HfApi
file, repo = pathlib.Path(sys.argv[1]), sys.argv[2]
api = HfApi()
api.create_repo(repo)
began = time.perf_counter()
api.upload_file(repo_id=repo, path_or_fileobj=file, path_in_repo="w.bin")
print(time.perf_counter() - began)
"""


class Line:
    """What a client sends through it takes as long as one line for all of it would."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free_at = time.monotonic()

    def carry(self, size_bytes: int) -> None:
        """Wait until so many bytes are over."""
        with self._lock:
            begin = max(self._free_at, time.monotonic())
            self._free_at = begin + size_bytes / LINE_BYTES_PER_SECOND
            wait = self._free_at - time.monotonic()
        time.sleep(max(wait, 0.0))

    @contextlib.contextmanager
    def to(self, port: int) -> Iterator[str]:
        """The address of this end."""
        listener = socket.create_server(("127.0.0.1", 0))

        def pump(source: socket.socket, sink: socket.socket, *, is_slow: bool) -> None:
            with contextlib.suppress(OSError):
                while piece := source.recv(65536):
                    if is_slow:
                        self.carry(len(piece))
                    sink.sendall(piece)
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_WR)

        def accept() -> None:
            while True:
                try:
                    near, _ = listener.accept()
                except OSError:
                    return
                far = socket.create_connection(("127.0.0.1", port))
                for ends, is_slow in (((near, far), True), ((far, near), False)):
                    threading.Thread(
                        target=pump, args=ends, kwargs={"is_slow": is_slow}, daemon=True
                    ).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            thread.join()


@dataclass(frozen=True)
class Figures:
    """Of one upload: seconds by the clock, of the hub's processor time, and of requests for xorbs
    that were open at the hub, together.
    """

    wall: float
    processor: float
    open: float


def open_seconds(hub: LiveHub) -> float:
    """How long requests for xorbs were open so far."""
    routes = {"xet xorb", "xet grant", "xet commit"}
    found = [each for each in hub.records() if each.get("route") in routes]
    return sum(float(str(each["ms"])) for each in found) / 1000


def cpu_seconds(hub: LiveHub) -> float:
    """Processor time that the hub took so far."""
    fields = Path(f"/proc/{hub.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def upload(
    hub: LiveHub, url: str, scratch: Path, repo: str, environment: dict[str, str]
) -> Figures:
    """One upload of new bytes."""
    file = scratch / "w.bin"
    file.write_bytes(os.urandom(SIZE_BYTES))
    processor, opened = cpu_seconds(hub), open_seconds(hub)
    done = subprocess.run(
        [sys.executable, "-c", UPLOAD, str(file), repo],
        env={
            **os.environ,
            "HF_ENDPOINT": url,
            "HF_TOKEN": token_of("ada"),
            "HF_HOME": str(scratch / repo.replace("/", "-")),
            **environment,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    wall = float(done.stdout.split()[-1])
    time.sleep(0.5)  # the last line of the log
    return Figures(wall, cpu_seconds(hub) - processor, open_seconds(hub) - opened)


def measure(scratch: Path, endpoint: str, speed: str) -> None:
    """Uploads in turns, and their rows of the table."""
    found: dict[str, list[Figures]] = {name: [] for name in WAYS}
    line = Line()
    data = scratch / speed
    data.mkdir()
    with contextlib.ExitStack() as stack:
        public = endpoint
        if speed == "slow":
            public = stack.enter_context(line.to(int(endpoint.rpartition(":")[2])))
        lines = object_storage.settings(endpoint, speed)
        lines.append(f'storage_public_endpoint = "{public}"')
        (data / "swell.toml").write_text("\n".join([*lines, ""]))
        hub = stack.enter_context(serving(data, people=True))
        url = stack.enter_context(line.to(hub.port)) if speed == "slow" else hub.url
        for turn in range(TURNS[speed]):
            for name, environment in WAYS.items():
                repo = f"ada/{name.replace(' ', '-')}-{turn}"
                figures = upload(hub, url, scratch, repo, environment)
                if turn:  # the first one of each warms up
                    found[name].append(figures)
        routes = [each.get("route") for each in hub.records()]
        assert routes.count("xet commit"), "grants were not used"
    for name, rows in found.items():
        told = (
            f"{statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})"
            for each in (
                [row.wall for row in rows],
                [row.processor for row in rows],
                [row.open for row in rows],
            )
        )
        print(f"| {name}, {speed} line | {' | '.join(told)} |")


def main() -> None:
    """Print a table."""
    print("| 256 MiB over Xet | seconds | processor seconds of the hub | request seconds |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, object_storage.seaweedfs() as endpoint:
        for speed in TURNS:
            measure(Path(folder), endpoint, speed)


if __name__ == "__main__":
    main()
