"""Notifications: who hears of what, for as long as they may see it, and inboxes made anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Forbidden, NotFound, RepoNotFound, Unauthenticated
from groundswell.core.values import ANONYMOUS, Principal, Role, TokenRole, Visibility
from groundswell.hub.discussions import Discussions, Status
from groundswell.hub.notifications import (
    Filter,
    Inbox,
    Level,
    Mark,
    Notification,
    Projecting,
    Watching,
    count_threads,
    rebuild,
)
from groundswell.hub.notifications.projecting import project
from groundswell.hub.notifications.rebuilding import THREADS_AT_ONCE
from groundswell.hub.repos import Repository
from groundswell.store import tables
from tests.hub.both import on_both, url_of
from tests.hub.repo_world import World, model


def _ignored(_count: int) -> None:
    """Of how far a rebuild is."""


class Desk:
    """A hub with a repository of Ann's, and what its people hear."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.discussions = Discussions(world.database, world.git, world.now)
        self.watching = Watching(world.database, world.now)
        self.inbox = Inbox(world.database, world.now)
        self.projecting = Projecting(world.database)
        self.ann, self.bob, self.eve = (world.as_(name) for name in ("ann", "bob", "eve"))
        self.world.repos.create(self.ann, model("ann/m"))
        self.repository = world.get(self.ann, "ann/m")
        self.projecting.run()

    def open(self, who: Principal, text: str = "", repository: Repository | None = None) -> int:
        return self.discussions.create(who, repository or self.repository, "A question", text)

    def say(self, who: Principal, text: str, number: int = 1) -> int:
        return self.discussions.comment(who, self.repository, number, text).id

    def hears(self, who: Principal, which: Filter = Filter.UNREAD) -> list[tuple[int, str, str]]:
        """Number, reason and type of the newest event of each thread of the inbox."""
        self.projecting.run()
        found = self.inbox.list(who, which).notifications
        if which is Filter.UNREAD:
            assert self.inbox.count(who) == len(found)
        return [(each.number, each.reason.value, each.type) for each in found]

    def inbox_of(self, who: Principal) -> Sequence[Notification]:
        self.projecting.run()
        return self.inbox.list(who).notifications

    def rows(self) -> list[Any]:
        table = tables.notifications
        query = sa.select(*(c for c in table.c if c.name not in {"read_at", "done_at"}))
        query = query.order_by(table.c.account_id, table.c.discussion_id)
        return list(self.world.database.read(lambda conn: conn.execute(query).all()))


@pytest.fixture
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    world = World.with_people(tmp_path, url_of(request))
    yield Desk(world)
    world.close()


@on_both("desk")
def test_who_made_a_repository_hears_of_its_threads_and_who_takes_part_of_theirs(
    desk: Desk,
) -> None:
    desk.open(desk.bob)
    assert desk.hears(desk.ann) == [(1, "watching", "discussion.created")]
    assert desk.hears(desk.bob) == desk.hears(desk.eve) == []
    desk.say(desk.ann, "So?")
    assert desk.hears(desk.bob) == [(1, "author", "discussion.commented")]
    desk.say(desk.eve, "Indeed.")
    desk.discussions.set_status(desk.bob, desk.repository, 1, Status.CLOSED)
    assert desk.hears(desk.eve) == [(1, "comment", "discussion.status_changed")]
    assert desk.hears(desk.ann) == [(1, "comment", "discussion.status_changed")]
    # What only the record of the discussion shows brings nobody anything.
    desk.inbox.mark_all_read(desk.ann)
    desk.discussions.set_title(desk.bob, desk.repository, 1, "Another")
    assert desk.hears(desk.ann) == []
    found = desk.inbox.list(desk.ann, Filter.ALL).notifications[0]
    assert (found.title, found.actor, found.is_read) == ("Another", "bob", True)


@on_both("desk")
def test_whoever_is_mentioned_hears_of_it(desk: Desk) -> None:
    desk.open(desk.bob, "What does @eve think? Not `@ann`.")
    assert desk.hears(desk.eve) == [(1, "mention", "discussion.created")]
    assert desk.hears(desk.ann) == [(1, "watching", "discussion.created")]
    desk.say(desk.ann, "Nor I.")
    assert desk.hears(desk.eve) == [(1, "mention", "discussion.commented")]
    desk.inbox.mark_all_read(desk.ann)
    desk.inbox.mark_all_read(desk.eve)
    said = desk.say(desk.bob, "Hm.")
    desk.discussions.edit(desk.bob, desk.repository, 1, said, "Hm, @ann?")
    assert desk.hears(desk.ann) == [(1, "mention", "comment.edited")]
    # An edit is no news to those whom it does not speak to, nor when they were spoken to before.
    assert desk.hears(desk.eve) == [(1, "mention", "discussion.commented")]
    desk.inbox.mark_all_read(desk.ann)
    desk.discussions.edit(desk.bob, desk.repository, 1, said, "Hm, @ann, or not?")
    assert desk.hears(desk.ann) == []


