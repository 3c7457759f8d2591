"""Everyday phrases, and the names that reference works have for what they ask."""

from __future__ import annotations

import time

import pytest

from groundswell.ask.retrieval.wordings import READINGS_MAX, rewordings


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("How many people live in Iceland?", "population in Iceland"),
        ("how many inhabitants does togo have", "population togo"),
        ("What do people in Peru speak?", "languages in Peru"),
        ("How long do people in Sweden live?", "life expectancy Sweden"),
        ("Which countries are next to Chad?", "border countries Chad"),
        ("What is the tallest mountain in Spain?", "highest point in Spain"),
    ],
)
def test_a_phrase_is_read_as_its_key(question: str, wanted: str) -> None:
    assert wanted in rewordings(question)


@pytest.mark.parametrize(
    "question",
    [
        "What is a kernel?",
        "depth of Lake Baro",
        "Who climbed Mount Kenya first?",
        "How many legs has a spider?",
        "",
    ],
)
def test_most_questions_are_read_as_they_are(question: str) -> None:
    assert rewordings(question) == []


def test_it_is_bounded() -> None:
    assert rewordings("speak " * 300) == []
    began = time.perf_counter()
    for word in ("people ", "how ", "water ", "old ", "sell "):
        assert len(rewordings((word * 60)[:300])) <= READINGS_MAX
    assert time.perf_counter() - began < 1
