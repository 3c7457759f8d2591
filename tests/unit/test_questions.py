"""Questions, read by rules: what is asked for, its words, its names; and follow-ups."""

from __future__ import annotations

import time

import pytest

from groundswell.ask.answering.carrying import CONTEXT_CHARACTERS_MAX, with_context
from groundswell.ask.retrieval.question import (
    QUESTION_CHARACTERS_MAX,
    WORDS_MAX,
    AnswerKind,
    read_question,
)
from groundswell.core.errors import BadRequest


def analyse(text: str) -> list[str]:
    return text.lower().replace("?", " ").split()


KINDS = [
    ("Who wrote Hamlet?", AnswerKind.PERSON, ""),
    ("When was Kenya founded?", AnswerKind.DATE, ""),
    ("In what year did it begin?", AnswerKind.DATE, ""),
    ("How high is Mount Kenya?", AnswerKind.NUMBER, ""),
    ("How many people live there?", AnswerKind.NUMBER, ""),
    ("Where is Nairobi?", AnswerKind.PLACE, ""),
    ("What is a kernel?", AnswerKind.MEANING, "kernel"),
    ("what does RAM stand for?", AnswerKind.MEANING, "RAM"),
    ("What does lintian do?", AnswerKind.MEANING, "lintian"),
    ("What does a daemon mean?", AnswerKind.MEANING, "daemon"),
    ("Define the halting problem", AnswerKind.MEANING, "halting problem"),
    ("kernel", AnswerKind.MEANING, "kernel"),
    ("Was ist ein Kernel?", AnswerKind.MEANING, "Kernel"),
    ("What is the capital of Kenya?", AnswerKind.OTHER, ""),
    ("Why does the sky look blue?", AnswerKind.OTHER, ""),
    ("Wie viele Einwohner hat Kenia?", AnswerKind.NUMBER, ""),
    ("Où est Paris?", AnswerKind.PLACE, ""),
    ("Do you know who wrote Hamlet?", AnswerKind.PERSON, ""),
    ("I'd like to know how many people live there", AnswerKind.NUMBER, ""),
    ("Please tell me about whales", AnswerKind.MEANING, "whales"),
    ("Tell me the area of Peru.", AnswerKind.OTHER, ""),
    ("Bank of England", AnswerKind.MEANING, "Bank of England"),
]


@pytest.mark.parametrize(("text", "kind", "about"), KINDS, ids=[text for text, *_ in KINDS])
def test_kinds(text: str, kind: AnswerKind, about: str) -> None:
    question = read_question(text, analyse)
    assert (question.kind, question.about) == (kind, about)


def test_words_are_those_that_say_something_each_once() -> None:
    question = read_question("What is the area of the area of  Kenya?", analyse)
    assert question.words == ("area", "kenya")
    assert question.text == "What is the area of the area of Kenya?"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("How many litres of juice in 2024?", ("litres", "juice", "2024")),
        ("How much water does the pond hold?", ("water", "pond", "hold")),
        ("Wie viele Bäume stehen dort?", ("bäume", "stehen", "dort")),
    ],
)
def test_how_many_is_no_word_of_what_is_asked(text: str, words: tuple[str, ...]) -> None:
    assert read_question(text, analyse).words == words


@pytest.mark.parametrize(
    "opening",
    [
        "I would like to know the {}",
        "i'd love to know the {}",
        "Could you please tell me the {}?",
        "Hello, I am looking for the {}",
        "I was wondering about the {}",
        "Do you happen to know the {}?",
        "Please let me know the {}",
    ],
)
def test_polite_openings_are_not_asked_for(opening: str) -> None:
    """No passage holds "would like to know"; each of these words would make an answer less sure."""
    asked = read_question(opening.format("area of Kenya"), analyse)
    assert asked.words == ("area", "kenya")


def test_an_opening_alone_is_asked_by_its_words() -> None:
    assert read_question("I want to know", analyse).words == ("want", "know")
    assert read_question("Please tell me", analyse).words != ()


def test_a_question_of_nothing_but_small_words_is_asked_by_them() -> None:
    assert read_question("What is it?", analyse).words == ("what", "is", "it")


NAMES = [
    ("Who led the United States of America?", ("United States of America",)),
    ('What is "the little one"?', ("the little one",)),
    ("What is the GDP of Kenya?", ("GDP of Kenya",)),
    ("Is C++ older than 1990?", ("C++", "1990")),
    ("What is a kernel?", ()),
]


@pytest.mark.parametrize(("text", "names"), NAMES, ids=[text for text, _ in NAMES])
def test_names(text: str, names: tuple[str, ...]) -> None:
    assert read_question(text, analyse).names == names


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 100_000, "é" * (QUESTION_CHARACTERS_MAX + 1)])
def test_empty_and_endless_questions_are_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        read_question(text, analyse)


@pytest.mark.parametrize("piece", ["-", "A-", "a ", "what is ", '"', "\0", "A.", "1'", "A of "])
def test_no_question_keeps_it_busy(piece: str) -> None:
    started = time.process_time()
    question = read_question(
        (piece * QUESTION_CHARACTERS_MAX)[:QUESTION_CHARACTERS_MAX].strip() or "-", analyse
    )
    assert len(question.words) <= WORDS_MAX
    assert time.process_time() - started < 2


FOLLOWING = [
    ("How high is it?", "Mount Kenya", "How high is Mount Kenya?"),
    ("And the area?", "Kenya", "the area of Kenya?"),
    ("What about its capital?", "Kenya", "Kenya capital?"),
    ("And Uganda?", "Kenya", "And Uganda?"),
    ("What is the area of Kenya?", "Kenya", "What is the area of Kenya?"),
    ("Who was Ada Lovelace?", "Kenya", "Who was Ada Lovelace?"),
    ("How high is it?", "", "How high is it?"),
    ("How old is that?", "Kenya", "How old is Kenya?"),
    ("Who lives there?", "Kenya", "Who lives in Kenya?"),
    ("Which is the river that flows north?", "Kenya", "Which is the river that flows north?"),
    ("Are there lions?", "Kenya", "Are there lions?"),
    (
        "Who was Ada Lovelace and when did she die?",
        "Kenya",
        "Who was Ada Lovelace and when did she die?",
    ),
    ("Wie viele Einwohner hat es?", "Kenia", "Wie viele Einwohner hat Kenia?"),
    (r"How high is it?", r"a\1\g<0>", r"How high is a\1\g<0>?"),
]


@pytest.mark.parametrize(("question", "about", "asked"), FOLLOWING)
def test_follow_ups_carry_their_subject(question: str, about: str, asked: str) -> None:
    assert with_context(question, about) == asked


def test_of_a_long_subject_only_the_beginning_is_carried() -> None:
    assert len(with_context("it?", "x" * 10_000)) == CONTEXT_CHARACTERS_MAX + 1
