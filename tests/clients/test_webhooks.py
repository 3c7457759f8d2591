"""huggingface_hub: webhooks, by its functions; and that its own models read what is delivered."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.environments import Environment, environment
from tests.clients.stage import ask, ask_json, client_environment, run
from tests.live import LiveHub, serving, token_of
from tests.security.receivers import Receiver, answer, receiving

FAR = "127.0.0.2"
ALLOW = {"SWELL_OUTBOUND_ALLOW": f"{FAR}/32"}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveHub]:
    """A hub that may send to one address of this machine."""
    data = tmp_path_factory.mktemp("hooks") / "data"
    with serving(data, people=True, environment=ALLOW) as live:
        yield live


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving(answer("200 OK", body=b"ok"), FAR) as there:
        yield there


def payloads(receiver: Receiver, path: str) -> list[Any]:
    start = f"POST {path} ".encode()
    heard = [each for each in list(receiver.heard) if each.startswith(start)]
    return [json.loads(each.partition(b"\r\n\r\n")[2]) for each in heard]


def await_payloads(receiver: Receiver, path: str, count: int) -> list[Any]:
    deadline = time.monotonic() + 40
    while len(found := payloads(receiver, path)) < count:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def test_every_call_of_the_client(hf: Any, hub: LiveHub) -> None:
    ada, bob = (hf.HfApi(hub.url, token_of(name)) for name in ("ada", "bob"))
    ada.create_repo("hooked")
    watched = [
        {"type": "user", "name": "ada"},
        hf.WebhookWatchedItem(type="model", name="ada/hooked"),
    ]
    made = ada.create_webhook(url="http://127.0.0.2:9/hook", watched=watched, domains=["repo"], secret="word")  # fmt: skip
    assert (made.url, made.domains, made.secret) == ("http://127.0.0.2:9/hook", ["repo"], "word")
    assert (made.job, made.disabled) == (None, False)
    assert [(each.type, each.name) for each in made.watched] == [("user", "ada"), ("model", "ada/hooked")]  # fmt: skip
    got = ada.get_webhook(made.id)
    assert (got.id, got.url, got.secret) == (made.id, made.url, None), "told once"
    both = ada.create_webhook(url="http://127.0.0.2:9/", watched=watched[:1])
    assert both.domains == ["discussion", "repo"]
    assert [each.id for each in ada.list_webhooks()] == [both.id, made.id]
    assert bob.list_webhooks() == []
    changed = ada.update_webhook(made.id, url="http://127.0.0.2:9/other", secret="new")
    assert (changed.url, changed.domains, changed.secret) == ("http://127.0.0.2:9/other", ["repo"], "new")  # fmt: skip
    assert len(changed.watched) == 2
    changed = ada.update_webhook(made.id, watched=[{"type": "org", "name": "guild"}], domains=["repo", "discussion"])  # fmt: skip
    assert [(each.type, each.name) for each in changed.watched] == [("org", "guild")]
    assert ada.disable_webhook(made.id).disabled
    assert ada.get_webhook(made.id).disabled
    assert not ada.enable_webhook(made.id).disabled
    for call in (bob.get_webhook, bob.delete_webhook, bob.disable_webhook):
        with pytest.raises(hf.errors.HfHubHTTPError) as refused:
            call(made.id)
        assert refused.value.response.status_code == 404
    for each in (made, both):
        ada.delete_webhook(each.id)
    assert ada.list_webhooks() == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"job_id": "0123"}, "runs no jobs"),
        ({"job_id": "0123", "secrets": {"a": "b"}}, "runs no jobs"),
        ({"url": "http://127.0.0.1:8080/"}, "own network"),
        ({"url": "http://169.254.169.254/latest"}, "own network"),
        ({"url": "file:///etc/passwd"}, "must begin with"),
        ({"url": "https://a:b@far.example/"}, "no user name"),
        ({"url": "https://far.example/", "watched": [{"type": "model", "name": "ada/none"}]}, "that you can see"),
        ({"url": "https://far.example/", "watched": [{"type": "planet", "name": "x"}]}, "expected one of"),
        ({"url": "https://far.example/", "watched": []}, "something to watch"),
        ({"url": "https://far.example/", "domains": ["all"]}, "expected one of"),
    ],
)  # fmt: skip
def test_what_is_refused_is_told_in_words(
    hf: Any, hub: LiveHub, given: dict[str, Any], words: str
) -> None:
    ada = hf.HfApi(hub.url, token_of("ada"))
    with pytest.raises(hf.errors.HfHubHTTPError) as refused:
        ada.create_webhook(**{"watched": [{"type": "user", "name": "ada"}], **given})
    assert words in str(refused.value)


def test_a_token_that_only_reads_does_not_reach_them(hf: Any, hub: LiveHub) -> None:
    reader = hf.HfApi(hub.url, token_of("ada", "read"))
    with pytest.raises(hf.errors.HfHubHTTPError) as refused:
        reader.list_webhooks()
    assert refused.value.response.status_code == 403


def test_what_is_delivered_is_read_by_the_client(hf: Any, hub: LiveHub, receiver: Receiver) -> None:
    ada = hf.HfApi(hub.url, token_of("ada"))
    path = "/read"
    hook = ada.create_webhook(url=receiver.url(path=path), watched=[{"type": "user", "name": "ada"}], secret="word")  # fmt: skip
    repo = ada.create_repo("delivered", private=True).repo_id
    landed = ada.upload_file(path_or_fileobj=b"---\ntags: [one]\n---\n", path_in_repo="README.md", repo_id=repo)  # fmt: skip
    talk = ada.create_discussion(repo, "Hello", description="What is this?")
    ada.comment_discussion(repo, talk.num, "A reply")
    told = await_payloads(receiver, path, 4)
    read = [hf.WebhookPayload.model_validate(each) for each in told]
    assert {(each.event.action, each.event.scope) for each in read} == {
        ("create", "repo"), ("update", "repo.content"), ("create", "discussion"), ("create", "discussion.comment")
    }  # fmt: skip
    by_scope = {each.event.scope: each for each in read}
    content = by_scope["repo.content"]
    assert content.repo.name == repo
    assert content.repo.private
    assert content.repo.head_sha == landed.oid
    assert content.repo.tags == ada.model_info(repo).tags
    assert content.updatedRefs[0].newSha == landed.oid
    assert content.repo.url.web == f"{hub.url}/{repo}"
    said = by_scope["discussion.comment"]
    assert (said.comment.content, said.discussion.num) == ("A reply", talk.num)
    edited = ada.edit_discussion_comment(repo, talk.num, said.comment.id, "Another reply")
    assert edited.id == said.comment.id, "the id in a payload is the one of the API"
    assert {each.webhook.id for each in read} == {hook.id}
    head, _, body = next(e for e in receiver.heard if e.startswith(b"POST /read ")).partition(b"\r\n\r\n")  # fmt: skip
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    fields = dict(part.split("=") for part in headers["X-Groundswell-Signature"].split(","))
    text = f"{fields['t']}.{headers['X-Groundswell-Delivery']}.".encode() + body
    assert hmac.new(b"word", text, hashlib.sha256).hexdigest() == fields["v1"]
    assert abs(int(fields["t"]) - time.time()) < 60


def test_the_log_by_our_own_addresses(hf: Any, hub: LiveHub, receiver: Receiver) -> None:
    ada = hf.HfApi(hub.url, token_of("ada"))
    path = "/logged"
    hook = ada.create_webhook(url=receiver.url(path=path), watched=[{"type": "org", "name": "guild"}])  # fmt: skip
    at, token = f"/api/settings/webhooks/{hook.id}", token_of("ada")
    headers = {"Authorization": f"Bearer {token}"}
    test = ask_json(hub, "POST", f"{at}/test", {}, token=token).json()["delivery"]
    await_payloads(receiver, path, 1)
    deadline = time.monotonic() + 20
    while (told := ask(hub, "GET", f"{at}/deliveries/{test['id']}", headers=headers).json())["state"] == "waiting":  # fmt: skip
        assert time.monotonic() < deadline
    assert (told["state"], told["status"], told["event"], told["response"]) == ("delivered", 200, "test", "ok")  # fmt: skip
    assert json.loads(told["request"])["webhook"]["id"] == hook.id
    again = ask_json(hub, "POST", f"{at}/deliveries/{test['id']}/redeliver", {}, token=token)
    assert again.status == 200
    await_payloads(receiver, path, 2)
    listed = ask(hub, "GET", f"{at}/deliveries?limit=1", headers=headers)
    assert [each["id"] for each in listed.json()] == [test["id"]]
    stranger = {"Authorization": f"Bearer {token_of('bob')}"}
    assert ask(hub, "GET", f"{at}/deliveries", headers=stranger).status == 404


@pytest.mark.old
def test_the_last_release_of_the_old_client(hub: LiveHub, tmp_path: Any) -> None:
    """0.36 reads every field with [], so none may be left out."""
    old: Environment = environment("hub-0.36")
    script = tmp_path / "calls.py"
    script.write_text(
        "from huggingface_hub import HfApi\n"
        "api = HfApi()\n"
        "made = api.create_webhook(url='http://127.0.0.2:9/', watched=[{'type': 'user', 'name': 'bob'}])\n"
        "assert api.get_webhook(made.id).secret is None\n"
        "assert api.update_webhook(made.id, secret='word').url == made.url\n"
        "assert api.disable_webhook(made.id).disabled and not api.enable_webhook(made.id).disabled\n"
        "assert [each.id for each in api.list_webhooks()] == [made.id]\n"
        "api.delete_webhook(made.id)\n"
        "print('done')\n"
    )
    env = client_environment(hub, tmp_path / "home", token_of("bob"))
    assert run(old.program, script, env=env).strip() == "done"
