"""Asking for access to a gated repository, deciding, ending: the rules, without doors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from groundswell.core.errors import (
    AccountNotFound,
    BadRequest,
    Conflict,
    DisabledRepo,
    Forbidden,
    GatedRepo,
    GroundswellError,
    NotFound,
    RepoNotFound,
    TooManyRequests,
    Unauthenticated,
)
from groundswell.core.policy import Action
from groundswell.core.values import (
    ANONYMOUS,
    AccessStatus,
    Gate,
    Principal,
    RepoGrant,
    Role,
    TokenRole,
    Visibility,
)
from groundswell.hub.access import EXPIRES_DAYS, Access, Asker
from groundswell.hub.access import service as access_service
from groundswell.hub.repos import Repository
from groundswell.store import tables
from groundswell.wire.cards import read_gate_form
from tests.hub.repo_world import World, model

ACCEPTED, PENDING, REJECTED = AccessStatus.ACCEPTED, AccessStatus.PENDING, AccessStatus.REJECTED
DAY = 24 * 3600 * 1_000_000
CARD = b"""---
license: mit
extra_gated_fields:
  Institute: text
  I agree: checkbox
---
# Data
"""
ANSWERS = {0: "Fleet", 1: "on"}


class Scene:
    """Ann's gated repository, and those who ask for it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.access = Access(world.database, world.now)
        self.ann = world.user("ann", email="ann@example.org")
        self.bob = world.user("bob", email="bob@example.org", fullname="Bob B")
        self.eve = world.user("eve")
        made = world.repos.create(self.ann, model("ann/data"))
        world.put(made.id, {"README.md": CARD})
        self.repo_id = made.repo_id
        self.gate(Gate.MANUAL)

    def gate(self, gate: Gate, **settings: Any) -> None:
        self.world.repos.update_settings(self.ann, self.repo_id, gate=gate, settings=settings)

    def seen(self, principal: Principal) -> Repository:
        return self.world.repos.find(principal, self.repo_id, Action.SEE)

    def ask(self, principal: Principal, given: dict[int, str] | None = None) -> AccessStatus:
        repository = self.seen(principal)
        form = read_gate_form(repository.card).digest
        given = ANSWERS if given is None else given
        return self.access.ask(principal, repository, form, given, "10.0.0.1")

    def decide(self, name: str, status: AccessStatus, reason: str = "", by: Any = None) -> None:
        by = by or self.ann
        self.access.handle(by, self.seen(by), Asker(name), status, reason)

    def listed(self, status: AccessStatus) -> list[str]:
        page = self.access.list(self.ann, self.seen(self.ann), status, limit=100)
        assert page.total == len(page.requests)
        return [each.name for each in page.requests]

    def reads(self, principal: Principal) -> bool:
        try:
            self.world.repos.find(principal, self.repo_id, Action.READ)
        except GatedRepo:
            return False
        return True

    def standing(self, principal: Principal) -> AccessStatus | None:
        found = self.access.standing(principal, self.seen(principal))
        return found and found.status

    def events(self) -> list[str]:
        query = sa.select(tables.events.c.type).order_by(tables.events.c.id)
        found = self.world.database.read(lambda conn: conn.execute(query).scalars().all())
        return [each.removeprefix("access.") for each in found if each.startswith("access.")]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    world = World(tmp_path)
    yield Scene(world)
    world.close()


def refused(kind: type[GroundswellError], work: Any, *args: Any, **more: Any) -> GroundswellError:
    with pytest.raises(kind) as caught:
        work(*args, **more)
    assert type(caught.value) is kind
    return caught.value


