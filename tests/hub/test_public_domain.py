"""What everybody may read is not sent again to another namespace; what they may not is not told."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from groundswell.core.values import Gate, Principal, RepoId, RepoKind, Visibility
from groundswell.hub.repos import Repository
from groundswell.hub.upkeep import Premises
from groundswell.hub.upkeep.publishing import Publishing
from groundswell.store.ports import Kind
from groundswell.wire.chunking import split
from groundswell.wire.hashing import chunk_hash
from tests.hub.git_world import GitWorld

MIB = 1 << 20
ALICE, BOB = "n1", "n2"


def noise(seed: int) -> bytes:
    return random.Random(seed).randbytes(3 * MIB)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitWorld]:
    made = GitWorld(tmp_path / "data")
    yield made
    made.close()


@pytest.fixture
def publishing(world: GitWorld) -> Publishing:
    return Publishing(Premises(world.database, world.store, world.git, world.folder, world.now))


def finds(world: GitWorld, content: bytes, domain: str = BOB) -> bool:
    return world.blobs.find_chunk(domain, chunk_hash(split(content)[0])) is not None


def xorb_count(world: GitWorld) -> int:
    return len(list(world.store.list_keys(Kind.XORB)))


def test_a_public_base_is_known_in_every_namespace(world: GitWorld, publishing: Publishing) -> None:
    content = noise(1)
    world.large(world.model("base"), "base.bin", content, ALICE)
    assert not finds(world, content)
    assert publishing.run() == 1
    assert publishing.run() == 0
    assert finds(world, content)

    # Plain bytes take the same way: of bob's fine-tune only the difference is stored.
    changed = content[: 2 * MIB] + b"tuned" + content[2 * MIB :]
    tuned = world.repos.create(
        world.bob, RepoId(RepoKind.MODEL, "bob", "tuned"), Visibility.PRIVATE
    )
    sha256 = world.upload(tuned, changed, world.bob, BOB)
    assert xorb_count(world) == 2
    sizes = [world.store.size_bytes(Kind.XORB, key) for key in world.store.list_keys(Kind.XORB)]
    assert min(size or 0 for size in sizes) < MIB
    assert (
        b"".join(
            bytes(piece)
            for piece in world.blobs.open_content(plan_of(world, tuned, sha256), 0, len(changed))
        )
        == changed
    )


def plan_of(world: GitWorld, repository: Repository, sha256: str):
    world.database.write(lambda conn: world.blobs.link(conn, repository.id, {sha256: "w"}))
    return world.blobs.plan(repository.id, sha256)


def make_private(world: GitWorld, base: Repository) -> None:
    world.repos.update_settings(world.alice, base.repo_id, visibility=Visibility.PRIVATE)


def make_gated(world: GitWorld, base: Repository) -> None:
    world.repos.update_settings(world.alice, base.repo_id, gate=Gate.MANUAL)


def close(world: GitWorld, base: Repository) -> None:
    admin = Principal(account_id=world.alice.account_id, name="alice", is_admin=True)
    world.repos.update_settings(admin, base.repo_id, disabled=True)


def delete(world: GitWorld, base: Repository) -> None:
    world.repos.delete(world.alice, base.repo_id)


def delete_files(world: GitWorld, base: Repository) -> None:
    files = world.references.lfs_files(base).files
    world.references.delete_lfs_files(world.alice, base, [each.sha256 for each in files])


Closing = Callable[[GitWorld, Repository], None]
CLOSINGS: tuple[Closing, ...] = (make_private, make_gated, close, delete, delete_files)


@pytest.mark.parametrize("shut", CLOSINGS)
def test_what_is_closed_is_not_told_any_more(
    shut: Closing, world: GitWorld, publishing: Publishing
) -> None:
    content = noise(2)
    base = world.model("base")
    world.large(base, "base.bin", content, ALICE)
    publishing.run()
    shut(world, base)
    assert not finds(world, content)
    publishing.run()
    assert not finds(world, content)
    assert finds(world, content, ALICE)  # its own domain goes on


@pytest.mark.parametrize("shut", CLOSINGS[:2])
def test_what_was_never_open_is_never_told(
    shut: Closing, world: GitWorld, publishing: Publishing
) -> None:
    content = noise(3)
    base = world.model("base")
    shut(world, base)
    world.large(world.found(base), "base.bin", content, ALICE)
    assert publishing.run() == 0
    assert not finds(world, content)


def test_a_xorb_that_also_holds_something_private_is_not_told(
    world: GitWorld, publishing: Publishing
) -> None:
    hidden, shown = noise(4), noise(4)[: 2 * MIB]
    private = world.model("hidden", Visibility.PRIVATE)
    world.large(private, "w.bin", hidden, ALICE)
    world.large(world.model("shown"), "w.bin", shown, ALICE)
    assert publishing.run() == 0
    assert not finds(world, shown)
    world.repos.update_settings(world.alice, private.repo_id, visibility=Visibility.PUBLIC)
    assert publishing.run() == 1
    assert finds(world, shown)


def test_what_another_repository_holds_open_comes_back(
    world: GitWorld, publishing: Publishing, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = noise(5)
    one, two = world.model("one"), world.model("two")
    for each in (one, two):
        world.large(each, "w.bin", content, ALICE)
    publishing.run()
    make_private(world, one)
    assert not finds(world, content)
    monkeypatch.setattr("groundswell.hub.upkeep.publishing._DAY_MICROS", 0)  # the next day
    assert publishing.run() == 1
    assert finds(world, content)


def test_who_was_told_may_go_on_naming_it(world: GitWorld, publishing: Publishing) -> None:
    """A client keeps for weeks what it was told: an upload must not fail since a model closed."""
    content = noise(6)
    base = world.model("base")
    world.large(base, "base.bin", content, ALICE)
    publishing.run()
    assert finds(world, content)  # from now on bob's namespace has it
    make_private(world, base)
    tuned = world.repos.create(world.bob, RepoId(RepoKind.MODEL, "bob", "t"), Visibility.PRIVATE)
    keys = list(world.store.list_keys(Kind.XORB))
    in_domain = world.blobs._xorbs.in_domain
    assert world.database.read(lambda conn: in_domain(conn, BOB, keys)) == set(keys)
    world.upload(tuned, content, world.bob, BOB)
    assert finds(world, content, "n3") is False
