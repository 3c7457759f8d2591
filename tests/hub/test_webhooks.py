"""Webhooks: who is told of what, and what becomes of telling them."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from huggingface_hub import WebhookPayload

from groundswell.core.errors import (
    AccountNotFound,
    BadRequest,
    Conflict,
    Corrupt,
    Forbidden,
    NotFound,
    RepoNotFound,
    TooManyRequests,
    Unauthenticated,
)
from groundswell.core.values import (
    ANONYMOUS,
    AddRegular,
    Gate,
    Principal,
    RepoId,
    RepoKind,
    Role,
    TokenRole,
    Visibility,
)
from groundswell.hub.discussions import Status
from groundswell.hub.projections import Projections
from groundswell.hub.sealing import Sealer
from groundswell.hub.webhooks import (
    NAME,
    SCOPES,
    Deliveries,
    DeliveryState,
    Domain,
    Outcome,
    Watched,
    WatchedType,
    Webhook,
    WebhookDraft,
    Webhooks,
    log,
    project,
    projecting,
    sweep,
    values,
)
from groundswell.jobs import Sender
from groundswell.jobs import sending as sending_module
from groundswell.store import tables
from groundswell.store.outbound import Outbound, OutboundPolicy
from tests.contract import postgresql
from tests.hub.following import begin_again
from tests.hub.git_world import GitWorld
from tests.security.receivers import Receiver, answer, receiving

FAR = "127.0.0.2"
BASE = "https://hub.example"
DAY = 86_400 * 1_000_000
KEY = b"k" * 32


class Post(GitWorld):
    """A hub that may send to ``FAR``, and a clock that can be put on."""

    def __init__(self, root: Path, url: str | None = None) -> None:
        self.skew = 0
        super().__init__(root, url)
        self.outbound = Outbound(OutboundPolicy(allowed=(f"{FAR}/32",)))
        self.sealer = Sealer([KEY])
        self.webhooks = Webhooks(self.database, self.now, self.sealer, self.outbound)
        self.deliveries = Deliveries(self.database, self.now, self.sealer, self.outbound)
        self.line = Projections(self.database)

    def now(self) -> int:
        return super().now() + self.skew

    def hook(self, url: str, *watched: str, who: Principal | None = None, **more: Any) -> Webhook:
        draft = WebhookDraft(
            url, tuple(map(told, watched or ("user alice",))), more.pop("domains", None), **more
        )
        return self.webhooks.create(who or self.alice, draft)

    def follow(self) -> int:
        return self.line.run(NAME, project(self.now))

    def send(self) -> list[Outcome]:
        """Deliver everything that is due, one after the other."""
        self.follow()
        outcomes = []
        while taken := self.deliveries.claim([], lambda _each: True, 100):
            outcomes += [self.deliveries.deliver(each, BASE) for each in taken]
        return outcomes

    def log(self, hook: Webhook, who: Principal | None = None) -> list[Any]:
        return list(self.webhooks.deliveries(who or self.alice, hook.id, limit=100).deliveries)


def told(text: str) -> Watched:
    kind, name = text.split()
    return Watched(WatchedType(kind), name)


def body_of(request: bytes) -> Any:
    return json.loads(request.partition(b"\r\n\r\n")[2])


def headers_of(request: bytes) -> dict[str, str]:
    lines = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


@pytest.fixture(params=["sqlite", "postgresql"])
def any_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Post]:
    url = None
    if request.param == "postgresql":
        url = postgresql.fresh_url(
            request.getfixturevalue("server"), f"h{abs(hash(tmp_path.name))}"
        )
    world = Post(tmp_path / "hub", url)
    yield world
    world.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Post]:
    world = Post(tmp_path / "hub")
    yield world
    world.close()


@pytest.fixture
def far() -> Iterator[Receiver]:
    with receiving(answer("200 OK", body=b"thanks"), FAR) as there:
        yield there


# --- what is told -------------------------------------------------------------------------------


def everything_happens(world: Post) -> None:
    """Each kind of event that webhooks are told of, at least once."""
    repository = world.model()
    world.files(repository, a="1")
    world.references.create_tag(world.alice, repository, "main", "v1")
    world.references.delete_tag(world.alice, repository, "v1")
    made = world.commit(repository, AddRegular("b", b"2"), who=world.bob, create_pr=True)
    number = made.pull_request_number
    assert number is not None
    talks = world.discussions
    said = talks.comment(world.bob, repository, number, "look ünd sée\n\N{SNOWMAN}")
    talks.edit(world.bob, repository, number, said.id, "look at it")
    talks.set_title(world.bob, repository, number, "A change")
    talks.set_status(world.alice, repository, number, Status.OPEN)
    talks.set_pinned(world.alice, repository, number, pinned=True)
    talks.set_pinned(world.alice, repository, number, pinned=False)
    talks.set_locked(world.alice, repository, number, locked=True)
    talks.set_locked(world.alice, repository, number, locked=False)
    world.merging.merge(world.alice, repository, number, comment="thanks")
    talks.create(world.bob, repository, "A question", "Why?")
    hidden = talks.comment(world.alice, repository, 2, "something rude")
    talks.hide(world.alice, repository, 2, hidden.id)
    world.repos.update_settings(world.alice, repository.repo_id, visibility=Visibility.PRIVATE)
    world.repos.update_settings(world.alice, repository.repo_id, gate=Gate.AUTO)
    moved = RepoId(RepoKind.MODEL, "alice", "renamed")
    world.repos.move(world.alice, repository.repo_id, moved)
    data = world.repos.create(world.alice, RepoId(RepoKind.DATASET, "alice", "d"))
    world.repos.delete(world.alice, data.repo_id)


def test_every_event_is_a_payload_that_the_client_reads(any_world: Post, far: Receiver) -> None:
    world = any_world
    world.hook(far.url(), secret="word")
    everything_happens(world)
    outcomes = world.send()
    assert all(each.arrived for each in outcomes)
    payloads = [body_of(each) for each in far.heard]
    for each in payloads:
        WebhookPayload.model_validate(each)
    events = world.database.read(
        lambda conn: conn.execute(sa.select(tables.events.c.type).order_by("id")).scalars().all()
    )
    happened = [each for each in events if each in SCOPES]
    # "restored" takes an operator: see test_what_comes_back_is_told.
    assert set(happened) == set(SCOPES) - {"repository.restored"}
    kinds = [(each["event"]["action"], each["event"]["scope"]) for each in payloads]
    assert kinds == [(SCOPES[each].action, SCOPES[each].scope) for each in happened]
    by_event = dict(zip(happened, payloads, strict=True))  # the last of each
    landed = by_event["commit.landed"]
    assert landed["updatedRefs"][0]["ref"] == "refs/heads/main"
    moved = by_event["repository.moved"]
    assert (moved["repo"]["name"], moved["movedTo"]["name"]) == ("alice/m", "alice/renamed")
    assert moved["repo"]["url"]["web"] == f"{BASE}/alice/renamed"
    merged = by_event["pull_request.merged"]["discussion"]
    assert (merged["status"], merged["isPullRequest"], merged["num"]) == ("merged", True, 1)
    assert len(merged["changes"]["mergeCommitId"]) == 40
    edited = by_event["comment.edited"]["comment"]
    assert (edited["content"], edited["hidden"]) == ("look at it", False)
    hidden = by_event["comment.hidden"]["comment"]
    assert hidden["hidden"]
    assert "content" not in hidden
    assert by_event["discussion.created"]["comment"]["content"] == "Why?"
    assert by_event["repository.deleted"]["repo"]["type"] == "dataset"
    assert far.heard[-1].startswith(b"POST /hook HTTP/1.1\r\n")
    ids = [headers_of(each)["x-groundswell-delivery"] for each in far.heard]
    assert len(set(ids)) == len(ids) > 20


def test_domains_and_what_is_watched_choose(world: Post, far: Receiver) -> None:
    one, two = world.model("one"), world.model("two")
    world.hook(far.url(path="/talk"), domains=frozenset({Domain.DISCUSSION}))
    world.hook(far.url(path="/files"), "model alice/one", domains=frozenset({Domain.REPO}))
    world.hook(far.url(path="/both"), "model alice/one", "user alice")
    for each in (one, two):
        world.files(each, a="1")
        world.discussions.create(world.bob, each, "Hello")
    world.send()
    paths = [each.split()[1].decode() for each in far.heard]
    assert {path: paths.count(path) for path in paths} == {"/talk": 2, "/files": 1, "/both": 4}


def test_only_what_happens_after(world: Post, far: Receiver) -> None:
    repository = world.model()
    world.files(repository, a="1")
    hook = world.hook(far.url())
    assert world.send() == []
    world.files(repository, a="2")
    assert len(world.send()) == 1
    world.webhooks.set_enabled(world.alice, hook.id, enabled=False)
    world.files(repository, a="3")
    assert world.send() == []
    world.webhooks.set_enabled(world.alice, hook.id, enabled=True)
    assert world.send() == []
    world.files(repository, a="4")
    assert len(world.send()) == 1


def test_a_move_is_told_to_who_watches_either_namespace(world: Post, far: Receiver) -> None:
    world.accounts.create_organisation("guild", by=world.alice)
    world.alice = world.accounts.refresh(world.alice.account_id or 0, None, None)
    repository = world.model()
    world.hook(far.url(path="/old"), "user alice")
    world.hook(far.url(path="/new"), "org guild")
    world.repos.move(world.alice, repository.repo_id, RepoId(RepoKind.MODEL, "guild", "m"))
    world.send()
    assert sorted(each.split()[1] for each in far.heard) == [b"/new", b"/old"]
    ids = world.database.read(
        lambda conn: dict(
            conn.execute(sa.select(tables.accounts.c.name, tables.accounts.c.public_id)).all()  # type: ignore[arg-type]
        )
    )
    told_ = body_of(far.heard[0])
    assert told_["repo"]["owner"]["id"] == ids["alice"]
    assert told_["movedTo"] == {"name": "guild/m", "owner": {"id": ids["guild"]}}


def test_what_comes_back_is_told(world: Post, far: Receiver) -> None:
    from groundswell.hub.events import record

    repository = world.model()
    world.hook(far.url())
    payload = {"kind": "model", "name": "alice/m"}
    world.database.write(
        lambda conn: record(conn, world.now(), "repository.restored", None, repository.id, payload)
    )
    world.send()
    assert body_of(far.heard[0])["event"] == {"action": "create", "scope": "repo"}


# --- rights -------------------------------------------------------------------------------------


def test_nobody_is_told_what_they_may_not_see(world: Post, far: Receiver) -> None:
    bobs = world.hook(far.url(path="/bob"), who=world.bob)
    secret = world.model("secret", Visibility.PRIVATE)
    world.files(secret, a="1")
    world.discussions.create(world.alice, secret, "Plans", "of ours")
    outcomes = world.send()
    assert outcomes
    assert all(each.is_dropped for each in outcomes)
    assert far.heard == []
    assert {each.repository for each in world.log(bobs, world.bob)} == {""}
    for each in world.log(bobs, world.bob):
        whole = world.webhooks.delivery(world.bob, bobs.id, each.id)
        assert "secret" not in repr(whole)
        assert "Plans" not in repr(whole)


def test_rights_are_judged_when_it_is_sent(world: Post, far: Receiver) -> None:
    """Also those of an old delivery: its body is not shown any more, nor is it sent again."""
    world.accounts.create_organisation("guild", by=world.alice)
    world.alice = world.accounts.refresh(world.alice.account_id or 0, None, None)
    world.accounts.set_member("guild", "bob", Role.READ, by=world.alice)
    world.bob = world.accounts.refresh(world.bob.account_id or 0, None, None)
    repository = world.repos.create(
        world.alice, RepoId(RepoKind.MODEL, "guild", "inner"), Visibility.PRIVATE
    )
    hook = world.hook(far.url(), "org guild", "model guild/inner", who=world.bob)
    world.files(repository, a="1")
    assert [each.arrived for each in world.send()] == [True]
    sent = world.log(hook, world.bob)[0]
    assert "guild/inner" in world.webhooks.delivery(world.bob, hook.id, sent.id).request_body
    world.files(repository, a="2")
    world.follow()
    world.accounts.set_member("guild", "bob", None, by=world.alice)
    world.bob = world.accounts.refresh(world.bob.account_id or 0, None, None)
    assert [each.is_dropped for each in world.send()] == [True]
    old = world.webhooks.delivery(world.bob, hook.id, sent.id)
    assert (old.request_body, old.response_body, old.repository) == ("", "", "")
    world.webhooks.redeliver(world.bob, hook.id, sent.id)
    assert [each.is_dropped for each in world.send()] == [True]
    assert len(far.heard) == 1
    # Nor is its new name told to who once watched it.
    moved = RepoId(RepoKind.MODEL, "guild", "hush")
    world.repos.move(world.alice, repository.repo_id, moved)
    watched = [each.name for each in world.webhooks.get(world.bob, hook.id).watched]
    assert watched == ["guild", "guild/inner"]


def test_a_closed_account_is_told_nothing(world: Post, far: Receiver) -> None:
    repository = world.model()
    world.hook(far.url(), who=world.bob)
    world.files(repository, a="1")
    world.follow()
    world.accounts.set_disabled("bob", disabled=True, by=None)
    assert [each.problem for each in world.send()] == ["The account of its owner is closed."]


def test_what_was_said_is_not_kept(world: Post, far: Receiver) -> None:
    """A hidden comment is gone for ever; the log must not be where it lives on."""
    repository = world.model()
    hook = world.hook(far.url())
    world.discussions.create(world.bob, repository, "Hello", "a rude word")
    world.send()
    assert b"a rude word" in far.heard[0]
    sent = world.webhooks.delivery(world.alice, hook.id, world.log(hook)[0].id)
    assert '"hidden": false' in sent.request_body
    everything = world.database.read(
        lambda conn: repr(conn.execute(sa.select(tables.webhook_deliveries)).all())
    )
    assert "rude" not in everything


def test_nobody_reaches_webhooks_of_others(world: Post, far: Receiver) -> None:
    hook = world.hook(far.url())
    test = world.webhooks.test(world.alice, hook.id)
    with pytest.raises(NotFound):
        world.webhooks.get(world.bob, hook.id)
    own = world.hook(far.url(), who=world.bob)
    for webhook_id in (hook.id, own.id, "0" * 24, "x"):
        with pytest.raises(NotFound):
            world.webhooks.delivery(world.bob, webhook_id, test.id)
    for call in ("delete", "test"):
        with pytest.raises(NotFound):
            getattr(world.webhooks, call)(world.bob, hook.id)
    with pytest.raises(NotFound):
        world.webhooks.change(world.bob, hook.id, WebhookDraft(url=far.url()))
    with pytest.raises(Unauthenticated):
        world.webhooks.list(ANONYMOUS)
    for role in (TokenRole.READ, TokenRole.FINE_GRAINED):
        with pytest.raises(Forbidden):
            world.webhooks.list(Principal(world.alice.account_id, "alice", token_role=role))


# --- what is taken ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draft", "error"),
    [
        (WebhookDraft("http://127.0.0.1/"), BadRequest),
        (WebhookDraft("http://localhost/"), BadRequest),
        (WebhookDraft("ftp://far.example/"), BadRequest),
        (WebhookDraft("https://far.example/", secret="two words"), BadRequest),
        (WebhookDraft("https://far.example/", secret="line\r\nX: y"), BadRequest),
        (WebhookDraft("https://far.example/", secret="é"), BadRequest),
        (WebhookDraft("https://far.example/", secret="x" * 257), BadRequest),
        (WebhookDraft("https://far.example/", domains=frozenset()), BadRequest),
        (WebhookDraft("https://far.example/", watched=(told("user nobody"),)), AccountNotFound),
        (WebhookDraft("https://far.example/", watched=(told("org alice"),)), AccountNotFound),
        (WebhookDraft("https://far.example/", watched=(told("model alice/none"),)), RepoNotFound),
        (WebhookDraft("https://far.example/", watched=(told("model no_slash"),)), RepoNotFound),
        (WebhookDraft("https://far.example/", watched=(Watched(WatchedType.USER, "a\0b"),)), BadRequest),
        (WebhookDraft("https://far.example/", watched=(told("user alice"),) * 51), BadRequest),
    ],
)  # fmt: skip
def test_what_is_refused(any_world: Post, draft: WebhookDraft, error: type[Exception]) -> None:
    import dataclasses

    world = any_world
    draft = dataclasses.replace(draft, watched=draft.watched or (told("user alice"),))
    with pytest.raises(error):
        world.webhooks.create(world.alice, draft)
    assert world.webhooks.list(world.alice) == ()


def test_a_hidden_repository_cannot_be_watched(world: Post) -> None:
    world.model("secret", Visibility.PRIVATE)
    with pytest.raises(RepoNotFound) as hidden:
        world.hook("https://far.example/", "model alice/secret", who=world.bob)
    with pytest.raises(RepoNotFound) as missing:
        world.hook("https://far.example/", "model alice/nowhere", who=world.bob)
    assert str(hidden.value).replace("secret", "nowhere") == str(missing.value)


def test_there_is_an_end_to_webhooks_and_tests(
    world: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundswell.hub.webhooks.service.WEBHOOKS_MAX", 2)
    first = world.hook("https://far.example/")
    world.hook("https://far.example/")
    with pytest.raises(Conflict):
        world.hook("https://far.example/")
    world.hook("https://far.example/", who=world.bob)
    for _ in range(values.TESTS_WAITING_MAX):
        world.webhooks.test(world.alice, first.id)
    with pytest.raises(TooManyRequests):
        world.webhooks.test(world.alice, first.id)


def test_changes(any_world: Post) -> None:
    world = any_world
    world.model("one")
    made = world.hook("HTTPS://Far.Example:443/a", secret="word")
    assert (made.url, made.has_secret) == ("https://far.example/a", True)
    kept = world.webhooks.change(world.alice, made.id, WebhookDraft())
    assert kept == made
    changed = world.webhooks.change(
        world.alice,
        made.id,
        WebhookDraft("http://far.example/b", (told("model Alice/ONE"),), frozenset({Domain.REPO})),
    )
    assert (changed.url, changed.has_secret) == ("http://far.example/b", True)
    assert changed.watched == (told("model alice/one"),)
    assert changed.domains == {Domain.REPO}
    assert not world.webhooks.change(world.alice, made.id, WebhookDraft(secret="")).has_secret
    world.webhooks.delete(world.alice, made.id)
    assert world.webhooks.list(world.alice) == ()
    left = world.database.read(lambda conn: conn.execute(sa.select(tables.webhook_watches)).all())
    assert left == []
    events = events_of_webhooks(world)
    assert [each.type for each in events] == [
        "webhook.created", *["webhook.changed"] * 3, "webhook.deleted"
    ]  # fmt: skip
    assert "far.example" not in repr(events), "an address may be as good as a secret"


def events_of_webhooks(world: Post) -> Sequence[sa.Row[tuple[str, Any]]]:
    query = sa.select(tables.events.c.type, tables.events.c.payload).where(
        tables.events.c.type.startswith("webhook.")
    )
    return world.database.read(lambda conn: conn.execute(query).all())


# --- secrets ------------------------------------------------------------------------------------


def test_a_delivery_is_signed(world: Post, far: Receiver) -> None:
    world.hook(far.url(), secret="word")
    world.model()
    world.send()
    headers, body = headers_of(far.heard[0]), far.heard[0].partition(b"\r\n\r\n")[2]
    assert headers["x-webhook-secret"] == "word"
    fields = dict(part.split("=") for part in headers["x-groundswell-signature"].split(","))
    signed = f"{fields['t']}.{headers['x-groundswell-delivery']}.".encode() + body
    assert fields["v1"] == hmac.new(b"word", signed, hashlib.sha256).hexdigest()
    world.hook(far.url(path="/plain"))
    world.model("two")
    world.send()
    plain = next(headers_of(each) for each in far.heard if b"/plain" in each[:20])
    assert not {"x-webhook-secret", "x-groundswell-signature"} & set(plain)


def test_a_copy_of_the_database_holds_no_secret(world: Post, far: Receiver) -> None:
    hook = world.hook(far.url(), secret="correct-horse-battery")
    world.model()
    world.send()
    world.database.read(lambda conn: None)
    rows = world.database.read(
        lambda conn: repr([conn.execute(sa.select(t)).all() for t in tables.metadata.sorted_tables])
    )
    assert "correct-horse" not in rows
    for file in (world.folder.root / "groundswell.db", world.folder.root / "groundswell.db-wal"):
        assert b"correct-horse" not in file.read_bytes()
    other = Deliveries(world.database, world.now, Sealer([b"z" * 32]), world.outbound)
    world.webhooks.test(world.alice, hook.id)
    (taken,) = other.claim([], lambda _each: True, 1)
    assert "sealed with is gone" in other.deliver(taken, BASE).problem


def test_sealing() -> None:
    old, new = Sealer([b"a" * 32]), Sealer([b"b" * 32, b"a" * 32])
    sealed = old.seal("one", "row", "wörd")
    assert new.open("one", "row", sealed) == "wörd"
    assert old.seal("one", "row", "wörd") != sealed
    for purpose, row, octets in (
        ("two", "row", sealed), ("one", "other", sealed), ("one", "row", sealed[:-1]), ("one", "row", b""),
        ("one", "row", b"\x02" + sealed[1:]), ("one", "row", new.seal("one", "row", "x")),
    ):  # fmt: skip
        with pytest.raises(Corrupt):
            old.open(purpose, row, octets)


# --- what becomes of it -------------------------------------------------------------------------


def test_failures_are_tried_again_for_a_day(world: Post) -> None:
    with receiving(answer("503 Busy", body=b"<b>later</b>\0"), FAR) as far:
        hook = world.hook(far.url())
        world.model()
        tries, began = 0, world.now()
        while world.send() or world.log(hook)[0].state is DeliveryState.WAITING:
            tries = len(far.heard)
            delivery = world.log(hook)[0]
            if delivery.state is DeliveryState.WAITING:
                assert delivery.due_at > delivery.tried_at
                world.skew += delivery.due_at - delivery.tried_at
        assert tries == len(log.RETRY_SECONDS) + 1 == 8
        whole = sum(log.RETRY_SECONDS) * 1_000_000  # each is spread by a fifth
        assert 0.79 * whole < world.now() - began < 1.21 * whole
        assert 0.9 * DAY < whole < DAY
        failed = world.webhooks.delivery(world.alice, hook.id, world.log(hook)[0].id)
        assert (failed.state, failed.status_code, failed.tries) == (DeliveryState.FAILED, 503, 8)
        assert failed.response_body == "<b>later</b>\N{REPLACEMENT CHARACTER}"
        assert world.webhooks.get(world.alice, hook.id).failing_since
        assert len({headers_of(each)["x-groundswell-delivery"] for each in far.heard}) == 1


def test_one_that_fails_for_days_is_switched_off(world: Post, monkeypatch: Any) -> None:
    monkeypatch.setattr(log, "RETRY_SECONDS", ())
    repository = world.model()
    with receiving(answer("500 No"), FAR) as far:
        hook = world.hook(far.url())
        for day in range(log.GIVES_UP_DAYS + 1):
            assert not world.webhooks.get(world.alice, hook.id).is_disabled
            world.files(repository, a=str(day))
            world.send()
            world.skew += DAY
    off = world.webhooks.get(world.alice, hook.id)
    assert off.is_disabled
    assert off.disabled_reason == "Every delivery failed for 5 days."
    types = world.database.read(
        lambda conn: conn.execute(sa.select(tables.events.c.type)).scalars().all()
    )
    assert types[-1] == "webhook.given_up"
    on = world.webhooks.set_enabled(world.alice, hook.id, enabled=True)
    assert (on.is_disabled, on.disabled_reason, on.failing_since) == (False, "", None)


def test_one_success_forgives(world: Post, monkeypatch: Any) -> None:
    monkeypatch.setattr(log, "RETRY_SECONDS", ())
    repository = world.model()
    answers = iter([answer("500 No"), answer("200 OK"), answer("500 No")])

    def act(peer: Any, request: bytes) -> None:
        next(answers)(peer, request)

    with receiving(act, FAR) as far:
        hook = world.hook(far.url())
        for _ in range(3):
            world.files(repository, a=str(world.now()))
            world.send()
            world.skew += 3 * DAY
    assert not world.webhooks.get(world.alice, hook.id).is_disabled


@pytest.mark.parametrize(
    ("act", "problem"),
    [
        (answer("302 Away", "Location: /x"), "It answered with a redirect, which webhooks do not follow."),
        (answer("404 No"), "It answered 404."),
        (lambda _peer, _request: None, "What came back is not HTTP."),
    ],
)  # fmt: skip
def test_words_for_what_failed(world: Post, act: Any, problem: str) -> None:
    with receiving(act, FAR) as far:
        world.hook(far.url())
        world.model()
        assert [each.problem for each in world.send()] == [problem]
        assert far.hits == 1


def test_a_refused_address_is_not_tried_again(world: Post) -> None:
    hook = world.hook("http://leads.inside.example:8080/")
    outbound = Outbound(OutboundPolicy(), lambda _host, _port: ["10.0.0.1"])
    sender = Deliveries(world.database, world.now, world.sealer, outbound)
    world.model()
    world.follow()
    (taken,) = sender.claim([], lambda _each: True, 9)
    sender.deliver(taken, BASE)
    (delivery,) = world.log(hook)
    assert (delivery.state, delivery.tries) == (DeliveryState.FAILED, 1)
    assert "own network" in delivery.problem
    assert "10.0.0.1" not in delivery.problem


def test_sent_again_and_tried_out(world: Post, far: Receiver) -> None:
    hook = world.hook(far.url())
    world.model()
    world.send()
    (first,) = world.log(hook)
    assert (first.state, first.status_code, first.event_type) == (DeliveryState.DELIVERED, 200, "repository.created")  # fmt: skip
    world.webhooks.redeliver(world.alice, hook.id, first.id)
    with pytest.raises(Conflict):
        world.webhooks.redeliver(world.alice, hook.id, first.id)
    world.send()
    one, two = (headers_of(each) for each in far.heard)
    assert one["x-groundswell-delivery"] == two["x-groundswell-delivery"] == first.id
    test = world.webhooks.test(world.alice, hook.id)
    world.send()
    assert headers_of(far.heard[2])["x-groundswell-event"] == "test"
    WebhookPayload.model_validate(body_of(far.heard[2]))
    shown = world.webhooks.delivery(world.alice, hook.id, test.id)
    assert (shown.state, shown.response_body) == (DeliveryState.DELIVERED, "thanks")
    told = [(each.type, each.payload["webhook"]) for each in events_of_webhooks(world)]
    assert told[1:] == [("webhook.redelivered", hook.id), ("webhook.tested", hook.id)]
    world.webhooks.set_enabled(world.alice, hook.id, enabled=False)
    for call in (lambda: world.webhooks.test(world.alice, hook.id), lambda: world.webhooks.redeliver(world.alice, hook.id, test.id)):  # fmt: skip
        with pytest.raises(Conflict, match="off"):
            call()


def test_pages_of_the_log(any_world: Post) -> None:
    world = any_world
    repository = world.model()
    hook = world.hook("https://far.example/")
    for number in range(5):
        world.files(repository, a=str(number))
    world.follow()
    first = world.webhooks.deliveries(world.alice, hook.id, limit=3)
    second = world.webhooks.deliveries(world.alice, hook.id, limit=3, cursor=first.next_cursor)
    found = [each.number for each in first.deliveries + second.deliveries]
    assert found == sorted(found, reverse=True)
    assert (len(found), second.next_cursor) == (5, None)
    with pytest.raises(BadRequest):
        world.webhooks.deliveries(world.alice, hook.id, limit=3, cursor="x")


def test_the_log_is_swept(any_world: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    world = any_world
    hook = world.hook("https://far.example/")
    repository = world.model()
    for number in range(6):
        world.files(repository, a=str(number))
    world.follow()
    ended = sa.update(tables.webhook_deliveries).values(state="delivered")
    world.database.write(lambda conn: conn.execute(ended).rowcount)
    world.files(repository, a="last")
    world.follow()
    assert sweep(world.database, world.now()) == 0
    monkeypatch.setattr(log, "KEPT_MAX", 4)
    assert sweep(world.database, world.now()) == 3
    assert len(world.log(hook)) == 5
    assert sweep(world.database, world.now() + 31 * DAY) == 4
    assert [each.state for each in world.log(hook)] == [DeliveryState.WAITING]


def test_too_many_that_wait_switch_it_off(world: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projecting, "WAITING_MAX", 3)
    hook = world.hook("https://far.example/")
    for number in range(3):
        world.model(f"one-{number}")
    world.follow()
    assert not world.webhooks.get(world.alice, hook.id).is_disabled
    world.model("last")
    world.follow()
    assert "waited" in world.webhooks.get(world.alice, hook.id).disabled_reason
    assert {each.state for each in world.log(hook)} == {DeliveryState.DROPPED}


def test_seeing_events_again_makes_nothing_twice(any_world: Post, far: Receiver) -> None:
    world = any_world
    world.hook(far.url())
    everything_happens(world)
    count = len(world.send())
    begin_again(world.database, NAME)
    assert world.send() == []
    lost = sa.delete(tables.webhook_deliveries)
    world.database.write(lambda conn: conn.execute(lost).rowcount)
    begin_again(world.database, NAME)
    assert len(world.send()) == count, "what was lost is made again from the record"


def test_a_try_that_was_cut_short_is_begun_again(world: Post, far: Receiver) -> None:
    world.hook(far.url())
    world.model()
    world.follow()
    assert len(world.deliveries.claim([], lambda _each: True, 9)) == 1  # and the hub falls
    assert world.deliveries.claim([], lambda _each: True, 9) == []
    world.skew += 121_000_000
    assert [each.arrived for each in world.send()] == [True]


def test_a_hub_that_sends_nothing(world: Post) -> None:
    closed = Outbound(OutboundPolicy(enabled=False))
    webhooks = Webhooks(world.database, world.now, world.sealer, closed)
    with pytest.raises(Forbidden, match="sends nothing out"):
        webhooks.create(world.alice, WebhookDraft("https://far.example/", (told("user alice"),)))
    sender = Sender(Deliveries(world.database, world.now, world.sealer, closed), BASE)
    sender.start()
    assert sender.stop()


# --- on threads ---------------------------------------------------------------------------------


def test_a_slow_receiver_keeps_nobody_waiting(
    world: Post, far: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending_module, "LOOK_SECONDS", 0.05)
    at_once, most, lock = [0], [0], threading.Lock()
    ends = threading.Event()

    def slow(peer: Any, request: bytes) -> None:
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        ends.wait(20)
        with lock:
            at_once[0] -= 1
        answer("200 OK")(peer, request)

    with receiving(slow, FAR) as stuck:
        world.outbound = Outbound(
            OutboundPolicy(allowed=(f"{FAR}/32", "127.0.0.3/32")), lambda _h, _p: [FAR]
        )
        for number in range(4):
            url = f"http://slow.example:{stuck.port}/{number}"
            world.hook(url, who=world.bob if number % 2 else world.alice)
        for number in range(3):
            world.model(f"slow-{number}")
        world.follow()
        sender = Sender(Deliveries(world.database, world.now, world.sealer, world.outbound), BASE)
        sender.start()
        stuck.wait(2)
        hook = world.hook(f"http://quick.example:{far.port}/")
        world.model("quick")
        world.follow()
        far.wait(1)
        assert most[0] == sending_module.TO_ONE_HOST_MAX
        ends.set()
        stuck.wait(16)
        deadline = time.monotonic() + 10
        while any(each.state is DeliveryState.WAITING for each in world.log(hook)):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert sender.stop()
        assert most[0] == sending_module.TO_ONE_HOST_MAX
