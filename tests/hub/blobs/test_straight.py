"""Reading that never waits: the same bytes as the long way gives, or none."""

import random

import pytest

from groundswell.core.values import RecipePlan, RecordsPlan
from groundswell.store.disk import files
from groundswell.store.ports import Kind
from tests.hub.blobs.world import MIB, World, noise


@pytest.fixture(autouse=True)
def _everything_is_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system has in memory is its own affair: here it has everything."""
    monkeypatch.setattr(files, "_NO_WAIT", 0)


def _planned(world: World, *contents: bytes) -> RecipePlan:
    """How to read the last of the contents; each was sent to the same place."""
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    sha256s = [world.ingest(ann, repository, content) for content in contents]
    world.link(repository, sha256s[-1])
    return world.blobs.plan(repository.id, sha256s[-1])


def _read_all(world: World, plan: RecipePlan | RecordsPlan) -> bytes:
    return b"".join(world.blobs.open_content(plan, 0, plan.size_bytes))


def _read_straight(world: World, plan: RecipePlan | RecordsPlan, start: int, piece: int) -> bytes:
    """What comes from ``start`` on, until nothing does, in buffers of ``piece`` bytes."""
    straight = world.blobs.open_straight(plan)
    buffer = bytearray(piece)
    found = b""
    with memoryview(buffer) as view:
        while count := straight.read_into(start + len(found), view):
            found += view[:count]
    return found


def test_content_of_many_terms_from_any_place(world: World) -> None:
    whole = noise(6 * MIB)
    edited = whole[: 2 * MIB] + noise(300_000, 1) + whole[2 * MIB : 4 * MIB] + noise(77, 2)
    plan = _planned(world, whole, edited)
    assert len(plan.terms) > 2
    assert _read_all(world, plan) == edited
    places = random.Random(1)
    for piece in (1 << 20, 1 << 16, 100_003):
        for start in (0, 1, *(places.randrange(len(edited)) for _ in range(12)), len(edited) - 1):
            assert _read_straight(world, plan, start, piece) == edited[start:], (piece, start)


def test_what_was_never_checked_is_left_to_the_long_way(world: World) -> None:
    plan = _planned(world, noise(3 * MIB))
    world.restart()
    assert _read_straight(world, plan, 0, MIB) == b""
    b"".join(world.blobs.open_content(plan, MIB, MIB + 1))
    assert _read_straight(world, plan, 0, MIB) == b"", "another chunk was checked, not this one"
    assert _read_straight(world, plan, MIB, 1) != b""
    _read_all(world, plan)
    assert len(_read_straight(world, plan, 0, MIB)) == 3 * MIB


def test_what_is_compressed_is_left_to_the_long_way(world: World) -> None:
    content = noise(2 * MIB) + bytes(2 * MIB) + noise(2 * MIB, 1)
    plan = _planned(world, content)
    assert _read_all(world, plan) == content
    found = _read_straight(world, plan, 0, MIB)
    assert MIB < len(found) <= 2 * MIB + 128 * 1024
    assert content.startswith(found)
    assert _read_straight(world, plan, 3 * MIB, MIB) == b""


def test_records_as_they_are_stored_compressed_or_not(world: World) -> None:
    content = noise(2 * MIB) + bytes(2 * MIB)
    plan = world.blobs.plan_records(_planned(world, content).terms[0].xorb_hash)
    assert plan.size_bytes < 3 * MIB, "half of it shrinks to nothing"
    stored = _read_all(world, plan)
    for start in (0, 1, MIB, plan.size_bytes - 1):
        assert _read_straight(world, plan, start, 1 << 18) == stored[start:]
    world.restart()
    assert _read_straight(world, plan, 0, 1 << 18) == b"", "nothing was checked yet"


def test_a_xorb_that_is_gone_gives_nothing(world: World) -> None:
    plan = _planned(world, noise(2 * MIB))
    _read_all(world, plan)
    world.store.delete(Kind.XORB, plan.terms[0].xorb_hash)
    assert _read_straight(world, plan, 0, MIB) == b""


def test_where_the_system_cannot_tell_nothing_is_given(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = _planned(world, noise(2 * MIB))
    _read_all(world, plan)
    monkeypatch.setattr(files, "_NO_WAIT", None)
    assert _read_straight(world, plan, 0, MIB) == b""
