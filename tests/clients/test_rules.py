"""Rules, checks and the queue, as unmodified clients and real git meet them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.clients.stage import Answer, ask, ask_json, client_environment
from tests.clients.test_git import git, git_fails, person, put
from tests.live import LiveHub, token_of


def call(
    hub: LiveHub, method: str, repo: str, tail: str, body: Any = None, who: str = "ada"
) -> Answer:
    return ask_json(hub, method, f"/api/models/{repo}{tail}", body, token=token_of(who))


def rule(hub: LiveHub, repo: str, **terms: Any) -> None:
    made = call(hub, "POST", repo, "/rules", {"pattern": "main", **terms})
    assert made.status == 200, made.body


def report(hub: LiveHub, repo: str, revision: str, state: str, **more: Any) -> None:
    body = {"name": "unit", "state": state, **more}
    told = call(hub, "POST", repo, f"/checks/{revision.replace('/', '%2F')}", body, "bob")
    assert told.status == 200, told.body


@pytest.fixture
def guarded(hf: Any, new_repo: Any) -> str:
    """A model of the guild's, where ada is an admin and bob a writer."""
    return str(new_repo(owner="guild"))


def upload(api: Any, repo: str, text: str = "1", **more: Any) -> Any:
    return api.upload_file(
        path_or_fileobj=text.encode(), path_in_repo="a.txt", repo_id=repo, **more
    )


def test_a_commit_to_a_protected_main_is_refused_in_words(
    hf: Any, live_hub: LiveHub, bob: Any, guarded: str
) -> None:
    rule(live_hub, guarded, approvals=1)
    before = bob.model_info(guarded).sha
    with pytest.raises(
        hf.errors.HfHubHTTPError, match="main is protected: open a pull request"
    ) as told:
        upload(bob, guarded)
    assert told.value.response.status_code == 403
    assert told.value.response.headers["X-Error-Code"] == "ProtectedReference"
    assert bob.model_info(guarded).sha == before
    assert [each.rfilename for each in bob.model_info(guarded).siblings] == [".gitattributes"]
    made = upload(bob, guarded, create_pr=True)
    assert made.pr_num == 1
    for work in (
        lambda: bob.super_squash_history(guarded),
        lambda: bob.create_branch(guarded, branch="main", exist_ok=False),
        lambda: bob.delete_file("a.txt", guarded),
        lambda: bob.merge_pull_request(guarded, 1),
    ):
        with pytest.raises(hf.errors.HfHubHTTPError):
            work()
    assert bob.model_info(guarded).sha == before


def test_a_rule_that_is_misspelt_is_refused(live_hub: LiveHub, guarded: str) -> None:
    body = {"pattern": "main", "push": "nobody"}
    told = call(live_hub, "POST", guarded, "/rules", body)
    assert told.status == 400
    assert b"pushers" in told.body
    assert call(live_hub, "GET", guarded, "/rules").json()["rules"] == []