@on_both("desk")
def test_an_organisation_that_is_mentioned_is_its_members(desk: Desk) -> None:
    desk.open(desk.eve, "Dear @org, and @nobody-at-all")
    assert desk.hears(desk.bob) == [(1, "mention", "discussion.created")]
    assert desk.hears(desk.ann) == [(1, "mention", "discussion.created")]


@on_both("desk")
def test_what_was_hidden_before_mentions_nobody(desk: Desk) -> None:
    desk.open(desk.bob)
    said = desk.say(desk.bob, "@eve look")
    desk.discussions.hide(desk.bob, desk.repository, 1, said)
    assert desk.hears(desk.eve) == []


@on_both("desk")
def test_nobody_hears_of_what_they_may_not_see(desk: Desk) -> None:
    world = desk.world
    world.repos.create(desk.ann, model("ann/hidden"), visibility=Visibility.PRIVATE)
    hidden = world.get(desk.ann, "ann/hidden")
    desk.open(desk.ann, "@eve @bob", hidden)
    assert desk.hears(desk.eve) == desk.hears(desk.bob) == []
    assert {row.account_id for row in desk.rows()} == set()
    with pytest.raises(RepoNotFound):
        desk.watching.set_level(desk.eve, hidden, Level.ALL)
    with pytest.raises(RepoNotFound):
        desk.watching.set_hears_of(desk.eve, hidden, 1, hears=True)
    with pytest.raises(RepoNotFound):
        desk.inbox.list(desk.eve, repository=hidden)


@on_both("desk")
def test_a_right_that_ends_takes_the_inbox_with_it(desk: Desk) -> None:
    world = desk.world
    world.repos.create(desk.ann, model("org/inner"), visibility=Visibility.PRIVATE)
    inner = world.get(desk.ann, "org/inner")
    desk.open(desk.ann, "@bob", inner)
    assert desk.hears(desk.bob) == [(1, "mention", "discussion.created")]
    members = tables.memberships
    gone = sa.delete(members).where(members.c.user_id == world.ids["bob"])
    world.write(lambda conn: conn.execute(gone).rowcount)
    bob = world.as_("bob")
    assert desk.hears(bob) == desk.hears(bob, Filter.ALL) == []
    assert desk.inbox.mark_all_read(bob) == 0
    back = {"organisation_id": world.ids["org"], "user_id": world.ids["bob"], "role": Role.READ}
    world.write(lambda conn: conn.execute(sa.insert(members).values(back)).rowcount)
    assert desk.hears(world.as_("bob"), Filter.ALL) == [(1, "mention", "discussion.created")]
    world.repos.delete(desk.ann, model("org/inner"))
    assert desk.hears(world.as_("bob"), Filter.ALL) == []


@on_both("desk")
def test_watching_muting_and_hearing_nothing(desk: Desk) -> None:
    desk.open(desk.bob)
    assert desk.watching.level_of(desk.eve, desk.repository) is Level.PARTICIPATING
    desk.watching.set_level(desk.eve, desk.repository, Level.ALL)
    assert desk.hears(desk.eve) == []  # what was before is no news
    desk.say(desk.ann, "one")
    assert desk.hears(desk.eve) == [(1, "watching", "discussion.commented")]
    assert desk.watching.hears_of(desk.eve, desk.repository, 1)
    desk.watching.set_hears_of(desk.eve, desk.repository, 1, hears=False)
    desk.say(desk.ann, "two, @eve")
    assert desk.hears(desk.eve) == []
    assert not desk.watching.hears_of(desk.eve, desk.repository, 1)
    desk.watching.set_hears_of(desk.eve, desk.repository, 1, hears=True)
    desk.say(desk.ann, "three")
    assert desk.hears(desk.eve) == [(1, "chosen", "discussion.commented")]
    desk.watching.set_level(desk.eve, desk.repository, Level.NONE)
    assert desk.hears(desk.eve, Filter.ALL) == []
    desk.say(desk.ann, "four, @eve")
    assert desk.hears(desk.eve, Filter.ALL) == []
    desk.watching.set_level(desk.eve, desk.repository, Level.PARTICIPATING)
    assert desk.hears(desk.eve, Filter.ALL) == []
    desk.say(desk.ann, "five")
    assert desk.hears(desk.eve) == [(1, "chosen", "discussion.commented")]
    desk.watching.set_level(desk.ann, desk.repository, Level.PARTICIPATING)
    desk.open(desk.bob)
    assert [number for number, _, _ in desk.hears(desk.ann)] == []
    with pytest.raises(NotFound):
        desk.watching.set_hears_of(desk.eve, desk.repository, 9, hears=True)
    for who in (ANONYMOUS, desk.world.as_("eve", TokenRole.READ)):
        with pytest.raises((Unauthenticated, Forbidden)):
            desk.watching.set_level(who, desk.repository, Level.ALL)


