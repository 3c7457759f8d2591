"""What client tests share: clients' environments, plain requests, and what the hub saw of them.

Knows how a client is pointed at a hub and kept away from everything else. Does not know what any
client does.
"""

import contextlib
import hashlib
import http.client
import json
import os
import random
import re
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any

from tests.live import LiveHub

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(__file__).with_name("scripts")

MIB = 1 << 20

# Sizes around the bounds of a chunk (8 KiB to 128 KiB).
EDGE_SIZES = (0, 1, 8191, 8192, 8193, 131_071, 131_072, 131_073)

# Paths that are legal and that something on the way may break.
LEGAL_PATHS = (
    "plain.txt",
    "with space.txt",
    "ünïcødé/日本語 ファイル.txt",
    "percent%20sign%2F.txt",
    "plus+and&and=and#and.txt",
    "quote'and`quote.txt",
    "semi;colon,comma.txt",
    "[glob]{a,b}!.txt",
    "tilde~dollar$at@caret^.txt",
    "a/b/c/d/e/f/g/h.txt",
    "...dots/..name/name...txt",
    "emoji-🤗.txt",
    "in/-leading-dash.txt",
    "main/resolve/tree/blob.txt",
)


def noise(size_bytes: int, seed: object) -> bytes:
    """Bytes that do not compress and are the same for the same seed."""
    return random.Random(str(seed)).randbytes(size_bytes)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def client_environment(hub: LiveHub, home: Path, token: str | None = None, **more: str) -> dict:
    """An environment in which a client speaks to this hub, keeps its files in ``home``, and finds
    nothing of the person who runs the tests."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HF_", "HUGGING", "GIT_", "XET_", "SWELL_", "PYTEST", "COV_"))
        and not name.lower().endswith("_proxy")
    }
    environment = kept | {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(home / "hf"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "HF_XET_TELEMETRY_ENABLED": "0",
        "HF_UPDATE_DOWNLOAD_COUNTS": "0",
        "DISABLE_SAFETENSORS_CONVERSION": "1",
        "NO_PROXY": "127.0.0.1,localhost",
        "NO_COLOR": "1",
        "PYTHONUNBUFFERED": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
    }
    if token is not None:
        environment["HF_TOKEN"] = token
    return environment | more


def attempt(
    *command: object,
    env: dict,
    cwd: Path | None = None,
    stdin: str = "",
    timeout_seconds: float = 110,
) -> subprocess.CompletedProcess[str]:
    """Run a client to its end, whatever that is."""
    return subprocess.run(
        [str(part) for part in command],
        env=env,
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )


def run(*command: object, env: dict, cwd: Path | None = None, stdin: str = "") -> str:
    """Run a client that must succeed; what it printed."""
    done = attempt(*command, env=env, cwd=cwd, stdin=stdin)
    told = f"{' '.join(map(str, command))}\nexit {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert done.returncode == 0, told
    return done.stdout


@dataclass(frozen=True)
class Answer:
    """An answer as it came, redirects not followed."""

    status: int
    headers: Message
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    hub: LiveHub,
    method: str,
    path: str,
    *,
    token: str | None = None,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """One plain request. The path travels as it is given, not a byte more or less quoted."""
    sent = dict(headers or {})
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    path = path.removeprefix(hub.url)
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=60)
    try:
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def ask_json(
    hub: LiveHub, method: str, path: str, value: object, *, token: str | None = None
) -> Answer:
    """One plain request with a JSON body."""
    return ask(
        hub,
        method,
        path,
        token=token,
        body=json.dumps(value).encode(),
        headers={"Content-Type": "application/json"},
    )


@dataclass
class Seen:
    """The requests that the hub answered during a block, in order."""

    records: list[dict[str, Any]] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        """`METHOD path` of each."""
        return [f"{each['method']} {each['path']}" for each in self.records]

    @property
    def received_bytes(self) -> int:
        return sum(each["in"] for each in self.records)

    def matching(self, pattern: str) -> list[str]:
        return [line for line in self.lines if re.search(pattern, line)]


@contextlib.contextmanager
def watching(hub: LiveHub) -> Iterator[Seen]:
    """What the hub's access log says of a block."""
    seen = Seen()
    first = _mark(hub)
    yield seen
    last = _mark(hub)
    for line in hub.log[first : last - 1]:
        if line.startswith("{"):
            record = json.loads(line)
            if record.get("message") == "request":
                seen.records.append(record)


def _mark(hub: LiveHub) -> int:
    """Where the log stands once everything before this call has been written."""
    mark = uuid.uuid4().hex
    ask(hub, "GET", "/healthz", headers={"X-Request-Id": mark})
    deadline = time.monotonic() + 10
    start = 0
    while time.monotonic() < deadline:
        end = len(hub.log)
        for number in range(start, end):
            if mark in hub.log[number]:
                return number + 1
        start = end
        time.sleep(0.005)
    message = "the hub logged nothing of a request"
    raise AssertionError(message)


def received_bytes(hub: LiveHub) -> int:
    """Bytes of request bodies that the hub says it has taken in."""
    text = ask(hub, "GET", "/metrics").body.decode()
    found = re.findall(r"^groundswell_received_bytes_total\{[^}]*\} (\S+)$", text, re.MULTILINE)
    return int(sum(float(value) for value in found))
