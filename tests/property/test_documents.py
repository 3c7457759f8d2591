"""Whatever is read as a document: articles whose parts fit together, or a refusal, and nothing else."""

from __future__ import annotations

import json
import time
import unicodedata
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundswell.core.errors import Malformed
from groundswell.wire.documents import READABLE, Article, BlockKind, read_document
from tests.unit import document_files as made

QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def checked(path: str, data: bytes) -> list[Article]:
    """Read it twice; hold every promise of ``Article`` against what comes."""
    started = time.process_time()
    try:
        articles = list(read_document(path, data))
    except Malformed:
        with pytest.raises(Malformed):
            list(read_document(path, data))
        return []
    assert time.process_time() - started < 5
    assert list(read_document(path, data)) == articles
    for article in articles:
        check(article)
        assert article.path.startswith(path)
        assert len(article.text) < 1_000_000
    return articles


def check(article: Article) -> None:
    text, blocks = article.text, article.blocks
    assert blocks, "an article says something"
    assert blocks[0].start == 0
    assert blocks[-1].stop == len(text)
    for block, following in pairwise(blocks):
        assert following.start == block.stop + 1
        assert text[block.stop] == "\n"
    for block in blocks:
        words = text[block.start : block.stop]
        assert words
        assert (1 <= block.level <= 6) == (block.kind is BlockKind.HEADING)
        if block.kind is BlockKind.CODE:
            assert words == words.strip("\n")
        else:
            assert words == " ".join(words.split())
    for words in (text, article.title, *article.aliases, article.language, article.licence):
        assert unicodedata.is_normalized("NFC", words)
        words.encode()
    assert article.title == " ".join(article.title.split()) != ""
    before = 0
    for link in article.links:
        assert before <= link.start < link.stop
        before = link.start
        assert link.target
        assert any(block.start <= link.start and link.stop <= block.stop for block in blocks)


WORDS = st.text(
    st.sampled_from("ab \n\t\u00a0\u0301\u200b\u00ad\u00e9e\u0000\u202e\u1100\u1161.-#=1")
    | st.characters(exclude_categories=["Cs"]),
    max_size=12,
)
TAGS = st.sampled_from(["a", "b", "p", "div", "table", "tr", "td", "th", "ul", "li", "dl", "dt", "dd", "h1", "h2", "sup", "math", "img", "br", "pre", "span", "blockquote", "details", "caption", "figure", "html", "body", "main", "script"])  # fmt: skip
ATTRIBUTES = st.sampled_from(
    ["", ' href="x%20y#z"', " href='#t'", ' class="infobox"', ' class="reference"', " rowspan=3", " colspan=9", ' style="display:none"', " hidden", ' class="wikitable"', ' alttext="{\\displaystyle x}"', ' lang="en"', ' id="firstHeading"', ' id="mw-content-text"', ' class="pi-data-label"', ' class="mwe-math-element"']
)  # fmt: skip
HTML = st.lists(
    st.one_of(
        WORDS,
        st.builds("<{}{}>".format, TAGS, ATTRIBUTES),
        st.builds("</{}>".format, TAGS),
        st.sampled_from(["<!--", "-->", "&amp;", "&#0;", "&#x301;", "<![CDATA[", "<", '"']),
    ),
    max_size=40,
).map("".join)


@QUICK
@given(HTML)
def test_html(html: Any) -> None:
    checked("a/b.html", html.encode())


MARKS = st.sampled_from(
    ["# ", "## ", "- ", "> ", "```\n", "    ", "| a | b |\n|--|--|\n| ", " | ", "[", "](x%41)", "[[", "|", "]]", "![", "*", "_", "`", "\n", "\n\n", "---\n", "title: ", "aliases: [", "<b>", "<br>", "[^1]", "[^1]: ", "$x$"]
)  # fmt: skip


@QUICK
@given(st.lists(WORDS | MARKS, max_size=40).map("".join))
def test_markdown_and_plain_text(text: Any) -> None:
    checked("a/b.md", text.encode())
    checked("a/b.txt", text.encode())
    checked("a/b.txt", text.encode("utf-16"))
    checked("a/b.csv", text.encode())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=15,
)
KEYS = (
    st.sampled_from(["title", "text", "lang", "url", "aliases", "license", "Question", "x"]) | WORDS
)


