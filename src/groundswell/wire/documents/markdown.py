"""A note in Markdown, read as an article.

Knows CommonMark with tables, front matter, and the links between notes that Obsidian writes
(``[[target|words]]``). Reads the parser's tokens: there is no HTML on the way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from groundswell.core.errors import Malformed
from groundswell.wire.cards.front_matter import FRONT_MATTER_CHARACTERS_MAX, parse_yaml, split
from groundswell.wire.documents.facts import COLUMNS_MAX, Cell, add_table
from groundswell.wire.documents.normal import Line, article, bad, check_room, code, plain, target_of
from groundswell.wire.documents.text import check_text, decoded
from groundswell.wire.documents.values import Article, ArticleText, BlockKind

MARKDOWN_BYTES_MAX: Final = 2 * 1024 * 1024
ALIASES_MAX: Final = 100
# What opens brackets costs the square of their number within one paragraph.
_OPENING_MAX: Final = 4_000
_LINES_MAX: Final = 20_000  # of one paragraph or table: each becomes an object or more
_OPENING = re.compile(r"[\[*_`<~]")
_EMPTY_LINE = re.compile(r"\n[ \t]*\n")
_WIKI = re.compile(r"\[\[([^\[\]|#\n]{0,200})(#[^\[\]|\n]{0,200})?(?:\|([^\[\]\n]{0,200}))?\]\]")
_TAGGED = re.compile(r"<[^<>]{0,400}>")
_WORDS_MAX: Final = 300


def _wiki_link(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - the parser's own order
    """``[[target#part|words]]``, and ``![[...]]`` for what is shown in place."""
    start = state.pos + (state.src[state.pos] == "!")
    if not state.src.startswith("[[", start):
        return False
    found = _WIKI.match(state.src, start)
    if found is None or not (found[1] or found[2]):
        return False
    if not silent:
        token = state.push("wiki_link", "", 0)
        token.content = found[3] or found[1] or (found[2] or "").lstrip("#")
        token.attrSet("href", found[1])
    state.pos = found.end()
    return True


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True, "maxNesting": 40})
    parser.enable(["table", "strikethrough"])
    parser.use(footnote_plugin)
    parser.inline.ruler.before("link", "wiki_link", _wiki_link)
    return parser


def read_markdown(path: str, data: bytes) -> Iterator[Article]:
    """The article of a note; nothing for an empty one.

    Raises:
        Malformed: too large, or with more brackets in one paragraph than can be read in time.
    """
    if len(data) > MARKDOWN_BYTES_MAX:
        bad(path, f"Markdown is read up to {MARKDOWN_BYTES_MAX} bytes, and it has {len(data)}")
    check_text(path, data)
    written = decoded(data).replace("\r\n", "\n").replace("\r", "\n")
    front, body = _front(written)
    for paragraph in _EMPTY_LINE.split(body):
        if len(_OPENING.findall(paragraph)) > _OPENING_MAX:
            bad(path, f"a paragraph has more than {_OPENING_MAX} brackets and stars")
        if paragraph.count("\n") > _LINES_MAX:
            bad(path, f"a paragraph has more than {_LINES_MAX} lines")
    tokens = _parser().parse(body, {})
    title = _words(front.get("title")) or _first_heading(tokens)
    note = _Note(path, title or plain(path.rpartition("/")[2].rpartition(".")[0]))
    note.read(tokens)
    if not note.text.length:
        return
    yield article(
        path,
        title,
        note.text,
        aliases=_several(front.get("aliases") or front.get("alias")),
        language=_words(front.get("lang") or front.get("language"))[:35],
        licence=_words(front.get("license") or front.get("licence")),
        revision=_words(front.get("revision") or front.get("updated") or front.get("date")),
        address=_address(front),
    )


def _front(text: str) -> tuple[dict[str, object], str]:
    """Front matter and body. What only looks like front matter is text of the note."""
    try:
        front, body = split(text)
        values = parse_yaml(front) if front and len(front) <= FRONT_MATTER_CHARACTERS_MAX else None
    except Malformed:
        return {}, text
    if front is None or not isinstance(values, dict):
        return {}, body
    return {key.lower(): value for key, value in values.items()}, body


