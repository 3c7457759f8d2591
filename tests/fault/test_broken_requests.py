"""Requests that stop in the middle, lie, or never end: a clear status, and nothing half-written."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from groundswell.wire.hashing import hash_to_hex
from tests.clients.stage import Answer, ask, sha256
from tests.fault.nursery import Nursery
from tests.fault.rig import (
    ADA,
    acknowledged,
    commit_lines,
    create_repo,
    damage,
    large_file,
    noise,
    packed_for_xet,
    small_file,
    snapshot,
    xet_address,
)
from tests.live import LiveHub

REPO = "ada/broken"
CONTENT = noise(300_000, "broken")
LINE_BYTES_MAX = 1 << 20
IDLE_SECONDS = 1.5


@pytest.fixture(scope="module")
def hub(
    tmp_path_factory: pytest.TempPathFactory,
    fresh_data: Callable[[Path], Path],
    nursery: Nursery,
) -> Iterator[LiveHub]:
    """A hub that is patient for a second and a half, with one repository."""
    data = fresh_data(tmp_path_factory.mktemp("broken"))
    (data / "swell.toml").write_text(
        f"body_idle_seconds = {IDLE_SECONDS}\ncommit_line_max_bytes = {LINE_BYTES_MAX}\n"
    )
    with nursery.serving(data) as hub:
        create_repo(hub, REPO)
        yield hub


@contextlib.contextmanager
def nothing_changes(hub: LiveHub) -> Iterator[None]:
    """What the data folder holds is the same afterwards, spooled bytes and git objects included."""
    before = snapshot(hub.data)
    heads = ask(hub, "GET", f"/api/models/{REPO}/refs", token=ADA).json()
    yield
    wait_until_idle(hub)
    assert snapshot(hub.data) == before
    assert ask(hub, "GET", f"/api/models/{REPO}/refs", token=ADA).json() == heads


def wait_until_idle(hub: LiveHub) -> None:
    """A connection that broke is noticed a moment later."""
    deadline = time.monotonic() + 10
    quiet = 0
    while quiet < 3:
        assert time.monotonic() < deadline, "the hub is still busy with what broke off"
        time.sleep(0.02)
        told = ask(hub, "GET", "/metrics").body
        # The request for these figures is one itself.
        quiet = quiet + 1 if b"\ngroundswell_requests_open 1.0\n" in told else 0


def raw(
    hub: LiveHub,
    method: str,
    path: str,
    length: int | None,
    *pieces: bytes,
    token: str = ADA,
    then: str = "wait",
) -> bytes:
    """A request as bytes: declared length (None: chunked) and what is sent of the body.

    Then wait for the answer, ``close``, half-``close`` or ``reset`` the connection; what came back.
    """  # fmt: skip
    head = f"{method} {path} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n"
    if token:
        head += f"Authorization: Bearer {token}\r\n"
    head += "Transfer-Encoding: chunked\r\n" if length is None else f"Content-Length: {length}\r\n"
    with socket.create_connection(("127.0.0.1", hub.port), timeout=30) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(head.encode() + b"\r\n" + b"".join(pieces))
        if then == "close":
            return b""
        if then == "reset":
            linger = (1).to_bytes(4, "little") + bytes(4)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            return b""
        if then == "half":
            connection.shutdown(socket.SHUT_WR)
        answer = bytearray()
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(65536):
                answer += piece
        return bytes(answer)


def status_of(answer: bytes) -> int:
    """The status, 0 when the connection was closed without a word."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


COMMIT = f"/api/models/{REPO}/commit/main"
WHOLE = commit_lines(small_file("whole.txt", b"x" * 50_000), small_file("second.txt", b"y"))


@pytest.mark.parametrize("share", [0, 1, 50, 60_000, 66_800, len(WHOLE) - 1])
@pytest.mark.parametrize("then", ["close", "reset", "half"])
def test_a_commit_that_breaks_off(share: int, then: str, hub: LiveHub) -> None:
    with nothing_changes(hub):
        told = raw(hub, "POST", COMMIT, len(WHOLE), WHOLE[:share], then=then)
    assert status_of(told) == (400 if then == "half" else 0)


