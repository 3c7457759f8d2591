"""S11: access to a gated repository that was taken away and goes on.

The story: somebody is let in, and with that are given tokens, signed addresses and plans of chunks.
Then the right ends: it is taken back, rejected, given up, or its days are over. A hub that asks
only at the beginning of a transfer, or that keeps an answer, goes on serving (CVE-2026-20800,
CVE-2026-20883 are such; Gitea kept the rights of a push, CVE-2026-27775).

Every door by which content leaves is tried before, with what was given out then kept, and after:
at the next request, not a moment later, it refuses. No chore runs in between, and the hub is told
nothing but the decision itself.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.security.target import (
    Answer,
    Caller,
    Target,
    batch,
    bearer,
    commit,
    csrf_in,
    large,
    path_of,
    regular,
    token_of,
)
from tests.security.test_cut_off import gets
from tests.security.xet_calls import FILES, Cas, Known, cas_of, known, send

MASK = "*" * 64
TEXT = b"words for those who are let in"


@dataclass(frozen=True)
class Scene:
    """A gated repository of Olga's, with a large file and a small one, and Stig who was let in."""

    target: Target
    olga: Caller
    stig: Caller
    browser: Caller
    repo: str
    file: Known
    head: str

    def decide(self, verb: str, **body: str) -> None:
        path = f"/api/models/{self.repo}/user-access-request/{verb}"
        answer = self.olga.json("POST", path, {"user": "stig", **body})
        assert answer.status == 200, answer.text


@dataclass(frozen=True)
class Given:
    """What was handed to Stig while he had the right."""

    store: Cas
    download: str
    records: str


def scene_on(target: Target) -> Scene:
    olga, stig = target.user("olga"), target.user("stig")
    repo = target.repository(olga, "olga", "gated")
    file = known(300_000, f"let in {repo}")
    send(cas_of(target, olga, repo, "write"), file.packed, file.sha256)
    lines = large("w.bin", file.sha256, len(file.content)), regular("a.txt", TEXT)
    made = commit(olga, repo, *lines)
    assert made.status == 200, made.text
    assert olga.json("PUT", f"/api/models/{repo}/settings", {"gated": "manual"}).status == 200
    head = made.json()["commitOid"]
    return Scene(target, olga, stig, target.sign_in("stig"), repo, file, head)


def take(scene: Scene) -> Given:
    """Everything that is given out to whoever reads."""
    store = cas_of(scene.target, scene.stig, scene.repo, "read")
    asked = batch(scene.stig, scene.repo, "download", (scene.file.sha256, len(scene.file.content)))
    download = path_of(asked.json()["objects"][0]["actions"]["download"]["href"])
    plan = store("GET", f"{FILES[1]}/{scene.file.file_hash}").json()
    return Given(store, download, path_of(plan["fetch_info"][scene.file.packed.key][0]["url"]))


def doors(scene: Scene, given: Given) -> dict[str, Callable[[], Answer]]:
    """Every call that gives content, or a right to content, or what stands for content."""
    stig, repo = scene.stig, scene.repo
    whole = (scene.file.sha256, len(scene.file.content))
    anybody = scene.target.caller()
    basic = scene.target.caller({"Authorization": "Bearer " + token_of("stig", "read")})
    found: dict[str, Callable[[], Answer]] = {
        "LFS batch": lambda: batch(stig, repo, "download", whole),
        "LFS address": lambda: anybody("GET", given.download),
        "records": lambda: anybody("GET", given.records),
        "Xet token": lambda: stig("GET", f"/api/models/{repo}/xet-read-token/main"),
        "git info": lambda: stig("GET", f"/{repo}/info/refs?service=git-upload-pack"),
        "git fetch": lambda: stig(
            "POST",
            f"/{repo}/git-upload-pack",
            b"0000",
            {"Content-Type": "application/x-git-upload-pack-request"},
        ),
        "auth check": lambda: stig("GET", f"/api/models/{repo}/auth-check"),
        "duplicate": lambda: stig.json(
            "POST",
            f"/api/models/{repo}/duplicate",
            {"repository": scene.target.new_name("stig/copy"), "private": True},
        ),
    }
    for path, revision in itertools.product(("w.bin", "a.txt"), ("main", scene.head)):
        for door, caller in itertools.product(("resolve", "raw"), (stig, basic, scene.browser)):
            where = f"/{repo}/{door}/{revision}/{path}"
            name = f"{door} {revision[:4]} {path} {id(caller)}"
            found[name] = lambda caller=caller, where=where: caller("GET", where)
            found[f"HEAD {name}"] = lambda caller=caller, where=where: caller("HEAD", where)
        page = f"/{repo}/blob/{revision}/{path}"
        found[f"page {revision[:4]} {path}"] = lambda page=page: scene.browser("GET", page)
    for version in FILES:
        place = f"{version}/{scene.file.file_hash}"
        found[f"reconstruction {version}"] = lambda place=place: given.store("GET", place)
    found["commit page"] = lambda: scene.browser("GET", f"/{repo}/commit/{scene.head}")
    return found


