"""The collector beside uploads that stand still: whatever a client was told of stays for a grace.

Each event after which a client may name or commit something, on the last day of a grace; and 100
interleavings of uploads that freeze between any two steps with the collector. A commit either
succeeds and everything in it can be read, or is refused and sending all of it again succeeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from groundswell.core.errors import Unavailable
from groundswell.hub.blobs import marks as rules
from groundswell.hub.upkeep.collecting import Collector
from groundswell.store.ports import Kind
from groundswell.store.tables import (
    cold_bases,
    cold_xorbs,
    marks,
    xorb_domains,
    xorb_uses,
    xorbs,
)
from groundswell.wire.shard import write_shard
from tests.fault import frozen_uploads
from tests.fault.frozen_uploads import CONTENT, DAY, GRACE, PACKED, SHA256, Place, Servers
from tests.hub.blobs.world import digest_of, file_of, first_chunk_hash, noise, pack

INTERLEAVINGS = 100


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with frozen_uploads.servers() as found:
        yield found


@pytest.fixture(params=["folder", "postgresql and s3"])
def place(tmp_path: Path, request: pytest.FixtureRequest, servers: Servers) -> Iterator[Place]:
    made = Place(tmp_path, None if request.param == "folder" else servers.fresh(tmp_path))
    yield made
    made.close()


def test_what_is_let_go_is_removed_after_the_grace_and_not_before(place: Place) -> None:
    place.upload(place.one)
    assert place.commit(place.one)
    place.days(40)
    assert place.read(place.one, SHA256) == CONTENT
    place.let_go(place.one)
    place.days(28)
    assert len(place.on_disk()) == 2
    place.days(1)
    assert place.on_disk() == []
    assert not place.marked("file") | place.marked("xorb") | place.marked("shard")
    assert place.faults() == []
    # The same content again is as new.
    place.upload(place.one)
    assert place.commit(place.one)
    assert place.read(place.one, SHA256) == CONTENT


def _ask_by_lfs(place: Place) -> None:
    assert place.blobs.claimed_or_linked(place.one.id, place.ada_id, [SHA256])


def _ask_by_chunk(place: Place) -> None:
    assert place.blobs.find_chunk(place.domain, first_chunk_hash(CONTENT))


def _send_the_xorb(place: Place) -> None:
    place.send_xorb(place.domain, PACKED)


def _send_the_shard(place: Place) -> None:
    shard = write_shard([file_of(PACKED, bytes.fromhex(SHA256))])
    place.blobs.register_shard(place.domain, place.one.id, place.ada_id, shard)


def _send_plain_bytes(place: Place) -> None:
    place.ingest(place.ada, place.two, CONTENT)


def _commit(place: Place) -> None:
    assert place.commit(place.one)
    place.let_go(place.one)


@pytest.mark.parametrize(
    "event",
    [
        _ask_by_lfs,
        _ask_by_chunk,
        _send_the_xorb,
        _send_the_shard,
        _send_plain_bytes,
        _commit,
    ],
    ids=lambda event: event.__name__.strip("_"),
)
def test_each_event_begins_the_grace_anew(place: Place, event: Callable[[Place], None]) -> None:
    place.upload(place.one)
    place.days(28)
    assert place.marked("xorb") == {PACKED.key}
    event(place)
    assert place.marked("xorb") == set()
    place.days(28)
    # A client that was told of the xorb may still name it: the shard is accepted, the commit too.
    _send_the_shard(place)
    assert place.commit(place.one)
    assert place.read(place.one, SHA256) == CONTENT
    assert place.faults() == []


def test_a_xorb_stays_for_the_one_file_that_needs_it(place: Place) -> None:
    both = CONTENT + noise(250_000, 12)
    place.ingest(place.ada, place.one, CONTENT)
    place.ingest(place.ada, place.one, both)
    assert place.commit(place.one)
    assert place.commit(place.one, digest_of(both))
    place.let_go(place.one)
    place.days(40)
    assert place.read(place.one, digest_of(both)) == both
    assert place.faults() == []
    place.let_go(place.one, digest_of(both))
    place.days(40)
    assert place.on_disk() == []


def test_a_shard_of_several_files_is_written_again_without_those_that_went(place: Place) -> None:
    contents = [noise(200_000, seed) for seed in (21, 22)]
    packed = [pack(content) for content in contents]
    for each in packed:
        place.send_xorb(place.domain, each)
    files = [
        file_of(each, bytes.fromhex(digest_of(content)))
        for each, content in zip(packed, contents, strict=True)
    ]
    place.blobs.register_shard(place.domain, place.one.id, place.ada_id, write_shard(files))
    before = list(place.store.list_keys(Kind.SHARD))
    assert place.commit(place.one, digest_of(contents[1]))
    place.days(40)
    after = list(place.store.list_keys(Kind.SHARD))
    assert len(after) == 1
    assert after != before
    assert list(place.store.list_keys(Kind.XORB)) == [packed[1].key]
    assert place.read(place.one, digest_of(contents[1])) == contents[1]
    assert place.faults() == []


def test_a_leap_of_the_clock_removes_nothing(place: Place) -> None:
    place.upload(place.one)
    place.collect()
    for days in (400, -700, 365, 1_000):
        place.clock.seconds += days * DAY
        place.collect()
    assert len(place.on_disk()) == 2
    assert place.commit(place.one)


def test_nothing_is_removed_while_a_backup_is_made(place: Place) -> None:
    place.upload(place.one)
    place.days(28)
    with place.premises().lease.nothing_is_deleted():
        place.clock.seconds += DAY
        assert place.collect().held_back
        assert len(place.on_disk()) == 2
    assert not place.collect().held_back
    assert place.on_disk() == []


def test_nothing_is_removed_while_a_commit_waits_to_be_made_good(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.upload(place.one)
    place.days(28)
    monkeypatch.setattr(type(place.git.notes), "has_older", lambda self, age: age >= 0)
    place.clock.seconds += DAY
    assert place.collect().held_back
    assert len(place.on_disk()) == 2


def test_a_dry_run_says_what_will_be_and_changes_nothing(place: Place) -> None:
    place.upload(place.one)
    collector = Collector(place.premises(), GRACE)
    said = collector.dry_run()
    assert said.marked["xorb"] == (1, len(PACKED.records))
    assert said.marked["file"] == (1, len(CONTENT))
    assert place.marked("xorb") == place.marked("file") == set()
    place.days(28)
    place.clock.seconds += DAY
    assert Collector(place.premises(), GRACE).dry_run().due["xorb"] == (1, len(PACKED.records))
    assert len(place.on_disk()) == 2


def test_a_cold_xorb_counts_with_what_it_takes(place: Place) -> None:
    place.upload(place.one)
    row = {"xorb_hash": PACKED.key, "cold_bytes": 7, "tried_at": 0}
    place.database.write(lambda conn: conn.execute(sa.insert(cold_xorbs).values(row)).rowcount)
    assert Collector(place.premises(), GRACE).dry_run().marked["xorb"] == (1, 7)


def test_bytes_that_lie_here_without_a_row_go_too(place: Place) -> None:
    place.store.put(Kind.XORB, "ab" * 32, b"an upload that broke off")
    place.store.put(Kind.SHARD, "cd" * 32, b"and its shard")
    place.days(28)
    assert len(place.on_disk()) == 2
    place.days(1)
    assert place.on_disk() == []


def _doomed(place: Place) -> None:
    """A collector that ended between forgetting a xorb and removing its bytes."""
    place.send_xorb(place.domain, PACKED)
    row = {"kind": "xorb", "key": PACKED.key, "marked_at": 0, "size_bytes": 1, "doomed": True}

    def work(conn: sa.Connection) -> None:
        conn.execute(sa.delete(xorb_domains))
        conn.execute(sa.delete(xorbs))
        conn.execute(sa.insert(marks).values(row))

    place.database.write(work)


def test_an_upload_saves_what_is_doomed(place: Place) -> None:
    _doomed(place)
    place.upload(place.one)
    place.collect()
    assert place.commit(place.one)
    assert place.read(place.one, SHA256) == CONTENT


def test_an_upload_that_slept_through_the_removal_is_refused(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes were found in their place, and are gone when the row is written."""
    _doomed(place)
    adopt = type(place.store).adopt

    def sleepy(self: object, kind: str, key: str, spooled: object) -> bool:
        is_new: bool = adopt(self, kind, key, spooled)  # type: ignore[arg-type]
        if kind == Kind.XORB:
            place.collect()
        return is_new

    monkeypatch.setattr(type(place.store), "adopt", sleepy)
    with pytest.raises(Unavailable):
        place.send_xorb(place.domain, PACKED)
    monkeypatch.undo()
    place.upload(place.one)
    assert place.commit(place.one)
    assert place.read(place.one, SHA256) == CONTENT


