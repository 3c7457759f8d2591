"""huggingface_hub 2.4: discussions and pull requests, by its methods and by `hf discussions`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import Environment
from tests.clients.stage import ask, ask_json, attempt, client_environment, run
from tests.hub.media import pictures
from tests.live import LiveHub, token_of

LINES = "".join(f"line {number}\n" for number in range(20))


def status_of(told: Any) -> int:
    return int(told.value.response.status_code)


def put(api: Any, repo: str, path: str, text: str, revision: str | None = None) -> Any:
    return api.upload_file(
        path_or_fileobj=text.encode(), path_in_repo=path, repo_id=repo, revision=revision
    )


@pytest.mark.filterwarnings("ignore:Hidden comments' content:UserWarning")
def test_a_discussion_from_its_first_word_to_its_last(
    hf: Any, ada: Any, bob: Any, eve: Any, nobody: Any, repo: str
) -> None:
    made = bob.create_discussion(repo, "A question", description="Why **this**?")
    assert (made.num, made.status, made.author) == (1, "open", "bob")
    first = made.events[0]
    assert (first.type, first.content, first.edited) == ("comment", "Why **this**?", False)
    assert "<strong>this</strong>" in first.rendered
    said = ada.comment_discussion(repo, 1, "Because of <b>that</b><script>alert(1)</script>")
    assert (said.author, said.content[:7], said.hidden) == ("ada", "Because", False)
    assert "<script" not in said.rendered
    edited = ada.edit_discussion_comment(repo, 1, said.id, "Because.")
    assert (edited.id, edited.content, edited.edited) == (said.id, "Because.", True)
    assert edited.number_of_edits == 1
    assert [each["raw"][:8] for each in edited.edit_history] == ["Because "]
    renamed = bob.rename_discussion(repo, 1, "A better question")
    assert (renamed.old_title, renamed.new_title) == ("A question", "A better question")
    closed = ada.change_discussion_status(repo, 1, "closed", comment="Answered.")
    assert closed.new_status == "closed"
    told = nobody.get_discussion_details(repo, 1)
    assert (told.title, told.status) == ("A better question", "closed")
    assert [(each.type, each.author) for each in told.events] == [
        ("comment", "bob"),
        ("comment", "ada"),
        ("title-change", "bob"),
        ("comment", "ada"),
        ("status-change", "ada"),
    ]
    assert told.diff is None
    for who, work in (
        (eve, lambda: eve.edit_discussion_comment(repo, 1, said.id, "Mine.")),
        (eve, lambda: eve.hide_discussion_comment(repo, 1, said.id)),
        (eve, lambda: eve.rename_discussion(repo, 1, "Mine")),
        (eve, lambda: eve.change_discussion_status(repo, 1, "open")),
    ):
        with pytest.raises(hf.errors.HfHubHTTPError) as refused:
            work()
        assert status_of(refused) == 403, who
    gone = bob.hide_discussion_comment(repo, 1, first.id)
    assert (gone.hidden, gone.content) == (True, "")
    told = nobody.get_discussion_details(repo, 1)
    assert (told.events[0].hidden, told.events[0].content) == (True, "")


def test_a_pull_request_from_a_draft_to_main(
    hf: Any, ada: Any, bob: Any, nobody: Any, repo: str
) -> None:
    put(ada, repo, "notes.txt", LINES)
    made = bob.create_pull_request(repo, "An offer", description="Better.")
    assert (made.status, made.is_pull_request, made.git_reference) == ("draft", True, "refs/pr/1")
    put(bob, repo, "notes.txt", LINES.replace("line 2\n", "theirs\n"), "refs/pr/1")
    put(ada, repo, "notes.txt", LINES.replace("line 17\n", "ours\n"))
    told = nobody.get_discussion_details(repo, 1)
    assert (told.target_branch, told.conflicting_files) == ("refs/heads/main", [])
    assert told.diff.startswith("diff --git a/notes.txt b/notes.txt\n")
    assert "-line 2\n+theirs\n" in told.diff
    assert "ours" not in told.diff
    commits = [each for each in told.events if each.type == "commit"]
    assert [each.summary for each in commits] == ["Upload notes.txt with huggingface_hub"]
    assert (
        commits[0].oid
        == ada.list_repo_refs(repo, include_pull_requests=True).pull_requests[0].target_commit
    )
    with pytest.raises(hf.errors.HfHubHTTPError) as early:
        ada.merge_pull_request(repo, 1)
    assert status_of(early) == 409
    bob.change_discussion_status(repo, 1, "open")
    with pytest.raises(hf.errors.HfHubHTTPError) as foreign:
        bob.merge_pull_request(repo, 1)
    assert status_of(foreign) == 403
    ada.merge_pull_request(repo, 1, comment="Thank you.")
    told = nobody.get_discussion_details(repo, 1)
    assert (told.status, told.merge_commit_oid) == ("merged", ada.model_info(repo).sha)
    assert [each.type for each in told.events[-2:]] == ["comment", "status-change"]
    assert "-line 2\n+theirs\n" in told.diff
    joined = Path(ada.hf_hub_download(repo, "notes.txt")).read_text()
    assert joined == LINES.replace("line 2\n", "theirs\n").replace("line 17\n", "ours\n")


def test_conflicts_are_named_and_a_stale_one_catches_up(
    live_hub: LiveHub, hf: Any, ada: Any, bob: Any, repo: str
) -> None:
    put(ada, repo, "notes.txt", "one\n")
    bob.create_pull_request(repo, "An offer")
    put(bob, repo, "notes.txt", "two\n", "refs/pr/1")
    put(ada, repo, "other.txt", "main\n")
    bob.change_discussion_status(repo, 1, "open")
    address = f"/api/models/{repo}/discussions/1"
    updated = ask_json(live_hub, "POST", f"{address}/update", {}, token=token_of("bob"))
    assert updated.status == 200, updated.body
    assert "other.txt" in ada.list_repo_files(repo, revision="refs/pr/1")
    put(ada, repo, "notes.txt", "three\n")
    told = ada.get_discussion_details(repo, 1)
    assert told.conflicting_files == ["notes.txt"]
    with pytest.raises(hf.errors.HfHubHTTPError, match=r"notes\.txt") as refused:
        ada.merge_pull_request(repo, 1)
    assert status_of(refused) == 409
    put(bob, repo, "notes.txt", "three\n", "refs/pr/1")
    assert ada.get_discussion_details(repo, 1).conflicting_files == []
    merged = ask_json(
        live_hub, "POST", f"{address}/merge", {"method": "squash"}, token=token_of("ada")
    )
    assert merged.status == 200, merged.body
    assert next(each.title for each in ada.list_repo_commits(repo)) == "An offer (#1)"


def test_what_is_not_there_is_not_found(live_hub: LiveHub, ada: Any, repo: str) -> None:
    ada.create_discussion(repo, "x")
    ada.create_discussion(repo, "y")
    address = f"/api/models/{repo}/discussions"
    said = ask(live_hub, "GET", f"{address}/1").json()["events"][0]["id"]
    for where in (
        f"{address}/3/comment",
        f"{address}/2/comment/{said}/hide",
        f"{address}/1/comment/{'f' * 24}/hide",
        f"{address}/1/comment/abc/hide",
        f"{address}/1/comment/{said}x/hide",
    ):
        answer = ask_json(live_hub, "POST", where, {"comment": "x"}, token=token_of("ada"))
        assert answer.status == 404, (where, answer.body)


def test_locking_and_pinning(live_hub: LiveHub, hf: Any, ada: Any, bob: Any, repo: str) -> None:
    for title in ("one", "two"):
        bob.create_discussion(repo, title)
    address = f"/api/models/{repo}/discussions/1"
    for mark in ("lock", "pin"):
        answer = ask_json(live_hub, "POST", f"{address}/{mark}", {}, token=token_of("bob"))
        assert answer.status == 403
        answer = ask_json(live_hub, "POST", f"{address}/{mark}", {}, token=token_of("ada"))
        assert answer.status == 200
    assert [each.num for each in ada.get_repo_discussions(repo)] == [1, 2]
    with pytest.raises(hf.errors.HfHubHTTPError, match="locked"):
        bob.comment_discussion(repo, 1, "But")
    ada.comment_discussion(repo, 1, "Enough")
    told = ask(live_hub, "GET", address).json()
    assert (told["pinned"], told["locked"], told["numComments"]) == (True, True, 2)
    kinds = [each.type for each in ada.get_discussion_details(repo, 1).events]
    assert kinds == ["comment", "locking-change", "pinning-change", "comment"]


def test_a_private_repository_tells_nothing(
    live_hub: LiveHub, ada: Any, new_repo: Callable[..., str]
) -> None:
    hidden = new_repo(private=True)
    ada.create_discussion(hidden, "secret")
    address = f"/api/models/{hidden}/discussions"
    said = ask(live_hub, "GET", f"{address}/1", token=token_of("ada")).json()["events"][0]["id"]
    for method, where in (
        ("GET", address),
        ("GET", f"{address}/1"),
        ("POST", f"{address}/1/comment"),
        ("POST", f"{address}/1/comment/{said}/edit"),
        ("POST", f"{address}/1/comment/{said}/hide"),
        ("POST", f"{address}/1/title"),
        ("POST", f"{address}/1/status"),
        ("POST", f"{address}/1/lock"),
        ("POST", f"{address}/1/merge"),
        ("POST", f"{address}/1/update"),
    ):
        missing = where.replace(hidden, f"{hidden}-not-there")
        fields = {"comment": "x", "content": "x", "title": "x", "status": "open"}
        body = fields if method == "POST" else None
        for token in (token_of("eve"), None):
            seen = ask_json(live_hub, method, where, body, token=token)
            other = ask_json(live_hub, method, missing, body, token=token)
            assert seen.status == other.status == (401 if token is None else 404), where
            assert seen.body == other.body.replace(b"-not-there", b""), where


def test_the_command_line_speaks_too(
    live_hub: LiveHub,
    clients: Callable[[str], Environment],
    home: Path,
    ada: Any,
    repo: str,
) -> None:
    environment = client_environment(live_hub, home, token_of("ada"))
    command = clients("current").script("hf")

    def hf(*words: str) -> str:
        return run(command, "discussions", *words, env=environment)

    hf("create", repo, "--title", "Loss is NaN", "--body", "After step 10.")
    hf("create", repo, "--title", "A fix", "--pull-request")
    hf("comment", repo, "1", "--body", "Mine too.")
    told = json.loads(hf("info", repo, "1", "--format", "json"))
    assert told["title"] == "Loss is NaN"
    said = ada.get_discussion_details(repo, 1).events[1]
    hf("edit", repo, "1", said.id, "--body", "Mine too!")
    assert ada.get_discussion_details(repo, 1).events[1].content == "Mine too!"
    hf("rename", repo, "1", "Loss is NaN at step 10")
    hf("close", repo, "1", "--yes")
    assert [each.num for each in ada.get_repo_discussions(repo, discussion_status="open")] == [2]
    hf("reopen", repo, "1", "--yes")
    listed = json.loads(hf("list", repo, "--format", "json"))
    assert [each["num"] for each in listed] == [2, 1]
    put(ada, repo, "fix.txt", "fixed\n", "refs/pr/2")
    assert "+fixed" in hf("diff", repo, "2")
    assert attempt(command, "discussions", "merge", repo, "2", "--yes", env=environment).returncode
    hf("reopen", repo, "2", "--yes")
    hf("merge", repo, "2", "--yes", "--comment", "Good.")
    assert "fix.txt" in ada.list_repo_files(repo)


def test_files_are_attached_by_the_command_line(
    live_hub: LiveHub,
    clients: Callable[[str], Environment],
    hf: Any,
    ada: Any,
    repo: str,
    home: Path,
) -> None:
    command = clients("current").script("hf")
    environment = client_environment(live_hub, home, token_of("ada"))
    files = {"loss.png": "image/png", "demo.mp4": "video/mp4", "voice.mp3": "audio/mpeg"}
    for name, kind in files.items():
        (home / name).write_bytes(pictures()[kind])

    def talk(*words: str) -> str:
        return run(command, "discussions", *words, env=environment, cwd=home)

    body = "See ![the curve](./loss.png)."
    talk("create", repo, "--title", "Loss", "--body", body, "--attach", "loss.png")
    talk("comment", repo, "1", "--attach", "demo.mp4", "--attach", "voice.mp3#Voice")
    first, second = ada.get_discussion_details(repo, 1).events
    (address,) = re.findall(r"!\[the curve\]\((\S+)\)", first.content)
    assert address.startswith(f"{live_hub.url}/uploads/")
    path = address.removeprefix(live_hub.url)
    assert f'src="{path}"' in first.rendered
    shown = ask(live_hub, "GET", path)
    assert (shown.status, shown.headers["Content-Type"]) == (200, "image/png")
    assert shown.body == pictures()["image/png"]
    assert "<video controls" in second.rendered
    assert "<audio controls" in second.rendered
    edited = talk("edit", repo, "1", second.id, "--body", "Again", "--attach", "loss.png#Again")
    assert edited is not None
    assert "![Again](" in ada.get_discussion_details(repo, 1).events[1].content
    (home / "lie.png").write_bytes(b"GIF89a" + bytes(100))
    with pytest.raises(hf.errors.HfHubHTTPError, match="sent as"):
        ada.upload_attachment(home / "lie.png")


def test_reactions_labels_and_assignees_leave_clients_at_peace(
    live_hub: LiveHub, ada: Any, bob: Any, repo: str
) -> None:
    bob.create_discussion(repo, "A fault", description="It breaks")
    at = f"/api/models/{repo}"
    told = ask_json(
        live_hub, "POST", f"{at}/labels", {"name": "bug", "colour": "pink"}, token=token_of("ada")
    )
    assert told.status == 200, told.body
    for method, path, body in (
        ("PUT", "/discussions/1/labels", {"labels": ["bug"]}),
        ("PUT", "/discussions/1/assignees", {"user": "bob"}),
    ):
        told = ask_json(live_hub, method, at + path, body, token=token_of("ada"))
        assert told.status == 200, told.body
    event = ada.get_discussion_details(repo, 1).events[0].id
    path = f"{at}/discussions/1/comment/{event}/reaction"
    told = ask_json(live_hub, "POST", path, {"reaction": "👍"}, token=token_of("ada"))
    assert told.json() == {"reaction": "yes", "given": True}
    found = ada.get_discussion_details(repo, 1)
    assert [each.type for each in found.events] == ["comment", "label-change", "assignee-change"]
    assert found.events[0]._event["data"]["reactions"] == [
        {"reaction": "👍", "count": 1, "users": ["ada"]}
    ]
    listed = ask(live_hub, "GET", f"{at}/discussions?label=bug&assignee=bob").json()
    assert [each["num"] for each in listed["discussions"]] == [1]
    assert listed["discussions"][0]["labels"] == ["bug"]
    assert ask(live_hub, "GET", f"{at}/discussions?label=none").json()["count"] == 0
    assert [each.num for each in bob.get_repo_discussions(repo)] == [1]
    (label,) = ask(live_hub, "GET", f"{at}/labels").json()["labels"]
    here = f"{at}/labels/{label['id']}"
    told = ask_json(live_hub, "PATCH", here, {"name": "fault"}, token=token_of("ada"))
    assert (told.json()["name"], told.json()["colour"]) == ("fault", "pink")
    assert ask(live_hub, "DELETE", here, token=token_of("bob")).status == 403
    assert ask(live_hub, "DELETE", here, token=token_of("ada")).status == 200