def hashes(scene: Scene) -> set[str]:
    """What the lists say that the large file is called by."""
    tree = scene.stig("GET", f"/api/models/{scene.repo}/tree/main").json()
    body = {"paths": ["w.bin"]}
    told = scene.stig.json("POST", f"/api/models/{scene.repo}/paths-info/main", body).json()
    (one,) = [entry for entry in tree if entry["path"] == "w.bin"]
    return {one["lfs"]["oid"], one["xetHash"], told[0]["lfs"]["oid"], told[0]["xetHash"]}


def by_cancelling(scene: Scene) -> None:
    scene.decide("handle", status="pending")


def by_rejecting(scene: Scene) -> None:
    scene.decide("handle", status="rejected", rejectionReason="no more")


def by_giving_up(scene: Scene) -> None:
    page = scene.browser("GET", f"/{scene.repo}").text
    fields = {"csrf": csrf_in(page)}
    assert scene.browser.form(f"/{scene.repo}/withdraw-access", fields).status == 303


def by_its_end(scene: Scene) -> None:
    """Its moment passes: the row says so, nothing else happens."""
    with sqlite3.connect(scene.target.data / "groundswell.db", timeout=20) as database:
        name = scene.repo.partition("/")[2]
        changed = database.execute(
            "UPDATE access_requests SET expires_at = "
            "(CAST(strftime('%s', 'now') AS INTEGER) - 1) * 1000000 "
            "WHERE repository_id = (SELECT id FROM repositories WHERE name = ?)",
            (name,),
        )
        assert changed.rowcount == 1
    database.close()


@pytest.mark.parametrize("end", [by_cancelling, by_rejecting, by_giving_up, by_its_end])
def test_every_door_refuses_at_the_next_request(
    target: Target, tmp_path: Path, end: Callable[[Scene], None], capsys: pytest.CaptureFixture[str]
) -> None:
    scene = scene_on(target)
    names = {scene.file.sha256, scene.file.file_hash}
    assert hashes(scene) == {MASK}
    assert scene.stig("GET", f"/{scene.repo}/resolve/main/w.bin").code == "GatedRepo"
    scene.decide("grant")
    given = take(scene)
    assert hashes(scene) == names
    before = doors(scene, given)
    for door, call in before.items():
        answer = call()
        assert answer.status in {200, 206}, (door, answer.status, answer.text[:200])
    assert gets(target, tmp_path, scene.repo, scene.head, 2, "stig")

    end(scene)

    for door, call in before.items():
        answer = call()
        assert answer.status in {401, 403}, (door, answer.status, answer.text[:200])
        assert TEXT not in answer.body, door
        assert not scene.file.is_in(answer.body), door
        assert not any(name in answer.text for name in names), door
    assert hashes(scene) == {MASK}
    # What git had asked for when it was let in, it is not given any more.
    refused = scene.stig("GET", f"/{scene.repo}/info/refs?service=git-upload-pack")
    assert (refused.status, refused.code) == (403, "GatedRepo")
    # Whoever may go on does.
    assert scene.olga("GET", f"/{scene.repo}/resolve/main/a.txt").body == TEXT
    with capsys.disabled():
        print(f"\n{end.__name__}: 0 of {len(before)} doors open after")


