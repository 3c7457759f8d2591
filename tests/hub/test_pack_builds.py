"""Packs that the hub builds of a repository's files: one after the other, shut in, with the rights of the moment;
whatever ends one leaves nothing behind.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from groundswell import settings as configuration
from groundswell import wiring
from groundswell.ask.builds import Build, Builds, Order, Stage
from groundswell.ask.builds import process as apart
from groundswell.ask.builds.process import BuildLimits, make_apart
from groundswell.ask.copying import Copying, CopyLimits
from groundswell.ask.packs.sources import ZimSource
from groundswell.core.errors import BadRequest, Conflict, Forbidden, TooManyRequests
from groundswell.core.policy import Action
from groundswell.core.values import (
    AddRegular,
    CommitHeader,
    DeleteEntry,
    Gate,
    Principal,
    RepoId,
    RepoKind,
    Role,
    Visibility,
)
from groundswell.hub.repos import Repository
from tests.hub.pack_world import zim

NOTES = {
    "kenya.md": b"# Mount Kenya\n\nMount Kenya is the highest mountain in Kenya.\n",
    "sea/tides.txt": b"Tides are made by the Moon.\n",
    "broken.pdf": b"%PDF-1.7\nnothing of it",
    ".hidden.md": b"hidden",
    "picture.png": b"\x89PNG",
}


def of(name: str) -> RepoId:
    return RepoId.parse(RepoKind.DATASET, name)


class World:
    """A hub with two people and an organisation; builds run when a test says so."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.hub = wiring.build(configuration.load({"data": data}, environment={}))
        self.people = {}
        for name in ("ann", "bob"):
            self.hub.accounts.create_user(name, by=None)
        self.hub.accounts.create_organisation("guild", by=None)
        self.hub.accounts.set_member("guild", "ann", Role.WRITE, by=None)

    def who(self, name: str) -> Principal:
        account = self.hub.accounts.find_account(name)
        return self.hub.accounts.refresh(account.id, None, None)

    @property
    def builds(self) -> Builds:
        assert self.hub.packs is not None
        return self.hub.packs.builds

    def make(self, name: str, visibility: str = "private", **files: bytes) -> Repository:
        ann = self.who("ann")
        made = self.hub.repos.create(ann, of(name), Visibility(visibility))
        work = [AddRegular(path, data) for path, data in (files or NOTES).items()]
        self.hub.commits.commit(ann, made, "main", CommitHeader("Notes"), work)
        return self.find(name)

    def find(self, name: str, who: str = "ann") -> Repository:
        return self.hub.repos.find(self.who(who), of(name), Action.READ)

    def ask(self, name: str, **order: str) -> Build:
        return self.builds.ask(self.who("ann"), self.find(name), Order(**order))

    def state(self, name: str) -> Build:
        found = self.builds.state(self.find(name))
        assert found is not None
        return found

    def text(self, name: str, path: str) -> str:
        located = self.hub.content.locate(self.find(name), "main", path)
        return self.hub.content.read_range(located, 0, 1 << 20).decode()

    def paths(self, name: str) -> set[str]:
        page = self.hub.content.tree(self.find(name), "main", recursive=True)
        return {each.entry.path for each in page.items if each.entry.kind.value != "directory"}

    def left(self) -> list[str]:
        """What lies in the folder of builds beside the notes of them."""
        folder = self.data / "packs" / "builds"
        return sorted(
            str(path.relative_to(folder))
            for path in folder.rglob("*")
            if path.is_file() and path.name not in {"build.json", ".lock"}
        )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "data")
    yield made
    made.hub.close()


