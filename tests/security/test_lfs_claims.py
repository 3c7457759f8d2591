"""S9: the object that somebody else sent.

What a hash alone buys at each door is the matrix of `test_foreign_reads.py`, with the story. Here is
what lies around it: sources of copies that must look absent, the one honest way to an object that is
there already, and objects whose repository was deleted or made private.
"""

from __future__ import annotations

import json

import pytest

from tests.security.target import (
    MIB,
    Target,
    batch,
    bearer,
    commit,
    large,
    ndjson,
    noise,
    path_of,
    publish,
    sha256_of,
)

SIZE = MIB + 17
SECRET = noise(SIZE, "the private file")
THEIRS = sha256_of(SECRET)


@pytest.fixture(scope="module")
def secret(target: Target) -> str:
    """Olga's private repository with the object, here for the whole file."""
    olga = target.user("olga")
    repo = target.repository(olga, "olga", "secret", private=True)
    assert publish(olga, repo, "model.bin", SECRET) == THEIRS
    assert olga("GET", f"/{repo}/resolve/main/model.bin").body == SECRET
    return repo


@pytest.mark.parametrize("who", ["mallory", "stig", "rita"])
def test_a_private_source_of_copies_is_not_there(target: Target, secret: str, who: str) -> None:
    """Duplicating it, or copying a file out of it, answers as for a name that nobody has."""
    caller = target.user(who)
    own = target.repository(caller, who, "own")
    absent = f"olga/{target.new_name('absent')}"
    told = []
    for source in (secret, absent):
        name = f"{who}/{target.new_name('copy')}"
        whole = caller.json("POST", f"/api/models/{source}/duplicate", {"repository": name})
        files = [{"sha256": THEIRS, "filename": "m", "xetHash": "0" * 64}]
        body = {"target": {"type": "model", "name": own}, "files": files}
        some = caller.json("POST", f"/api/models/{source}/lfs-files/duplicate", body)
        told.append([(a.status, a.code, a.body) for a in (whole, some)])
        assert caller("GET", f"/api/models/{name}").status == 404
    assert told[0] == told[1]
    assert told[0][0][:2] == (404, "RepoNotFound")


def test_whoever_has_the_bytes_gets_their_own(target: Target, secret: str) -> None:
    """Sending the whole object is the one way, and takes as much as if nobody had it."""
    caller = target.user("mallory")
    repo = target.repository(caller, "mallory", "honest")
    told = batch(caller, repo, "upload", (THEIRS, SIZE)).json()["objects"][0]
    assert caller("PUT", path_of(told["actions"]["upload"]["href"]), SECRET).status == 200
    # For her alone: another account in the same repository still has to send it.
    other = target.user("stig")
    assert "actions" in batch(other, repo, "upload", (THEIRS, SIZE)).json()["objects"][0]
    assert commit(caller, repo, large("mine.bin", THEIRS, SIZE)).status == 200
    assert caller("GET", f"/{repo}/resolve/main/mine.bin").body == SECRET


def test_what_was_deleted_cannot_be_claimed_back(target: Target) -> None:
    """After a repository is deleted its objects are still in the store for a while: for nobody."""
    olga, mallory = target.user("olga"), target.user("mallory")
    repo = target.repository(olga, "olga", "gone")
    content = noise(SIZE, "deleted")
    sha256 = publish(olga, repo, "m.bin", content)
    address = batch(mallory, repo, "download", (sha256, SIZE)).json()["objects"][0]
    href = path_of(address["actions"]["download"]["href"])
    assert mallory("GET", href).body == content
    gone = olga.json(
        "DELETE", "/api/repos/delete", {"name": repo.partition("/")[2], "organization": "olga"}
    )
    assert gone.status == 200, gone.text
    assert mallory("GET", href).status == 403
    own = target.repository(mallory, "mallory", "own")
    assert commit(mallory, own, large("m.bin", sha256, SIZE)).status == 422
    assert (
        batch(mallory, own, "download", (sha256, SIZE)).json()["objects"][0]["error"]["code"] == 404
    )


def test_an_object_of_a_repository_made_private_is_gone_at_once(target: Target) -> None:
    """Addresses that were signed while everybody might read end with that."""
    olga, anybody = target.user("olga"), target.caller()
    repo = target.repository(olga, "olga", "closing")
    sha256 = publish(olga, repo, "m.bin", SECRET[:5000])
    told = batch(anybody, repo, "download", (sha256, 5000)).json()["objects"][0]
    href = path_of(told["actions"]["download"]["href"])
    assert anybody("GET", href).body == SECRET[:5000]
    assert olga.json("PUT", f"/api/models/{repo}/settings", {"private": True}).status == 200
    assert anybody("GET", href).status == 403
    mallory = target.caller(bearer(target.token("mallory")))
    assert mallory("GET", href).status == 403


def test_ndjson_cannot_name_a_copy(target: Target, secret: str) -> None:
    """Lines that other hubs know as copies are no way around: unknown, whatever they name."""
    caller = target.user("mallory")
    own = target.repository(caller, "mallory", "own")
    for key in ("copyFile", "copy", "lfsCopy"):
        value = {"path": "x", "srcPath": "model.bin", "srcRepo": secret, "sourceRepoId": secret}
        body = ndjson(("header", {"summary": "s"}), (key, {**value, "xetHash": THEIRS}))
        answer = caller(
            "POST", f"/api/models/{own}/commit/main", body, {"Content-Type": "application/x-ndjson"}
        )
        assert answer.status == 400, answer.text
    assert json.loads(caller("GET", f"/api/models/{own}/tree/main").body) is not None
