"""One PostgreSQL server for all tests of rooms that run on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract import postgresql


@pytest.fixture(scope="session")
def server() -> Iterator[Path]:
    with postgresql.server() as folder:
        yield folder
