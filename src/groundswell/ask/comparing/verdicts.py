"""When it is clear that one of two models is better, and saying so in a sentence.

Two tests share the error that is promised (union bound), so that it holds although the counts are
looked at while questions are still asked: a fifth of it for stopping early, by a bet that may be
looked at any time (`statistics.evidence`), four fifths for McNemar's exact test when everything is
asked. Several pairs share it too, so that it holds for all that is said of a set at once. Assumes
that questions are asked in an order that has nothing to do with how hard they are. Knows counts and
names; does not know who asks.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from groundswell.ask.comparing.statistics import evidence, interval, mcnemar

ERROR: Final = 0.05
EARLY_SHARE: Final = 0.2
# Slower or quicker by less than this is not worth a word.
_TIMES_WORTH_SAYING: Final = 1.15


class Outcome(enum.StrEnum):
    """What is known of a pair."""

    FIRST = "first is better"
    SECOND = "second is better"
    UNCLEAR = "cannot be told apart"


@dataclass(frozen=True, slots=True)
class Counts:
    """A pair's answers to the same questions.

    Attributes:
        asked: how many questions.
        both: how often both were right.
        first: how often the first alone.
        second: how often the second alone.
    """

    asked: int
    both: int
    first: int
    second: int

    @property
    def right(self) -> tuple[int, int]:
        """How often each was right."""
        return self.both + self.first, self.both + self.second


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a pair.

    Attributes:
        outcome: which one is better, if any.
        is_early: whether that was clear before everything was asked.
        p: of McNemar's exact test.
        evidence: how well a bet on a difference did.
        low: of the difference second minus first, as a share of the questions.
        high: the other end; 95 of 100 such intervals hold the difference.
    """

    counts: Counts
    outcome: Outcome
    is_early: bool
    p: float
    evidence: float
    low: float
    high: float


def counts_of(first: Sequence[bool], second: Sequence[bool]) -> Counts:
    """The counts of answers that are right, in the same order of questions."""
    pairs = list(zip(first, second, strict=True))
    return Counts(
        len(pairs),
        sum(a and b for a, b in pairs),
        sum(a and not b for a, b in pairs),
        sum(b and not a for a, b in pairs),
    )


def is_clear(counts: Counts, error: float) -> bool:
    """Whether asking on is not needed: may be looked at after every question."""
    return evidence(counts.first, counts.second) >= 1 / (error * EARLY_SHARE)


def is_settled(counts: Counts, left: int, error: float) -> bool:
    """Whether the verdict is known: it is clear, or no answers to what is left could make it so.

    The second never calls a difference one: it costs nothing of the promised error.
    """
    if is_clear(counts, error):
        return True
    ends = ((counts.first + left, counts.second), (counts.first, counts.second + left))
    late, early = error * (1 - EARLY_SHARE), 1 / (error * EARLY_SHARE)
    return all(mcnemar(*each) > late and evidence(*each) < early for each in ends)


def outcome_of(counts: Counts, planned: int, error: float) -> Outcome:
    """Which one is better, when asking ended there."""
    is_whole = counts.asked == planned
    p = mcnemar(counts.first, counts.second)
    if is_clear(counts, error) or (is_whole and p <= error * (1 - EARLY_SHARE)):
        return Outcome.FIRST if counts.first > counts.second else Outcome.SECOND
    return Outcome.UNCLEAR


def judged(counts: Counts, planned: int, error: float = ERROR) -> Verdict:
    """The verdict on a pair.

    Args:
        counts: of what was asked.
        planned: how many questions there are.
        error: how likely a difference may be claimed where there is none.
    """
    p, bet = mcnemar(counts.first, counts.second), evidence(counts.first, counts.second)
    outcome = outcome_of(counts, planned, error)
    is_early = outcome is not Outcome.UNCLEAR and counts.asked < planned
    low, high = interval(counts.first, counts.second, counts.asked)
    return Verdict(counts, outcome, is_early, p, bet, low, high)


def all_judged(right: Sequence[Sequence[bool]], planned: int) -> dict[tuple[int, int], Verdict]:
    """The verdict on every pair of models, the error shared among them."""
    pairs = list(itertools.combinations(range(len(right)), 2))
    return {
        (a, b): judged(counts_of(right[a], right[b]), planned, ERROR / len(pairs)) for a, b in pairs
    }


def sentence(verdict: Verdict, names: tuple[str, str], seconds: tuple[float, float]) -> str:
    """What somebody reads who knows no statistics.

    Args:
        verdict: on the pair.
        names: of the two.
        seconds: that each took for a question.
    """
    counts, (a, b) = verdict.counts, names
    questions = "question" if counts.asked == 1 else "questions"
    if verdict.outcome is Outcome.UNCLEAR:
        one, other = counts.right
        return (
            f"On your {counts.asked} {questions}, {a} and {b} cannot be told apart: "
            f"{one} and {other} right.{_slower(names, seconds)}"
        )
    is_second = verdict.outcome is Outcome.SECOND
    better, worse = (b, a) if is_second else (a, b)
    right = counts.right[::-1] if is_second else counts.right
    took = seconds[::-1] if is_second else seconds
    start = "For" if not verdict.is_early else "Asking stopped early, as it was clear: for"
    return (
        f"{start} your {counts.asked} {questions}, {better} is better than {worse} "
        f"(95 % sure): {right[0]} right instead of {right[1]}; {_times(took)}."
    )


def _times(seconds: tuple[float, float]) -> str:
    mine, others = seconds
    if min(mine, others) <= 0:
        return "how long it takes is not known"
    times = mine / others
    if 1 / _TIMES_WORTH_SAYING < times < _TIMES_WORTH_SAYING:
        return "it takes as long"
    if times < 1:
        return f"the other takes {1 / times:.1f} times as long"
    return f"it takes {times:.1f} times as long"


def _slower(names: tuple[str, str], seconds: tuple[float, float]) -> str:
    if min(seconds) <= 0:
        return ""
    slow, quick = (0, 1) if seconds[0] > seconds[1] else (1, 0)
    times = seconds[slow] / seconds[quick]
    if times < _TIMES_WORTH_SAYING:
        return " They take equally long."
    return f" {names[slow]} takes {times:.1f} times as long."
