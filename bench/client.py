"""A small client for measuring: the calls of stock clients without their own cost, and a sink."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import re
import selectors
import socket
import sqlite3
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.servers import USER, RunningHub

PIECE = 1 << 20


class Api:
    """One keep-alive connection to a hub."""

    def __init__(self, hub: RunningHub) -> None:
        self._headers = {"Authorization": f"Bearer {hub.token}"}
        self._connection = connection(hub.url)

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> bytes:
        """The answer's body. Raises RuntimeError on any refusal."""
        self._connection.request(method, path, body, self._headers | headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            message = f"{method} {path}: {answer.status} {content[:300]!r}"
            raise RuntimeError(message)
        return content

    def json(self, method: str, path: str, value: object = None) -> Any:  # noqa: ANN401 - JSON
        """The answer's JSON."""
        body = None if value is None else json.dumps(value).encode()
        return json.loads(self.call(method, path, body, **{"Content-Type": "application/json"}))

    def create(self, name: str) -> str:
        """Make a model repository; gives its id."""
        self.json("POST", "/api/repos/create", {"name": name, "type": "model"})
        return f"{USER}/{name}"

    def commit(self, repo: str, files: dict[str, bytes], branch: str = "main") -> str:
        """Commit small files; gives the commit id."""
        lines: list[dict[str, Any]] = [
            {"key": "header", "value": {"summary": "bench", "description": ""}}
        ]
        for path, content in files.items():
            value = {
                "path": path,
                "content": base64.b64encode(content).decode(),
                "encoding": "base64",
            }
            lines.append({"key": "file", "value": value})
        body = b"\n".join(json.dumps(line).encode() for line in lines)
        path = f"/api/models/{repo}/commit/{branch}"
        answer = self.call("POST", path, body, **{"Content-Type": "application/x-ndjson"})
        return str(json.loads(answer)["commitOid"])


def connection(url: str) -> http.client.HTTPConnection:
    """A connection to the server of ``url``."""
    parts = urllib.parse.urlsplit(url)
    assert parts.hostname is not None
    # Files are sent in pieces of the size that git-lfs takes, not of http.client's 8 KiB.
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=600, blocksize=32 << 10)


def curl_megabytes_per_second(url: str, clients: int, size_bytes: int) -> float:
    """Download ``url`` by ``clients`` curl processes at once; MB/s over all."""
    began = time.perf_counter()
    command = ["curl", "-sfL", "--noproxy", "*", "-o", "/dev/null", url]
    runs = [subprocess.Popen(command) for _ in range(clients)]
    for run in runs:
        if run.wait() != 0:
            message = f"curl could not download {url}"
            raise RuntimeError(message)
    return clients * size_bytes / 1e6 / (time.perf_counter() - began)


def ranged_megabytes_per_second(url: str, size_bytes: int, range_bytes: int) -> float:
    """Read the whole file by ranges over one connection; MB/s."""
    path = urllib.parse.urlsplit(url).path
    starts = range(0, size_bytes, range_bytes)
    pieces = [(path, start, min(start + range_bytes, size_bytes) - 1) for start in starts]
    return pieces_megabytes_per_second(url, pieces)


def pieces_megabytes_per_second(
    url: str, pieces: list[tuple[str, int, int]], headers: Mapping[str, str] | None = None
) -> float:
    """Read (path, first, last byte) of the server of ``url`` over one connection; MB/s."""
    wire = connection(url)
    sink = memoryview(bytearray(PIECE))
    size_bytes = 0
    began = time.perf_counter()
    for path, first, last in pieces:
        wanted = {"Range": f"bytes={first}-{last}", **(headers or {})}
        wire.request("GET", path, headers=wanted)
        answer = wire.getresponse()
        assert answer.status == 206, answer.status
        while count := answer.readinto(sink):
            size_bytes += count
    assert size_bytes == sum(last - first + 1 for _, first, last in pieces)
    return size_bytes / 1e6 / (time.perf_counter() - began)


def stored_ranges(
    hub: RunningHub, repo: str, path: str, range_bytes: int
) -> list[tuple[str, int, int]]:
    """The signed addresses of what a large file is made of, each with a range of that size."""
    api = Api(hub)
    tree = api.json("POST", f"/api/models/{repo}/paths-info/main", {"paths": [path]})
    token = api.json("GET", f"/api/models/{repo}/xet-read-token/main")
    at = urllib.parse.urlsplit(token["casUrl"]).path
    told = json.loads(
        api.call(
            "GET",
            f"{at}/v1/reconstructions/{tree[0]['xetHash']}",
            Authorization=f"Bearer {token['accessToken']}",
        )
    )
    found = []
    for fetches in told["fetch_info"].values():
        for fetch in fetches:
            address = urllib.parse.urlsplit(fetch["url"])
            first, last = fetch["url_range"]["start"], fetch["url_range"]["end"]
            for start in range(first, last + 1, range_bytes):
                stop = min(start + range_bytes - 1, last)
                found.append((f"{address.path}?{address.query}", start, stop))
    return found


