"""S10: whoever knows the hashes of chunks claims to have the chunks.

The story: in the Xet protocol a file is a list of chunk hashes, and every key in it is public. Who
learns the hash of a file, a xorb or its chunks asks for the reconstruction; asks the deduplication
query whether anybody has a chunk, and where; registers a shard that puts foreign xorbs together to
a file of her own; forges the address of stored records; or carries a token to where it was not
made for. Servers that check only that a token is valid, or that the hashes fit, give the content.

Mallory knows everything that is no content: every hash of a private file, its proofs, its owner's
addresses. What she asks of each door is the matrix of `test_foreign_reads.py`; here are the time
that answers take, tokens and addresses where they do not belong, and rights that end.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable

import pytest

from groundswell.hub.signing import Signer
from groundswell.wire.shard import write_shard
from tests.hub.blobs.world import file_of
from tests.live import swell
from tests.security.target import (
    MIB,
    Answer,
    Target,
    batch,
    bearer,
    commit,
    csrf_in,
    large,
    path_of,
    publish,
)
from tests.security.xet_calls import CHUNKS, FILES, XORBS, Cas, Known, cas_of, known, send

ABSENT = known(2 * MIB, "nowhere")


@pytest.fixture(scope="module")
def private(target: Target) -> tuple[str, Known, Known]:
    """Olga's private repository with a file of many chunks, and one of a single chunk: there the
    hash of the xorb, which addresses show, is that of the chunk."""
    olga = target.user("olga")
    repo = target.repository(olga, "olga", "hidden", private=True)
    many, single = known(2 * MIB, "private"), known(5000, "private, small")
    for name, file in (("many.bin", many), ("single.bin", single)):
        send(cas_of(target, olga, repo, "write"), file.packed, file.sha256)
        told = commit(olga, repo, large(name, file.sha256, len(file.content)))
        assert told.status == 200, told.text
    assert single.chunk_hashes == [single.packed.key]
    read = cas_of(target, olga, repo, "read")
    assert read("GET", f"{FILES[0]}/{many.file_hash}").status == 200
    return repo, many, single


@pytest.fixture(scope="module")
def mallorys(target: Target) -> str:
    caller = target.user("mallory")
    repo = target.repository(caller, "mallory", "lair")
    publish(caller, repo, "own.bin", b"her own large file " * 5000)
    return repo


def told(answer: Answer, *hashes: str) -> tuple[int, str | None, str]:
    text = answer.text
    for each in hashes:
        text = text.replace(each, "<hash>")
    return answer.status, answer.code, text


def test_a_shard_may_name_only_what_was_sent_to_its_own_domain(target: Target) -> None:
    """Content that Mallory really has, sent to her own namespace, counts nowhere else: a
    contributor's domain and her own do not mix, so no claim of hers touches another repository."""
    mallory, olga = target.user("mallory"), target.user("olga")
    public = target.repository(olga, "olga", "open")
    own = target.repository(mallory, "mallory", "own")
    file = known(300_000, "really hers")
    send(cas_of(target, mallory, own, "write"), file.packed, file.sha256)
    shard = write_shard([file_of(file.packed, bytes.fromhex(file.sha256))])
    there = cas_of(target, mallory, public, "write")
    assert there("POST", "/v2/shards", shard).status == 400
    assert there("GET", f"{CHUNKS[0]}/{file.chunk_hashes[0]}").status == 404
    assert (
        commit(
            mallory, public, large("x", file.sha256, len(file.content)), query="?create_pr=1"
        ).status
        == 422
    )
    assert cas_of(target, olga, public, "write")("POST", "/v2/shards", shard).status == 400


# --- tokens where they do not belong ----------------------------------------------------------


def everything_at(cas: Cas, file: Known) -> list[Answer]:
    return [
        cas("GET", f"{FILES[0]}/{file.file_hash}"),
        cas("GET", f"{FILES[1]}/{file.file_hash}"),
        cas("GET", f"{CHUNKS[0]}/{file.chunk_hashes[0]}"),
        cas("POST", f"{XORBS[0]}/{file.packed.key}", file.packed.records),
        cas("POST", "/v2/shards", write_shard([file_of(file.packed, bytes.fromhex(file.sha256))])),
        cas("POST", "/v1/shards", write_shard([file_of(file.packed)])),
    ]


