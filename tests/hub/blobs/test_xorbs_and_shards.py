"""What an uploader has to prove before content exists (Xet protocol)."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from groundswell.core.errors import BlobNotFound, Corrupt, Malformed, TooLarge
from groundswell.core.values import ByteRange
from groundswell.hub.blobs import dedup_domain
from groundswell.store.ports import Kind
from groundswell.store.tables import blobs as blob_rows
from groundswell.store.tables import reconstructions, xorb_domains
from groundswell.wire.hashing import (
    hash_from_hex,
    hash_to_hex,
    keyed_chunk_hash,
)
from groundswell.wire.shard import Term, Terms, parse_shard, read_dedup_answer, write_shard
from groundswell.wire.xorb import FOOTER_BYTES_MAX, Scheme, read_footer, serialize_footer
from tests.hub.blobs.world import MIB, World, digest_of, file_of, first_chunk_hash, noise, pack


def test_a_xorb_is_kept_with_our_footer(world: World) -> None:
    packed = pack(noise(300_000))
    assert world.send_xorb("n1", packed) is True
    with world.store.open(Kind.XORB, packed.key) as reader:
        stored = reader.read_at(0, reader.size_bytes)
    assert stored.startswith(packed.records)
    assert read_footer(stored[-FOOTER_BYTES_MAX:]) == packed.index


def test_a_footer_that_an_old_client_sends_is_replaced(world: World) -> None:
    packed = pack(noise(300_000))
    lying = serialize_footer(dataclasses.replace(packed.index, xorb_hash=bytes(32)))
    assert world.send_xorb("n1", packed, packed.records + lying) is True
    with world.store.open(Kind.XORB, packed.key) as reader:
        stored = reader.read_at(0, reader.size_bytes)
    assert stored == packed.records + serialize_footer(packed.index)
    assert list((world.folder / "spool").iterdir()) == []


def test_being_new_is_a_matter_of_the_domain(world: World) -> None:
    packed = pack(noise(300_000))
    assert [world.send_xorb(domain, packed) for domain in ("n1", "n1", "n2", "n2")] == [
        True,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("domain", ["n1", "n2"])
def test_a_lying_xorb_is_refused_whoever_has_the_true_one(domain: str, world: World) -> None:
    packed, other = pack(noise(300_000)), pack(noise(300_000, 1))
    world.send_xorb("n1", packed)
    flipped = bytearray(packed.records)
    flipped[-1] ^= 1
    for body in (other.records, bytes(flipped), packed.records[:-1], b"", b"\0" * 8):
        with pytest.raises(Malformed):
            world.send_xorb(domain, packed, body)
    assert list((world.folder / "spool").iterdir()) == []
    assert list(world.store.list_keys(Kind.XORB)) == [packed.key]


def test_a_key_that_is_no_hash(world: World) -> None:
    spooled = world.blobs.spool()
    with pytest.raises(Malformed):
        world.blobs.receive_xorb("n1", "../../etc/passwd", spooled)


def test_a_file_can_be_committed_and_read_once_its_shard_is_registered(world: World) -> None:
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    content = noise(3 * MIB)
    file = world.send_file(ann, repository, content)
    sha256 = digest_of(content)
    held = world.blobs.claimed_or_linked(repository.id, ann.account_id, [sha256, "0" * 64])
    assert set(held) == {sha256}
    assert held[sha256].file_hash == hash_to_hex(file.file_hash)
    with pytest.raises(BlobNotFound):
        world.blobs.plan(repository.id, sha256)
    world.link(repository, sha256)
    assert world.read(repository, sha256) == content
    assert world.blobs.file_hashes(repository.id, [sha256]) == {sha256: hash_to_hex(file.file_hash)}


def test_the_shard_at_rest_says_everything(world: World) -> None:
    content = noise(300_000)
    packed = pack(content)
    world.send_xorb("n1", packed)
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    from groundswell.wire.shard import ShardXorb

    sent = write_shard([file_of(packed)], [ShardXorb.of(packed.index)])
    domain = dedup_domain(ann, repository)
    world.send_xorb(domain, packed)
    result = world.blobs.register_shard(domain, repository.id, ann.account_id or 0, sent)
    assert result.was_inserted is True
    with world.store.open(Kind.SHARD, result.shard_hash) as reader:
        shard = parse_shard(reader.read_at(0, reader.size_bytes))
    [file] = shard.files()
    assert file.sha256 is not None
    assert file.sha256.hex() == digest_of(content), "computed, since the client left it out"
    [xorb] = shard.xorbs()
    assert xorb.xorb_hash == packed.index.xorb_hash
    assert xorb.joined_hashes == packed.index.joined_hashes


def test_registering_again_changes_nothing(world: World) -> None:
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    content = noise(300_000)
    packed = pack(content)
    domain = dedup_domain(ann, repository)
    world.send_xorb(domain, packed)
    shard = write_shard([file_of(packed)])
    results = [
        world.blobs.register_shard(domain, repository.id, ann.account_id or 0, shard)
        for _ in range(2)
    ]
    assert [result.was_inserted for result in results] == [True, False]
    assert results[0].shard_hash == results[1].shard_hash
    assert len(list(world.store.list_keys(Kind.SHARD))) == 1


def test_an_empty_file(world: World) -> None:
    from groundswell.wire.hashing import ZERO_HASH
    from groundswell.wire.shard import ShardFile

    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    shard = write_shard([ShardFile(ZERO_HASH, Terms())])
    world.blobs.register_shard(dedup_domain(ann, repository), repository.id, 1, shard)
    world.link(repository, digest_of(b""))
    assert world.read(repository, digest_of(b"")) == b""
    assert world.blobs.reconstruction(repository.id, "0" * 64, None, 2, lambda *_: "") == {
        "offset_into_first_range": 0,
        "terms": [],
        "xorbs": {},
    }


def test_everything_a_shard_states_is_checked(world: World) -> None:
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    domain = dedup_domain(ann, repository)
    content = noise(MIB)
    packed = pack(content)
    world.send_xorb(domain, packed)
    true = file_of(packed, bytes.fromhex(digest_of(content)))
    [term] = true.terms
    count = len(packed.index)
    last = packed.index.raw_range(count - 1, count)
    beyond = Terms.of([Term(term.xorb_hash, term.unpacked_bytes, 0, count + 1)])
    longer = Terms.of([term._replace(unpacked_bytes=term.unpacked_bytes + 1)])
    fewer = Terms.of([term._replace(unpacked_bytes=term.unpacked_bytes - (last[1] - last[0]))])
    foreign = Terms.of([term._replace(xorb_hash=b"\7" * 32)])
    lies = {
        "sha256 of other content": dataclasses.replace(true, sha256=bytes(32)),
        "another file hash": dataclasses.replace(true, file_hash=b"\1" * 32),
        "chunks past the end": dataclasses.replace(true, terms=beyond),
        "a longer length": dataclasses.replace(true, terms=longer),
        "a shorter length": dataclasses.replace(true, terms=fewer),
        "an unknown xorb": dataclasses.replace(true, terms=foreign),
        "no proof": dataclasses.replace(true, verification_hashes=b""),
        "a wrong proof": dataclasses.replace(true, verification_hashes=bytes(32)),
    }
    for name, lie in lies.items():
        # Beside a true file, so that one wrong part refuses the whole.
        shard = write_shard([true, lie])
        with pytest.raises(Malformed):
            world.blobs.register_shard(domain, repository.id, ann.account_id or 0, shard)
        rows = world.database.read(lambda conn: conn.execute(sa.select(blob_rows)).all())
        assert rows == [], name
        assert list(world.store.list_keys(Kind.SHARD)) == [], name
    true_shard = write_shard([true])
    for size in (0, 47, 48, 100, len(true_shard) - 1):
        with pytest.raises(Malformed):
            world.blobs.register_shard(domain, repository.id, 1, true_shard[:size])
    world.blobs.register_shard(domain, repository.id, ann.account_id or 0, true_shard)


def test_a_small_shard_cannot_ask_for_endless_work(world: World) -> None:
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    domain = dedup_domain(ann, repository)
    packed = pack(bytes(64 * MIB), Scheme.LZ4)
    world.send_xorb(domain, packed)
    [term] = file_of(packed).terms
    terms = Terms.of([term] * 20_000)
    from groundswell.wire.shard import ShardFile

    shard = write_shard([ShardFile(b"\1" * 32, terms, bytes(32 * len(terms)))])
    with pytest.raises(TooLarge):
        world.blobs.register_shard(domain, repository.id, ann.account_id or 0, shard)


def test_progress_is_told_and_ends_the_work_when_it_raises(world: World) -> None:
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    domain = dedup_domain(ann, repository)
    contents = [noise(6 * MIB, seed) for seed in range(3)]
    packed = [pack(content) for content in contents]
    for each in packed:
        world.send_xorb(domain, each)
    shard = write_shard([file_of(each) for each in packed])

    class Stopped(Exception):
        pass

    def stop(done_bytes: int, total_bytes: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        world.blobs.register_shard(domain, repository.id, ann.account_id or 0, shard, stop)
    told: list[tuple[int, int]] = []
    world.blobs.register_shard(
        domain, repository.id, ann.account_id or 0, shard, lambda *each: told.append(each)
    )
    assert told == sorted(told)
    assert told[-1] == (18 * MIB, 18 * MIB)
    assert threading.active_count() < 20


def test_a_file_may_name_the_same_chunks_many_times(world: World) -> None:
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    domain = dedup_domain(ann, repository)
    content = noise(MIB)
    packed = pack(content)
    world.send_xorb(domain, packed)
    file = file_of(packed, runs=[(0, 3), (0, 3), (2, 5), (0, 1)])
    world.blobs.register_shard(domain, repository.id, ann.account_id or 0, write_shard([file]))
    ends = packed.index.raw_end
    expected = content[: ends[2]] * 2 + content[ends[1] : ends[4]] + content[: ends[0]]
    world.link(repository, digest_of(expected))
    assert world.read(repository, digest_of(expected)) == expected


def test_two_file_hashes_may_have_one_sha256(world: World) -> None:
    """Old clients cut files in other places, so the same bytes have another file hash."""
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    domain = dedup_domain(ann, repository)
    content = noise(MIB)
    world.send_file(ann, repository, content)
    from groundswell.wire.xorb import XorbBuilder
    from tests.hub.blobs.world import Packed

    builder = XorbBuilder()
    records = b"".join(
        builder.add(content[start : start + 50_000]) for start in range(0, MIB, 50_000)
    )
    index = builder.finish()
    old = Packed(hash_to_hex(index.xorb_hash), records, index)
    world.send_xorb(domain, old)
    file = file_of(old)
    world.blobs.register_shard(domain, repository.id, ann.account_id or 0, write_shard([file]))
    world.link(repository, digest_of(content))
    found = world.database.read(
        lambda conn: conn.execute(sa.select(reconstructions.c.sha256)).all()
    )
    assert [row.sha256 for row in found] == [digest_of(content)] * 2
    told = world.blobs.reconstruction(
        repository.id, hash_to_hex(file.file_hash), None, 1, lambda *_: ""
    )
    assert [term["hash"] for term in told["terms"]] == [old.key]


def test_dedup_answers_show_one_xorb_under_a_fresh_key(world: World) -> None:
    content = noise(2 * MIB)
    packed, other = pack(content), pack(noise(2 * MIB, 1))
    world.send_xorb("n1", packed)
    world.send_xorb("n1", other)
    chunk = first_chunk_hash(content)
    answers = [world.blobs.find_chunk("n1", chunk) for _ in range(2)]
    told = [read_dedup_answer(answer) for answer in answers if answer is not None]
    assert len(told) == 2
    assert told[0].hmac_key != told[1].hmac_key
    assert [xorb.xorb_hash for xorb in told[0].xorbs] == [packed.index.xorb_hash]
    assert told[0].key_expiry == int(world.clock.seconds) + 3600
    assert told[0].xorbs[0].chunk_hash(0) == keyed_chunk_hash(told[0].hmac_key, chunk)
    for digest, _ in packed.index.chunks():
        assert all(digest not in answer for answer in answers if answer is not None)


def test_every_sampled_chunk_and_the_first_of_each_file_finds_its_xorb(world: World) -> None:
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    domain = dedup_domain(ann, repository)
    packed = pack(noise(8 * MIB))
    world.send_xorb(domain, packed)
    hashes = [digest for digest, _ in packed.index.chunks()]
    sampled = [digest for digest in hashes if digest[24] % 16 == 0]
    assert sampled
    hidden = next(n for n, digest in enumerate(hashes) if n > 2 and digest[24] % 16)
    assert all(world.blobs.find_chunk(domain, digest) for digest in [hashes[0], *sampled])
    assert world.blobs.find_chunk(domain, hashes[hidden]) is None
    file = file_of(packed, runs=[(hidden, len(hashes))])
    world.blobs.register_shard(domain, repository.id, ann.account_id or 0, write_shard([file]))
    assert world.blobs.find_chunk(domain, hashes[hidden]) is not None


def test_a_xorb_of_one_chunk_is_never_shown(world: World) -> None:
    """Its hash is the chunk's hash, and who knows that may claim the chunk."""
    content = noise(5_000)
    packed = pack(content)
    assert packed.index.xorb_hash == first_chunk_hash(content)
    world.send_xorb("n1", packed)
    assert world.blobs.find_chunk("n1", first_chunk_hash(content)) is None


