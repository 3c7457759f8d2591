"""Buckets do on PostgreSQL what they do on SQLite: the order of paths, batches that meet, sums."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from groundswell.core.values import AddFile, DeleteFile
from tests.contract import postgresql
from tests.hub import test_buckets as on_sqlite
from tests.hub.test_buckets import World


@pytest.fixture(scope="module")
def postgresql_folder() -> Iterator[Path]:
    with postgresql.server() as folder:
        yield folder


@pytest.fixture
def world(
    postgresql_folder: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[World]:
    name = f"buckets_{abs(hash(request.node.name)) % 10**8}"
    made = World(tmp_path / "data", postgresql.fresh_url(postgresql_folder, name))
    yield made
    made.sound()
    made.close()


@pytest.mark.parametrize(
    "experiment",
    [
        on_sqlite.test_a_bucket_has_a_name_like_every_repository_and_no_folder,
        on_sqlite.test_a_batch_is_carried_out_in_order,
        on_sqlite.test_paths_are_those_that_repositories_allow,
        on_sqlite.test_levels_and_prefixes,
        on_sqlite.test_what_no_file_has_any_more_is_let_go_and_the_rest_kept,
        on_sqlite.test_the_buckets_of_a_namespace_are_those_that_one_may_see,
    ],
    ids=lambda experiment: experiment.__name__,
)
def test_the_same_comes_of_it(experiment: Callable[[World], None], world: World) -> None:
    experiment(world)


def test_batches_that_meet_are_all_carried_out(world: World) -> None:
    bucket = world.bucket()
    content = world.send(bucket, b"x" * 1_000)

    def write(worker: int) -> None:
        for number in range(8):
            world.batch(bucket, AddFile(f"{worker}/{number}", content), AddFile("same", content))
            world.batch(bucket, DeleteFile(f"{worker}/{number - 1}"))

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.paths(bucket) == ["0/7", "1/7", "2/7", "3/7", "same"]
    now = world.buckets.get(world.alice, bucket)
    assert (now.file_count, now.size_bytes) == (5, 5_000)
