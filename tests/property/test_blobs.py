"""Content in, content out: any file, any cut into blocks, any history in the domain, any range."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundswell.hub.blobs import dedup_domain
from groundswell.store.ports import Kind
from groundswell.wire.xorb import XORB_RAW_BYTES_MAX
from tests.hub.blobs.world import World, digest_of

_SEEDS = [random.Random(seed).randbytes(400_000) for seed in range(3)]

# A file is a row of pieces of a few sources, so that files share runs and repeat themselves.
PIECES = st.tuples(
    st.integers(0, 3),
    st.integers(0, 399_999),
    st.one_of(st.integers(0, 300), st.integers(0, 400_000)),
)
FILES = st.lists(PIECES, max_size=6)


def build(pieces: list[tuple[int, int, int]]) -> bytes:
    return b"".join(
        bytes(size) if source == 3 else _SEEDS[source][start : start + size]
        for source, start, size in pieces
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("blobs")
    made = World(folder)
    made.author = made.user("ann")  # type: ignore[attr-defined]
    made.numbers = itertools.count()  # type: ignore[attr-defined]
    yield made
    made.close()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    files=st.lists(FILES, min_size=1, max_size=3),
    block=st.sampled_from([1000, 65_536, 700_000, 1 << 21]),
    cut=st.floats(0, 1),
    other_cut=st.floats(0, 1),
)
def test_every_range_of_what_went_in_comes_out(
    world: World,
    files: list[list[tuple[int, int, int]]],
    block: int,
    cut: float,
    other_cut: float,
) -> None:
    ann = world.author  # type: ignore[attr-defined]
    repository = world.repository(f"m{next(world.numbers)}", ann.account_id)  # type: ignore[attr-defined]
    domain = dedup_domain(ann, repository)
    for pieces in files:
        content = build(pieces)
        ingest = world.blobs.begin_ingest(domain, repository.id, ann.account_id)
        for start in range(0, len(content), block):
            ingest.write(content[start : start + block])
        blob = ingest.finish(digest_of(content), len(content))
        world.link(repository, blob.sha256)
        assert world.read(repository, blob.sha256) == content
        start, stop = sorted((int(cut * len(content)), int(other_cut * len(content))))
        plan = world.blobs.plan(repository.id, blob.sha256)
        assert b"".join(world.blobs.open_content(plan, start, stop)) == content[start:stop]


def test_more_than_one_xorb(tmp_path: Path) -> None:
    world = World(tmp_path)
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    content = random.Random(1).randbytes(XORB_RAW_BYTES_MAX + 1_000_000)
    sha256 = world.ingest(ann, repository, content)
    world.link(repository, sha256)
    assert world.read(repository, sha256) == content
    assert len(list(world.store.list_keys(Kind.XORB))) == 2
    world.close()
