"""Text within one block of a page: what stands in a line, with its links.

Knows inline tags: links, formulas, exponents, marks of notes. Does not know blocks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from groundswell.wire.documents.html.marks import BLOCK_TAGS, DROPPED_TAGS
from groundswell.wire.documents.normal import Line, target_of

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_NOTE = re.compile(
    r"\s*\[\s*(?:\d{1,4}|[a-z]{1,3}|(?:note|nb|n|lower-alpha)\s*\d+)\s*\]\s*", re.IGNORECASE
)
_EXPONENT = re.compile(r"\s*[+\-\u2212\u2013]?\d{1,6}\s*")
_RAISED: Final = str.maketrans("0123456789+-\u2212\u2013", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻")
_STYLED = re.compile(r"\{\\(?:displaystyle|textstyle)\s*(.*)\}\s*", re.DOTALL)
_FORMULA_CHARACTERS_MAX: Final = 2_000
_SEPARATED: Final = frozenset(["br", "li", "p", "div", "tr", "dd"])
_CLOSE: Final = "(,.;:)"


def formula(node: LexborNode) -> str:
    """A formula as TeX, or as its signs follow one another."""
    attributes = node.attributes
    written = attributes.get("alttext") or attributes.get("alt") or ""
    if not written:
        note = node.css_first("annotation[encoding='application/x-tex']")
        written = (note if note is not None else node).text()
    written = written[:_FORMULA_CHARACTERS_MAX]
    styled = _STYLED.fullmatch(written)
    return (styled[1] if styled else written).strip()


def enter(line: Line, node: LexborNode, tag: str) -> bool:
    """An inline tag begins. False when what stands in it was dealt with, or is dropped."""
    if tag == "a":
        attributes = node.attributes
        address = attributes.get("href") or ""
        line.open_link("" if "redlink=1" in address else target_of(address))
        return True
    if tag == "math":
        line.add(formula(node))
        return False
    if tag == "img":
        # The picture of a formula says it; other pictures' words are not part of the sentence.
        if "math" in (node.attributes.get("class") or ""):
            line.add(formula(node))
        return False
    if tag in DROPPED_TAGS:
        return False
    if tag == "sup":
        return _raised(line, node)
    if tag in {"br", "wbr"}:
        line.add(" " if tag == "br" else "")
        return False
    return True


def _raised(line: Line, node: LexborNode) -> bool:
    """An exponent stays one (10⁶, not 106), a note's number goes."""
    words = node.text()
    if len(words) > 40:
        return True
    if _NOTE.fullmatch(words) or node.css_first("a[href^='#']") is not None:
        return False
    if _EXPONENT.fullmatch(words):
        line.add(words.strip().translate(_RAISED))
        return False
    return True


def gathered(root: LexborNode, dropped: set[int], line: Line) -> None:
    """All text below a node as one line: parts of a list and lines are set apart by commas.

    Tables inside are left out: whoever asks reads them by themselves.
    """
    stack: list[tuple[LexborNode, str]] = []
    parts = _Parts(line)
    node = root.first_child
    while node is not None:
        tag = node.tag or ""
        goes_in = False
        if tag == "-text":
            parts.add(node.text_content or "")
        elif tag in _SEPARATED:
            parts.part()
            goes_in = tag != "br" and node.mem_id not in dropped
        elif tag != "table" and node.mem_id not in dropped:
            goes_in = parts.enter(node, tag)
        child = node.first_child if goes_in else None
        if child is not None:
            stack.append((node, tag))
            node = child
            continue
        if goes_in and tag == "a":
            line.close_link()
        while node.next is None and stack:
            node, tag = stack.pop()
            if tag == "a":
                line.close_link()
            elif tag in BLOCK_TAGS:
                parts.part()
        node = node.next if node.next is not None else None
    line.close_link()


class _Parts:
    """Puts a comma where one part ends and another begins, and none beside other signs."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._last = ""
        self._wants = False

    def part(self) -> None:
        self._wants = True

    def enter(self, node: LexborNode, tag: str) -> bool:
        before = self._line.piece_count
        goes_in = enter(self._line, node, tag)
        if self._line.piece_count != before:
            self._last = "x"  # a formula or an exponent was written
        return goes_in

    def add(self, text: str) -> None:
        words = text.strip()
        if words and self._wants:
            is_apart = self._last and self._last not in ",;:(" and words[0] not in _CLOSE
            self._line.add(", " if is_apart else " ")
        if words:
            self._wants = False
            self._last = words[-1]
        self._line.add(text)
