"""What a document says, whatever it was written in: an article.

Knows the parts that asking needs: normalised text, what each stretch is, where links lead. Does not
know how documents are written (the readers beside it do), nor what becomes of an article.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Final

# Part of a pack's recipe: another number when the same document gives another article.
RULE: Final = "articles 3"


class BlockKind(enum.StrEnum):
    """What a stretch of text is."""

    HEADING = "heading"
    TEXT = "text"
    ITEM = "item"  # of a list
    FACT = "fact"  # a row of a table, as a sentence: "Mount Kenya — elevation: 5,199 m."
    QUOTE = "quote"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """Characters [start, stop) of an article's text.

    ``level`` is 1 to 6 for a heading, and 0 for everything else.
    """

    kind: BlockKind
    start: int
    stop: int
    level: int = 0


@dataclass(frozen=True, slots=True)
class DocumentLink:
    """Characters [start, stop) of the text lead to ``target``.

    The target is as it was written, without its fragment and query, percent-decoded: a path
    relative to the document, or a whole address.
    """

    start: int
    stop: int
    target: str


@dataclass(frozen=True, slots=True)
class Article:
    """One document, read.

    Attributes:
        path: its place in its source, with "/" between parts: ``A/Mount_Kenya``, ``notes/x.md``.
            It names the article for ever, within its source.
        title: as people write it.
        text: NFC; blocks stand one after another with one line feed between them; no block holds a
            line feed but CODE; white space inside the others is single spaces.
        blocks: in the order of the text; together with the line feeds between them they are all of
            it.
        links: in the order of the text.
        aliases: other names that lead here: redirects, names in the front matter.
        language: as BCP 47 writes it; "" when unknown.
        licence: SPDX id or words; "" when unknown.
        revision: of the source: a commit, a revision number, a date; "" when unknown.
        address: where it was on the web; "" when nowhere.
    """

    path: str
    title: str
    text: str
    blocks: tuple[Block, ...]
    links: tuple[DocumentLink, ...] = ()
    aliases: tuple[str, ...] = ()
    language: str = ""
    licence: str = ""
    revision: str = ""
    address: str = ""


@dataclass
class ArticleText:
    """An article's text while it is being read: blocks are added, offsets follow."""

    _pieces: list[str] = field(default_factory=list)
    _blocks: list[Block] = field(default_factory=list)
    _links: list[DocumentLink] = field(default_factory=list)
    _length: int = 0

    def add(
        self,
        kind: BlockKind,
        text: str,
        level: int = 0,
        links: tuple[tuple[int, int, str], ...] = (),
    ) -> None:
        """One more block; an empty one is left out.

        Args:
            kind: what it is.
            text: normalised already.
            level: of a heading.
            links: (start, stop, target), characters counted in ``text``.
        """
        if not text:
            return
        if self._pieces:
            self._pieces.append("\n")
            self._length += 1
        start = self._length
        self._pieces.append(text)
        self._length += len(text)
        self._blocks.append(Block(kind, start, self._length, level))
        self._links += [DocumentLink(start + a, start + b, target) for a, b, target in links]

    @property
    def length(self) -> int:
        """Characters so far."""
        return self._length

    def done(self) -> tuple[str, tuple[Block, ...], tuple[DocumentLink, ...]]:
        """The text, its blocks and its links."""
        return "".join(self._pieces), tuple(self._blocks), tuple(self._links)
