"""A scrub of a hub whose content lies in a bucket: what it puts aside is read there, not in the
folder, so that the chunks of a broken xorb that are whole come to use again.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import obstore
import pytest
from obstore.store import S3Store as Client

from groundswell.core.errors import Corrupt
from groundswell.core.values import Principal
from groundswell.hub.repos import Repository
from groundswell.hub.upkeep import check
from groundswell.hub.upkeep.scrubbing import Scrub
from groundswell.store.bucket import BucketStore, Place
from groundswell.store.ports import Kind
from tests.contract import object_storage
from tests.fault.upkeep.small_hub import SmallHub

PREFIX = "scrubbed"
CONTENT = random.Random(3).randbytes(700_000)


class Bucket:
    """A small hub in a bucket, with one file of one xorb, and the bucket behind its back."""

    def __init__(self, endpoint: str, root: Path) -> None:
        self._root = root
        self._place = Place.parse(
            f"s3://{object_storage.BUCKET}/{PREFIX}{root.parent.name}",
            endpoint=endpoint,
            access_key_id=object_storage.ACCESS_KEY_ID,
            secret_access_key=object_storage.SECRET_ACCESS_KEY,
        )
        self._client = Client(
            self._place.bucket,
            prefix=self._place.prefix,
            endpoint=endpoint,
            region="us-east-1",
            access_key_id=object_storage.ACCESS_KEY_ID,
            secret_access_key=object_storage.SECRET_ACCESS_KEY,
            client_options={"allow_http": True},
        )
        self.hub = self._open()
        self.ada: Principal = self.hub.user("ada")
        self.model: Repository = self.hub.model(self.ada, "one")
        self.commit = self.hub.commit(self.ada, self.model, {"w.bin": CONTENT}, large=True)
        (self.xorb,) = self.hub.store.list_keys(Kind.XORB)

    def _open(self) -> SmallHub:
        below = BucketStore(self._place, self._root / "spool")
        return SmallHub.open(self._root, below=below)

    def flip(self, place: int) -> None:
        name = f"xorbs/{self.xorb[:2]}/{self.xorb}"
        data = bytearray(obstore.get(self._client, name).bytes())
        data[place] ^= 1
        obstore.put(self._client, name, bytes(data))
        self.hub.close()
        self.hub = self._open()

    def scrub(self) -> list[tuple[str, str]]:
        made = Scrub(self.hub.premises)
        made.begin(again=True)
        made.run()
        faults = self.hub.premises.faults.list_faults(with_healed=True)
        assert all(each.place.startswith("quarantine/xorbs/") for each in faults)
        return [(each.key, each.healed_by) for each in faults]

    def read(self) -> bytes:
        return self.hub.read(self.model.id, self.commit, "w.bin")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with object_storage.seaweedfs() as found:
        yield found


@pytest.fixture
def bucket(endpoint: str, tmp_path: Path) -> Iterator[Bucket]:
    made = Bucket(endpoint, tmp_path / "data")
    try:
        yield made
    finally:
        made.hub.close()


def test_a_broken_footer_is_healed_from_the_chunks(bucket: Bucket) -> None:
    bucket.flip(-60)
    assert bucket.scrub() == [(bucket.xorb, "its own chunks")]
    assert not (bucket.hub.folder.root / "quarantine").exists()
    assert bucket.read() == CONTENT
    assert check(bucket.hub.premises, deep=True).findings == []


def test_a_chunk_comes_from_another_xorb_and_the_rest_from_quarantine(bucket: Bucket) -> None:
    """Whoever else stored the beginning has the chunk that broke, and none of the others."""
    eve = bucket.hub.user("eve")
    theirs = bucket.hub.model(eve, "theirs")
    bucket.hub.commit(eve, theirs, {"w.bin": CONTENT[:200_000]}, large=True)
    bucket.flip(5_000)
    assert bucket.scrub() == [(bucket.xorb, "another xorb with the same chunks")]
    assert bucket.read() == CONTENT


def test_what_has_no_other_copy_is_not_served_until_it_is_sent_again(bucket: Bucket) -> None:
    bucket.flip(5_000)
    assert bucket.scrub() == [(bucket.xorb, "")]
    with pytest.raises(Corrupt):
        bucket.read()
    bucket.hub.commit(bucket.ada, bucket.model, {"again.bin": CONTENT}, large=True)
    assert bucket.read() == CONTENT
    assert bucket.hub.premises.faults.list_faults() == []
