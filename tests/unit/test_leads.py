"""Which sentence says what a title, a heading or a word means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from groundswell.ask.retrieval.leads import (
    begins_with_pronoun,
    first_sentence_of,
    is_spoken,
    lead_of,
    says_what,
)
from groundswell.wire.documents import Article, ArticleText, BlockKind


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("A udeb is a package of the installer.", "udeb"),
        ("The virtual packages are those that others provide.", "virtual package"),
        ('A "hook" (in git), is what runs before something else.', "hook"),
        ("Non-maintainer uploads are made by somebody else.", "Non-Maintainer Uploads"),
        ("Such uploads are also called NMUs.", "NMU"),
        ("A stub is a no-op until it is filled in.", "stub"),
        ("RAM stands for random access memory.", "RAM"),
        ("Ein Hafen ist ein Ort, an dem Schiffe liegen.", "Hafen"),
        ("Un port est un lieu où des navires sont amarrés.", "port"),
        ("Source packages — terse: The build says less.", "terse"),
        ("Ports — leeside — meaning: The side to which the wind blows.", "leeside"),
        ("What is in glass is called a glass.", "glass"),
    ],
)
def test_a_sentence_says_what_something_is(sentence: str, name: str) -> None:
    assert says_what(sentence, (name,))


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("Every package has one or more maintainers.", "Non-Maintainer Uploads"),
        ("A udeb is not a package.", "udeb"),
        ("Udebs are also not meant for users.", "udeb"),
        ("The udebs of others are packages.", "udeb"),
        ("This udeb has to be built again.", "udeb"),
        ("It is called a udebian.", "udeb"),
        ("Kenya — area: 580,367 sq km", "area"),
        ("Somebody is somebody.", ""),
        (f"{'a' * 100_000} is long.", "a" * 100_000),
    ],
)
def test_a_sentence_does_not_say_it(sentence: str, name: str) -> None:
    assert not says_what(sentence, (name,))


def test_a_row_that_is_a_sentence_says_what_its_key_means() -> None:
    assert is_spoken("The build says less than it does else. Try it")
    assert is_spoken("This must hold all of these:")
    assert not is_spoken("580,367 sq km")
    assert not is_spoken("Obsolete, see below.")
    assert not is_spoken("")


@pytest.mark.parametrize(
    ("name", "sentence", "is_lead"),
    [
        ("1.2. lintian", "lintian dissects packages and says what is wrong with them.", True),
        ("1.2. lintian", "Refer to the next section for how lintian works.", False),
        # "Packages" is no verb: what is written with a capital may be an adjective.
        ("1.2. Essential", "Essential packages must be there.", False),
        ("1.2. Shared file", "Shared file packages must be there.", False),
        ("1.2. Symbols file", "The symbols file lists all symbols of a library.", True),
    ],
)
def test_what_a_section_says_of_its_heading(name: str, sentence: str, is_lead: bool) -> None:
    chapter = replace(_chapter((BlockKind.TEXT, sentence, 0)), title=name)
    assert (lead_of(chapter) >= 0) == is_lead


def _chapter(*blocks: tuple[BlockKind, str, int]) -> Article:
    text = ArticleText()
    for block in blocks:
        text.add(*block)
    said, made, links = text.done()
    return Article("book.epub#2.xhtml", "2. The archive", said, made, links)


CHAPTER = (BlockKind.HEADING, "2. The archive", 1)
SECTION = (BlockKind.HEADING, "2.1. Its parts", 2)


@pytest.mark.parametrize(
    ("blocks", "lead"),
    [
        # The first sentence of an article is its lead; that of a chapter has to say so.
        ([CHAPTER, (BlockKind.TEXT, "Everything is kept by volunteers.", 0)], ""),
        (
            [CHAPTER, (BlockKind.TEXT, "Much is kept. The archive contains all packages.", 0)],
            "The archive contains",
        ),
        # Below its heading alone "this" is what the heading names.
        ([CHAPTER, (BlockKind.TEXT, "This place holds all packages.", 0)], "This place"),
        ([CHAPTER, SECTION, (BlockKind.TEXT, "These are the four of them.", 0)], ""),
        ([SECTION, (BlockKind.TEXT, "These are the four of them.", 0)], ""),
        ([CHAPTER, (BlockKind.TEXT, "This chapter describes the archive.", 0)], ""),
        # What stands in a section of it is the section's.
        (
            [
                CHAPTER,
                (BlockKind.TEXT, "Much is kept here.", 0),
                SECTION,
                (BlockKind.TEXT, "The archive is large.", 0),
            ],
            "",
        ),
    ],
)
def test_the_lead_of_a_chapter(blocks: list[tuple[BlockKind, str, int]], lead: str) -> None:
    chapter = _chapter(*blocks)
    start = lead_of(chapter)
    assert chapter.text[start:].startswith(lead) if lead else start == -1
    article = replace(chapter, path="archive.md")
    assert lead_of(article) == first_sentence_of(article) == first_sentence_of(chapter) > 0


def test_what_speaks_of_the_sentence_before() -> None:
    assert begins_with_pronoun("Such uploads are called NMUs.")
    assert not begins_with_pronoun("Suchlike is rare.")
