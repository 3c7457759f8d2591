"""Clients in this process: huggingface_hub, pointed at the live hub before it is first imported.

huggingface_hub reads its endpoint when it is imported, so no test module imports it at the top:
tests take the module from the fixture `hf`, and people's `HfApi` from `ada`, `bob`, `eve` and
`nobody`.
"""

import itertools
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.clients.environments import Environment, environment
from tests.clients.stage import client_environment
from tests.live import LiveHub, token_of

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def hf(live_hub: LiveHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """huggingface_hub, speaking to the live hub."""
    assert "huggingface_hub" not in sys.modules, "imported before its endpoint was known"
    home = tmp_path_factory.mktemp("home")
    wanted = client_environment(live_hub, home)
    with pytest.MonkeyPatch.context() as patch:
        for name in set(os.environ) - set(wanted):
            if not name.startswith("PYTEST"):  # pytest minds its own
                patch.delenv(name)
        for name, value in wanted.items():
            patch.setenv(name, value)
        import huggingface_hub
        import huggingface_hub.constants
        import huggingface_hub.errors
        import huggingface_hub.file_download
        import huggingface_hub.hf_api

        assert live_hub.url == huggingface_hub.constants.ENDPOINT
        yield huggingface_hub


@pytest.fixture(scope="session")
def ada(hf: ModuleType) -> Any:
    """An author, and admin of the guild."""
    return hf.HfApi(token=token_of("ada"))


@pytest.fixture(scope="session")
def bob(hf: ModuleType) -> Any:
    """Another author, who may write in the guild."""
    return hf.HfApi(token=token_of("bob"))


@pytest.fixture(scope="session")
def eve(hf: ModuleType) -> Any:
    """Somebody who belongs to nothing."""
    return hf.HfApi(token=token_of("eve"))


@pytest.fixture(scope="session")
def nobody(hf: ModuleType) -> Any:
    """The anonymous."""
    return hf.HfApi(token=False)


@pytest.fixture
def new_name(request: pytest.FixtureRequest) -> Callable[..., str]:
    """Gives repository ids that nobody has used: the test's name and a number."""

    def make(owner: str = "ada") -> str:
        story = re.sub(r"[^A-Za-z0-9]+", "-", request.node.name.removeprefix("test_"))[:50]
        return f"{owner}/{story.strip('-')}-{next(_numbers)}"

    return make


@pytest.fixture
def new_repo(ada: Any, bob: Any, eve: Any, new_name: Callable[..., str]) -> Callable[..., str]:
    """Makes a repository of the owner's and gives its id."""
    people = {"ada": ada, "bob": bob, "eve": eve, "guild": ada}

    def make(kind: str = "model", owner: str = "ada", **options: Any) -> str:
        if kind == "space":
            options.setdefault("space_sdk", "static")
        name = new_name(owner)
        return str(people[owner].create_repo(name, repo_type=kind, **options).repo_id)

    return make


@pytest.fixture
def repo(new_repo: Callable[..., str]) -> str:
    """A public model repository of Ada's."""
    return new_repo()


@pytest.fixture(scope="session")
def clients() -> Callable[[str], Environment]:
    """The listed client of a name."""
    return environment


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home folder for a client in a process of its own."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a client does to its own libraries is not ours to mend."""
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """A failed test shows what the hub logged while it ran."""
    report = yield
    hub = getattr(item, "funcargs", {}).get("live_hub")
    if isinstance(hub, LiveHub):
        if call.when == "setup":
            item.stash[_LOGGED] = len(hub.log)
        elif report.failed:
            lines = hub.log[item.stash.get(_LOGGED, 0) :]
            report.sections.append(("what the hub logged", "\n".join(lines[-150:])))
    return report


_LOGGED = pytest.StashKey[int]()
