"""Where sentences end: hard cases, and texts that would keep a careless rule busy for ever."""

from __future__ import annotations

import time

import pytest

from groundswell.ask.sentences import sentences

HARD = [
    ("One. Two. Three.", ["One.", "Two.", "Three."]),
    ("Dr. Smith met Mr. Jones. They spoke.", ["Dr. Smith met Mr. Jones.", "They spoke."]),
    (
        "It was made by J. R. R. Tolkien. He wrote.",
        ["It was made by J. R. R. Tolkien.", "He wrote."],
    ),
    ("See No. 5 of the list. Then go.", ["See No. 5 of the list.", "Then go."]),
    ("The answer is no. The question stays.", ["The answer is no.", "The question stays."]),
    ("Pi is 3.14159 or so. Good.", ["Pi is 3.14159 or so.", "Good."]),
    ("Use e.g. Python. It works.", ["Use e.g. Python.", "It works."]),
    ("Founded in the U.S. Army. Later closed.", ["Founded in the U.S. Army.", "Later closed."]),
    ("Is it? Yes! Really…  Sure.", ["Is it?", "Yes!", "Really…", "Sure."]),
    ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
    (
        "He asked “why?” and left. (It rained.) So.",
        ["He asked “why?” and left.", "(It rained.)", "So."],
    ),
    ("Version 2.0.1 of foo.bar is out. Get it.", ["Version 2.0.1 of foo.bar is out.", "Get it."]),
    ("See www.example.org. It is there.", ["See www.example.org.", "It is there."]),
    ("3. Build it", ["3. Build it"]),
    (
        "(an axe) 1. One who digs. 2. One who cuts.",
        ["(an axe) 1. One who digs.", "2. One who cuts."],
    ),
    ("It was born in year 7. It grew.", ["It was born in year 7.", "It grew."]),
    ("What?! No way.", ["What?!", "No way."]),
    ("Wait... what happened. End.", ["Wait... what happened.", "End."]),
    ("富士山は高い。日本にある。", ["富士山は高い。", "日本にある。"]),
    ("a line\nanother line", ["a line", "another line"]),
    ("Das ist z.B. Wasser. Es ist nass.", ["Das ist z.B. Wasser.", "Es ist nass."]),
    ("¿Qué es? ¡Nada! Bien.", ["¿Qué es?", "¡Nada!", "Bien."]),
    ("no mark at the end", ["no mark at the end"]),
    ("  spaces around.  ", ["spaces around."]),
    ("", []),
    (" \n ", []),
    ("...", ["..."]),
]


@pytest.mark.parametrize(("text", "expected"), HARD, ids=[text[:24] for text, _ in HARD])
def test_hard_cases(text: str, expected: list[str]) -> None:
    assert [text[start:stop] for start, stop in sentences(text)] == expected


@pytest.mark.parametrize(
    "text",
    [
        "." * 300_000 + "x",
        '."' * 150_000 + "x",
        "?!" * 150_000,
        "a. " * 100_000,
        "." + '"' * 300_000,
    ],
    ids=["dots", "dots and quotes", "marks", "words", "quotes"],
)
def test_no_text_keeps_it_busy(text: str) -> None:
    started = time.process_time()
    sentences(text)
    assert time.process_time() - started < 5
