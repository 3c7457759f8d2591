"""The Xet and LFS doors over HTTP: paths old and new, signed addresses, statuses clients rely on."""

from __future__ import annotations

import hashlib
import json
import random
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from groundswell import wiring
from groundswell.core.values import Principal, RepoId, RepoKind, TokenRole, Visibility
from groundswell.http import xet
from groundswell.http.app import build_app
from groundswell.http.lfs import batch as lfs_batch
from groundswell.hub.blobs import XetScope
from groundswell.hub.repos import Repository
from groundswell.settings import load
from groundswell.store.ports import Kind
from groundswell.store.tables import hub_facts
from groundswell.wire.chunking import split
from groundswell.wire.hashing import hash_to_hex
from groundswell.wire.shard import read_dedup_answer, write_shard
from groundswell.wire.xorb import Scheme, XorbBuilder, decode_records, serialize_footer
from tests.hub.blobs.world import MIB, digest_of, file_of, first_chunk_hash, noise, pack

LFS = "application/vnd.git-lfs+json"


@dataclass
class Person:
    principal: Principal
    token: str
    token_id: int

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


class Place:
    """A hub with ann's private and public repository, and eve, who is nobody there."""

    def __init__(self, folder: Path) -> None:
        self.hub = wiring.build(load({"data": folder, "log_requests": False}, environment={}))
        self.ann = self.person("ann")
        self.eve = self.person("eve")
        self.private = self.repository("ann/secret", Visibility.PRIVATE)
        self.public = self.repository("ann/open", Visibility.PUBLIC)

    def person(self, name: str) -> Person:
        account = self.hub.accounts.create_user(name, by=None)
        token = self.hub.accounts.create_token(account.id, "t", TokenRole.WRITE, by=None)
        principal = self.hub.accounts.authenticate_token(token.value)
        assert principal.token_id is not None
        return Person(principal, token.value, principal.token_id)

    def repository(self, name: str, visibility: Visibility) -> Repository:
        repo_id = RepoId.parse(RepoKind.MODEL, name)
        return self.hub.repos.create(self.ann.principal, repo_id, visibility)

    def cas(
        self, repository: Repository, person: Person | None = None, scope: str = "write"
    ) -> tuple[str, dict[str, str]]:
        """The content store's address for somebody, and the header that opens it."""
        who = (person or self.ann).principal
        token = self.hub.blobs.issue_xet_token(who, repository, XetScope(scope), "")
        return token.cas_url, {"Authorization": f"Bearer {token.access_token}"}

    def link(self, repository: Repository, sha256: str) -> None:
        self.hub.database.write(
            lambda conn: self.hub.blobs.link(conn, repository.id, {sha256: "model.bin"})
        )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("doors"))
    yield made
    made.hub.close()


@pytest.fixture(scope="module")
def client(place: Place) -> Iterator[TestClient]:
    with TestClient(build_app(place.hub), base_url="http://hub.example") as made:
        yield made


@pytest.fixture
def content(request: pytest.FixtureRequest) -> bytes:
    """A megabyte that no other test has."""
    return noise(MIB, zlib.crc32(request.node.nodeid.encode()))


def path_of(url: str) -> str:
    return re.sub(r"^https?://[^/]+", "", url)


# --- Xet --------------------------------------------------------------------------------------

OLD_AND_NEW = [
    ("/v1/xorbs/default/{}", "/v2/shards", "/v2/reconstructions/{}", "/v1/chunks/default/{}"),
    (
        "/v1/xorbs/default/{}",
        "/v1/shards",
        "/v1/reconstructions/{}",
        "/v1/chunks/default-merkledb/{}",
    ),
    ("/v1/xorbs/default/{}", "/shards", "/v1/reconstructions/{}", "/v1/chunks/default/{}"),
    ("/xorbs/default/{}", "/shards", "/reconstructions/{}", "/chunks/default/{}"),
    ("/xorb/default/{}", "/shard/default/{}", "/reconstruction/{}", "/chunk/default/{}"),
]