@pytest.mark.parametrize("then", ["close", "half"])
def test_a_chunked_commit_that_breaks_off(then: str, hub: LiveHub) -> None:
    """Without a length only the last chunk says that a body is complete."""
    first_line = WHOLE[: WHOLE.index(b"\n") + 1]
    chunk = b"%x\r\n%s\r\n" % (len(first_line), first_line)
    with nothing_changes(hub):
        told = raw(hub, "POST", COMMIT, None, chunk, then=then)
    assert status_of(told) == (400 if then == "half" else 0)


BROKEN_COMMITS = {
    "a line cut short": (WHOLE[: len(WHOLE) - 40], 400),
    "no header": (commit_lines(small_file("a", b"x")).split(b"\n", 1)[1], 400),
    "empty": (b"", 400),
    "not JSON": (b"hello\n", 400),
    "not UTF-8": (b'{"key":"header","value":{"summary":"\xff"}}\n', 400),
    "unknown key": (commit_lines({"key": "magic", "value": {}}), 400),
    "wrong base64": (
        commit_lines({"key": "file", "value": {"path": "a", "content": "%%%", "encoding": "base64"}}),
        400,
    ),
    "line too long": (commit_lines(small_file("a.txt", b"x" * LINE_BYTES_MAX)), 413),
    "content that never came": (commit_lines(large_file("a.bin", b"never sent")), 400),
    "a path outside": (commit_lines(small_file("../../a", b"x")), 400),
    "nothing to delete": (commit_lines({"key": "deletedFile", "value": {"path": "none"}}), 404),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN_COMMITS)
def test_a_commit_that_is_wrong(case: str, hub: LiveHub) -> None:
    body, status = BROKEN_COMMITS[case]
    with nothing_changes(hub):
        answer = ask(hub, "POST", COMMIT, token=ADA, body=body)
    allowed = {status, 422} if status == 400 else {status}
    assert answer.status in allowed, answer.body
    assert answer.headers["X-Error-Code"]
    assert answer.json()["error"]


def lfs_address(hub: LiveHub, content: bytes) -> str:
    lfs = "application/vnd.git-lfs+json"
    wanted = {"oid": sha256(content), "size": len(content)}
    body = {"operation": "upload", "transfers": ["basic"], "objects": [wanted]}
    answer = ask(
        hub, "POST", f"/{REPO}.git/info/lfs/objects/batch", token=ADA,
        body=json.dumps(body).encode(), headers={"Content-Type": lfs, "Accept": lfs},
    )  # fmt: skip
    href: str = acknowledged(answer).json()["objects"][0]["actions"]["upload"]["href"]
    return href.removeprefix(hub.url)


@pytest.mark.parametrize(
    "sent",
    [CONTENT[:-1], CONTENT + b"x", CONTENT[:-1] + b"x", b"", CONTENT * 20],
    ids=["short", "long", "other", "empty", "much longer"],
)
@pytest.mark.parametrize("chunked", [False, True])
def test_lfs_content_that_is_not_what_was_announced(
    sent: bytes, chunked: bool, hub: LiveHub
) -> None:
    path = lfs_address(hub, CONTENT)
    with nothing_changes(hub):
        if chunked:
            pieces = [b"%x\r\n%s\r\n" % (len(sent), sent)] if sent else []
            told = raw(hub, "PUT", path, None, *pieces, b"0\r\n\r\n", token="")
        else:
            told = raw(hub, "PUT", path, len(sent), sent, token="")
    assert status_of(told) in {400, 413, 422}, told[:300]


@pytest.mark.parametrize("then", ["close", "reset", "half"])
def test_lfs_content_that_breaks_off(then: str, hub: LiveHub) -> None:
    path = lfs_address(hub, CONTENT)
    with nothing_changes(hub):
        told = raw(hub, "PUT", path, len(CONTENT), CONTENT[:200_000], token="", then=then)
    assert status_of(told) == (400 if then == "half" else 0)


def xet(hub: LiveHub, path: str, body: bytes) -> Answer:
    base, token = xet_address(hub, REPO)
    return ask(hub, "POST", f"{base}{path}", token=token, body=body)


def xorb() -> tuple[str, bytes]:
    packed, _ = packed_for_xet(CONTENT)
    ((xorb_hash, records),) = packed.records.items()
    return hash_to_hex(xorb_hash), records


