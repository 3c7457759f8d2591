"""What a written sentence may say beyond its sources: nothing that can be told by its words."""

from __future__ import annotations

import random
import re

import pytest

from groundswell.ask.answering.grounding import (
    Grounding,
    Support,
    ground_sentence,
    is_value,
)
from groundswell.ask.packs.lexical import analyser

KENYA = (
    "Mount Kenya is the highest mountain in Kenya, at 5,199 metres (17,057 ft). It was not climbed"
    " before 1899. Halford Mackinder, César Ollier and Joseph Brocherel reached the top."
)
_ANALYSER = analyser("words-en-1")


def words(text: str) -> list[str]:
    return list(_ANALYSER.analyze(text))


def ground(sentence: str, *cited: str) -> Grounding:
    return ground_sentence(sentence, cited or (KENYA,), words)


@pytest.mark.parametrize(
    ("sentence", "support"),
    [
        ("It was not climbed before 1899.", Support.QUOTED),
        ("mount kenya is the highest mountain in kenya, at 5,199 metres", Support.QUOTED),
        ("The highest mountain in Kenya is Mount Kenya.", Support.SUPPORTED),
        ("The highest mountain in Kenya has 5199 metres.", Support.SUPPORTED),
        ("César Ollier and Halford Mackinder reached the top of Mount Kenya.", Support.SUPPORTED),
        ("Mount Kenya is a high and famous mountain.", Support.WEAK),
        ("Mount Kenya is 5,198 metres high.", Support.DROPPED),
        ("Mount Kenya is 19 metres high.", Support.DROPPED),
        ("It was climbed before 1899.", Support.DROPPED),
        ("Mount Kenya was not reached by Halford Mackinder.", Support.DROPPED),
        ("Mount Kenya is the lowest mountain in Kenya.", Support.DROPPED),
        ("Mount Kilimanjaro is the highest mountain in Kenya.", Support.DROPPED),
        ("Hans Meyer reached the top of Mount Kenya.", Support.DROPPED),
        ('Mount Kenya is called "the white one".', Support.DROPPED),
        (
            "Mount Kenya has elephants, forests, lakes and wonderful national parks.",
            Support.DROPPED,
        ),
        ("It.", Support.DROPPED),
        ("", Support.DROPPED),
    ],
)
def test_a_sentence_against_its_source(sentence: str, support: Support) -> None:
    assert ground(sentence).support is support, ground(sentence)


def test_what_is_missing_is_told() -> None:
    assert ground("Mount Kenya is 5,198 metres high.").missing == ("5198",)
    assert ground("Mount Elgon is the highest mountain in Kenya.").missing == ("Elgon",)
    assert "not" in ground("It was climbed before 1899.").missing


def test_numbers_are_known_however_they_are_written() -> None:
    source = "The ten members have 5,300,000 square kilometres and 1.5 million people."
    for sentence in ("There are 10 members.", "5300000 square kilometres are had by ten members."):
        assert not {"10", "5300000", "ten"} & set(ground(sentence, source).missing)
    assert ground("The ten members have 15 million people.", source).support is Support.DROPPED


def test_what_states_nothing_is_not_shown() -> None:
    """Seen of a small model: questions, and sentences that broke off."""
    source = "Malaysia spends 6.6% of GDP on education, and the US has a diplomatic office there."
    for sentence in (
        "The US has a diplomatic and/or?",
        "Malaysia spends on education in the !",
        "Is 6.6% of GDP spent on education?",
        "Malaysia spends 6.6% of GDP, !",
        "Malaysia spends 6.6% (of GDP !",
        "Malaysia spends 6.6% of GDP (on !",
        "Malaysia spends on:.",
    ):
        assert ground(sentence, source).support is Support.DROPPED, sentence
    for sentence in ("Malaysia spends 6.6% of GDP.", "Malaysia spends 6.6% (of GDP)."):
        assert ground(sentence, source).support is not Support.DROPPED


def test_who_repeats_nothing_of_the_quote_says_nothing_of_it() -> None:
    """Seen of a small model: headings alone, put together to what looks like an answer."""
    for sentence, about, quoted in (
        ("The sex ratio of the world is 25-54 years.", "Nepal - 25-54 years - Sex ratio", "8.14"),
        ("The answer is: 65 years and over.", "Liberia - 65 years and over", "4.86 male(s)/female"),
        ("The answer is: Median age - total.", "Somalia - Median age - total", "21.3 years"),
    ):
        cited = [f"{about}: {quoted} of the world"]
        found = ground_sentence(sentence, cited, words, [quoted])
        assert found.support is Support.DROPPED, sentence
    cited = ["Somalia - Median age - total: 21.3 years"]
    for sentence in (
        "The median age total of Somalia is 21.3.",
        "In Somalia it is total in years.",
    ):
        found = ground_sentence(sentence, cited, words, ["21.3 years"])
        assert found.support is not Support.DROPPED, sentence


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("42.3% (2014 est.)", True),
        ("17.35 births/1,000 population (2015 est.)", True),
        ("$242 billion (2014 est.) ++ $224.7 billion (2013 est.)", True),
        ("98.8% of total installed capacity (2014 est.)", True),
        ("It rises 5,199 metres above the sea.", False),
        ("1984 is a novel by George Orwell about a state that watches.", False),
        ("Moldoveanu 2,544 m", False),
        ("", False),
    ],
)
def test_a_value_is_known(text: str, expected: bool) -> None:
    assert is_value(text) is expected


@pytest.mark.parametrize(
    ("sentence", "about", "quoted", "is_shown"),
    [
        # Seen of a small model; the first four were shown once.
        (
            "Serbia's GDP by sector of origin in 2014 was 42.3%.",
            "Serbia - GDP - composition, by sector of origin - services",
            "42.3% (2014 est.)",
            False,
        ),
        (
            "Television broadcast stations: 5,704 (1998) is a list of stations in Russia.",
            "Russia - Communications - Television broadcast stations",
            "5,704 (1998)",
            False,
        ),
        (
            "The answer is: United States: 90% (2007 est.)",
            "United States - Labor force - services",
            "90% (2007 est.)",
            False,
        ),
        (
            "The coastline of Guinea is approximately 690 km.",
            "Guinea - Coastline",
            "690 km",
            False,
        ),
        ("The coastline of Guinea is 690 km.", "Guinea - Coastline", "690 km", True),
        (
            "Serbia's services were 42.3% of GDP by sector of origin in 2014.",
            "Serbia - GDP - composition, by sector of origin - services",
            "42.3% (2014 est.)",
            True,
        ),
    ],
)
def test_of_a_value_it_is_said_what_it_is_of_and_nothing_else(
    sentence: str, about: str, quoted: str, is_shown: bool
) -> None:
    label = about.rpartition(" - ")[2]
    found = ground_sentence(sentence, [f"{about}: {quoted}"], words, [quoted], [label])
    assert (found.support is not Support.DROPPED) is is_shown, found


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
        assert ground(sentence, sentence).support is Support.QUOTED
        altered = _number_changed(sentence, chooser) if number % 2 else sentence.replace(b, c)
        shown += ground(altered, sentence).support is not Support.DROPPED
    assert shown / count <= 0.03
