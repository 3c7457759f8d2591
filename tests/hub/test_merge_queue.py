"""The queue of merges: what lands was tested as it landed, in the order people came."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundswell.core.errors import Conflict, Forbidden, NotFound
from groundswell.core.values import ANONYMOUS, Role
from groundswell.hub.checks import State
from groundswell.hub.discussions import Status
from groundswell.hub.merge_queue import Landed, MergeQueue
from groundswell.hub.merge_queue import rows as queue_rows
from groundswell.hub.merge_queue import service as queue_service
from groundswell.hub.merging import Method
from tests.hub.both import on_both, url_of
from tests.hub.rules_world import RulesWorld


class QueueWorld(RulesWorld):
    """Main takes pull requests from its queue, once their unit check passed."""

    def __init__(self, root: Path, url: str | None = None) -> None:
        super().__init__(root, url)
        self.queue = self.restarted()
        self.checks.tell(self.go_on)
        self.rule_number = self.rule(queue=True, checks=("unit",))

    def go_on(self, repository_id: int) -> None:
        self.queue.advance(repository_id)  # the one there is now

    def restarted(self) -> MergeQueue:
        parts = (self.discussions, self.merging, self.commits, self.now)
        return MergeQueue(self.database, self.git, *parts)

    def enter(self, number: int, method: Method = Method.MERGE) -> Landed:
        return self.queue.merge(self.ben, self.repository, number, method)

    def queued(self) -> list[int]:
        return [each.number for each in self.queue.entries(self.ben, self.repository)]

    def result(self, number: int) -> str:
        found = self.queue.entries(self.ben, self.repository)
        commit = next(each.commit for each in found if each.number == number)
        assert commit is not None
        return commit

    def status(self, number: int) -> Status:
        return self.discussions.get(self.repository, number).status

    def reasons(self) -> list[str]:
        return [each["reason"] for each in self.told("queue.left")]

    def refs(self) -> str:
        return self.real_git(self.repository, "for-each-ref", "--format=%(refname)", "refs/queue")


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[QueueWorld]:
    world = QueueWorld(tmp_path, url_of(request))
    yield world
    world.close()


def test_main_moves_to_the_very_commit_that_was_tested(world: QueueWorld) -> None:
    number = world.request({"a": "1"})
    before = world.head
    assert world.enter(number) == Landed(None, 1)
    result = world.result(number)
    assert (world.head, world.status(number)) == (before, Status.OPEN)
    assert world.git.commit_summary(world.repository.id, result).parents[0] == before
    assert world.refs() == f"refs/queue/{number}\n"
    world.report(f"refs/pr/{number}")  # of the head: not of the result
    assert world.head == before
    world.report(result, state=State.RUNNING)
    assert world.head == before
    world.report(result)
    assert (world.head, world.status(number)) == (result, Status.MERGED)
    assert (world.queued(), world.refs()) == ([], "")
    (told,) = world.told("queue.result_made")
    assert (told["commit"], told["ref"]) == (result, f"refs/queue/{number}")


@on_both("world")
def test_later_ones_are_tested_on_top_and_land_in_order(world: QueueWorld) -> None:
    numbers = [world.request({f"f{n}": "1"}) for n in range(3)]
    assert [world.enter(each).place for each in numbers] == [1, 2, 3]
    results = [world.result(each) for each in numbers]
    for before, after in itertools.pairwise(results):
        assert world.git.commit_summary(world.repository.id, after).parents[0] == before
    world.report(results[2])
    world.report(results[1])
    assert world.status(numbers[1]) is Status.OPEN  # the first one has its turn
    world.report(results[0])
    assert world.head == results[2]
    assert all(world.status(each) is Status.MERGED for each in numbers)
    assert set(world.tree(world.repository)) >= {"f0", "f1", "f2"}


@on_both("world")
def test_one_that_fails_leaves_and_those_behind_are_made_anew(world: QueueWorld) -> None:
    first, second = world.request({"a": "1"}), world.request({"b": "1"})
    world.enter(first)
    world.enter(second)
    old = world.result(second)
    world.report(old)
    world.report(world.result(first), state=State.FAILED)
    assert world.queued() == [second]
    assert world.status(first) is Status.OPEN
    assert "unit did not pass" in world.reasons()[0]
    timeline = world.discussions.timeline(world.discussions.get(world.repository, first))
    assert timeline.happenings[-1].type == "queue.left"
    new = world.result(second)
    assert new != old  # what was tested with the one that failed does not count
    assert world.status(second) is Status.OPEN
    world.report(new)
    assert world.head == new
    assert "a" not in world.tree(world.repository)


def test_a_failure_of_a_later_one_waits_for_those_before_it(world: QueueWorld) -> None:
    first, second = world.request({"a": "1"}), world.request({"b": "1"})
    world.enter(first)
    world.enter(second)
    world.report(world.result(second), state=State.FAILED)
    assert world.queued() == [first, second]  # the first may be the cause
    world.report(world.result(first))
    assert world.queued() == []
    assert (world.status(first), world.status(second)) == (Status.MERGED, Status.OPEN)


def test_main_moved_by_hand_makes_everything_anew(world: QueueWorld) -> None:
    number = world.request({"a": "1"})
    world.enter(number)
    old = world.result(number)
    world.rules.delete(world.alice, world.repository, world.rule_number)
    main = world.put({"b": "1"})
    world.rule(queue=True, checks=("unit",))
    world.report(old)
    assert world.head == main
    new = world.result(number)
    assert new != old
    world.report(new)
    assert world.head == new


def test_collisions_leave_with_words_when_their_turn_comes(world: QueueWorld) -> None:
    first, second = world.request({"a": "1"}), world.request({"a": "2"})
    world.enter(first)
    world.enter(second)
    assert world.queued() == [first, second]
    world.report(world.result(first))
    assert world.queued() == []
    assert world.reasons() == ["Changed on both sides: a"]


@on_both("world")
def test_new_commits_closing_and_lost_rights_take_it_out(world: QueueWorld) -> None:
    moved, closed, orphan = (world.request({f"f{n}": "1"}) for n in range(3))
    for each in (moved, closed):
        world.enter(each)
    world.queue.merge(world.cleo, world.repository, orphan)
    world.put({"f0": "2"}, f"refs/pr/{moved}", world.bob)
    world.discussions.set_status(world.bob, world.repository, closed, Status.CLOSED)
    world.accounts.set_member("acme", "cleo", Role.READ, by=None)
    assert world.queue.run() == 3
    assert world.queued() == []
    assert world.reasons() == [
        "new commits came",
        "it is closed",
        "cleo may not write here any more",
    ]
    assert world.refs() == ""


def test_an_objection_while_it_waits_takes_it_out(world: QueueWorld) -> None:
    number = world.request({"a": "1"})
    world.rule("m*", approvals=1)
    with pytest.raises(Conflict, match="approvals"):
        world.enter(number)
    world.review(world.ben, number)
    world.enter(number)
    world.review(world.cleo, number, "changes_requested")
    world.report(world.result(number))
    assert world.status(number) is Status.OPEN
    assert world.reasons() == ["cleo asked for changes"]


def test_what_is_not_tested_in_time_leaves(
    world: QueueWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = world.request({"a": "1"})
    world.enter(number)
    assert world.queue.run() == 0
    monkeypatch.setattr(queue_service, "TESTED_HOURS_MAX", 0)
    assert world.queue.run() == 1
    assert world.reasons() == ["its checks did not end within 0 hours"]


@on_both("world")
def test_it_goes_on_after_a_restart(world: QueueWorld) -> None:
    number = world.request({"a": "1"})
    world.enter(number)
    result = world.result(number)
    world.queue = world.restarted()
    assert world.queue.run() == 0
    assert world.result(number) == result  # not made twice
    world.report(result)
    assert world.head == result


def test_a_fall_between_main_and_the_queue(world: QueueWorld) -> None:
    """Main has moved and the row is still there: it goes without a word."""
    number = world.request({"a": "1"})
    world.enter(number)
    result = world.result(number)
    keeps = world.queue._take_out
    world.queue._take_out = lambda *_: None  # type: ignore[method-assign] - the fall
    monkey_steps, queue_service._STEPS_MAX = queue_service._STEPS_MAX, 1
    try:
        world.report(result)
    finally:
        queue_service._STEPS_MAX = monkey_steps
        world.queue._take_out = keeps  # type: ignore[method-assign]
    assert (world.head, world.queued()) == (result, [number])
    world.queue.run()
    assert (world.queued(), world.reasons(), world.refs()) == ([], [], "")


def test_squashes_and_no_checks_at_all(world: QueueWorld) -> None:
    world.rules.delete(world.alice, world.repository, world.rule_number)
    world.rule(queue=True, linear=True)
    number = world.request({"a": "1"})
    with pytest.raises(Conflict, match="squash"):
        world.enter(number)
    landed = world.enter(number, Method.SQUASH)
    assert (landed.commit, landed.place) == (world.head, None)
    assert len(world.git.commit_summary(world.repository.id, str(world.head)).parents) == 1


def test_the_queue_cannot_be_gone_around(world: QueueWorld) -> None:
    number = world.request({"a": "1"})
    world.report(f"refs/pr/{number}")
    with pytest.raises(Conflict, match="queue"):
        world.merge(number)
    with pytest.raises(Forbidden):
        world.queue.merge(world.alice, world.repository, number, overrides=True)
    with pytest.raises(Forbidden):
        world.queue.merge(world.bob, world.repository, number)


def test_it_is_bounded_and_each_comes_once(
    world: QueueWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_rows, "ENTRIES_MAX", 2)
    numbers = [world.request({f"f{n}": "1"}) for n in range(3)]
    world.enter(numbers[0])
    with pytest.raises(Conflict, match="already"):
        world.enter(numbers[0])
    world.enter(numbers[1])
    with pytest.raises(Conflict, match="full"):
        world.enter(numbers[2])


def test_who_may_take_it_out(world: QueueWorld) -> None:
    first, second = world.request({"a": "1"}), world.request({"b": "1"})
    world.enter(first)
    world.enter(second)
    eve = world.user("eve")
    with pytest.raises(Forbidden):
        world.queue.leave(eve, world.repository, first)
    world.queue.leave(world.bob, world.repository, first)  # its author
    assert world.queued() == [second]
    new = world.result(second)
    parents = world.git.commit_summary(world.repository.id, new).parents
    assert parents[0] == world.head
    world.queue.leave(world.cleo, world.repository, second)
    with pytest.raises(NotFound):
        world.queue.leave(world.cleo, world.repository, second)
    assert world.reasons() == ["bob took it out", "cleo took it out"]
    assert world.queue.entries(ANONYMOUS, world.repository) == []