def test_a_domain_remembers_when_it_was_last_told_of_a_xorb(world: World) -> None:
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    domain = dedup_domain(ann, repository)
    content = noise(MIB)

    def seen_at() -> int:
        return world.database.read(
            lambda conn: conn.execute(sa.select(xorb_domains.c.seen_at)).scalar_one()
        )

    packed = pack(content)
    steps = [
        lambda: world.send_xorb(domain, packed),
        lambda: world.send_xorb(domain, packed),
        lambda: world.send_file(ann, repository, content),
        lambda: world.blobs.find_chunk(domain, first_chunk_hash(content)),
        lambda: world.ingest(ann, repository, content),
    ]
    for step in steps:
        world.clock.seconds += 3 * 24 * 3600
        step()
        assert seen_at() == world.clock()


def test_reconstructions_in_both_versions(world: World) -> None:
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    content = noise(MIB)
    file = world.send_file(ann, repository, content)
    world.link(repository, digest_of(content))
    name = hash_to_hex(file.file_hash)

    def url_for(xorb: str, first: int, last: int) -> str:
        return f"{xorb}/{first}-{last}"

    v2 = world.blobs.reconstruction(repository.id, name, ByteRange(500_000, 600_000), 2, url_for)
    v1 = world.blobs.reconstruction(repository.id, name, ByteRange(500_000, 600_000), 1, url_for)
    assert v1["terms"] == v2["terms"]
    assert sum(term["unpacked_length"] for term in v2["terms"]) >= 100_000
    [(xorb, [entry])] = v2["xorbs"].items()
    span = entry["ranges"][0]["bytes"]
    assert entry["url"] == f"{xorb}/{span['start']}-{span['end']}"
    plan = world.blobs.plan_records(xorb)
    records = b"".join(world.blobs.open_content(plan, span["start"], span["end"] + 1))
    from groundswell.wire.xorb import decode_records

    decoded = b"".join(decode_records(records))
    skip = v2["offset_into_first_range"]
    assert decoded[skip : skip + 100_000] == content[500_000:600_000]


