"""What an upload took, as people are told: in the answer to a commit, by git, and on the pages."""

import base64
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from groundswell.wire.chunking import split
from groundswell.wire.hashing import chunk_hash, hash_to_hex
from tests.clients.stage import MIB, ask, attempt, noise, sha256, watching
from tests.clients.test_git import person, put
from tests.clients.test_git_lfs import clone, commit
from tests.live import LiveHub, swell, token_of


def contents(seed: str) -> tuple[bytes, bytes]:
    """A content that nothing else on the hub has, and the same with a change in its middle."""
    content = noise(6 * MIB, f"savings {seed}")
    return content, content[: 3 * MIB] + b"changed" + content[3 * MIB :]


def page(live_hub: LiveHub, path: str, who: str | None) -> str:
    answer = ask(live_hub, "GET", path, token=None if who is None else token_of(who))
    assert answer.status == 200
    return answer.body.decode()


def told(live_hub: LiveHub, repo: str, commit_id: str, who: str | None = "ada") -> str:
    """What the page of a commit says of its large files; nothing when it does not."""
    found = re.search("large files: ([^<]*)<", page(live_hub, f"/{repo}/commit/{commit_id}", who))
    return found[1] if found else ""


def test_the_page_of_a_commit_says_what_an_upload_took(
    live_hub: LiveHub, ada: Any, new_repo: Callable[..., str]
) -> None:
    repo, other = new_repo(), new_repo()
    content, changed = contents(repo)
    first = ada.upload_file(path_or_fileobj=content, path_in_repo="w.bin", repo_id=repo)
    assert told(live_hub, repo, first.oid) == "sent 100%, 6.29 MB; nothing of it was here"
    second = ada.upload_file(path_or_fileobj=changed, path_in_repo="w.bin", repo_id=repo)
    said = told(live_hub, repo, second.oid)
    found = re.fullmatch(r"sent (\d|under 1)%; (\d\.\d+|6) MB of 6\.29 MB were here", said)
    assert found, said
    assert float(found[2]) > 0.9 * 6.29
    third = ada.upload_file(path_or_fileobj=changed, path_in_repo="w.bin", repo_id=other)
    assert told(live_hub, other, third.oid) == "sent 0%; 6.29 MB of 6.29 MB were here"


def test_strangers_are_not_told_what_was_here(
    live_hub: LiveHub, ada: Any, new_repo: Callable[..., str]
) -> None:
    """What was here may have been private: the page of a public commit must not tell."""
    hidden, repo = new_repo(private=True), new_repo()
    content = noise(2 * MIB, "hidden savings")
    ada.upload_file(path_or_fileobj=content, path_in_repo="w.bin", repo_id=hidden)
    done = ada.upload_file(path_or_fileobj=content, path_in_repo="w.bin", repo_id=repo)
    assert "were here" in told(live_hub, repo, done.oid)
    for who in ("eve", None):
        assert told(live_hub, repo, done.oid, who) == ""
        assert "Storage" not in page(live_hub, "/ada", who)


def test_the_answer_to_a_commit_says_it(live_hub: LiveHub, ada: Any, repo: str) -> None:
    content, _ = contents(repo)
    ada.upload_file(path_or_fileobj=content, path_in_repo="w.bin", repo_id=repo)
    header = {"key": "header", "value": {"summary": "again", "description": ""}}
    pointer = {"path": "v.bin", "algo": "sha256", "oid": sha256(content), "size": len(content)}
    readme = {"path": "README.md", "encoding": "base64", "content": base64.b64encode(b"x").decode()}
    lines = [header, {"key": "lfsFile", "value": pointer}, {"key": "file", "value": readme}]
    answer = ask(
        live_hub,
        "POST",
        f"/api/models/{repo}/commit/main",
        token=token_of("ada"),
        headers={"Content-Type": "application/x-ndjson"},
        body="\n".join(map(json.dumps, lines)).encode(),
    )
    assert answer.status == 200
    said = json.loads(answer.body)
    assert said["hookOutput"] == "sent 0%; 6.29 MB of 6.29 MB were here"
    size = len(content)
    assert said["arrival"] == {"files": 1, "bytes": size, "sentBytes": 0, "newBytes": 0}


