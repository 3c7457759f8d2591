"""One hub that all attacks share. What an attack makes, it names for itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.security.target import Target, attacked


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The hub under attack, for the whole run."""
    with attacked(tmp_path_factory.mktemp("attacked") / "data") as found:
        yield found
