"""For the storm of flipped bits: weights that lie cold, and rows of which a bit turns over."""

from __future__ import annotations

import gc
import json
import random
import sqlite3
import struct
from pathlib import Path

import numpy as np

from groundswell import wiring
from groundswell.hub.upkeep import Premises
from groundswell.hub.upkeep.cooling import Cooling
from groundswell.settings import Settings
from groundswell.store.layout import DataFolder
from tests.fault.rig import (
    Uploads,
    acknowledged,
    commit,
    create_repo,
    large_file,
    lfs_upload,
    small_file,
)
from tests.live import LiveHub

NUMBERS = 200_000
FILE = "model.safetensors"
# What no reader and no check looks at: the flags of a term.
TERM_BYTES = 48
FLAGS = range(32, 36)
COLUMNS = (
    ("reconstructions", "terms", "sha256"),
    ("reconstructions", "size_bytes", "sha256"),
    ("blobs", "size_bytes", "sha256"),
    ("xorbs", "raw_bytes", "hash"),
    ("xorb_uses", "xorb_hash", "sha256"),
)


def fill_weights(hub: LiveHub, folder: Path, rounds: int) -> Uploads:
    """A base and as many fine-tunes of it as rounds."""
    made = Uploads(folder, "weights")
    dice = np.random.default_rng(4)
    base = dice.standard_normal(NUMBERS) * 0.02
    for number in range(rounds + 1):
        repo = f"ada/weights{number}"
        content = _weights(base + (dice.standard_normal(NUMBERS) * 4e-5 if number else 0))
        card = "---\nbase_model: ada/weights0\n---\n" if number else "# Weights\n"
        create_repo(hub, repo)
        acknowledged(lfs_upload(hub, repo, content))
        files = (small_file("README.md", card.encode()), large_file(FILE, content))
        acknowledged(commit(hub, repo, *files))
        made.acknowledged[repo][FILE] = content
    return made


def _weights(numbers: np.ndarray) -> bytes:
    data = (numbers.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).tobytes()
    offsets = [0, len(data)]
    head = {"a": {"dtype": "BF16", "shape": [len(numbers)], "data_offsets": offsets}}
    text = json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + data


def cool(data: Path) -> None:
    """Let everything lie cold that gains by it."""
    hub = wiring.build(Settings(data=data))
    premises = Premises(hub.database, hub.store, hub.git, DataFolder(data), hub.clock)
    try:
        assert Cooling(premises, hub.blobs.forget).run(0).made_cold > 1
    finally:
        hub.close()
        del hub, premises
        gc.collect()


def flip_rows(data: Path, rng: random.Random, count: int) -> dict[tuple[str, str], Path]:
    """Turn a bit over in so many rows, of each content or xorb one; by what they speak of."""
    found: dict[tuple[str, str], Path] = {}
    connection = sqlite3.connect(data / "groundswell.db")
    try:
        while len(found) < count:
            table, column, key = rng.choice(COLUMNS)
            rows = connection.execute(
                f"SELECT {key}, {column} FROM {table} ORDER BY {key}, {column}"
            ).fetchall()
            name, value = rng.choice(rows)
            if ("rows", name) in found or (column == "terms" and not value):
                continue
            found["rows", name] = Path(f"{table}.{column}.{name}")
            connection.execute(
                f"UPDATE {table} SET {column} = ? WHERE {key} = ? AND {column} = ?",
                (_flipped(value, rng), name, value),
            )
        connection.commit()
    finally:
        connection.close()
    return found


def _flipped(value: bytes | int | str, rng: random.Random) -> bytes | int | str:
    if isinstance(value, int):
        return value ^ (1 << rng.randrange(31))
    if isinstance(value, str):
        place = rng.randrange(len(value))
        # The other digit that one bit makes of it, or what is no digit at all.
        return value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]
    places = [each for each in range(len(value)) if each % TERM_BYTES not in FLAGS]
    place = rng.choice(places)
    return value[:place] + bytes([value[place] ^ (1 << rng.randrange(8))]) + value[place + 1 :]
