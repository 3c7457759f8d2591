"""Forks with unmodified clients: huggingface_hub's duplicate_repo, git and git-lfs.

What the clients have no call for (sync, pull requests from a fork) is asked over the hub's own
addresses; what came of it is read by the clients again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.stage import MIB, ask_json, noise, run, sha256
from tests.clients.test_git import git, person, put
from tests.live import LiveHub, token_of


def stored(hub: LiveHub) -> dict[str, int]:
    """Every file of the content store, with its size."""
    return {
        str(path): path.stat().st_size
        for place in ("xorbs", "shards", "cold")
        for path in (hub.data / place).rglob("*")
        if path.is_file()
    }


def tell(hub: LiveHub, who: str, method: str, path: str, body: object = None) -> Any:
    answer = ask_json(hub, method, path, body, token=token_of(who))
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_a_fork_is_whole_and_stores_nothing(
    kind: str, live_hub: LiveHub, ada: Any, eve: Any, new_repo: Callable[..., str],
    new_name: Callable[..., str], tmp_path: Path,
) -> None:  # fmt: skip
    source, target = new_repo(kind), new_name("eve")
    contents = {"big.bin": noise(MIB, f"fork {kind}"), "dir/small.txt": b"small\n"}
    for path, content in contents.items():
        ada.upload_file(path_or_fileobj=content, path_in_repo=path, repo_id=source, repo_type=kind)
    before = stored(live_hub)
    made = eve.duplicate_repo(source, target, repo_type=kind)
    assert stored(live_hub) == before
    assert (made.repo_id, made.repo_type, made.files_copy_pending) == (target, kind, False)
    folder = eve.snapshot_download(target, repo_type=kind, cache_dir=tmp_path)
    for path, content in contents.items():
        assert sha256(Path(folder, path).read_bytes()) == sha256(content)
    assert eve.repo_info(target, repo_type=kind).sha == ada.repo_info(source, repo_type=kind).sha
    at = f"/api/{kind}s"
    assert [each["id"] for each in tell(live_hub, "ada", "GET", f"{at}/{source}/forks")] == [target]
    told = tell(live_hub, "eve", "GET", f"{at}/{target}/comparison")
    assert told == {
        "upstream": {"id": source, "type": kind}, "ahead": 0, "behind": 0, "related": True,
    }  # fmt: skip


def test_a_change_goes_from_a_fork_to_its_upstream_and_back(
    live_hub: LiveHub, ada: Any, eve: Any, new_repo: Callable[..., str],
    new_name: Callable[..., str], home: Path, tmp_path: Path,
) -> None:  # fmt: skip
    """Pushed by git to the fork, proposed, merged by the stock client, synced, pulled."""
    source, target = new_repo(), new_name("eve")
    ada.upload_file(path_or_fileobj=b"1\n", path_in_repo="a.txt", repo_id=source)
    tell(live_hub, "eve", "POST", f"/api/models/{source}/forks", {"repository": target})
    environment = person(live_hub, home, "eve")
    run("git", "lfs", "install", env=environment)
    work = tmp_path / "work"
    git(environment, "clone", f"{live_hub.url}/{target}", work)
    content = noise(MIB, "of a fork")
    put(work, "new.bin", content)
    git(environment, "add", "-A", cwd=work)
    git(environment, "commit", "-qm", "A better model", cwd=work)
    git(environment, "push", "-q", "origin", "main", cwd=work)

    before = stored(live_hub)
    body = {
        "title": "Better", "description": "See.", "pullRequest": True,
        "from": {"repo": target, "revision": "main"},
    }  # fmt: skip
    number = tell(live_hub, "eve", "POST", f"/api/models/{source}/discussions", body)["num"]
    assert stored(live_hub) == before
    request = ada.get_discussion_details(source, number)
    assert (request.title, request.author, request.status) == ("Better", "eve", "draft")
    newest = ada.list_repo_commits(source, revision=f"refs/pr/{number}")[0]
    assert newest.title == "A better model"
    ada.change_discussion_status(source, number, "open")
    ada.merge_pull_request(source, number)
    got = ada.hf_hub_download(source, "new.bin", cache_dir=tmp_path / "ada")
    assert sha256(Path(got).read_bytes()) == sha256(content)
    assert stored(live_hub) == before

    told = tell(live_hub, "eve", "GET", f"/api/models/{target}/comparison")
    assert (told["ahead"], told["behind"]) == (0, 1)
    synced = tell(live_hub, "eve", "POST", f"/api/models/{target}/sync", {})
    assert synced["how"] == "forward"
    git(environment, "pull", "-q", cwd=work)
    assert git(environment, "rev-parse", "HEAD", cwd=work) == ada.model_info(source).sha
    assert git(environment, "fsck", cwd=work) == ""


def test_a_collision_is_told_and_answered_by_a_pull_request(
    live_hub: LiveHub, ada: Any, eve: Any, new_repo: Callable[..., str],
    new_name: Callable[..., str],
) -> None:  # fmt: skip
    source, target = new_repo(), new_name("eve")
    ada.upload_file(path_or_fileobj=b"1\n", path_in_repo="a.txt", repo_id=source)
    eve.duplicate_repo(source, target)
    ada.upload_file(path_or_fileobj=b"ada\n", path_in_repo="a.txt", repo_id=source)
    eve.upload_file(path_or_fileobj=b"eve\n", path_in_repo="a.txt", repo_id=target)
    answer = ask_json(live_hub, "POST", f"/api/models/{target}/sync", {}, token=token_of("eve"))
    assert answer.status == 409
    assert "Changed on both sides: a.txt" in json.loads(answer.body)["error"]
    body = {"title": "Catch up", "pullRequest": True, "from": {"repo": source}}
    number = tell(live_hub, "eve", "POST", f"/api/models/{target}/discussions", body)["num"]
    eve.upload_file(
        path_or_fileobj=b"eve\n", path_in_repo="a.txt", repo_id=target,
        revision=f"refs/pr/{number}",
    )  # fmt: skip
    eve.change_discussion_status(target, number, "open")
    eve.merge_pull_request(target, number)
    told = tell(live_hub, "eve", "GET", f"/api/models/{target}/comparison")
    assert told["behind"] == 0
    for bad in ({"from": 3}, {"from": {}}, {"from": {"repo": source, "revision": "-x"}}):
        refused = ask_json(
            live_hub, "POST", f"/api/models/{target}/discussions",
            {"title": "t", "pullRequest": True, **bad}, token=token_of("eve"),
        )  # fmt: skip
        assert refused.status == 400, refused.body