@pytest.mark.parametrize("beside", [False, True], ids=["between", "beside"])
@pytest.mark.timeout(300)
def test_frozen_uploads_on_postgresql_and_an_object_storage(servers: Servers, beside: bool) -> None:
    """With the collector between their steps, or in another worker that is never at rest. On a
    folder it is an experiment of its own (F7)."""
    figure = frozen_uploads.measure(INTERLEAVINGS, servers, beside=beside)
    print(figure)
    assert figure.refused > 0, "nothing was ever collected under an upload: this proves nothing"
    assert figure.collected > 0
    assert (figure.lost, figure.faults, figure.left) == (0, 0, 0)


def test_what_else_needs_a_xorb_is_asked_in_one_place(place: Place) -> None:
    place.upload(place.one)
    query = sa.select(xorbs.c.hash).where(rules.needs_xorb(xorbs.c.hash))
    assert place.database.read(lambda conn: conn.execute(query).scalars().all()) == [PACKED.key]
    place.collect()
    marked_aside = sa.select(xorbs.c.hash).where(rules.needs_xorb(xorbs.c.hash, marked_too=False))
    assert not place.database.read(lambda conn: conn.execute(marked_aside).scalars().all())
    assert place.database.read(lambda conn: conn.execute(sa.select(xorb_uses)).all())