def test_a_request_waits_until_somebody_decides(scene: Scene) -> None:
    assert scene.ask(scene.bob) is PENDING
    assert not scene.reads(scene.bob)
    assert scene.standing(scene.bob) is PENDING
    told = refused(Conflict, scene.ask, scene.bob)
    assert "awaiting a review" in told.message
    with pytest.raises(GatedRepo, match="awaiting a review"):
        scene.world.repos.find(scene.bob, scene.repo_id, Action.READ)
    (waiting,) = scene.access.list(scene.ann, scene.seen(scene.ann), PENDING, limit=9).requests
    assert (waiting.name, waiting.fullname, waiting.email) == ("bob", "Bob B", "bob@example.org")
    assert waiting.fields == {"Institute": "Fleet", "I agree": True}
    assert scene.access.count_pending(scene.ann, scene.seen(scene.ann)) == 1
    assert scene.access.count_pending(scene.bob, scene.seen(scene.bob)) == 0
    scene.decide("bob", ACCEPTED)
    assert scene.reads(scene.bob)
    assert not scene.reads(scene.eve)
    assert scene.access.count_pending(scene.ann, scene.seen(scene.ann)) == 0
    refused(Conflict, scene.ask, scene.bob)
    (accepted,) = scene.access.list(scene.ann, scene.seen(scene.ann), ACCEPTED, limit=9).requests
    assert accepted.decided_by == "ann"
    assert scene.events() == ["requested", "granted"]


def test_what_is_accepted_reads_and_no_more(scene: Scene) -> None:
    scene.ask(scene.bob)
    scene.decide("bob", ACCEPTED)
    for action in (Action.WRITE, Action.ADMINISTER):
        refused(Forbidden, scene.world.repos.find, scene.bob, scene.repo_id, action)
    scene.world.repos.update_settings(scene.ann, scene.repo_id, visibility=Visibility.PRIVATE)
    refused(RepoNotFound, scene.world.repos.find, scene.bob, scene.repo_id, Action.SEE)


def test_an_automatic_gate_lets_in_at_once(scene: Scene) -> None:
    scene.ask(scene.eve)
    scene.gate(Gate.AUTO)
    assert scene.ask(scene.bob) is ACCEPTED
    assert scene.reads(scene.bob)
    # Who waited under the gate of before need not go on waiting.
    assert scene.standing(scene.eve) is PENDING
    assert scene.ask(scene.eve) is ACCEPTED
    (first, _) = scene.access.list(scene.ann, scene.seen(scene.ann), ACCEPTED, limit=9).requests
    assert first.decided_by == ""
    assert scene.events() == ["requested"] + ["requested", "granted"] * 2


def test_answers_have_to_fit_the_form_at_main(scene: Scene) -> None:
    for given in ({}, {0: "x"}, {1: "on"}, {0: " ", 1: "on"}, {0: "y" * 1001, 1: "on"}):
        refused(BadRequest, scene.ask, scene.bob, given)
    repository = scene.seen(scene.bob)
    old = read_gate_form(repository.card).digest
    changed = CARD.replace(b"I agree", b"I agree to more")
    scene.world.put(repository.id, {"README.md": changed})
    refused(Conflict, scene.access.ask, scene.bob, repository, old, ANSWERS, "")
    assert scene.standing(scene.bob) is None
    assert scene.ask(scene.bob) is PENDING


def test_a_form_that_cannot_be_read_lets_nobody_in(scene: Scene) -> None:
    scene.gate(Gate.AUTO)
    number = scene.seen(scene.ann).id
    scene.world.put(number, {"README.md": b"---\nextra_gated_fields: [a, b]\n---\n"})
    with pytest.raises(BadRequest, match="form of the gate"):
        scene.access.ask(scene.bob, scene.seen(scene.bob), "", {}, "")