def test_git_says_it(live_hub: LiveHub, ada: Any, repo: str, home: Path, tmp_path: Path) -> None:
    content, changed = contents(repo)
    environment = person(live_hub, home, "ada")
    attempt("git", "lfs", "install", env=environment)
    ada.upload_file(path_or_fileobj=content, path_in_repo="w.bin", repo_id=repo)
    work = clone(environment, live_hub, repo, tmp_path / "work")
    put(work, "w.bin", changed)
    commit(environment, work)
    done = attempt("git", "push", "origin", "main", env=environment, cwd=work)
    assert re.search(r"remote: groundswell: sent 100%; [56]\.\d+ MB of 6\.29 MB were", done.stderr)


def test_pages_and_the_command_line_say_what_is_stored(
    live_hub: LiveHub, ada: Any, repo: str, new_repo: Callable[..., str]
) -> None:
    content, changed = contents(repo)
    twin = new_repo()
    for name, each in (("a.bin", content), ("b.bin", changed)):
        ada.upload_file(path_or_fileobj=each, path_in_repo=name, repo_id=repo)
    ada.upload_file(path_or_fileobj=content, path_in_repo="a.bin", repo_id=twin)
    (of_repo,) = json.loads(swell(live_hub.data, "usage", repo, "--json"))
    assert of_repo["linked_bytes"] == len(content) + len(changed)
    assert of_repo["stored_bytes"] < 1.2 * len(content)
    rows = {row["name"]: row for row in json.loads(swell(live_hub.data, "usage", "ada", "--json"))}
    assert rows[twin]["linked_bytes"] == len(content)
    assert rows["ada"]["stored_bytes"] < rows["ada"]["linked_bytes"]
    # The hub measures by itself within seconds, and the page shows it.
    until = time.monotonic() + 60
    while "Stored" not in (shown := page(live_hub, f"/{repo}", None)):
        assert time.monotonic() < until
        time.sleep(0.5)
    assert re.search(r"<dt>Stored</dt><dd>6\.\d+ MB <span class=\"quiet\">5\d%", shown)
    assert "Storage" in page(live_hub, "/ada", "ada")


def is_told(live_hub: LiveHub, repo: str, content: bytes, who: str) -> bool:
    """Whether a Xet client that uploads to the repository is told of the content's first chunk."""
    path = f"/api/models/{repo}/xet-write-token/main"
    held = json.loads(ask(live_hub, "GET", path, token=token_of(who)).body)
    chunk = hash_to_hex(chunk_hash(split(content)[0]))
    where = urlsplit(held["casUrl"]).path
    path = f"{where}/v1/chunks/default-merkledb/{chunk}"
    return ask(live_hub, "GET", path, token=held["accessToken"]).status == 200


def test_a_fine_tune_of_a_public_model_sends_its_difference(
    live_hub: LiveHub, ada: Any, bob: Any, repo: str, new_repo: Callable[..., str]
) -> None:
    """Into another namespace: bob may read the base, so he need not send it."""
    base, tuned = contents(repo)
    hidden = noise(6 * MIB, f"hidden {repo}")
    mine, closed = new_repo(owner="bob"), new_repo(private=True)
    ada.upload_file(path_or_fileobj=base, path_in_repo="w.bin", repo_id=repo)
    ada.upload_file(path_or_fileobj=hidden, path_in_repo="w.bin", repo_id=closed)
    until = time.monotonic() + 60
    while not is_told(live_hub, mine, base, "bob"):
        assert time.monotonic() < until
        time.sleep(0.5)
    assert not is_told(live_hub, mine, hidden, "bob")
    with watching(live_hub) as seen:
        bob.upload_file(path_or_fileobj=tuned, path_in_repo="w.bin", repo_id=mine)
        bob.upload_file(path_or_fileobj=hidden, path_in_repo="h.bin", repo_id=mine)
    assert len(hidden) < seen.received_bytes < len(hidden) + MIB
    assert Path(bob.hf_hub_download(mine, "w.bin")).read_bytes() == tuned
