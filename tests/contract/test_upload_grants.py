"""Uploads past the hub, on a live hub: by the stock client, and by somebody who does it wrong.

The stock client sends no xorb to the hub when it can reach the storage, and all of them when it
cannot. Whatever is put into the storage, nothing of it counts before the hub has checked it; and
nothing that lies there is part of the store.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import obstore
import pytest

from groundswell.wire.shard import write_shard
from tests.clients.breaking import breaking_wire
from tests.contract import object_storage
from tests.contract.grants import (
    ask,
    bucket,
    commit,
    facts,
    granted,
    put,
    staged,
    wait_for,
    wanted,
)
from tests.hub.blobs.world import file_of, pack
from tests.live import swell
from tests.security import target as people
from tests.security.target import MIB, Target, attacked, noise, token_of
from tests.security.xet_calls import Cas, cas_of

_numbers = itertools.count()
UNREACHABLE = "http://127.0.0.1:9"
NOWHERE = "0" * 64


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with object_storage.seaweedfs() as found:
        yield found


def settled(data: Path, endpoint: str, prefix: str, public: str | None = None) -> Path:
    data.mkdir(parents=True)
    lines = object_storage.settings(endpoint, prefix)
    lines.append(f'storage_public_endpoint = "{public or endpoint}"')
    (data / "swell.toml").write_text("\n".join([*lines, ""]))
    return data


@pytest.fixture(scope="module")
def target(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    data = settled(tmp_path_factory.mktemp("granting") / "data", endpoint, "granting")
    with attacked(data) as found:
        yield found


@pytest.fixture(scope="module")
def part(endpoint: str) -> Any:
    return bucket(endpoint, "granting")


@pytest.fixture(scope="module")
def olgas(target: Target) -> Cas:
    olga = target.user("olga")
    return cas_of(target, olga, target.repository(olga, "olga", "granted"), "write")


def packed_of(size_bytes: int = 300_000) -> Any:
    """A xorb that nobody has yet."""
    return pack(noise(size_bytes, f"granted {next(_numbers)}"))


def shard_of(packed: Any) -> bytes:
    return write_shard([file_of(packed)])


# --- somebody who does it by hand ---------------------------------------------------------------


def test_a_granted_xorb_is_there_once_it_is_committed(
    target: Target, olgas: Cas, part: Any
) -> None:
    packed = packed_of()
    grant = granted(olgas, packed.key, packed.records)
    assert put(grant, packed.records) == 200
    assert olgas("POST", "/v2/shards", shard_of(packed)).status == 400  # not yet
    done = commit(olgas, packed.key, grant["id"])
    assert (done.status, done.json()) == (200, {"was_inserted": True})
    assert staged(part) == []
    again = commit(olgas, packed.key, grant["id"])
    assert (again.status, again.json()) == (200, {"was_inserted": False})
    known_one = ask(olgas, packed.key, wanted(packed.records))
    assert (known_one.status, known_one.body) == (200, b"")
    assert olgas("POST", "/v2/shards", shard_of(packed)).status == 200


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"length": "5", "checksum": {"algo": "crc64nvme", "value": "1"}},
        {"length": 0, "checksum": {"algo": "crc64nvme", "value": "1"}},
        {"length": True, "checksum": {"algo": "crc64nvme", "value": "1"}},
        {"length": 5},
        {"length": 5, "checksum": {"algo": "crc64nvme", "value": 1}},
        {"length": 5, "checksum": {"algo": "crc64nvme", "value": "-1"}},
        {"length": 5, "checksum": {"algo": "crc64nvme", "value": str(1 << 64)}},
    ],
)
def test_what_is_no_question_gets_no_grant(olgas: Cas, value: object) -> None:
    assert ask(olgas, NOWHERE, value).status == 400


def test_other_checksums_are_left_to_the_hub(olgas: Cas) -> None:
    packed = packed_of()
    answer = ask(olgas, packed.key, wanted(packed.records, checksum={"algo": "sha512"}))
    assert answer.status == 201
    assert set(answer.json()["headers"]) == {"if-none-match"}
    assert put(answer.json(), packed.records) == 200
    assert commit(olgas, packed.key, answer.json()["id"]).status == 200


def test_too_much_is_refused_before_it_travels(olgas: Cas) -> None:
    value = {"length": 67 * MIB, "checksum": {"algo": "crc64nvme", "value": "1"}}
    assert ask(olgas, NOWHERE, value).status == 413


def test_other_bytes_do_not_get_into_the_storage(olgas: Cas, part: Any) -> None:
    packed = packed_of()
    grant = granted(olgas, packed.key, packed.records)
    flipped = bytes([packed.records[0] ^ 1]) + packed.records[1:]
    assert put(grant, flipped) == 400
    assert put(grant, packed.records + b"!") == 403
    assert put(grant, packed.records[:-1]) == 403
    assert staged(part) == []
    assert commit(olgas, packed.key, grant["id"]).status == 404


def test_bytes_of_another_xorb_are_refused_and_removed(olgas: Cas, part: Any) -> None:
    """Of the right length and checksum, as somebody who lies about the hash would send them."""
    packed, other = packed_of(), packed_of()
    grant = granted(olgas, packed.key, other.records)
    assert put(grant, other.records) == 200
    refused = commit(olgas, packed.key, grant["id"])
    direct = olgas("POST", f"/v1/xorbs/default/{packed.key}", other.records)
    assert (refused.status, refused.body) == (direct.status, direct.body)
    assert refused.status == 400
    assert staged(part) == []
    assert commit(olgas, packed.key, grant["id"]).status == 404
    assert olgas("POST", "/v2/shards", shard_of(packed)).status == 400


@pytest.mark.parametrize(("change", "status"), [(1, 413), (-1, 400)])
def test_another_length_is_refused_and_removed(
    olgas: Cas, part: Any, change: int, status: int
) -> None:
    """As a storage would let it in that does not look at lengths."""
    packed = packed_of()
    grant = granted(olgas, packed.key, packed.records)
    account = facts(grant["id"])["holder"][0]
    name = f"staging/{account}/{facts(grant['id'])['name']}"
    content = (packed.records + b"!")[: len(packed.records) + change]
    obstore.put(part, name, content)
    assert commit(olgas, packed.key, grant["id"]).status == status
    assert staged(part) == []


def test_a_grant_is_good_for_one_person_one_xorb_and_as_it_is(
    target: Target, olgas: Cas, part: Any
) -> None:
    packed, other = packed_of(), packed_of()
    grant = granted(olgas, packed.key, packed.records)
    assert put(grant, packed.records) == 200
    stig = target.user("stig")
    strangers = cas_of(target, stig, target.repository(stig, "stig", "own"), "write")
    wim = target.user("wim")
    shared = target.repository(wim, "works", "shared")
    body, _, mac = grant["id"].partition(".")
    altered = [f"{body[:-4]}AAAA.{mac}", f"{body}.{mac[:-1]}", body, "x", grant["id"] + "A"]
    refusals = [
        commit(strangers, packed.key, grant["id"]),
        commit(olgas, other.key, grant["id"]),
        *(commit(olgas, packed.key, each) for each in altered),
        *(
            commit(cas_of(target, who, shared, "write"), packed.key, grant["id"])
            for who in (wim, target.user("olga"))
        ),
    ]
    missing = commit(olgas, other.key, granted(olgas, other.key, other.records)["id"])
    assert {(each.status, each.body) for each in refusals} == {(404, missing.body)}
    assert len(staged(part)) == 1
    assert commit(olgas, packed.key, grant["id"]).status == 200


def test_a_token_that_only_reads_gets_no_grant(target: Target, olgas: Cas) -> None:
    packed = packed_of()
    olga = target.user("olga")
    reads = cas_of(target, olga, target.repository(olga, "olga", "readable"), "read")
    assert ask(reads, packed.key, wanted(packed.records)).status == 403
    grant = granted(olgas, packed.key, packed.records)
    assert commit(reads, packed.key, grant["id"]).status == 403
    nobody = Cas(target.caller(), olgas.path, "guessed")
    assert ask(nobody, packed.key, wanted(packed.records)).status == 401
    assert commit(nobody, packed.key, grant["id"]).status == 401


def test_who_lost_the_right_meanwhile_commits_nothing(target: Target, part: Any) -> None:
    """A member who leaves, and a token that is revoked: as at the door for xorbs."""
    len_ = target.user("len")
    cas = cas_of(target, len_, target.repository(target.user("olga"), "works", "left"), "write")
    fresh = target.token("stig")
    stig = target.caller(people.bearer(fresh))
    his = cas_of(target, stig, target.repository(stig, "stig", "revoked"), "write")
    waiting = []
    for each in (cas, his):
        packed = packed_of()
        grant = granted(each, packed.key, packed.records)
        assert put(grant, packed.records) == 200
        waiting.append((each, packed, grant))
    swell(target.data, "org", "remove-member", "works", "len")
    target.revoke("stig", fresh)
    for each, packed, grant in waiting:
        refused = commit(each, packed.key, grant["id"])
        direct = each("POST", f"/v1/xorbs/default/{packed.key}", packed.records)
        assert refused.status == direct.status
        assert refused.status in {401, 403, 404}
        assert ask(each, packed.key, wanted(packed.records)).status == direct.status
    for name in staged(part):
        obstore.delete(part, name)


def test_a_foreign_xorb_is_like_none(target: Target, olgas: Cas) -> None:
    """Byte for byte, but for what is drawn by lot or repeats the question."""
    theirs, nowhere = packed_of(), packed_of()
    stig = target.user("stig")
    hidden = target.repository(stig, "stig", "hidden", private=True)
    cas = cas_of(target, stig, hidden, "write")
    assert cas("POST", f"/v1/xorbs/default/{theirs.key}", theirs.records).status == 200
    told, ended = [], []
    for packed in (theirs, nowhere):
        answer = ask(olgas, packed.key, wanted(packed.records))
        grant = answer.json()
        name = facts(grant["id"])["name"]
        checksum = grant["headers"]["x-amz-checksum-crc64nvme"]
        url, _, signature = grant["url"].replace(name, "NAME").rpartition("=")
        shape = {**grant, "id": len(grant["id"]), "url": (url.partition("X-Amz-Date")[0])}
        shape["headers"] = {**grant["headers"], "x-amz-checksum-crc64nvme": len(checksum)}
        headers = [(key, value) for key, value in answer.headers.items() if key != "x-request-id"]
        told.append((answer.status, len(answer.body), shape, len(signature), headers))
        missing = commit(olgas, packed.key, grant["id"])
        ended.append((missing.status, missing.body))
    without_dates = [(each[:4], [pair for pair in each[4] if pair[0] != "date"]) for each in told]
    assert without_dates[0] == without_dates[1]
    assert told[0][0] == 201
    assert ended[0] == ended[1]
    assert ended[0][0] == 404


def test_a_hub_that_is_killed_between_put_and_commit_goes_on(endpoint: str, tmp_path: Path) -> None:
    data = settled(tmp_path / "data", endpoint, "killed")
    packed = packed_of()
    with attacked(data) as target:
        olga = target.user("olga")
        cas = cas_of(target, olga, target.repository(olga, "olga", "cut"), "write")
        grant = granted(cas, packed.key, packed.records)
        assert put(grant, packed.records) == 200
        target.live.process.kill()
        target.live.process.wait()
    with attacked(data) as target:
        again = Cas(target.caller(), cas.path, cas.token)
        done = commit(again, packed.key, grant["id"])
        assert (done.status, done.json()) == (200, {"was_inserted": True})
        assert again("POST", "/v2/shards", shard_of(packed)).status == 200
    assert staged(bucket(endpoint, "killed")) == []


def test_a_storage_that_is_away_gives_no_grant(endpoint: str, tmp_path: Path) -> None:
    """The client is sent to the door for xorbs, which says what is wrong. A commit can be sent
    again when the storage is back."""
    port = int(endpoint.rpartition(":")[2])
    with breaking_wire(port, "HTTP/1.1", after_bytes=0, cuts=0) as wire:
        data = settled(tmp_path / "data", wire.url, "away")
        with attacked(data) as target:
            olga = target.user("olga")
            cas = cas_of(target, olga, target.repository(olga, "olga", "waiting"), "write")
            packed = packed_of()
            grant = granted(cas, packed.key, packed.records)
            assert put(grant, packed.records) == 200
            wire.cuts = 1_000_000
            assert ask(cas, packed.key, wanted(packed.records)).status == 404
            assert commit(cas, packed.key, grant["id"]).status == 503
            direct = cas("POST", f"/v1/xorbs/default/{packed.key}", packed.records)
            assert direct.status == 503
            wire.cuts = 0
            assert commit(cas, packed.key, grant["id"]).status == 200


def test_staging_is_no_part_of_the_store(endpoint: str, tmp_path: Path) -> None:
    """fsck, collecting, a backup and a move to a folder see the store and not what is staged."""
    data = settled(tmp_path / "data", endpoint, "apart")
    part = bucket(endpoint, "apart")
    with attacked(data) as target:
        olga = target.user("olga")
        repo = target.repository(olga, "olga", "kept")
        content = noise(2 * MIB, "kept")
        people.publish(olga, repo, "w.bin", content)
        cas = cas_of(target, olga, repo, "write")
        packed = packed_of()
        assert put(granted(cas, packed.key, packed.records), packed.records) == 200
        lying = staged(part)
        assert len(lying) == 1
        assert "0 errors" in swell(data, "fsck", "--deep")
        swell(data, "store", "collect")
        swell(data, "backup", str(tmp_path / "backup"))
        (tmp_path / "new.toml").write_text("")
        swell(data, "migrate-store", "--objects-only", "--to", str(tmp_path / "new.toml"))
    copied = [path for path in tmp_path.rglob("*") if path.is_file()]
    for folder in (data, tmp_path / "backup"):
        assert any("xorbs" in path.parts for path in copied if folder in path.parents)
    assert not any("staging" in path.parts or packed.key in path.name for path in copied)
    assert staged(part) == lying


# --- the stock client ---------------------------------------------------------------------------

JOURNEY = textwrap.dedent(
    """
    import hashlib, os, pathlib, sys
    from huggingface_hub import HfApi, hf_hub_download
    home, repo, size, plain = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
    home.mkdir(parents=True)
    weights = hashlib.shake_128(repo.encode()).digest(size)
    (home / "w.bin").write_bytes(weights)
    api = HfApi()
    api.create_repo(repo)
    done = api.upload_file(repo_id=repo, path_or_fileobj=home / "w.bin", path_in_repo="w.bin")
    print(done.oid)
    if not plain:
        got = hf_hub_download(repo, "w.bin", local_dir=home / "got", force_download=True)
        assert pathlib.Path(got).read_bytes() == weights
    """
)


def hf(target: Target, home: Path, repo: str, size_bytes: int, **environment: str) -> Any:
    """huggingface_hub publishes so many bytes and, unless told otherwise, fetches them again."""
    plain = environment.pop("plain", "")
    return subprocess.run(
        [sys.executable, "-c", JOURNEY, str(home), repo, str(size_bytes), plain],
        env={
            **{key: value for key, value in os.environ.items() if not key.startswith("HF_")},
            "HF_ENDPOINT": target.url,
            "HF_TOKEN": token_of("olga"),
            "HF_HOME": str(home) + "-cache",
            "HF_XET_HIGH_PERFORMANCE": "0",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def calls(target: Target, route: str) -> list[int]:
    """The statuses of what was answered so far under a route."""
    return [
        int(str(each["status"])) for each in target.live.records() if each.get("route") == route
    ]


def test_the_stock_client_sends_its_xorbs_to_the_storage(endpoint: str, tmp_path: Path) -> None:
    data = settled(tmp_path / "data", endpoint, "stock")
    with attacked(data) as target:
        done = hf(target, tmp_path / "home", "olga/large", 150 * MIB)
        assert done.returncode == 0, done.stderr[-4000:]
        assert calls(target, "xet xorb") == []
        assert calls(target, "xet records") == []
        grants, commits = calls(target, "xet grant"), calls(target, "xet commit")
        assert len(commits) >= 3
        assert grants == [201] * len(commits)
        assert commits == [200] * len(commits)
        commit_id = done.stdout.strip()
        page = target.browser("olga")("GET", f"/olga/large/commit/{commit_id}").text
        assert "sent 100%, 157 MB; nothing of it was here" in page
        metrics = target.caller()("GET", "/metrics").text
        [line] = [
            each
            for each in metrics.splitlines()
            if each.startswith("groundswell_granted_bytes_total")
        ]
        assert float(line.split()[-1]) > 150 * MIB
    assert staged(bucket(endpoint, "stock")) == []
    assert "0 errors" in swell(data, "fsck", "--deep")


def test_the_stock_client_does_not_send_what_the_hub_has(
    target: Target, olgas: Cas, tmp_path: Path
) -> None:
    """As after an upload that broke off before its end, for a client that does not ask by chunks."""
    packed = pack(hashlib.shake_128(b"olga/resumed").digest(10 * MIB))
    sent = len(calls(target, "xet xorb"))
    assert olgas("POST", f"/v1/xorbs/default/{packed.key}", packed.records).status == 200
    wait_for(lambda: len(calls(target, "xet xorb")) > sent)  # its line in the log
    before = len(calls(target, "xet commit")), len(calls(target, "xet xorb"))
    grants = len(calls(target, "xet grant"))
    blind = {"HF_XET_DEDUPLICATION_GLOBAL_DEDUP_QUERY_ENABLED": "0"}
    done = hf(target, tmp_path / "home", "olga/resumed", 10 * MIB, **blind)
    assert done.returncode == 0, done.stderr[-4000:]
    assert calls(target, "xet grant")[grants:] == [200]
    assert (len(calls(target, "xet commit")), len(calls(target, "xet xorb"))) == before


def test_the_stock_client_that_cannot_reach_the_storage_sends_to_the_hub(
    endpoint: str, tmp_path: Path
) -> None:
    data = settled(tmp_path / "data", endpoint, "closed", UNREACHABLE)
    quick = {"HF_XET_CLIENT_RETRY_MAX_ATTEMPTS": "1", "HF_XET_CLIENT_RETRY_BASE_DELAY": "10ms"}
    with attacked(data) as target:
        done = hf(target, tmp_path / "home", "olga/closed", 80 * MIB, plain="yes", **quick)
        assert done.returncode == 0, done.stderr[-4000:]
        xorbs = calls(target, "xet xorb")
        assert xorbs == [200] * len(xorbs)
        assert len(xorbs) >= 2
        assert calls(target, "xet commit") == []
        assert 201 in calls(target, "xet grant")
        # What it could not do it is not told to do again.
        before = calls(target, "xet grant").count(201)
        done = hf(target, tmp_path / "more", "olga/more", 10 * MIB, plain="yes", **quick)
        assert done.returncode == 0, done.stderr[-4000:]
        assert calls(target, "xet grant").count(201) == before
        content = hashlib.shake_128(b"olga/more").digest(10 * MIB)
        answer = target.user("olga")("GET", "/olga/more/resolve/main/w.bin")
        assert answer.body == content


def test_the_stock_client_without_room_stages_nothing(
    target: Target, part: Any, tmp_path: Path
) -> None:
    lying = staged(part)
    grants = len(calls(target, "xet grant"))
    swell(target.data, "quota", "olga", "--set", "1MB")
    try:
        done = hf(target, tmp_path / "home", "olga/roomless", 3 * MIB)
    finally:
        swell(target.data, "quota", "olga", "--set", "1TB")
    assert done.returncode != 0
    assert "needs 3.15 MB more" in done.stderr
    assert len(calls(target, "xet grant")) == grants
    assert staged(part) == lying
