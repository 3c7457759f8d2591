"""Two `swell serve` over one PostgreSQL, one bucket and one folder of repositories.

What one confirmed the other shows at once; of two who move one ref one wins and the other is told;
chores have one runner; and when a worker is killed the other finishes what it left. Many who move one
ref at once are experiment F8.
"""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.stage import ask
from tests.contract import object_storage, postgresql
from tests.fault.experiments.lost_updates import Crowd, commit_at, head_of
from tests.fault.rig import (
    ADA,
    acknowledged,
    commit_lines,
    create_repo,
    large_file,
    lfs_upload,
    noise,
    paths_of,
    read,
    small_file,
)
from tests.live import LiveHub, serving, swell, token_of

BOB = token_of("bob")


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Path, str]]:
    with postgresql.server() as folder, object_storage.seaweedfs() as endpoint:
        yield folder, endpoint


@pytest.fixture(scope="module")
def pair(
    servers: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[LiveHub, LiveHub]]:
    data = tmp_path_factory.mktemp("two") / "data"
    data.mkdir()
    folder, endpoint = servers
    url = postgresql.fresh_url(folder, "two")
    lines = [f'database_url = "{url}"', *object_storage.settings(endpoint, "two")]
    (data / "swell.toml").write_text("\n".join([*lines, 'log_level = "debug"', ""]))
    with serving(data, people=True) as one, serving(data) as other:
        yield one, other


def test_a_first_commit_has_one_winner(pair: tuple[LiveHub, LiveHub]) -> None:
    """A branch that two workers make at once is made once."""
    for round_number in range(12):
        repo = f"ada/fresh-{round_number}"
        create_repo(pair[0], repo)
        start = head_of(pair[0], repo)
        ready = threading.Barrier(2)
        answers: list[int] = []

        def branch(hub: LiveHub, repo: str = repo, ready: threading.Barrier = ready) -> None:
            ready.wait()
            body = json.dumps({"startingPoint": start}).encode()  # noqa: B023 - joined below
            where = f"/api/models/{repo}/branch/side"
            headers = {"Content-Type": "application/json"}
            answer = ask(hub, "POST", where, token=ADA, body=body, headers=headers)
            answers.append(answer.status)  # noqa: B023 - the same

        crowd = Crowd()
        for hub in pair:
            crowd.add(branch, hub)
        crowd.run()
        assert sorted(answers)[1] == 409, answers
        assert min(answers) in {200, 201}


def test_what_one_wrote_the_other_reads(pair: tuple[LiveHub, LiveHub]) -> None:
    repo = "ada/told"
    create_repo(pair[0], repo)
    for turn in range(6):
        writer, reader = pair[turn % 2], pair[1 - turn % 2]
        content = noise(300_000, ("told", turn))
        lfs_upload(writer, repo, content)
        body = commit_lines(
            large_file("model.bin", content), small_file("turn", str(turn).encode())
        )
        headers = {"Content-Type": "application/x-ndjson"}
        where = f"/api/models/{repo}/commit/main"
        acknowledged(ask(writer, "POST", where, token=ADA, body=body, headers=headers))
        assert acknowledged(read(reader, repo, "model.bin")).body == content
        assert acknowledged(read(reader, repo, "turn")).body == str(turn).encode()
    # A right that one takes away, the other denies at once.
    private = json.dumps({"private": True}).encode()
    assert ask(pair[1], "GET", f"/api/models/{repo}", token=BOB).status == 200
    headers = {"Content-Type": "application/json"}
    where = f"/api/models/{repo}/settings"
    acknowledged(ask(pair[0], "PUT", where, token=ADA, body=private, headers=headers))
    assert ask(pair[1], "GET", f"/api/models/{repo}", token=BOB).status in {401, 404}
    assert read(pair[1], repo, "model.bin").status == 200


def chores_of(hub: LiveHub) -> set[str]:
    messages = (str(each.get("message", "")) for each in hub.records())
    return {text.split()[1].rstrip(":") for text in messages if text.startswith("chore ")}


def test_a_killed_worker_is_survived(servers: tuple[Path, str], tmp_path: Path) -> None:
    """Chores have one runner. When it is killed the other takes them over, removes the lock that
    stood in the way of a ref, and goes on; nothing confirmed is lost.
    """
    folder, endpoint = servers
    data = tmp_path / "data"
    data.mkdir()
    url = postgresql.fresh_url(folder, "fallen")
    lines = [f'database_url = "{url}"', *object_storage.settings(endpoint, "fallen")]
    (data / "swell.toml").write_text("\n".join([*lines, 'log_level = "debug"', ""]))
    with serving(data, people=True) as one, serving(data) as other:
        repo = "ada/orphan"
        create_repo(one, repo)
        head = acknowledged(commit_at(one, repo, head_of(one, repo), "before.txt"))
        deadline = time.monotonic() + 30
        while "take-over" not in chores_of(one) | chores_of(other):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        leads, follows = (one, other) if "take-over" in chores_of(one) else (other, one)
        assert "take-over" not in chores_of(follows)
        # Killed while it moved a ref: git's own lock stays behind.
        (place,) = (data / "repos").glob("*/*.git")
        (place / "refs/heads/main.lock").touch()
        leads.stop(signal.SIGKILL)
        answer = commit_at(follows, repo, head.json()["commitOid"], "after.txt")
        deadline = time.monotonic() + 60
        while answer.status != 200:
            assert answer.status in {409, 412, 503}, answer
            assert time.monotonic() < deadline, chores_of(follows)
            time.sleep(0.5)
            answer = commit_at(follows, repo, head.json()["commitOid"], "after.txt")
        assert "take-over" in chores_of(follows)
        assert {"before.txt", "after.txt"} <= paths_of(follows, repo)
        assert "0 errors" in swell(data, "fsck")
