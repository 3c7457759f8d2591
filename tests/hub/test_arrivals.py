"""What it took to bring files, and what it takes to keep them: counted by chunks, told in words."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from groundswell.core.values import Arrival, share_text
from groundswell.hub.blobs.arrivals import count_new
from groundswell.hub.upkeep import Premises
from groundswell.hub.upkeep.measuring import Measuring
from groundswell.store.tables import namespace_sizes, repository_sizes
from groundswell.wire.shard import ShardFile, Term, Terms
from tests.hub.git_world import GitWorld

MIB = 1 << 20
DOMAIN = "alice"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitWorld]:
    made = GitWorld(tmp_path / "data")
    yield made
    made.close()


def noise(size_bytes: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size_bytes)


def arrived(world: GitWorld, number: int) -> Arrival | None:
    head = world.git.head(number)
    assert head is not None
    return world.blobs.arrivals.of_commit(number, head)


def test_a_commit_says_what_travelled_and_what_was_here(world: GitWorld) -> None:
    model, other = world.model("one"), world.model("other")
    content = noise(4 * MIB, 1)
    world.large(model, "a.bin", content, DOMAIN)
    assert arrived(world, model.id) == Arrival(1, 4 * MIB, 4 * MIB, 4 * MIB)

    changed = content[: 2 * MIB] + b"changed" + content[2 * MIB :]
    world.large(model, "a.bin", changed, DOMAIN)
    second = arrived(world, model.id)
    assert second is not None
    assert second.size_bytes == second.sent_bytes == len(changed)  # it came as plain bytes
    assert 0 < second.new_bytes < MIB

    world.large(
        other, "b.bin", content, DOMAIN
    )  # sent again, to a repository of the same namespace
    assert arrived(world, other.id) == Arrival(1, 4 * MIB, 4 * MIB, 0)

    world.large(model, "again.bin", content, DOMAIN)  # the repository holds it: nothing need travel
    assert arrived(world, model.id) == Arrival(1, 4 * MIB, 0, 0)


def test_a_commit_without_large_files_says_nothing(world: GitWorld) -> None:
    model = world.model()
    world.files(model, README="hello")
    assert arrived(world, model.id) is None


def shard_file(*terms: tuple[bytes, int, int]) -> ShardFile:
    records = Terms.of(
        Term(xorb_hash, 1000 * (stop - start), start, stop) for xorb_hash, start, stop in terms
    )
    return ShardFile(bytes(32), records, (), None)


def test_new_chunks_count_once_for_the_files_of_an_upload() -> None:
    fresh, old = b"f" * 32, b"o" * 32
    files = [
        shard_file((fresh, 0, 10), (old, 0, 5)),
        shard_file((fresh, 5, 15)),
        shard_file((fresh, 3, 8), (fresh, 14, 16)),
    ]
    assert count_new(files, {fresh}) == [10_000, 5_000, 1_000]
    assert count_new(files, set()) == [0, 0, 0]


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, "0%"),
        (0, 10, "0%"),
        (1, 10_000, "under 1%"),
        (3, 100, "3%"),
        (9_999, 10_000, "99%"),
        (5, 5, "100%"),
        (6, 5, "120%"),
    ],
)
def test_only_all_is_a_hundred_per_cent(part: int, whole: int, text: str) -> None:
    assert share_text(part, whole) == text


def test_the_words() -> None:
    assert Arrival(2, 3_000_000_000, 90_000_000, 100_000_000).text == (
        "sent 3%; 2.9 GB of 3 GB were here"
    )
    assert Arrival(1, 1000, 1000, 1000).text == "sent 100%, 1 kB; nothing of it was here"


def test_a_repository_is_measured_when_it_changed(world: GitWorld) -> None:
    model, twin = world.model("one"), world.model("twin")
    content = noise(3 * MIB, 2)
    world.large(model, "a.bin", content, DOMAIN)
    world.large(model, "b.bin", content[:MIB] + b"x" + content[MIB:], DOMAIN)
    world.large(twin, "a.bin", content, DOMAIN)
    measuring = Measuring(Premises(world.database, world.store, world.git, world.folder, world.now))
    assert measuring.run() == 3  # two repositories and their namespace
    assert measuring.run() == 0

    sizes = world.blobs.sizes
    one, two = sizes.of_repository(model.id), sizes.of_repository(twin.id)
    both = sizes.of_namespace(world.alice.account_id or 0)
    assert one is not None
    assert two is not None
    assert both is not None
    assert one.linked_bytes == 6 * MIB + 1
    assert 3 * MIB < one.stored_bytes < 3.5 * MIB  # both files share nearly all of their chunks
    assert one.rest_bytes == one.stored_bytes
    assert abs(two.stored_bytes - 3 * MIB) < 0.1 * MIB
    assert both.linked_bytes == 9 * MIB + 1
    assert both.stored_bytes == one.stored_bytes  # the twin adds nothing

    world.large(twin, "c.bin", noise(MIB, 3), DOMAIN)
    assert measuring.run() == 2
    after = sizes.of_namespace(world.alice.account_id or 0)
    assert after is not None
    assert after.stored_bytes > both.stored_bytes

    world.repos.delete(world.alice, twin.repo_id)
    assert measuring.run() == 1
    after = sizes.of_namespace(world.alice.account_id or 0)
    assert after is not None
    assert after.linked_bytes == one.linked_bytes


def test_measuring_in_passes_gives_the_same(
    world: GitWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = world.model()
    for seed in range(6):
        world.large(model, f"{seed}.bin", noise(MIB, seed), DOMAIN)
    whole = world.blobs.sizes.measure_repository(model.id)
    monkeypatch.setattr("groundswell.hub.blobs.sizes._AT_ONCE_BYTES", MIB)
    again = world.blobs.sizes.measure_repository(model.id)
    assert replace(again, measured_at=whole.measured_at) == whole


def test_what_is_gone_is_not_kept(world: GitWorld) -> None:
    world.blobs.sizes.measure_repository(12_345)
    for table in (repository_sizes, namespace_sizes):
        query = sa.select(sa.func.count()).select_from(table)
        assert world.database.read(lambda conn: conn.execute(query).scalar()) == 0  # noqa: B023