def upload_by_lfs(hub: RunningHub, repo: str, path: Path, sha256: str) -> float:
    """Send one file the basic LFS way; seconds until the hub has acknowledged it."""
    api = Api(hub)
    size = path.stat().st_size
    request = {
        "operation": "upload",
        "transfers": ["basic"],
        "hash_algo": "sha256",
        "objects": [{"oid": sha256, "size": size}],
    }
    kind = {"Content-Type": "application/vnd.git-lfs+json"}
    began = time.perf_counter()
    batch = api.call(
        "POST", f"/{repo}.git/info/lfs/objects/batch", json.dumps(request).encode(), **kind
    )
    actions = json.loads(batch)["objects"][0]["actions"]
    target = urllib.parse.urlsplit(actions["upload"]["href"])
    wire = connection(hub.url)
    with path.open("rb") as source:
        headers = {"Content-Length": str(size)} | actions["upload"].get("header", {})
        wire.request("PUT", f"{target.path}?{target.query}", source, headers)
        answer = wire.getresponse()
        answer.read()
    assert answer.status < 300, answer.status
    return time.perf_counter() - began


def copy_with_sha256(source: Path, target: Path) -> float:
    """Copy a file and hash it on the way, durably: what an upload costs at the very least."""
    began = time.perf_counter()
    digest = hashlib.sha256()
    with source.open("rb") as reader, target.open("wb") as writer:
        while piece := reader.read(4 * PIECE):
            digest.update(piece)
            writer.write(piece)
        writer.flush()
        os.fdatasync(writer.fileno())
    return time.perf_counter() - began


def bare_folder(hub: RunningHub, repo: str) -> Path:
    """The folder in which the hub keeps a repository's git objects."""
    namespace, _, name = repo.partition("/")
    database = sqlite3.connect(f"file:{hub.folder}/groundswell.db?mode=ro", uri=True)
    try:
        query = "SELECT id FROM repositories WHERE namespace = ? AND name = ?"
        (number,) = database.execute(query, (namespace, name)).fetchone()
    finally:
        database.close()
    return hub.folder / "repos" / f"{number & 0xFF:02x}" / f"{number}.git"


def pump(hub: RunningHub, path: str, clients: int, seconds: float) -> list[float]:
    """GET ``path`` over and over on as many connections; all latencies.

    One thread and bare sockets: on two processors a client of Python threads measures itself.
    """
    parts = urllib.parse.urlsplit(hub.url)
    assert parts.hostname is not None
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {hub.token}\r\n\r\n"
    ).encode()
    ready = selectors.DefaultSelector()
    latencies: list[float] = []
    for _ in range(clients):
        opened = socket.create_connection((parts.hostname, parts.port))
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ready.register(opened, selectors.EVENT_READ, [bytearray(), time.perf_counter()])
        opened.sendall(request)
    stop = time.perf_counter() + seconds
    while time.perf_counter() < stop:
        for key, _events in ready.select(1.0):
            wire = key.fileobj
            assert isinstance(wire, socket.socket)
            received, began = key.data
            received += wire.recv(PIECE)
            if not _is_whole(received):
                continue
            assert received.startswith(b"HTTP/1.1 200"), bytes(received[:300])
            latencies.append(time.perf_counter() - began)
            key.data[:] = bytearray(), time.perf_counter()
            wire.sendall(request)
    for key in list(ready.get_map().values()):
        assert isinstance(key.fileobj, socket.socket)
        key.fileobj.close()
    return latencies


def _is_whole(answer: bytearray) -> bool:
    head = answer.find(b"\r\n\r\n")
    if head < 0:
        return False
    length = re.search(rb"\r\ncontent-length: *(\d+)", answer[: head + 2], re.IGNORECASE)
    return length is not None and len(answer) >= head + 4 + int(length[1])


def crowd(workers: int, seconds: float, act: Callable[[int], Callable[[], object]]) -> list[float]:
    """Run ``act(worker)()`` over and over on every worker for some seconds; all latencies."""
    stop = threading.Event()
    gate = threading.Barrier(workers + 1)

    def work(number: int) -> list[float]:
        once = act(number)
        gate.wait()
        latencies = []
        while not stop.is_set():
            began = time.perf_counter()
            once()
            latencies.append(time.perf_counter() - began)
        return latencies

    with ThreadPoolExecutor(workers) as pool:
        tasks = [pool.submit(work, number) for number in range(workers)]
        gate.wait()
        time.sleep(seconds)
        stop.set()
        return [latency for task in tasks for latency in task.result()]
