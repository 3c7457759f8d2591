"""What fault tests share: uploads by every protocol, a ledger of what the hub acknowledged, and a
hub whose system calls fail or kill it.

Knows how to upload and how to see afterwards that nothing acknowledged is lost and nothing is
there by half. Does not know what goes wrong in between: that is each test's story.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import gc
import http.client
import json
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from groundswell import wiring
from groundswell.hub.upkeep import Premises, Severity, check
from groundswell.settings import Settings
from groundswell.store.layout import DataFolder
from groundswell.wire.hashing import hash_to_hex
from groundswell.wire.shard import ShardXorb, write_shard
from tests.clients.stage import Answer, ask, ask_json, client_environment, sha256
from tests.live import LiveHub, token_of
from tests.unit.xet_samples import Packed, pack

ADA = token_of("ada")

# What a thread may meet when the hub dies under it.
CUT_OFF = (OSError, http.client.HTTPException, subprocess.SubprocessError)


def noise(size_bytes: int, seed: object) -> bytes:
    """Bytes that do not compress and are the same for the same seed."""
    return random.Random(repr(seed)).randbytes(size_bytes)


class NotAcknowledged(Exception):
    """The hub answered, and did not say that it was done."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status}: {answer.body[:300]!r}")
        self.answer = answer


def acknowledged(answer: Answer) -> Answer:
    """The answer, when it is a yes."""
    if not 200 <= answer.status < 300:
        raise NotAcknowledged(answer)
    return answer


# --- plain requests ---------------------------------------------------------------------------


def commit_lines(*files: dict[str, Any], summary: str = "change", **header: str) -> bytes:
    """The body of a commit request."""
    head = {"key": "header", "value": {"summary": summary, "description": "", **header}}
    return b"".join(json.dumps(line).encode() + b"\n" for line in (head, *files))


def small_file(path: str, content: bytes) -> dict[str, Any]:
    text = base64.b64encode(content).decode()
    return {"key": "file", "value": {"path": path, "content": text, "encoding": "base64"}}


def large_file(path: str, content: bytes) -> dict[str, Any]:
    value = {"path": path, "algo": "sha256", "oid": sha256(content), "size": len(content)}
    return {"key": "lfsFile", "value": value}


def commit(hub: LiveHub, repo: str, *files: dict[str, Any], revision: str = "main") -> Answer:
    path = f"/api/models/{repo}/commit/{quote(revision, safe='')}"
    headers = {"Content-Type": "application/x-ndjson"}
    return ask(hub, "POST", path, token=ADA, body=commit_lines(*files), headers=headers)


def create_repo(hub: LiveHub, repo: str) -> None:
    owner, _, name = repo.partition("/")
    body = {"name": name, "type": "model"} | ({} if owner == "ada" else {"organization": owner})
    acknowledged(ask_json(hub, "POST", "/api/repos/create", body, token=ADA))


def read(hub: LiveHub, repo: str, path: str, revision: str = "main") -> Answer:
    where = f"/{repo}/resolve/{quote(revision, safe='')}/{quote(path)}"
    return ask(hub, "GET", where, token=ADA)


def paths_of(hub: LiveHub, repo: str) -> set[str]:
    """Every file of the head, by the tree listing."""
    answer = acknowledged(
        ask(hub, "GET", f"/api/models/{repo}/tree/main?recursive=true&limit=1000", token=ADA)
    )
    return {item["path"] for item in answer.json() if item["type"] == "file"}


def lfs_upload(hub: LiveHub, repo: str, content: bytes) -> Answer:
    """Send a large file as git-lfs does."""
    lfs = "application/vnd.git-lfs+json"
    wanted = {"oid": sha256(content), "size": len(content)}
    batch = ask(
        hub,
        "POST",
        f"/{repo}.git/info/lfs/objects/batch",
        token=ADA,
        body=json.dumps(
            {"operation": "upload", "transfers": ["basic"], "objects": [wanted]}
        ).encode(),
        headers={"Content-Type": lfs, "Accept": lfs},
    )
    (told,) = acknowledged(batch).json()["objects"]
    if "error" in told:
        status = told["error"]["code"]
        raise NotAcknowledged(Answer(status, batch.headers, json.dumps(told).encode()))
    if "actions" not in told:
        return batch  # it is here already
    action = told["actions"]["upload"]
    return ask(hub, "PUT", action["href"], body=content, headers=action.get("header", {}))


@functools.lru_cache(maxsize=8)
def packed_for_xet(content: bytes) -> tuple[Packed, bytes]:
    """The xorbs and the shard of a file, as a Xet client makes them."""
    packed = pack([content], chunks_per_xorb=1000)
    shard = write_shard(packed.files.values(), [ShardXorb.of(i) for i in packed.indexes.values()])
    return packed, shard


