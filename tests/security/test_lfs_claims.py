"""S9: the object that somebody else sent.

The story: a forge keeps an object once, whoever sends it. Mallory learns the sha256 of a file in a
private repository (from a log, a lock file, a model card). She asks her own repository to take an
object of that hash; the forge finds it in the store, says "already there", links it, and she
downloads what she never had. Gitea (CVE-2026-28740), Gogs (GHSA-6p9m-q3jp-47h4) and others gave
files away like this. The quieter half of the attack only asks *whether* somebody has the object.

Here three users act, each with the right to write somewhere, in a private and in a public
repository, through every way by which a hash can be named. Each way is tried twice: with the hash
of the private object and with one that nobody has. No answer may differ, and nothing may be read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.security.packs import Pack, accepted, push_new
from tests.security.target import (
    MIB,
    Answer,
    Caller,
    Target,
    batch,
    bearer,
    commit,
    csrf_in,
    large,
    ndjson,
    noise,
    path_of,
    pointer_to,
    publish,
    regular,
    send_large,
    sha256_of,
)

SIZE = MIB + 17
SECRET = noise(SIZE, "the private file")
THEIRS = sha256_of(SECRET)
NOBODYS = sha256_of(noise(SIZE, "nobody has this"))
MULTIPART = 5_000_000_000  # objects of that size are asked for in parts


@dataclass(frozen=True)
class Scene:
    """An attacker, and where she may write (or, as a stranger to it, propose)."""

    target: Target
    caller: Caller
    browser: Caller
    name: str
    repo: str
    own: str  # another repository of hers


@pytest.fixture(scope="module")
def secret(target: Target) -> str:
    """Olga's private repository with the object, here for the whole file."""
    olga = target.user("olga")
    repo = target.repository(olga, "olga", "secret", private=True)
    assert publish(olga, repo, "model.bin", SECRET) == THEIRS
    assert olga("GET", f"/{repo}/resolve/main/model.bin").body == SECRET
    return repo


def _scene(target: Target, who: str, visibility: str) -> Scene:
    owners = {"stranger": "mallory", "colleague": "wim", "proposer": "stig"}
    name = owners[who]
    caller = target.user(name)
    own = target.repository(caller, name, "own", private=True)
    if who == "proposer":
        # May only propose: to a public repository of the very owner of the secret; where nobody
        # outside may look, to one of his own.
        owner = target.user("olga") if visibility == "public" else caller
        repo = target.repository(
            owner,
            "olga" if visibility == "public" else name,
            "asked",
            private=visibility == "private",
        )
    else:
        namespace = "works" if who == "colleague" else name
        repo = target.repository(caller, namespace, "mine", private=visibility == "private")
    return Scene(target, caller, target.sign_in(name), name, repo, own)


def download(scene: Scene, sha256: str) -> list[Answer]:
    return [batch(scene.caller, scene.repo, "download", (sha256, SIZE))]


def offer(scene: Scene, sha256: str) -> list[Answer]:
    """The batch that asks what need not be sent: with the right size and with a wrong one."""
    answers = [
        batch(scene.caller, scene.repo, "upload", (sha256, size)) for size in (SIZE, SIZE + 1)
    ]
    for answer in answers:
        assert "upload" in answer.json()["objects"][0]["actions"], "an object that is to be sent"
    return answers


def verify(scene: Scene, sha256: str) -> list[Answer]:
    told = batch(scene.caller, scene.repo, "upload", (sha256, SIZE)).json()["objects"][0]
    href = path_of(told["actions"]["verify"]["href"])
    return [scene.caller.json("POST", href, {"oid": sha256, "size": SIZE})]


def other_bytes(scene: Scene, sha256: str) -> list[Answer]:
    """Sending something else under that hash, whole, empty and cut off."""
    told = batch(scene.caller, scene.repo, "upload", (sha256, SIZE)).json()["objects"][0]
    href = path_of(told["actions"]["upload"]["href"])
    return [scene.caller("PUT", href, body) for body in (noise(SIZE, "wrong"), b"", SECRET[:1000])]


