"""A data folder with people in it, made once and copied for each story that breaks one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fault.nursery import Nursery
from tests.live import serving


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Starts hubs quickly."""
    made = Nursery()
    yield made
    made.close()


@pytest.fixture(scope="session")
def peopled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a hub that was stopped, with the people of tests/live.py."""
    data = tmp_path_factory.mktemp("peopled") / "data"
    with serving(data, people=True):
        pass
    return data


@pytest.fixture(scope="session")
def fresh_data(peopled: Path) -> Callable[[Path], Path]:
    """Copies that folder into another one; gives the copy's path."""

    def copy(folder: Path) -> Path:
        data = folder / "data"
        shutil.copytree(peopled, data)
        return data

    return copy


@pytest.fixture
def data(fresh_data: Callable[[Path], Path], tmp_path: Path) -> Path:
    """A copy of it that belongs to one test."""
    return fresh_data(tmp_path)
