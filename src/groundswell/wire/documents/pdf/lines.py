"""Lines of printed pages, put together again: paragraphs, headings, what stands on every page.

Knows places and sizes of lines. Does not know PDF.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from groundswell.wire.documents.normal import plain

_EDGE_LINES: Final = 2
_PAGES_MIN: Final = 3
_RUNNING_MIN: Final = 3
_FRONT_PAGE = re.compile(r"[ivxlc]{1,7}")  # the number of a page before the first
_DIGITS = re.compile(r"\d+")
# Dots that lead to a number: of a table of contents where three or more go up, down a page; of a
# list of prices they do not.
_LEADER = re.compile(r"(?: ?[.\u2024\u2026]){4} *(\d{1,5})$")
_LEADERS_MIN: Final = 3
_ITEM = re.compile(
    r"(?:[\u2022\u25cf\u25aa\u25e6\u2023\u2043\u00b7*]|[-\u2013](?= )"
    r"|\(?\d{1,3}[.)](?= )|\([a-z]\)(?= ))\s*"
)
_ENDS: Final = (".", "!", "?", ":", "\u201d", '"', ")", "\u3002")
_HEADING_CHARACTERS_MAX: Final = 150
_NUMBERED = re.compile(r"\d{1,3}(?:\.\d{1,3}){1,5}\.?\s")
_NUMBERED_LEVEL_MAX: Final = 5
_LARGER: Final = 1.15
_LEVELS_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """One line: its words, the size of its letters and where it stands, in points from below."""

    words: str
    size: float
    left: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that belong together. ``level`` is that of a heading; 0 for text."""

    words: str
    level: int = 0
    is_item: bool = False
    goes_on: bool = False


Page = Sequence[PrintedLine]


def without_edges(pages: Sequence[Page]) -> list[Page]:
    """The pages without what stands at the top or bottom of most of them, as the very first or last
    line of a few, or leads to other pages; numbers may differ.

    Letters larger than the text's are those of a heading, wherever they stand.
    """
    if len(pages) < _PAGES_MIN:
        return list(pages)
    larger = body_size(pages) * _LARGER
    counts: Counter[str] = Counter()
    running: Counter[str] = Counter()
    for page in pages:
        counts.update({_alike(line, larger) for line in _edges(page, _EDGE_LINES)})
        running.update({_alike(line, larger) for line in _edges(page, 1)})
    repeated = {words for words, count in counts.items() if words and count * 2 > len(pages)}
    # A chapter's name over each of its pages.
    at_ends = {
        words
        for words, count in running.items()
        if count >= _RUNNING_MIN and any(sign.isalpha() for sign in words)
    }
    return [list(_kept(page, larger, repeated, repeated | at_ends)) for page in pages]


def _edges(page: Page, count: int) -> Page:
    return (*page[:count], *page[-count:])


def _alike(line: PrintedLine, larger: float) -> str:
    """What lines of several pages share that are frames of the page; "" of a heading."""
    if line.size >= larger:
        return ""
    return "page" if _FRONT_PAGE.fullmatch(line.words) else _DIGITS.sub("#", line.words)


def _kept(
    page: Page, larger: float, repeated: set[str], at_ends: set[str]
) -> Iterator[PrintedLine]:
    """The lines of a page but its frame, and those that lead to other pages."""
    leads = [_LEADER.search(line.words) for line in page]
    numbers = [int(found[1]) for found in leads if found]
    is_contents = len(numbers) >= _LEADERS_MIN and numbers == sorted(numbers)
    for number, (line, found) in enumerate(zip(page, leads, strict=True)):
        from_edge = min(number, len(page) - 1 - number)
        frame = at_ends if from_edge == 0 else repeated if from_edge < _EDGE_LINES else set[str]()
        if _alike(line, larger) not in frame and not (found and is_contents):
            yield line


def body_size(pages: Sequence[Page]) -> float:
    """The size that most letters have."""
    letters: Counter[float] = Counter()
    for page in pages:
        for line in page:
            letters[round(line.size, 1)] += len(line.words)
    return max(letters, key=lambda size: (letters[size], -size), default=0.0)


def heading_levels(pages: Sequence[Page], body: float) -> dict[float, int]:
    """The levels of headings, by the size of their letters: the largest is 2.

    Sizes that much of the text has are none of headings.
    """
    letters: Counter[float] = Counter()
    total = 0
    for page in pages:
        for line in page:
            total += len(line.words)
            if line.size >= body * _LARGER and len(line.words) <= _HEADING_CHARACTERS_MAX:
                letters[round(line.size, 1)] += len(line.words)
    sizes = sorted((size for size in letters if letters[size] * 5 <= total), reverse=True)
    return {size: 2 + min(rank, _LEVELS_MAX - 1) for rank, size in enumerate(sizes)}


def paragraphs(page: Page, levels: dict[float, int]) -> Iterator[Paragraph]:
    """The paragraphs of one page, in the order of its lines."""
    width = max((line.right for line in page), default=0.0)
    gathered: list[PrintedLine] = []
    for line in page:
        if gathered and _begins(gathered[-1], line, width, levels):
            yield _joined(gathered, levels)
            gathered = []
        gathered.append(line)
    if gathered:
        yield _joined(gathered, levels)


def _begins(above: PrintedLine, line: PrintedLine, width: float, levels: dict[float, int]) -> bool:
    """Whether a line begins a paragraph: a gap, an indent, another size, a sign of a list, or a
    line above it that ends early and with the end of a sentence.
    """
    if abs(above.size - line.size) > 0.5 and (_level(above, levels) or _level(line, levels)):
        return True
    if _ITEM.match(line.words):
        return True
    height = max(above.size, line.size, 1.0)
    gap = above.bottom - line.bottom
    if gap > height * 1.75 or gap < -height * 2:
        return not (gap < 0 and not above.words.endswith(_ENDS))
    is_early = above.right < width - 6 * height
    is_indented = line.left - above.left > height * 0.8 and above.words.endswith(_ENDS)
    return is_indented or (is_early and above.words.endswith(_ENDS))


def _level(line: PrintedLine, levels: dict[float, int]) -> int:
    is_short = len(line.words) <= _HEADING_CHARACTERS_MAX
    return levels.get(round(line.size, 1), 0) if is_short else 0


def _numbered_level(words: str, level: int) -> int:
    """The level of a heading: by its number, "4.11.2.", where it has one of several parts."""
    number = _NUMBERED.match(words) if level else None
    if number is None:
        return level
    return min(2 + number[0].strip(". ").count("."), _NUMBERED_LEVEL_MAX)


def _joined(lines: list[PrintedLine], levels: dict[float, int]) -> Paragraph:
    words = plain(" ".join(line.words for line in lines))
    level = _numbered_level(words, _level(lines[0], levels))
    if level and len(words) <= _HEADING_CHARACTERS_MAX and any(sign.isalpha() for sign in words):
        return Paragraph(words, level)
    item = _ITEM.match(words)
    goes_on = not words.endswith(_ENDS)
    if item:
        return Paragraph(words[item.end() :], is_item=True, goes_on=goes_on)
    return Paragraph(words, goes_on=goes_on)