@pytest.mark.parametrize(("xorb", "shard", "reconstruction", "chunk"), OLD_AND_NEW)
def test_a_whole_transfer_by_every_release_s_paths(
    xorb: str,
    shard: str,
    reconstruction: str,
    chunk: str,
    place: Place,
    client: TestClient,
    content: bytes,
) -> None:
    packed = pack(content)
    at, headers = place.cas(place.private)
    missing = client.get(at + chunk.format("0" * 64), headers=headers)
    assert missing.status_code == 404
    url = at + xorb.format(packed.key)
    assert client.post(url, content=packed.records, headers=headers).json() == {
        "was_inserted": True
    }
    assert client.post(url, content=packed.records, headers=headers).json() == {
        "was_inserted": False
    }
    body = write_shard([file_of(packed, hashlib.sha256(content).digest())])
    for expected in (1, 0):
        answer = client.post(at + shard.format("0" * 64), content=body, headers=headers)
        assert answer.status_code == 200
        last = json.loads(answer.text.strip().splitlines()[-1])
        assert last["result"] == expected
    place.link(place.private, digest_of(content))
    name = hash_to_hex(file_of(packed).file_hash)
    told = client.get(
        at + reconstruction.format(name), headers={**headers, "Range": "bytes=300000-400000"}
    )
    assert told.status_code == 200
    assert fetched(client, told.json())[:100_001] == content[300_000:400_001]
    answered = client.get(
        at + chunk.format(hash_to_hex(first_chunk_hash(content))), headers=headers
    )
    assert read_dedup_answer(answered.content).xorbs[0].xorb_hash == packed.index.xorb_hash


def fetched(client: TestClient, told: dict[str, Any]) -> bytes:
    """What a client puts together from an answer to a reconstruction query of one term."""
    [term] = told["terms"]
    if "xorbs" in told:
        [entry] = told["xorbs"][term["hash"]]
        url, span = entry["url"], entry["ranges"][0]["bytes"]
    else:
        [entry] = told["fetch_info"][term["hash"]]
        url, span = entry["url"], entry["url_range"]
    answer = client.get(url, headers={"Range": f"bytes={span['start']}-{span['end']}"})
    assert answer.status_code == 206
    decoded = b"".join(decode_records(answer.content))
    assert len(decoded) == term["unpacked_length"]
    return decoded[told["offset_into_first_range"] :]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"])
@pytest.mark.parametrize(
    "path",
    [
        "/v1/xorb-grants/default/" + "0" * 64,
        "/v1/xorb-commits/default/x/grant/y",
        "/v2/file-chunk-hashes/" + "0" * 64,
        "/v3/anything",
        "",
        "/v1/files/" + "0" * 64,
    ],
)
def test_what_is_not_supported_is_absent(
    method: str, path: str, place: Place, client: TestClient
) -> None:
    at, headers = place.cas(place.private)
    answer = client.request(method, at + path, headers=headers)
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/chunks/default/x"),
        ("GET", "/v1/xorbs/default/x"),
        ("GET", "/v2/shards"),
        ("HEAD", "/v1/xorbs/default/x"),
        ("POST", "/v2/reconstructions/x"),
        ("GET", "/v1/telemetry"),
    ],
)
def test_another_method_is_absent_too(
    method: str, path: str, place: Place, client: TestClient
) -> None:
    at, headers = place.cas(place.private)
    assert client.request(method, at + path, headers=headers).status_code == 404


def test_telemetry_is_taken(place: Place, client: TestClient) -> None:
    at, headers = place.cas(place.private)
    for address in (at + "/v1/telemetry", "/v1/telemetry"):
        assert client.post(address, json={"x": 1}, headers=headers).status_code == 200
        assert client.post(address, content=bytes(2 << 20), headers=headers).status_code == 413


def test_who_may_not_call(place: Place, client: TestClient) -> None:
    at, headers = place.cas(place.private)
    read_at, read_headers = place.cas(place.private, scope="read")
    chunk = "/v1/chunks/default/" + "0" * 64
    assert client.get(at + chunk).status_code == 401
    assert client.get(at + chunk, headers={"Authorization": "Bearer x"}).status_code == 401
    assert client.get(at + chunk, headers=place.ann.headers).status_code == 401
    assert client.get(at + chunk, headers=headers).status_code == 404
    assert read_at == at
    assert client.get(at + chunk, headers=read_headers).status_code == 404
    packed = pack(noise(10_000))
    for path, body in ((f"/v1/xorbs/default/{packed.key}", packed.records), ("/v2/shards", b"x")):
        assert client.post(at + path, content=body, headers=read_headers).status_code == 403
    other_domain = at.replace(at.split("/")[-2], "n99999")
    assert client.get(other_domain + chunk, headers=headers).status_code == 403
    for epoch in ("e0", "e2", "e", "1", "e01x"):
        other = "/".join([*at.split("/")[:-1], epoch])
        assert client.get(other + chunk, headers=headers).status_code == 404