def test_a_mark_that_should_not_be_there_removes_nothing(place: Place) -> None:
    place.upload(place.one)
    assert place.commit(place.one)
    rows = [
        {"kind": kind, "key": key, "marked_at": 0, "size_bytes": 1, "doomed": False}
        for kind, key in (
            ("file", SHA256),
            ("xorb", PACKED.key),
            ("shard", next(iter(place.store.list_keys(Kind.SHARD)))),
            ("repository", str(place.one.id)),
        )
    ]
    place.database.write(lambda conn: conn.execute(sa.insert(marks), rows).rowcount)
    place.days(3)
    assert place.read(place.one, SHA256) == CONTENT
    assert len(place.on_disk()) == 2
    assert place.faults() == []
    xorb_only = rows[1:2]
    place.database.write(lambda conn: conn.execute(sa.insert(marks), xorb_only).rowcount)
    place.days(3)
    assert place.read(place.one, SHA256) == CONTENT


def test_a_base_stays_while_a_cold_xorb_leans_on_it(place: Place) -> None:
    other = noise(250_000, 77)
    for content in (CONTENT, other):
        place.upload(place.one, content)
        assert place.commit(place.one, digest_of(content))
    leaning = pack(other).key

    def work(conn: sa.Connection) -> None:
        row = {"xorb_hash": leaning, "cold_bytes": 1, "tried_at": 0}
        conn.execute(sa.insert(cold_xorbs).values(row))
        conn.execute(sa.insert(cold_bases).values(xorb_hash=leaning, base_hash=PACKED.key))

    place.database.write(work)
    place.let_go(place.one)
    place.days(40)
    assert set(place.store.list_keys(Kind.XORB)) == {PACKED.key, leaning}
    place.let_go(place.one, digest_of(other))
    place.days(40)
    assert place.on_disk() == []
