"""What people write in, read as articles (docs/formats/documents.md)."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from groundswell.core.errors import Malformed, NotServed
from groundswell.wire.documents import READABLE, Article, read_document, readable
from groundswell.wire.documents.extras import needed
from groundswell.wire.documents.normal import Line, code, plain, target_of
from tests.unit import document_files as made


def only(path: str, data: bytes | str) -> Article:
    (article,) = read_document(path, data.encode() if isinstance(data, str) else data)
    return article


def told(article: Article) -> list[str]:
    """Blocks as they are easy to compare: kind, level, words."""
    return [
        f"{block.kind}{block.level or ''}: {article.text[block.start : block.stop]}"
        for block in article.blocks
    ]


def led(article: Article) -> list[tuple[str, str]]:
    return [(article.text[link.start : link.stop], link.target) for link in article.links]


# ------------------------------------------------------------------------------------------- HTML


def test_a_page_of_an_encyclopedia() -> None:
    article = next(read_html(made.WIKIPEDIA))
    assert article.title == "Mount Kenya"
    assert (article.language, article.licence, article.revision) == ("en", "CC-BY-SA-4.0", "1234")
    assert article.address == "https://en.wikipedia.org/wiki/Mount_Kenya"
    assert told(article) == [
        "text: View of the peaks",
        "fact: Mount Kenya — Highest point — Elevation: 5,199 m (17,057 ft).",
        "fact: Mount Kenya — Highest point — Listing: Second summits, Ultra.",
        "fact: Mount Kenya — Highest point — Names: Kirinyaga, Kirima (Kikuyu).",
        "text: Mount Kenya is an extinct volcano in Kenya, about 10⁶ m² wide; H2O, E=mc^{2} and none.",
        "heading2: Peaks",
        "text: Peaks by height",
        "fact: Mount Kenya — Batian — Rank: 1.",
        "fact: Mount Kenya — Batian — Height m: 5,199.",
        "fact: Mount Kenya — Batian — Height ft: 17,057.",
        "fact: Mount Kenya — Nelion — Rank: 2.",
        "fact: Mount Kenya — Nelion — Height m: 5,188.",
        "fact: Mount Kenya — Nelion — Height ft: 17,021.",
        "fact: Mount Kenya — Other — Rank: 3.",
        "fact: Mount Kenya — Other — Height m: 5,188.",
        "fact: Mount Kenya — Other — Height ft: 17,000.",
        "fact: Mount Kenya — Lobelia: A plant of the heights.",
        "text: Only moved in.",
        "heading2: See also",
        "item: Kilimanjaro",
        "item: Meru",
        "quote: Said of it.",
        "code: one\n  two",
    ]
    assert led(article) == [
        ("Second summits", "./Seven_Second_Summits"),
        ("extinct volcano", "./Stratovolcano"),
        ("Kenya", "./Kenya land"),
        ("plant", "./Plant"),
    ]


def read_html(html: str) -> Any:
    return read_document("C/page.html", html.encode())


def test_a_page_of_a_mobile_kiwix_archive() -> None:
    html = """<html><head><meta charset="utf-8"><title>Nile</title></head>
    <body class="mw-body mw-mf"><div id="content"><a id="top"></a><h1 id="titleHeading">Nile</h1>
    <div class="mw-body-content" id="mw-content-text">
    <section data-mw-section-id="0"><p>The <b>Nile</b> is a <a href="River">river</a>.</p>
    <table class="infobox vcard"><tr><th scope="row">Length</th><td>6,650 km</td></tr></table></section>
    <details data-level="2" open><summary class="section-heading"><h2 id="Course">Course</h2></summary>
    <p>It flows north.</p></details></div></div>
    <div class="zim-footer">Issued from <a title="Last edited on 2026-01-02"
    href="https://en.wikipedia.org/wiki/?title=Nile&amp;oldid=987">Wikipedia</a> under <a
    href="https://creativecommons.org/licenses/by-sa/3.0/deed.en">a licence</a>.</div></body></html>"""
    (article,) = read_html(html)
    assert told(article) == [
        "text: The Nile is a river.",
        "fact: Nile — Length: 6,650 km.",
        "heading2: Course",
        "text: It flows north.",
    ]
    assert (article.revision, article.licence) == ("987", "CC-BY-SA-3.0")
    assert article.address == "https://en.wikipedia.org/wiki/"


def test_an_ordinary_page() -> None:
    html = """<html lang=de><head><title>Über uns | Verein</title><link rel=canonical href="https://verein.example/ueber">
    <link rel="license" href="https://creativecommons.org/publicdomain/zero/1.0/"></head><body>
    <header><nav><a href=/>Start</a></nav></header><main><h1>Über uns</h1><p>Wir sind&shy;  viele.</p>
    <table role=presentation><tr><td>links<td><p>rechts</p></table>
    <table><tr><td>Gründung<td>1899<tr><td>Sitz<td><a href="orte/ulm.html?x#y">Ulm</a></table>
    <p>E-Mail <a href="mailto:x@y.example">an uns</a>, <a href="#top">hinauf</a>.</p></main><footer>Impressum</footer>"""
    (article,) = read_html(html)
    assert (article.title, article.language, article.licence) == ("Über uns", "de", "CC0-1.0")
    assert article.address == "https://verein.example/ueber"
    assert told(article) == [
        "text: Wir sind viele.",
        "text: links",
        "text: rechts",
        "fact: Über uns — Gründung: 1899.",
        "fact: Über uns — Sitz: Ulm.",
        "text: E-Mail an uns, hinauf.",
    ]
    assert led(article) == [("Ulm", "orte/ulm.html")]


def test_notes_and_lists_of_contents_are_no_facts() -> None:
    html = """<html><body><h1>Ships</h1>
    <div class=toctree-wrapper><ul><li><a href=a.html>Masts</a></ul></div>
    <p>A ship floats.<a class=footnote-reference href="#n1">1</a> It sails<a role=doc-noteref href="#n2">[2]</a>.</p>
    <dl><dt>mast<dd>what holds a sail</dl>
    <dl class="footnote brackets"><dt id=n1><span class=label>1</span><dd><p>In water.</p></dd></dl>
    <aside class=footnote id=n2><span class=label>[2]</span><span class=backrefs>(<a>1</a>)</span><p>With wind.</p></aside>
    <dl><dt>404<dd>Not found.</dl></body></html>"""
    (article,) = read_html(html)
    assert told(article) == [
        "text: A ship floats. It sails.",
        "fact: Ships — mast: what holds a sail.",
        "text: In water.",
        "text: With wind.",
        "fact: Ships — 404: Not found.",
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<meta charset=windows-1251><p>\xcc\xe8\xf0", "Мир"),
        (
            b"<meta http-equiv=x content='text/html; charset=ISO-8859-1'><p>caf\xe9 \x93x\x94",
            "café “x”",
        ),
        (b"<p>caf\xe9", "café"),
        ("<p>\u6771".encode("utf-16"), "東"),
        (b"<meta charset=unicode_escape><p>\\x41", "\\x41"),
        (b"\xef\xbb\xbf<meta charset=koi8-r><p>\xc3\xa9", "é"),
        (b"<p>e\xcc\x81 \xe2\x80\x8b\xc2\xa0x\x07", "é x"),
    ],
)
def test_encodings_of_pages(data: Any, words: Any) -> None:
    assert only("x.html", data).text == words


BOMBS = {
    "deep": "<div>" * 3_000,
    "deep in a long page": "<p>x</p>" * 20_000 + "<div>" * 600 + "</div>" * 600,
    "attributes": "<a " + " ".join(f"a{n}" for n in range(1_000)) + ">x",
    "attributes behind brackets": "<i " + "".join(f'b{n}=">"' for n in range(1_000)) + ">x",
    "bold": "<p>" + "".join(f"<b a{n}>" for n in range(400)) + "</p>" + "<p>x" * 20_000,
    "tags": "<i>x</i>" * 400_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_pages_that_take_long_are_refused(name: Any) -> None:
    started = time.process_time()
    with pytest.raises(Malformed):
        list(read_html(BOMBS[name]))
    assert time.process_time() - started < 1


def test_large_pages_without_tricks_are_read() -> None:
    long = "<p>" + "<br>".join(f'<a href="p{n}" title="a > b">word {n}</a>' for n in range(20_000))
    (article,) = read_html(long + "<p>unended<p>ones" * 5_000)
    assert len(article.links) == 20_000
    assert len(article.blocks) == 10_001


def test_spans_and_nested_tables_are_bounded() -> None:
    long = "x" * 10_000
    wide = (
        f"<table class=wikitable><tr><th>a<th>b<tr><td rowspan=99999999 colspan=99999999>{long}<td>y"
        + "<tr><td>z" * 3_000
    )
    (article,) = read_html(wide)
    assert len(article.text) < 20_000
    inner = "<table class=infobox><tr><th>k<td>v" * 100
    (article,) = read_html(inner)
    assert article.text.count(": v.") == 100


# --------------------------------------------------------------------------------------- Markdown


def test_a_note() -> None:
    article = only(
        "notes/lake.md",
        """---