def xet_address(hub: LiveHub, repo: str) -> tuple[str, str]:
    """Path of the content store and the token for it."""
    answer = ask(hub, "GET", f"/api/models/{repo}/xet-write-token/main", token=ADA)
    told = acknowledged(answer).json()
    return urlsplit(told["casUrl"]).path, told["accessToken"]


def xet_upload(hub: LiveHub, repo: str, content: bytes) -> Answer:
    """Send a large file as a Xet client does: xorbs, then the shard."""
    packed, shard = packed_for_xet(content)
    base, token = xet_address(hub, repo)
    for xorb_hash, records in packed.records.items():
        path = f"{base}/v1/xorbs/default/{hash_to_hex(xorb_hash)}"
        acknowledged(ask(hub, "POST", path, token=token, body=records))
    return ask(hub, "POST", f"{base}/v1/shards", token=token, body=shard)


# --- uploads and their ledger -----------------------------------------------------------------


class Uploads:
    """Uploads into one repository for each way of uploading, and the ledger of what came of them.

    Every upload has a path and content of its own, so that what is there tells by itself which
    uploads are there. The ledger is in this process's memory: the hub cannot touch it.
    """

    WAYS = ("small", "lfs", "xet", "push")

    def __init__(self, folder: Path, name: str = "fault") -> None:
        self._folder = folder
        self._name = name
        self.acknowledged: dict[str, dict[str, bytes]] = defaultdict(dict)
        self.uncertain: dict[str, dict[str, bytes]] = defaultdict(dict)
        self.sent: list[tuple[str, str, bytes]] = []
        self.counted: Counter[str] = Counter()
        self._number = 0

    def repo(self, way: str) -> str:
        return f"ada/{self._name}-{way}"

    def prepare(self, hub: LiveHub, ways: tuple[str, ...] = WAYS) -> None:
        for way in ways:
            create_repo(hub, self.repo(way))

    def upload(self, hub: LiveHub, way: str, size_bytes: int = 300_000) -> None:
        """One upload of one file; it returns once it is acknowledged and in the ledger.

        Raises:
            NotAcknowledged, or one of CUT_OFF: it may be there or not, but not by half.
        """
        self._number += 1
        self.again(hub, way, size_bytes)

    def again(self, hub: LiveHub, way: str, size_bytes: int = 300_000) -> None:
        """The last upload once more: the same content at the same path."""
        repo = self.repo(way)
        path = f"{way}/{self._number:05}.{'txt' if way == 'small' else 'bin'}"
        content = noise(size_bytes, (self._name, path))
        self.uncertain[repo][path] = content
        getattr(self, f"_by_{way}")(hub, repo, path, content)
        # A push brings what earlier pushes failed to bring.
        settled = dict(self.uncertain[repo]) if way == "push" else {path: content}
        self.acknowledged[repo].update(settled)
        for each in settled:
            self.uncertain[repo].pop(each, None)
        self.counted[way] += 1

    def send(self, hub: LiveHub, way: str, size_bytes: int = 300_000) -> None:
        """Only the upload; a commit may name it from now on (``commit_sent``)."""
        self._number += 1
        path = f"{way}/{self._number:05}.bin"
        content = noise(size_bytes, (self._name, path))
        acknowledged({"lfs": lfs_upload, "xet": xet_upload}[way](hub, self.repo(way), content))
        self.sent.append((way, path, content))

    def commit_sent(self, hub: LiveHub) -> None:
        """Commit what ``send`` brought.

        Raises:
            NotAcknowledged: the hub has forgotten an upload that it acknowledged.
        """
        while self.sent:
            way, path, content = self.sent[-1]
            acknowledged(commit(hub, self.repo(way), large_file(path, content)))
            self.acknowledged[self.repo(way)][path] = content
            self.sent.pop()

    def _by_small(self, hub: LiveHub, repo: str, path: str, content: bytes) -> None:
        acknowledged(commit(hub, repo, small_file(path, content)))

    def _by_lfs(self, hub: LiveHub, repo: str, path: str, content: bytes) -> None:
        acknowledged(lfs_upload(hub, repo, content))
        acknowledged(commit(hub, repo, large_file(path, content)))

    def _by_xet(self, hub: LiveHub, repo: str, path: str, content: bytes) -> None:
        acknowledged(xet_upload(hub, repo, content))
        acknowledged(commit(hub, repo, large_file(path, content)))

    def _by_push(self, hub: LiveHub, repo: str, path: str, content: bytes) -> None:
        clone = self._folder / f"clone-{self._name}"
        env = client_environment(hub, self._folder)
        address = f"http://ada:{ADA}@127.0.0.1:{hub.port}/{repo}"

        def git(*arguments: str) -> None:
            subprocess.run(
                ["git", "-c", "gc.auto=0", *arguments],
                cwd=clone, env=env, check=True, capture_output=True, timeout=60,
            )  # fmt: skip

        if not (clone / ".git").exists():
            shutil.rmtree(clone, ignore_errors=True)
            clone.mkdir(parents=True)
            git("clone", "-q", address, ".")
        file = clone / path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(base64.b64encode(content))
        self.uncertain[repo][path] = base64.b64encode(content)
        git("add", path)
        git("commit", "-q", "--allow-empty", "-m", path)
        git("push", "-q", address, "HEAD:refs/heads/main")

    # --- afterwards -----------------------------------------------------------------------------

    def lost(self, hub: LiveHub) -> list[str]:
        """Acknowledged uploads that are not there, or are there with other bytes."""
        found = []
        for repo, files in list(self.acknowledged.items()):
            for path, content in list(files.items()):
                answer = read(hub, repo, path)
                if answer.status != 200 or answer.body != content:
                    found.append(f"{repo}/{path}: {answer.status}, {len(answer.body)} bytes")
        return found

    def verify(self, hub: LiveHub) -> None:
        """Nothing acknowledged is lost; what was not acknowledged is there whole or not at all."""
        assert self.faults(hub) == []

    def faults(self, hub: LiveHub) -> list[str]:
        """What is not so of what ``verify`` says."""
        found = self.lost(hub)
        for repo in {*self.acknowledged, *self.uncertain}:
            there = paths_of(hub, repo) - {".gitattributes", "README.md"}
            known = self.acknowledged[repo] | self.uncertain[repo]
            found += [f"{repo}/{path}: nobody uploaded it" for path in there - set(known)]
            for path in there & set(self.uncertain[repo]):
                answer = read(hub, repo, path)
                if (answer.status, answer.body) != (200, known[path]):
                    found.append(f"{repo}/{path}: there by half, {answer.status}")
        return found