def test_who_may_not_ask(scene: Scene) -> None:
    repository = scene.seen(scene.bob)

    def ask(principal: Principal) -> None:
        form = read_gate_form(repository.card).digest
        scene.access.ask(principal, repository, form, ANSWERS, "")

    refused(Unauthenticated, ask, ANONYMOUS)
    refused(Conflict, ask, scene.ann)
    refused(Forbidden, ask, scene.world.as_("bob", TokenRole.READ))
    grants = (RepoGrant(repository.id, write=True),)
    refused(Forbidden, ask, scene.world.as_("bob", TokenRole.FINE_GRAINED, grants))
    root = scene.world.user("root", admin=True)
    scene.world.repos.update_settings(root, scene.repo_id, disabled=True)
    refused(DisabledRepo, ask, scene.bob)
    scene.world.repos.update_settings(root, scene.repo_id, disabled=False)
    scene.gate(Gate.OPEN)
    refused(Conflict, ask, scene.bob)
    scene.world.repos.update_settings(scene.ann, scene.repo_id, visibility=Visibility.PRIVATE)
    refused(RepoNotFound, ask, scene.bob)
    scene.world.repos.delete(scene.ann, scene.repo_id)
    refused(RepoNotFound, ask, scene.bob)


def test_who_was_rejected_reads_why_and_does_not_begin_anew(scene: Scene) -> None:
    scene.ask(scene.bob)
    scene.decide("bob", REJECTED, "Name your institute.")
    found = scene.access.standing(scene.bob, scene.seen(scene.bob))
    assert found is not None
    assert (found.status, found.rejection_reason) == (REJECTED, "Name your institute.")
    refused(Forbidden, scene.ask, scene.bob)
    refused(NotFound, scene.access.withdraw, scene.bob, scene.seen(scene.bob))
    scene.gate(Gate.AUTO)
    refused(Forbidden, scene.ask, scene.bob)
    scene.decide("bob", PENDING)
    found = scene.access.standing(scene.bob, scene.seen(scene.bob))
    assert found is not None
    assert (found.status, found.rejection_reason) == (PENDING, "")


@pytest.mark.parametrize("status", [PENDING, ACCEPTED, REJECTED])
def test_what_stands_so_already_is_not_found(scene: Scene, status: AccessStatus) -> None:
    scene.ask(scene.bob)
    if status is not PENDING:
        scene.decide("bob", status)
    refused(NotFound, scene.decide, "bob", status)
    assert scene.listed(status) == ["bob"]


def test_a_right_taken_away_ends_at_once(scene: Scene) -> None:
    scene.ask(scene.bob)
    for status in (PENDING, REJECTED):
        scene.decide("bob", ACCEPTED)
        assert scene.reads(scene.bob)
        scene.decide("bob", status)
        assert not scene.reads(scene.bob)
    assert scene.events() == ["requested", "granted", "cancelled", "granted", "rejected"]


def test_people_are_named_in_three_ways(scene: Scene) -> None:
    scene.ask(scene.bob)
    (one,) = scene.access.list(scene.ann, scene.seen(scene.ann), PENDING, limit=9).requests
    own = scene.seen(scene.ann)
    named = [Asker(request_id=one.public_id), Asker(account_id=one.account_public_id), Asker("BOB")]
    for asker, status in zip(named, (ACCEPTED, REJECTED, PENDING), strict=True):
        scene.access.handle(scene.ann, own, asker, status)
        assert scene.listed(status) == ["bob"]
    other = scene.world.repos.create(scene.ann, model("ann/other"))
    scene.world.repos.update_settings(scene.ann, other.repo_id, gate=Gate.MANUAL)
    other = scene.world.repos.find(scene.ann, other.repo_id, Action.ADMINISTER)
    for asker in (*named, Asker("nobody"), Asker(), Asker("a\0b"), Asker(request_id="\ud800")):
        refused(NotFound, scene.access.handle, scene.ann, other, asker, ACCEPTED)


def test_only_those_who_administer_decide_and_see(scene: Scene) -> None:
    scene.ask(scene.bob)
    scene.world.organisation("org", {"eve": Role.READ})
    for principal, kind in (
        (ANONYMOUS, RepoNotFound),
        (scene.bob, GatedRepo),
        (scene.eve, GatedRepo),
        (scene.world.as_("ann", TokenRole.READ), Forbidden),
    ):
        repository = scene.seen(principal)
        for work in (
            lambda p, r: scene.access.list(p, r, PENDING, limit=9),
            lambda p, r: scene.access.handle(p, r, Asker("bob"), ACCEPTED),
            lambda p, r: scene.access.grant(p, r, "bob"),
        ):
            with pytest.raises((kind, GatedRepo)):
                work(principal, repository)
    assert scene.listed(PENDING) == ["bob"]


