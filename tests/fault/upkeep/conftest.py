"""A small hub with two models, for tests that damage it."""

import copy
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundswell.core.values import Principal, Visibility
from groundswell.hub.repos import Repository
from tests.fault.upkeep.small_hub import SmallHub


class World:
    """A hub with content: ``one`` is public with two branches, ``hidden`` is private."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.random = random.Random(7)
        self.hub = SmallHub.open(root)
        self.ada: Principal = self.hub.user("ada")
        self.fill()

    def fill(self) -> None:
        self.one: Repository = self.hub.model(self.ada, "one")
        self.hidden: Repository = self.hub.model(self.ada, "hidden", Visibility.PRIVATE)
        self.weights = self.random.randbytes(700_000)
        self.commit(self.one, {"w/model.bin": self.weights, "empty.bin": b""}, large=True)
        self.commit(self.one, {"README.md": b"---\nlicense: mit\ntags: [x]\n---\n# One\n"})
        self.commit(self.one, {"w/model.bin": self.new(300_000)}, large=True, branch="dev")
        self.commit(self.hidden, {"secret.bin": self.new(90_000)}, large=True)

    def new(self, size_bytes: int) -> bytes:
        return self.random.randbytes(size_bytes)

    def commit(self, repository: Repository, files: dict[str, bytes], **options: object) -> str:
        return self.hub.commit(self.ada, repository, files, **options)  # type: ignore[arg-type]

    def reopen(self, *, serves: bool = False) -> SmallHub:
        self.hub.close()
        self.hub = SmallHub.open(self.root, serves=serves)
        return self.hub

    def xorb_of(self, content: bytes) -> Path:
        """The file of the xorb that holds the beginning of a content."""
        for path in sorted(self.root.glob("xorbs/*/*")):
            if content[:4_000] in path.read_bytes():
                return path
        raise AssertionError

    def copy_to(self, root: Path) -> "World":
        """The same world in another folder, so that each test damages its own."""
        shutil.copytree(self.root, root)
        found = copy.copy(self)
        found.root = root
        found.random = random.Random(8)
        found.hub = SmallHub.open(root)
        return found


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = World(tmp_path_factory.mktemp("world") / "data")
    made.hub.close()
    return made


@pytest.fixture
def world(untouched: World, tmp_path: Path) -> Iterator[World]:
    found = untouched.copy_to(tmp_path / "data")
    try:
        yield found
    finally:
        found.hub.close()
