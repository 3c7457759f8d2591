"""Text as articles hold it: NFC, single spaces, no signs that nobody sees.

Knows characters, and where links stand while a line is put together. Does not know any format.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NoReturn
from urllib.parse import unquote

from groundswell.core.errors import Malformed
from groundswell.wire.documents.values import Article, ArticleText

TEXT_CHARACTERS_MAX: Final = 16 * 1024 * 1024
BLOCKS_MAX: Final = 400_000
TITLE_CHARACTERS_MAX: Final = 300
TARGET_CHARACTERS_MAX: Final = 1_000
# Controls, soft hyphens, zero-width spaces, signs that turn the direction of what follows. The
# joiners stay: words of some languages are other words without them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
)
_HALVES = re.compile("[\ud800-\udfff]")  # of a character outside the first 65,536
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def bad(where: str, why: str) -> NoReturn:
    """Refuse a document."""
    raise Malformed(where, why)


def words_of(text: str) -> frozenset[str]:
    """A set of words, written as a text."""
    return frozenset(text.split())


def plain(text: str) -> str:
    """One line: NFC, white space as single spaces, nothing unseen."""
    line = " ".join(text.split())
    if line.isascii() and line.isprintable():
        return line
    return " ".join(_seen(line).split())


def code(text: str) -> str:
    """Several lines, their indents kept; no empty ones at either end."""
    lines = [line.rstrip() for line in _seen(_LINE_ENDS.sub("\n", text)).split("\n")]
    return "\n".join(lines).strip("\n")


def _seen(text: str) -> str:
    text = _HALVES.sub("\ufffd", _UNSEEN.sub("", text))
    return unicodedata.normalize("NFC", text)


def target_of(address: str) -> str:
    """Where an address leads, without query and fragment, percent-decoded; "" for nowhere else."""
    address = "".join(address.split()) if "\n" in address or "\t" in address else address.strip()
    address = address.partition("#")[0].partition("?")[0]
    if not address or len(address) > TARGET_CHARACTERS_MAX:
        return ""
    scheme = _SCHEME.match(address)
    if scheme and scheme[0].lower() not in {"http:", "https:"}:
        return ""
    return plain(unquote(address)) if "%" in address else plain(address)


class Line:
    """One line of text while it is put together, and the links in it."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._marks: list[tuple[int, int, str]] = []  # pieces [from, to) lead to a target
        self._opened: tuple[int, str] | None = None

    @property
    def piece_count(self) -> int:
        """How many pieces were added; white space that nothing stands before is none."""
        return len(self._pieces)

    def add(self, text: str) -> None:
        """Text as it was written; white space in it counts where it stands."""
        if self._pieces or not text.isspace():
            self._pieces.append(text)

    def open_link(self, target: str) -> None:
        """What follows leads there, until ``close_link``. A link in a link ends the outer one."""
        self.close_link()
        if target:
            self._opened = (len(self._pieces), target)

    def close_link(self) -> None:
        """What follows leads nowhere."""
        if self._opened is not None:
            first, target = self._opened
            self._opened = None
            if len(self._pieces) > first:
                self._marks.append((first, len(self._pieces), target))

    def take(self) -> tuple[str, tuple[tuple[int, int, str], ...]]:
        """The line, its links counted in characters of it; empties this one.

        A link that is open goes on in the next line.
        """
        if not self._pieces:
            return "", ()
        target = self._opened[1] if self._opened else ""
        self.close_link()
        pieces, marks = self._pieces, self._marks
        self._pieces, self._marks = [], []
        self.open_link(target)
        if not marks:
            return plain("".join(pieces)), ()
        return _with_links(pieces, marks)


def _with_links(
    pieces: list[str], marks: list[tuple[int, int, str]]
) -> tuple[str, tuple[tuple[int, int, str], ...]]:
    """Stretches between links are made plain one by one, so that each one's place is known."""
    out: list[str] = []
    links: list[tuple[int, int, str]] = []
    length = 0
    wants_space = False
    done = 0
    for first, last, target in [*marks, (len(pieces), len(pieces), "")]:
        for begin, end, leads_to in ((done, first, ""), (first, last, target)):
            raw = "".join(pieces[begin:end])
            body = plain(raw)
            if not body:
                wants_space = wants_space or (raw != "" and raw[0].isspace())
                continue
            if length and (wants_space or raw[0].isspace()):
                out.append(" ")
                length += 1
            if leads_to:
                links.append((length, length + len(body), leads_to))
            out.append(body)
            length += len(body)
            wants_space = raw[-1].isspace()
        done = last
    text = "".join(out)
    if text.isascii():
        return text, tuple(links)
    # A sign at the edge of two stretches may join the letter before it: the line gets shorter.
    whole = unicodedata.normalize("NFC", text)
    limit = len(whole)
    kept = ((min(a, limit), min(b, limit), target) for a, b, target in links)
    return whole, tuple((a, b, target) for a, b, target in kept if a < b)


def article(
    path: str,
    title: str,
    text: ArticleText,
    *,
    aliases: tuple[str, ...] = (),
    language: str = "",
    licence: str = "",
    revision: str = "",
    address: str = "",
) -> Article:
    """The article of a text that is whole."""
    whole, blocks, links = text.done()
    return Article(
        path=path,
        title=plain(title)[:TITLE_CHARACTERS_MAX].strip() or named(path),
        text=whole,
        blocks=blocks,
        links=links,
        aliases=aliases,
        language=language,
        licence=licence,
        revision=revision,
        address=address,
    )


def named(path: str) -> str:
    """A title for what has none: its file's name, without ending."""
    name = path.partition("#")[0].rpartition("/")[2]
    stem, dot, ending = name.rpartition(".")
    is_ending = dot and stem and len(ending) <= 8 and ending.isascii() and ending.isalnum()
    name = stem if is_ending else name
    return plain(name.replace("_", " ")) or "untitled"


def check_room(text: ArticleText, where: str) -> None:
    """Refuse a document whose text grows past what one article may have."""
    if text.length > TEXT_CHARACTERS_MAX:
        bad(where, f"its text is longer than {TEXT_CHARACTERS_MAX} characters")
