"""Judging answers by rules, and saying whether one of two models is better."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from groundswell.ask.comparing.asking import (
    Answered,
    Asked,
    Comparing,
    Message,
    Source,
    messages_of,
    order_of,
    shown_sources,
)
from groundswell.ask.comparing.grading import Grade, grade
from groundswell.ask.comparing.report import part_of, picture_of, with_result
from groundswell.ask.comparing.results import (
    Model,
    Setting,
    check_distinct,
    differences,
    pack_result,
    result_id,
    result_of,
    unpack_result,
)
from groundswell.ask.comparing.statistics import evidence, interval, mcnemar
from groundswell.ask.comparing.verdicts import (
    ERROR,
    Counts,
    Outcome,
    all_judged,
    counts_of,
    is_clear,
    is_settled,
    judged,
    outcome_of,
    sentence,
)
from groundswell.core.errors import BadRequest, Malformed
from groundswell.wire.questions import Item, Kind, new_id

# --- grading ------------------------------------------------------------------------------------

GRADED = [
    ("Oslo", "Oslo", Grade.RIGHT),
    ("Oslo", "The capital of Norway is **Oslo**.", Grade.RIGHT),
    ("Oslo", "It is not Oslo.", Grade.WRONG),
    ("Oslo", "Osloer", Grade.WRONG),
    ("Reykjavík", "reykjavik", Grade.RIGHT),
    ("The Hague", "Hague", Grade.RIGHT),
    ("5,199 m", "It is 5199 metres high.", Grade.RIGHT),
    ("5,199 m", "5.2 km", Grade.RIGHT),
    ("5,199 m", "17,057 ft", Grade.RIGHT),
    ("5,199 m", "5,199 kg", Grade.WRONG),
    ("5,199 m", "5,895 m", Grade.WRONG),
    ("331,918 (July 2015 est.)", "About 332 thousand people.", Grade.RIGHT),
    ("331,918", "33,191", Grade.WRONG),
    ("1944", "In 1944.", Grade.RIGHT),
    ("1944", "In 1945.", Grade.WRONG),
    ("103,000 sq km", "39,769 square miles", Grade.RIGHT),
    ("8.5%", "8.5 percent", Grade.RIGHT),
    ("-3", "-3", Grade.RIGHT),
    ("yes", "Yes, it is.", Grade.RIGHT),
    ("no", "There is no doubt: yes.", Grade.WRONG),
    ("Oslo", "I don't know.", Grade.ABSTAINED),
    ("Oslo", "NOT-IN-SOURCES", Grade.ABSTAINED),
    ("Oslo", "", Grade.ABSTAINED),
    ("Oslo", "word " * 80 + "Oslo", Grade.WRONG),
]


@pytest.mark.parametrize(
    ("answer", "text", "wanted"), GRADED, ids=[f"{a}-{t[:20]}" for a, t, _ in GRADED]
)
def test_answers_are_judged_by_what_is_accepted(answer: str, text: str, wanted: Grade) -> None:
    assert grade(Item("q", "What?", (answer,), Kind.ROW), text) is wanted


def test_of_what_nothing_answers_saying_so_is_right() -> None:
    item = Item("q", "What?", (), Kind.HIDDEN, unanswerable=True)
    assert grade(item, "The sources do not say it.") is Grade.RIGHT
    assert grade(item, "Oslo") is Grade.WRONG


def test_memory_is_told_from_reading() -> None:
    item = Item("q", "How high?", ("6,288 m",), Kind.ALTERED, context="x: y", before="5,199 m")
    assert grade(item, "6,288 m") is Grade.RIGHT
    assert grade(item, "5,199 m") is Grade.MEMORY
    assert grade(item, "7 m") is Grade.WRONG


# --- statistics -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "p"),
    # As R's mcnemar.exact and binom.test give them.
    [(0, 0, 1.0), (5, 15, 0.04138947), (1, 9, 0.02148438), (10, 10, 1.0), (0, 11, 0.0009765625)],
)
def test_mcnemar_has_the_known_values(first: int, second: int, p: float) -> None:
    assert mcnemar(first, second) == pytest.approx(p, rel=1e-6)
    assert mcnemar(second, first) == mcnemar(first, second)


def test_the_bet_is_fair_when_both_are_equally_good() -> None:
    """Whatever happened before, the bet's mean after one more question is what it was."""
    for first in range(30):
        for second in range(30):
            after = (evidence(first + 1, second) + evidence(first, second + 1)) / 2
            assert after == pytest.approx(evidence(first, second), rel=1e-9)
    assert evidence(0, 0) == 1
    assert evidence(5_000, 0) > 1e300