def test_a_revoked_token_ends_a_transfer_at_once(
    place: Place, client: TestClient, content: bytes
) -> None:
    bob = place.person("bob")
    packed = pack(content)
    at, headers = place.cas(place.public, bob)
    url = f"{at}/v1/xorbs/default/{packed.key}"
    assert client.post(url, content=packed.records, headers=headers).status_code == 200
    assert bob.principal.account_id is not None
    place.hub.accounts.revoke_token(bob.principal.account_id, bob.token_id, by=None)
    assert client.post(url, content=packed.records, headers=headers).status_code == 401


def test_bad_content_is_told_as_the_client_s_fault(
    place: Place, client: TestClient, content: bytes
) -> None:
    packed = pack(content)
    at, headers = place.cas(place.private)
    url = f"{at}/v1/xorbs/default/{packed.key}"
    flipped = bytearray(packed.records)
    flipped[500] ^= 1
    for body in (bytes(flipped), packed.records[:-1], b"", bytes(1000)):
        assert client.post(url, content=body, headers=headers).status_code == 400
    not_a_hash = client.post(f"{at}/v1/xorbs/default/xyz", content=b"x", headers=headers)
    assert not_a_hash.status_code == 400
    shard = write_shard([file_of(packed)])
    for path in ("/v2/shards", "/v1/shards"):
        for body in (b"", b"no shard", shard[:-1], shard):  # its xorb was never sent
            answer = client.post(at + path, content=body, headers=headers)
            assert answer.status_code == 400
            assert packed.key not in answer.text


def test_a_body_above_the_limit(place: Place, client: TestClient) -> None:
    at, headers = place.cas(place.private)
    url = f"{at}/v1/xorbs/default/{'0' * 64}"
    assert client.post(url, content=bytes(66 * MIB + 1), headers=headers).status_code == 413


def test_a_long_check_sends_heartbeats(
    place: Place, client: TestClient, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xet.uploads, "_PLAIN_SECONDS", 0.0)
    monkeypatch.setattr(xet.uploads, "HEARTBEAT_SECONDS", 0.005)
    packed = pack(content)
    at, headers = place.cas(place.private)
    client.post(f"{at}/v1/xorbs/default/{packed.key}", content=packed.records, headers=headers)
    shard = write_shard([file_of(packed)])
    answer = client.post(at + "/v2/shards", content=shard, headers=headers)
    frames = [json.loads(line) for line in answer.text.splitlines()]
    assert frames[0]["type"] == "validating"
    assert frames[-1] == {"type": "result", "result": 1}
    assert answer.headers["content-type"] == "application/x-ndjson"
    wrong = write_shard([file_of(packed, bytes(32))])
    answer = client.post(at + "/v2/shards", content=wrong, headers=headers)
    last = json.loads(answer.text.splitlines()[-1])
    # Quick faults still have a status; slow ones have only a frame left.
    assert last.get("type") == "error" or answer.status_code == 400
    assert not last.get("retryable", False)