@QUICK
@given(st.lists(st.dictionaries(KEYS, JSON, max_size=6) | JSON, max_size=4))
def test_rows(rows: Any) -> None:
    checked("a/b.jsonl", "\n".join(json.dumps(row) for row in rows).encode())


WHOLE = {
    "x.docx": made.docx(),
    "x.odt": made.odt(),
    "x.ods": made.ods(),
    "x.xlsx": made.xlsx(),
    "x.pptx": made.pptx(),
    "x.epub": made.epub(),
    "x.pdf": made.report(outline=[("Part 1: Snow falls", 0)]),
    "x.html": made.WIKIPEDIA.encode(),
}


def test_whole_documents_keep_what_articles_promise() -> None:
    for path, data in WHOLE.items():
        assert checked(path, data), path


@QUICK
@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_flipped_and_cut_documents(path: Any, more: Any) -> None:
    changed = bytearray(WHOLE[path])
    for _ in range(more.draw(st.integers(1, 4))):
        changed[more.draw(st.integers(0, len(changed) - 1))] = more.draw(st.integers(0, 255))
    if more.draw(st.booleans()):
        start = more.draw(st.integers(0, len(changed)))
        del changed[start : start + more.draw(st.integers(1, 200))]
    checked(path, bytes(changed))


XML_TAGS = st.sampled_from(
    ["w:p", "w:r", "w:t", "w:tbl", "w:tr", "w:tc", "w:hyperlink r:id='rId5'", "w:pStyle w:val='berschrift1'", "w:gridSpan w:val='9'", "w:vMerge", "w:del", "w:numPr", "w:outlineLvl w:val='3'", "text:h", "text:p", "text:list-item", "table:table", "table:table-row table:number-rows-repeated='99999'", "table:table-cell table:number-columns-repeated='99999'", "table:table-header-rows", "text:a xlink:href='y'", "text:note", "row", "c r='ZZ9' t='s'", "c r='B2' s='1'", "v", "is", "a:p", "a:t", "a:tbl", "a:tr", "a:tc", "p:sp", "p:ph type='title'"]
)  # fmt: skip
TREES = st.recursive(
    st.sampled_from(["x", " y ", "1", "45123.5", "e\u0301", ""]),
    lambda inner: st.builds(
        lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag.split()[0]}>",
        XML_TAGS,
        st.lists(inner, max_size=4),
    ),
    max_leaves=25,
)
SPACES = f"{made.W} {made.ODF} xmlns:a='a' xmlns:p='p'"
ROOMS = {
    "x.docx": ("word/document.xml", made.docx),
    "x.odt": ("content.xml", made.odt),
    "x.ods": ("content.xml", made.ods),
    "x.xlsx": ("xl/worksheets/sheet1.xml", made.xlsx),
    "x.pptx": ("ppt/slides/slide1.xml", made.pptx),
}


@QUICK
@given(st.sampled_from(sorted(ROOMS)), TREES, st.booleans())
def test_office_files_with_tags_anywhere(path: Any, tree: Any, is_sheet: Any) -> None:
    part, make = ROOMS[path]
    inner = f"<office:spreadsheet>{tree}</office:spreadsheet>" if is_sheet else tree
    checked(path, made.replaced(make(), {part: f"<root {SPACES}>{inner}</root>"}))


PRINTED = st.tuples(
    st.integers(0, 600), st.integers(0, 780), st.sampled_from([1, 9, 11, 16, 30]), st.sampled_from(["Words here", "and on.", "\u2022 item", "1. x", "7", "-", "A-"])
)  # fmt: skip


@QUICK
@given(
    st.lists(st.lists(PRINTED, max_size=8), min_size=1, max_size=4),
    st.lists(
        st.tuples(st.sampled_from(["Words here", "1 Words", "Else"]), st.integers(0, 0)), max_size=3
    ),
)
def test_printed_pages(pages: Any, outline: Any) -> None:
    checked("x.pdf", made.pdf(pages, outline))


@QUICK
@given(
    st.sampled_from([f"x{ending}" for kind in READABLE for ending in kind.endings]),
    st.binary(max_size=300),
)
def test_junk(path: Any, data: Any) -> None:
    checked(path, data)
