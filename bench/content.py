"""A hub as a small lab would have filled it: what pictures show and the pages that are measured.

Everything goes in through the hub's own addresses, so it is as true as what people put there.
Knows people, repositories, a pull request with its review, and forks. Does not look at pages.
"""

from __future__ import annotations

import json
import math
import struct
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import duckdb
from huggingface_hub import CommitOperationAdd, HfApi

from bench.servers import RunningHub

MODEL = "tidewater/coastal-wind-small"
DATASET = "tidewater/harbour-observations"
PULL = f"/{MODEL}/discussions/2"
PASSWORD = "a lamp at the end of the pier"  # of a hub that is thrown away
FULL_NAMES = {
    "mara": "Mara Lindqvist",
    "jonas": "Jonas Okafor",
    "aiko": "Aiko Brandt",
    "petra": "Petra Novak",
}
CARD = """---
license: apache-2.0
language: en
library_name: transformers
pipeline_tag: text-classification
tags: [weather, small]
datasets: [tidewater/harbour-observations]
---
# Coastal wind, small

Reads what an observer wrote about the sea and tells the strength of the wind on the Beaufort scale.
Small enough for the computer of a lighthouse.

## Use

```python
from transformers import pipeline

wind = pipeline("text-classification", "tidewater/coastal-wind-small")
wind("Large branches move, the harbour is full of white horses")
```

## How good it is

| harbour | remarks | within one Beaufort |
|---|---|---|
| Lysekil | 4,120 | 94.1 % |
| Husum | 3,377 | 92.8 % |
| Peniche | 2,905 | 88.3 % |

It was never shown ice. Do not steer by it.
"""
CONFIG = """{
  "architectures": ["BertForSequenceClassification"],
  "hidden_size": 256,
  "model_type": "bert",
  "num_attention_heads": 4,
  "num_hidden_layers": 4,
  "num_labels": 13
}
"""
DATA_CARD = """---
license: cc-by-4.0
language: en
task_categories: [text-classification]
size_categories: [1K<n<10K]
---
# What harbours saw

Remarks of observers in three harbours, with the wind that was measured ten minutes around them.
"""
BETTER = CARD.replace("88.3 %", "91.0 %").replace(
    "It was never shown ice. Do not steer by it.",
    "It was shown ice in Lysekil only. Do not stear by it.",
)


def _weights(hidden: int = 256, layers: int = 4, words: int = 8000) -> bytes:
    """A safetensors file as of a small BERT."""
    shapes = {"bert.embeddings.word_embeddings.weight": [words, hidden]}
    for layer in range(layers):
        at = f"bert.encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            shapes[f"{at}.attention.self.{part}.weight"] = [hidden, hidden]
            shapes[f"{at}.attention.self.{part}.bias"] = [hidden]
        shapes[f"{at}.intermediate.dense.weight"] = [4 * hidden, hidden]
        shapes[f"{at}.output.dense.weight"] = [hidden, 4 * hidden]
    shapes["classifier.weight"] = [13, hidden]
    header, end = {}, 0
    for name, shape in shapes.items():
        begin, end = end, end + 2 * math.prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [begin, end]}
    packed = json.dumps(header).encode()
    return struct.pack("<Q", len(packed)) + packed + bytes(end)


def _observations(folder: Path) -> bytes:
    """A table of 6,000 remarks."""
    path = folder / "observations.parquet"
    duckdb.execute(
        "SELECT setseed(0.4); COPY (SELECT"
        " ['Lysekil', 'Husum', 'Peniche'][1 + n % 3] AS harbour,"
        " TIMESTAMP '2025-03-01 06:00:00' + INTERVAL (n * 20) MINUTE AS observed_at,"
        " round(2 + 9 * random() + 5 * sin(n / 40.0) ** 2, 1) AS wind_m_s,"
        " round(4 + 12 * (1 + sin(n / 300.0)), 1) AS temperature_c,"
        " 990 + (n * 7) % 41 AS pressure_hpa,"
        " ['Smooth as glass, smoke goes straight up', 'Ripples, no crests yet',"
        " 'Flags are out and small branches move', 'White horses all over the bay',"
        " 'Spray over the mole, the ferry waits', 'Large waves, hard to walk against'"
        "][1 + (n * 5 + n // 7) % 6] AS remark"
        f" FROM range(6000) r(n)) TO '{path}'"
    )
    return path.read_bytes()


class Lab:
    """The people of the hub and what each of them does there."""

    def __init__(self, hub: RunningHub) -> None:
        self._hub = hub
        self._tokens = {name: f"hf_{name}".ljust(37, "x") for name in FULL_NAMES}

    def as_(self, name: str) -> HfApi:
        """A stock client of this person."""
        return HfApi(self._hub.url, token=self._tokens[name])

    def send(self, name: str, path: str, body: object, method: str = "POST") -> None:
        """One call of this person."""
        request = urllib.request.Request(
            self._hub.url + path,
            json.dumps(body).encode(),
            {
                "Authorization": f"Bearer {self._tokens[name]}",
                "Content-Type": "application/json",
            },
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()

    def put(self, name: str, repo: str, kind: str, message: str, files: dict[str, bytes]) -> None:
        """One commit to main."""
        adds = [CommitOperationAdd(path, content) for path, content in files.items()]
        self.as_(name).create_commit(repo, adds, commit_message=message, repo_type=kind)

    def move_in(self) -> None:
        """Make their accounts."""
        users = [
            {
                "name": name,
                "fullname": full_name,
                "email": f"{name}@example.org",
                "password": PASSWORD,
                "tokens": [{"name": "all", "value": self._tokens[name], "role": "write"}],
            }
            for name, full_name in FULL_NAMES.items()
        ]
        members = [{"user": "mara", "role": "admin"}, {"user": "aiko", "role": "write"}]
        lab = {"name": "tidewater", "fullname": "Tidewater Lab", "members": members}
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"users": users, "organisations": [lab]}, file)
            file.flush()
            verb = [sys.executable, "-m", "groundswell.cli", "accounts", "import", file.name]
            at = ["--data", str(self._hub.folder)]
            subprocess.run([*verb, *at], check=True, stdout=subprocess.DEVNULL)