@on_both("desk")
def test_threads_are_marked_and_news_brings_them_back(desk: Desk) -> None:
    for _ in range(3):
        desk.open(desk.bob)
    found = desk.hears(desk.ann)
    assert [number for number, _, _ in found] == [3, 2, 1]
    ids = [each.thread for each in desk.inbox.list(desk.ann).notifications]
    assert desk.inbox.mark(desk.ann, ids[:2], Mark.READ) == 2
    assert desk.inbox.mark(desk.bob, ids, Mark.READ) == 0
    assert [number for number, _, _ in desk.hears(desk.ann)] == [1]
    desk.inbox.mark(desk.ann, ids[:1], Mark.DONE)
    assert [number for number, _, _ in desk.hears(desk.ann, Filter.ALL)] == [2, 1]
    desk.inbox.mark(desk.ann, ids[1:2], Mark.UNREAD)
    assert [number for number, _, _ in desk.hears(desk.ann)] == [2, 1]
    desk.say(desk.bob, "More", 3)
    assert [number for number, _, _ in desk.hears(desk.ann)] == [3, 2, 1]
    desk.inbox.seen(desk.ann, ids[0])
    desk.inbox.seen(desk.world.as_("ann", TokenRole.WRITE), ids[1])  # a program does not look
    assert [number for number, _, _ in desk.hears(desk.ann)] == [2, 1]
    assert desk.inbox.mark_all_read(desk.ann) == 2
    assert desk.inbox.count(desk.ann) == 0
    page = desk.inbox.list(desk.ann, Filter.ALL, limit=2)
    rest = desk.inbox.list(desk.ann, Filter.ALL, limit=2, cursor=page.next_cursor)
    assert [each.number for each in (*page.notifications, *rest.notifications)] == [3, 2, 1]
    assert rest.next_cursor is None
    other = desk.inbox.list(desk.ann, Filter.ALL, desk.repository)
    assert len(other.notifications) == 3
    for cursor, limit in (("x", 1), (None, 0), (None, 101)):
        with pytest.raises(BadRequest):
            desk.inbox.list(desk.ann, cursor=cursor, limit=limit)
    with pytest.raises(BadRequest):
        desk.inbox.mark(desk.ann, [ids[0]] * 101, Mark.READ)
    with pytest.raises(Unauthenticated):
        desk.inbox.list(ANONYMOUS)
    with pytest.raises(Forbidden):
        desk.inbox.list(desk.world.as_("ann", TokenRole.FINE_GRAINED))
    assert desk.inbox.count(ANONYMOUS) == 0


@on_both("desk")
def test_inboxes_can_be_made_anew(desk: Desk) -> None:
    """From events and what people chose, whatever became of the rows."""
    desk.watching.set_level(desk.eve, desk.repository, Level.ALL)
    desk.open(desk.bob, "@org")
    desk.open(desk.eve, "@bob")
    desk.projecting.run()
    desk.watching.set_hears_of(desk.ann, desk.repository, 1, hears=False)
    desk.say(desk.bob, "@ann", 2)
    said = desk.say(desk.eve, "@nobody", 1)
    desk.discussions.edit(desk.eve, desk.repository, 1, said, "@bob")
    desk.discussions.set_status(desk.eve, desk.repository, 2, Status.CLOSED)
    desk.projecting.run()
    before = desk.rows()
    assert len(before) >= 4
    assert rebuild(desk.world.database, _ignored) == len(before)
    assert desk.rows() == before
    lost = sa.delete(tables.notifications).where(tables.notifications.c.reason == "mention")
    assert desk.world.write(lambda conn: conn.execute(lost).rowcount) > 0
    done: list[int] = []
    rebuild(desk.world.database, done.append)
    assert desk.rows() == before
    assert sum(done) == count_threads(desk.world.database) == 2


