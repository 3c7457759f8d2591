"""How articles are cut into passages: sizes, headings, and characters that stay what they are."""

from __future__ import annotations

import re
import time

from groundswell.ask.packs.passages import (
    HEADING_CHARACTERS_MAX,
    WORDS_MAX,
    WORDS_MIN,
    cut_passages,
    heading_path,
    heading_paths,
)
from tests.unit.pack_articles import article, words


def counts(made: object) -> list[int]:
    return [len(re.findall(r"\w+", made.text[p.start : p.stop])) for p in cut_passages(made)]  # type: ignore[attr-defined]


def test_short_paragraphs_are_joined_until_they_are_enough() -> None:
    made = article("a", *[words(20)] * 7)
    assert counts(made) == [60, 60, 20]


def test_a_paragraph_that_fits_is_not_joined_past_the_most() -> None:
    assert counts(article("a", words(50), words(130), words(10))) == [50, 130, 10]


def test_long_paragraphs_are_cut_at_sentences() -> None:
    made = article("a", " ".join(f"{words(30, 'W')}" for _ in range(10)))
    cut = cut_passages(made)
    assert all(made.text[each.stop - 1] == "." for each in cut)
    assert all(WORDS_MIN <= count <= WORDS_MAX for count in counts(made))


def test_sentences_that_are_too_long_are_cut_at_words() -> None:
    made = article("a", words(WORDS_MAX * 3 + 5))
    assert counts(made) == [140, 140, 140, 5]
    assert "".join(made.text[p.start : p.stop] for p in cut_passages(made)) == made.text.replace(
        " word140", "word140"
    ).replace(" word280", "word280").replace(" word420", "word420")


def test_passages_never_cross_headings() -> None:
    made = article(
        "a", words(5), "# One", words(5), "## Two", words(5), words(5), "# Three", words(5)
    )
    cut = cut_passages(made)
    assert [made.text[p.heading : p.start].strip() for p in cut[1:]] == ["One", "Two", "Three"]
    assert cut[0].heading == -1
    assert [heading_path(made, p.heading) for p in cut] == [[], ["One"], ["One", "Two"], ["Three"]]


def test_headings_without_text_give_nothing() -> None:
    assert cut_passages(article("a", "# One", "## Two")) == []


def test_heading_paths_are_one_pass_and_cut_long_headings() -> None:
    made = article("a", "# " + "x" * 2_000_000, *["## h", "text"] * 20_000)
    started = time.process_time()
    paths = dict(heading_paths(made))
    assert time.process_time() - started < 5
    assert all(len(each) <= HEADING_CHARACTERS_MAX for path in paths.values() for each in path)
    assert len(paths) == 20_001


def test_rows_of_tables_are_joined_like_paragraphs() -> None:
    made = article("a", "# Data", *[f"f: Kenya — key{n}: value{n}" for n in range(40)])
    assert sum(counts(made)) == 120
    assert len(cut_passages(made)) == 2
