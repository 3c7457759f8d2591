"""@huggingface/hub 2.17 in node."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import Environment
from tests.clients.stage import client_environment, noise, run, sha256, watching
from tests.live import LiveHub, token_of


@pytest.fixture
def node(
    live_hub: LiveHub, clients: Callable[[str], Environment], home: Path
) -> Callable[..., Any]:
    """Runs a step of journey.mjs as Ada and gives what it saw."""
    client = clients("js")

    def step(name: str, repo: str, **more: Any) -> Any:
        environment = client_environment(
            live_hub, home, HUB=live_hub.url, TOKEN=token_of("ada"), REPO=repo, **more
        )
        printed = run(client.program, client.home / "journey.mjs", name, env=environment)
        return json.loads(printed.splitlines()[-1])

    return step


@pytest.fixture
def filled(node: Callable[..., Any], hf: Any, ada: Any, repo: str) -> str:
    ada.create_commit(
        repo,
        [
            hf.CommitOperationAdd("big.bin", noise(300_000, "js")),
            hf.CommitOperationAdd("dir/small file.txt", b"small\n"),
            hf.CommitOperationAdd("empty.txt", b""),
            hf.CommitOperationAdd("README.md", b"---\nlicense: mit\n---\n# Hi\n"),
        ],
        commit_message="Fill",
    )
    return repo


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_a_repository_is_made_with_files_and_deleted(
    kind: str, live_hub: LiveHub, node: Callable[..., Any], new_name: Callable[..., str]
) -> None:
    name = new_name()
    told = node("create", name, KIND=kind)
    assert (told["before"], told["after"]) == (False, True)
    prefix = {"model": "", "dataset": "datasets/", "space": "spaces/"}[kind]
    assert told["made"]["repoUrl"] == f"{live_hub.url}/{prefix}{name}"
    assert told["again"]["statusCode"] == 409
    assert {".gitattributes", "first.txt"} <= set(told["files"])
    assert node("remove", name, KIND=kind) == {"exists": False}


@pytest.mark.parametrize("xet", ["1", "0"])
def test_files_go_up_and_come_down(
    xet: str, live_hub: LiveHub, node: Callable[..., Any], ada: Any, repo: str, home: Path
) -> None:
    content = noise(3_000_000, f"js {xet}")
    (home / "big.bin").write_bytes(content)
    with watching(live_hub) as seen:
        told = node("upload", repo, FILE=str(home / "big.bin"), XET=xet)
    assert told["down"] == {"xet": sha256(content), "plain": sha256(content)}
    assert told["middle"] == content[100_000:100_010].hex()
    assert told["pointer"].startswith("version https://git-lfs")
    assert told["small"] == "small\n"
    assert told["commit"]["url"] == f"{live_hub.url}/{repo}/commit/{told['commit']['oid']}"
    assert bool(seen.matching("/xorbs/")) == (xet == "1")
    got = ada.hf_hub_download(repo, "big.bin", cache_dir=home / "python")
    with open(got, "rb") as file:
        assert file.read() == content
    assert ada.list_repo_commits(repo)[0].title == "From node"


def test_what_python_uploads_node_reads(node: Callable[..., Any], ada: Any, repo: str) -> None:
    content = noise(2_000_000, "py to js")
    ada.upload_file(path_or_fileobj=content, path_in_repo="ünï code/a.bin", repo_id=repo)
    assert node("read", repo, FILE="ünï code/a.bin")["sha256"] == sha256(content)


def test_lists_and_information(
    live_hub: LiveHub, node: Callable[..., Any], ada: Any, filled: str
) -> None:
    ada.upload_file(path_or_fileobj=b"1", path_in_repo="1.txt", repo_id=filled)
    told = node("look", filled, QUERY=filled.partition("/")[2])
    files = {each["path"]: each for each in told["files"]}
    assert files["big.bin"] == {
        "path": "big.bin",
        "size": 300_000,
        "lfs": sha256(noise(300_000, "js")),
        "title": "Fill",
    }
    assert told["info"]["name"] == filled
    assert told["info"]["author"] == "ada"
    assert told["info"]["cardData"]["license"] == "mit"
    assert told["models"] == [filled]
    assert told["paths"] == ["big.bin"]
    assert len(told["commits"]) == told["counted"] == 3
    assert (told["exists"], told["missing"], told["none"]) == (True, False, None)
    assert told["download"]["size"] == 300_000
    assert told["download"]["etag"] == f'"{sha256(noise(300_000, "js"))}"'
    xet = told["download"]["xet"]
    assert len(xet["hash"]) == 64
    assert xet["refreshUrl"].startswith(f"{live_hub.url}/api/models/{filled}/xet-read-token/")
    assert "/reconstructions/" in xet["reconstructionUrl"]


def test_commits_branches_and_pull_requests(
    live_hub: LiveHub, node: Callable[..., Any], ada: Any, filled: str
) -> None:
    told = node("change", filled)
    assert told["main"] == [".gitattributes", "README.md", "big.bin", "new.txt"]
    assert "side.txt" in told["side"]
    assert told["taken"]["statusCode"] in (404, 409)
    assert told["stale"]["statusCode"] == 412
    assert told["proposed"]["pullRequestUrl"] == f"{live_hub.url}/{filled}/discussions/1"
    assert "offer.txt" in ada.list_repo_files(filled, revision="refs/pr/1")


def test_who_one_is(node: Callable[..., Any], repo: str) -> None:
    told = node("who", repo)
    me = told["me"]
    assert (me["name"], me["type"], me["auth"]["type"]) == ("ada", "user", "access_token")
    assert me["auth"]["accessToken"]["role"] == "write"
    assert [each["name"] for each in me["orgs"]] == ["guild"]
    assert told["wrong"]["statusCode"] == 401


def test_refusals_are_told(
    node: Callable[..., Any], repo: str, new_repo: Callable[..., str]
) -> None:
    told = node("refusals", repo, HIDDEN=new_repo(private=True), FOREIGN=new_repo(owner="bob"))
    assert (told["anonymous"], told["mine"]) == (False, True)
    assert told["list"]["statusCode"] == 401
    assert told["write"]["statusCode"] == 403
    assert told["write"]["message"]
    assert told["revision"]["statusCode"] == 404


def test_a_snapshot(node: Callable[..., Any], filled: str, home: Path) -> None:
    folder = node("snapshot", filled, CACHE=str(home / "cache"))["folder"]
    found = {
        os.path.relpath(os.path.join(place, name), folder)
        for place, _, names in os.walk(folder)
        for name in names
    }
    assert found == {".gitattributes", "README.md", "big.bin", "dir/small file.txt", "empty.txt"}
    with open(f"{folder}/big.bin", "rb") as file:
        assert file.read() == noise(300_000, "js")
