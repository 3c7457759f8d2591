"""huggingface_hub 2.4: access to gated repositories is asked for, granted and taken away."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.clients.stage import ask, ask_json, noise
from tests.live import LiveHub, token_of
from tests.web.forms import Browser

CARD = b"---\nextra_gated_fields:\n  Institute: text\n  I agree: checkbox\n---\n# Words\n"
PREFIX = {"model": "", "dataset": "datasets/", "space": "spaces/"}


@pytest.fixture
def gated(ada: Any, new_repo: Callable[..., str]) -> Callable[..., str]:
    """Makes a gated repository of Ada's with a form, a small file and a large one."""

    def make(kind: str = "model", gate: str = "manual") -> str:
        name = new_repo(kind)
        for path, content in (
            ("README.md", CARD),
            ("a.txt", b"hello"),
            ("w.bin", noise(99_000, 1)),
        ):
            ada.upload_file(
                path_or_fileobj=content, path_in_repo=path, repo_id=name, repo_type=kind
            )
        ada.update_repo_settings(name, repo_type=kind, gated=gate)
        return name

    return make


def asks(live_hub: LiveHub, person: str, repo: str, kind: str = "model", **answers: str) -> None:
    """Somebody fills in the form on the page."""
    browser = Browser(live_hub.url)
    browser.sign_in(person)
    browser.send(f"/{PREFIX[kind]}{repo}", "ask-access", {"answer-0": "Fleet", "answer-1": "on"})


@pytest.mark.parametrize("kind", PREFIX)
def test_a_request_is_asked_listed_accepted_and_read(
    kind: str, live_hub: LiveHub, hf: Any, ada: Any, bob: Any, tmp_path: Path,
    gated: Callable[..., str],
) -> None:  # fmt: skip
    repo = gated(kind)
    with pytest.raises(hf.errors.GatedRepoError) as told:
        bob.hf_hub_download(repo, "a.txt", repo_type=kind, local_dir=tmp_path)
    assert "to ask for access" in str(told.value)
    assert list(ada.list_pending_access_requests(repo, repo_type=kind)) == []

    asks(live_hub, "bob", repo, kind)

    with pytest.raises(hf.errors.GatedRepoError, match="awaiting a review"):
        bob.hf_hub_download(repo, "a.txt", repo_type=kind, local_dir=tmp_path)
    (request,) = ada.list_pending_access_requests(repo, repo_type=kind)
    assert (request.username, request.fullname) == ("bob", "Bob")
    assert (request.email, request.status) == ("bob@example.org", "pending")
    assert request.fields == {"Institute": "Fleet", "I agree": True}
    assert abs((datetime.now(UTC) - request.timestamp).total_seconds()) < 60
    ada.accept_access_request(repo, "bob", repo_type=kind)
    assert list(ada.list_pending_access_requests(repo, repo_type=kind)) == []
    assert [r.username for r in ada.list_accepted_access_requests(repo, repo_type=kind)] == ["bob"]
    for path, content in (("a.txt", b"hello"), ("w.bin", noise(99_000, 1))):
        found = bob.hf_hub_download(repo, path, repo_type=kind, local_dir=tmp_path)
        assert Path(found).read_bytes() == content
    bob.auth_check(repo, repo_type=kind)


def test_what_was_accepted_can_be_cancelled_and_rejected(
    live_hub: LiveHub, hf: Any, ada: Any, bob: Any, gated: Callable[..., str], tmp_path: Path
) -> None:
    repo = gated()
    asks(live_hub, "bob", repo)
    (request,) = ada.list_pending_access_requests(repo)
    ada.accept_access_request(repo, request_id=request.request_id)
    bob.hf_hub_download(repo, "a.txt", local_dir=tmp_path)
    ada.cancel_access_request(repo, "bob")
    with pytest.raises(hf.errors.GatedRepoError):
        bob.auth_check(repo)
    assert [r.username for r in ada.list_pending_access_requests(repo)] == ["bob"]
    ada.reject_access_request(repo, "bob", rejection_reason="Say where you work.")
    with pytest.raises(hf.errors.GatedRepoError, match="rejected"):
        bob.auth_check(repo)
    assert [r.status for r in ada.list_rejected_access_requests(repo)] == ["rejected"]
    ada.accept_access_request(repo, "bob")
    bob.auth_check(repo)


def test_access_is_granted_to_who_never_asked(
    hf: Any, ada: Any, eve: Any, gated: Callable[..., str], tmp_path: Path
) -> None:
    repo = gated("dataset")
    with pytest.raises(hf.errors.GatedRepoError):
        eve.hf_hub_download(repo, "w.bin", repo_type="dataset", local_dir=tmp_path)
    assert ada.grant_access(repo, "eve", repo_type="dataset")
    eve.hf_hub_download(repo, "w.bin", repo_type="dataset", local_dir=tmp_path)
    (granted,) = ada.list_accepted_access_requests(repo, repo_type="dataset")
    assert (granted.username, granted.email, granted.fields) == ("eve", None, None)


