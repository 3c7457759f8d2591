"""A hub of its own for what documents tell: its admin has a token, as after a first start."""

import urllib.request
from collections.abc import Iterator

import pytest

from tests.live import LiveHub, serving


@pytest.fixture(scope="session")
def documented_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveHub]:
    with serving(tmp_path_factory.mktemp("documented") / "data") as hub:
        while hub.admin_token is None:  # printed just after the address
            urllib.request.urlopen(f"{hub.url}/healthz", timeout=10).close()
        yield hub
