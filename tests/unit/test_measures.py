"""How high, how heavy, how far: sentences that tell it without the word that asks."""

from __future__ import annotations

import time

import pytest

from groundswell.ask.retrieval.measures import measure_of


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How high is Mount Kenya?", "It rises 5,199 metres above the sea."),
        ("how tall is a giraffe", "An adult stands 5.5 m from hoof to horn."),
        ("And how deep is it?", "Its greatest depth is 1,642 m."),
        ("How long is the Nile?", "The Nile flows 6,650 km to the sea."),
        ("How heavy is the stone?", "It weighs 40 tonnes."),
        ("How fast is a falcon?", "In a dive it reaches 320 km/h."),
        ("How far is the Moon?", "Its mean distance is 384,400 km."),
        ("How deep is Lake 7?", "Lake 7 — depth_in_metres: 21."),
        ("How tall is the tower?", "The tower — Height: 324."),
        ("How hot is the Sun?", "Its surface has a temperature of 5,500 °C."),
    ],
)
def test_a_measure_is_told_by_its_unit(question: str, answer: str) -> None:
    measure = measure_of(question)
    assert measure is not None
    assert measure.is_in(answer)


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("How high is Mount Kenya?", "It was first climbed in 1899."),
        ("How high is Mount Kenya?", "It lies 150 km northeast of Nairobi."),
        ("How deep is Mount Kenya?", "It rises 5,199 metres above the sea."),
        ("How heavy is the bell?", "The bell is 3 m tall."),
        ("How deep is Lake 7?", "Lake 7 — area: 21."),
        ("How long is the Nile?", "Its basin covers 3 million square kilometres."),
    ],
)
def test_another_measure_is_none(question: str, sentence: str) -> None:
    measure = measure_of(question)
    assert measure is not None
    assert not measure.is_in(sentence)


def test_most_questions_ask_for_no_measure() -> None:
    assert measure_of("Who climbed Mount Kenya?") is None
    assert measure_of("How many lakes are there?") is None


def test_long_texts_take_no_time() -> None:
    measure = measure_of("How long is it?")
    assert measure is not None
    began = time.perf_counter()
    for text in (
        "1 " * 50_000,
        "5-" * 50_000,
        "9 light " * 20_000,
        "light years " * 20_000,
        "depth " * 20_000,
        "for: " * 20_000,
    ):
        assert not measure.is_in(text)
    assert time.perf_counter() - began < 1