def children_of_builds(data: Path) -> list[int]:
    """The building processes that work below this folder, and those that they started."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                is_one = f"TMPDIR={data}/".encode() in (folder / "environ").read_bytes()
                is_one = is_one and b"groundswell.ask.maker" in (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if is_one:
                found.append(int(folder.name))
    return found


def are_ended(data: Path) -> bool:
    """Whether none is left: those that were started by one that was killed take a moment to go."""
    until = time.monotonic() + 20
    while children_of_builds(data) and time.monotonic() < until:
        time.sleep(0.02)
    return not children_of_builds(data)


def meanwhile(
    world: World, name: str, stage: Stage, work: Callable[[], object]
) -> threading.Thread:
    """Do something as soon as a build is that far."""

    def wait() -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if world.state(name).stage is stage and (
                stage is not Stage.BUILDING or children_of_builds(world.data)
            ):
                work()
                return
            time.sleep(0.05)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_a_pack_stands_beside_its_files_and_keeps_their_card(world: World) -> None:
    world.make("ann/notes", **NOTES, **{"README.md": b"# Mine\n\nWhat I know.\n"})
    world.ask("ann/notes", title="What Ann knows")
    assert world.state("ann/notes").stage is Stage.WAITING
    assert world.builds.run() == 1
    done = world.state("ann/notes")
    assert (done.stage, done.why, done.target) == (Stage.DONE, "", "ann/notes")
    assert [path for path, _ in done.left_out] == ["broken.pdf"]
    assert done.articles == 3
    assert "pack.json" in world.paths("ann/notes") > {*NOTES}
    card = world.text("ann/notes", "README.md")
    assert card.endswith("# Mine\n\nWhat I know.\n")
    assert "knowledge-pack" in card
    attributes = world.text("ann/notes", ".gitattributes")
    assert "*.safetensors" in attributes
    assert attributes.endswith("index/** filter=lfs diff=lfs merge=lfs -text\n")
    assert "knowledge-pack" in world.find("ann/notes").tags
    assert world.find("ann/notes").visibility is Visibility.PRIVATE
    assert world.left() == []
    # Again: the pack is no document of itself.
    world.ask("ann/notes", title="What Ann knows")
    world.builds.run()
    assert world.state("ann/notes").articles == 3


def test_a_pack_is_never_more_public_than_its_source(world: World) -> None:
    world.make("ann/hidden")
    world.make("ann/open", "public")
    for name, target in (("ann/hidden", "guild/pack"), ("ann/hidden", "ann/open")):
        with pytest.raises(Forbidden, match="Not everybody may read"):
            world.ask(name, target=target)
    # What was public when it was asked for, and is gated when its turn comes.
    world.ask("ann/open", target="guild/pack")
    world.hub.repos.update_settings(world.who("ann"), of("ann/open"), gate=Gate.MANUAL)
    world.builds.run()
    assert world.state("ann/open").stage is Stage.FAILED
    assert "Not everybody may read" in world.state("ann/open").why
    with pytest.raises(Exception, match="not found"):
        world.find("guild/pack")
    world.ask("ann/hidden", target="ann/pack")
    world.builds.run()
    assert world.state("ann/hidden").stage is Stage.DONE
    assert world.find("ann/pack").visibility is Visibility.PRIVATE
    assert "A knowledge pack of" in world.text("ann/pack", "README.md")
    with pytest.raises(Exception, match="not found"):
        world.find("ann/pack", "bob")


def test_rights_are_those_of_the_moment(world: World) -> None:
    world.make("guild/notes")
    world.ask("guild/notes")
    world.hub.accounts.set_member("guild", "ann", Role.READ, by=None)
    world.builds.run()
    assert world.state("guild/notes").stage is Stage.FAILED
    assert "pack.json" not in world.paths("guild/notes")
    with pytest.raises(Forbidden):
        world.hub.repos.find(world.who("ann"), of("guild/notes"), Action.WRITE)


def test_one_of_a_repository_and_few_of_an_account(world: World) -> None:
    names = [f"ann/n{number}" for number in range(6)]
    for name in names:
        world.make(name, a=b"x")
    for name in names[:5]:
        world.ask(name)
    with pytest.raises(Conflict):
        world.ask(names[0])
    with pytest.raises(TooManyRequests):
        world.ask(names[5])
    assert [world.builds.before(world.state(name)) for name in names[:5]] == [0, 1, 2, 3, 4]
    world.builds.cancel(world.find(names[1]))
    assert world.builds.run() == 5
    assert world.state(names[1]).stage is Stage.CANCELLED
    assert world.state(names[0]).why == "There is no document in it that a pack can be made of."


def test_taken_back_on_the_way(world: World) -> None:
    world.make("ann/notes")
    head = world.find("ann/notes").head_commit
    world.ask("ann/notes")
    thread = meanwhile(
        world, "ann/notes", Stage.BUILDING, lambda: world.builds.cancel(world.find("ann/notes"))
    )
    world.builds.run()
    thread.join()
    assert world.state("ann/notes").stage is Stage.CANCELLED
    assert world.find("ann/notes").head_commit == head
    assert world.left() == []
    assert are_ended(world.data)


def test_the_end_of_the_hub_is_not_the_end_of_a_build(world: World) -> None:
    world.make("ann/notes")
    world.ask("ann/notes")
    thread = meanwhile(world, "ann/notes", Stage.BUILDING, world.builds.stop)
    assert world.builds.run() == 0
    thread.join()
    assert are_ended(world.data)
    assert world.state("ann/notes").stage is Stage.WAITING
    world.hub.close()
    again = World.__new__(World)
    again.data = world.data
    again.hub = world.hub = wiring.build(configuration.load({"data": world.data}, environment={}))
    assert again.builds.run() == 1
    assert again.state("ann/notes").stage is Stage.DONE


def test_what_ends_every_hub_is_given_up(world: World) -> None:
    """As a power cut, or a kill, each time."""
    from dataclasses import replace

    from groundswell.ask.builds.desk import Desk

    world.make("ann/notes")
    asked = world.ask("ann/notes")
    Desk(world.data / "packs" / "builds").put(replace(asked, stage=Stage.BUILDING, tries=3))
    world.builds.run()
    assert world.state("ann/notes").stage is Stage.FAILED
    assert "cut off 3 times" in world.state("ann/notes").why


def test_a_process_that_is_killed_is_told(world: World) -> None:
    world.make("ann/notes")
    world.ask("ann/notes")

    def kill() -> None:
        for pid in children_of_builds(world.data):
            os.kill(pid, signal.SIGKILL)

    thread = meanwhile(world, "ann/notes", Stage.BUILDING, kill)
    world.builds.run()
    thread.join()
    assert world.state("ann/notes").stage is Stage.FAILED
    assert "ended without a word" in world.state("ann/notes").why
    assert world.left() == []


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (BuildLimits(seconds=0.0), "took longer than"),
        (BuildLimits(memory_bytes=1 << 20), "of memory"),
        (BuildLimits(disk_bytes=10), "of the disk"),
    ],
)
def test_a_build_has_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: BuildLimits, words: str
) -> None:
    monkeypatch.setattr(apart, "_MEASURE_SECONDS", 0.0)
    archive = zim(tmp_path / "a.zim")
    options = {"title": "a", "language": "en", "licence": ""}
    with pytest.raises(BadRequest, match=words):
        make_apart(tmp_path, [ZimSource(archive)], options, limits, lambda _: None)
    assert are_ended(tmp_path)
    assert not (tmp_path / "pack" / "pack.json").exists()


_TRIES = """
import json, os, socket, sys
from pathlib import Path
from groundswell.ask.maker import _shut_in, _step_back
_step_back(); _shut_in(Path(sys.argv[1]))
found = {}
def attempt(name, work):
    try:
        work(); found[name] = "done"
    except OSError as error:
        found[name] = error.strerror
