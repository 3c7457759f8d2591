"""PDF, read as one article: its outline as headings, or larger letters where it has none.

Each page begins with a heading of level 6, "Page 12"; a paragraph that runs over the end of a page
stands whole before it. Knows what PDFium gives. One thread of a process may read at a time: PDFium
has no locks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from groundswell.wire.documents.extras import needed
from groundswell.wire.documents.normal import article, bad, check_room, plain
from groundswell.wire.documents.pdf.lines import (
    Page,
    Paragraph,
    PrintedLine,
    body_size,
    heading_levels,
    paragraphs,
    without_edges,
)
from groundswell.wire.documents.values import Article, ArticleText, BlockKind

PDF_BYTES_MAX: Final = 128 * 1024 * 1024
PAGES_MAX: Final = 10_000
PAGE_CHARACTERS_MAX: Final = 500_000
OUTLINE_MAX: Final = 5_000
PAGE_LEVEL: Final = 6
_OUTLINE_DEPTH_MAX: Final = 5
_JOINED_CHARACTERS_MAX: Final = 20_000
_LINE_END = re.compile(r"\r\n|\r|\n")
_CUT_WORD: Final = "\ufffe"  # how PDFium gives a hyphen at the end of a line, which it joins
_NO_TITLE = re.compile(
    r"(?i)untitled|microsoft word - .*|.*\.(?:docx?|dvi|tex|indd|qxd|pdf|rtf|ps)"
)
_DAY = re.compile(r"D:(\d{4})(\d{2})(\d{2})")

Outline = dict[int, list[tuple[int, str]]]
"""For each page, counted from 0: levels and titles of what begins there."""


def read_pdf(path: str, data: bytes) -> Iterator[Article]:
    """The article of a PDF; nothing for one without text, as scans are.

    Raises:
        Malformed: broken, locked by a password, or too many pages.
        NotServed: pypdfium2 is not installed.
    """
    pdfium = needed("pypdfium2", "pypdfium2", "PDF")
    try:
        # Their own checks are assertions: a file that breaks them is at fault.
        with pdfium.PdfDocument(data) as document:
            yield from _read(path, document, needed("pypdfium2.raw", "pypdfium2", "PDF"))
    except (pdfium.PdfiumError, AssertionError) as error:
        bad(path, f"PDFium cannot read it: {str(error)[:200]}")


def _read(path: str, document: Any, raw: Any) -> Iterator[Article]:  # noqa: ANN401 - PDFium has no types
    count = len(document)
    if count > PAGES_MAX:
        bad(path, f"it has {count} pages, and {PAGES_MAX} are read")
    pages: list[Page] = []
    characters = 0
    for number in range(count):
        pages.append(_lines(path, document, raw, number))
        characters += sum(len(line.words) for line in pages[-1])
        if characters > PAGE_CHARACTERS_MAX * 32:
            bad(path, f"it holds more than {PAGE_CHARACTERS_MAX * 32} characters")
    pages = without_edges(pages)
    outline = _outline(document, count)
    said = document.get_metadata_dict()
    title = plain(said.get("Title", ""))
    levels = heading_levels(pages, body_size(pages))
    if _NO_TITLE.fullmatch(title):
        title = ""
    title = title or _largest(pages, levels)
    text = _text(path, pages, {} if outline else levels, outline)
    if text.length:
        day = _DAY.match(said.get("ModDate", "") or said.get("CreationDate", ""))
        yield article(path, title, text, revision="-".join(day.groups()) if day else "")


def _lines(path: str, document: Any, raw: Any, number: int) -> Page:  # noqa: ANN401 - as above
    page = document[number]
    try:
        text_page = page.get_textpage()
        try:
            if text_page.count_chars() > PAGE_CHARACTERS_MAX:
                bad(path, f"page {number + 1} has more than {PAGE_CHARACTERS_MAX} characters")
            return _page_lines(text_page, raw)
        finally:
            text_page.close()
    finally:
        page.close()


def _page_lines(text_page: Any, raw: Any) -> Page:  # noqa: ANN401 - as above
    text = text_page.get_text_range()
    count = text_page.count_chars()
    found: list[PrintedLine] = []
    start = 0
    for written in _LINE_END.split(text):
        words = plain(written.replace(_CUT_WORD, ""))
        first = start + len(written) - len(written.lstrip())
        last = start + len(written.rstrip()) - 1
        # Signs beyond the first 65,536 stand for two characters there: places are near enough.
        if words and 0 <= first < count and 0 <= last < count:
            left, bottom, _, _ = text_page.get_charbox(first, loose=True)
            _, _, right, _ = text_page.get_charbox(last, loose=True)
            size = float(raw.FPDFText_GetFontSize(text_page, first))
            found.append(
                PrintedLine(words, _real(size, bottom, text_page, first), left, right, bottom)
            )
        elif words:
            found.append(PrintedLine(words, 0.0, 0.0, 0.0, 0.0))
        start += len(written) + 2
    return found


def _real(size: float, bottom: float, text_page: Any, place: int) -> float:  # noqa: ANN401 - as above
    """The size of letters; some files say 1 and stretch the page: then the letter's own height."""
    if size > 2:
        return round(size, 1)
    _, _, _, top = text_page.get_charbox(place, loose=True)
    return round(max(float(top) - bottom, 0.0), 1)


