"""Where clients put bytes past the hub: what the storage refuses, what is bounded, what is swept.

On SeaweedFS, which checks signatures, and on moto, which does not and so is given no uploads. The
use cases stand on a real database, without doors; their clock is the test's.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from groundswell.core.errors import NotFound, TooLarge, Unauthenticated
from groundswell.core.policy import Action
from groundswell.core.values import Principal
from groundswell.hub.blobs import Grant, Pass, XetScope, dedup_domain, marks
from groundswell.hub.blobs import grants as rules
from groundswell.hub.repos import Repository
from groundswell.store import tables
from groundswell.store.bucket import BucketStore, Place
from groundswell.store.bucket.staging import BucketStaging
from groundswell.wire.xorb import XORB_BYTES_MAX
from tests.contract import object_storage
from tests.contract.grants import crc64nvme, put
from tests.hub.blobs.world import Packed, World, noise, pack
from tests.security.watch import Watch

_numbers = itertools.count()
OWNER = 7


@pytest.fixture(scope="module")
def seaweedfs() -> Iterator[str]:
    with object_storage.seaweedfs() as endpoint:
        yield endpoint


def place_at(endpoint: str, **fields: str | bool | None) -> Place:
    given: dict[str, str | bool | None] = {
        "prefix": f"staging{next(_numbers)}",
        "endpoint": endpoint,
        "access_key_id": object_storage.ACCESS_KEY_ID,
        "secret_access_key": object_storage.SECRET_ACCESS_KEY,
        "public_endpoint": endpoint,
        **fields,
    }
    return Place(object_storage.BUCKET, **given)  # type: ignore[arg-type]


def probed(place: Place, folder: Path) -> BucketStaging:
    store = BucketStore(place, folder / "spool")
    store.probe()
    return store.staging


def send(staging: BucketStaging, name: str, content: bytes, granted: bytes | None = None) -> int:
    """Put the content where ``granted`` was to be put."""
    granted = content if granted is None else granted
    address = staging.address(OWNER, name, len(granted), crc64nvme(granted))
    headers = {each: value for each, value in address.headers.items() if each != "content-length"}
    return put({"method": address.method, "url": address.url, "headers": headers}, content)


def test_a_checksum_is_that_of_the_catalogue() -> None:
    assert crc64nvme(b"123456789") == 0xAE8B14860A799888


def test_a_probe_leaves_nothing_and_finds_seaweedfs_fit(seaweedfs: str, tmp_path: Path) -> None:
    staging = probed(place_at(seaweedfs), tmp_path)
    assert (staging.takes_uploads, staging.checks_bytes) == (True, True)
    assert staging.sizes(0) == {}


def test_a_storage_that_takes_other_lengths_gets_no_uploads(tmp_path: Path) -> None:
    """moto checks no signature: nothing bounds what a client puts there."""
    with object_storage.moto() as endpoint:
        staging = probed(place_at(endpoint), tmp_path)
        assert not staging.takes_uploads
        assert staging.sizes(0) == {}


def test_without_a_public_endpoint_there_are_no_uploads(seaweedfs: str, tmp_path: Path) -> None:
    assert not probed(place_at(seaweedfs, public_endpoint=None), tmp_path).takes_uploads


def test_a_hub_may_keep_uploads_to_itself(seaweedfs: str, tmp_path: Path) -> None:
    assert not probed(place_at(seaweedfs, takes_uploads=False), tmp_path).takes_uploads


def test_only_what_was_granted_is_taken(seaweedfs: str, tmp_path: Path) -> None:
    staging = probed(place_at(seaweedfs), tmp_path)
    content = noise(100_000)
    names = [secrets.token_hex(16) for _ in range(5)]
    assert send(staging, names[0], content) == 200
    assert send(staging, names[0], content) == 412  # once
    assert send(staging, names[1], content + b"!", content) == 403
    assert send(staging, names[2], content[:-1], content) == 403
    assert send(staging, names[3], noise(100_000, 1), content) == 400
    assert staging.sizes(OWNER) == {names[0]: 100_000}
    assert staging.open(OWNER, names[0]).read_at(0, 100_000) == content
    staging.drop(OWNER, names[0])
    staging.drop(OWNER, names[0])
    with pytest.raises(FileNotFoundError):
        staging.open(OWNER, names[0])


def test_what_lies_there_too_long_is_swept(seaweedfs: str, tmp_path: Path) -> None:
    staging = probed(place_at(seaweedfs), tmp_path)
    for _ in range(3):
        assert send(staging, secrets.token_hex(16), b"left behind") == 200
    assert staging.sweep(3600, lambda: False) == 0
    assert staging.sweep(-3600, lambda: True) == 0
    answers = iter([False, False, True])
    assert staging.sweep(-3600, lambda: next(answers)) == 2
    assert staging.sweep(-3600, lambda: False) == 1
    assert staging.sizes(OWNER) == {}


# --- the use cases ----------------------------------------------------------------------------


class Yard(World):
    """A hub without doors whose clients reach its bucket, and two people."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        self.place = place_at(endpoint)
        store = BucketStore(self.place, folder / "spool")
        store.probe()
        super().__init__(folder, store=store)
        self.ada, self.eve = self.user("ada"), self.user("eve")

    def holder(self, who: Principal, repository: Repository) -> Pass:
        token = self.blobs.issue_xet_token(who, repository, XetScope.WRITE, "https://hub")
        domain = dedup_domain(who, repository)
        return self.blobs.passes.admit(token.access_token, domain, 1, XetScope.WRITE)

    def mine(self, who: Principal, name: str = "own") -> Pass:
        assert who.account_id is not None
        return self.holder(who, self.repository(name, who.account_id))

    def give(self, holder: Pass, packed: Packed) -> Grant:
        checksum = crc64nvme(packed.records)
        grant = self.blobs.grants.offer(holder, packed.key, len(packed.records), checksum)
        assert grant is not None
        return grant

    def take(self, holder: Pass, packed: Packed, grant: Grant) -> bool | None:
        staged = self.blobs.grants.find(holder, packed.key, grant.id)
        if staged is None:
            return None
        spooled = self.blobs.spool()
        while piece := staged.read(spooled.size_bytes):
            spooled.write(piece)
        return self.blobs.grants.receive(holder, packed.key, staged, spooled)


