"""A page's tree, walked into the blocks of an article.

Knows which tags begin blocks of which kind. Walks without recursion: depth costs no stack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from groundswell.wire.documents.facts import add_fact, short
from groundswell.wire.documents.html.inline import enter, formula
from groundswell.wire.documents.html.marks import (
    BLOCK_TAGS,
    DROPPED,
    DROPPED_TAGS,
    HEADINGS,
    INFOBOXES,
    MEANINGS,
    TERMS,
)
from groundswell.wire.documents.html.tables import add_html_table, holds_facts
from groundswell.wire.documents.normal import Line, check_room, code
from groundswell.wire.documents.values import ArticleText, BlockKind

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_KINDS: Final = {
    "li": BlockKind.ITEM,
    "blockquote": BlockKind.QUOTE,
    **dict.fromkeys(HEADINGS, BlockKind.HEADING),
}
_TERM: Final = "term"
_MEANING: Final = "meaning"
_FORMULAS: Final = ".mwe-math-element"


class Walk:
    """One walk over one page."""

    def __init__(self, where: str, title: str, root: LexborNode) -> None:
        self._where = where
        self._title = title
        self._root = root
        self.text = ArticleText()
        self._line = Line()
        self._kind = BlockKind.TEXT
        self._part = ""  # of a list of definitions: a term or a meaning
        self._term = ""
        self._level = 0
        self._headings: list[tuple[str, int, tuple[tuple[int, int, str], ...]]] = []
        self._is_begun = False
        ids = {
            name: {node.mem_id for node in root.css(selector)}
            for name, selector in (
                ("dropped", DROPPED),
                ("infoboxes", INFOBOXES),
                (_TERM, TERMS),
                (_MEANING, MEANINGS),
                ("formulas", _FORMULAS),
            )
        }
        self._dropped, self._infoboxes = ids["dropped"], ids["infoboxes"]
        self._terms, self._meanings = ids[_TERM], ids[_MEANING]
        self._formulas = ids["formulas"]

    def run(self) -> ArticleText:
        """All blocks below the root.

        Raises:
            Malformed: more text than one article may have.
        """
        stack: list[tuple[LexborNode, str, tuple[BlockKind, str, int] | None]] = []
        node = self._root.first_child
        while node is not None:
            tag = node.tag or ""
            state = None
            child = None
            if tag == "-text":
                self._line.add(node.text_content or "")
            elif tag not in DROPPED_TAGS or tag in {"math", "img"}:
                goes_in, state = self._enter(node, tag)
                child = node.first_child if goes_in else None
                if child is not None:
                    stack.append((node, tag, state))
                    node = child
                    continue
                if goes_in:
                    self._leave(tag, state)
            while node.next is None and stack:
                node, tag, state = stack.pop()
                self._leave(tag, state)
            node = node.next
        self._flush()
        return self.text

    def _enter(self, node: LexborNode, tag: str) -> tuple[bool, tuple[BlockKind, str, int] | None]:
        number = node.mem_id
        if number in self._dropped:
            return False, None
        if number in self._formulas:
            inner = node.css_first("math[alttext],img[alt],math")
            self._line.add(formula(inner if inner is not None else node))
            return False, None
        is_part = number in self._terms or number in self._meanings
        if tag not in BLOCK_TAGS and tag != "table" and not is_part:
            return enter(self._line, node, tag), None
        self._flush()
        if tag == "pre":
            self._add_code(node)
            return False, None
        if tag == "table" and (number in self._infoboxes or holds_facts(node)):
            self._begin()
            is_infobox = number in self._infoboxes
            add_html_table(self.text, self._title, node, self._dropped, is_infobox=is_infobox)
            check_room(self.text, self._where)
            return False, None
        before = (self._kind, self._part, self._level)
        self._kind = _KINDS.get(tag, self._kind)
        self._level = HEADINGS.get(tag, 0)
        if is_part:
            self._part = _TERM if number in self._terms else _MEANING
        elif tag in {"dl", "table"}:
            self._part = self._term = ""
        return True, before

    def _leave(self, tag: str, state: tuple[BlockKind, str, int] | None) -> None:
        if state is not None:
            self._flush()
            self._kind, self._part, self._level = state
        elif tag == "a":
            self._line.close_link()

    def _add_code(self, node: LexborNode) -> None:
        self._begin()
        self.text.add(BlockKind.CODE, code(node.text()))
        check_room(self.text, self._where)

    def _begin(self) -> None:
        """Headings that wait for something to stand under them stand now."""
        for words, level, links in self._headings:
            self.text.add(BlockKind.HEADING, words, level, links)
        self._headings.clear()
        self._is_begun = True

    def _flush(self) -> None:
        words, links = self._line.take()
        if not words:
            return
        if self._kind is BlockKind.HEADING:
            self._wait(words, self._level or 6, links)
            return
        if self._part == _TERM:
            self._term = short(f"{self._term}, {words}" if self._term else words)
            return
        self._begin()
        if self._part == _MEANING and self._term:
            add_fact(self.text, self._title, (self._term,), (words, links))
            self._term = ""
        else:
            self.text.add(self._kind, words, 0, links)
        check_room(self.text, self._where)

    def _wait(self, words: str, level: int, links: tuple[tuple[int, int, str], ...]) -> None:
        """A heading with nothing under it is left out, as is the page's title over its text."""
        while self._headings and self._headings[-1][1] >= level:
            self._headings.pop()
        if not self._is_begun and words.casefold() == self._title.casefold():
            return
        self._headings.append((words, level, links))
