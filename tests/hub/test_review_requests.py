"""Asking people for a review: who may, whom, who has answered, and what reaches inboxes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Conflict, Forbidden, NotFound, Unauthenticated
from groundswell.core.values import ANONYMOUS, Gate, Principal, Role, TokenRole
from groundswell.hub.discussions import Status
from groundswell.hub.notifications import Filter, Inbox, Projecting, rebuild
from groundswell.hub.reviews import Decision
from groundswell.hub.reviews.values import ASKED_MAX
from groundswell.hub.rules.suggesting import Suggesting
from groundswell.store import tables
from tests.hub.review_world import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    world = Stage(tmp_path)
    yield world
    world.close()


def ask(stage: Stage, who: Principal, *names: str) -> None:
    stage.reviews.requests.ask(who, stage.repository, stage.number, names)


def asked(stage: Stage) -> list[tuple[str, str, bool]]:
    found = stage.reviews.requests.listed(stage.alice, stage.repository, stage.request)
    return [(each.reviewer, each.asked_by, each.is_answered) for each in found]


def hears(stage: Stage, who: Principal, which: Filter = Filter.UNREAD) -> list[tuple[str, str]]:
    Projecting(stage.database).run()
    found = Inbox(stage.database, stage.now).list(who, which).notifications
    return [(each.reason.value, each.type) for each in found]


def test_a_verdict_answers_and_clears_the_inbox(stage: Stage) -> None:
    ask(stage, stage.bob, "Eve", "alice")  # the author may
    assert asked(stage) == [("alice", "bob", False), ("eve", "bob", False)]
    assert hears(stage, stage.eve) == [("review", "review.requested")]
    assert hears(stage, stage.bob) == []
    stage.submit(stage.eve, Decision.COMMENT, "I shall look.")
    assert asked(stage)[1] == ("eve", "bob", False)
    assert hears(stage, stage.eve) == [("review", "review.requested")]
    stage.approve(stage.eve)
    assert asked(stage)[1] == ("eve", "bob", True)
    assert hears(stage, stage.eve) == hears(stage, stage.eve, Filter.ALL) == []
    # Whoever has answered can be asked again; whoever is waited for is not told twice.
    before = stage.events().count("review.requested")
    ask(stage, stage.alice, "alice")
    assert stage.events().count("review.requested") == before
    ask(stage, stage.alice, "eve", "alice")
    assert asked(stage) == [("alice", "bob", False), ("eve", "alice", False)]
    assert hears(stage, stage.eve) == [("review", "review.requested")]
    # The same from the events alone.
    assert stage.submit(stage.eve, Decision.CHANGES_REQUESTED, "No.")
    rebuild(stage.database, lambda _count: None)
    assert hears(stage, stage.eve, Filter.ALL) == []


def test_who_asks_and_who_is_asked(stage: Stage) -> None:
    for who, error in ((stage.eve, Forbidden), (ANONYMOUS, Unauthenticated)):
        with pytest.raises(error):
            ask(stage, who, "alice")
    reading = Principal(stage.bob.account_id, "bob", token_role=TokenRole.READ)
    with pytest.raises(Forbidden):
        ask(stage, reading, "eve")
    for names in ((), ("",), ("nobody",), ("eve", "no\x00body"), ("bob",)):
        with pytest.raises(BadRequest):
            ask(stage, stage.alice, *names)
    assert asked(stage) == []
    with pytest.raises(NotFound):
        stage.reviews.requests.ask(stage.alice, stage.repository, 9, ["eve"])
    stage.discussions.set_status(stage.bob, stage.repository, stage.number, Status.CLOSED)
    with pytest.raises(Conflict):
        ask(stage, stage.alice, "eve")


def test_only_who_may_read_is_asked_and_waited_for(stage: Stage) -> None:
    ask(stage, stage.alice, "eve")
    stage.repos.update_settings(stage.alice, stage.repository.repo_id, gate=Gate.MANUAL)
    assert asked(stage) == []
    with pytest.raises(BadRequest) as hidden:
        ask(stage, stage.alice, "eve")
    with pytest.raises(BadRequest) as absent:
        ask(stage, stage.alice, "adam")
    assert str(hidden.value).replace("eve", "adam") == str(absent.value)
    stage.repos.update_settings(stage.alice, stage.repository.repo_id, gate=Gate.OPEN)
    table = tables.accounts
    closed = sa.update(table).where(table.c.name == "eve").values(disabled_at=1)
    stage.database.write(lambda conn: conn.execute(closed).rowcount)
    assert asked(stage) == []


def test_somebody_is_asked_no_longer(stage: Stage) -> None:
    requests, carol = stage.reviews.requests, stage.user("carol")
    ask(stage, stage.bob, "eve", "carol")
    assert hears(stage, carol) == hears(stage, stage.eve) == [("review", "review.requested")]
    with pytest.raises(Forbidden):
        requests.withdraw(stage.eve, stage.repository, stage.number, "carol")
    requests.withdraw(stage.eve, stage.repository, stage.number, "eve")
    requests.withdraw(stage.alice, stage.repository, stage.number, "Carol")
    assert asked(stage) == []
    assert hears(stage, carol) == hears(stage, stage.eve) == []
    told = stage.events().count("review.unrequested")
    for name in ("carol", "nobody", "\x00"):
        requests.withdraw(stage.alice, stage.repository, stage.number, name)
    assert stage.events().count("review.unrequested") == told == 2


def test_what_came_at_once_is_news_no_longer(stage: Stage) -> None:
    """A request and its end within one page of events leave nothing in an inbox."""
    ask(stage, stage.bob, "eve")
    stage.reviews.requests.withdraw(stage.bob, stage.repository, stage.number, "eve")
    assert hears(stage, stage.eve, Filter.ALL) == []


def test_there_is_a_bound(stage: Stage) -> None:
    people = [stage.user(f"person{number}").name for number in range(ASKED_MAX + 1)]
    with pytest.raises(BadRequest):
        ask(stage, stage.alice, *people)
    ask(stage, stage.alice, *people[:ASKED_MAX])
    with pytest.raises(BadRequest):
        ask(stage, stage.alice, people[-1])
    assert len(asked(stage)) == ASKED_MAX


def test_who_looks_after_what_is_touched_is_suggested(stage: Stage) -> None:
    suggesting = Suggesting(stage.database, stage.git, stage.merging)

    def suggested() -> tuple[str, ...]:
        return suggesting.people(stage.alice, stage.repository, stage.request)

    assert suggested() == ()
    lab = stage.accounts.create_organisation("lab", by=None)
    carol = stage.user("carol")
    stage.accounts.set_member(lab.name, "carol", Role.WRITE, by=None)
    stage.put({"MAINTAINERS": "@bob @eve @nobody @lab *.txt\n@alice docs/**\n"})
    assert suggested() == ("eve", "carol")  # not its author, nor who looks after something else
    ask(stage, stage.alice, "eve")
    assert suggested() == ("carol",)
    assert carol.name == "carol"
    # A file with a fault suggests nobody: an owner may be missing.
    stage.put({"MAINTAINERS": "@bob @eve @lab *.txt\n@@ what\n"})
    assert suggested() == ()


def test_who_is_mentioned_at_a_line_hears_of_it(stage: Stage) -> None:
    """In a review, in an answer, and in an edit that names them anew; of nothing that is hidden."""
    zoe, max_ = stage.user("zoe"), stage.user("max")
    thread = stage.say("@zoe, is this right?", 10)
    assert hears(stage, zoe) == [("mention", "review.submitted")]
    place = (stage.repository, stage.number)
    answered = stage.reviews.threads.reply(stage.bob, *place, thread.id, "Hm.")
    assert hears(stage, max_) == []
    said = answered.comments[-1].id
    stage.reviews.threads.edit(stage.bob, *place, said, "Hm, @max.")
    assert hears(stage, max_) == [("mention", "line_comment.edited")]
    rebuild(stage.database, lambda _count: None)
    assert hears(stage, max_) == [("mention", "line_comment.edited")]