def read_records(world: World, key: str) -> Iterator[object]:
    plan = world.blobs.plan_records(key)
    yield from world.blobs.open_content(plan, 0, plan.size_bytes)


@pytest.mark.parametrize("scheme", list(Scheme))
def test_a_flipped_bit_never_leaves(scheme: Scheme, world: World) -> None:
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    domain = dedup_domain(ann, repository)
    content = (b"a line of text that compresses well\n" * 40_000)[:MIB]
    packed = pack(content, scheme)
    world.send_xorb(domain, packed)
    shard = write_shard([file_of(packed)])
    world.blobs.register_shard(domain, repository.id, ann.account_id or 0, shard)
    world.link(repository, digest_of(content))
    size = world.store.size_bytes(Kind.XORB, packed.key) or 0
    for offset in (
        0,
        1,
        4,
        5,
        9,
        len(packed.records) // 2,
        len(packed.records) - 1,
        size - 60,
        size - 1,
    ):
        world.flip(Kind.XORB, packed.key, offset)
        world.restart()
        plan = world.blobs.plan(repository.id, digest_of(content))
        given: list[bytes] = []
        with pytest.raises(Corrupt):
            given.extend(map(bytes, world.blobs.open_content(plan, 0, plan.size_bytes)))
        assert content.startswith(b"".join(given))
        world.restart()
        with pytest.raises(Corrupt):
            list(read_records(world, packed.key))
        world.flip(Kind.XORB, packed.key, offset)
    world.restart()
    assert world.read(repository, digest_of(content)) == content


def test_a_lost_xorb_is_corruption_not_absence(world: World) -> None:
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    content = noise(MIB)
    file = world.send_file(ann, repository, content)
    world.link(repository, digest_of(content))
    key = hash_to_hex(file.terms[0].xorb_hash)
    world.store.delete(Kind.XORB, key)
    with pytest.raises(Corrupt):
        world.read(repository, digest_of(content))
    world.blobs.forget(key)
    with pytest.raises(Corrupt):
        world.read(repository, digest_of(content))
    with pytest.raises(Corrupt):
        world.blobs.reconstruction(
            repository.id, hash_to_hex(file.file_hash), None, 2, lambda *_: ""
        )
    assert world.blobs.find_chunk(dedup_domain(ann, repository), first_chunk_hash(content)) is None


def test_hashes_round_trip_as_keys(world: World) -> None:
    packed = pack(noise(10_000))
    assert hash_from_hex(packed.key) == packed.index.xorb_hash