@on_both("desk")
def test_what_was_read_stays_so_when_inboxes_are_made_anew(desk: Desk) -> None:
    for number in range(1, 5):
        desk.open(desk.bob, "@eve")
        desk.say(desk.ann, "So?", number)
    fourth, third, second, first = (each.thread for each in desk.inbox_of(desk.eve))
    desk.inbox.mark(desk.eve, [first], Mark.READ)
    desk.inbox.mark(desk.eve, [second], Mark.DONE)
    desk.inbox.mark(desk.eve, [third], Mark.READ)
    desk.say(desk.bob, "And now?", 3)  # newer than what was read
    desk.projecting.run()
    desk.watching.set_hears_of(desk.eve, desk.repository, 4, hears=False)
    shown = desk.hears(desk.eve, Filter.ALL), desk.hears(desk.eve), desk.hears(desk.ann)
    # A row that no event gives, and one that is older than it should be.
    table = tables.notifications
    of_eve = sa.update(table).where(table.c.account_id == desk.eve.account_id)
    wrong = {"account_id": desk.eve.account_id, "discussion_id": fourth.id, "event_id": 1}
    wrong |= {"repository_id": desk.repository.id, "reason": "mention", "happened_at": 1}
    for change in (
        sa.insert(table).values(wrong),
        of_eve.where(table.c.discussion_id == third.id).values(event_id=1),
    ):
        desk.world.write(lambda conn, change=change: conn.execute(change).rowcount)
    rebuild(desk.world.database, _ignored)
    again = desk.hears(desk.eve, Filter.ALL), desk.hears(desk.eve), desk.hears(desk.ann)
    assert again == shown
    assert [number for number, _, _ in again[0]] == [3, 1]  # the second is done, the fourth muted
    assert [number for number, _, _ in again[1]] == [3]


@on_both("desk")
def test_inboxes_are_made_anew_beside_a_hub_that_goes_on(desk: Desk) -> None:
    """What the projection has not come to yet stays its own, and is told of as ever."""
    for _ in range(1, THREADS_AT_ONCE + 3):
        desk.open(desk.bob, "@eve")
    desk.projecting.run()
    told: list[int] = []

    def goes_on(count: int) -> None:
        """Between two transactions of the rebuild: more is said, and one is followed."""
        told.append(count)
        desk.say(desk.bob, "More.", 1)
        desk.projecting.run()
        desk.say(desk.bob, "Not yet followed.", THREADS_AT_ONCE + 2)

    rebuild(desk.world.database, goes_on)
    assert told == [THREADS_AT_ONCE, 2]
    heard = desk.hears(desk.eve)
    assert heard[0] == (THREADS_AT_ONCE + 2, "mention", "discussion.commented")
    assert heard[1][0] == 1
    assert len(heard) == THREADS_AT_ONCE + 2
    before = desk.rows()
    rebuild(desk.world.database, told.append)
    assert desk.rows() == before


@on_both("desk")
def test_an_event_may_be_seen_twice_or_late(desk: Desk) -> None:
    desk.open(desk.bob, "@eve")
    desk.say(desk.bob, "more")
    assert len(desk.hears(desk.eve)) == 1
    desk.inbox.mark_all_read(desk.eve)
    query = sa.select(tables.events).order_by(tables.events.c.id)
    rows = desk.world.database.read(lambda conn: conn.execute(query).all())
    assert desk.world.write(lambda conn: project(conn, rows)) == []
    assert desk.world.write(lambda conn: project(conn, rows[-2:-1])) == []
    assert desk.hears(desk.eve) == []


@on_both("desk")
def test_what_was_before_there_were_inboxes_is_quiet(desk: Desk) -> None:
    desk.projecting.run()
    desk.open(desk.bob, "@eve")
    newest = sa.select(sa.func.max(tables.events.c.id))
    number = desk.world.database.read(lambda conn: conn.execute(newest).scalar_one())
    fact = sa.insert(tables.hub_facts).values(name="notices_quiet_until", value=number)
    desk.world.write(lambda conn: conn.execute(fact).rowcount)
    assert desk.hears(desk.eve) == desk.hears(desk.ann) == []
    desk.say(desk.ann, "So?")
    assert desk.hears(desk.eve) == [(1, "mention", "discussion.commented")]
    assert desk.hears(desk.bob) == [(1, "author", "discussion.commented")]