def fill(hub: RunningHub) -> None:
    """Everything there is to see."""
    lab = Lab(hub)
    lab.move_in()
    _publish(lab)
    _fork(lab)
    _review(lab)


def _publish(lab: Lab) -> None:
    mara = lab.as_("mara")
    mara.create_repo(MODEL)
    mara.create_repo(DATASET, repo_type="dataset")
    with tempfile.TemporaryDirectory() as folder:
        table = _observations(Path(folder))
    files = {"README.md": DATA_CARD.encode(), "data/train.parquet": table}
    lab.put("mara", DATASET, "dataset", "Remarks of three harbours", files)
    lab.put("mara", MODEL, "model", "Settings of the first run", {"config.json": CONFIG.encode()})
    lab.put("mara", MODEL, "model", "Weights after 12 epochs", {"model.safetensors": _weights()})
    lab.put("mara", MODEL, "model", "Say what it is for", {"README.md": CARD.encode()})
    others = ("tidewater/tide-tables", "tidewater/fog-horn-tiny", "mara/swell-height")
    for repo, task in zip(others, ("tabular-regression", "audio-classification", ""), strict=True):
        mara.create_repo(repo)
        card = f"---\nlicense: mit\npipeline_tag: {task or 'tabular-regression'}\n---\n# {repo}\n"
        lab.put("mara", repo, "model", "Begin", {"README.md": card.encode()})
    for name in ("jonas", "aiko", "petra"):
        lab.send(name, f"/api/models/{MODEL}/like", {})
        lab.send(name, f"/api/datasets/{DATASET}/like", {})
        lab.send(name, "/api/users/mara/follow", {})
    lab.send("mara", "/api/users/aiko/follow", {})


def _fork(lab: Lab) -> None:
    """A tree of them, most with commits of their own."""
    forks = (
        ("jonas", MODEL, "jonas/coastal-wind-small", 0),
        ("aiko", MODEL, "aiko/baltic-wind-small", 3),
        ("petra", "aiko/baltic-wind-small", "petra/lake-wind-small", 2),
        ("petra", MODEL, "petra/wind-in-czech", 5),
    )
    for name, source, fork, commits in forks:
        lab.send(name, f"/api/models/{source}/forks", {"repository": fork})
        for number in range(commits):
            note = {f"notes/{number + 1}.md": f"Run {number + 1} of {fork}\n".encode()}
            lab.put(name, fork, "model", f"Notes of run {number + 1}", note)
    lab.put("mara", MODEL, "model", "Thank the observers", {"THANKS.md": b"All of you.\n"})


def _review(lab: Lab) -> None:
    """Discussion 1, and pull request 2 from a fork: reviewed, checked, and not yet through."""
    at = f"/api/models/{MODEL}"
    rule = {"pattern": "main", "approvals": 2, "checks": ["harbours", "card"]}
    lab.send("mara", f"{at}/rules", rule)
    asked = "It calls a calm with swell a storm. Has anybody tried @aiko's data?"
    lab.send("petra", f"{at}/discussions", {"title": "Swell without wind", "description": asked})
    lab.send("aiko", f"{at}/discussions/1/comment", {"comment": "On my list for **spring**."})
    files = {"README.md": BETTER.encode(), "config.json": CONFIG.replace("256", "320").encode()}
    lab.put("jonas", "jonas/coastal-wind-small", "model", "Train on a winter of ice", files)
    told = (
        "Peniche was the weakest harbour. A winter of remarks with ice and fog helps it by"
        " **2.7 points** and costs the others nothing.\n\nCloses #1."
    )
    source = {"repo": "jonas/coastal-wind-small", "revision": "main"}
    title = "A winter of ice, and Peniche gets better"
    body = {"title": title, "description": told, "pullRequest": True, "from": source}
    lab.send("jonas", f"{at}/discussions", body)
    lab.send("jonas", f"{at}/discussions/2/status", {"status": "open"})
    line = BETTER.splitlines().index("It was shown ice in Lysekil only. Do not stear by it.") + 1
    better = "It was shown ice in Lysekil alone. Do not steer by it."
    suggested = f"One letter, and the place first:\n\n```suggestion\n{better}\n```"
    asking = {"path": "README.md", "line": line, "comment": suggested}
    other = {"path": "config.json", "line": 3, "comment": "Does it still fit into 64 MB?"}
    words = "Fine figures! Two small things."
    verdict = {"verdict": "changes_requested", "comment": words, "comments": [asking, other]}
    lab.send("mara", f"{at}/discussions/2/reviews", verdict)
    well = {"verdict": "approved", "comment": "Ran it on my own harbour: it holds."}
    lab.send("aiko", f"{at}/discussions/2/reviews", well)
    for name, state, summary in (
        ("harbours", "passed", "Peniche **91.0 %**, the others as before"),
        ("card", "passed", "Says what it should"),
        ("size", "running", ""),
    ):
        report = {"name": name, "state": state, "summary": summary, "log": "done\n"}
        lab.send("mara", f"{at}/checks/refs%2Fpr%2F2", report)
