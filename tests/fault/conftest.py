"""A data folder with people in it, made once and copied for each story that breaks one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fault.experiments.figures import table
from tests.fault.experiments.site import Site
from tests.fault.nursery import Nursery

ROW = "figure"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """What experiments stand on."""
    made = Site(tmp_path_factory.mktemp("site"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def nursery(site: Site) -> Nursery:
    """Starts hubs quickly."""
    return site.nursery


@pytest.fixture(scope="session")
def fresh_data(site: Site) -> Callable[[Path], Path]:
    """Copies the folder of people into another one; gives the copy's path."""
    return site.fresh_data


@pytest.fixture
def data(site: Site, tmp_path: Path) -> Path:
    """A copy of it that belongs to one test."""
    return site.fresh_data(tmp_path)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The rows of all experiments. Reports carry them here from the workers of a parallel run."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    rows = [row for each in reports for name, row in each.user_properties if name == ROW]
    if rows:
        terminalreporter.section("fault experiments")
        for line in (*table([]), *rows):
            terminalreporter.write_line(line)