def test_the_interval_is_that_of_drawing_again() -> None:
    """Against ten thousand draws, as they are usually made."""
    chooser = random.Random(1)
    differences_of = [1] * 22 + [-1] * 10 + [0] * 88
    drawn = sorted(sum(chooser.choices(differences_of, k=120)) / 120 for _ in range(10_000))
    low, high = interval(10, 22, 120)
    assert low == pytest.approx(drawn[250], abs=0.01)
    assert high == pytest.approx(drawn[9_750], abs=0.01)
    assert interval(22, 10, 120) == pytest.approx((-high, -low))


def test_questions_that_came_out_alike_prove_little() -> None:
    """The bootstrap of equal answers has no width, however few they are."""
    for asked in (1, 2, 7, 120):
        low, high = interval(0, 0, asked)
        assert low == -high
        assert (1 - high) ** asked == pytest.approx(0.025)
        least, most = interval(0, asked, asked)
        assert most == 1
        assert least == pytest.approx(max(-1, 1 - 2 * high))
        assert interval(asked, 0, asked) == (-1, -least)
    assert interval(0, 0, 2)[1] > 0.8
    assert interval(0, 0, 120)[1] < 0.04


def _simulated(rates: tuple[float, float, float], planned: int, seed: int) -> tuple[Outcome, int]:
    """One comparison: how often both, the first alone, the second alone are right."""
    chooser = random.Random(seed)
    counts = Counts(0, 0, 0, 0)
    for asked in range(1, planned + 1):
        drawn = chooser.random()
        both = counts.both + (drawn < rates[0])
        first = counts.first + (rates[0] <= drawn < rates[0] + rates[1])
        second = counts.second + (rates[0] + rates[1] <= drawn < sum(rates))
        counts = Counts(asked, both, first, second)
        if asked % 8 == 0 and is_settled(counts, planned - asked, ERROR):
            break
    return outcome_of(counts, planned, ERROR), counts.asked


def test_looking_early_claims_no_more_than_is_promised() -> None:
    """Two equally good models, looked at after every eight questions: the promised error holds.

    Control: without sharing the error, the same looks claim a difference too often.
    """
    times = 1_500
    found = [_simulated((0.4, 0.2, 0.2), 120, seed)[0] for seed in range(times)]
    claimed = sum(each is not Outcome.UNCLEAR for each in found) / times
    assert claimed <= ERROR + 0.01
    careless = 0
    for seed in range(300):
        chooser, first, second = random.Random(seed), 0, 0
        for asked in range(1, 121):
            drawn = chooser.random()
            first, second = first + (drawn < 0.2), second + (0.2 <= drawn < 0.4)
            if asked % 8 == 0 and mcnemar(first, second) <= ERROR:
                careless += 1
                break
    assert careless / 300 > 1.5 * ERROR


def test_a_large_difference_is_found_soon() -> None:
    found = [_simulated((0.3, 0.02, 0.4), 200, seed) for seed in range(100)]
    assert all(outcome is Outcome.SECOND for outcome, _ in found)
    assert sum(asked for _, asked in found) / 100 < 100


def test_stopping_when_nothing_can_change() -> None:
    assert not is_clear(Counts(100, 50, 2, 2), ERROR)
    assert is_settled(Counts(118, 50, 2, 2), 2, ERROR)
    assert not is_settled(Counts(60, 20, 2, 2), 60, ERROR)


def test_several_pairs_share_the_error() -> None:
    """A difference that is one between two models alone is none among many."""
    first, second = [True] * 19 + [False], [False] * 9 + [True] * 11
    alone = all_judged([first, second], 20)[0, 1]
    among = all_judged([first, second, first, second, first], 20)[0, 1]
    assert alone.outcome is Outcome.FIRST
    assert among.outcome is Outcome.UNCLEAR