def test_a_push_to_a_protected_main_is_refused_in_gits_words(
    live_hub: LiveHub, guarded: str, home: Path, tmp_path: Path
) -> None:
    rule(live_hub, guarded, pushers="nobody")
    call(
        live_hub, "POST", guarded, "/rules", {"pattern": "v*", "target": "tag", "pushers": "nobody"}
    )
    call(live_hub, "POST", guarded, "/rules", {"pattern": "steady"})
    bob_git, work = person(live_hub, home, "bob"), tmp_path / "work"
    git(bob_git, "clone", f"{live_hub.url}/{guarded}", work)
    put(work, "a.txt")
    git(bob_git, "add", ".", cwd=work)
    who = ("-c", "user.name=Bob", "-c", "user.email=bob@example.org")
    git(bob_git, *who, "commit", "-m", "one", cwd=work)
    told = git_fails(bob_git, "push", "origin", "main", cwd=work)
    assert "[remote rejected] main -> main (main is protected: open a pull request.)" in told
    git(bob_git, "tag", "v1", cwd=work)
    assert "tags/v1 is protected" in git_fails(bob_git, "push", "origin", "v1", cwd=work)
    told = git_fails(
        bob_git, "push", "--atomic", "origin", "main", "HEAD:refs/heads/side", cwd=work
    )
    assert "atomic push failed" in told
    git(bob_git, "push", "origin", "HEAD:refs/heads/steady", cwd=work)
    git(bob_git, *who, "commit", "--amend", "-m", "another", cwd=work)
    told = git_fails(bob_git, "push", "--force", "origin", "HEAD:refs/heads/steady", cwd=work)
    assert "steady is protected: its history may not be rewritten" in told
    told = git_fails(bob_git, "push", "origin", ":refs/heads/steady", cwd=work)
    assert "may not be deleted" in told
    refs = git(bob_git, "ls-remote", "origin", cwd=work)
    assert "side" not in refs
    assert "v1" not in refs
    assert git(bob_git, "log", "--format=%s", "origin/main", cwd=work) == "initial commit"


def test_sign_off_by_git_and_by_a_description(
    hf: Any, live_hub: LiveHub, bob: Any, guarded: str, home: Path, tmp_path: Path
) -> None:
    rule(live_hub, guarded, signOff=True)
    with pytest.raises(hf.errors.HfHubHTTPError, match="Signed-off-by of the author is missing"):
        upload(bob, guarded)
    upload(bob, guarded, commit_description="Signed-off-by: bob <bob@example.org>")
    bob_git, work = person(live_hub, home, "bob"), tmp_path / "work"
    git(bob_git, "clone", f"{live_hub.url}/{guarded}", work)
    put(work, "b.txt")
    git(bob_git, "add", ".", cwd=work)
    who = ("-c", "user.name=Bob B", "-c", "user.email=b@example.org")
    git(bob_git, *who, "commit", "-m", "one", cwd=work)
    assert "Signed-off-by" in git_fails(bob_git, "push", cwd=work)
    git(bob_git, *who, "commit", "--amend", "--signoff", "--no-edit", cwd=work)
    git(bob_git, "push", cwd=work)


def test_a_pull_request_merges_once_its_check_passed(
    hf: Any, live_hub: LiveHub, bob: Any, eve: Any, guarded: str
) -> None:
    rule(live_hub, guarded, checks=["unit"])
    upload(eve, guarded, create_pr=True)
    eve.change_discussion_status(guarded, 1, "open")
    told = call(live_hub, "GET", guarded, "/discussions/1").json()["requirements"]
    assert told["blockers"] == [{"name": "check", "message": "the check unit has not reported"}]
    with pytest.raises(
        hf.errors.HfHubHTTPError, match="the check unit has not reported"
    ) as refused:
        bob.merge_pull_request(guarded, 1)
    assert refused.value.response.status_code == 409
    passed, checks = {"name": "unit", "state": "passed"}, "/checks/refs%2Fpr%2F1"
    assert call(live_hub, "POST", guarded, checks, passed, "eve").status == 403
    report(
        live_hub,
        guarded,
        "refs/pr/1",
        "failed",
        log="it broke\n",
        detailsUrl="https://ci.example/1",
    )
    with pytest.raises(hf.errors.HfHubHTTPError, match="the check unit failed"):
        bob.merge_pull_request(guarded, 1)
    listed = call(live_hub, "GET", guarded, "/checks/refs%2Fpr%2F1").json()
    assert [each["state"] for each in listed["checks"]] == ["failed"]
    log = ask(live_hub, "GET", f"/api/models/{guarded}/checks/{listed['commit']}/unit/log")
    assert (log.status, log.body) == (200, b"it broke\n")
    assert log.headers["Content-Type"].startswith("text/plain")
    report(live_hub, guarded, "refs/pr/1", "passed")
    bob.merge_pull_request(guarded, 1)
    assert "a.txt" in bob.list_repo_files(guarded)