def test_a_token_works_at_its_own_address_alone(
    target: Target, private: tuple[str, Known, Known], mallorys: str
) -> None:
    """Another namespace, another repository's domain, another epoch, no domain at all."""
    repo, file, _ = private
    olga = target.user("olga")
    hers = cas_of(target, olga, repo, "write")
    mine = cas_of(target, target.user("mallory"), mallorys, "write")
    domain, epoch = hers.path.split("/")[2:4]
    foreign = [f"/xet/{domain}/{epoch}", f"/xet/r1u1/{epoch}", f"/xet/n999999/{epoch}"]
    told_there = []
    for path in foreign:
        answers = everything_at(Cas(mine.caller, path, mine.token), file)
        assert {answer.status for answer in answers} == {403}, path
        told_there.append([told(answer) for answer in answers])
    assert told_there[0] == told_there[1] == told_there[2]
    for number in ("e0", "e2", "e999999999", "e01", "e-1", "e1 ", "E1", "e١"):
        path = f"/xet/{mine.path.split('/')[2]}/{number.encode().decode('latin-1')}"
        path = path.replace(" ", "%20")
        answers = everything_at(Cas(mine.caller, path, mine.token), file)
        expected = {404} if number != "e01" else {403, 404, 200, 400}
        assert {answer.status for answer in answers} <= expected, number
    for strange in ("n", "n-1", "n1x", "r1", "r1u", "..", "n1%2f..", "n99999999999999999999"):
        answers = everything_at(Cas(mine.caller, f"/xet/{strange}/{epoch}", mine.token), file)
        assert {answer.status for answer in answers} <= {400, 403, 404}, strange


def test_a_token_to_read_does_not_write(target: Target, private: tuple[str, Known, Known]) -> None:
    repo, file, _ = private
    for caller in (target.user("olga"), target.user("olga", "read")):
        cas = cas_of(target, caller, repo, "read")
        answers = everything_at(cas, file)
        assert [answer.status for answer in answers[:2]] == [200, 200]
        assert {answer.status for answer in answers[3:]} == {403}
    refused = target.user("olga", "read")("GET", f"/api/models/{repo}/xet-write-token/main")
    assert refused.status == 403


def test_texts_that_only_look_like_tokens(
    target: Target, private: tuple[str, Known, Known]
) -> None:
    """Changed in any place, cut, lengthened, signed for something else, expired or made up."""
    repo, file, _ = private
    olga = target.user("olga")
    good = cas_of(target, olga, repo, "write")
    body, _, mac = good.token.partition(".")
    facts = json.loads(base64.urlsafe_b64decode(body + "=="))
    widened = json.dumps({**facts, "exp": facts["exp"] + 10**6}, separators=(",", ":"))
    told_batch = batch(olga, repo, "upload", ("1" * 64, 5)).json()["objects"][0]["actions"]
    signature = re.search(r"signature=(.+)$", told_batch["upload"]["href"])
    assert signature is not None
    records = json.loads(good("GET", f"{FILES[0]}/{file.file_hash}").body)
    of_records = re.search(r"signature=([A-Za-z0-9_.-]+)", json.dumps(records))
    assert of_records is not None
    csrf = csrf_in(target.sign_in("olga")("GET", "/new").text)
    keys = [path.read_bytes() for path in (target.data / "keys").glob("*.key")]
    now = time.time_ns() // 1000
    late = Signer(keys, lambda: now - 3600 * 1_000_000)
    forged = Signer([b"\0" * 32], lambda: now)
    fresh = {name: value for name, value in facts.items() if name != "exp"}
    fakes = [
        body + "." + mac[:-1] + ("A" if mac[-1] != "A" else "Q"),
        body + "." + mac[:-1],
        body + "." + mac + "A",
        body + ".",
        body,
        "." + mac,
        mac + "." + body,
        good.token + "." + mac,
        good.token + "=",
        good.token.upper(),
        base64.urlsafe_b64encode(widened.encode()).decode().rstrip("=") + "." + mac,
        late.sign("xet-token", fresh, 600),
        forged.sign("xet-token", fresh, 600),
        signature[1],
        of_records[1],
        csrf,
        olga.headers["Authorization"].removeprefix("Bearer "),
        "null",
        "e30.e30",
        "A" * 9000,
    ]
    fakes += [
        good.token[:n] + chr(ord(good.token[n]) ^ 1) + good.token[n + 1 :]
        for n in range(0, len(body), 7)
    ]
    for fake in fakes:
        answers = everything_at(Cas(good.caller, good.path, fake), file)
        assert {answer.status for answer in answers} == {401}, fake
    for header in ("", "Bearer", "Bearer  ", f"Basic {good.token}", f"bearer{good.token}"):
        assert (
            good.caller(
                "GET", f"{good.path}{FILES[0]}/{file.file_hash}", None, {"Authorization": header}
            ).status
            == 401
        )
    assert (
        good.caller("GET", f"{good.path}{FILES[0]}/{file.file_hash}?token={good.token}").status
        == 401
    )
    assert good("GET", f"{FILES[0]}/{file.file_hash}").status == 200


