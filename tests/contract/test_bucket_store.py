"""The blob store in a bucket passes the shipped suite, and says what is wrong with a bucket."""

from __future__ import annotations

import hashlib
import itertools
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from groundswell.core.errors import BadRequest, Corrupt, Unavailable
from groundswell.store.bucket import BucketStore, Place
from groundswell.store.bucket.signing import signed_url
from groundswell.store.ports import BlobStore, Kind
from groundswell.testing.blob_store import BlobStoreContract
from tests.contract import object_storage

_numbers = itertools.count()
KEY = hashlib.sha256(b"an object").hexdigest()


def place_at(endpoint: str, prefix: str | None = None, **fields: Any) -> Place:
    """A place that nobody used before."""
    given: dict[str, Any] = {
        "bucket": object_storage.BUCKET,
        "prefix": f"hub{next(_numbers)}" if prefix is None else prefix,
        "endpoint": endpoint,
        "access_key_id": object_storage.ACCESS_KEY_ID,
        "secret_access_key": object_storage.SECRET_ACCESS_KEY,
        "public_endpoint": endpoint,
        **fields,
    }
    return Place(**given)


@pytest.fixture(scope="module")
def seaweedfs() -> Iterator[str]:
    with object_storage.seaweedfs() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with object_storage.moto() as endpoint:
        yield endpoint


class TestOnSeaweedfs(BlobStoreContract):
    @pytest.fixture(autouse=True)
    def _place(self, seaweedfs: str, tmp_path: Path) -> None:
        self.endpoint, self.folder = seaweedfs, tmp_path

    def make_store(self) -> BlobStore:
        return BucketStore(place_at(self.endpoint), self.folder / "spool")


class TestOnMoto(BlobStoreContract):
    @pytest.fixture(autouse=True)
    def _place(self, moto: str, tmp_path: Path) -> None:
        self.endpoint, self.folder = moto, tmp_path

    def make_store(self) -> BlobStore:
        return BucketStore(place_at(self.endpoint), self.folder / "spool")