def test_sentences_that_people_read() -> None:
    better = judged(Counts(120, 48, 4, 16), 120)
    assert sentence(better, ("A", "B"), (1.0, 1.4)) == (
        "For your 120 questions, B is better than A (95 % sure): 64 right instead of 52; "
        "it takes 1.4 times as long."
    )
    assert sentence(judged(Counts(120, 48, 16, 4), 120), ("A", "B"), (1.0, 1.0)).startswith(
        "For your 120 questions, A is better than B (95 % sure): 64 right instead of 52"
    )
    unclear = judged(Counts(120, 48, 4, 5), 120)
    assert sentence(unclear, ("A", "B"), (1.0, 3.0)) == (
        "On your 120 questions, A and B cannot be told apart: 52 and 53 right. "
        "B takes 3.0 times as long."
    )
    early = judged(Counts(40, 10, 0, 20), 120)
    assert early.is_early
    assert "stopped early" in sentence(early, ("A", "B"), (0.0, 0.0))


# --- asking ---------------------------------------------------------------------------------------


def made(count: int) -> list[Item]:
    return [
        Item(new_id(f"Question {n}?"), f"Question {n}?", (f"word{n}",), Kind.HUMAN)
        for n in range(count)
    ]


@dataclass
class Knows:
    """A contestant that knows a share of the answers, told by rule."""

    label: str
    share: float
    dies_at: int = 10**9
    asked: int = 0

    def begin(self) -> None:
        pass

    def ask(self, messages: Sequence[Message]) -> Answered:
        self.asked += 1
        if self.asked >= self.dies_at:
            return Answered("", "its process ended")
        number = messages[0]["content"].rsplit("Question ", 1)[1].rstrip("?")
        is_known = random.Random(f"{number}").random() < self.share
        return Answered(f"It is word{number}" if is_known else "It is hay", "", 0.5, 0.1, 40.0)


@dataclass
class InMemory:
    known: dict[tuple[str, str], Answered] = field(default_factory=dict)

    def get(self, label: str, item_id: str) -> Answered | None:
        return self.known.get((label, item_id))

    def put(self, label: str, item_id: str, answered: Answered) -> None:
        self.known[label, item_id] = answered


SETTING = Setting("ann/set", "0" * 40, (), 64, 0.0, 0, stops_early=True)


def asked_of(*contestants: Knows, count: int = 120, kept: InMemory | None = None) -> Asked:
    items = order_of(made(count), is_open=False)
    return Comparing(items, contestants, None, kept or InMemory()).run()


def test_asking_ends_early_when_it_is_clear_and_not_before() -> None:
    asked = asked_of(Knows("bad", 0.1), Knows("good", 0.9))
    assert asked.stopped == "early"
    assert len(asked.items) < 60
    same = asked_of(Knows("a", 0.5), Knows("b", 0.5), count=116)
    assert same.stopped == "early"  # nothing that is left could tell them apart
    assert len(same.items) == 112
    assert judged(counts_of([True], [True]), 1).outcome is Outcome.UNCLEAR


def test_what_was_answered_is_not_asked_again() -> None:
    kept = InMemory()
    items = order_of(made(40), is_open=False)
    first = Comparing(items, [Knows("a", 0.5)], None, kept, until=0.0).run()
    assert (first.stopped, len(first.items)) == ("time", 0)
    Comparing(items[:16], [Knows("a", 0.5)], None, kept).run()
    again = Knows("a", 0.5)
    whole = Comparing(items, [again], None, kept).run()
    assert again.asked == 24
    assert len(whole.items) == 40


def test_a_model_that_dies_is_wrong_there_and_named() -> None:
    items = made(30)
    alive, dying = Knows("alive", 1.0), Knows("dying", 1.0, dies_at=6)
    ordered = order_of(items, is_open=False)
    asked = Comparing(ordered, [alive, dying], None, InMemory(), stops_early=False).run()
    assert dying.asked == 15  # after ten failures it is not asked on
    models = [
        Model(each, f"a/{each}@{'1' * 40}:m.gguf", ("2" * 64,), 1) for each in ("alive", "dying")
    ]
    result = result_of(SETTING, models, items, asked)
    assert [each["right"] for each in result["models"]] == [30, 5]
    assert result["models"][1]["grades"]["failed"] == 25
    assert "its process ended" in part_of(result)
    assert "alive is better than dying" in result["pairs"][0]["sentence"]


def test_nobody_and_nothing_is_refused() -> None:
    with pytest.raises(BadRequest):
        Comparing([], [Knows("a", 1)], None, InMemory()).run()
    with pytest.raises(BadRequest):
        asked_of()


