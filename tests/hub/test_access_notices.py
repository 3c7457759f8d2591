"""Requests for access in inboxes and mail: who decides hears who asks, who asked what was decided,
each for as long as they may.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from groundswell.core.errors import BadRequest
from groundswell.core.policy import Action, may
from groundswell.core.values import AccessStatus, Gate, Principal, Role, TokenRole, Visibility
from groundswell.hub.access import Access, Asker
from groundswell.hub.discussions import Discussions
from groundswell.hub.notifications import (
    Filter,
    Inbox,
    Level,
    Mark,
    Projecting,
    ThreadKey,
    Watching,
    rebuild,
)
from groundswell.hub.notifications.projecting import project
from groundswell.hub.repos import administered_filter, visible_filter
from groundswell.hub.repos.rows import load
from groundswell.store import tables
from groundswell.wire.cards import read_gate_form
from tests.hub.repo_world import World, model

ACCEPTED, REJECTED, PENDING = AccessStatus.ACCEPTED, AccessStatus.REJECTED, AccessStatus.PENDING
DECIDES = ("deciding", "access.requested")


class Gatehouse:
    """A gated repository of an organisation that Ann writes in and Bob reads; Eve asks."""

    def __init__(self, world: World) -> None:
        self.world = world
        database = world.database
        self.access = Access(database, world.now)
        self.inbox = Inbox(database, world.now)
        self.watching = Watching(database, world.now)
        self.projecting = Projecting(database)
        self.ann, self.bob, self.eve = (world.as_(name) for name in ("ann", "bob", "eve"))
        self.repo_id = model("org/vault")
        world.repos.create(self.ann, self.repo_id)
        self.gate(Gate.MANUAL)
        self.repository = world.get(self.ann, "org/vault")

    def gate(self, gate: Gate) -> None:
        self.world.repos.update_settings(self.ann, self.repo_id, gate=gate)

    def ask(self, who: Principal) -> AccessStatus:
        seen = self.world.get(who, "org/vault")
        return self.access.ask(who, seen, read_gate_form(seen.card).digest, {}, "10.0.0.1")

    def decide(self, name: str, status: AccessStatus, reason: str = "") -> None:
        self.access.handle(self.ann, self.repository, Asker(name=name), status, reason)

    def hears(self, who: Principal, which: Filter = Filter.UNREAD) -> list[tuple[str, str]]:
        self.projecting.run()
        found = self.inbox.list(who, which).notifications
        if which is Filter.UNREAD:
            assert self.inbox.count(who) == len(found)
        return [(each.reason.value, each.type) for each in found]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Gatehouse]:
    world = World.with_people(tmp_path)
    yield Gatehouse(world)
    world.close()


def test_who_decides_hears_who_asks_and_who_asked_what_was_decided(house: Gatehouse) -> None:
    house.ask(house.eve)
    assert house.hears(house.ann) == [DECIDES]
    assert house.hears(house.bob) == house.hears(house.eve) == []  # readers do not decide
    found = house.inbox.list(house.ann).notifications[0]
    assert (found.actor, found.number, found.status) == ("eve", None, "pending")
    assert found.url_path == "org/vault/settings/access"
    house.decide("eve", ACCEPTED)
    assert house.hears(house.eve) == [("asked", "access.granted")]
    told = house.inbox.list(house.eve).notifications[0]
    assert (told.actor, told.status, told.url_path) == ("ann", "accepted", "org/vault")
    # Nobody waits any more: there is nothing to decide.
    assert house.hears(house.ann) == []
    assert house.hears(house.ann, Filter.ALL) == [DECIDES]
    house.decide("eve", REJECTED, "No longer.")
    assert house.hears(house.eve) == [("asked", "access.rejected")]
    # Put back to those who wait: what was decided is news no longer.
    house.decide("eve", PENDING)
    assert house.hears(house.eve) == []
    house.decide("eve", ACCEPTED)
    assert house.hears(house.eve) == [("asked", "access.granted")]
    house.access.withdraw(house.eve, house.repository)
    assert house.hears(house.eve) == []


def test_one_row_stays_until_nobody_waits(house: Gatehouse) -> None:
    zoe = house.world.user("zoe")
    house.ask(house.eve)
    house.ask(zoe)
    assert house.hears(house.ann) == [DECIDES]
    house.decide("eve", REJECTED)
    assert house.hears(house.ann) == [DECIDES]
    house.access.withdraw(zoe, house.repository)
    assert house.hears(house.ann) == []
    house.ask(zoe)
    assert house.hears(house.ann) == [DECIDES]


def test_nobody_hears_of_a_gate_that_decides_itself(house: Gatehouse) -> None:
    house.gate(Gate.AUTO)
    assert house.ask(house.eve) is ACCEPTED
    assert house.hears(house.ann, Filter.ALL) == house.hears(house.eve, Filter.ALL) == []


def test_who_is_let_in_without_asking_hears_of_it(house: Gatehouse) -> None:
    house.access.grant(house.ann, house.repository, "eve")
    assert house.hears(house.eve) == [("asked", "access.granted")]
    assert house.hears(house.ann) == []


def test_rights_are_those_of_the_moment(house: Gatehouse) -> None:
    world = house.world
    house.ask(house.eve)
    assert house.hears(house.ann) == [DECIDES]
    # A token that reads does not decide, so it shows no requests.
    assert house.hears(world.as_("ann", TokenRole.READ)) == []
    assert house.hears(world.as_("ann", TokenRole.WRITE)) == [DECIDES]
    members = tables.memberships
    role = sa.update(members).where(members.c.user_id == world.ids["ann"])
    world.write(lambda conn: conn.execute(role.values(role=Role.READ.value)).rowcount)
    reader = world.as_("ann")
    assert house.hears(reader) == house.hears(reader, Filter.ALL) == []
    assert house.inbox.mark_all_read(reader) == 0
    world.write(lambda conn: conn.execute(role.values(role=Role.ADMIN.value)).rowcount)
    house.decide("eve", ACCEPTED)
    assert house.hears(house.eve) == [("asked", "access.granted")]
    world.repos.update_settings(house.ann, house.repo_id, visibility=Visibility.PRIVATE)
    assert house.hears(house.eve) == house.hears(house.eve, Filter.ALL) == []


def test_an_opened_gate_asks_nobody_to_decide(house: Gatehouse) -> None:
    house.ask(house.eve)
    assert house.hears(house.ann) == [DECIDES]
    house.gate(Gate.OPEN)
    assert house.hears(house.ann) == []


def test_threads_of_both_kinds_are_one_list_and_marked_alike(house: Gatehouse) -> None:
    talk = Discussions(house.world.database, house.world.git, house.world.now)
    for number in (1, 2, 3):
        talk.create(house.bob, house.repository, f"Question {number}", "")
        if number == 2:
            house.ask(house.eve)
    house.projecting.run()
    one = house.inbox.list(house.ann, limit=2)
    two = house.inbox.list(house.ann, limit=2, cursor=one.next_cursor)
    assert [each.number for each in (*one.notifications, *two.notifications)] == [3, None, 2, 1]
    assert two.next_cursor is None
    asked = one.notifications[1].thread
    assert ThreadKey.parse(str(asked)) == asked
    assert house.inbox.mark(house.ann, [asked], Mark.DONE) == 1
    assert house.inbox.mark(house.eve, [asked], Mark.UNREAD) == 0
    assert [each.number for each in house.inbox.list(house.ann).notifications] == [3, 2, 1]
    house.inbox.mark(house.ann, [asked], Mark.UNREAD)
    house.inbox.seen(house.ann, asked)
    assert [each.number for each in house.inbox.list(house.ann).notifications] == [3, 2, 1]
    house.inbox.mark(house.ann, [asked], Mark.UNREAD)
    assert house.inbox.mark_all_read(house.ann) == 4
    for text in ("", "x", "access-", "-1", "1" * 19):
        with pytest.raises(BadRequest):
            ThreadKey.parse(text)


def test_whoever_wants_to_hear_nothing_hears_nothing(house: Gatehouse) -> None:
    house.watching.set_level(house.ann, house.repository, Level.NONE)
    house.ask(house.eve)
    assert house.hears(house.ann) == []


def test_inboxes_are_made_anew_and_bear_seeing_an_event_twice(house: Gatehouse) -> None:
    zoe = house.world.user("zoe")
    house.ask(house.eve)
    house.ask(zoe)
    house.decide("eve", ACCEPTED)
    before = house.hears(house.ann), house.hears(house.eve)
    assert before == ([DECIDES], [("asked", "access.granted")])
    assert rebuild(house.world.database, lambda _count: None) == 2
    assert (house.hears(house.ann), house.hears(house.eve)) == before
    house.inbox.mark_all_read(house.ann)
    query = sa.select(tables.events).order_by(tables.events.c.id)
    rows = house.world.database.read(lambda conn: conn.execute(query).all())
    assert house.world.write(lambda conn: project(conn, rows)) == []
    assert house.hears(house.ann) == []


def test_what_was_before_is_quiet(house: Gatehouse) -> None:
    house.projecting.run()
    house.ask(house.eve)
    newest = sa.select(sa.func.max(tables.events.c.id))
    number = house.world.database.read(lambda conn: conn.execute(newest).scalar_one())
    fact = sa.insert(tables.hub_facts).values(name="access_notices_quiet_until", value=number)
    house.world.write(lambda conn: conn.execute(fact).rowcount)
    assert house.hears(house.ann) == []
    house.decide("eve", ACCEPTED)
    assert house.hears(house.eve) == [("asked", "access.granted")]


def test_the_condition_of_queries_is_what_the_policy_says(house: Gatehouse) -> None:
    """Every person and token against every repository: both give the same ones."""
    world = house.world
    world.organisation("lab", {"bob": Role.CONTRIBUTOR, "eve": Role.ADMIN})
    boss = world.user("boss", admin=True)
    bob = world.as_("bob")
    for who, name in ((house.ann, "ann/a"), (bob, "lab/mine"), (world.as_("eve"), "lab/theirs")):
        for gate in (Gate.OPEN, Gate.MANUAL):
            repo_id = model(f"{name}-{gate.value}")
            world.repos.create(who, repo_id)
            world.repos.update_settings(who, repo_id, gate=gate)
    closed = world.get(house.ann, "ann/a-open").id
    table = tables.repositories
    shut = sa.update(table).where(table.c.id == closed).values(disabled=True)
    world.write(lambda conn: conn.execute(shut).rowcount)
    ids = list(world.database.read(lambda conn: conn.execute(sa.select(table.c.id)).scalars()))
    people = [world.as_(name, token) for name in world.ids if name not in {"org", "lab"}
              for token in (None, TokenRole.READ, TokenRole.WRITE)]  # fmt: skip
    assert boss in people
    allowed = 0
    for who in people:
        query = sa.select(table.c.id).where(visible_filter(who), administered_filter(who))
        found = set(
            world.database.read(lambda conn, query=query: conn.execute(query).scalars().all())
        )
        for id_ in ids:
            present = world.database.read(lambda conn, id_=id_: load(conn, id_))
            assert present is not None
            subject = present.subject
            expected = may(who, Action.ADMINISTER, subject).allowed
            assert (id_ in found) is expected, (who, id_)
            allowed += expected
    assert 0 < allowed < len(ids) * len(people)