def test_granting_needs_no_request(scene: Scene) -> None:
    scene.access.grant(scene.ann, scene.seen(scene.ann), "Bob")
    assert scene.reads(scene.bob)
    (one,) = scene.access.list(scene.ann, scene.seen(scene.ann), ACCEPTED, limit=9).requests
    assert (one.asked_at, one.fields, one.email) == (None, None, None)
    refused(BadRequest, scene.access.grant, scene.ann, scene.seen(scene.ann), "bob")
    refused(BadRequest, scene.access.grant, scene.ann, scene.seen(scene.ann), "ann")
    refused(AccountNotFound, scene.access.grant, scene.ann, scene.seen(scene.ann), "nobody")
    refused(AccountNotFound, scene.access.grant, scene.ann, scene.seen(scene.ann), "a\0b")
    scene.decide("bob", PENDING)
    assert not scene.reads(scene.bob)
    scene.gate(Gate.OPEN)
    refused(BadRequest, scene.access.grant, scene.ann, scene.seen(scene.ann), "eve")
    refused(BadRequest, scene.decide, "bob", ACCEPTED)


def test_a_reason_is_short_and_belongs_to_a_rejection(scene: Scene) -> None:
    scene.ask(scene.bob)
    refused(BadRequest, scene.decide, "bob", ACCEPTED, "because")
    refused(BadRequest, scene.decide, "bob", REJECTED, "x" * 201)
    refused(BadRequest, scene.decide, "bob", REJECTED, "a\0b")
    refused(BadRequest, scene.decide, "bob", AccessStatus.ENDED)


def test_access_ends_by_itself(scene: Scene) -> None:
    scene.gate(Gate.MANUAL, **{EXPIRES_DAYS: 30})
    scene.ask(scene.bob)
    scene.decide("bob", ACCEPTED)
    found = scene.access.standing(scene.bob, scene.seen(scene.bob))
    assert found is not None
    assert found.expires_at is not None
    assert abs(found.expires_at - scene.world.now() - 30 * DAY) < DAY
    assert scene.reads(scene.bob)
    # Another number of days is for those who come later.
    scene.gate(Gate.MANUAL, **{EXPIRES_DAYS: None})
    assert scene.reads(scene.bob)
    now = scene.world.now()
    table = tables.access_requests

    def ends(at: int) -> None:
        change = sa.update(table).values(expires_at=at)
        scene.world.write(lambda conn: conn.execute(change).rowcount)

    ends(now + 3_000_000)  # the clock moves a second with each look
    assert scene.reads(scene.bob)
    ends(scene.world.now() + 1_000_000)
    assert not scene.reads(scene.bob)
    assert scene.standing(scene.bob) is AccessStatus.ENDED
    assert scene.listed(ACCEPTED) == []
    assert scene.listed(AccessStatus.ENDED) == ["bob"]
    with pytest.raises(GatedRepo, match="has ended"):
        scene.world.repos.find(scene.bob, scene.repo_id, Action.READ)
    assert scene.ask(scene.bob) is PENDING
    scene.decide("bob", ACCEPTED)
    assert scene.reads(scene.bob)
    ends(1)
    scene.decide("bob", ACCEPTED)  # it had ended, so this is no repetition
    assert scene.reads(scene.bob)


