"""S9-S11 and the second fact of S14: a fork that reaches what its upstream has closed, or the other
way round.

The story: forges keep the objects of a repository and its forks in one store, to save disk. Git's
protocol gives any object of a store by its hash, and so whoever had a fork read commits of the
upstream that were made after it went private, and commits of deleted forks (Truffle Security's
"cross fork object references", 2024). An empty pack that creates a branch at a foreign hash was
enough to clone it. And where content is stored once, a link that stays, or a claim by hash, does
the same for large files.

Here no fork shares a folder with anything. Each direction is closed in turn: then the hashes of
everything that came later are asked of every door of the side that stayed open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from groundswell.wire.shard import write_shard
from tests.hub.blobs.world import file_of
from tests.security.packs import NO_OBJECT, Pack, accepted, fetch, gives_pack, push
from tests.security.target import (
    Caller,
    Target,
    batch,
    commit,
    large,
    pointer_to,
    regular,
    sha256_of,
    token_of,
)
from tests.security.test_cut_off import git
from tests.security.xet_calls import FILES, Known, cas_of, known, send

SECRET = b"what came after the door was closed"


@dataclass(frozen=True)
class Later:
    """What was committed to a repository after it closed: every name that one may know of it."""

    commit: str
    tree: str
    blob: str
    text: bytes
    file: Known

    @property
    def objects(self) -> tuple[str, str, str]:
        return self.commit, self.tree, self.blob


def fork(caller: Caller, source: str, target: str, **more: object) -> str:
    body = {"repository": target, **more}
    answer = caller.json("POST", f"/api/models/{source}/forks", body)
    assert answer.status == 200, answer.text
    return str(answer.json()["name"])


def close(caller: Caller, repo: str, *, private: bool = True) -> None:
    answer = caller.json("PUT", f"/api/models/{repo}/settings", {"private": private})
    assert answer.status == 200, answer.text


def pair(target: Target, word: str) -> tuple[str, str]:
    """Olga's public repository, with a large file, and Mallory's public fork of it."""
    olga, mallory = target.user("olga"), target.user("mallory")
    up = target.repository(olga, "olga", word)
    shared = known(200_000, f"shared {up}")
    send(cas_of(target, olga, up, "write"), shared.packed, shared.sha256)
    made = commit(olga, up, large("shared.bin", shared.sha256, 200_000), regular("a.txt", b"a"))
    assert made.status == 200, made.text
    below = fork(mallory, up, f"mallory/{up.partition('/')[2]}")
    assert mallory("GET", f"/{below}/resolve/main/shared.bin").body == shared.content
    return up, below


def add_later(target: Target, caller: Caller, repo: str) -> Later:
    """Commit a large file and a small one, and find out the ids of all that makes them."""
    file = known(300_000, f"later {repo}")
    send(cas_of(target, caller, repo, "write"), file.packed, file.sha256)
    text = SECRET + sha256_of(repo.encode()).encode()
    lines = large("later.bin", file.sha256, len(file.content)), regular("later.txt", text)
    made = commit(caller, repo, *lines)
    assert made.status == 200, made.text
    listed = caller("GET", f"/api/models/{repo}/tree/main").json()
    blob = next(each["oid"] for each in listed if each["path"] == "later.txt")
    number = made.json()["commitOid"]
    data = target.data / "repos"
    tree = ""
    for folder in data.glob("*/*.git"):
        done = git(folder, "--git-dir=.", "rev-parse", f"{number}^{{tree}}")
        if done.returncode == 0:
            tree = done.stdout.strip()
    assert tree
    return Later(number, tree, blob, text, file)


def reached(target: Target, caller: Caller, repo: str, later: Later) -> Iterator[str]:
    """The doors of a repository by which somebody gets at what lies in another one."""
    for each in later.objects:
        for version in (0, 2):
            answer = fetch(caller, repo, each, version=version)
            if gives_pack(answer) or SECRET in answer.body:
                yield f"fetch of {each} by version {version}"
        for ref in ("refs/heads/steal", "refs/tags/steal"):
            if accepted(push(caller, repo, [(ref, NO_OBJECT, each)], Pack()), ref):
                yield f"{ref} at {each}"
    for path in ("resolve", "raw", "blob"):
        for name in ("later.txt", "later.bin"):
            answer = caller("GET", f"/{repo}/{path}/{later.commit}/{name}")
            if answer.status < 400:
                yield f"{path} of {name}"
    for path in (f"tree/{later.commit}", f"revision/{later.commit}", f"commits/{later.commit}"):
        if caller("GET", f"/api/models/{repo}/{path}").status < 400:
            yield path
    yield from reached_large(target, caller, repo, later.file)


def reached_large(target: Target, caller: Caller, repo: str, file: Known) -> Iterator[str]:
    """The same for the large file: LFS, commits and pushes that name it, and Xet."""
    size = len(file.content)
    told = batch(caller, repo, "download", (file.sha256, size)).json()["objects"][0]
    if "actions" in told:
        yield "LFS download"
    told = batch(caller, repo, "upload", (file.sha256, size)).json()["objects"][0]
    if "actions" not in told:
        yield "LFS says that it is there"
    if commit(caller, repo, large("mine.bin", file.sha256, size)).status != 422:
        yield "a commit of its hash"
    pack = Pack()
    made = pack.file_commit(b"mine.bin", pointer_to(file.sha256, size))
    if accepted(
        push(caller, repo, [("refs/heads/steal", NO_OBJECT, made)], pack), "refs/heads/steal"
    ):
        yield "a push of its pointer"
    read, write = (cas_of(target, caller, repo, scope) for scope in ("read", "write"))
    for path in FILES:
        answer = read("GET", f"{path}/{file.file_hash}")
        if answer.status < 400 or file.packed.key in answer.text:
            yield f"{path} of its hash"
    shard = write_shard([file_of(file.packed, bytes.fromhex(file.sha256))])
    if write("POST", "/v2/shards", shard).status < 400:
        yield "a shard of its chunks"


def test_a_fork_does_not_reach_what_its_upstream_closed(target: Target) -> None:
    olga, mallory = target.user("olga"), target.user("mallory")
    up, below = pair(target, "closing-up")
    close(olga, up)
    later = add_later(target, olga, up)
    assert list(reached(target, mallory, below, later)) == []
    # Nor by the ways that are for forks: the upstream is as if it had never been.
    assert mallory.json("POST", f"/api/models/{below}/sync", {}).status == 404
    told = mallory("GET", f"/api/models/{below}/comparison")
    assert told.json() == {"upstream": None}
    for path in (f"/{below}", f"/{below}/forks", f"/{below}/tree/main", f"/api/models/{below}"):
        assert up not in mallory("GET", path).text, path
    body = {"title": "t", "pullRequest": True, "from": {"repo": up, "revision": "main"}}
    taken = mallory.json("POST", f"/api/models/{below}/discussions", body)
    assert (taken.status, taken.code) == (404, "RepoNotFound")
    body["from"] = {"repo": f"{up}-not", "revision": "main"}
    absent = mallory.json("POST", f"/api/models/{below}/discussions", body)
    assert (absent.status, absent.code) == (404, "RepoNotFound")
    assert mallory("GET", f"/{below}/contribute").status in {401, 404}
    # What was hers stays hers.
    assert mallory("GET", f"/{below}/resolve/main/shared.bin").status in {200, 302}


def test_an_upstream_does_not_reach_what_a_fork_closed(target: Target) -> None:
    olga, mallory, stig = (target.user(name) for name in ("olga", "mallory", "stig"))
    up, below = pair(target, "closing-below")
    assert olga("GET", f"/api/models/{up}/forks").json()[0]["id"] == below
    close(mallory, below)
    later = add_later(target, mallory, below)
    for caller in (olga, stig):
        if caller is olga:
            assert list(reached(target, caller, up, later)) == []
        assert caller("GET", f"/api/models/{up}/forks").json() == []
        for path in (f"/{up}", f"/{up}/forks"):
            page = caller("GET", path).text
            assert below not in page, path
        assert caller("GET", f"/api/models/{below}/comparison").code == "RepoNotFound"
    body = {"title": "t", "pullRequest": True, "from": {"repo": below, "revision": "main"}}
    told = olga.json("POST", f"/api/models/{up}/discussions", body)
    assert (told.status, told.code) == (404, "RepoNotFound")
    assert mallory("GET", f"/api/models/{up}/forks").json()[0]["id"] == below
    assert mallory("GET", f"/{below}/raw/main/later.txt").body == later.text


def test_opening_again_gives_no_more_than_before(target: Target) -> None:
    """What was committed while both were private stays in the one it was committed to."""
    olga, mallory = target.user("olga"), target.user("mallory")
    up, below = pair(target, "both")
    close(olga, up)
    close(mallory, below)
    ups, belows = add_later(target, olga, up), add_later(target, mallory, below)
    close(mallory, below, private=False)
    assert list(reached(target, mallory, below, ups)) == []
    close(olga, up, private=False)
    assert list(reached(target, olga, up, belows)) == []


def test_a_fork_of_a_private_repository_cannot_be_opened(target: Target) -> None:
    """By nobody who has it: not when it is made, not later, not as a copy of the copy."""
    olga, rita = target.user("olga"), target.user("rita")
    up = target.repository(olga, "works", "inner", private=True)
    assert commit(olga, up, regular("a.txt", SECRET)).status == 200
    body = {"repository": f"rita/{target.new_name('inner')}"}
    for path in ("forks", "duplicate"):
        for more in ({"private": False}, {"visibility": "public"}):
            answer = rita.json("POST", f"/api/models/{up}/{path}", {**body, **more})
            assert answer.status == 403, answer.text
    made = fork(rita, up, body["repository"])
    again = fork(rita, made, f"rita/{target.new_name('inner')}")
    for repo in (made, again):
        assert target.user("stig")("GET", f"/api/models/{repo}").status == 404
        for settings in ({"private": False}, {"visibility": "public"}):
            answer = rita.json("PUT", f"/api/models/{repo}/settings", settings)
            assert answer.status == 403, answer.text
        moved = {"fromRepo": repo, "toRepo": f"rita/{target.new_name('moved')}"}
        assert rita.json("POST", "/api/repos/move", moved).status == 200
        answer = rita.json("PUT", f"/api/models/{moved['toRepo']}/settings", {"private": False})
        assert answer.status == 403, answer.text


def test_a_fork_is_no_way_through_a_gate(target: Target) -> None:
    olga, mallory, stig = (target.user(name) for name in ("olga", "mallory", "stig"))
    up = target.repository(olga, "olga", "gated")
    assert commit(olga, up, regular("a.txt", SECRET)).status == 200
    assert olga.json("PUT", f"/api/models/{up}/settings", {"gated": "manual"}).status == 200
    name = f"mallory/{target.new_name('gated')}"
    for path in ("forks", "duplicate"):
        refused = mallory.json("POST", f"/api/models/{up}/{path}", {"repository": name})
        assert (refused.status, refused.code) == (403, "GatedRepo")
    granted = f"/api/models/{up}/user-access-request/grant"
    assert olga.json("POST", granted, {"user": "mallory"}).status == 200
    made = fork(mallory, up, name)
    assert stig("GET", f"/{made}/raw/main/a.txt").code == "GatedRepo"
    for gated in (False, "auto"):
        answer = mallory.json("PUT", f"/api/models/{made}/settings", {"gated": gated})
        assert answer.status == 403, answer.text
    # The right to the upstream ends, and with it everything new; the copy is hers.
    taken = f"/api/models/{up}/user-access-request/handle"
    body = {"user": "mallory", "status": "rejected", "rejectionReason": "no"}
    assert olga.json("POST", taken, body).status == 200
    assert commit(olga, up, regular("b.txt", SECRET)).status == 200
    assert mallory.json("POST", f"/api/models/{made}/sync", {}).code == "GatedRepo"
    browser = target.browser("mallory")
    page = browser("GET", f"/{made}/contribute")
    assert page.status == 403
    assert mallory("GET", f"/{made}/raw/main/a.txt").body == SECRET


def test_a_refused_proposal_leaves_nothing_behind(target: Target) -> None:
    """Who only reads a private fork publishes nothing of it, not even for a moment."""
    olga, rita = target.user("olga"), target.user("rita")
    up = target.repository(olga, "olga", "asked")
    assert commit(olga, up, regular("a.txt", b"a")).status == 200
    below = fork(olga, up, f"works/{target.new_name('asked')}", private=True)
    later = add_later(target, olga, below)
    body = {"title": "t", "pullRequest": True, "from": {"repo": below, "revision": "main"}}
    refused = rita.json("POST", f"/api/models/{up}/discussions", body)
    assert refused.status == 403, refused.text
    assert list(reached(target, olga, up, later)) == []
    assert olga("GET", f"/api/models/{up}/discussions").json()["count"] == 0
    # Olga may. From then on it is as public as the upstream; where it came from is not told.
    told = olga.json("POST", f"/api/models/{up}/discussions", body)
    assert told.status == 200, told.text
    stig = target.user("stig")
    answer = stig("GET", f"/{up}/raw/refs%2Fpr%2F{told.json()['num']}/later.txt")
    assert answer.body == later.text
    for path in (f"/{up}/discussions/{told.json()['num']}", f"/api/models/{up}/discussions"):
        assert below not in stig("GET", path).text
    assert below not in stig("GET", f"/{up}/discussions/{told.json()['num']}/files").text


def test_a_fork_of_main_has_nothing_of_other_branches(target: Target) -> None:
    olga, mallory = target.user("olga"), target.user("mallory")
    up = target.repository(olga, "olga", "branches")
    assert commit(olga, up, regular("a.txt", b"a")).status == 200
    number = olga.json(
        "POST", f"/api/models/{up}/discussions", {"title": "t", "pullRequest": True}
    ).json()["num"]
    made = commit(olga, up, regular("pr.txt", SECRET), ref=f"refs%2Fpr%2F{number}")
    assert made.status == 200, made.text
    below = fork(mallory, up, f"mallory/{target.new_name('branches')}", allBranches=True)
    assert gives_pack(fetch(mallory, up, made.json()["commitOid"]))
    assert not gives_pack(fetch(mallory, below, made.json()["commitOid"]))


@pytest.mark.parametrize("role", ["read", "fine-grained"])
def test_a_limited_token_makes_no_fork(target: Target, role: str) -> None:
    olga = target.user("olga")
    up = target.repository(olga, "olga", "limited")
    own = target.repository(target.user("mallory"), "mallory", "limited")
    token = token_of("mallory", "read")
    if role == "fine-grained":
        token = target.token("mallory", "write", f"{own} write")
    caller = target.caller({"Authorization": f"Bearer {token}"})
    body = {"repository": f"mallory/{target.new_name('limited')}"}
    assert caller.json("POST", f"/api/models/{up}/forks", body).status == 403
