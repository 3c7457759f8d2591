"""`swell migrate-store`: from folder and SQLite to a bucket and PostgreSQL, and back."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.clients.stage import ask
from tests.contract import object_storage, postgresql
from tests.contract.test_hub_on_other_stores import journey
from tests.fault.rig import acknowledged, commit, create_repo, large_file, lfs_upload, read
from tests.fault.weights import bf16, safetensors
from tests.live import LiveHub, serving, swell, token_of

ADA = token_of("ada")


@pytest.fixture(scope="module")
def lines() -> Iterator[list[str]]:
    with postgresql.server() as folder, object_storage.seaweedfs() as endpoint:
        url = postgresql.fresh_url(folder, "moved")
        yield [f'database_url = "{url}"', *object_storage.settings(endpoint, "moved")]


def refused(data: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "groundswell.cli", *arguments, "--data", str(data)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


def upload_weights(hub: LiveHub) -> None:
    """A base and a fine-tune of it, worth writing small."""
    dice = np.random.default_rng(11)
    numbers = dice.standard_normal(600_000) * 0.02
    create_repo(hub, "ada/weights")
    for path in ("model.safetensors", "model.safetensors"):
        content = safetensors({"w": bf16(numbers)})
        acknowledged(lfs_upload(hub, "ada/weights", content))
        acknowledged(commit(hub, "ada/weights", large_file(path, content)))
        numbers = numbers * (1 + 0.001 * dice.standard_normal(len(numbers)))


def leaning(data: Path) -> int:
    """How many cold xorbs are noted as needing another."""
    with sqlite3.connect(data / "groundswell.db") as database:
        (count,) = database.execute("SELECT count(DISTINCT xorb_hash) FROM cold_bases").fetchone()
    return int(count)


def state_of(hub: LiveHub) -> dict[str, object]:
    """What people see of it."""
    found: dict[str, object] = {}
    found["weights"] = read(hub, "ada/weights", "model.safetensors").body
    for repo in ("ada/before", "ada/beside"):
        told = acknowledged(ask(hub, "GET", f"/api/models/{repo}", token=ADA)).json()
        found[repo] = {name: told.get(name) for name in ("sha", "tags", "createdAt", "cardData")}
        where = f"/{repo}/resolve/{told['sha']}~0/README.md"
        found[f"{repo} readme"] = ask(hub, "GET", where.replace("~0", ""), token=ADA).body
        listed = ask(hub, "GET", f"/api/models/{repo}/discussions", token=ADA).json()
        found[f"{repo} talk"] = json.dumps(listed, sort_keys=True)
    return found


def test_there_and_back(lines: list[str], tmp_path: Path) -> None:
    data, new = tmp_path / "data", tmp_path / "new.toml"
    new.write_text("\n".join([*lines, ""]))
    (old := tmp_path / "old.toml").write_text("")
    with serving(data, people=True) as hub:
        journey(hub, tmp_path / "one", "ada/before")
        assert "objects copied" in swell(data, "migrate-store", f"--to={new}", "--objects-only")
        journey(hub, tmp_path / "two", "ada/beside")
        upload_weights(hub)
        assert "2 xorbs became cold" in swell(data, "store", "cool")
        code, said = refused(data, "migrate-store", f"--to={new}")
        assert (code, "stop it" in said) == (7, True), said
        before = state_of(hub)
    assert leaning(data) == 1
    told = swell(data, "migrate-store", f"--to={new}")
    assert "rows copied and compared" in told
    code, said = refused(data, "migrate-store", f"--to={new}")
    assert (code, "not empty" in said) == (5, True), said
    (data / "swell.toml").write_text(new.read_text())
    for name in ("xorbs", "shards"):
        (data / name).rename(tmp_path / f"old-{name}")
    (data / "groundswell.db").rename(tmp_path / "old.db")
    with serving(data) as hub:
        assert state_of(hub) == before
        create_repo(hub, "ada/after")  # numbers go on where they were
        journey(hub, tmp_path / "three", "ada/later")
        before = state_of(hub)
    assert "0 errors" in swell(data, "fsck", "--deep")  # cold xorbs became plain, rows included
    assert "rows copied and compared" in swell(data, "migrate-store", f"--to={old}")
    (data / "swell.toml").unlink()
    assert leaning(data) == 1, "a base that still lies cold may be collected under its fine-tune"
    with serving(data) as hub:
        assert state_of(hub) == before
        create_repo(hub, "ada/home-again")
    assert "0 errors" in swell(data, "fsck", "--deep")