@pytest.fixture
def yard(seaweedfs: str, tmp_path: Path) -> Iterator[Yard]:
    made = Yard(tmp_path, seaweedfs)
    yield made
    made.close()


def upload(grant: Grant, content: bytes) -> int:
    headers = dict(grant.address.headers)
    del headers["content-length"]
    return put({"method": "PUT", "url": grant.address.url, "headers": headers}, content)


def test_a_grant_ends(yard: Yard) -> None:
    holder, packed = yard.mine(yard.ada), pack(noise(200_000))
    grant = yard.give(holder, packed)
    assert upload(grant, packed.records) == 200
    yard.clock.seconds += rules.COMMIT_TTL_SECONDS + 1
    with pytest.raises(NotFound):
        yard.take(holder, packed, grant)
    yard.clock.seconds -= 2
    assert yard.take(holder, packed, grant) is True


def test_a_grant_ends_with_the_token_that_asked_for_it(yard: Yard) -> None:
    holder, packed = yard.mine(yard.ada), pack(noise(200_000))
    grant = yard.give(holder, packed)
    assert upload(grant, packed.records) == 200
    assert yard.ada.token_id is not None
    assert yard.ada.account_id is not None
    yard.accounts.revoke_token(yard.ada.account_id, yard.ada.token_id, by=None)
    with pytest.raises(NotFound):
        yard.take(holder, packed, grant)
    with pytest.raises(Unauthenticated):
        yard.blobs.passes.unseal("xorb-grant", grant.id, Action.CONTRIBUTE)


