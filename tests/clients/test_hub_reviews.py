"""Reviews by our API; stock clients still read a pull request that was reviewed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import Environment
from tests.clients.stage import Answer, ask, ask_json, client_environment, run
from tests.live import LiveHub, token_of

LINES = "".join(f"line {number}\n" for number in range(20))
SUGGESTS = "Shorter:\n```suggestion\nline two\n```"


def put(api: Any, repo: str, text: str, revision: str | None = None) -> None:
    api.upload_file(
        path_or_fileobj=text.encode(), path_in_repo="notes.txt", repo_id=repo, revision=revision
    )


@pytest.fixture
def request_of(ada: Any, bob: Any, repo: str) -> str:
    """The address of an open pull request of bob's in ada's repository."""
    put(ada, repo, LINES)
    bob.create_pull_request(repo, "An offer", description="Better.")
    put(bob, repo, LINES.replace("line 2\n", "line number two\n"), "refs/pr/1")
    bob.change_discussion_status(repo, 1, "open")
    return f"/api/models/{repo}/discussions/1"


def comment(text: str, line: int = 3, **more: Any) -> dict[str, Any]:
    return {"path": "notes.txt", "line": line, "comment": text, **more}


def test_a_review_from_a_line_to_an_approval(
    live_hub: LiveHub,
    ada: Any,
    nobody: Any,
    repo: str,
    request_of: str,
) -> None:
    def post(who: str, where: str, body: dict[str, Any]) -> Any:
        answer = ask_json(live_hub, "POST", f"{request_of}/{where}", body, token=token_of(who))
        assert answer.status == 200, answer.body
        return answer.json()

    def get(where: str, who: str = "bob") -> Any:
        return ask(live_hub, "GET", f"{request_of}/{where}", token=token_of(who)).json()

    pending = post("eve", "reviews", {"comments": [comment(SUGGESTS)]})
    assert get("threads") == []
    assert [each["id"] for each in get("threads", "eve")] == pending["pendingThreads"]
    said = post("eve", "reviews", {"verdict": "changes_requested", "comments": [comment("?", 5)]})
    assert [each["line"] for each in said["threads"]] == [3, 5]
    first = said["threads"][0]
    assert (first["excerpt"], first["outdated"]) == ("line number two", False)
    assert first["comments"][0]["suggestion"] == "line two\n"
    post("bob", f"threads/{first['id']}/reply", {"comment": "Good."})
    done = post("bob", f"threads/{said['threads'][1]['id']}/resolve", {"resolved": True})
    assert (done["resolved"], done["resolvedBy"]) == (True, "bob")
    applied = post("bob", "apply", {"comments": [first["comments"][0]["id"]]})
    assert applied["commitId"] == ada.list_repo_commits(repo, revision="refs/pr/1")[0].commit_id
    assert get("threads")[0]["comments"][0]["appliedIn"] == applied["commitId"]
    assert get("standing")[0]["stale"]
    post("eve", "reviews", {"verdict": "approved"})
    post("ada", "reviews", {"verdict": "approved", "comment": "Thank you."})
    told = [(each["reviewer"]["name"], each["mayWrite"]) for each in get("standing")]
    assert told == [("eve", False), ("ada", True)]

    page = ask(live_hub, "GET", f"{request_of}/reviews?limit=2")
    assert [each["verdict"] for each in page.json()] == ["changes_requested", "approved"]
    after = page.headers["Link"].partition(">")[0].rpartition("/")[2]
    [last] = ask(live_hub, "GET", f"{request_of}/{after}").json()
    assert (last["author"]["name"], last["comment"]) == ("ada", "Thank you.")
    post("ada", f"reviews/{last['id']}/dismiss", {"reason": "Too fast."})
    assert [each["reviewer"]["name"] for each in get("standing")] == ["eve"]

    events = nobody.get_discussion_details(repo, 1).events
    words = [each.content for each in events if each.type == "comment"]
    assert words == ["Better.", "Requested changes.", "Approved these changes.", "Thank you."]
    assert events[-1].type == "review-dismissed"


@pytest.mark.old
def test_an_old_release_reads_a_reviewed_pull_request(
    live_hub: LiveHub,
    clients: Callable[[str], Environment],
    home: Path,
    ada: Any,
    repo: str,
    request_of: str,
) -> None:
    bodies = (
        {"verdict": "comment", "comments": [comment(SUGGESTS)]},
        {"verdict": "approved"},
    )
    for body in bodies:
        address = f"{request_of}/reviews"
        made = ask_json(live_hub, "POST", address, body, token=token_of("eve"))
    dismiss = f"{request_of}/reviews/{made.json()['id']}/dismiss"
    reason = {"reason": "Too fast."}
    assert ask_json(live_hub, "POST", dismiss, reason, token=token_of("ada")).status == 200
    program = (
        "import sys, json; from huggingface_hub import HfApi;"
        "told = HfApi().get_discussion_details(sys.argv[1], 1);"
        "print(json.dumps([[e.type, e.author] for e in told.events]))"
    )
    environment = client_environment(live_hub, home, token_of("ada"))
    printed = run(clients("hub-0.36").program, "-c", program, repo, env=environment)
    events = ada.get_discussion_details(repo, 1).events
    assert json.loads(printed.splitlines()[-1]) == [[each.type, each.author] for each in events]


def test_what_cannot_be_said_is_refused_in_words(live_hub: LiveHub, request_of: str) -> None:
    def told(body: Any, where: str = "reviews", who: str = "eve") -> tuple[int, str]:
        answer: Answer = ask_json(
            live_hub, "POST", f"{request_of}/{where}", body, token=token_of(who)
        )
        return answer.status, answer.json()["error"]

    for body, words in (
        ({"verdict": "approve"}, "verdict"),
        ({"verdict": 1}, "verdict"),
        ({"verdict": "comment", "comment": "x", "threads": []}, "A review has no 'threads'"),
        ({"comments": [{**comment("x", 3), "body": "x"}]}, "no 'body'; it has comment, line,"),
        ({"verdict": "comment"}, "words"),
        ({"comments": 3}, "list"),
        ({"comments": [1]}, "list"),
        ({"comments": [comment("x", 3, side="left")]}, "side"),
        ({"comments": [comment("x", True)]}, "whole number"),
        ({"comments": [comment("x", -1)]}, "does not show"),
        ({"comments": [comment("x", 3, path="../../etc/passwd")]}, "path"),
        ({"comments": [comment("x", 3, path="other.txt")]}, "does not change"),
        ({"verdict": "approved", "commit": "0" * 40}, "commit"),
    ):
        status, error = told(body)
        assert status in {400, 422}, (body, error)
        assert words in error, (body, error)
    assert told({"verdict": "approved"}, who="bob")[0] == 403
    for ids in (["1"], [True], [2**70], "1", [-1]):
        assert told({"comments": ids}, "apply", "bob")[0] == 400
    for where in ("threads/x/reply", "threads/999999/reply", f"threads/{'9' * 40}/reply"):
        assert told({"comment": "x"}, where)[0] == 404
