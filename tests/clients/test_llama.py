"""llama.cpp: the calls that `-hf` makes, and a real model that is run from the hub.

The wheel of llama.cpp that tests have cannot run `-hf` itself (its server demands a path), so the
calls are made here as llama.cpp makes them, header for header, and what came down is run.
"""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import Environment
from tests.clients.stage import SCRIPTS, Answer, ask, client_environment, noise, run, sha256
from tests.live import LiveHub, token_of
from tests.packaged import SMOLLM2, smollm2

NAMES = (
    "tiny-Q4_K_M.gguf",
    "tiny-Q8_0.gguf",
    "tiny.f16.gguf",
    "big-Q6_K-00001-of-00002.gguf",
    "big-Q6_K-00002-of-00002.gguf",
    "mmproj-tiny-f16.gguf",
)


@pytest.fixture
def gguf_repo(hf: Any, ada: Any, repo: str) -> str:
    operations = [hf.CommitOperationAdd(name, b"GGUF" + noise(50_000, name)) for name in NAMES]
    operations += [hf.CommitOperationAdd(f"many/{n}.txt", b"x") for n in range(1200)]
    operations.append(hf.CommitOperationAdd("README.md", b"---\nlicense: mit\n---\n# Tiny\n"))
    ada.create_commit(repo, operations, commit_message="Fill")
    return repo


class Llama:
    """llama.cpp's `common/download.cpp`, in its order of calls."""

    def __init__(self, hub: LiveHub, token: str | None = None) -> None:
        self.hub = hub
        # llama.cpp sends a token only of this shape.
        self.token = token if token and re.fullmatch(r"hf_[A-Za-z0-9]{34,}", token) else None
        self.headers = {"User-Agent": "llama-cpp/b9999", "Accept": "application/json"}

    def get(self, path: str, method: str = "GET", **more: Any) -> Any:
        return ask(self.hub, method, path, token=self.token, headers=self.headers | more)

    def commit(self, repo: str) -> Answer:
        answer = self.get(f"/api/models/{repo}/refs")
        if answer.status != 200:
            raise LookupError(answer.json()["error"])
        branches = {each["name"]: each["targetCommit"] for each in answer.json()["branches"]}
        assert re.fullmatch("[0-9a-f]{40}", branches["main"])
        return branches["main"]

    def files(self, repo: str, commit: str) -> Any:
        """One page, whatever its Link says."""
        answer = self.get(f"/api/models/{repo}/tree/{commit}?recursive=true")
        assert answer.status == 200
        return {
            each["path"]: each.get("lfs", each)["oid"]
            for each in answer.json()
            if each["type"] == "file"
        }

    def download(
        self, repo: str, commit: str, path: str, target: Path, broken_at: int | None = None
    ) -> Any:
        url = f"/{repo}/resolve/{commit}/{path}"
        head = self.get(url, "HEAD")
        assert head.status == 200
        size = int(head.headers["Content-Length"])
        assert head.headers["Accept-Ranges"] == "bytes"
        assert head.headers["ETag"]
        have = 0
        if broken_at is not None:
            target.write_bytes(self.get(url).body[:broken_at])
            have = broken_at
        part = self.get(url, Range=f"bytes={have}-") if have else self.get(url)
        assert part.status == (206 if have else 200)
        with target.open("ab") as file:
            file.write(part.body)
        assert target.stat().st_size == size
        return head.headers["ETag"].strip('"')


def test_the_calls_of_hf(live_hub: LiveHub, gguf_repo: str, tmp_path: Path) -> None:
    llama = Llama(live_hub)
    commit = llama.commit(gguf_repo)
    files = llama.files(gguf_repo, commit)
    assert set(NAMES) <= set(files), "the first page of a tree must hold everything"
    for number, name in enumerate(NAMES):
        content = b"GGUF" + noise(50_000, name)
        assert files[name] == sha256(content)
        target = tmp_path / name
        etag = llama.download(gguf_repo, commit, name, target, broken_at=number * 1000 or None)
        assert target.read_bytes() == content
        assert etag == sha256(content)


def test_a_private_model_needs_a_token_that_llama_sends(
    live_hub: LiveHub, ada: Any, new_repo: Callable[..., str]
) -> None:
    hidden = new_repo(private=True)
    ada.upload_file(path_or_fileobj=b"GGUF1234", path_in_repo="a-Q8_0.gguf", repo_id=hidden)
    reader = Llama(live_hub, token_of("ada", "read"))
    assert reader.token is not None
    commit = reader.commit(hidden)
    assert "a-Q8_0.gguf" in reader.files(hidden, commit)
    with pytest.raises(LookupError):
        Llama(live_hub).commit(hidden)


def test_the_token_that_a_hub_mints_is_one_that_llama_sends(live_hub: LiveHub) -> None:
    from tests.live import swell

    made = swell(live_hub.data, "token", "create", "ada", "--role", "read").strip()
    assert re.fullmatch(r"hf_[A-Za-z0-9]{34,}", made)
    assert ask(live_hub, "GET", "/api/whoami-v2", token=made).json()["name"] == "ada"


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("latest", "tiny-Q4_K_M.gguf"),
        ("Q8_0", "tiny-Q8_0.gguf"),
        ("q8_0", "tiny-Q8_0.gguf"),
        ("F16", "tiny.f16.gguf"),
        ("Q6_K", "big-Q6_K-00001-of-00002.gguf"),
    ],
)
def test_the_manifest_that_older_builds_ask_for(
    tag: str, name: str, live_hub: LiveHub, gguf_repo: str
) -> None:
    answer = ask(
        live_hub, "GET", f"/v2/{gguf_repo}/manifests/{tag}", headers={"User-Agent": "llama-cpp"}
    )
    assert answer.status == 200, answer.body
    told = answer.json()
    assert told["ggufFile"]["rfilename"] == name
    assert told["ggufFile"]["size"] == 50_004
    assert told["ggufFile"]["lfs"]["sha256"] == sha256(b"GGUF" + noise(50_000, name))
    assert told["mmprojFile"]["rfilename"] == "mmproj-tiny-f16.gguf"
    unknown = ask(live_hub, "GET", f"/v2/{gguf_repo}/manifests/Q2_K")
    assert 400 <= unknown.status < 500
    assert unknown.json()["error"]


@pytest.mark.timeout(180)
def test_a_real_model_is_published_fetched_and_asked(
    live_hub: LiveHub, clients: Callable[[str], Environment], ada: Any, repo: str, home: Path
) -> None:
    source = smollm2()
    ada.upload_file(path_or_fileobj=source, path_in_repo=SMOLLM2, repo_id=repo)
    llama = Llama(live_hub)
    commit = llama.commit(repo)
    assert list(llama.files(repo, commit)) == [".gitattributes", SMOLLM2]
    target = home / SMOLLM2
    etag = llama.download(repo, commit, SMOLLM2, target)
    assert etag == sha256(target.read_bytes()) == sha256(source.read_bytes())
    told = ada.model_info(repo, expand=["gguf", "tags"])
    assert told.gguf["architecture"] == "llama"
    assert "gguf" in told.tags

    printed = run(
        sys.executable,
        SCRIPTS / "chat.py",
        target,
        "Why is the sky blue?",
        env=client_environment(live_hub, home),
    )

    answer = json.loads(printed.splitlines()[-1])
    assert answer["answer"].strip()
    assert answer["tokens"] > 3
