"""F14: a thousand stalled downloads and two hundred uploads by drops, in bounded memory.

The hub runs in a memory control group: more than its bound and the kernel would kill it. Ten
thousand connections that stall in every way are in tests/fault/test_crowds.py.
"""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tests.clients.stage import ask
from tests.fault.experiments.figures import Figure, Scale
from tests.fault.experiments.site import Site
from tests.fault.nursery import Nursery
from tests.fault.rig import (
    ADA,
    acknowledged,
    commit,
    create_repo,
    large_file,
    lfs_upload,
    noise,
    read,
)
from tests.live import LiveHub

DOWNLOADS, UPLOADS = 1_000, 200
DESCRIPTORS = 4_000
GROUP_BYTES = 1 << 30
RSS_BYTES_MAX = 512 << 20
HEALTH_SECONDS_MAX = 0.2
ARRIVAL_SECONDS = 6
REPO = "ada/overload"
GROUPS = Path("/sys/fs/cgroup")


class MemoryGroup:
    """A control group with a bound, of version 1 or 2."""

    def __init__(self, name: str, size_bytes: int) -> None:
        is_first = (GROUPS / "memory" / "cgroup.procs").exists()
        self._folder = (GROUPS / "memory" if is_first else GROUPS) / name
        if not is_first:
            (GROUPS / "cgroup.subtree_control").write_text("+memory")
        self._folder.mkdir()
        bound = "memory.limit_in_bytes" if is_first else "memory.max"
        (self._folder / bound).write_text(str(size_bytes))
        self._kills = self._folder / ("memory.oom_control" if is_first else "memory.events")

    def take(self, pid: int) -> None:
        """From now on the process counts here."""
        (self._folder / "cgroup.procs").write_text(str(pid))

    def kills(self) -> int:
        """How many processes were killed for want of memory."""
        lines = [line.split() for line in self._kills.read_text().splitlines()]
        return sum(int(count) for name, count in lines if name == "oom_kill")

    def remove(self) -> None:
        for _ in range(50):  # the kernel takes a moment to let a process go
            with contextlib.suppress(OSError):
                self._folder.rmdir()
                return
            time.sleep(0.1)
        self._folder.rmdir()


@contextlib.contextmanager
def memory_group(size_bytes: int) -> Iterator[MemoryGroup]:
    group = MemoryGroup(f"groundswell-faults-{os.getpid()}", size_bytes)
    try:
        yield group
    finally:
        group.remove()


@contextlib.contextmanager
def many_descriptors(count: int) -> Iterator[None]:
    """This process and its hubs may have so many files open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, max(hard, count)))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, max(hard, count)))


def rss_bytes(hub: LiveHub) -> int:
    pages = int(Path(f"/proc/{hub.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def head(method: str, path: str, *more: str) -> bytes:
    """The beginning of a request by Ada; two empty lines end it."""
    lines = [f"{method} {path} HTTP/1.1", "Host: hub", f"Authorization: Bearer {ADA}", *more]
    return "\r\n".join(lines).encode()


class Crowd:
    """Connections that read nothing, and such that send a byte now and then."""

    def __init__(self, hub: LiveHub) -> None:
        self._hub = hub
        self._members: list[socket.socket] = []
        self._drops: list[socket.socket] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._drip, daemon=True)

    def __enter__(self) -> None:
        for _ in range(DOWNLOADS):
            self._members.append(
                self._begin(head("GET", f"/{REPO}/resolve/main/large.bin", "", ""))
            )
        body = ("Content-Type: application/x-ndjson", "Content-Length: 1000000", "", "{")
        for _ in range(UPLOADS):
            path = f"/api/models/{REPO}/commit/main"
            self._drops.append(self._begin(head("POST", path, *body)))
        self._thread.start()

    def __exit__(self, *exception: object) -> None:
        self._is_over.set()
        self._thread.join()
        for member in (*self._members, *self._drops):
            member.close()

    def _begin(self, sent: bytes) -> socket.socket:
        member = socket.socket()
        member.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        member.settimeout(20)
        member.connect(("127.0.0.1", self._hub.port))
        member.sendall(sent)
        return member

    def _drip(self) -> None:
        while not self._is_over.wait(1):
            for member in self._drops:
                with contextlib.suppress(OSError):
                    member.send(b" ")


def answer_seconds(hub: LiveHub, seconds: float) -> tuple[list[float], int]:
    """How long /healthz takes, in ascending order; and the most memory that the hub had."""
    found: list[float] = []
    largest_bytes = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.monotonic()
        assert ask(hub, "GET", "/healthz").status == 200
        found.append(time.monotonic() - begun)
        largest_bytes = max(largest_bytes, rss_bytes(hub))
        time.sleep(0.01)
    return sorted(found), largest_bytes


def run(site: Site, folder: Path, scale: Scale) -> Iterator[Figure]:
    """The experiment."""
    content = noise(scale.of(32, 256) << 20, "overload")
    data = site.fresh_data(folder)
    served = 0
    with contextlib.ExitStack() as stack:
        group = stack.enter_context(memory_group(GROUP_BYTES))
        stack.enter_context(many_descriptors(DESCRIPTORS))
        nursery = stack.enter_context(contextlib.closing(Nursery()))  # with the limits of now
        hub = stack.enter_context(nursery.serving(data, "--quiet"))
        group.take(hub.process.pid)
        create_repo(hub, REPO)
        acknowledged(lfs_upload(hub, REPO, content))
        acknowledged(commit(hub, REPO, large_file("large.bin", content)))
        rest_bytes = rss_bytes(hub)
        with Crowd(hub):
            arriving, _ = answer_seconds(hub, ARRIVAL_SECONDS)
            health, largest_bytes = answer_seconds(hub, scale.of(6, 60))
            downloads = 3
            for _ in range(downloads):
                served += read(hub, REPO, "large.bin").body == content
                largest_bytes = max(largest_bytes, rss_bytes(hub))
        kills = group.kills()
        is_alive = hub.process.poll() is None
    slow = health[len(health) * 99 // 100]
    crowd = f"{DOWNLOADS:,} stalled downloads, {UPLOADS} uploads by drops"
    yield Figure(
        "F14",
        f"memory with {crowd}",
        f"{largest_bytes / 2**20:.0f} MiB",
        f"≤ {RSS_BYTES_MAX >> 20} MiB",
        largest_bytes <= RSS_BYTES_MAX,
        f"{rest_bytes / 2**20:.0f} MiB before",
    )
    yield Figure("F14", f"killed for want of memory, bound {GROUP_BYTES >> 20} MiB", str(kills),
                 "0", kills == 0 and is_alive)  # fmt: skip
    yield Figure("F14", "/healthz meanwhile, p99", f"{slow * 1000:.1f} ms",
                 f"≤ {HEALTH_SECONDS_MAX * 1000:.0f} ms", slow <= HEALTH_SECONDS_MAX,
                 f"{len(health)} requests; in the first {ARRIVAL_SECONDS} s, while the crowd comes in, "
                 f"the slowest {arriving[-1] * 1000:.0f} ms")  # fmt: skip
    yield Figure("F14", "new downloads meanwhile", f"{served} of {downloads}", "all",
                 served == downloads)  # fmt: skip
