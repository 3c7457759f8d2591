"""Plain text, read as an article: paragraphs and headings as people make them with a keyboard.

Knows encodings by their marks, empty lines, lines under headings. Guesses headings seldom: a line
that is taken for text is found all the same, one that is wrongly taken for a heading spoils others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from groundswell.wire.documents.normal import article, bad, check_room, code, plain
from groundswell.wire.documents.values import Article, ArticleText, BlockKind

_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_LINES = re.compile(r"\r\n?|\n|\x0c|\x85|\u2028|\u2029")
_UNDERLINE = re.compile(r"\s*(?P<sign>[=\-~^*#])(?P=sign){2,}\s*")
_NUMBERED = re.compile(r"(?P<number>\d{1,2}(?:\.\d{1,2}){0,4})\.?\s{1,4}(?P<text>\S.*)")
_CHAPTER = re.compile(
    r"(?:chapter|part|appendix|section)\s+[\dA-ZIVXLC]{1,8}\b.{0,80}", re.IGNORECASE
)
_ITEM = re.compile(r"\s*(?:[-*+\u2022\u2013]|\(?\d{1,3}[.)]|[a-z]\))\s+(?=\S)")
_HEADING_CHARACTERS_MAX: Final = 100
_LEVELS: Final = {"=": 1, "#": 1, "-": 2, "~": 3, "^": 4, "*": 2}
_SAMPLE_BYTES: Final = 4096


def decoded(data: bytes) -> str:
    """Bytes as text: by their mark, else UTF-8, else Windows-1252 with signs for what it lacks."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def is_text(data: bytes) -> bool:
    """Whether bytes look like text at all."""
    head = data[:_SAMPLE_BYTES]
    return head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" not in head


def check_text(where: str, data: bytes) -> None:
    """Refuse bytes that are no text."""
    if not is_text(data):
        bad(where, "it holds zero bytes, as no text does")


def read_text(path: str, data: bytes) -> Iterator[Article]:
    """The article of a plain text; nothing for one that is empty.

    Raises:
        Malformed: no text, or more of it than one article may have.
    """
    check_text(path, data)
    text = ArticleText()
    lines = _LINES.split(decoded(data))
    title = ""
    for paragraph in _paragraphs(lines):
        for kind, level, words in _blocks(paragraph):
            text.add(kind, words, level)
            if kind is BlockKind.HEADING and not title:
                title = words
        check_room(text, path)
    if text.length:
        yield article(path, title, text)


def _paragraphs(lines: list[str]) -> Iterator[list[str]]:
    gathered: list[str] = []
    for line in lines:
        if line.strip():
            gathered.append(line)
        elif gathered:
            yield gathered
            gathered = []
    if gathered:
        yield gathered


def _blocks(lines: list[str]) -> Iterator[tuple[BlockKind, int, str]]:
    """The blocks of lines between two empty ones."""
    heading = _underlined(lines)
    if heading is not None:
        level, words = heading
        yield BlockKind.HEADING, level, words
        lines = lines[2:]
    elif len(lines) == 1:
        level = _single_heading(lines[0])
        if level:
            yield BlockKind.HEADING, level, plain(lines[0])
            return
    if lines and all(line.startswith(("    ", "\t")) for line in lines) and _is_program(lines):
        yield BlockKind.CODE, 0, code("\n".join(lines))
        return
    yield from _items_and_text(lines)


def _items_and_text(lines: list[str]) -> Iterator[tuple[BlockKind, int, str]]:
    kind = BlockKind.TEXT
    gathered: list[str] = []
    for line in lines:
        if _UNDERLINE.fullmatch(line):
            continue
        item = _ITEM.match(line)
        if item:
            yield kind, 0, plain("".join(gathered))
            kind, gathered = BlockKind.ITEM, [line[item.end() :].rstrip()]
        else:
            gathered += _going_on(gathered[-1] if gathered else "", line.strip())
    yield kind, 0, plain("".join(gathered))


def _going_on(above: str, line: str) -> tuple[str, ...]:
    """A line goes on where the one before it was cut; a word cut at its hyphen keeps it."""
    is_cut = len(above) > 2 and above[-1] == "-" and above[-2].isalpha() and line[:1].islower()
    return (line,) if is_cut else (" ", line)


def _underlined(lines: list[str]) -> tuple[int, str] | None:
    if len(lines) < 2:
        return None
    under = _UNDERLINE.fullmatch(lines[1])
    words = plain(lines[0])
    if under is None or not 0 < len(words) <= _HEADING_CHARACTERS_MAX:
        return None
    is_as_long = abs(len(lines[1].strip()) - len(lines[0].strip())) <= max(3, len(words) // 3)
    if not is_as_long or _UNDERLINE.fullmatch(lines[0]):
        return None
    return _LEVELS[under["sign"]], words


def _single_heading(line: str) -> int:
    """The level of a heading that stands alone, by a number or capitals; 0 for none."""
    words = line.strip()
    if len(words) > _HEADING_CHARACTERS_MAX or words.endswith((".", ",", ";", ":", "?", "!")):
        return 0
    numbered = _NUMBERED.fullmatch(words)
    if numbered and numbered["text"][0].isupper():
        return min(numbered["number"].count(".") + 2, 6)
    if _CHAPTER.fullmatch(words):
        return 2
    is_capitals = words.isupper() and sum(letter.isalpha() for letter in words) >= 4
    return 2 if is_capitals and len(words.split()) <= 10 else 0


def _is_program(lines: list[str]) -> bool:
    """Whether indented lines are a program, not a quotation: many of their signs are no words."""
    joined = "".join(lines)
    signs = sum(not (letter.isalnum() or letter.isspace()) for letter in joined)
    return signs * 8 > len("".join(joined.split()))
