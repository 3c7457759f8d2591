"""What a namespace may hold: counted by links, asked at every way in, told only to its own."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from groundswell.core.errors import BadRequest, QuotaExceeded
from groundswell.core.values import RepoId, RepoKind, Role, parse_size, size_text
from groundswell.hub.blobs.quotas import Quotas
from tests.hub.git_world import GitWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitWorld]:
    made = GitWorld(tmp_path / "data")
    yield made
    made.close()


@pytest.fixture
def quotas(world: GitWorld) -> Quotas:
    return world.blobs.quotas


def held(quotas: Quotas, name: str) -> int:
    (usage,) = quotas.usages([name])
    return usage.linked_bytes


def test_each_content_counts_once_for_every_repository(world: GitWorld, quotas: Quotas) -> None:
    one, two = world.model("one"), world.model("two")
    world.large(one, "a.bin", b"a" * 1_000)
    world.large(one, "again.bin", b"a" * 1_000)
    assert held(quotas, "alice") == 1_000
    world.large(two, "a.bin", b"a" * 1_000)
    assert held(quotas, "alice") == 2_000
    world.references.delete_lfs_files(
        world.alice, one, [f.sha256 for f in world.references.lfs_files(one).files]
    )
    assert held(quotas, "alice") == 1_000
    world.repos.delete(world.alice, two.repo_id)
    assert held(quotas, "alice") == 0


def test_a_commit_above_the_limit_changes_nothing(world: GitWorld, quotas: Quotas) -> None:
    model = world.model()
    world.large(model, "a.bin", b"a" * 1_000)
    assert quotas.set("Alice", 2_500)
    world.large(model, "b.bin", b"b" * 1_500)
    head = world.git.head(model.id)
    with pytest.raises(QuotaExceeded, match=r"1 B more, and alice holds 2.5 kB of 2.5 kB"):
        world.large(model, "c.bin", b"c")
    assert world.git.head(model.id) == head
    world.large(model, "same.bin", b"a" * 1_000)  # the repository holds it already
    assert quotas.set("alice", 0)
    world.large(model, "c.bin", b"c")
    assert quotas.set("alice", None)
    assert not quotas.set("nobody", None)


def test_copies_and_moves_are_asked_too(world: GitWorld, quotas: Quotas) -> None:
    one, two = world.model("one"), world.model("two")
    world.large(one, "a.bin", b"a" * 1_000)
    (file,) = world.references.lfs_files(one).files
    quotas.set("alice", 1_999)
    with pytest.raises(QuotaExceeded):
        world.references.duplicate_lfs_files(one, two, [file.sha256])
    assert world.references.lfs_files(two).files == ()
    quotas.set("alice", 2_000)
    assert world.references.duplicate_lfs_files(one, two, [file.sha256]) == ()
    lab = world.accounts.create_organisation("lab", "", private_by_default=False, by=None)
    world.accounts.set_member("lab", "alice", Role.ADMIN, by=None)
    quotas.set("lab", 999)
    target = RepoId.parse(RepoKind.MODEL, "lab/one")
    alice = replace(world.alice, memberships=((lab.id, Role.ADMIN),))
    with pytest.raises(QuotaExceeded):
        world.repos.move(alice, one.repo_id, target)
    quotas.set("lab", 1_000)
    world.repos.move(alice, one.repo_id, target)
    assert (held(quotas, "alice"), held(quotas, "lab")) == (1_000, 1_000)


def test_the_default_holds_where_none_was_set(world: GitWorld) -> None:
    quotas = Quotas(world.database, 500)
    model = world.model()
    with pytest.raises(QuotaExceeded):
        quotas.check(model.id, None, {"0" * 64: 501})
    quotas.check(model.id, None, {"0" * 64: 500})
    quotas.set("alice", 0)
    quotas.check(model.id, None, {"0" * 64: 501})


def test_strangers_do_not_learn_how_much_is_held(world: GitWorld, quotas: Quotas) -> None:
    model = world.model()
    quotas.set("alice", 10)
    with pytest.raises(QuotaExceeded) as refused:
        quotas.check(model.id, None, {"0" * 64: 11})
    assert "holds" not in refused.value.message


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("500", 500),
        ("500GB", 500 * 10**9),
        ("1.5 tb", 15 * 10**11),
        ("2GiB", 2 << 30),
        ("1k", 1000),
    ],
)
def test_sizes_are_read(text: str, size_bytes: int) -> None:
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize("text", ["", "GB", "-1", "1 XB", "1e9", "1.GB", "9" * 40])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        parse_size(text)


def test_sizes_are_written() -> None:
    assert [size_text(n) for n in (0, 999, 1_000, 2_500_000_000)] == [
        "0 B",
        "999 B",
        "1 kB",
        "2.5 GB",
    ]