def test_addresses_of_records_are_for_one_piece_of_one_xorb(
    target: Target, private: tuple[str, Known, Known], mallorys: str
) -> None:
    """The signed address of a part of a file: no other xorb, no byte more, nobody else's."""
    repo, file, small = private
    olga, anybody = target.user("olga"), target.caller()
    cas = cas_of(target, olga, repo, "read")
    plan = cas("GET", f"{FILES[1]}/{file.file_hash}", None, Range="bytes=300000-500000").json()
    fetch = plan["fetch_info"][file.packed.key][0]
    first, last = fetch["url_range"]["start"], fetch["url_range"]["end"]
    path = path_of(fetch["url"])
    assert first > 0
    whole = anybody("GET", path, None, {"Range": f"bytes={first}-{last}"})
    assert (whole.status, len(whole.body)) == (206, last - first + 1)
    assert anybody("GET", path).body == whole.body
    beyond = [
        f"{first - 1}-{last}",
        f"{first}-{last + 1}",
        "0-9",
        f"0-{first - 1}",
        f"{last + 1}-",
        "-1",
        "0-",
        f"{first}-",
    ]
    for some in beyond:
        answer = anybody("GET", path, None, {"Range": f"bytes={some}"})
        assert answer.status in {403, 416}, some
        assert len(answer.body) < 400
    for condition in ('"other"', "Fri, 27 Nov 2026 00:00:00 GMT", f'W/"{file.packed.key}"'):
        given = {"Range": f"bytes={first}-{first + 5}", "If-Range": condition}
        assert anybody("GET", path, None, given).body == whole.body, "a false condition gives more"
    several = {"Range": f"bytes={first}-{first + 5},0-5"}
    assert anybody("GET", path, None, several).status == 403
    signature = path.partition("signature=")[2]
    others = [
        path.replace(file.packed.key, small.packed.key),
        path.replace(file.packed.key, ABSENT.packed.key),
        path.replace(file.packed.key, file.packed.key.upper()),
        path.replace(signature, signature[:-2] + "AA"),
        path.partition("?")[0],
        path.partition("?")[0] + "?signature=",
        path + "&signature=x",
    ]
    for other in others:
        assert anybody("GET", other).status in {400, 403}, other
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert anybody(method, path).status == 404
    facts = json.loads(base64.urlsafe_b64decode(signature.partition(".")[0] + "=="))
    assert "hf_" not in json.dumps(facts), "an address carries no secret"


# --- rights that end --------------------------------------------------------------------------


def leave_by_revoking(target: Target, name: str, value: str) -> None:
    target.revoke(name, value)


def leave_by_disabling(target: Target, name: str, value: str) -> None:
    swell(target.data, "user", "disable", name)


def leave_by_removal(target: Target, name: str, value: str) -> None:
    swell(target.data, "org", "remove-member", "works", name)


def leave_by_demotion(target: Target, name: str, value: str) -> None:
    swell(target.data, "org", "set-role", "works", name, "read")