def multipart(scene: Scene, sha256: str) -> list[Answer]:
    told = batch(
        scene.caller, scene.repo, "upload", (sha256, MULTIPART), transfers=("basic", "multipart")
    )
    assert told.json()["transfer"] == "multipart"
    action = told.json()["objects"][0]["actions"]["upload"]
    count = sum(name.isdigit() for name in action["header"])
    parts = [{"partNumber": number, "etag": "x"} for number in range(1, count + 1)]
    ends = [
        scene.caller.json("POST", path_of(action["href"]), {"oid": sha256, "parts": some})
        for some in ([], parts)
    ]
    return [told, *ends]


def through_xet(scene: Scene, sha256: str) -> list[Answer]:
    return [batch(scene.caller, scene.repo, "upload", (sha256, SIZE), transfers=("xet", "basic"))]


def commit_pointer(scene: Scene, sha256: str) -> list[Answer]:
    query = "?create_pr=1" if scene.name == "stig" else ""
    return [
        commit(scene.caller, scene.repo, large("stolen.bin", sha256, SIZE), query=query),
        commit(
            scene.caller, scene.repo, regular("stolen.bin", pointer_to(sha256, SIZE)), query=query
        ),
    ]


def propose_pointer(scene: Scene, sha256: str) -> list[Answer]:
    """To the ref of a pull request, new and there already."""
    opened = commit(scene.caller, scene.repo, regular("note.txt", b"hello"), query="?create_pr=1")
    assert opened.status == 200, opened.text
    number = opened.json()["pullRequestUrl"].rpartition("/")[2]
    new = commit(scene.caller, scene.repo, large("stolen.bin", sha256, SIZE), query="?create_pr=1")
    onto = commit(
        scene.caller, scene.repo, large("stolen.bin", sha256, SIZE), ref=f"refs%2Fpr%2F{number}"
    )
    return [new, onto]


def push_pointer(scene: Scene, sha256: str) -> list[Answer]:
    pack = Pack()
    made = pack.file_commit(b"stolen.bin", pointer_to(sha256, SIZE))
    answer = push_new(scene.caller, scene.repo, made, pack)
    assert not accepted(answer), answer.text
    return [answer]


def web_pointer(scene: Scene, sha256: str) -> list[Answer]:
    """A pointer's text as a file of the upload form."""
    page = scene.browser("GET", f"/{scene.repo}/upload/main").text
    fields = {"csrf": csrf_in(page), "folder": "", "summary": "s", "how": "propose"}
    boundary = b"bOuNdArY"
    body = b"".join(
        b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        % (boundary, name.encode(), value.encode())
        for name, value in fields.items()
    )
    body += (
        b'--%s\r\nContent-Disposition: form-data; name="file"; filename="stolen.bin"\r\n' % boundary
    )
    body += b"Content-Type: text/plain\r\n\r\n%s\r\n--%s--\r\n" % (
        pointer_to(sha256, SIZE),
        boundary,
    )
    kind = {"Content-Type": "multipart/form-data; boundary=bOuNdArY"}
    return [scene.browser("POST", f"/{scene.repo}/upload/main", body, kind)]


def first_files(scene: Scene, sha256: str) -> list[Answer]:
    """A pointer among the files that a new repository begins with."""
    content = pointer_to(sha256, SIZE).decode()
    body = {"name": f"{scene.name}/{scene.target.new_name('begun')}", "private": True}
    body["files"] = [{"path": "stolen.bin", "content": content, "encoding": "utf-8"}]  # type: ignore[assignment]
    answer = scene.caller.json("POST", "/api/repos/create", body)
    assert answer.code == "InvalidCommit", answer.text
    return [answer]