attempt("write", lambda: Path(sys.argv[1], "a").write_text("a"))
attempt("secret", lambda: Path(sys.argv[2]).read_text())
attempt("outside", lambda: Path(sys.argv[2] + ".2").write_text("a"))
attempt("network", lambda: socket.create_connection(("127.0.0.1", int(sys.argv[3])), 2))
print(json.dumps(found))
"""


def test_it_reads_no_other_file_and_reaches_nobody(tmp_path: Path) -> None:
    import json
    import socket
    import subprocess
    import sys

    (tmp_path / "work").mkdir()
    (tmp_path / "secret").write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        told = subprocess.run(
            [sys.executable, "-c", _TRIES, str(tmp_path / "work"), str(tmp_path / "secret"), port],
            capture_output=True,
            text=True,
            check=True,
        )
    found: dict[str, Any] = json.loads(told.stdout)
    assert found.pop("write") == "done"
    assert "done" not in found.values(), found


def test_a_copy_has_bounds_and_holds_no_pack(world: World, tmp_path: Path) -> None:
    assert world.hub.packs is not None
    copying: Copying = world.hub.packs.copying
    repository = world.make("ann/notes")
    with pytest.raises(BadRequest, match="more than 2 documents"):
        copying.copy(repository, "main", tmp_path / "copy", CopyLimits(files=2))
    with pytest.raises(BadRequest, match="more than"):
        copying.copy(repository, "main", tmp_path / "copy", CopyLimits(size_bytes=10))
    (source,) = copying.copy(repository, "main", tmp_path / "copy")
    documents = [each.path for each in source.documents()]
    assert documents == ["broken.pdf", "kenya.md", "sea/tides.txt"]
    assert dict(source.read(documents))["kenya.md"] == NOTES["kenya.md"]


def test_what_went_away_meanwhile(world: World) -> None:
    repository = world.make("ann/notes")
    world.ask("ann/notes")
    world.hub.commits.commit(
        world.who("ann"), repository, "main", CommitHeader("Gone"),
        [DeleteEntry(path) for path in NOTES],
    )  # fmt: skip
    world.builds.run()
    assert world.state("ann/notes").stage is Stage.FAILED


_KILLED = """
import sys
from pathlib import Path
from groundswell import settings as configuration, wiring
if __name__ == "__main__":
    hub = wiring.build(configuration.load({"data": Path(sys.argv[1])}, environment={}))
    hub.packs.builds.run()
"""


def test_a_hub_that_is_killed_leaves_no_process_and_goes_on(world: World) -> None:
    import subprocess
    import sys

    world.make("ann/notes")
    world.ask("ann/notes")
    with subprocess.Popen([sys.executable, "-c", _KILLED, str(world.data)]) as process:
        until = time.monotonic() + 60
        while not children_of_builds(world.data) and time.monotonic() < until:
            time.sleep(0.05)
        assert children_of_builds(world.data)
        process.kill()
    assert are_ended(world.data)
    assert world.state("ann/notes").stage is Stage.BUILDING
    assert world.builds.run() == 1
    assert world.state("ann/notes").stage is Stage.DONE
    assert world.state("ann/notes").tries == 2
    # What a kill left of one that came to its end, and a note that is old.
    (world.data / "packs" / "builds" / str(world.find("ann/notes").id) / "work").mkdir()
    assert world.builds.sweep() == 0
    assert world.left() == []