@pytest.mark.parametrize(
    ("name", "leave"),
    [
        ("len", leave_by_revoking),
        ("lea", leave_by_disabling),
        ("leo", leave_by_removal),
        ("liz", leave_by_demotion),
    ],
)
def test_a_right_that_ended_opens_nothing_from_that_moment(
    target: Target, name: str, leave: Callable[[Target, str, str], None]
) -> None:
    """Tokens and addresses that were given out while somebody belonged to the organisation, used
    in the second after that ended: for reading and for writing."""
    value = target.token(name)
    caller, olga, anybody = target.caller(bearer(value)), target.user("olga"), target.caller()
    repo = target.repository(olga, "works", "internal", private=True)
    file = known(200_000, f"internal {name}")
    write, read = (cas_of(target, caller, repo, scope) for scope in ("write", "read"))
    send(write, file.packed, file.sha256)
    assert commit(caller, repo, large("m.bin", file.sha256, len(file.content))).status == 200
    plan = read("GET", f"{FILES[1]}/{file.file_hash}").json()
    records = path_of(plan["fetch_info"][file.packed.key][0]["url"])
    lfs = batch(caller, repo, "download", (file.sha256, len(file.content))).json()["objects"][0]
    download = path_of(lfs["actions"]["download"]["href"])
    upload = batch(caller, repo, "upload", ("5" * 64, 5)).json()["objects"][0]["actions"]
    assert {anybody("GET", path).status for path in (records, download)} == {206, 200}
    reads_on = leave is leave_by_demotion

    leave(target, name, value)

    began = time.monotonic()
    reading = [answer.status for answer in everything_at(read, file)[:3]]
    reading += [anybody("GET", path).status for path in (records, download)]
    reading.append(caller("GET", f"/api/models/{repo}/xet-read-token/main").status)
    writing = [answer.status for answer in everything_at(write, file)[3:]]
    writing.append(anybody("PUT", path_of(upload["upload"]["href"]), b"12345").status)
    writing.append(
        caller.json("POST", path_of(upload["verify"]["href"]), {"oid": "5" * 64, "size": 5}).status
    )
    writing.append(caller("GET", f"/api/models/{repo}/xet-write-token/main").status)
    writing.append(commit(caller, repo, large("again.bin", file.sha256, len(file.content))).status)
    assert time.monotonic() - began < 5
    if reads_on:
        # Who only reads may still propose, and send content for that; nothing goes to main, and
        # nothing into the namespace's domain.
        assert writing == [403, 403, 403, 422, 404, 200, 403]
        assert reading[3:] == [206, 200, 200]
    else:
        assert set(writing) | set(reading) <= {401, 403, 404}, (writing, reading)


def test_a_gate_hides_the_hashes_of_files(target: Target) -> None:
    """Outside the gate one sees that files are there, but no hash that Xet would take."""
    olga, stranger = target.user("olga"), target.user("stig")
    repo = target.repository(olga, "olga", "gated")
    file = known(300_000, "gated")
    send(cas_of(target, olga, repo, "write"), file.packed, file.sha256)
    assert commit(olga, repo, large("m.bin", file.sha256, len(file.content))).status == 200
    assert olga.json("PUT", f"/api/models/{repo}/settings", {"gated": "manual"}).status == 200
    form = b"paths=m.bin&expand=true"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for caller in (stranger, target.caller()):
        seen = [
            caller("GET", f"/api/models/{repo}?blobs=true"),
            caller("GET", f"/api/models/{repo}/tree/main?expand=true&recursive=true"),
            caller("POST", f"/api/models/{repo}/paths-info/main", form, kind),
            caller("HEAD", f"/{repo}/resolve/main/m.bin"),
            caller("GET", f"/{repo}/blob/main/m.bin"),
            caller("GET", f"/{repo}/tree/main"),
            caller("GET", f"/{repo}"),
            caller("GET", f"/api/models/{repo}/xet-read-token/main"),
            batch(caller, repo, "download", (file.sha256, len(file.content))),
        ]
        for answer in seen:
            assert file.file_hash not in answer.text + str(answer.headers)
            assert file.content[:40] not in answer.body
        assert {answer.status for answer in seen[-2:]} <= {401, 403}
