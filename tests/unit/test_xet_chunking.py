"""Content-defined chunking: limits, state between buffers, the three engines."""

import random

import pytest

from groundswell.wire.chunking import (
    CHUNK_BYTES_MAX,
    CHUNK_BYTES_MIN,
    Chunker,
    ChunkSplitter,
    EngineName,
    available_engines,
    best_engine,
    split,
)
from tests.unit.xet_samples import content, cutting_window

ENGINES = available_engines()
SIZES = [
    0,
    1,
    63,
    64,
    65,
    8127,
    8128,
    8129,
    8191,
    8192,
    8193,
    16384,
    131071,
    131072,
    131073,
    300_000,
]


def lengths(octets: bytes, engine: EngineName) -> list[int]:
    return [len(chunk) for chunk in split(octets, engine)]


def test_every_engine_runs_here_and_the_best_is_native() -> None:
    assert ENGINES == ("numba", "numpy", "plain")
    assert best_engine() == "numba"


@pytest.mark.parametrize("engine", ENGINES)
def test_content_without_a_cut_is_cut_at_the_greatest_length(engine: EngineName) -> None:
    assert lengths(bytes(300_000), engine) == [131072, 131072, 37856]
    assert lengths(bytes(131072), engine) == [131072]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("end", "is_cut"), [(8191, False), (8192, True), (8193, True)])
def test_the_least_length_counts_the_last_byte(
    engine: EngineName, end: int, *, is_cut: bool
) -> None:
    octets = bytearray(40_000)
    octets[end - 64 : end] = cutting_window()
    assert (end in lengths(bytes(octets), engine)) is is_cut


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", ["random", "text", "dense", "floats"])
def test_chunks_keep_the_limits_and_join_to_the_content(engine: EngineName, kind: str) -> None:
    for size in SIZES:
        octets = content(kind, size, seed=size)
        chunks = split(octets, engine)
        assert b"".join(chunks) == octets
        assert all(CHUNK_BYTES_MIN <= len(chunk) <= CHUNK_BYTES_MAX for chunk in chunks[:-1])
        assert lengths(octets, engine) == lengths(octets, "plain")


@pytest.mark.parametrize("engine", ENGINES)
def test_an_edit_moves_only_the_cuts_around_it(engine: EngineName) -> None:
    before = content("random", 1_500_000, seed=1)
    after = before[:700_000] + b"inserted" + before[700_000:]
    common = {bytes(c) for c in split(before, engine)} & {bytes(c) for c in split(after, engine)}
    assert len(before) - sum(len(chunk) for chunk in common) < 4 * CHUNK_BYTES_MAX


@pytest.mark.parametrize("engine", ENGINES)
def test_lengths_do_not_depend_on_the_buffers(engine: EngineName) -> None:
    octets = content("dense", 200_000, seed=3)
    seeded = random.Random(3)
    chunker, found, position = Chunker(engine), [], 0
    while position < len(octets):
        size = seeded.choice((0, 1, 2, 63, 64, 65, 100, 8191, 8192, 30_000))
        found += chunker.feed(octets[position : position + size])
        position += size
    assert chunker.open_bytes < CHUNK_BYTES_MAX
    last = chunker.finish()
    assert [*found, *([last] if last else [])] == lengths(octets, engine)
    assert chunker.finish() == 0


def test_a_splitter_takes_any_buffer_and_holds_less_than_a_chunk() -> None:
    octets = content("random", 700_000, seed=9)
    splitter = ChunkSplitter()
    chunks: list[bytes] = []
    for start in range(0, len(octets), 50_000):
        part = octets[start : start + 50_000]
        kind = (bytes, bytearray, memoryview)[start // 50_000 % 3]
        chunks += [bytes(chunk) for chunk in splitter.feed(kind(part))]
        assert len(splitter._held) < CHUNK_BYTES_MAX
    chunks.append(splitter.finish())
    assert chunks == [bytes(chunk) for chunk in split(octets)]
    assert splitter.finish() == b""