def test_signed_addresses_of_records(place: Place, client: TestClient, content: bytes) -> None:
    packed = pack(content)
    at, headers = place.cas(place.private)
    client.post(f"{at}/v1/xorbs/default/{packed.key}", content=packed.records, headers=headers)
    shard = write_shard([file_of(packed)])
    client.post(at + "/v2/shards", content=shard, headers=headers)
    place.link(place.private, digest_of(content))
    name = hash_to_hex(file_of(packed).file_hash)
    told = client.get(
        f"{at}/v2/reconstructions/{name}", headers={**headers, "Range": "bytes=300000-500000"}
    ).json()
    [[entry]] = told["xorbs"].values()
    url, span = entry["url"], entry["ranges"][0]["bytes"]
    assert url.startswith("http://hub.example/xet/"), "absolute: clients follow it as it is"
    first, last = span["start"], span["end"]

    def get(wanted: str | None, address: str = url) -> tuple[int, bytes]:
        answer = client.get(address, headers={"Range": wanted} if wanted else {})
        return answer.status_code, answer.content

    whole = packed.records[first : last + 1]
    assert get(f"bytes={first}-{last}") == (206, whole)
    assert get(None) == (206, whole)
    assert get(f"bytes={first + 10}-{last - 10}") == (206, whole[10:-10])
    status, parts = get(f"bytes={first}-{first + 9},{last - 9}-{last}")
    assert status == 206
    assert whole[:10] in parts
    assert whole[-10:] in parts
    for outside in (f"bytes={first - 1}-{last}", f"bytes={first}-{last + 1}", f"bytes={first}-"):
        assert get(outside)[0] == 403
    assert get(f"bytes={first}-{last}", url[:-1] + ("A" if url[-1] != "A" else "B"))[0] == 403
    assert get(f"bytes={first}-{last}", url.partition("?")[0])[0] == 403
    elsewhere = url.replace(packed.key, "0" * 64)
    assert get(f"bytes={first}-{last}", elsewhere)[0] == 403


def test_an_address_ends_when_the_xorb_is_stored_anew(place: Place, client: TestClient) -> None:
    """Other bytes lie at its places then; the client asks for the reconstruction again."""
    content = bytes(random.Random(41).choices(b"abcdefgh", k=300_000))
    packed = pack(content)
    at, headers = place.cas(place.private)
    client.post(f"{at}/v1/xorbs/default/{packed.key}", content=packed.records, headers=headers)
    client.post(at + "/v2/shards", content=write_shard([file_of(packed)]), headers=headers)
    place.link(place.private, digest_of(content))
    name = hash_to_hex(file_of(packed).file_hash)

    def address() -> tuple[str, dict[str, str]]:
        told = client.get(f"{at}/v2/reconstructions/{name}", headers=headers).json()
        [[entry]] = told["xorbs"].values()
        span = entry["ranges"][0]["bytes"]
        return entry["url"], {"Range": f"bytes={span['start']}-{span['end']}"}

    url, wanted = address()
    assert client.get(url, headers=wanted).content == packed.records
    plain = XorbBuilder(Scheme.NONE)
    records = b"".join(plain.add(bytes(chunk)) for chunk in split(content))
    assert len(records) > len(packed.records), "another layout of the same chunks"
    place.hub.store.delete(Kind.XORB, packed.key)
    place.hub.store.put(Kind.XORB, packed.key, records + serialize_footer(plain.finish()))
    # The index that is remembered is of the former layout.
    assert client.get(url, headers=wanted).status_code == 403
    url, wanted = address()
    assert client.get(url, headers=wanted).content == records


def test_records_are_not_given_to_who_lost_the_right(
    place: Place, client: TestClient, content: bytes
) -> None:
    bob = place.person("rob")
    packed = pack(content)
    at, headers = place.cas(place.public)
    client.post(f"{at}/v1/xorbs/default/{packed.key}", content=packed.records, headers=headers)
    client.post(at + "/v2/shards", content=write_shard([file_of(packed)]), headers=headers)
    place.link(place.public, digest_of(content))
    name = hash_to_hex(file_of(packed).file_hash)
    his_at, his_headers = place.cas(place.public, bob, "read")
    told = client.get(f"{his_at}/v1/reconstructions/{name}", headers=his_headers).json()
    [[entry]] = told["fetch_info"].values()
    assert client.get(entry["url"]).status_code == 206
    place.hub.accounts.set_disabled("rob", disabled=True, by=None)
    assert client.get(entry["url"]).status_code == 403
    assert client.get(f"{his_at}/v1/reconstructions/{name}", headers=his_headers).status_code == 401