def test_who_asked_is_told_to_those_who_administer_alone(target: Target) -> None:
    """Names, addresses and answers of those who asked stand in no answer to anybody else."""
    scene = scene_on(target)
    page = scene.browser("GET", f"/{scene.repo}").text
    assert csrf_in(page)
    form = page.split('name="form" value="')[1].split('"')[0]
    fields = {"csrf": csrf_in(page), "form": form}
    assert scene.browser.form(f"/{scene.repo}/ask-access", fields).status == 303
    paths = [
        f"/{scene.repo}",
        f"/{scene.repo}/tree/main",
        f"/{scene.repo}/settings/access",
        f"/{scene.repo}/settings/access.csv?status=pending",
        f"/api/models/{scene.repo}",
        f"/api/models/{scene.repo}/user-access-request/pending",
        "/api/models?author=olga&full=true",
        "/api/users/stig/overview",
        "/stig",
    ]
    olga = target.sign_in("olga")
    for path in paths:
        for caller in (target.caller(), target.user("mallory"), target.sign_in("mallory")):
            answer = caller("GET", path)
            assert "stig@example.org" not in answer.text, path
            if "olga" in path:
                assert ">stig<" not in answer.text, path
    told = olga("GET", f"/{scene.repo}/settings/access").text
    assert "stig@example.org" in told
    assert "stig@example.org" in olga("GET", f"/{scene.repo}/settings/access.csv").text
    # And nobody decides through a repository of their own about somebody else's.
    mallory = target.user("mallory")
    own = target.repository(mallory, "mallory", "own")
    assert mallory.json("PUT", f"/api/models/{own}/settings", {"gated": "manual"}).status == 200
    pending = scene.olga("GET", f"/api/models/{scene.repo}/user-access-request/pending").json()
    body = {"requestId": pending[0]["requestId"], "status": "accepted"}
    answer = mallory.json("POST", f"/api/models/{own}/user-access-request/handle", body)
    assert answer.status == 404
    assert scene.stig("GET", f"/{scene.repo}/resolve/main/a.txt").status == 403


def test_a_private_repository_with_a_gate_is_not_there(target: Target) -> None:
    """Also to those whose request was accepted while it was public."""
    scene = scene_on(target)
    scene.decide("grant")
    assert scene.stig("GET", f"/{scene.repo}/resolve/main/a.txt").status == 200
    assert (
        scene.olga.json("PUT", f"/api/models/{scene.repo}/settings", {"private": True}).status
        == 200
    )
    missing = scene.repo + "x"
    csrf = csrf_in(scene.browser("GET", "/settings/profile").text)
    for path in ("ask-access", "withdraw-access"):
        answers = [
            scene.browser.form(f"/{each}/{path}", {"csrf": csrf}) for each in (scene.repo, missing)
        ]
        assert [each.status for each in answers] == [404, 404]
        assert {each.code for each in answers} == {answers[0].code}
    for path in ("", "/user-access-request/pending", "/tree/main"):
        answers = [scene.stig("GET", f"/api/models/{each}{path}") for each in (scene.repo, missing)]
        assert {(each.status, each.code) for each in answers} == {(404, "RepoNotFound")}


def test_a_token_for_another_repository_opens_no_gate(target: Target) -> None:
    """Stig is let in; a token that he made for something else is not."""
    scene = scene_on(target)
    scene.decide("grant")
    own = target.repository(scene.stig, "stig", "own")
    other = target.caller(bearer(target.token("stig", "write", f"{own} write")))
    here = target.caller(bearer(target.token("stig", "write", f"{scene.repo} read")))
    assert other("GET", f"/{scene.repo}/resolve/main/a.txt").code == "GatedRepo"
    assert here("GET", f"/{scene.repo}/resolve/main/a.txt").body == TEXT
