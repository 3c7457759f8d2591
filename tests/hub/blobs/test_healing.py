"""Broken copies at rest give way to whole ones, without a restart, and are never served meanwhile."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from groundswell.core.errors import Corrupt
from groundswell.core.values import Principal
from groundswell.hub.blobs import dedup_domain
from groundswell.hub.repos import Repository
from groundswell.store.disk import DiskStore
from groundswell.store.ports import Kind
from groundswell.store.tables import xorb_uses
from groundswell.wire.chunking import split
from groundswell.wire.hashing import file_hash, hash_to_hex
from groundswell.wire.shard import ShardFile, Term, Terms, verification_hashes, write_shard
from groundswell.wire.xorb import Scheme, XorbBuilder
from tests.hub.blobs.world import (
    MIB,
    Packed,
    World,
    digest_of,
    file_of,
    noise,
    pack,
    pack_chunks,
)

CONTENT = noise(MIB) + bytes(MIB)  # half of it compresses


@pytest.fixture
def stage(world: World) -> tuple[World, Principal, Repository, str]:
    """A model whose one file was read once, so that everything about it is remembered."""
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    sha256 = digest_of(CONTENT)
    send(world, ann, repository, pack(CONTENT, Scheme.NONE))
    world.link(repository, sha256)
    assert world.read(repository, sha256) == CONTENT
    return world, ann, repository, sha256


def send(world: World, ann: Principal, repository: Repository, packed: Packed) -> None:
    domain = dedup_domain(ann, repository)
    world.send_xorb(domain, packed)
    shard = write_shard([file_of(packed, bytes.fromhex(digest_of(CONTENT)))])
    world.blobs.register_shard(domain, repository.id, ann.account_id or 0, shard)


def the_xorb(world: World) -> str:
    (key,) = world.store.list_keys(Kind.XORB)
    return key


def test_what_another_process_put_aside_is_not_served_and_an_upload_heals_it(
    stage: tuple[World, Principal, Repository, str],
) -> None:
    """`swell fsck --quarantine` beside a hub that has the file open and its index in memory."""
    world, ann, repository, sha256 = stage
    world.flip(Kind.XORB, the_xorb(world), 5_000)
    DiskStore(world.folder).set_aside(Kind.XORB, the_xorb(world))
    with pytest.raises(Corrupt):
        world.read(repository, sha256)
    # The same chunks, laid out otherwise: what is remembered of the old file fits no more.
    send(world, ann, repository, pack(CONTENT, Scheme.LZ4))
    assert world.read(repository, sha256) == CONTENT
    assert world.blobs.faults.count_open() == {}


@pytest.mark.parametrize("offset", [5_000, -10], ids=["chunk", "footer"])
def test_an_upload_of_a_xorb_that_is_here_and_broken_replaces_it(
    stage: tuple[World, Principal, Repository, str], offset: int
) -> None:
    world, ann, repository, sha256 = stage
    key = the_xorb(world)
    world.flip(Kind.XORB, key, offset)
    send(world, ann, repository, pack(CONTENT, Scheme.LZ4))
    assert world.read(repository, sha256) == CONTENT
    (fault,) = world.blobs.faults.list_faults(with_healed=True)
    assert (fault.key, fault.healed_by) == (key, "upload")
    assert (world.folder / fault.place).is_file()


def test_a_whole_copy_stays_when_it_is_sent_again(
    stage: tuple[World, Principal, Repository, str],
) -> None:
    world, ann, repository, _ = stage
    place = next((world.folder / Kind.XORB).glob("*/*"))
    before = place.stat()
    world.restart()
    send(world, ann, repository, pack(CONTENT, Scheme.LZ4))
    assert place.stat() == before
    assert not (world.folder / "quarantine").exists()


def test_plain_bytes_sent_again_serve_in_place_of_a_recipe_that_is_broken(
    stage: tuple[World, Principal, Repository, str],
) -> None:
    """The chunks are those of before, so the file hash is too: only its terms are new."""
    world, ann, repository, sha256 = stage
    world.flip(Kind.XORB, the_xorb(world), 5_000)
    with pytest.raises(Corrupt):
        world.read(repository, sha256)
    assert world.blobs.claimed_or_linked(repository.id, ann.account_id, [sha256])
    assert world.blobs.broken([sha256]) == {sha256}, "whoever has it is asked to send it"
    assert world.ingest(ann, repository, CONTENT) == sha256
    assert world.read(repository, sha256) == CONTENT
    assert world.blobs.broken([sha256]) == set()


def test_what_new_terms_name_is_noted_as_used_and_what_they_do_not_is_not(world: World) -> None:
    """The collector removes what no row says is used. A xorb that holds more than the file breaks:
    sent again, the file is made of another one, and keeps its hash.
    """
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    chunks = list(split(CONTENT))
    packed = pack_chunks([*chunks, b"and of another file"])
    domain = dedup_domain(ann, repository)
    world.send_xorb(domain, packed)
    sha256 = digest_of(CONTENT)
    file = file_of(packed, bytes.fromhex(sha256), [(0, len(chunks))])
    world.blobs.register_shard(domain, repository.id, ann.account_id or 0, write_shard([file]))
    world.link(repository, sha256)
    assert uses(world) == {packed.key}
    world.flip(Kind.XORB, packed.key, 5_000)
    with pytest.raises(Corrupt):
        world.read(repository, sha256)
    world.ingest(ann, repository, CONTENT)
    assert world.read(repository, sha256) == CONTENT
    named = {term.xorb_hash for term in world.blobs.plan(repository.id, sha256).terms}
    assert named != {packed.key}
    assert uses(world) == named
    assert world.blobs.broken([sha256]) == set()


def uses(world: World) -> set[str]:
    query = sa.select(xorb_uses.c.xorb_hash)
    return set(world.database.read(lambda conn: conn.execute(query).scalars().all()))


def test_another_recipe_of_the_same_content_serves_when_the_first_is_broken(
    stage: tuple[World, Principal, Repository, str],
) -> None:
    """A client that cuts chunks elsewhere: another file hash for the same sha256."""
    world, ann, repository, sha256 = stage
    world.store.delete(Kind.XORB, the_xorb(world))
    builder = XorbBuilder()
    step = 100_000
    parts = [CONTENT[at : at + step] for at in range(0, len(CONTENT), step)]
    records = b"".join(builder.add(part) for part in parts)
    index = builder.finish()
    domain = dedup_domain(ann, repository)
    world.send_xorb(domain, Packed(hash_to_hex(index.xorb_hash), records, index))
    terms = Terms.of([Term(index.xorb_hash, len(CONTENT), 0, len(index))])
    proofs = verification_hashes(terms, lambda _: index)
    file = ShardFile(file_hash(index.chunks()), terms, proofs, bytes.fromhex(sha256))
    world.blobs.register_shard(domain, repository.id, ann.account_id or 0, write_shard([file]))
    assert world.read(repository, sha256) == CONTENT
    held = world.blobs.claimed_or_linked(repository.id, ann.account_id, [sha256])
    assert held[sha256].file_hash == hash_to_hex(file.file_hash)


def test_a_broken_shard_gives_way_to_the_same_shard(
    stage: tuple[World, Principal, Repository, str],
) -> None:
    world, ann, repository, _ = stage
    (key,) = world.store.list_keys(Kind.SHARD)
    before = (world.folder / Kind.SHARD / key[:2] / key).read_bytes()
    world.flip(Kind.SHARD, key, 70)
    send(world, ann, repository, pack(CONTENT, Scheme.NONE))
    assert (world.folder / Kind.SHARD / key[:2] / key).read_bytes() == before
    (fault,) = world.blobs.faults.list_faults(with_healed=True)
    assert (fault.kind, fault.healed_by) == (Kind.SHARD, "upload")


def test_a_reader_puts_what_it_finds_on_record_once(
    stage: tuple[World, Principal, Repository, str],
) -> None:
    world, _, repository, sha256 = stage
    key = the_xorb(world)
    world.flip(Kind.XORB, key, 5_000)
    for _ in range(3):
        with pytest.raises(Corrupt):
            world.read(repository, sha256)
    (fault,) = world.blobs.faults.list_faults()
    assert (fault.kind, fault.key, fault.is_open) == (Kind.XORB, key, True)
    assert "has changed in chunk 0" in fault.what
    assert world.blobs.faults.count_open() == {Kind.XORB: 1}