title: Lake Turkana
aliases: [Lake Rudolf, Jade Sea]
tags: [lakes]
license: CC-BY-4.0
lang: en
source: https://example.org/turkana?x=1
---
# Lake Turkana

A *salt* lake in [Kenya](../places/Kenya%20(land).md#north) and [[Ethiopia#South|the north]],
fed by the [[Omo]] and `code`.[^1] ![[map.png]]

## Figures

| | Depth | Area |
|--|--|--|
| Mean | 30 m | [6,405 km²](area.md) |

- one
- two
  > said

```sh
swim --far
```

[^1]: A note.
<!-- gone --><p>raw <b>HTML</b></p>
""",
    )
    assert (article.title, article.licence, article.language) == ("Lake Turkana", "CC-BY-4.0", "en")
    assert article.aliases == ("Lake Rudolf", "Jade Sea")
    assert article.address == "https://example.org/turkana"
    assert told(article) == [
        "text: A salt lake in Kenya and the north, fed by the Omo and code. map.png",
        "heading2: Figures",
        "fact: Lake Turkana — Mean — Depth: 30 m.",
        "fact: Lake Turkana — Mean — Area: 6,405 km².",
        "item: one",
        "item: two",
        "quote: said",
        "code: swim --far",
        "text: raw HTML",
        "text: A note.",
    ]
    assert led(article) == [
        ("Kenya", "../places/Kenya (land).md"),
        ("the north", "Ethiopia"),
        ("Omo", "Omo"),
        ("map.png", "map.png"),
        ("6,405 km²", "area.md"),
    ]


def test_front_matter_that_is_none_is_text() -> None:
    assert only("x.md", "---\nnot ended").text == "not ended"
    assert only("x.md", "# T\n\nwords").title == "T"
    assert only("a/some_note.md", "words").title == "some note"


def test_brackets_without_end_are_refused() -> None:
    with pytest.raises(Malformed, match="brackets"):
        only("x.md", "[" * 100_000)


# ------------------------------------------------------------------------------------- plain text


def test_plain_text() -> None:
    article = only(
        "a/b.txt",
        "THE LAKES OF AFRICA\r\n\r\nThey are many. A line\r\nis cut here, at a well-\r\nknown place.\r\n\r\n"
        "Depths\r\n------\r\n* deep\r\n* deeper\r\n  than that\r\n\r\n2.1 How They Filled\r\n\r\n    x = {1: [2]}\r\n    y = (x)\r\n\r\n"
        "Not a heading.\r\n\r\n----------\r\n1. one\n2. two",
    )
    assert article.title == "THE LAKES OF AFRICA"
    assert told(article) == [
        "heading2: THE LAKES OF AFRICA",
        "text: They are many. A line is cut here, at a well-known place.",
        "heading2: Depths",
        "item: deep",
        "item: deeper than that",
        "heading3: 2.1 How They Filled",
        "code:     x = {1: [2]}\n    y = (x)",
        "text: Not a heading.",
        "item: one",
        "item: two",
    ]


def test_encodings_of_plain_text() -> None:
    assert only("x.txt", "\ufeffaß".encode("utf-16-le")).text == "aß"
    assert only("x.txt", b"caf\xe9 \x80").text == "café €"
    assert list(read_document("x.txt", b" \n ")) == []


# ------------------------------------------------------------------------- books and office files


def test_a_word_file() -> None:
    article = only("d/lakes.docx", made.docx())
    assert (article.title, article.language) == ("Hydrology of Lakes", "en-GB")
    assert article.revision == "2026-05-01T10:00:00Z"
    assert told(article) == [
        "heading1: Hydrology of Lakes",
        "heading1: Water levels",
        "text: The lake rose by 3 m, see the survey.",
        "item: First item",
        "fact: Hydrology of Lakes — Turkana — Depth: 109 m.",
        "fact: Hydrology of Lakes — Turkana — Area: 6,405 km².",
        "text: In a box",
    ]
    assert led(article) == [("the survey", "https://example.org/survey")]


def test_opendocument_files() -> None:
    article = only("rivers.odt", made.odt())
    assert (article.title, article.revision) == ("Rivers", "2026-02-03")
    assert told(article) == [
        "heading1: Rivers",
        "text: The Tana is long.",
        "item: one",
        "fact: Rivers — Tana — Length: 1,000 km.",
    ]
    assert led(article) == [("long", "../tana.odt")]
    sheet = only("people.ods", made.ods())
    assert told(sheet) == ["heading2: People", "fact: Ada — Born: 1815."]


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        # Years that differ name their rows, and so do dates; years that come again do not, nor
        # ranks.
        ([("2023", "Magda"), ("2024", "Ruben")], "Harvest — 2024 — Who: Ruben."),
        ([("2024-05-01", "Magda"), ("2024-05-02", "Ruben")], "Harvest — 2024-05-02 — Who: Ruben."),
        ([("1.5.2024", "Magda"), ("2.5.2024", "Ruben")], "Harvest — 2.5.2024 — Who: Ruben."),
        ([("2024", "Magda"), ("2024", "Ruben")], "Harvest — Ruben — When: 2024."),
        ([("1", "Magda"), ("2", "Ruben")], "Harvest — Ruben — When: 2."),
        ([("2024", "Magda")], "Harvest — Magda — When: 2024."),
    ],
)
def test_what_names_the_rows_of_a_table(rows: list[tuple[str, str]], named: str) -> None:
    lines = ["| When | Who | Litres |", "|---|---|---|", *(f"| {a} | {b} | 9 |" for a, b in rows)]
    assert f"fact: {named}" in told(only("h.md", "# Harvest\n\n" + "\n".join(lines)))


def test_sheets() -> None:
    assert told(only("a/visits.xlsx", made.xlsx())) == [
        "heading2: Visits",
        "fact: visits — Lamu — When: 2023-07-16.",
        "fact: visits — Lamu — Score: 3.5.",
        "fact: visits — When: x.",
        "fact: visits — Score: yes.",
    ]


def test_slides_in_their_order() -> None:
    article = only("noon.pptx", made.pptx())
    assert article.title == "Lakes at noon"
    assert told(article) == [
        "heading2: Slide 1",
        "text: Loose words",
        "heading2: Why lakes",
        "item: Second point",
        "item: Third",
    ]


def test_a_book_is_an_article_for_each_chapter() -> None:
    first, second = read_document("b/night.epub", made.epub())
    assert (first.path, first.title) == (
        "b/night.epub#OEBPS/ch1.xhtml",
        "Night and Day — The Start",
    )
    assert (first.language, first.licence) == ("en", "CC BY 4.0")
    assert told(first) == ["text: It was dark.", "text: See later."]
    assert led(first) == [("later", "ch2.xhtml")]
    assert (second.title, told(second)[-1]) == ("Night and Day — Two", "text: It was light.")


LAUGHS = (
    '<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    f"<w:document {made.W}><w:body><w:p><w:r><w:t>&b;</w:t></w:r></w:p></w:body></w:document>"
)
OUTSIDE = f'<!DOCTYPE x SYSTEM "file:///etc/passwd"><w:document {made.W}><w:body>{made.paragraph("kept")}</w:body></w:document>'


def test_entities_are_refused_and_nothing_outside_is_fetched() -> None:
    with pytest.raises(Malformed, match="entities"):
        only("x.docx", made.zipped({"word/document.xml": LAUGHS}))
    assert only("x.docx", made.zipped({"word/document.xml": OUTSIDE})).text == "kept"
    fetched = OUTSIDE.replace("kept", "&xxe;").replace(
        'SYSTEM "file:///etc/passwd"', '[<!ENTITY xxe SYSTEM "file:///etc/passwd">]'
    )
    with pytest.raises(Malformed, match="entities"):
        only("x.docx", made.zipped({"word/document.xml": fetched}))


def test_archives_that_grow_are_refused() -> None:
    bomb = made.zipped({"word/document.xml": b" " * 70_000_000})
    assert len(bomb) < 100_000
    with pytest.raises(Malformed, match="unpacks to more"):
        only("x.docx", bomb)
    lying = bytearray(bomb)
    place = lying.rindex(b"PK\x01\x02")
    lying[place + 24 : place + 28] = (1000).to_bytes(4, "little")
    with pytest.raises(Malformed):
        only("x.docx", bytes(lying))
    deep = made.zipped({"word/document.xml": "<a>" * 1_000})
    with pytest.raises(Malformed, match="deeper"):
        only("x.docx", deep)


@pytest.mark.parametrize("path", ["x.docx", "x.odt", "x.epub", "x.xlsx", "x.pptx", "x.pdf"])
def test_what_is_no_such_file_is_refused(path: Any) -> None:
    for data in (b"", b"junk", made.zipped({"a": "b"}), b"PK\x03\x04" + b"\0" * 50):
        with pytest.raises(Malformed):
            list(read_document(path, data))


# -------------------------------------------------------------------------------------------- PDF


def test_a_pdf_with_an_outline() -> None:
    outline = [("Part 1: Snow falls", 0), ("Part 3 Rivers rise", 2), ("Not printed", 3)]
    article = only("r/water.pdf", made.report(outline=outline, title="Water"))
    assert (article.title, article.revision) == ("Water", "2026-03-04")
    blocks = told(article)
    assert blocks[:6] == [
        "heading6: Page 1",
        "heading2: Part 1: Snow falls",
        "text: Snow falls in the high valleys long before anybody counts the hydrological year number 1. It ends there.",
        "item: Snow falls (twice)",
        "text: Snow falls again, and this is a sentence which runs over the end of a page without a stop.",
        "heading6: Page 2",
    ]
    assert [each for each in blocks if each.startswith("heading")][3:] == [
        "heading6: Page 3",
        "heading2: Part 3: Rivers rise",
        "heading6: Page 4",
        "heading2: Not printed",
    ]
    assert "Report on Water" not in article.text
    assert "of 4" not in article.text


def test_a_pdf_without_an_outline_has_its_large_letters() -> None:
    article = only("r/water.pdf", made.report())
    assert article.title == "Part 1: Snow falls"
    headings = [each for each in told(article) if each.startswith("heading2")]
    assert headings == [
        "heading2: Part 1: Snow falls",
        "heading2: Part 3: Rivers rise",
        "heading2: Part 4: Lakes fill",
    ]


def manual(**more: Any) -> bytes:
    """Eight pages of two chapters, each with its name above, the number of the page below, and a
    table of contents.
    """
    pages = [
        [
            (72.0, 700.0, 24.0, "Of Ships"),
            (72.0, 650.0, 11.0, "By nobody."),
            (300.0, 40.0, 9.0, "ii"),
        ]
    ]
    dots = "." * 40
    pages.append(
        [
            (72.0, 750.0, 9.0, "Contents"),
            (72.0, 700.0, 11.0, f"1.1. Masts {dots} 3"),
            (72.0, 680.0, 11.0, f"1.1.1. Sails {dots} 4"),
            (72.0, 660.0, 11.0, f"2.1. Keels {dots} 6"),
            (300.0, 40.0, 9.0, "iii"),
        ]
    )
    pages.append([(72.0, 700.0, 11.0, "To all who sail."), (300.0, 40.0, 9.0, "iv")])
    for number, heading in enumerate(
        ("1. Above", "1.1. Masts", "1.1.1. Sails", "2. Below", "2.1. Keels")
    ):
        pages.append(
            [
                (72.0, 750.0, 9.0, "Above the water" if number < 3 else "Below the water"),
                (72.0, 700.0, 16.0, heading),
                (72.0, 660.0, 11.0, f"What the ship has here is told in some words, {number}."),
                (72.0, 620.0, 11.0, "Above the water"),
                (72.0, 580.0, 11.0, f"More of it, {number}."),
                (72.0, 540.0, 11.0, f"And more of it, {number}."),
                (300.0, 40.0, 9.0, f"{number + 1}"),
            ]
        )  # fmt: skip
    return made.pdf(pages, **more)


def test_a_manual_without_an_outline_has_the_levels_of_its_numbers() -> None:
    blocks = told(only("ships.pdf", manual()))
    assert [each for each in blocks if each.startswith("heading") and "Page" not in each] == [
        "heading2: Of Ships",
        "heading3: 1. Above",
        "heading3: 1.1. Masts",
        "heading4: 1.1.1. Sails",
        "heading3: 2. Below",
        "heading3: 2.1. Keels",
    ]
    text = "\n".join(blocks)
    assert "..." not in text
    assert "iii" not in text
    # The chapter's name goes from where it stands above three pages, and from nowhere else.
    assert text.count("Above the water") == 5
    assert text.count("Below the water") == 2


def test_prices_behind_dots_are_no_contents() -> None:
    prices = [("Tea", 3), ("Coffee", 2), ("Cake", 4)]
    lines = [
        (72.0, 700.0 - 30 * n, 11.0, f"{name} {'.' * 20} {price}")
        for n, (name, price) in enumerate(prices)
    ]
    pages = [
        [(72.0, 740.0, 11.0, f"Room {room}"), *lines, (72.0, 470.0, 11.0, f"{17 * number}")]
        for number, room in enumerate(("Oak", "Elm", "Ash"), 1)
    ]
    # Of eight pages three end with a number: those are no numbers of pages.
    text = only("menu.pdf", made.pdf([*pages, [], [], [], [], []])).text
    assert [text.count(name) for name, _ in prices] == [3, 3, 3]
    assert {"17", "34", "51"} <= set(text.split())


def test_a_single_mark_above_all_others_is_the_books_own() -> None:
    outline = [("Of Ships", 0), ("Above", 3), ("Masts", 4), ("Below", 6)]
    for rooted, level in ((True, 2), (False, 2)):
        article = only("ships.pdf", manual(outline=outline, rooted=rooted))
        headings = [each for each in told(article) if "heading" in each and "Page" not in each]
        above = [] if rooted else [f"heading{level}: Of Ships"]
        assert headings == [
            *above, f"heading{level}: Above", f"heading{level}: 1.1. Masts", f"heading{level}: Below",
        ]  # fmt: skip


def test_a_pdf_without_text_gives_nothing() -> None:
    assert list(read_document("scan.pdf", made.pdf([[], []]))) == []


# ------------------------------------------------------------------------------------------- rows


def test_rows_of_a_data_set() -> None:
    lines = """{"Title": "Lamu", "text": "An island.\\n\\nAnd a town.", "area": 6474, "tags": ["sea", "old"], "geo": {"lat": -2.3, "lon": [1, {"x": true}]}, "lang": "en"}

{"question": "How deep?", "answer": "109 m", "url": "https://example.org/a?b"}
{"id": 7}
[1, 2]
{"other": "%s"}
""" % ("long " * 60)  # fmt: skip
    articles = list(read_document("d/faq.jsonl", lines.encode()))
    assert [each.title for each in articles] == ["Lamu", "How deep?", "faq 4", "faq 6"]
    assert articles[0].path == "d/faq.jsonl#row=1"
    assert articles[0].language == "en"
    assert told(articles[0]) == [
        "text: An island.",
        "text: And a town.",
        "fact: Lamu — area: 6474.",
        "fact: Lamu — tags: sea, old.",
        "fact: Lamu — geo — lat: -2.3.",
        "fact: Lamu — geo — lon — 1: 1.",
        "fact: Lamu — geo — lon — 2 — x: yes.",
    ]
    assert articles[1].address == "https://example.org/a"
    assert told(articles[2]) == ["fact: faq 4 — id: 7."]
    assert told(articles[3])[0].startswith("text: long long")


def test_tables_of_text() -> None:
    (first,) = read_document("p.csv", b'name;born;note\r\n"Ada; L.";1815;"two\nlines"\r\n')
    assert told(first) == ["fact: Ada; L. — born: 1815.", "fact: Ada; L. — note: two lines."]
    assert first.path == "p.csv#row=2"
    (long,) = read_document("p.csv", b"title,text\nx," + b"y" * 200_000)
    assert len(long.text) == 200_000
    with pytest.raises(Malformed, match="line 2 is no JSON"):
        list(read_document("x.jsonl", b"{}\n{"))
    with pytest.raises(Malformed, match="no JSON"):
        list(read_document("x.jsonl", b"[" * 100_000))


# ---------------------------------------------------------------------------------------- the door


def test_unknown_kinds_give_nothing() -> None:
    for path in ("x.bin", "README", "x.tar.gz", "", "x.", ".md/x"):
        assert readable(path) is None
        assert list(read_document(path, b"words")) == []


def test_names_without_endings_are_read_by_their_first_bytes() -> None:
    assert (
        only(
            "C/St._Louis", "\ufeff<?xml version='1.0'?>\n<!-- x -->\n<!DOCTYPE html><p>A city"
        ).text
        == "A city"
    )
    assert only("C/St._Louis", b"<html><p>A city").title == "St. Louis"
    assert told(only("x", made.report()))[0] == "heading6: Page 1"
    assert len(list(read_document("book", made.epub()))) == 2
    assert only("words", made.odt()).title == "Rivers"
    assert only("words.tmp", made.docx()).title == "Hydrology of Lakes"
    for data in (b"<p>x", b"PK\x03\x04" + b"x" * 100, b"text <html>", b" " * 600 + b"<html>"):
        assert list(read_document("x", data)) == []
    with pytest.raises(Malformed, match="zero bytes"):
        list(read_document("x.txt", b"a\0b"))


def test_a_page_whose_main_part_is_empty() -> None:
    assert only("x.html", "<main></main><div>All of it.</div>").text == "All of it."


def test_what_is_too_large_is_refused() -> None:
    for kind in READABLE:
        if kind.bytes_max < 20_000_000:
            with pytest.raises(Malformed, match="is read up to"):
                list(read_document(f"x{kind.endings[0]}", b"x" * (kind.bytes_max + 1)))


def test_the_table_of_kinds_is_what_is_read() -> None:
    page = (Path(__file__).parents[2] / "docs/formats/documents.md").read_text()
    rows = re.findall(r"^\| ([^|]+) \| ((?:`\.\w+` ?)+)\| ([^|]+) \|", page, re.MULTILINE)
    listed = {
        name: (tuple(re.findall(r"`(\.\w+)`", endings)), most) for name, endings, most in rows
    }
    assert set(listed) == {kind.name for kind in READABLE}
    for kind in READABLE:
        endings, most = listed[kind.name]
        assert endings == kind.endings
        assert most.split(",")[0] == f"{kind.bytes_max // 1024**2} MiB"


def test_time_grows_with_the_length_alone() -> None:
    """Documents that once took the square of their length, or more."""
    for path, data in (
        ("x.txt", "a\n" * 1_000_000),
        ("x.html", "<pre>" + "\n" * 1_000_000),
        ("x.html", "<dl>" + "<dt>abc" * 30_000),
        ("x.md", "<!-- x\n\n<!--" * 30_000),
        ("x", "<!---->" * 70),
    ):
        started = time.process_time()
        list(read_document(path, data.encode()))
        assert time.process_time() - started < 5


def test_a_package_that_is_missing_is_named() -> None:
    with pytest.raises(NotServed, match=r"nonesuch.*groundswell\[ask\]"):
        needed("nonesuch.module", "nonesuch", "HTML")


def test_this_room_stands_without_the_extra() -> None:
    code = "import sys, groundswell.wire.documents as d; list(d.read_document('x.md', b'# x')); print([m for m in sys.modules if m.split('.')[0] in {'selectolax', 'pypdfium2', 'libzim'}])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_lines_count_links_in_what_is_left() -> None:
    line = Line()
    for words, target in (("  a ", ""), (" b\n", "x"), ("\u0301c", "y"), (" ", "z"), ("d", "")):
        line.open_link(target)
        line.add(words)
        line.close_link()
    text, links = line.take()
    assert text == plain(text) == "a b \u0301c d"
    assert [(text[a:b], target) for a, b, target in links] == [("b", "x"), ("\u0301c", "y")]
    assert line.take() == ("", ())


def test_normal_text() -> None:
    assert plain("a\u00a0\u2028 b\u200b\u202e\x00\ud800") == "a b\ufffd"
    assert plain("ক্\u200dষ") == "ক্\u200dষ"
    assert code("\r\n\r\n  x\t\r\n\u2028y \n\n") == "  x\n\ny"
    assert target_of(" ../A%20b?x#y ") == "../A b"
    assert target_of("javascript:alert(1)") == target_of("#x") == target_of("mailto:a@b") == ""
    assert target_of("HTTPS://example.org/a") == "HTTPS://example.org/a"