# --- the data at rest -------------------------------------------------------------------------


def locks_in(data: Path) -> list[str]:
    """Lock files of git: a stale one would refuse every later push to its ref."""
    return [str(path.relative_to(data)) for path in (data / "repos").rglob("*.lock")]


def damage(data: Path, *, deep: bool = False) -> list[str]:
    """What ``swell fsck`` calls an error, without starting a process for it."""
    hub = wiring.build(Settings(data=data))
    premises = Premises(hub.database, hub.store, hub.git, DataFolder(data), hub.clock)
    try:
        report = check(premises, deep=deep)
    finally:
        hub.close()
        del hub, premises
        gc.collect()  # libgit2 keeps packs open until its handles are gone
    return [
        f"{each.code}: {each.where}: {each.what}"
        for each in report.findings
        if each.severity is Severity.ERROR
    ]


def snapshot(data: Path) -> dict[str, int]:
    """Path and size of every file that holds something; the database's own files aside."""
    return {
        str(path.relative_to(data)): path.stat().st_size
        for path in data.rglob("*")
        if path.is_file() and not path.name.startswith("groundswell.db")
    }


# --- the hub ----------------------------------------------------------------------------------


@contextlib.contextmanager
def injecting(
    hub: LiveHub, *rules: str, trace: str = "", path: Path | None = None
) -> Iterator[Callable[[], str]]:
    """Attach strace to a hub: its system calls fail or kill it as the rules say; with a ``path``
    only those on that file.

    Gives a function that ends the tracing and returns what was traced.
    """
    folder = Path(tempfile.mkdtemp(prefix="strace-"))
    file, errors = folder / "out", folder / "err"
    calls = trace or ",".join(rule.partition(":")[0] for rule in rules)
    inject = [part for rule in rules for part in ("-e", f"inject={rule}")]
    inject += [] if path is None else ["-P", str(path)]
    with errors.open("wb") as stderr:
        process = subprocess.Popen(
            ["strace", "-q", "-f", "-y", "-o", file, "-e", f"trace={calls}", "-e", "signal=none",
             *inject, "-p", str(hub.process.pid)],
            stdin=subprocess.DEVNULL,
            stderr=stderr,
        )  # fmt: skip

    def finish() -> str:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1)
        if process.poll() is None:  # it may wait for good for a thread that is dead already
            process.kill()
            process.wait()
        return file.read_text(errors="replace") if file.exists() else ""

    try:
        _wait_until_traced(hub.process.pid, process, errors)
        yield finish
    finally:
        finish()
        shutil.rmtree(folder)


def _wait_until_traced(pid: int, tracer: subprocess.Popen[bytes], errors: Path) -> None:
    """Every thread of the process has to be attached before the story goes on."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        states = []
        for status in Path(f"/proc/{pid}/task").glob("*/status"):
            with contextlib.suppress(OSError):
                states.append(re.search(r"TracerPid:\t(\d+)", status.read_text()))
        if states and all(found and found[1] != "0" for found in states):
            return
        if tracer.poll() is not None:
            raise AssertionError(f"strace cannot trace the hub: {errors.read_text()}")
        time.sleep(0.005)
    raise AssertionError("strace did not attach to every thread of the hub")