def test_an_automatic_gate_lets_in_who_agrees(
    live_hub: LiveHub, hf: Any, ada: Any, eve: Any, gated: Callable[..., str], tmp_path: Path
) -> None:
    repo = gated("model", "auto")
    with pytest.raises(hf.errors.GatedRepoError):
        eve.snapshot_download(repo, local_dir=tmp_path)
    asks(live_hub, "eve", repo)
    eve.snapshot_download(repo, local_dir=tmp_path)
    assert (tmp_path / "w.bin").read_bytes() == noise(99_000, 1)
    assert [r.username for r in ada.list_accepted_access_requests(repo)] == ["eve"]


def test_statuses_that_clients_are_promised(
    live_hub: LiveHub, hf: Any, ada: Any, bob: Any, gated: Callable[..., str], repo: str
) -> None:
    def status(work: Callable[..., Any], *args: Any, **more: Any) -> int:
        with pytest.raises(hf.errors.HfHubHTTPError) as told:
            list(work(*args, **more) or ())
        return int(told.value.response.status_code)

    for work in (ada.list_pending_access_requests, ada.list_accepted_access_requests):
        assert status(work, repo) == 400  # not gated
    assert status(ada.accept_access_request, repo, "bob") == 400
    assert status(ada.grant_access, repo, "bob") == 400
    name = gated()
    assert status(ada.accept_access_request, name, "bob") == 404  # never asked
    assert status(ada.accept_access_request, name, "nobody-at-all") == 404
    assert status(ada.grant_access, name, "nobody-at-all") == 404
    ada.grant_access(name, "bob")
    assert status(ada.grant_access, name, "bob") == 400  # has access
    assert status(ada.accept_access_request, name, "bob") == 404  # same status
    ada.cancel_access_request(name, "bob")
    assert status(ada.cancel_access_request, name, "bob") == 404
    ada.reject_access_request(name, "bob", rejection_reason=None)
    assert status(ada.reject_access_request, name, "bob", rejection_reason=None) == 404
    assert status(ada.reject_access_request, name, "bob", rejection_reason="x" * 201) == 400
    for person in (bob, hf.HfApi(token=token_of("ada", "read"))):
        assert status(person.list_pending_access_requests, name) == 403
        assert status(person.accept_access_request, name, "bob") == 403
        assert status(person.grant_access, name, "eve") == 403
    where = f"/api/models/{name}/user-access-request"
    ada_token = token_of("ada")
    for body in ({"status": "accepted"}, {"user": "bob", "requestId": "x", "status": "accepted"},
                 {"user": "bob"}, {"user": "bob", "status": "ended"}, {"user": 7, "status": "accepted"},
                 {"user": "bob", "status": "accepted", "rejectionReason": "why"}):  # fmt: skip
        assert ask_json(live_hub, "POST", f"{where}/handle", body, token=ada_token).status == 400
    assert ask(live_hub, "GET", f"{where}/ended", token=ada_token).status == 404
    user_id = ask(live_hub, "GET", f"{where}/rejected", token=ada_token).json()[0]["user"]["_id"]
    by_id = {"userId": user_id, "status": "accepted"}
    assert ask_json(live_hub, "POST", f"{where}/handle", by_id, token=ada_token).status == 200


def test_lists_come_in_pages(live_hub: LiveHub, ada: Any, gated: Callable[..., str]) -> None:
    name = gated()
    for person in ("bob", "eve"):
        ada.grant_access(name, person)
    where = f"/api/models/{name}/user-access-request/accepted?limit=1"
    first = ask(live_hub, "GET", where, token=token_of("ada"))
    assert first.headers["X-Total-Count"] == "2"
    link = first.headers["Link"]
    assert link.startswith(
        f"<{live_hub.url}/api/models/{name}/user-access-request/accepted?limit=1&"
    )
    second = ask(live_hub, "GET", link[1 : link.index(">")], token=token_of("ada"))
    assert second.headers["Link"] is None
    names = [each["user"]["user"] for answer in (first, second) for each in answer.json()]
    assert names == ["eve", "bob"]


def test_days_until_access_ends(live_hub: LiveHub, ada: Any, gated: Callable[..., str]) -> None:
    name = gated()
    where = f"/api/models/{name}"
    token = token_of("ada")

    def put(value: object) -> Any:
        return ask_json(
            live_hub, "PUT", f"{where}/settings", {"gateExpiresDays": value}, token=token
        )

    for wrong in (0, -1, 3651, "7", True, 1.5):
        assert put(wrong).status == 400
    assert put(7).json()["gateExpiresDays"] == 7
    ada.grant_access(name, "bob")
    assert put(None).json()["gateExpiresDays"] is None
    ada.grant_access(name, "eve")
    accepted = ask(live_hub, "GET", f"{where}/user-access-request/accepted", token=token).json()
    assert [(each["user"]["user"], "expiresAt" in each) for each in accepted] == [
        ("eve", False),
        ("bob", True),
    ]
    assert accepted[1]["expiresAt"].endswith("Z")