def test_xorbs_that_are_broken(hub: LiveHub) -> None:
    key, records = xorb()
    lies = {
        "empty": b"",
        "cut": records[:-1],
        "cut in the middle": records[: len(records) // 2],
        "more": records + b"\0",
        "flipped": records[:1000] + bytes([records[1000] ^ 1]) + records[1001:],
        "noise": os.urandom(50_000),
    }
    for name, body in lies.items():
        with nothing_changes(hub):
            answer = xet(hub, f"/v1/xorbs/default/{key}", body)
        assert answer.status == 400, (name, answer.status, answer.body)
    with nothing_changes(hub):
        answer = xet(hub, f"/v1/xorbs/default/{'0' * 64}", records)
        assert answer.status == 400, "a xorb under another's name"
        base, token = xet_address(hub, REPO)
        told = raw(
            hub, "POST", f"{base}/v1/xorbs/default/{key}", len(records), records[:90_000],
            token=token, then="close",
        )  # fmt: skip
        assert status_of(told) in {0, 400, 408}


def test_a_xorb_that_is_too_large(hub: LiveHub) -> None:
    base, token = xet_address(hub, REPO)
    key, _ = xorb()
    path = f"{base}/v1/xorbs/default/{key}"
    with nothing_changes(hub):
        told = raw(hub, "POST", path, 1 << 40, b"x" * 1000, token=token)
        assert status_of(told) == 413
        block = b"%x\r\n%s\r\n" % (1 << 20, bytes(1 << 20))
        told = raw(hub, "POST", path, None, *([block] * 80), token=token)
        assert status_of(told) in {0, 400, 413}


def test_shards_that_are_broken(hub: LiveHub) -> None:
    _, shard = packed_for_xet(CONTENT)
    lies = {
        "empty": b"",
        "cut": shard[:-1],
        "cut in the middle": shard[: len(shard) // 2],
        "noise": os.urandom(5_000),
        "of a xorb that never came": shard,
    }
    for name, body in lies.items():
        for path in ("/v1/shards", "/v2/shards"):
            with nothing_changes(hub):
                answer = xet(hub, path, body)
            assert answer.status == 400, (name, path, answer.status, answer.body)


OVERSIZE: dict[str, Any] = {
    f"/api/models/{REPO}/preupload/main": 9 << 20,
    f"/{REPO}.git/info/lfs/objects/batch": 9 << 20,
    "/oauth/device": 9 << 20,
}


@pytest.mark.parametrize("path", OVERSIZE)
def test_a_body_that_is_too_large(path: str, hub: LiveHub) -> None:
    with nothing_changes(hub):
        told = raw(hub, "POST", path, OVERSIZE[path], b"{" * 1000)
        assert status_of(told) == 413, told[:200]
        block = b"%x\r\n%s\r\n" % (1 << 20, b"[" * (1 << 20))
        told = raw(hub, "POST", path, None, *([block] * 9), b"0\r\n\r\n")
        assert status_of(told) in {0, 413}, told[:200]


@pytest.mark.parametrize("start", [0, 20, 60_000])
def test_a_body_that_never_ends(start: int, hub: LiveHub) -> None:
    """What stalls is given up after the time that the settings name."""
    begun = time.monotonic()
    with nothing_changes(hub):
        told = raw(hub, "POST", COMMIT, len(WHOLE), WHOLE[:start])
    assert status_of(told) == 408, told[:200]
    assert IDLE_SECONDS <= time.monotonic() - begun < IDLE_SECONDS + 6


def test_a_push_that_breaks_off(hub: LiveHub) -> None:
    """A list of refs, a flush, and a pack that ends after a few bytes."""
    line = f"{'0' * 40} {'1' * 40} refs/heads/x\0report-status".encode()
    start = b"%04x%s0000PACK\0\0\0\2\0\0\0\3" % (len(line) + 4, line)
    path = f"/{REPO}.git/git-receive-pack"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {ADA}\r\n"
        "Content-Type: application/x-git-receive-pack-request\r\n"
    )
    for length, then in ((10_000, "close"), (10_000, "wait"), (len(start), "wait")):
        with nothing_changes(hub), socket.create_connection(("127.0.0.1", hub.port), 30) as sock:
            sock.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode() + start)
            if then == "wait":
                answer = sock.recv(65536)
                assert b"refs/heads/x" not in answer or b"ng refs/heads/x" in answer, answer
                assert b"unpack ok" not in answer


def test_afterwards_everything_is_well(hub: LiveHub) -> None:
    assert damage(hub.data, deep=True) == []
    acknowledged(ask(hub, "POST", COMMIT, token=ADA, body=WHOLE))