def test_an_unknown_file_and_a_foreign_one_look_the_same(
    place: Place, client: TestClient, content: bytes
) -> None:
    packed = pack(content)
    at, headers = place.cas(place.private)
    client.post(f"{at}/v1/xorbs/default/{packed.key}", content=packed.records, headers=headers)
    client.post(at + "/v2/shards", content=write_shard([file_of(packed)]), headers=headers)
    place.link(place.private, digest_of(content))
    eves, eve_headers = place.cas(place.public, place.eve)
    foreign = hash_to_hex(file_of(packed).file_hash)
    for version in ("v1", "v2"):
        answers = [
            client.get(f"{eves}/{version}/reconstructions/{name}", headers=eve_headers)
            for name in (foreign, "0" * 63 + "1")
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].text == answers[1].text
    chunks = [hash_to_hex(first_chunk_hash(content)), "0" * 64]
    answers = [
        client.get(f"{eves}/v1/chunks/default/{name}", headers=eve_headers) for name in chunks
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text == answers[1].text


def test_ranges_past_the_end(place: Place, client: TestClient, content: bytes) -> None:
    packed = pack(content)
    at, headers = place.cas(place.private)
    client.post(f"{at}/v1/xorbs/default/{packed.key}", content=packed.records, headers=headers)
    client.post(at + "/v2/shards", content=write_shard([file_of(packed)]), headers=headers)
    place.link(place.private, digest_of(content))
    url = f"{at}/v2/reconstructions/{hash_to_hex(file_of(packed).file_hash)}"
    for wanted in (f"bytes={MIB}-{MIB + 5}", "bytes=5-4", "lines=1-2"):
        answer = client.get(url, headers={**headers, "Range": wanted})
        assert answer.status_code == 416
    assert client.get(url, headers={**headers, "Range": "bytes=5-99999999"}).status_code == 200


def test_a_new_epoch_closes_every_address(tmp_path: Path) -> None:
    place = Place(tmp_path)
    at, headers = place.cas(place.private)
    place.hub.database.write(
        lambda conn: conn.execute(sa.insert(hub_facts).values(name="xet_epoch", value=2)).rowcount
    )
    with TestClient(build_app(place.hub)) as client:
        for path in ("/v1/chunks/default/" + "0" * 64, "/v2/reconstructions/" + "0" * 64):
            assert client.get(at + path, headers=headers).status_code == 404
        assert client.post(at + "/v2/shards", content=b"x", headers=headers).status_code == 404
    place.hub.close()


# --- LFS --------------------------------------------------------------------------------------


def batch(
    client: TestClient,
    content: bytes,
    headers: dict[str, str],
    repository: str = "ann/secret",
    operation: str = "upload",
    transfers: tuple[str, ...] = ("basic",),
) -> Any:
    return client.post(
        f"/{repository}.git/info/lfs/objects/batch",
        json={
            "operation": operation,
            "transfers": list(transfers),
            "objects": [{"oid": digest_of(content), "size": len(content)}],
            "hash_algo": "sha256",
        },
        headers=headers,
    )


def object_of(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == LFS
    [told] = answer.json()["objects"]
    return told  # type: ignore[no-any-return]


def test_an_object_goes_up_and_comes_down(place: Place, client: TestClient, content: bytes) -> None:
    told = object_of(batch(client, content, place.ann.headers))
    upload, verify = told["actions"]["upload"], told["actions"]["verify"]
    wanted = {"oid": digest_of(content), "size": len(content)}
    assert client.post(verify["href"], json=wanted, headers=place.ann.headers).status_code == 404
    # No credential is sent with the content: the address is one.
    assert client.put(upload["href"], content=content).status_code == 200
    assert client.put(upload["href"], content=content).status_code == 200, "a retry succeeds"
    assert client.post(verify["href"], json=wanted, headers=place.ann.headers).status_code == 200
    wrong = {**wanted, "size": 3}
    assert client.post(verify["href"], json=wrong).status_code == 403, "signed for another size"
    assert client.post(verify["href"], json=wanted).status_code == 200, "git-lfs sends no token"
    assert "actions" not in object_of(batch(client, content, place.ann.headers))
    not_linked = object_of(batch(client, content, place.ann.headers, operation="download"))
    assert not_linked["error"]["code"] == 404
    place.link(place.private, digest_of(content))
    told = object_of(batch(client, content, place.ann.headers, operation="download"))
    href = told["actions"]["download"]["href"]
    assert client.get(href).content == content
    part = client.get(href, headers={"Range": "bytes=100-"})
    assert (part.status_code, part.content) == (206, content[100:])
    assert client.head(href).headers["content-length"] == str(len(content))


def test_an_empty_object(place: Place, client: TestClient) -> None:
    told = object_of(batch(client, b"", place.ann.headers, "ann/open"))
    assert client.put(told["actions"]["upload"]["href"], content=b"").status_code == 200
    assert "actions" not in object_of(batch(client, b"", place.ann.headers, "ann/open"))


def test_wrong_content_is_refused_whole(place: Place, client: TestClient, content: bytes) -> None:
    href = object_of(batch(client, content, place.ann.headers))["actions"]["upload"]["href"]
    flipped = bytes([content[0] ^ 1]) + content[1:]
    for body in (flipped, content[:-1], content + b"x", b""):
        answer = client.put(href, content=body)
        assert answer.status_code == 422, len(body)
        assert answer.json()["message"]

    def endless() -> Iterator[bytes]:
        yield content
        yield content

    assert client.put(href, content=endless()).status_code == 422
    assert "actions" in object_of(batch(client, content, place.ann.headers))


def test_an_object_that_only_others_have_is_asked_for_whole(
    place: Place, client: TestClient, content: bytes
) -> None:
    """Who knows the hash of a private object learns nothing and gains nothing (S9)."""
    href = object_of(batch(client, content, place.ann.headers))["actions"]["upload"]["href"]
    client.put(href, content=content)
    place.link(place.private, digest_of(content))
    known = object_of(batch(client, content, place.eve.headers, "ann/open"))
    unknown = object_of(batch(client, content + b"x", place.eve.headers, "ann/open"))
    assert known.keys() == unknown.keys()
    assert known["actions"].keys() == unknown["actions"].keys()
    answer = batch(client, content, place.eve.headers, "ann/open", "download")
    assert object_of(answer)["error"]["code"] == 404
    verify = known["actions"]["verify"]["href"]
    wanted = {"oid": digest_of(content), "size": len(content)}
    assert client.post(verify, json=wanted, headers=place.eve.headers).status_code == 404
    assert batch(client, content, place.eve.headers).status_code == 404
    assert batch(client, content, {}).status_code == 401


def test_who_has_not_signed_in_is_asked_to(client: TestClient, content: bytes) -> None:
    for repository in ("ann/secret", "ann/nothing"):
        answer = batch(client, content, {}, repository, "download")
        assert answer.status_code == 401
        assert answer.headers["lfs-authenticate"].startswith("Basic realm=")
        assert answer.headers["www-authenticate"].startswith("Basic realm=")
        assert answer.headers["content-type"] == LFS
        assert set(answer.json()) == {"message", "request_id"}
    assert batch(client, content, {}, "ann/open", "download").status_code == 200


def test_addresses_are_for_one_thing(place: Place, client: TestClient, content: bytes) -> None:
    href = object_of(batch(client, content, place.ann.headers))["actions"]["upload"]["href"]
    assert client.get(href).status_code == 403, "an upload is no download"
    other = href.replace(digest_of(content), "0" * 64)
    assert client.put(other, content=content).status_code == 403
    assert client.put(href.partition("?")[0], content=content).status_code == 403
    tampered = re.sub(r"signature=.", "signature=_", href)
    assert client.put(tampered, content=content).status_code == 403


def test_an_address_ends_with_its_holder_s_right(
    place: Place, client: TestClient, content: bytes
) -> None:
    ron = place.person("ron")
    href = object_of(batch(client, content, ron.headers, "ann/open"))["actions"]["upload"]["href"]
    assert ron.principal.account_id is not None
    place.hub.accounts.revoke_token(ron.principal.account_id, ron.token_id, by=None)
    assert client.put(href, content=content).status_code == 403


def test_parts(
    place: Place, client: TestClient, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lfs_batch, "MULTIPART_BYTES_MIN", 1)
    monkeypatch.setattr(place.hub.blobs.multipart, "_part_bytes_min", 300_000)
    answer = batch(client, content, place.ann.headers, transfers=("basic", "multipart"))
    assert answer.json()["transfer"] == "multipart"
    told = object_of(answer)["actions"]
    header = told["upload"]["header"]
    part_bytes = int(header.pop("chunk_size"))
    starts = range(0, len(content), part_bytes)
    assert [int(number) for number in header] == list(range(1, len(starts) + 1))
    etags = []
    for url, start in zip(header.values(), starts, strict=True):
        too_short = client.put(url, content=content[start : start + 5])
        assert too_short.status_code == 422
        answer = client.put(url, content=content[start : start + part_bytes])
        assert answer.status_code == 200
        etags.append(answer.headers["etag"])
    parts = [{"partNumber": number, "etag": etag} for number, etag in enumerate(etags, 1)]
    done = told["upload"]["href"]
    fewer = {"oid": digest_of(content), "parts": parts[:-1]}
    assert client.post(done, json=fewer).status_code == 422
    assert client.post(done, json={"parts": 1}).status_code == 400
    body = {"oid": digest_of(content), "parts": parts}
    assert client.post(done, json=body).status_code == 200
    assert client.post(done, json=body).status_code == 200, "a retry succeeds"
    assert "actions" not in object_of(batch(client, content, place.ann.headers))
    assert client.put(next(iter(header.values())), content=b"late").status_code == 404


def test_parts_of_a_small_object_for_who_asks_for_nothing_else(
    place: Place, client: TestClient, content: bytes
) -> None:
    """A page names no "basic" where it wants to go on after a break; who names both is told."""
    both = batch(client, content, place.ann.headers, transfers=("basic", "multipart"))
    assert both.json()["transfer"] == "basic"
    answer = batch(client, content, place.ann.headers, transfers=("multipart",))
    assert answer.json()["transfer"] == "multipart"
    upload = object_of(answer)["actions"]["upload"]
    assert set(upload["header"]) == {"chunk_size", "00001"}
    etag = client.put(upload["header"]["00001"], content=content).headers["etag"]
    body = {"oid": digest_of(content), "parts": [{"partNumber": 1, "etag": etag}]}
    assert client.post(upload["href"], json=body).status_code == 200
    assert "actions" not in object_of(batch(client, content, place.ann.headers))


def test_clients_that_speak_xet_are_sent_there(
    place: Place, client: TestClient, content: bytes
) -> None:
    answer = batch(client, content, place.ann.headers, transfers=("basic", "multipart", "xet"))
    assert answer.json()["transfer"] == "xet"
    upload = object_of(answer)["actions"]["upload"]
    assert path_of(upload["href"]) == "/api/models/ann/secret/xet-write-token/main"
    assert set(upload["header"]) == {
        "X-Xet-Cas-Url",
        "X-Xet-Access-Token",
        "X-Xet-Token-Expiration",
        "X-Xet-Session-Id",
    }
    token = {"Authorization": f"Bearer {upload['header']['X-Xet-Access-Token']}"}
    at = upload["header"]["X-Xet-Cas-Url"]
    assert client.get(f"{at}/v1/chunks/default/{'0' * 64}", headers=token).status_code == 404
    packed = pack(content)
    url = f"{at}/v1/xorbs/default/{packed.key}"
    assert client.post(url, content=packed.records, headers=token).status_code == 200
    refreshed = client.get(upload["href"], headers=place.ann.headers)
    assert refreshed.json()["casUrl"] == at


@pytest.mark.parametrize(
    "path", ["/locks", "/locks/verify", "/locks/1/unlock", "/objects", "/x/y/z"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_locks_and_the_rest_are_absent(method: str, path: str, client: TestClient) -> None:
    assert client.request(method, f"/ann/open.git/info/lfs{path}").status_code == 404


def test_huge_and_broken_batches(place: Place, client: TestClient) -> None:
    url = "/ann/secret.git/info/lfs/objects/batch"
    one = {"oid": "0" * 64, "size": 1}
    many = {"operation": "upload", "objects": [one] * 1001}
    assert client.post(url, json=many, headers=place.ann.headers).status_code == 413
    huge = {"operation": "upload", "objects": [{**one, "size": 2**50}]}
    assert object_of(client.post(url, json=huge, headers=place.ann.headers))["error"]["code"] == 413
    for body in (b"", b"{", b"[]", b'{"operation":"upload"}'):
        assert client.post(url, content=body, headers=place.ann.headers).status_code == 400


def test_a_dataset_by_its_path(place: Place, client: TestClient, content: bytes) -> None:
    place.hub.repos.create(place.ann.principal, RepoId.parse(RepoKind.DATASET, "ann/rows"))
    told = object_of(batch(client, content, place.ann.headers, "datasets/ann/rows"))
    href = told["actions"]["upload"]["href"]
    assert path_of(href).startswith("/datasets/ann/rows.git/info/lfs/objects/")
    assert client.put(href, content=content).status_code == 200