def test_what_is_shown_of_sources() -> None:
    found = [
        Source("Kenya > Area", "Kenya.md", "580,367 sq km"),
        Source("Chad", "Chad.md", "x" * 900),
    ]
    row = Item("a", "Area of Kenya?", ("580,367 sq km",), Kind.ROW, article="Kenya.md")
    hidden = Item("b", "Area of Kenya?", (), Kind.HIDDEN, unanswerable=True, article="Kenya.md")
    altered = Item("c", "Area?", ("7 sq km",), Kind.ALTERED, context="Kenya > Area: 7 sq km")
    assert [each.article for each in shown_sources(row, found)] == ["Kenya.md", "Chad.md"]
    assert len(shown_sources(row, found)[1].text) == 600
    assert [each.article for each in shown_sources(hidden, found)] == ["Chad.md"]
    assert shown_sources(altered, found) == [Source("Kenya > Area", "", "7 sq km")]
    assert "[1] Kenya > Area: 580,367 sq km" in messages_of(row, found)[0]["content"]
    assert "Sources" not in messages_of(row, None)[0]["content"]
    assert order_of([row, hidden, altered], is_open=False) == (row,)
    assert set(order_of([row, hidden, altered], is_open=True)) == {row, hidden, altered}


# --- results --------------------------------------------------------------------------------------


@pytest.fixture
def result() -> dict[str, object]:
    items = made(60)
    ordered = order_of(items, is_open=False)
    asked = Comparing(ordered, [Knows("o/a", 0.3), Knows("o/b", 0.8)], None, InMemory()).run()
    models = [
        Model(each, f"{each}@{'1' * 40}:m.gguf", ("2" * 64,), 9, 1 << 28) for each in ("o/a", "o/b")
    ]
    return result_of(SETTING, models, items, asked)


def test_a_result_can_be_checked_by_anybody(result: dict[str, object]) -> None:
    again = unpack_result(pack_result(result))
    assert again == result
    assert differences(again, made(60)) == []
    assert "other questions" in differences(again, made(61))[0]
    forged = json.loads(pack_result(result))
    wrong = next(each for each in forged["answers"] if each["given"][0]["grade"] == "wrong")
    wrong["given"][0]["grade"] = "right"
    assert f"The answers to {wrong['id']}" in differences(forged, made(60))[0]
    forged = json.loads(pack_result(result))
    forged["pairs"][0]["sentence"] = "A is better."
    forged["models"][0]["right"] += 1
    assert len(differences(forged, made(60))) == 2
    forged = json.loads(pack_result(result))
    forged["answers"].reverse()
    assert any("order" in each for each in differences(forged, made(60)))
    for broken in ({}, {"format": "groundswell-results/1"}, {**forged, "answers": 7}):
        with pytest.raises(Malformed):
            differences(unpack_result(json.dumps(broken).encode()), made(60))


def test_a_model_is_not_compared_with_itself() -> None:
    first, second = Model("a", "o/a@1", ("x",), 1), Model("b", "o/b@1", ("x",), 1)
    with pytest.raises(BadRequest, match="a and b are the same files"):
        check_distinct([first, second])
    check_distinct([first, replace(second, adapters=("o/turned@2=1",))])
    check_distinct([first, replace(second, sha256=("y",))])
    unknown = replace(first, sha256=())
    check_distinct([unknown, replace(unknown, label="b")])


def test_the_same_comparison_has_the_same_name() -> None:
    models = [Model("a", "o/a@1", ("x",), 1), Model("b", "o/b@1", ("y",), 1)]
    name = result_id(SETTING, models, made(3))
    assert result_id(SETTING, models, made(3)) == name
    assert result_id(SETTING, models[:1], made(3)) != name
    assert result_id(SETTING, models, made(4)) != name


def test_a_card_keeps_what_people_wrote_and_shows_each_result_once(
    result: dict[str, object],
) -> None:
    card = "# Mine\n\nMy own words.\n"
    once = with_result(card, result)
    assert once.startswith(card)
    assert once.count("is better than") == 1
    assert with_result(once, result) == once
    other = {**result, "id": "f" * 16}
    both = with_result(once, other)
    assert both.index("f" * 16) < both.index(str(result["id"]))
    assert both.count("<!-- result ") == 2
    assert both.count("## Which model") == 1


def test_names_stay_text_in_card_and_picture(result: dict[str, object]) -> None:
    evil = json.loads(pack_result(result))
    evil["pairs"][0]["first"] = "<script>alert(1)</script>"
    evil["pairs"][0]["sentence"] = "![x](http://x) <b>bold</b> | cell"
    assert "<script>" not in picture_of(evil).decode()
    assert "![x](" not in part_of(evil)
    assert "<b>" not in part_of(evil)