@pytest.fixture(params=["seaweedfs", "moto"])
def endpoint(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(request.param)
    return found


def test_a_probe_leaves_nothing(endpoint: str, tmp_path: Path) -> None:
    place = place_at(endpoint)
    store = BucketStore(place, tmp_path)
    store.probe()
    assert list(store.list_keys("probe")) == []


def test_a_missing_bucket_is_named(moto: str, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="no bucket for s3://absent/x"):
        BucketStore(place_at(moto, "x", bucket="absent"), tmp_path).probe()


def test_a_wrong_key_is_named(seaweedfs: str, tmp_path: Path) -> None:
    place = place_at(seaweedfs, secret_access_key="another")
    with pytest.raises(BadRequest, match="refuses its key"):
        BucketStore(place, tmp_path).probe()
    with pytest.raises(Unavailable, match="refuses its key"):
        BucketStore(place, tmp_path).put(Kind.XORB, KEY, b"x")


def test_a_storage_that_is_away_is_unavailable(tmp_path: Path) -> None:
    store = BucketStore(place_at("http://127.0.0.1:9"), tmp_path)
    with pytest.raises(Unavailable):
        store.put(Kind.XORB, KEY, b"x")
    with pytest.raises(Unavailable):
        store.size_bytes(Kind.XORB, KEY)


class _Careless(BaseHTTPRequestHandler):
    """Takes everything, whatever was there before, as older storages did."""

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("ETag", '"0"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_DELETE(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_storage_that_overwrites_is_refused(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Careless) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = place_at(f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(BadRequest, match="If-None-Match"):
            BucketStore(place, tmp_path).probe()
        server.shutdown()


def test_two_workers_share_what_one_wrote(endpoint: str, tmp_path: Path) -> None:
    place = place_at(endpoint)
    one, other = BucketStore(place, tmp_path / "one"), BucketStore(place, tmp_path / "other")
    assert one.put(Kind.XORB, KEY, b"hello") is True
    assert other.put(Kind.XORB, KEY, b"other") is False
    with other.open(Kind.XORB, KEY) as reader:
        assert reader.read_at(0, 5) == b"hello"


def test_a_replaced_object_is_not_mixed_with_the_one_before(endpoint: str, tmp_path: Path) -> None:
    place = place_at(endpoint)
    one, other = BucketStore(place, tmp_path / "one"), BucketStore(place, tmp_path / "other")
    one.put(Kind.XORB, KEY, b"hello")
    with one.open(Kind.XORB, KEY) as reader:
        assert reader.read_at(0, 5) == b"hello"
        other.delete(Kind.XORB, KEY)
        other.put(Kind.XORB, KEY, b"HELLO")
        with pytest.raises(Corrupt):
            reader.read_at(0, 5)
    with one.open(Kind.XORB, KEY) as reader:
        assert reader.read_at(0, 5) == b"HELLO"


def test_a_large_object_comes_back(endpoint: str, tmp_path: Path) -> None:
    store = BucketStore(place_at(endpoint), tmp_path)
    block = hashlib.shake_128(b"large").digest(1 << 20)
    spooled = store.spool(70 << 20)
    for _ in range(70):
        spooled.write(block)
    assert store.adopt(Kind.XORB, KEY, spooled) is True
    with store.open(Kind.XORB, KEY) as reader:
        assert reader.size_bytes == 70 << 20
        for number in (0, 35, 69):
            assert reader.read_at(number << 20, 1 << 20) == block


def _fetch(url: str, byte_range: str | None) -> tuple[int, bytes]:
    headers = {} if byte_range is None else {"Range": byte_range}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, b""


def test_a_signed_address_opens_its_range_and_nothing_else(seaweedfs: str, tmp_path: Path) -> None:
    place = place_at(seaweedfs)
    store = BucketStore(place, tmp_path)
    store.put(Kind.XORB, KEY, bytes(range(100)))
    url = store.presign(Kind.XORB, KEY, 10, 19)
    assert _fetch(url, "bytes=10-19") == (206, bytes(range(10, 20)))
    for other in (None, "bytes=0-99", "bytes=10-20", "bytes=11-19", "bytes=10-19,30-39"):
        assert _fetch(url, other) == (403, b""), other
    assert _fetch(url.replace(KEY, KEY[::-1]), "bytes=10-19")[0] == 403
    name = f"{Kind.XORB}/{KEY[:2]}/{KEY}"
    old = signed_url(place, name, 10, 19, 1_700_000_000)
    assert _fetch(old, "bytes=10-19")[0] == 403


def test_a_signed_address_is_what_boto_makes_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two signers, one signature: ours against botocore's, for the same moment."""
    import datetime as dt

    import botocore.auth
    import botocore.awsrequest
    import botocore.credentials

    place = place_at("https://s3.example.org:9000", "some/prefix", region="eu-west-9")
    moment = 1_750_000_000
    ours = signed_url(place, f"xorbs/ab/{KEY}", 5, 99, moment)
    base = f"https://s3.example.org:9000/{place.bucket}/some/prefix/xorbs/ab/{KEY}"
    asked = botocore.awsrequest.AWSRequest("GET", base, headers={"Range": "bytes=5-99"})
    pair = botocore.credentials.Credentials(place.access_key_id, place.secret_access_key)
    signer = botocore.auth.S3SigV4QueryAuth(pair, "s3", "eu-west-9", expires=900)
    when = dt.datetime.fromtimestamp(moment, dt.UTC)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: when)
    signer.add_auth(asked)
    assert sorted(ours.split("&")) == sorted(str(asked.url).split("&"))


@pytest.mark.parametrize(
    ("url", "fields", "wrong"),
    [
        ("https://bucket/x", {}, "s3://bucket"),
        ("s3://B", {}, "s3://bucket"),
        ("s3://bucket/../x", {}, "s3://bucket"),
        ("s3://bucket", {"access_key_id": "half"}, "belong together"),
        ("s3://bucket", {"public_endpoint": "https://s3.example.org"}, "signed by it"),
    ],
)
def test_places_that_cannot_be(url: str, fields: dict[str, Any], wrong: str) -> None:
    with pytest.raises(BadRequest, match=wrong):
        Place.parse(url, **fields)


def test_a_place_does_not_tell_its_secret() -> None:
    assert object_storage.SECRET_ACCESS_KEY not in repr(place_at("http://127.0.0.1:9"))
