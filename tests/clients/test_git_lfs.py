"""Real git-lfs: large files go in and out beside git, and beside Xet."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import Environment
from tests.clients.stage import MIB, attempt, noise, run, sha256, watching
from tests.clients.test_git import git, git_fails, person, put
from tests.live import LiveHub, token_of


@pytest.fixture
def ada_lfs(live_hub: LiveHub, home: Path) -> dict[str, str]:
    environment = person(live_hub, home, "ada")
    run("git", "lfs", "install", env=environment)
    return environment


def clone(environment: dict[str, str], hub: LiveHub, repo: str, work: Path) -> Path:
    git(environment, "clone", f"{hub.url}/{repo}", work)
    return work


def commit(environment: dict[str, str], work: Path, message: str = "By git") -> None:
    git(environment, "add", "-A", cwd=work)
    git(environment, "commit", "-qm", message, cwd=work)


def test_a_file_pushed_by_lfs_comes_down_everywhere(
    live_hub: LiveHub, ada_lfs: dict[str, str], ada: Any, repo: str, home: Path, tmp_path: Path
) -> None:
    work = clone(ada_lfs, live_hub, repo, tmp_path / "work")
    content = noise(3 * MIB, "lfs")
    put(work, "model.bin", content)  # the repository's own .gitattributes names *.bin
    put(work, "copy.bin", content)
    put(work, "small.bin", b"tiny")
    commit(ada_lfs, work)

    with watching(live_hub) as seen:
        git(ada_lfs, "push", "origin", "main", cwd=work)

    assert seen.matching(r"^POST .*info/lfs/objects/batch$")
    assert 3 * MIB <= seen.received_bytes < 3.2 * MIB
    item = ada.get_paths_info(repo, ["model.bin"])[0]
    assert (item.size, item.lfs.sha256) == (len(content), sha256(content))
    assert len(item.xet_hash) == 64, "content that came by LFS is in Xet's form too"
    with watching(live_hub) as seen:
        got = ada.hf_hub_download(repo, "model.bin", cache_dir=home / "xet")
    assert seen.matching("reconstruction")
    with open(got, "rb") as file:
        assert file.read() == content
    again = clone(ada_lfs, live_hub, repo, tmp_path / "again")
    assert (again / "model.bin").read_bytes() == (again / "copy.bin").read_bytes() == content
    assert (again / "small.bin").read_bytes() == b"tiny"
    assert git(ada_lfs, "lfs", "fsck", cwd=again)


def test_a_file_committed_by_xet_is_pulled_by_lfs(
    live_hub: LiveHub, ada_lfs: dict[str, str], ada: Any, repo: str, tmp_path: Path
) -> None:
    content = noise(3 * MIB, "xet")
    ada.upload_file(path_or_fileobj=content, path_in_repo="model.bin", repo_id=repo)
    work = clone(ada_lfs, live_hub, repo, tmp_path / "work")
    assert (work / "model.bin").read_bytes() == content
    assert git(ada_lfs, "status", "--porcelain", cwd=work) == ""
    changed = content[:MIB] + b"changed" + content[MIB:]
    (work / "model.bin").write_bytes(changed)
    commit(ada_lfs, work)
    git(ada_lfs, "push", "origin", "main", cwd=work)
    assert ada.get_paths_info(repo, ["model.bin"])[0].lfs.sha256 == sha256(changed)
    before = tmp_path / "before"
    git(ada_lfs, "clone", "--no-checkout", f"{live_hub.url}/{repo}", before)
    git(ada_lfs, "checkout", "-q", "HEAD~1", cwd=before)
    assert (before / "model.bin").read_bytes() == content


def test_pointers_without_content_and_a_later_pull(
    live_hub: LiveHub, ada_lfs: dict[str, str], ada: Any, repo: str, tmp_path: Path
) -> None:
    for number in range(4):
        ada.upload_file(
            path_or_fileobj=noise(100_000, number), path_in_repo=f"{number}.bin", repo_id=repo
        )
    lazy = ada_lfs | {"GIT_LFS_SKIP_SMUDGE": "1"}
    work = clone(lazy, live_hub, repo, tmp_path / "work")
    assert (work / "0.bin").read_bytes().startswith(b"version https://git-lfs")
    git(ada_lfs, "lfs", "pull", "--include", "1.bin,2.bin", cwd=work)
    assert (work / "1.bin").read_bytes() == noise(100_000, 1)
    assert (work / "3.bin").read_bytes().startswith(b"version https://git-lfs")
    listed = git(ada_lfs, "lfs", "ls-files", "--long", cwd=work)
    assert sha256(noise(100_000, 3)) in listed


def test_lfs_in_a_new_type_of_file(
    live_hub: LiveHub, ada_lfs: dict[str, str], ada: Any, repo: str, tmp_path: Path
) -> None:
    work = clone(ada_lfs, live_hub, repo, tmp_path / "work")
    git(ada_lfs, "lfs", "track", "*.dat", cwd=work)
    put(work, "odd.dat", noise(12 * MIB, "dat"))
    commit(ada_lfs, work)
    git(ada_lfs, "push", "origin", "main", cwd=work)
    assert ada.get_paths_info(repo, ["odd.dat"])[0].lfs.size == 12 * MIB
    put(work, "empty.dat", b"")
    commit(ada_lfs, work, "Empty")
    git(ada_lfs, "push", "origin", "main", cwd=work)
    assert ada.get_paths_info(repo, ["empty.dat"])[0].size == 0


def test_a_push_without_its_large_files_is_refused_and_mended(
    live_hub: LiveHub, ada_lfs: dict[str, str], ada: Any, repo: str, tmp_path: Path
) -> None:
    work = clone(ada_lfs, live_hub, repo, tmp_path / "work")
    put(work, "model.bin", noise(50_000, "later"))
    commit(ada_lfs, work)
    told = git_fails(ada_lfs, "push", "--no-verify", "origin", "main", cwd=work)
    assert "model.bin" in told
    git(ada_lfs, "lfs", "push", "--all", "origin", cwd=work)
    git(ada_lfs, "push", "--no-verify", "origin", "main", cwd=work)
    assert ada.file_exists(repo, "model.bin")


def test_private_content_needs_its_readers_token(
    live_hub: LiveHub, ada: Any, new_repo: Callable[..., str], home: Path, tmp_path: Path
) -> None:
    hidden = new_repo(private=True)
    ada.upload_file(path_or_fileobj=noise(50_000, "p"), path_in_repo="p.bin", repo_id=hidden)
    reader = person(live_hub, home, "ada", token_of("ada", "read"))
    run("git", "lfs", "install", env=reader)
    work = clone(reader, live_hub, hidden, tmp_path / "work")
    assert (work / "p.bin").read_bytes() == noise(50_000, "p")
    put(work, "q.bin", noise(50_000, "q"))
    commit(reader, work)
    git_fails(reader, "push", "origin", "main", cwd=work)
    git_fails(reader, "lfs", "push", "--all", "origin", cwd=work)


def test_a_renamed_repository_gives_its_large_files(
    live_hub: LiveHub,
    ada_lfs: dict[str, str],
    ada: Any,
    repo: str,
    new_name: Callable[..., str],
    tmp_path: Path,
) -> None:
    content = noise(200_000, "renamed")
    ada.upload_file(path_or_fileobj=content, path_in_repo="r.bin", repo_id=repo)
    ada.move_repo(repo, new_name())
    work = clone(ada_lfs, live_hub, repo, tmp_path / "work")
    assert (work / "r.bin").read_bytes() == content


def test_locks_are_told_to_be_absent(
    live_hub: LiveHub, ada_lfs: dict[str, str], repo: str, tmp_path: Path
) -> None:
    work = clone(ada_lfs, live_hub, repo, tmp_path / "work")
    done = attempt("git", "lfs", "locks", env=ada_lfs, cwd=work)
    assert done.returncode == 0 or "not" in done.stderr.lower()
    put(work, "a.bin", noise(9000, 1))
    commit(ada_lfs, work)
    pushed = attempt("git", "push", "origin", "main", env=ada_lfs, cwd=work)
    assert pushed.returncode == 0, pushed.stderr


def test_multipart_through_the_clients_transfer_agent(
    live_hub: LiveHub,
    ada_lfs: dict[str, str],
    ada: Any,
    clients: Callable[[str], Environment],
    repo: str,
    tmp_path: Path,
) -> None:
    """`hf lfs-enable-largefiles` adds an agent that sends a file in parts."""
    work = clone(ada_lfs, live_hub, repo, tmp_path / "work")
    agent = clients("current").script("hf")
    env = ada_lfs | {
        "HF_TOKEN": token_of("ada"),
        "PATH": f"{agent[: -len('/hf')]}:{ada_lfs['PATH']}",
    }
    run(agent, "lfs-enable-largefiles", work, env=env)
    content = noise(20 * MIB, "multipart")
    put(work, "model.bin", content)
    commit(env, work)
    git(env, "push", "origin", "main", cwd=work)
    assert ada.get_paths_info(repo, ["model.bin"])[0].lfs.sha256 == sha256(content)