def test_a_request_can_be_taken_back_and_leaves_no_answers(scene: Scene) -> None:
    refused(NotFound, scene.access.withdraw, scene.bob, scene.seen(scene.bob))
    scene.ask(scene.bob)
    scene.decide("bob", ACCEPTED)
    scene.access.withdraw(scene.bob, scene.seen(scene.bob))
    assert not scene.reads(scene.bob)
    assert scene.standing(scene.bob) is None
    assert [scene.listed(each) for each in AccessStatus if each != "withdrawn"] == [[]] * 4
    query = sa.select(tables.access_requests.c.fields)
    assert scene.world.database.read(lambda conn: conn.execute(query).scalars().all()) == [None]
    refused(NotFound, scene.decide, "bob", ACCEPTED)
    refused(NotFound, scene.access.withdraw, scene.bob, scene.seen(scene.bob))
    refused(Unauthenticated, scene.access.withdraw, ANONYMOUS, scene.seen(ANONYMOUS))
    assert scene.ask(scene.bob) is PENDING
    scene.access.grant(scene.ann, scene.seen(scene.ann), "eve")
    scene.access.withdraw(scene.eve, scene.seen(scene.eve))
    count = sa.select(sa.func.count()).select_from(tables.access_requests)
    assert scene.world.database.read(lambda conn: conn.execute(count).scalar_one()) == 1


def test_one_asks_a_number_of_times_a_day(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_service, "ASKS_A_DAY_MAX", 3)
    for _ in range(3):
        scene.ask(scene.bob)
        scene.access.withdraw(scene.bob, scene.seen(scene.bob))
    refused(TooManyRequests, scene.ask, scene.bob)
    assert scene.ask(scene.eve) is PENDING
    table = tables.access_requests
    older = sa.update(table).values(asked_at=table.c.asked_at - DAY)
    scene.world.write(lambda conn: conn.execute(older).rowcount)
    assert scene.ask(scene.bob) is PENDING


def test_pages_of_a_list(scene: Scene) -> None:
    names = [f"user{number}" for number in range(7)]
    for name in names:
        scene.ask(scene.world.user(name))
    own = scene.seen(scene.ann)
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = scene.access.list(scene.ann, own, PENDING, limit=3, cursor=cursor)
        assert page.total == 7
        found += [each.name for each in page.requests]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == names[::-1]
    refused(BadRequest, scene.access.list, scene.ann, own, PENDING, limit=3, cursor="x' OR 1")


def test_closed_accounts_and_deleted_repositories_leave_the_lists(scene: Scene) -> None:
    scene.ask(scene.bob)
    scene.ask(scene.eve)
    closed = sa.update(tables.accounts).where(tables.accounts.c.name == "bob")
    scene.world.write(lambda conn: conn.execute(closed.values(disabled_at=1)).rowcount)
    assert scene.listed(PENDING) == ["eve"]
    assert scene.access.count_pending(scene.ann, scene.seen(scene.ann)) == 1
    refused(NotFound, scene.decide, "bob", ACCEPTED)
    refused(AccountNotFound, scene.access.grant, scene.ann, scene.seen(scene.ann), "bob")
    scene.world.repos.delete(scene.ann, scene.repo_id)
    count = sa.select(sa.func.count()).select_from(tables.access_requests)
    assert scene.world.database.read(lambda conn: conn.execute(count).scalar_one()) == 0


def test_an_account_that_is_removed_takes_its_requests_along(scene: Scene) -> None:
    zoe = scene.world.user("zoe")
    scene.ask(zoe)
    scene.ask(scene.bob)

    def gone(conn: sa.Connection) -> None:
        for table, column in (
            (tables.events, "actor_id"),
            (tables.account_names, "account_id"),
            (tables.accounts, "id"),
        ):
            conn.execute(sa.delete(table).where(table.c[column] == zoe.account_id))

    scene.world.write(gone)
    assert scene.listed(PENDING) == ["bob"]


def test_events_tell_no_answers(scene: Scene) -> None:
    scene.ask(scene.bob)
    scene.decide("bob", REJECTED, "a reason")
    query = sa.select(tables.events.c.payload).where(tables.events.c.type.startswith("access."))
    told = scene.world.database.read(lambda conn: conn.execute(query).scalars().all())
    assert [set(each) for each in told] == [{"request", "account_id"}] * 2
