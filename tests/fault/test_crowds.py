"""Ten thousand connections that stall, drip or broke: the hub answers everybody else, its memory
stays bounded, and it lets go of each of them when its time is over.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.stage import ask
from tests.fault.experiments.overload import head, many_descriptors, rss_bytes
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
    small_file,
    xet_upload,
)
from tests.live import LiveHub

CROWD = 10_000
TIMEOUT_SECONDS = 6
DESCRIPTORS = CROWD + 2_000
RSS_BYTES_MAX = 1536 << 20  # most of it is held for the thousand who read nothing
REPO = "ada/crowded"
LARGE = noise(8 << 20, "crowd")


@pytest.fixture
def descriptors() -> Iterator[None]:
    """This process and the hub may have a descriptor for each of the crowd."""
    with many_descriptors(DESCRIPTORS):
        yield


def open_sockets(hub: LiveHub) -> int:
    count = 0
    for descriptor in Path(f"/proc/{hub.process.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            count += descriptor.readlink().name.startswith("socket:")
    return count


def stories(number: int) -> tuple[bytes, str]:
    """What the member of the crowd of this number sends, and what it does then."""
    body = ("Content-Type: application/x-ndjson", "Content-Length: 1000000", "", '{"key":')
    kinds = (
        (b"", "stay"),
        (b"GET /", "stay"),
        (head("GET", "/api/models", "X-Slow: y"), "stay"),
        (head("POST", f"/api/models/{REPO}/commit/main", *body), "stay"),
        (head("POST", "/api/repos/create", *body), "stay"),
        (head("POST", f"/api/models/{REPO}/commit/main", *body), "half"),
        (head("GET", f"/{REPO}/resolve/main/large.bin", "", ""), "stay"),
        (head("GET", "/api/models?limit=1", "", ""), "stay"),
        (head("POST", f"/api/models/{REPO}/commit/main", *body), "reset"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "stay"),
    )
    return kinds[number % len(kinds)]


def gather(hub: LiveHub) -> list[socket.socket]:
    """The crowd, each member connected and stalled."""
    crowd = []
    for number in range(CROWD):
        sent, then = stories(number)
        member = socket.socket()
        member.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        member.settimeout(20)
        member.connect(("127.0.0.1", hub.port))
        with contextlib.suppress(ConnectionError):
            member.sendall(sent)
            if then == "half":
                member.shutdown(socket.SHUT_WR)
        if then == "reset":
            linger = (1).to_bytes(4, "little") + bytes(4)
            member.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            member.close()
        crowd.append(member)
    return crowd


@pytest.mark.timeout(180)
@pytest.mark.usefixtures("descriptors")
def test_ten_thousand_stalled_connections(data: Path) -> None:
    (data / "swell.toml").write_text(
        f"body_idle_seconds = {TIMEOUT_SECONDS}\nheader_seconds = {TIMEOUT_SECONDS}\n"
        f"send_idle_seconds = {TIMEOUT_SECONDS}\n"
    )
    nursery = Nursery()  # its hubs have the limits of this moment
    try:
        with nursery.serving(data, "--quiet") as hub:
            create_repo(hub, REPO)
            acknowledged(lfs_upload(hub, REPO, LARGE))
            acknowledged(commit(hub, REPO, large_file("large.bin", LARGE)))
            quiet = open_sockets(hub)
            crowd = gather(hub)
            try:
                seconds = [answer_seconds(hub) for _ in range(50)]
                assert statistics.median(seconds) < 0.2, sorted(seconds)
                assert max(seconds) < 20, sorted(seconds)  # while the crowd is being let in
                assert rss_bytes(hub) < RSS_BYTES_MAX
                acknowledged(commit(hub, REPO, small_file("during.txt", b"during")))
                assert read(hub, REPO, "large.bin").body == LARGE
                deadline = time.monotonic() + 10 * TIMEOUT_SECONDS
                while open_sockets(hub) > quiet + 50 and time.monotonic() < deadline:
                    time.sleep(0.5)
                assert open_sockets(hub) <= quiet + 50, "connections are kept for good"
            finally:
                for member in crowd:
                    member.close()
            assert rss_bytes(hub) < RSS_BYTES_MAX
            acknowledged(commit(hub, REPO, small_file("after.txt", b"after")))
            assert hub.stop() == 0
    finally:
        nursery.close()


def strangers() -> Iterator[bytes]:
    """Uploads begun by nobody whom the hub knows; none of their bodies ever comes."""
    for method, path in (
        ("POST", f"/xet/n1/e1/v1/xorbs/default/{'a' * 64}"),
        ("POST", "/xet/n1/e1/v2/shards"),
        ("POST", f"/api/models/{REPO}/commit/main"),
        ("PUT", f"/{REPO}.git/info/lfs/objects/{'a' * 64}"),
        ("POST", f"/{REPO}/upload/main"),
    ):
        lines = (f"{method} {path} HTTP/1.1", "Host: hub", "Content-Length: 60000000", "", "abc")
        yield "\r\n".join(lines).encode()


def test_who_may_not_upload_keeps_nobody_else_from_it(data: Path) -> None:
    (data / "swell.toml").write_text("uploads_at_once = 1\n")
    nursery = Nursery()
    try:
        with nursery.serving(data) as hub, contextlib.ExitStack() as crowd:
            create_repo(hub, REPO)
            for sent in strangers():
                member = socket.create_connection(("127.0.0.1", hub.port), timeout=20)
                crowd.enter_context(member)
                member.sendall(sent)
            assert answer_seconds(hub) < 20  # what was sent before has been read by now
            acknowledged(xet_upload(hub, REPO, noise(1 << 20, "xet")))
            acknowledged(lfs_upload(hub, REPO, noise(1 << 20, "lfs")))
            acknowledged(commit(hub, REPO, small_file("small.bin", noise(2 << 20, "small"))))
    finally:
        nursery.close()


def answer_seconds(hub: LiveHub) -> float:
    """How long somebody else waits for an answer, new connection included."""
    begun = time.monotonic()
    try:
        assert ask(hub, "GET", f"/api/models/{REPO}", token=ADA).status == 200
    except (OSError, http.client.HTTPException) as error:
        raise AssertionError("the hub does not answer") from error
    return time.monotonic() - begun
