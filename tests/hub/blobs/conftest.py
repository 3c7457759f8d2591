from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundswell.store.database import Database
from tests.hub.blobs.world import World


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: bringing a database up to date takes longer than most tests."""
    path = tmp_path_factory.mktemp("empty") / "hub.db"
    Database.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def world(tmp_path: Path, empty_database: Path) -> Iterator[World]:
    shutil.copyfile(empty_database, tmp_path / "hub.db")
    made = World(tmp_path, part_bytes_min=1024 * 1024)
    yield made
    made.close()
