"""Real git against a live hub: clone, shallow and partial clone, push, refusals, redirects."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.stage import client_environment
from tests.live import LiveHub, token_of

Git = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def git(live_hub: LiveHub, tmp_path: Path) -> Git:
    """Runs git in ``tmp_path``; ``ok=False`` when it must fail."""
    environment = client_environment(live_hub, tmp_path / "home")

    (tmp_path / "home").mkdir()

    def run(*arguments: str, at: str = ".", ok: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["git", *arguments],
            cwd=tmp_path / at,
            env=environment,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        told = f"git {arguments}\n{done.stdout}\n{done.stderr}"
        assert (done.returncode == 0) == ok, told
        return done

    return run


def call(hub: LiveHub, method: str, path: str, body: dict, who: str = "ada") -> dict:
    request = urllib.request.Request(
        hub.url + path,
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {token_of(who)}", "Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request) as answer:
        data = answer.read()
    return json.loads(data) if data.strip().startswith(b"{") else {}


@pytest.fixture
def model(live_hub: LiveHub, request: pytest.FixtureRequest) -> str:
    name = "git-" + request.node.name.removeprefix("test_").replace("_", "-")[:60]
    call(live_hub, "POST", "/api/repos/create", {"name": name})
    return f"ada/{name}"


def url(hub: LiveHub, repository: str, who: str | None = "ada") -> str:
    login = f"{who}:{token_of(who)}@" if who else ""
    return hub.url.replace("http://", f"http://{login}") + f"/{repository}"


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_clone_commit_push_and_clone_again(
    live_hub: LiveHub, git: Git, model: str, tmp_path: Path
) -> None:
    git("clone", url(live_hub, model), "work")
    for number in range(30):
        write(tmp_path / f"work/dir{number % 3}/f{number}.txt", f"{number}\n".encode())
    git("add", ".", at="work")
    git("commit", "-qm", "thirty files", at="work")
    git("push", at="work")
    head = git("rev-parse", "HEAD", at="work").stdout.strip()
    info = call(live_hub, "GET", f"/api/models/{model}", {})
    assert info["sha"] == head
    for flags in ([], ["--depth=1"], ["--filter=blob:none"], ["-c", "protocol.version=0"],
                  ["-c", "protocol.version=1"]):  # fmt: skip
        target = "again" + str(abs(hash(tuple(flags))))
        git("clone", *flags, url(live_hub, f"{model}.git", None), target)
        assert git("rev-parse", "HEAD", at=target).stdout.strip() == head
        assert (tmp_path / target / "dir2/f29.txt").read_bytes() == b"29\n"
        git("fsck", "--strict", at=target)


def test_branches_tags_and_force(live_hub: LiveHub, git: Git, model: str, tmp_path: Path) -> None:
    git("clone", url(live_hub, model), "work")
    write(tmp_path / "work/a", b"a\n")
    git("add", ".", at="work")
    git("commit", "-qm", "a", at="work")
    git("tag", "-am", "first", "v1", at="work")
    git("tag", "light", at="work")
    git("push", "--atomic", "origin", "main", "main:refs/heads/topic/x", "v1", "light", at="work")
    listed = git("ls-remote", url(live_hub, model, None)).stdout
    assert {line.split()[1] for line in listed.splitlines()} >= {
        "refs/heads/main", "refs/heads/topic/x", "refs/tags/v1", "refs/tags/v1^{}",
        "refs/tags/light",
    }  # fmt: skip
    git("commit", "--amend", "-qm", "b", at="work")
    assert "rejected" in git("push", "origin", "main", at="work", ok=False).stderr
    git("push", "-f", "origin", "main", at="work")
    git("push", "origin", ":topic/x", ":light", at="work")
    said = git("push", "origin", ":main", at="work", ok=False).stderr
    assert "Cannot delete refs/heads/main" in said


def test_large_and_dangling_files_are_refused_with_advice(
    live_hub: LiveHub, git: Git, model: str, tmp_path: Path
) -> None:
    git("clone", url(live_hub, model), "work")
    before = git("rev-parse", "HEAD", at="work").stdout
    write(tmp_path / "work/big.txt", os.urandom(11 << 20))
    git("add", ".", at="work")
    git("commit", "-qm", "big", at="work")
    said = git("push", at="work", ok=False).stderr
    assert "git lfs track" in said
    assert "big.txt" in said
    git("rm", "-q", "big.txt", at="work")  # still in the history that is pushed
    git("commit", "-qm", "gone", at="work")
    assert "big.txt" in git("push", at="work", ok=False).stderr
    git("reset", "-q", "--hard", before.strip(), at="work")
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 5\n"
    write(tmp_path / "work/w.txt", pointer.encode())
    git("add", ".", at="work")
    git("commit", "-qm", "dangling", at="work")
    assert "git lfs push --all" in git("push", at="work", ok=False).stderr
    listed = git("ls-remote", url(live_hub, model), "refs/heads/main").stdout
    assert listed.split()[0] == before.strip()


def test_hostile_paths_are_refused_in_a_push(live_hub: LiveHub, git: Git, model: str) -> None:
    """What git itself would take: trees made by hand, without an index that would refuse."""
    git("clone", url(live_hub, model), "work")
    blob = git("hash-object", "-w", "--stdin", at="work").stdout.strip()
    hostile = [
        "..\\x", "C:\\x", "CON", "aux.txt", "a:stream", "dot.", "space ", "new\nline", "esc\x1b",
        "rtl\u202e", "-rf", "x" * 300,
    ]  # fmt: skip
    for number, path in enumerate(hostile):
        tree = subprocess.run(
            ["git", f"--git-dir={git('rev-parse', '--absolute-git-dir', at='work').stdout.strip()}",
             "mktree", "-z"],
            input=f"100644 blob {blob}\t{path}\0", capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
        commit = git("commit-tree", tree, "-m", "x", at="work").stdout.strip()
        said = git("push", "origin", f"{commit}:refs/heads/h{number}", at="work", ok=False).stderr
        assert "Invalid path" in said, (path, said)
    for mode, kind, what in (("160000", "commit", "submodule"), ("120000", "blob", "symbolic")):
        target = git("rev-parse", "HEAD", at="work").stdout.strip()
        if kind == "blob":
            target = subprocess.run(
                ["git", "hash-object", "-w", "--stdin"], input="../../etc/passwd", text=True,
                cwd=git("rev-parse", "--show-toplevel", at="work").stdout.strip(),
                capture_output=True, check=True,
            ).stdout.strip()  # fmt: skip
        tree = subprocess.run(
            ["git", "mktree"], input=f"{mode} {kind} {target}\tx\n", text=True,
            cwd=git("rev-parse", "--show-toplevel", at="work").stdout.strip(),
            capture_output=True, check=True,
        ).stdout.strip()  # fmt: skip
        commit = git("commit-tree", tree, "-m", "x", at="work").stdout.strip()
        said = git("push", "origin", f"{commit}:refs/heads/s{mode}", at="work", ok=False).stderr
        assert what in said


def test_who_may_push(live_hub: LiveHub, git: Git, model: str, tmp_path: Path) -> None:
    git("clone", url(live_hub, model, None), "work")
    write(tmp_path / "work/a", b"a\n")
    git("add", ".", at="work")
    git("commit", "-qm", "a", at="work")
    assert "could not read Username" in git("push", at="work", ok=False).stderr
    said = git("push", url(live_hub, model, "eve"), "main", at="work", ok=False).stderr
    assert "remote rejected" in said
    said = git("push", url(live_hub, model, "eve"), "main:refs/pr/1", at="work", ok=False).stderr
    assert "open a pull request first" in said
    body = {"title": "t", "description": "", "pullRequest": True}
    number = call(live_hub, "POST", f"/api/models/{model}/discussions", body, "eve")["num"]
    git("push", url(live_hub, model, "eve"), f"main:refs/pr/{number}", at="work")
    git("commit", "--allow-empty", "-qm", "b", at="work")
    target = f"main:refs/pr/{number}"
    said = git("push", url(live_hub, model, "bob"), target, at="work", ok=False).stderr
    assert "You do not have the right" in said
    git("push", url(live_hub, model), target, at="work")  # whoever may write may help
    listed = git("ls-remote", url(live_hub, model), f"refs/pr/{number}").stdout
    assert listed.split()[0] == git("rev-parse", "HEAD", at="work").stdout.strip()


def test_private_repositories_ask_for_a_name_and_moved_ones_redirect(
    live_hub: LiveHub, git: Git, model: str, tmp_path: Path
) -> None:
    call(live_hub, "PUT", f"/api/models/{model}/settings", {"private": True})
    assert "could not read Username" in git("clone", url(live_hub, model, None), ok=False).stderr
    missing = git("clone", url(live_hub, "ada/never-was", None), ok=False).stderr
    assert "could not read Username" in missing
    assert "not found" in git("clone", url(live_hub, model, "eve"), ok=False).stderr
    moved = model + "-moved"
    call(live_hub, "POST", "/api/repos/move", {"fromRepo": model, "toRepo": moved})
    git("clone", url(live_hub, f"{model}.git"), "work")
    write(tmp_path / "work/a", b"a\n")
    git("add", ".", at="work")
    git("commit", "-qm", "a", at="work")
    git("push", at="work")
    listed = git("ls-remote", url(live_hub, moved), "refs/heads/main").stdout
    assert listed.split()[0] == git("rev-parse", "HEAD", at="work").stdout.strip()


def test_an_objectless_claim_reads_nothing(
    live_hub: LiveHub, git: Git, model: str, tmp_path: Path
) -> None:
    """A ref to a commit that only another repository holds is refused (security, fact 2)."""
    other = model + "-secret"
    call(live_hub, "POST", "/api/repos/create", {"name": other.partition("/")[2], "private": True})
    git("clone", url(live_hub, other), "work")
    git("commit", "--allow-empty", "-qm", "secret", at="work")
    git("push", at="work")
    secret = git("rev-parse", "HEAD", at="work").stdout.strip()
    line = f"{'0' * 40} {secret} refs/heads/steal\0 report-status side-band-64k"
    head = f"{len(line) + 4:04x}{line}0000".encode()
    empty_pack = bytes.fromhex("5041434b0000000200000000029d08823bd8a8eab510ad6ac75c823cfd3ed31e")
    request = urllib.request.Request(
        f"{live_hub.url}/{model}/git-receive-pack",
        head + empty_pack,
        {"Authorization": f"Bearer {token_of('ada')}",
         "Content-Type": "application/x-git-receive-pack-request"},
    )  # fmt: skip
    with urllib.request.urlopen(request) as answer:
        said = answer.read()
    assert b"ng refs/heads/steal" in said
    assert "steal" not in git("ls-remote", url(live_hub, model)).stdout


def test_large_files_travel_by_git_lfs(
    live_hub: LiveHub, git: Git, model: str, tmp_path: Path
) -> None:
    content = os.urandom(3 << 20)
    git("lfs", "install", "--skip-repo")
    git("clone", url(live_hub, model), "work")
    write(tmp_path / "work/w.bin", content)
    git("add", ".", at="work")
    git("commit", "-qm", "weights", at="work")
    git("push", at="work")
    git("clone", url(live_hub, model), "again")
    assert (tmp_path / "again/w.bin").read_bytes() == content
    with urllib.request.urlopen(f"{live_hub.url}/{model}/resolve/main/w.bin") as answer:
        assert answer.read() == content


def test_bodies_that_lie_are_refused(live_hub: LiveHub, model: str) -> None:
    """Broken and endless compression, no list of refs, another site's form."""
    zeros = gzip.compress(bytes(200 << 20))
    kind = "application/x-git-upload-pack-request"
    cases = [
        ("git-upload-pack", zeros, kind, "gzip", 413),
        ("git-upload-pack", b"\x1f\x8bnonsense", kind, "gzip", 400),
        ("git-upload-pack", zeros[:1000], kind, "gzip", 400),
        ("git-upload-pack", b"0000", "text/plain", "identity", 400),
        ("git-receive-pack", b"zzzz", "application/x-git-receive-pack-request", "identity", 400),
        ("git-receive-pack", b"00", "application/x-git-receive-pack-request", "identity", 400),
    ]
    for service, body, media_type, encoding, status in cases:
        request = urllib.request.Request(
            f"{live_hub.url}/{model}/{service}",
            body,
            {
                "Authorization": f"Bearer {token_of('ada')}",
                "Content-Type": media_type,
                "Content-Encoding": encoding,
            },
        )
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)
        with caught.value as answer:
            assert answer.status == status, (service, media_type, body[:20])
