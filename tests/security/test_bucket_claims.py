"""S9, S10 in buckets: whoever knows a file's hash puts it into a bucket of her own.

The story: a bucket's files are named by their Xet hash alone, and lists show it to every reader. A
server that looks up a hash in all that it stores gives anybody any file whose hash she has seen once:
in a log, in a list that she could read last year, in the headers of a download. So a batch believes
a hash only from who sent the content to this very bucket, or copies it from where she may read now.

Mallory knows the hash of Olga's private file. She must be told exactly what she is told of a hash
that nobody has, in the same time, whichever operation she tries.
"""

from __future__ import annotations

import json
import statistics
import time

import pytest

from tests.security.target import Answer, Caller, Target, path_of
from tests.security.xet_calls import FILES, Cas, Known, known, send


def batch(caller: Caller, bucket: str, *operations: dict[str, object]) -> Answer:
    body = "\n".join(map(json.dumps, operations)).encode()
    headers = {"Content-Type": "application/x-ndjson"}
    return caller("POST", f"/api/buckets/{bucket}/batch", body, headers)


def add(file_hash: str, path: str = "mine") -> dict[str, object]:
    return {"type": "addFile", "path": path, "xetHash": file_hash, "mtime": 1_700_000_000_000}


def copy(file_hash: str, kind: str, source: str) -> dict[str, object]:
    more = {"type": "copyFile", "sourceRepoType": kind, "sourceRepoId": source}
    return {**add(file_hash), **more}


def cas_of(target: Target, caller: Caller, bucket: str, scope: str = "write") -> Cas:
    told = caller("GET", f"/api/buckets/{bucket}/xet-{scope}-token")
    assert told.status == 200, told.text
    target.secrets.add(told.json()["accessToken"])
    return Cas(target.caller(), path_of(told.json()["casUrl"]), told.json()["accessToken"])


def bucket_of(caller: Caller, name: str, *, private: bool = False) -> str:
    body = {"visibility": "private" if private else "public"}
    assert caller.json("POST", f"/api/buckets/{name}", body).status == 200
    return name


@pytest.fixture(scope="module")
def private(target: Target) -> tuple[str, Known]:
    """Olga's private bucket with a file, sent as hf_xet does: without a sha256."""
    olga = target.user("olga")
    name = bucket_of(olga, "olga/hidden-bucket", private=True)
    file = known(300_000, "in a private bucket")
    send(cas_of(target, olga, name), file.packed, file.sha256)
    told = batch(olga, name, add(file.file_hash, "secret.bin"))
    assert (told.status, told.json()["succeeded"]) == (200, 1), told.text
    return name, file


@pytest.fixture(scope="module")
def lair(target: Target) -> str:
    return bucket_of(target.user("mallory"), "mallory/lair-bucket")


def test_a_foreign_hash_is_refused_as_an_unknown_one(
    target: Target, private: tuple[str, Known], lair: str
) -> None:
    hidden, file = private
    mallory = target.user("mallory")
    unknown = file.file_hash[:-8] + "00000000"
    tries = [
        lambda file_hash: [add(file_hash)],
        lambda file_hash: [copy(file_hash, "bucket", hidden)],
        lambda file_hash: [copy(file_hash, "bucket", "olga/there-is-no-such")],
        lambda file_hash: [copy(file_hash, "bucket", lair)],
        lambda file_hash: [copy(file_hash, "model", "works/elsewhere")],
        lambda file_hash: [add(file_hash), copy(file_hash, "bucket", lair)],
    ]
    for attempt in tries:
        answers = [
            batch(mallory, lair, *attempt(file_hash)) for file_hash in (file.file_hash, unknown)
        ]
        assert [answer.status for answer in answers] == [422, 422]
        assert answers[0].body == answers[1].body
    hers = mallory("GET", f"/api/buckets/{lair}/tree")
    assert hers.json() == []
    read = cas_of(target, mallory, lair, "read")
    for there in FILES:
        assert read("GET", f"{there}/{file.file_hash}").status == 404
    # A source that is hidden and one that is missing are told alike.
    told = [
        batch(mallory, lair, copy(file.file_hash, "bucket", source)).body
        for source in (hidden, "olga/there-is-no-such")
    ]
    assert told[0] == told[1]
    for path in (f"/buckets/{hidden}/resolve/secret.bin", f"/api/buckets/{hidden}/tree"):
        assert not file.is_in(mallory("GET", path).body)


def test_it_takes_no_longer_to_refuse_a_foreign_hash(
    target: Target, private: tuple[str, Known], lair: str
) -> None:
    """By turns, in groups of a hundred hashes each, so that the rest of a request hides nothing."""
    _, file = private
    mallory = target.user("mallory")
    unknown = [file.file_hash[:-8] + f"{number:08x}" for number in range(100)]
    groups = {
        "foreign": [add(file.file_hash, f"x/{number}") for number in range(100)],
        "unknown": [add(unknown[0], f"x/{number}") for number in range(100)],
    }
    seconds: dict[str, list[float]] = {name: [] for name in groups}
    for _ in range(15):
        for name, operations in groups.items():
            begun = time.perf_counter()
            assert batch(mallory, lair, *operations).status == 422
            seconds[name].append(time.perf_counter() - begun)
    foreign, other = (statistics.median(each) for each in seconds.values())
    assert abs(foreign - other) < max(0.004, 0.5 * max(foreign, other)), seconds


def test_what_was_sent_elsewhere_is_not_this_buckets(
    target: Target, private: tuple[str, Known], lair: str
) -> None:
    """Content that Mallory does have, sent to one bucket of hers, is named in another, and by
    another who may write there: each has to send it."""
    mallory, wim, olga = target.user("mallory"), target.user("wim"), target.user("olga")
    other = bucket_of(mallory, "mallory/other-bucket")
    file = known(200_000, "her own")
    send(cas_of(target, mallory, lair), file.packed, file.sha256)
    assert batch(mallory, other, add(file.file_hash)).status == 422
    assert batch(mallory, lair, add(file.file_hash)).status == 200

    shared = bucket_of(olga, "works/shared-bucket")
    theirs = known(200_000, "of one member")
    send(cas_of(target, olga, shared), theirs.packed, theirs.sha256)
    assert batch(wim, shared, add(theirs.file_hash)).status == 422
    assert batch(olga, shared, add(theirs.file_hash)).status == 200
    assert batch(wim, shared, add(theirs.file_hash, "again")).status == 200  # the bucket's by now


def test_nobody_proposes_to_a_bucket(target: Target, lair: str) -> None:
    """To a public repository everybody may send contents for a pull request; not to a bucket."""
    stig = target.user("stig")
    told = stig("GET", f"/api/buckets/{lair}/xet-write-token")
    assert told.status == 403
    assert stig("GET", f"/api/buckets/{lair}/xet-read-token").status == 200


def test_a_right_that_ended_copies_nothing(target: Target) -> None:
    mallory, olga = target.user("mallory"), target.user("olga")
    source = bucket_of(olga, "olga/open-for-now")
    file = known(200_000, "open for now")
    send(cas_of(target, olga, source), file.packed, file.sha256)
    assert batch(olga, source, add(file.file_hash, "f")).status == 200
    hers = bucket_of(mallory, "mallory/copies")
    assert olga.json("PUT", f"/api/buckets/{source}/settings", {"private": True}).status == 200
    assert batch(mallory, hers, copy(file.file_hash, "bucket", source)).status == 422
