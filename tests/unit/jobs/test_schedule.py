"""Chores run when they are due, one at a time, and never take the hub down."""

import logging
import threading

import pytest

from groundswell.jobs import Chore, Schedule


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def scheduled(clock: Hand, *chores: Chore) -> Schedule:
    schedule = Schedule(chores, clock)
    schedule._due = {chore.name: chore.first_after_seconds for chore in chores}
    return schedule


def test_each_chore_runs_when_it_is_due() -> None:
    clock, ran = Hand(), []
    quick = Chore("quick", 10, lambda: ran.append("quick") or 1, first_after_seconds=5)
    slow = Chore("slow", 60, lambda: ran.append("slow") or 0, first_after_seconds=20)
    schedule = scheduled(clock, quick, slow)
    assert schedule.run_due() == 5
    clock.seconds = 5
    assert schedule.run_due() == 10
    clock.seconds = 21
    assert schedule.run_due() == 10
    assert ran == ["quick", "quick", "slow"]
    # After a long sleep of the machine a chore runs once, not once for each time it was missed.
    clock.seconds = 10_000
    schedule.run_due()
    assert ran == ["quick", "quick", "slow", "quick", "slow"]


def test_a_chore_that_fails_is_told_and_tried_again_sooner(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock, ran = Hand(), []

    def fail() -> int:
        raise RuntimeError("the disk is on fire")

    bad = Chore("bad", 86_400, fail, first_after_seconds=0)
    good = Chore("good", 86_400, lambda: ran.append(1) or 1, first_after_seconds=0)
    schedule = scheduled(clock, bad, good)
    with caplog.at_level(logging.INFO, "groundswell.jobs"):
        assert schedule.run_due() == 600
    assert ran == [1]
    assert "chore bad failed" in caplog.text
    assert "the disk is on fire" in caplog.text


def test_it_starts_and_stops() -> None:
    ran = threading.Event()
    schedule = Schedule([Chore("now", 3_600, lambda: ran.set() or 1, first_after_seconds=0)])
    schedule.start()
    assert ran.wait(5)
    assert schedule.stop(5)
    assert schedule.stop(5)


def test_stopping_does_not_wait_for_ever() -> None:
    going, let_go = threading.Event(), threading.Event()

    def work() -> int:
        going.set()
        let_go.wait(10)
        return 0

    schedule = Schedule([Chore("long", 3_600, work, first_after_seconds=0)])
    schedule.start()
    assert going.wait(5)
    assert not schedule.stop(0.01)
    let_go.set()
    assert schedule.stop(5)


def test_without_chores_it_waits() -> None:
    schedule = Schedule([])
    schedule.start()
    assert schedule.stop(5)
    assert Schedule([]).stop()


def test_stopping_breaks_a_long_chore_off() -> None:
    begun, broken_off = threading.Event(), threading.Event()

    def work() -> int:
        begun.set()
        return int(broken_off.wait(30))

    long = Chore("long", 60, work, first_after_seconds=0, break_off=broken_off.set)
    schedule = Schedule([long])
    schedule.start()
    assert begun.wait(10)
    assert schedule.stop()
