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
_DIGITS = re.compile(r"\d+")
_ITEM = re.compile(
    r"(?:[\u2022\u25cf\u25aa\u25e6\u2023\u2043\u00b7*]|[-\u2013](?= )"
    r"|\(?\d{1,3}[.)](?= )|\([a-z]\)(?= ))\s*"
)
_ENDS: Final = (".", "!", "?", ":", "\u201d", '"', ")", "\u3002")
_HEADING_CHARACTERS_MAX: Final = 150
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
    """The pages without what stands at the top or bottom of most of them; numbers may differ.

    Letters larger than the text's are those of a heading, wherever they stand.
    """
    body = body_size(pages)
    if len(pages) < _PAGES_MIN:
        return list(pages)
    counts: Counter[str] = Counter()
    for page in pages:
        edges = (*page[:_EDGE_LINES], *page[-_EDGE_LINES:])
        counts.update(
            {_DIGITS.sub("#", line.words) for line in edges if line.size < body * _LARGER}
        )
    repeated = {words for words, count in counts.items() if count * 2 > len(pages)}
    kept: list[Page] = []
    for page in pages:
        last = len(page) - _EDGE_LINES
        kept.append(
            [
                line
                for number, line in enumerate(page)
                if _EDGE_LINES <= number < last or _DIGITS.sub("#", line.words) not in repeated
            ]
        )
    return kept


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


def _joined(lines: list[PrintedLine], levels: dict[float, int]) -> Paragraph:
    words = plain(" ".join(line.words for line in lines))
    level = _level(lines[0], levels)
    if level and len(words) <= _HEADING_CHARACTERS_MAX and any(sign.isalpha() for sign in words):
        return Paragraph(words, level)
    item = _ITEM.match(words)
    goes_on = not words.endswith(_ENDS)
    if item:
        return Paragraph(words[item.end() :], is_item=True, goes_on=goes_on)
    return Paragraph(words, goes_on=goes_on)