def _outline(document: Any, count: int) -> Outline:  # noqa: ANN401 - as above
    """What begins on which page. A single mark above all others is the book's own, and is none."""
    marks = list(islice(document.get_toc(max_depth=_OUTLINE_DEPTH_MAX), OUTLINE_MAX))
    is_rooted = len(marks) > 1 and sum(mark.level == 0 for mark in marks) == 1
    found: Outline = {}
    for mark in marks:
        place = mark.get_dest()
        page = place.get_index() if place is not None else None
        title = plain(mark.get_title() or "")
        level = mark.level - is_rooted
        if title and page is not None and 0 <= page < count and level >= 0:
            found.setdefault(page, []).append((2 + min(level, 3), title))
    return found


def _largest(pages: list[Page], levels: dict[float, int]) -> str:
    """What stands in the largest letters on the first page, if they are larger than text."""
    first = pages[0] if pages else ()
    size = max((line.size for line in first), default=0.0)
    if round(size, 1) not in levels:
        return ""
    return plain(" ".join(line.words for line in first if line.size == size))


def _text(path: str, pages: list[Page], levels: dict[float, int], outline: Outline) -> ArticleText:
    text = ArticleText()
    held: Paragraph | None = None
    for number, page in enumerate(pages):
        blocks = list(paragraphs(page, levels))
        if held is not None and blocks and _follows(held, blocks[0]):
            held = Paragraph(plain(f"{held.words} {blocks[0].words}"), is_item=held.is_item)
            blocks.pop(0)
        if held is not None:
            _add(text, held)
        held = None
        begins = list(outline.get(number, ()))
        if blocks or begins:
            text.add(BlockKind.HEADING, f"Page {number + 1}", PAGE_LEVEL)
        for block in _with_outline(blocks, begins):
            if held is not None:
                _add(text, held)
            held = block
        check_room(text, path)
    if held is not None:
        _add(text, held)
    return text


def _follows(above: Paragraph, below: Paragraph) -> bool:
    goes_on = above.goes_on and not above.level and not below.level and not below.is_item
    is_short = len(above.words) <= _JOINED_CHARACTERS_MAX
    return goes_on and is_short and below.words[:1].islower()


def _with_outline(blocks: list[Paragraph], begins: list[tuple[int, str]]) -> Iterator[Paragraph]:
    """A title of the outline that is found on its page becomes a heading; else it comes first."""
    keys = {_key(block.words): number for number, block in reversed(list(enumerate(blocks)))}
    placed: dict[int, int] = {}
    for level, title in begins:
        number = keys.get(_key(title))
        if number is None:
            yield Paragraph(title, level)
        else:
            placed[number] = level
    for number, block in enumerate(blocks):
        yield Paragraph(block.words, placed[number]) if number in placed else block


def _key(words: str) -> str:
    """Words without numbers, signs and spaces, as outlines and pages differ in these."""
    return "".join(sign for sign in words[:200].casefold() if sign.isalpha())


def _add(text: ArticleText, block: Paragraph) -> None:
    kind = BlockKind.HEADING if block.level else BlockKind.ITEM if block.is_item else BlockKind.TEXT
    text.add(kind, block.words, block.level)
