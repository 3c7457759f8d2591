"""Real git: clone, fetch, push, in every protocol it speaks."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.stage import MIB, ask, attempt, client_environment, noise, run
from tests.live import LiveHub, token_of


@pytest.fixture
def ada_git(live_hub: LiveHub, home: Path) -> dict[str, str]:
    """git as Ada has it: her token in a credential helper, as `hf auth login` leaves it."""
    return person(live_hub, home, "ada")


def person(
    hub: LiveHub, home: Path, name: str | None = None, secret: str | None = None
) -> dict[str, str]:
    environment = client_environment(hub, home)
    (home / ".gitconfig").write_text(
        "[init]\n\tdefaultBranch = main\n[credential]\n\thelper = store\n[advice]\n"
        "\tdetachedHead = false\n"
    )
    if name is not None:
        place = hub.url.removeprefix("http://")
        secret = secret or token_of(name)
        (home / ".git-credentials").write_text(f"http://{name}:{secret}@{place}\n")
    return environment


def git(environment: dict[str, str], *arguments: object, cwd: Path | None = None) -> str:
    return run("git", *arguments, env=environment, cwd=cwd).strip()


def git_fails(environment: dict[str, str], *arguments: object, cwd: Path | None = None) -> str:
    done = attempt("git", *arguments, env=environment, cwd=cwd)
    assert done.returncode != 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def put(folder: Path, path: str, content: bytes | str = b"x\n") -> None:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


@pytest.fixture
def filled(hf: Any, ada: Any, repo: str) -> str:
    for number in range(3):
        ada.create_commit(
            repo,
            [
                hf.CommitOperationAdd(f"dir/{number}.txt", b"%d\n" % number),
                hf.CommitOperationAdd("changing.txt", b"version %d\n" % number),
            ],
            commit_message=f"Commit {number}",
        )
    return repo


@pytest.mark.parametrize("version", ["0", "2"])
def test_a_clone_sees_what_the_api_committed(
    version: str, live_hub: LiveHub, ada: Any, filled: str, home: Path, tmp_path: Path
) -> None:
    anonymous = person(live_hub, home)
    work = tmp_path / "work"
    git(anonymous, "-c", f"protocol.version={version}", "clone", f"{live_hub.url}/{filled}", work)
    assert git(anonymous, "rev-parse", "HEAD", cwd=work) == ada.model_info(filled).sha
    assert (work / "changing.txt").read_bytes() == b"version 2\n"
    subjects = git(anonymous, "log", "--format=%s|%an", cwd=work).splitlines()
    assert [line.partition("|")[0] for line in subjects] == [
        "Commit 2",
        "Commit 1",
        "Commit 0",
        "initial commit",
    ]
    assert subjects[0].endswith("|ada")
    git(anonymous, "fsck", "--strict", cwd=work)


def test_shallow_partial_and_single_branch_clones(
    live_hub: LiveHub, ada: Any, filled: str, home: Path, tmp_path: Path
) -> None:
    anonymous = person(live_hub, home)
    url = f"{live_hub.url}/{filled}"
    git(anonymous, "clone", "--depth=1", url, tmp_path / "shallow")
    assert git(anonymous, "rev-list", "--count", "HEAD", cwd=tmp_path / "shallow") == "1"
    git(anonymous, "fetch", "--unshallow", cwd=tmp_path / "shallow")
    assert git(anonymous, "rev-list", "--count", "HEAD", cwd=tmp_path / "shallow") == "4"
    git(anonymous, "clone", "--filter=blob:none", "--no-checkout", url, tmp_path / "partial")
    missing = git(
        anonymous, "rev-list", "--objects", "--all", "--missing=print", cwd=tmp_path / "partial"
    )
    assert "\n?" in missing
    git(anonymous, "checkout", "main", cwd=tmp_path / "partial")
    assert (tmp_path / "partial" / "dir" / "2.txt").read_bytes() == b"2\n"
    ada.create_branch(filled, branch="side")
    git(anonymous, "clone", "--single-branch", "--branch", "side", url, tmp_path / "single")
    assert git(anonymous, "branch", "-r", cwd=tmp_path / "single") == "origin/side"


@pytest.mark.parametrize("suffix", ["", ".git", "/"])
@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_addresses_of_every_kind(
    kind: str,
    suffix: str,
    live_hub: LiveHub,
    new_repo: Callable[..., str],
    home: Path,
    tmp_path: Path,
) -> None:
    name = new_repo(kind)
    prefix = {"model": "", "dataset": "datasets/", "space": "spaces/"}[kind]
    told = git(person(live_hub, home), "ls-remote", f"{live_hub.url}/{prefix}{name}{suffix}")
    assert "refs/heads/main" in told


@pytest.mark.parametrize("version", ["0", "2"])
def test_a_push_is_seen_by_the_api(
    version: str,
    live_hub: LiveHub,
    ada_git: dict[str, str],
    ada: Any,
    hf: Any,
    filled: str,
    tmp_path: Path,
) -> None:
    work = tmp_path / "work"
    git(ada_git, "clone", f"{live_hub.url}/{filled}", work)
    put(work, "pushed/by git.txt", b"pushed\n")
    put(work, "README.md", b"---\nlicense: mit\ntags: [pushed]\n---\n# Pushed\n")
    git(ada_git, "rm", "-q", "changing.txt", cwd=work)
    git(ada_git, "add", "-A", cwd=work)
    git(ada_git, "commit", "-qm", "By git", cwd=work)

    git(ada_git, "-c", f"protocol.version={version}", "push", "origin", "main", cwd=work)

    told = ada.model_info(filled)
    assert told.sha == git(ada_git, "rev-parse", "HEAD", cwd=work)
    assert "pushed" in told.tags
    assert "license:mit" in told.tags
    assert "changing.txt" not in {each.rfilename for each in told.siblings}
    got = ada.hf_hub_download(filled, "pushed/by git.txt")
    with open(got, "rb") as file:
        assert file.read() == b"pushed\n"
    assert ada.list_repo_commits(filled)[0].title == "By git"
    ada.upload_file(path_or_fileobj=b"api\n", path_in_repo="api.txt", repo_id=filled)
    put(work, "late.txt")
    git(ada_git, "add", "-A", cwd=work)
    git(ada_git, "commit", "-qm", "Late", cwd=work)
    assert "rejected" in git_fails(ada_git, "push", "origin", "main", cwd=work)
    git(ada_git, "pull", "-q", "--rebase", cwd=work)
    git(ada_git, "push", "origin", "main", cwd=work)
    assert {"api.txt", "late.txt"} <= set(ada.list_repo_files(filled))


def test_branches_and_tags_travel_both_ways(
    live_hub: LiveHub, ada_git: dict[str, str], ada: Any, filled: str, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    git(ada_git, "clone", f"{live_hub.url}/{filled}", work)
    git(ada_git, "checkout", "-qb", "topic/one", "HEAD~1", cwd=work)
    git(ada_git, "tag", "light", cwd=work)
    git(ada_git, "tag", "-a", "heavy", "-m", "annotated", cwd=work)
    git(ada_git, "push", "origin", "topic/one", "--tags", cwd=work)
    base = git(ada_git, "rev-parse", "HEAD", cwd=work)
    refs = ada.list_repo_refs(filled)
    assert {each.name: each.target_commit for each in refs.branches}["topic/one"] == base
    assert {each.name: each.target_commit for each in refs.tags} == {"light": base, "heavy": base}
    assert ada.model_info(filled, revision="heavy").sha == base
    ada.create_tag(filled, tag="by-api")
    ada.create_branch(filled, branch="by-api")
    git(ada_git, "fetch", "--tags", cwd=work)
    assert "by-api" in git(ada_git, "tag", cwd=work)
    git(ada_git, "push", "origin", "--delete", "topic/one", cwd=work)
    assert "topic/one" not in {each.name for each in ada.list_repo_refs(filled).branches}
    assert "main" in git_fails(ada_git, "push", "origin", "--delete", "main", cwd=work)
    assert ada.revision_exists(filled, "main")


def test_a_forced_push_rewrites_history(
    live_hub: LiveHub, ada_git: dict[str, str], ada: Any, filled: str, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    git(ada_git, "clone", f"{live_hub.url}/{filled}", work)
    git(ada_git, "reset", "-q", "--hard", "HEAD~2", cwd=work)
    assert "rejected" in git_fails(ada_git, "push", "origin", "main", cwd=work)
    git(ada_git, "push", "--force", "origin", "main", cwd=work)
    assert ada.list_repo_commits(filled)[0].title == "Commit 0"


def test_a_large_file_outside_lfs_is_refused_with_advice(
    live_hub: LiveHub, ada_git: dict[str, str], ada: Any, filled: str, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    git(ada_git, "clone", f"{live_hub.url}/{filled}", work)
    before = ada.model_info(filled).sha
    put(work, "large.dat", noise(11 * MIB, "large"))
    git(ada_git, "add", "-A", cwd=work)
    git(ada_git, "commit", "-qm", "Too large", cwd=work)
    git(ada_git, "rm", "-q", "large.dat", cwd=work)
    git(ada_git, "commit", "-qm", "Hide it", cwd=work)
    told = git_fails(ada_git, "push", "origin", "main", cwd=work)
    assert "large.dat" in told
    assert "git lfs" in told
    assert ada.model_info(filled).sha == before
    # Nothing of the refused push stays behind.
    assert not ada.revision_exists(filled, git(ada_git, "rev-parse", "HEAD", cwd=work))


def test_a_pointer_to_nothing_is_refused(
    live_hub: LiveHub, ada_git: dict[str, str], ada: Any, filled: str, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    git(ada_git, "clone", f"{live_hub.url}/{filled}", work)
    put(
        work,
        "ghost.txt",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 12345\n",
    )
    git(ada_git, "add", "-A", cwd=work)
    git(ada_git, "commit", "-qm", "Ghost", cwd=work)
    told = git_fails(ada_git, "push", "origin", "main", cwd=work)
    assert "ghost.txt" in told
    assert "git lfs push" in told
    assert "ghost.txt" not in ada.list_repo_files(filled)


def test_a_pointer_to_anothers_secret_is_refused_alike(
    live_hub: LiveHub, ada: Any, hf: Any, new_repo: Callable[..., str], home: Path, tmp_path: Path
) -> None:
    from tests.clients.stage import sha256

    hidden, hers = new_repo(private=True), new_repo(owner="eve")
    secret = noise(50_000, "git secret")
    ada.upload_file(path_or_fileobj=secret, path_in_repo="s.bin", repo_id=hidden)
    eve_git = person(live_hub, home, "eve")
    work = tmp_path / "work"
    git(eve_git, "clone", f"{live_hub.url}/{hers}", work)
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 50000\n"
    told = []
    for digest in (sha256(secret), "b" * 64):
        git(eve_git, "reset", "-q", "--hard", "origin/main", cwd=work)
        put(work, "taken.dat", pointer.format(digest).encode())
        git(eve_git, "add", "-A", cwd=work)
        git(eve_git, "commit", "-qm", "Take", cwd=work)
        told.append(git_fails(eve_git, "push", "origin", "main", cwd=work).replace(digest, "OID"))
    assert "taken.dat" in told[0]
    strip = [[line for line in text.splitlines() if "remote:" in line] for text in told]
    assert strip[0] == strip[1]


@pytest.mark.parametrize(
    "path", [".gitmodules/x", "a/COM1.txt", "trailing ", "new\nline.txt", "co:lon.txt", "GIT~1/x"]
)
def test_hostile_paths_cannot_be_pushed(
    path: str, live_hub: LiveHub, ada_git: dict[str, str], ada: Any, filled: str, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    git(ada_git, "clone", f"{live_hub.url}/{filled}", work)
    blob = git(ada_git, "hash-object", "-w", "--stdin", cwd=work)
    folder, _, name = path.rpartition("/")
    entry = f"100644 blob {blob}\t{name}\0".encode()
    tree = _mktree(ada_git, work, entry)
    if folder:
        tree = _mktree(ada_git, work, f"040000 tree {tree}\t{folder}\0".encode())
    commit = git(ada_git, "commit-tree", tree, "-p", "HEAD", "-m", "Hostile", cwd=work)
    if path == ".gitmodules/x":
        path = ".gitmodules"
    told = git_fails(ada_git, "push", "origin", f"{commit}:refs/heads/main", cwd=work)
    assert "rejected" in told or "error" in told
    assert ada.list_repo_commits(filled)[0].title == "Commit 2"


def _mktree(environment: dict[str, str], work: Path, entry: bytes) -> str:
    done = subprocess.run(
        ["git", "mktree", "-z"],
        input=entry,
        env=environment,
        cwd=work,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().strip()


def test_symlinks_and_submodules_cannot_be_pushed_as_traps(
    live_hub: LiveHub, ada_git: dict[str, str], ada: Any, filled: str, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    git(ada_git, "clone", f"{live_hub.url}/{filled}", work)
    (work / "link").symlink_to("/etc/passwd")
    git(ada_git, "add", "-A", cwd=work)
    git(ada_git, "commit", "-qm", "Link", cwd=work)
    done = attempt("git", "push", "origin", "main", env=ada_git, cwd=work)
    if done.returncode == 0:  # then it is a file that holds a path, and nothing follows it
        answer = ask(live_hub, "GET", f"/{filled}/resolve/main/link")
        assert answer.body in (b"/etc/passwd", b"") or answer.status >= 400
        assert b"root:" not in answer.body
    else:
        assert "link" in done.stderr


def test_a_pull_request_is_pushed_and_fetched(
    live_hub: LiveHub, ada: Any, bob: Any, filled: str, home: Path, tmp_path: Path
) -> None:
    bob_git = person(live_hub, home, "bob")
    made = bob.create_pull_request(filled, "An offer")
    ref = f"refs/pr/{made.num}"
    work = tmp_path / "work"
    git(bob_git, "clone", f"{live_hub.url}/{filled}", work)
    git(bob_git, "fetch", "origin", f"{ref}:offer", cwd=work)
    git(bob_git, "checkout", "-q", "offer", cwd=work)
    put(work, "offer.txt", b"offered\n")
    git(bob_git, "add", "-A", cwd=work)
    git(bob_git, "commit", "-qm", "Offer", cwd=work)
    told = git_fails(bob_git, "push", "origin", "offer:main", cwd=work)
    assert "403" in told or "not allowed" in told or "may not" in told or "rejected" in told, told
    git(bob_git, "push", "origin", f"offer:{ref}", cwd=work)
    assert "offer.txt" in ada.list_repo_files(filled, revision=ref)
    assert "offer.txt" not in ada.list_repo_files(filled)


def test_pull_requests_that_are_not_there_cannot_be_pushed(
    live_hub: LiveHub, ada_git: dict[str, str], filled: str, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    git(ada_git, "clone", f"{live_hub.url}/{filled}", work)
    for ref in ("refs/pr/99", "refs/pr/0", "refs/hidden/x", "refs/heads/a.lock"):
        git_fails(ada_git, "push", "origin", f"HEAD:{ref}", cwd=work)


def test_a_renamed_repository_is_cloned_and_pushed_by_its_old_name(
    live_hub: LiveHub,
    ada_git: dict[str, str],
    ada: Any,
    filled: str,
    new_name: Callable[..., str],
    tmp_path: Path,
) -> None:
    work, new = tmp_path / "work", new_name()
    git(ada_git, "clone", f"{live_hub.url}/{filled}", work)
    ada.move_repo(filled, new)
    told = attempt("git", "clone", f"{live_hub.url}/{filled}", tmp_path / "again", env=ada_git)
    assert told.returncode == 0, told.stderr
    assert "redirecting" in told.stderr
    put(work, "after.txt")
    git(ada_git, "add", "-A", cwd=work)
    git(ada_git, "commit", "-qm", "After", cwd=work)
    git(ada_git, "push", "origin", "main", cwd=work)
    assert "after.txt" in ada.list_repo_files(new)


def test_credentials_good_and_bad(
    live_hub: LiveHub, ada: Any, eve: Any, new_repo: Callable[..., str], home: Path, tmp_path: Path
) -> None:
    hidden = new_repo(private=True)
    url = f"{live_hub.url}/{hidden}"
    assert "terminal prompts disabled" in git_fails(person(live_hub, home), "ls-remote", url)
    assert "Authentication failed" in git_fails(
        person(live_hub, home, "ada", "hf_" + "n" * 34), "ls-remote", url
    )
    told = git_fails(person(live_hub, home, "eve"), "ls-remote", url)
    missing = git_fails(person(live_hub, home, "eve"), "ls-remote", f"{live_hub.url}/ada/not-there")
    assert told.replace(hidden, "X") == missing.replace("ada/not-there", "X")
    assert "not found" in told
    for secret in (token_of("ada"), token_of("ada", "read")):
        assert "refs/heads/main" in git(person(live_hub, home, "ada", secret), "ls-remote", url)
    # Any name goes with a token, and a password goes with its own name.
    assert "main" in git(person(live_hub, home, "hf_user", token_of("ada")), "ls-remote", url)
    password = "correct%20horse%20ada"
    assert "main" in git(person(live_hub, home, "ada", password), "ls-remote", url)
    git_fails(person(live_hub, home, "bob", password), "ls-remote", url)


def test_reading_tokens_and_strangers_do_not_push(
    live_hub: LiveHub, ada: Any, filled: str, home: Path, tmp_path: Path
) -> None:
    before = ada.model_info(filled).sha
    for name, secret in (("ada", token_of("ada", "read")), ("eve", None), (None, None)):
        environment = person(live_hub, home, name, secret)
        if name is None:
            (home / ".git-credentials").unlink()
        work = tmp_path / f"{name}-{bool(secret)}"
        git(environment, "clone", f"{live_hub.url}/{filled}", work)
        put(work, "no.txt")
        git(environment, "add", "-A", cwd=work)
        git(environment, "commit", "-qm", "No", cwd=work)
        git_fails(environment, "push", "origin", "main", cwd=work)
    assert ada.model_info(filled).sha == before


def test_a_gated_repository_is_not_cloned_by_strangers(
    live_hub: LiveHub, ada: Any, filled: str, home: Path, tmp_path: Path
) -> None:
    ada.update_repo_settings(filled, gated="manual")
    told = git_fails(
        person(live_hub, home, "eve"), "clone", f"{live_hub.url}/{filled}", tmp_path / "eve"
    )
    assert "403" in told
    git(person(live_hub, home, "ada"), "clone", f"{live_hub.url}/{filled}", tmp_path / "ada")


def test_a_push_with_many_files_and_a_first_push_to_an_empty_branch(
    live_hub: LiveHub, ada_git: dict[str, str], ada: Any, repo: str, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    git(ada_git, "init", "-q", work)
    for number in range(300):
        put(work, f"d{number % 7}/{number}.txt", noise(1000, number).hex().encode())
    git(ada_git, "add", "-A", cwd=work)
    git(ada_git, "commit", "-qm", "Root", cwd=work)
    git(ada_git, "remote", "add", "origin", f"{live_hub.url}/{repo}", cwd=work)
    git(ada_git, "push", "origin", "HEAD:refs/heads/second-root", cwd=work)
    assert len(ada.list_repo_files(repo, revision="second-root")) == 300


def test_the_address_of_a_clone_is_a_page_for_people(live_hub: LiveHub, repo: str) -> None:
    answer = ask(live_hub, "GET", f"/{repo}", headers={"Accept": "text/html"})
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    refused = ask(live_hub, "GET", f"/{repo}/info/refs")
    assert 400 <= refused.status < 500
    refused = ask(live_hub, "GET", f"/{repo}/info/refs?service=git-upload-archive")
    assert 400 <= refused.status < 500
    for path in ("HEAD", "objects/info/packs", "config", "../../groundswell.db"):
        assert ask(live_hub, "GET", f"/{repo}.git/{path}").status in (400, 404)


def _cut_a_branch(ada: Any, repo: str) -> None:
    ada.delete_branch(repo, branch="oops")


def _squash_a_branch(ada: Any, repo: str) -> None:
    ada.super_squash_history(repo, branch="oops")


@pytest.mark.parametrize("cut", [_cut_a_branch, _squash_a_branch], ids=["deleted", "squashed"])
def test_what_was_cut_off_cannot_be_fetched_by_its_hash(
    hf: Any,
    ada: Any,
    ada_git: dict[str, str],
    filled: str,
    live_hub: LiveHub,
    tmp_path: Path,
    cut: Callable[[Any, str], None],
) -> None:
    ada.create_branch(filled, branch="oops")
    secret = ada.create_commit(
        filled,
        [hf.CommitOperationAdd("secret.txt", b"a password\n")],
        commit_message="Too much",
        revision="oops",
    ).oid
    ada.create_commit(
        filled,
        [hf.CommitOperationDelete("secret.txt")],
        commit_message="Not so",
        revision="oops",
    )
    url = f"{live_hub.url}/{filled}"
    git(ada_git, "init", "--quiet", "--bare", "before.git", cwd=tmp_path)
    git(ada_git, "fetch", "--depth=1", url, secret, cwd=tmp_path / "before.git")
    cut(ada, filled)
    git(ada_git, "init", "--quiet", "--bare", "after.git", cwd=tmp_path)
    after = tmp_path / "after.git"
    deadline = time.monotonic() + 90
    while attempt("git", "fetch", "--depth=1", url, secret, env=ada_git, cwd=after).returncode == 0:
        assert time.monotonic() < deadline, "what was cut off is still given"
        git(ada_git, "init", "--quiet", "--bare", f"{time.monotonic_ns()}.git", cwd=tmp_path)
        after = max(tmp_path.glob("[0-9]*.git"))
        time.sleep(1)
    for version in (0, 2):
        said = git_fails(
            ada_git, "-c", f"protocol.version={version}", "fetch", url, secret, cwd=after
        )
        assert "a password" not in said
