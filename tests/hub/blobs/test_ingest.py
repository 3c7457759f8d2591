"""Plain bytes become chunks and xorbs on the hub, sharing what the domain has (LFS, web, git)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from groundswell.core.errors import StorageFull, WrongContent
from groundswell.hub.blobs import dedup_domain
from groundswell.store.ports import Kind
from groundswell.store.tables import blobs as blob_rows
from groundswell.wire.chunking import split
from groundswell.wire.hashing import chunk_hash, file_hash, hash_to_hex
from tests.hub.blobs.world import MIB, World, digest_of, noise


def stored_bytes(world: World) -> int:
    return sum(
        world.store.size_bytes(Kind.XORB, key) or 0 for key in world.store.list_keys(Kind.XORB)
    )


@pytest.mark.parametrize("size", [0, 1, 8191, 8192, 131_072, 300_000, 3 * MIB + 1])
def test_what_went_in_comes_out(size: int, world: World) -> None:
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    content = noise(size)
    sha256 = world.ingest(ann, repository, content)
    assert sha256 == digest_of(content)
    held = world.blobs.claimed_or_linked(repository.id, ann.account_id, [sha256])
    expected = file_hash((chunk_hash(chunk), len(chunk)) for chunk in split(content))
    assert held[sha256].file_hash == hash_to_hex(expected), "as hf_xet would name it"
    world.link(repository, sha256)
    assert world.read(repository, sha256) == content
    assert list((world.folder / "spool").iterdir()) == []


def test_every_range_reads_as_the_whole(world: World) -> None:
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    content = noise(MIB) + bytes(MIB) + noise(MIB, 1)
    sha256 = world.ingest(ann, repository, content)
    world.link(repository, sha256)
    plan = world.blobs.plan(repository.id, sha256)
    cuts = [0, 1, 100_000, MIB - 1, MIB, MIB + 1, 2 * MIB + 77, len(content) - 1, len(content)]
    for start in cuts:
        for stop in cuts:
            if start <= stop:
                found = b"".join(world.blobs.open_content(plan, start, stop))
                assert found == content[start:stop], (start, stop)


def test_an_edited_file_shares_what_did_not_change(world: World) -> None:
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    content = noise(12 * MIB)
    world.ingest(ann, repository, content)
    before = stored_bytes(world)
    edited = content[: 5 * MIB] + b"a few bytes more" + content[5 * MIB :]
    sha256 = world.ingest(ann, repository, edited)
    assert stored_bytes(world) - before < MIB
    world.link(repository, sha256)
    assert world.read(repository, sha256) == edited


def test_the_same_file_again_stores_nothing(world: World) -> None:
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    content = noise(5 * MIB)
    world.ingest(ann, repository, content)
    before = stored_bytes(world)
    world.ingest(ann, repository, content)
    assert stored_bytes(world) == before


def test_what_a_xet_client_sent_is_shared_too(world: World) -> None:
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    content = noise(5 * MIB)
    world.send_file(ann, repository, content)
    before = stored_bytes(world)
    world.ingest(ann, repository, content)
    assert stored_bytes(world) == before


def test_another_domain_shares_nothing_that_shows(world: World) -> None:
    """The bytes lie once, yet each domain has its own rows: nothing found, nothing hinted at."""
    ann, bob = world.user("ann"), world.user("bob")
    hers = world.repository("m", ann.account_id or 0)
    his = world.repository("n", bob.account_id or 0)
    content = noise(5 * MIB)
    sha256 = world.ingest(ann, hers, content)
    assert world.blobs.claimed_or_linked(his.id, bob.account_id, [sha256]) == {}
    edited = content[:MIB] + b"!" + content[MIB:]
    before = stored_bytes(world)
    world.ingest(bob, his, edited)
    assert stored_bytes(world) - before > 4 * MIB, "not found through the other domain"


def test_repeated_content_within_one_file(world: World) -> None:
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    block = noise(3 * MIB)
    content = block * 4
    sha256 = world.ingest(ann, repository, content)
    assert stored_bytes(world) < 5 * MIB
    world.link(repository, sha256)
    assert world.read(repository, sha256) == content


def test_wrong_content_leaves_nothing(world: World) -> None:
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    domain = dedup_domain(ann, repository)
    content = noise(3 * MIB)
    for expected in (("0" * 64, None), (digest_of(content), 17), (None, len(content) - 1)):
        spooled = world.blobs.spool()
        spooled.write(content)
        with pytest.raises(WrongContent):
            world.blobs.ingest(domain, repository.id, ann.account_id or 0, spooled, *expected)
        assert list((world.folder / "spool").iterdir()) == []
        assert list(world.store.list_keys(Kind.XORB)) == []
        assert list(world.store.list_keys(Kind.SHARD)) == []
        assert world.database.read(lambda conn: conn.execute(sa.select(blob_rows)).all()) == []
    spooled = world.blobs.spool()
    spooled.write(content)
    blob = world.blobs.ingest(
        domain, repository.id, ann.account_id or 0, spooled, digest_of(content), len(content)
    )
    assert blob.size_bytes == len(content)


def test_a_full_disk_loses_nothing_and_the_same_upload_works_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    content = noise(3 * MIB)
    real, left = os.write, [MIB]

    def write(descriptor: int, data: memoryview) -> int:
        if not os.readlink(f"/proc/self/fd/{descriptor}").startswith(str(world.folder / "spool")):
            return real(descriptor, data)
        left[0] -= len(data)
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        return real(descriptor, data)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        ingest = world.blobs.begin_ingest(dedup_domain(ann, repository), repository.id, 1)
        ingest.write(content)  # stored while the next block would come
        with pytest.raises(StorageFull):
            ingest.finish()
        ingest.discard()
    assert list((world.folder / "spool").iterdir()) == []
    assert world.ingest(ann, repository, content) == digest_of(content)


def test_a_broken_shared_xorb_is_not_built_upon(world: World) -> None:
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    content = noise(3 * MIB)
    world.ingest(ann, repository, content)
    [key] = world.store.list_keys(Kind.XORB)
    world.flip(Kind.XORB, key, (world.store.size_bytes(Kind.XORB, key) or 0) - 100)
    world.restart()
    more = content + noise(1000, 1)
    sha256 = world.ingest(ann, repository, more)
    world.link(repository, sha256)
    assert world.read(repository, sha256) == more


def test_the_spool_is_swept_after_a_day(world: World) -> None:
    left = world.blobs.spool()
    left.write(b"half an upload")
    [path] = (world.folder / "spool").iterdir()
    assert world.blobs.sweep_spool() == 0
    old = path.stat().st_mtime - 25 * 3600
    os.utime(path, (old, old))
    assert world.blobs.sweep_spool() == 1
    assert list((world.folder / "spool").iterdir()) == []
    left.discard()


def test_an_upload_in_parts(world: World) -> None:
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    multipart = world.blobs.multipart
    content = noise(2 * MIB + 12_345)
    sha256 = digest_of(content)
    upload = multipart.begin(repository.id, ann.account_id or 0, sha256, len(content))
    assert (upload.part_bytes, upload.part_count) == (MIB, 3)
    again = multipart.begin(repository.id, ann.account_id or 0, sha256, len(content))
    assert again == upload, "it resumes"
    etags = {}
    for number in (3, 1, 2, 1):
        part = content[(number - 1) * MIB : number * MIB]
        etags[number] = send_part(world, upload.id, number, part)
    domain = dedup_domain(ann, repository)
    for wrong in ([etags[1], etags[2]], [etags[2], etags[1], etags[3]], ["x", "y", "z"]):
        with pytest.raises(WrongContent):
            world.blobs.complete_upload(domain, upload, wrong)
    blob = world.blobs.complete_upload(domain, upload, [etags[1], etags[2], etags[3]])
    assert blob.sha256 == sha256
    assert list(world.store.list_keys(Kind.PART)) == []
    world.link(repository, sha256)
    assert world.read(repository, sha256) == content


def send_part(world: World, upload_id: str, number: int, part: bytes) -> str:
    upload = world.blobs.multipart.find(upload_id)
    spooled = world.blobs.spool()
    spooled.write(part)
    world.blobs.multipart.keep_part(upload, number, spooled, digest_of(part))
    return digest_of(part)


def test_parts_of_the_wrong_length_or_content_are_refused(world: World) -> None:
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    content = noise(MIB + 5)
    upload = world.blobs.multipart.begin(repository.id, ann.account_id or 0, "0" * 64, len(content))
    for number, part in ((1, content[: MIB - 1]), (2, b"four"), (3, b""), (0, b"")):
        with pytest.raises(WrongContent):
            send_part(world, upload.id, number, part)
    etags = [
        send_part(world, upload.id, number, content[(number - 1) * MIB : number * MIB])
        for number in (1, 2)
    ]
    with pytest.raises(WrongContent):
        world.blobs.complete_upload(dedup_domain(ann, repository), upload, etags)
    assert list(world.store.list_keys(Kind.XORB)) == []
    assert len(list(world.store.list_keys(Kind.PART))) == 2, "kept: another completion may fit"


def test_parts_are_swept_after_a_day(world: World, tmp_path: Path) -> None:
    ann = world.user("ann")
    repository = world.repository("m", ann.account_id or 0)
    first = world.blobs.multipart.begin(repository.id, ann.account_id or 0, "1" * 64, 10)
    send_part(world, first.id, 1, b"0123456789")
    world.clock.seconds += 20 * 3600
    second = world.blobs.multipart.begin(repository.id, ann.account_id or 0, "2" * 64, 10)
    send_part(world, second.id, 1, b"0123456789")
    assert world.blobs.sweep_spool() == 0
    world.clock.seconds += 5 * 3600
    assert world.blobs.sweep_spool() == 1
    assert [key[:32] for key in world.store.list_keys(Kind.PART)] == [second.id]
    world.clock.seconds += 25 * 3600
    world.blobs.sweep_spool()
    assert list(world.store.list_keys(Kind.PART)) == []
