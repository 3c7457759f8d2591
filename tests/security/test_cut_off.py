"""S14, first fact: protocol v2 gives any object of a repository by its hash, whatever refs say.

The story: a key is pushed by mistake, the branch is deleted, the page says "deleted". Who noted the
hash (from a log, an event, a pull request) fetches it for years: git's settings against that are
not asked by version 2 of its protocol, and so hiding a ref hides a name. What counts is that the
object is gone from the folder.

An unmodified git fetches a commit by its hash from a hub at work, before and after each way to cut
it off; then its tree and its file. Neither version of the protocol gives any of them a little later.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.security.packs import NO_OBJECT, Pack, accepted, push
from tests.security.target import Caller, Target, commit, regular, token_of

SOON_SECONDS = 90


def git(folder: Path, *arguments: str, name: str | None = None) -> subprocess.CompletedProcess[str]:
    """git as somebody has it who signed in, or did not."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment = {**kept, "HOME": str(folder), "GIT_TERMINAL_PROMPT": "0"}
    helper = ["-c", "credential.helper="]
    if name is not None:
        text = f"!f() {{ echo username={name}; echo password={token_of(name)}; }}; f"
        helper += ["-c", f"credential.helper={text}"]
    return subprocess.run(
        ["git", *helper, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def gets(target: Target, folder: Path, repo: str, sha: str, version: int, name: str | None) -> bool:
    """Whether git fetches that object into an empty folder."""
    place = folder / f"{sha}-{version}-{time.monotonic_ns()}"
    place.mkdir()
    git(place, "init", "-q", ".")
    url = f"{target.url}/{repo}"
    done = git(place, "-c", f"protocol.version={version}", "fetch", "-q", url, sha, name=name)
    there = git(place, "cat-file", "-e", sha).returncode == 0
    assert there is (done.returncode == 0), done.stderr
    if not there:
        said = done.stderr.lower()
        assert "not our ref" in said or "unadvertised object" in said, done.stderr
    return there


Cut = Callable[[Caller, str, str, str], None]


def by_api(olga: Caller, repo: str, base: str, made: str) -> None:
    assert olga("DELETE", f"/api/models/{repo}/branch/oops").status == 200


def by_pushed_deletion(olga: Caller, repo: str, base: str, made: str) -> None:
    ref = "refs/heads/oops"
    assert accepted(
        push(olga, repo, [(ref, made, NO_OBJECT)], b"", "report-status delete-refs"), ref
    )


def by_force(olga: Caller, repo: str, base: str, made: str) -> None:
    ref = "refs/heads/oops"
    assert accepted(push(olga, repo, [(ref, made, base)], Pack()), ref)


def by_squash(olga: Caller, repo: str, base: str, made: str) -> None:
    """One commit with a tree without the file: it was deleted before."""
    assert commit(olga, repo, ("deletedFile", {"path": "secret"}), ref="oops").status == 200
    assert olga.json("POST", f"/api/models/{repo}/super-squash/oops", {}).status == 200


def by_proposal(olga: Caller, repo: str, base: str, made: str) -> None:
    """A pull request that was moved back, when its branch is gone already."""
    opened = commit(olga, repo, regular("note", b"x"), query="?create_pr=1").json()
    number = opened["pullRequestUrl"].rpartition("/")[2]
    ref, old = f"refs/pr/{number}", opened["commitOid"]
    assert accepted(push(olga, repo, [(ref, old, made)], Pack()), ref)
    by_api(olga, repo, base, made)
    assert accepted(push(olga, repo, [(ref, made, old)], Pack()), ref)


def by_tag(olga: Caller, repo: str, base: str, made: str) -> None:
    """The branch goes first; a tag holds it until that goes."""
    assert olga.json("POST", f"/api/models/{repo}/tag/oops", {"tag": "v1"}).status == 200
    by_api(olga, repo, base, made)
    assert olga("DELETE", f"/api/models/{repo}/tag/v1").status == 200


CUTS = (by_api, by_pushed_deletion, by_force, by_squash, by_proposal, by_tag)


@dataclass(frozen=True)
class Lost:
    """What was cut off in one repository, and what is left there. ``reader`` may read it."""

    what: str
    repo: str
    base: str
    objects: tuple[str, str, str]
    reader: str | None


def lost_by(target: Target, folder: Path, cut: Cut, *, private: bool) -> Lost:
    """A repository with something cut off that could be fetched until then."""
    olga = target.user("olga")
    repo = target.repository(olga, "olga", "cut", private=private)
    assert commit(olga, repo, regular("fine", b"fine")).status == 200
    reader = "olga" if private else None
    base = olga("GET", f"/api/models/{repo}").json()["sha"]
    pack, ref = Pack(), "refs/heads/oops"
    blob = pack.blob(f"a password {repo} {cut.__name__}".encode())
    tree = pack.tree((b"100644", b"secret", blob))
    made = pack.commit(tree, base)
    assert accepted(push(olga, repo, [(ref, NO_OBJECT, made)], pack), ref)
    for each in (made, tree, blob):
        assert gets(target, folder, repo, each, 2, reader), "it could never be fetched"
    cut(olga, repo, base, made)
    return Lost(f"{cut.__name__} {repo}", repo, base, (made, tree, blob), reader)


def test_git_gets_nothing_by_its_hash(target: Target, tmp_path: Path) -> None:
    lost = [
        lost_by(target, tmp_path, cut, private=private) for cut in CUTS for private in (False, True)
    ]
    deadline = time.monotonic() + SOON_SECONDS
    for each in lost:
        while gets(target, tmp_path, each.repo, each.objects[0], 2, each.reader):
            assert time.monotonic() < deadline, f"still given: {each.what}"
            time.sleep(1)
    for each in lost:
        for version, sha in itertools.product((0, 2), each.objects):
            assert not gets(target, tmp_path, each.repo, sha, version, each.reader), each
        assert gets(target, tmp_path, each.repo, each.base, 2, each.reader), each.what
        place = f"all {each.what}"
        url = f"{target.url}/{each.repo}"
        done = git(tmp_path, "clone", "-q", "--mirror", url, place, name=each.reader)
        assert done.returncode == 0, done.stderr
        for sha in each.objects:
            assert git(tmp_path / place, "cat-file", "-e", sha).returncode != 0, each


def test_git_of_a_stranger_gets_nothing_of_a_private_proposal(
    target: Target, tmp_path: Path
) -> None:
    """Refs of pull requests lie in the repository that they are for: who may not read it is not
    told that it is there, by any name and any hash."""
    olga = target.user("olga")
    repo = target.repository(olga, "olga", "cut", private=True)
    assert commit(olga, repo, regular("fine", b"fine")).status == 200
    opened = commit(olga, repo, regular("note", b"x"), query="?create_pr=1").json()
    sha = opened["commitOid"]
    assert gets(target, tmp_path, repo, sha, 2, "olga")
    for name in (None, "mallory"):
        for wanted in (sha, "refs/pr/1", "HEAD"):
            git(tmp_path, "init", "-q", ".")
            done = git(tmp_path, "fetch", "-q", f"{target.url}/{repo}", wanted, name=name)
            assert done.returncode != 0
            assert git(tmp_path, "cat-file", "-e", sha).returncode != 0