def test_a_rule_names_whose_reports_count(live_hub: LiveHub, eve: Any, guarded: str) -> None:
    rule(live_hub, guarded, checks=["unit", "eval"], checkReporters={"eval": "ada"})
    (told,) = call(live_hub, "GET", guarded, "/rules", who="bob").json()["rules"]
    assert (told["checks"], told["checkReporters"]) == (["unit", "eval"], {"eval": "ada"})
    upload(eve, guarded, create_pr=True)
    eve.change_discussion_status(guarded, 1, "open")
    report(live_hub, guarded, "refs/pr/1", "passed")
    body, checks = {"name": "eval", "state": "passed"}, "/checks/refs%2Fpr%2F1"
    refused = call(live_hub, "POST", guarded, checks, body, "bob")
    assert (refused.status, "reported by @ada" in refused.json()["error"]) == (403, True)
    needs = call(live_hub, "GET", guarded, "/discussions/1").json()["requirements"]
    message = "the check eval waits for a report of @ada"
    assert needs["blockers"] == [{"name": "check", "message": message}]
    assert needs["checks"][1] == {"name": "eval", "state": None, "reporters": ["ada"]}
    strange = call(live_hub, "POST", guarded, checks, {**body, "details_url": "/x"}, "ada")
    assert (strange.status, "no 'details_url'" in strange.json()["error"]) == (400, True)
    assert call(live_hub, "POST", guarded, checks, body, "ada").status == 200
    needs = call(live_hub, "GET", guarded, "/discussions/1").json()["requirements"]
    assert needs["blockers"] == []
    for wrong in ({"eval": 1}, ["eval"], {"eval": "nobody-of-that-name"}, {"other": "ada"}):
        body = {"pattern": "m*", "checks": ["eval"], "checkReporters": wrong}
        assert call(live_hub, "POST", guarded, "/rules", body).status == 400


def test_the_queue_tests_what_main_will_be(
    live_hub: LiveHub, bob: Any, eve: Any, guarded: str, home: Path, tmp_path: Path
) -> None:
    rule(live_hub, guarded, checks=["unit"], queue=True)
    upload(eve, guarded, create_pr=True)
    eve.change_discussion_status(guarded, 1, "open")
    bob.merge_pull_request(guarded, 1)
    assert bob.get_discussion_details(guarded, 1).status == "open"
    (entry,) = call(live_hub, "GET", guarded, "/queue").json()["queue"]
    assert entry["awaits"] == ["the check unit has not reported"]
    anonymous, work = person(live_hub, home), tmp_path / "work"
    git(anonymous, "clone", f"{live_hub.url}/{guarded}", work)
    git(anonymous, "fetch", "origin", entry["ref"], cwd=work)
    assert git(anonymous, "rev-parse", "FETCH_HEAD", cwd=work) == entry["commit"]
    report(live_hub, guarded, entry["commit"], "passed")
    assert bob.model_info(guarded).sha == entry["commit"]
    assert bob.get_discussion_details(guarded, 1).status == "merged"
    assert call(live_hub, "GET", guarded, "/queue").json() == {"queue": []}


def test_a_report_needs_nothing_but_curl(live_hub: LiveHub, guarded: str, home: Path) -> None:
    from tests.clients.stage import run

    said = run(
        "curl", "-sf", f"{live_hub.url}/api/models/{guarded}/checks/main",
        "-H", f"Authorization: Bearer {token_of('bob')}", "-H", "Content-Type: application/json",
        "-d", '{"name": "ci/unit", "state": "passed", "startedAt": "2026-01-31T12:00:00Z"}',
        env=client_environment(live_hub, home),
    )  # fmt: skip
    assert '"startedAt":"2026-01-31T12:00:00.000Z"' in said.replace(": ", ":")
    one = ask(live_hub, "GET", f"/api/models/{guarded}/checks/main/ci%2Funit")
    assert one.json()["state"] == "passed"