def copy_between(scene: Scene, sha256: str) -> list[Answer]:
    """A copy of a file from one repository to another, as clients make it: the hash, then the
    commit that names it."""
    target = {"type": "model", "name": scene.own}
    body = {
        "target": target,
        "files": [{"sha256": sha256, "filename": "stolen.bin", "xetHash": "0" * 64}],
    }
    given = scene.caller.json("POST", f"/api/models/{scene.repo}/lfs-files/duplicate", body)
    assert given.json()["failed"], given.text
    return [given, commit(scene.caller, scene.own, large("stolen.bin", sha256, SIZE))]


def delete_large(scene: Scene, sha256: str) -> list[Answer]:
    body = {"deletions": {"sha": [sha256], "rewriteHistory": False}}
    return [scene.caller.json("POST", f"/api/models/{scene.own}/lfs-files/batch", body)]


def foreign_address(scene: Scene, sha256: str) -> list[Answer]:
    """The signed address of an own object, with that hash in its place."""
    own = send_large(scene.caller, scene.own, b"my own large file " * 100)
    assert commit(scene.caller, scene.own, large("own.bin", own, 1800)).status == 200
    told = batch(scene.caller, scene.own, "download", (own, 1800)).json()["objects"][0]
    href = path_of(told["actions"]["download"]["href"])
    return [scene.caller("GET", href.replace(own, sha256))]


WAYS: list[Callable[[Scene, str], list[Answer]]] = [
    download,
    offer,
    verify,
    other_bytes,
    multipart,
    through_xet,
    commit_pointer,
    propose_pointer,
    push_pointer,
    web_pointer,
    first_files,
    copy_between,
    delete_large,
    foreign_address,
]


def shape(answer: Answer, sha256: str) -> tuple[int, str | None, str]:
    """Everything an answer tells, but for the hash itself and what is fresh in each answer."""
    text = answer.text.replace(sha256, "<sha256>")
    text = re.sub(r"signature=[A-Za-z0-9_.-]+", "signature=<s>", text)
    text = re.sub(r'"X-Xet-(Access-Token|Session-Id|Token-Expiration)":"[^"]*"', "<fresh>", text)
    text = re.sub(r'name="csrf" value="[^"]*"', "<csrf>", text)
    text = re.sub(r"[0-9a-f]{24,64}", "<id>", text)
    text = re.sub(r"(begun|thing)-\d+", "<name>", text)
    text = re.sub(r"(pr|discussions)/\d+", r"\1/<n>", text)
    return answer.status, answer.code, re.sub(r'"expires_at":"[^"]*"', "<expiry>", text)


@pytest.mark.parametrize("visibility", ["private", "public"])
@pytest.mark.parametrize("who", ["stranger", "colleague", "proposer"])
def test_a_hash_buys_nothing_and_tells_nothing(
    target: Target, secret: str, who: str, visibility: str
) -> None:
    scene = _scene(target, who, visibility)
    for way in WAYS:
        theirs, nobodys = way(scene, THEIRS), way(scene, NOBODYS)
        told = [shape(answer, THEIRS) for answer in theirs]
        assert told == [shape(answer, NOBODYS) for answer in nobodys], way.__name__
        assert not any(SECRET[:64] in answer.body for answer in theirs), way.__name__
    for repo in (scene.repo, scene.own):
        found = batch(scene.caller, repo, "download", (THEIRS, SIZE)).json()["objects"][0]
        assert found["error"]["code"] == 404
        refs = scene.caller("GET", f"/api/models/{repo}/refs?include_pull_requests=1").json()
        for ref in [*refs["branches"], *refs.get("pullRequests", [])]:
            path = f"/{repo}/resolve/{ref['ref'].replace('/', '%2F')}/stolen.bin"
            assert scene.caller("GET", path).code == "EntryNotFound", ref
    # Nor did anything of this hurt whose object it is.
    assert target.user("olga")("GET", f"/{secret}/resolve/main/model.bin").body == SECRET


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
