"""SIGTERM: an upload under way is finished and acknowledged; a download is not waited for long,
since a client resumes it.
"""

from __future__ import annotations

import base64
import http.client
import json
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.clients.stage import ask, sha256
from tests.fault.nursery import Nursery
from tests.fault.rig import (
    ADA,
    acknowledged,
    commit,
    commit_lines,
    create_repo,
    large_file,
    lfs_upload,
    noise,
    read,
    small_file,
)
from tests.live import LiveHub

REPO = "ada/closing"
LARGE = noise(24 << 20, "large")


def upload_address(hub: LiveHub, content: bytes) -> str:
    """Where git-lfs would send a large file."""
    body = {
        "operation": "upload",
        "transfers": ["basic"],
        "objects": [{"oid": sha256(content), "size": len(content)}],
    }
    lfs = "application/vnd.git-lfs+json"
    answer = ask(
        hub,
        "POST",
        f"/{REPO}.git/info/lfs/objects/batch",
        token=ADA,
        body=json.dumps(body).encode(),
        headers={"Content-Type": lfs, "Accept": lfs},
    )
    href = acknowledged(answer).json()["objects"][0]["actions"]["upload"]["href"]
    return href.removeprefix(hub.url)


def begin(
    hub: LiveHub, method: str, path: str, size_bytes: int, token: str | None = None
) -> http.client.HTTPConnection:
    """A request whose body is still to come."""
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=60)
    connection.putrequest(method, path)
    connection.putheader("Content-Length", str(size_bytes))
    if token:
        connection.putheader("Authorization", f"Bearer {token}")
    connection.endheaders()
    return connection


def stalled_download(hub: LiveHub, path: str) -> socket.socket:
    """A client that asks for a large file and reads nothing of it."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", hub.port))
    client.sendall(
        f"GET {path} HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {ADA}\r\n\r\n".encode()
    )
    return client


def test_uploads_under_way_are_finished(data: Path, nursery: Nursery) -> None:
    with nursery.serving(data, "--quiet") as hub:
        create_repo(hub, REPO)
        path = upload_address(hub, LARGE)
        lines = commit_lines(small_file("slow.txt", b"slowly\n" * 1000))
        upload = begin(hub, "PUT", path, len(LARGE))
        commit_ = begin(hub, "POST", f"/api/models/{REPO}/commit/main", len(lines), ADA)
        upload.send(LARGE[: len(LARGE) // 2])
        commit_.send(lines[: len(lines) // 2])
        time.sleep(0.3)
        hub.process.send_signal(signal.SIGTERM)
        time.sleep(1.0)
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", hub.port), timeout=5).close()
        upload.send(LARGE[len(LARGE) // 2 :])
        commit_.send(lines[len(lines) // 2 :])
        assert upload.getresponse().status == 200
        assert commit_.getresponse().status == 200
        upload.close()
        commit_.close()
        assert hub.process.wait(30) == 0
    with nursery.serving(data) as hub:
        assert read(hub, REPO, "slow.txt").body == b"slowly\n" * 1000
        acknowledged(commit(hub, REPO, large_file("large.bin", LARGE)))
        assert read(hub, REPO, "large.bin").body == LARGE


def test_a_push_under_way_is_finished(data: Path, tmp_path: Path, nursery: Nursery) -> None:
    """Git sends a large push as it goes; the hub is told to stop in its middle."""
    with nursery.serving(data, "--quiet") as hub:
        create_repo(hub, REPO)
        clone = tmp_path / "clone"
        address = f"http://ada:{ADA}@127.0.0.1:{hub.port}/{REPO}"

        def git(*arguments: str) -> None:
            subprocess.run(["git", *arguments], cwd=clone, check=True, capture_output=True)

        clone.mkdir()
        git("clone", "-q", address, ".")
        for number in range(4):
            (clone / f"{number}.txt").write_bytes(base64.b64encode(noise(4 << 20, number)))
        git("add", ".")
        git("-c", "user.name=A", "-c", "user.email=a@b", "commit", "-q", "-m", "many")
        push = subprocess.Popen(
            ["git", "push", "-q", address, "HEAD:main"],
            cwd=clone, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        deadline = time.monotonic() + 30
        incoming = data / "repos"
        while not list(incoming.glob("*/*.git/incoming-*/pack/*")):
            assert time.monotonic() < deadline
            assert push.poll() is None
            time.sleep(0.002)
        hub.process.send_signal(signal.SIGTERM)
        said = push.communicate(timeout=60)[1]
        assert push.returncode == 0, said
        assert hub.process.wait(30) == 0
    with nursery.serving(data) as hub:
        assert read(hub, REPO, "3.txt").body == base64.b64encode(noise(4 << 20, 3))


@pytest.mark.parametrize("server", ["granian", "uvicorn"])
def test_stalled_downloads_do_not_hold_the_end_for_long(
    server: str, data: Path, nursery: Nursery
) -> None:
    with nursery.serving(data, "--quiet", f"--server={server}") as hub:
        create_repo(hub, REPO)
        acknowledged(lfs_upload(hub, REPO, LARGE))
        acknowledged(commit(hub, REPO, large_file("large.bin", LARGE)))
        clients = [stalled_download(hub, f"/{REPO}/resolve/main/large.bin") for _ in range(200)]
        time.sleep(1.5)
        begun = time.monotonic()
        assert hub.stop(signal.SIGTERM) == 0
        seconds = time.monotonic() - begun
        for client in clients:
            client.close()
    assert seconds < 10, seconds


@pytest.mark.parametrize("server", ["granian", "uvicorn"])
def test_idle_connections_do_not_hold_the_end(server: str, data: Path, nursery: Nursery) -> None:
    with nursery.serving(data, "--quiet", f"--server={server}") as hub:
        kept = []
        for _ in range(50):
            connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=10)
            connection.request("GET", "/healthz")
            assert connection.getresponse().read()
            kept.append(connection)
        begun = time.monotonic()
        assert hub.stop(signal.SIGTERM) == 0
        assert time.monotonic() - begun < 5
        for connection in kept:
            connection.close()


def test_a_short_read_is_finished(data: Path, nursery: Nursery) -> None:
    """A client that reads on within the few seconds gets all of its file."""
    with nursery.serving(data, "--quiet") as hub:
        create_repo(hub, REPO)
        acknowledged(lfs_upload(hub, REPO, LARGE))
        acknowledged(commit(hub, REPO, large_file("large.bin", LARGE)))
        parts = urlsplit(f"{hub.url}/{REPO}/resolve/main/large.bin")
        connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=30)
        connection.request("GET", parts.path, headers={"Authorization": f"Bearer {ADA}"})
        answer = connection.getresponse()
        first = answer.read(1 << 20)
        hub.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert first + answer.read() == LARGE
        connection.close()
        assert hub.process.wait(30) == 0