def _words(value: object) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return plain(str(value))[:_WORDS_MAX].strip()
    return ""


def _several(value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    words = [_words(each) for each in values[:ALIASES_MAX]]
    return tuple(dict.fromkeys(each for each in words if each))


def _address(front: dict[str, object]) -> str:
    for key in ("source", "url", "canonical_url", "link"):
        address = _words(front.get(key))
        if address.startswith(("http://", "https://")):
            return target_of(address)
    return ""


def _first_heading(tokens: Sequence[Token]) -> str:
    """A heading of the first level before any other one."""
    for number, token in enumerate(tokens):
        if token.type == "heading_open":
            if token.tag != "h1":
                return ""
            return _line(tokens[number + 1].children or ())[0]
    return ""


def _line(children: Sequence[Token]) -> Cell:
    """The words of a line, its links counted in them."""
    line = Line()
    for token in children:
        if token.type in {"text", "code_inline"}:
            line.add(token.content)
        elif token.type in {"softbreak", "hardbreak"}:
            line.add(" ")
        elif token.type == "link_open":
            line.open_link(target_of(str(token.attrGet("href") or "")))
        elif token.type == "link_close":
            line.close_link()
        elif token.type == "wiki_link":
            line.open_link(target_of(str(token.attrGet("href") or "")))
            line.add(token.content)
            line.close_link()
        elif token.type == "html_inline" and token.content[:3].lower() == "<br":
            line.add(" ")
    return line.take()


def _without_comments(html: str) -> str:
    """One pass: a comment without an end is the rest."""
    kept: list[str] = []
    place = 0
    while True:
        start = html.find("<!--", place)
        kept.append(html[place:start] if start >= 0 else html[place:])
        end = html.find("-->", start + 2) if start >= 0 else -1
        if end < 0:
            return " ".join(kept)
        place = end + 3


class _Note:
    """Puts the tokens of one note into blocks."""

    def __init__(self, path: str, title: str) -> None:
        self._path = path
        self._title = title
        self.text = ArticleText()
        self._kinds = [BlockKind.TEXT]
        self._header: list[str] = []
        self._rows: list[list[Cell]] = []
        self._row: list[Cell] | None = None
        self._is_header = False

    def read(self, tokens: Sequence[Token]) -> None:
        """All of them.

        Raises:
            Malformed: more text than one article may have.
        """
        level = 0
        for token in tokens:
            match token.type:
                case "heading_open":
                    level = int(token.tag[1])
                case "heading_close":
                    level = 0
                case "blockquote_open":
                    self._kinds.append(BlockKind.QUOTE)
                case "list_item_open":
                    self._kinds.append(BlockKind.ITEM)
                case "blockquote_close" | "list_item_close":
                    self._kinds.pop()
                case "inline":
                    self._inline(token, level)
                case "fence" | "code_block":
                    self.text.add(BlockKind.CODE, code(token.content))
                case "html_block":
                    words = plain(_TAGGED.sub(" ", _without_comments(token.content)))
                    self.text.add(self._kinds[-1], words)
                case _:
                    self._table(token.type)
            check_room(self.text, self._path)

    def _inline(self, token: Token, level: int) -> None:
        cell = _line(token.children or ())
        if self._row is not None:
            if len(self._row) < COLUMNS_MAX:
                self._row.append(cell)
        elif level:
            is_title = level == 1 and not self.text.length and cell[0] == self._title
            if not is_title:
                self.text.add(BlockKind.HEADING, cell[0], level, cell[1])
        else:
            self.text.add(self._kinds[-1], cell[0], 0, cell[1])

    def _table(self, kind: str) -> None:
        match kind:
            case "thead_open" | "thead_close":
                self._is_header = kind == "thead_open"
            case "tr_open":
                self._row = []
            case "tr_close" if self._row is not None:
                if self._is_header:
                    self._header = [words for words, _ in self._row]
                else:
                    self._rows.append(self._row)
                self._row = None
            case "table_close":
                header = self._header if any(self._header) else []
                add_table(self.text, self._title, header, self._rows)
                self._header, self._rows = [], []
            case _:
                pass