def test_what_one_may_leave_lying_is_bounded(yard: Yard) -> None:
    """In number and in bytes, put or not yet put; others do not feel it."""
    holder, other = yard.mine(yard.ada), yard.mine(yard.eve, "hers")
    offer = yard.blobs.grants.offer
    with pytest.raises(TooLarge):
        offer(holder, "0" * 64, XORB_BYTES_MAX + 1)
    large = rules.STAGED_BYTES_MAX // XORB_BYTES_MAX
    for number in range(large):
        assert offer(holder, f"{number:064x}", XORB_BYTES_MAX)
    with pytest.raises(NotFound):
        offer(holder, "f" * 64, XORB_BYTES_MAX)
    for number in range(rules.STAGED_COUNT_MAX):
        assert offer(other, f"{number:064x}", 10)
    with pytest.raises(NotFound):
        offer(other, "f" * 64, 10)


def test_another_worker_counts_what_was_put(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "STAGED_COUNT_MAX", 2)
    holder, packed = yard.mine(yard.ada), pack(noise(50_000))
    for _ in range(2):
        assert upload(yard.give(holder, packed), packed.records) == 200
    yard.restart()
    with pytest.raises(NotFound):
        yard.give(holder, packed)
    assert yard.blobs.grants.sweep() == 0  # none is a day old


def test_a_broken_xorb_is_not_said_to_be_there(yard: Yard) -> None:
    holder, packed = yard.mine(yard.ada), pack(noise(200_000))
    offer = yard.blobs.grants.offer
    yard.send_xorb(holder.domain, packed)
    assert offer(holder, packed.key, len(packed.records)) is None
    yard.blobs.faults.note("xorbs", packed.key, "was found broken")
    grant = yard.give(holder, packed)
    assert upload(grant, packed.records) == 200
    yard.take(holder, packed, grant)
    assert offer(holder, packed.key, len(packed.records)) is None
    another = BucketStore(yard.place, yard.folder / "spool")
    assert another.delete("xorbs", packed.key)
    assert offer(holder, packed.key, len(packed.records)) is not None


def test_what_a_client_is_told_of_stays_for_a_grace(yard: Yard) -> None:
    """Nothing needed the xorb: its mark goes when somebody hears that it is there."""
    holder, packed = yard.mine(yard.ada), pack(noise(200_000))
    yard.send_xorb(holder.domain, packed)
    mark = {"kind": marks.XORB, "key": packed.key, "marked_at": 1, "size_bytes": 1}
    yard.database.write(lambda conn: conn.execute(sa.insert(tables.marks).values(mark)))
    assert yard.blobs.grants.offer(holder, packed.key, len(packed.records)) is None
    found = sa.select(sa.func.count()).select_from(tables.marks)
    assert yard.database.read(lambda conn: conn.execute(found).scalar()) == 0


def test_the_same_is_done_about_a_foreign_xorb_and_about_none(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The statements and reads before the answer, and the answer's form."""
    hers, packed, absent = yard.mine(yard.ada), pack(noise(200_000)), pack(noise(200_000, 1))
    yard.send_xorb(hers.domain, packed)
    asker = yard.mine(yard.eve, "lair")
    yard.give(asker, absent)  # what is prepared once is prepared
    watch = Watch(yard, monkeypatch)
    try:
        grants, done = [], []
        for each in (packed, absent):
            watch.taken()
            grants.append(yard.give(asker, each))
            with pytest.raises(NotFound):
                yard.take(asker, each, grants[-1])
            done.append(watch.taken())
        assert done[0] == done[1]
        assert len(done[0]) > 0
        assert len({(len(each.id), len(each.address.url)) for each in grants}) == 1
        # To whom it may be told, more is done: the watch sees that.
        assert yard.blobs.grants.offer(hers, packed.key, 5) is None
        assert any(each.startswith("open a") for each in watch.taken())
    finally:
        watch.close()


def test_who_does_not_reach_the_storage_is_not_sent_there_again(yard: Yard) -> None:
    holder, other = yard.mine(yard.ada), yard.mine(yard.eve, "hers")
    first, second = pack(noise(60_000)), pack(noise(60_000, 1))
    yard.give(holder, first)
    yard.blobs.grants.note_direct(other, first.key)  # somebody else's: says nothing
    yard.give(holder, second)
    yard.blobs.grants.note_direct(holder, first.key)
    with pytest.raises(NotFound):
        yard.give(holder, second)
    yard.give(other, second)
