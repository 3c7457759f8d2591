"""What a written sentence may say beyond its sources: nothing that can be told by its words."""

from __future__ import annotations

import random
import re

import pytest

from groundswell.ask.answering.checking import Check, Verdict, check_sentence
from groundswell.ask.packs.lexical import analyser

KENYA = (
    "Mount Kenya is the highest mountain in Kenya, at 5,199 metres (17,057 ft). It was not climbed"
    " before 1899. Halford Mackinder, César Ollier and Joseph Brocherel reached the top."
)
_ANALYSER = analyser("words-en-1")


def words(text: str) -> list[str]:
    return list(_ANALYSER.analyze(text))


def check(sentence: str, *cited: str) -> Check:
    return check_sentence(sentence, cited or (KENYA,), words)


@pytest.mark.parametrize(
    ("sentence", "verdict"),
    [
        ("It was not climbed before 1899.", Verdict.QUOTED),
        ("mount kenya is the highest mountain in kenya, at 5,199 metres", Verdict.QUOTED),
        ("The highest mountain in Kenya is Mount Kenya.", Verdict.SUPPORTED),
        ("The highest mountain in Kenya has 5199 metres.", Verdict.SUPPORTED),
        ("César Ollier and Halford Mackinder reached the top of Mount Kenya.", Verdict.SUPPORTED),
        ("Mount Kenya is a high and famous mountain.", Verdict.WEAK),
        ("Mount Kenya is 5,198 metres high.", Verdict.DROPPED),
        ("Mount Kenya is 19 metres high.", Verdict.DROPPED),
        ("It was climbed before 1899.", Verdict.DROPPED),
        ("Mount Kenya was not reached by Halford Mackinder.", Verdict.DROPPED),
        ("Mount Kenya is the lowest mountain in Kenya.", Verdict.DROPPED),
        ("Mount Kilimanjaro is the highest mountain in Kenya.", Verdict.DROPPED),
        ("Hans Meyer reached the top of Mount Kenya.", Verdict.DROPPED),
        ('Mount Kenya is called "the white one".', Verdict.DROPPED),
        (
            "Mount Kenya has elephants, forests, lakes and wonderful national parks.",
            Verdict.DROPPED,
        ),
        ("It.", Verdict.DROPPED),
        ("", Verdict.DROPPED),
    ],
)
def test_a_sentence_against_its_source(sentence: str, verdict: Verdict) -> None:
    assert check(sentence).verdict is verdict, check(sentence)


def test_what_is_missing_is_told() -> None:
    assert check("Mount Kenya is 5,198 metres high.").missing == ("5198",)
    assert check("Mount Elgon is the highest mountain in Kenya.").missing == ("Elgon",)
    assert "not" in check("It was climbed before 1899.").missing


def test_numbers_are_known_however_they_are_written() -> None:
    source = "The ten members have 5,300,000 square kilometres and 1.5 million people."
    for sentence in ("There are 10 members.", "5300000 square kilometres are had by ten members."):
        assert not {"10", "5300000", "ten"} & set(check(sentence, source).missing)
    assert check("The ten members have 15 million people.", source).verdict is Verdict.DROPPED


def _number_changed(sentence: str, chooser: random.Random) -> str:
    found = chooser.choice(list(re.finditer(r"\d+", sentence)))
    other = str(int(found[0]) + chooser.randint(1, 9))
    return sentence[: found.start()] + other + sentence[found.end() :]


def test_altered_facts_are_not_shown() -> None:
    """At least 97 of 100 sentences whose number or name was changed are dropped."""
    chooser = random.Random(7)
    names = ["Norway", "Kampala", "Turing", "Ada", "Xerox", "Lisbon", "Peru", "Fortran"]
    templates = (
        "{a} has {n:,} inhabitants and joined {b} in {y}.",
        "In {y} the population of {a} was {n:,}, while {b} had more.",
        "{a} was founded by people from {b} in {y} and covers {n} square kilometres.",
    )
    shown = 0
    count = 500
    for number in range(count):
        a, b, c = chooser.sample(names, 3)
        year, size = chooser.randint(1000, 2024), chooser.randint(11, 9_999_999)
        sentence = chooser.choice(templates).format(a=a, b=b, n=size, y=year)
        assert check(sentence, sentence).verdict is Verdict.QUOTED
        altered = _number_changed(sentence, chooser) if number % 2 else sentence.replace(b, c)
        shown += check(altered, sentence).verdict is not Verdict.DROPPED
    assert shown / count <= 0.03
