"""An article as one line of JSON, and back.

Knows the form in which a pack's text shards hold articles (docs/formats/pack.md). Does not know
frames or files.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from groundswell.core.errors import Malformed
from groundswell.wire.documents import Article, Block, BlockKind, DocumentLink

# Of one line; a source's article that is longer is cut into parts before it comes here.
LINE_BYTES_MAX: Final = 8 << 20
BLOCKS_MAX: Final = 200_000
LINKS_MAX: Final = 200_000
# JSON can write halves of characters, which no text is made of.
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_TEXTS: Final = ("language", "licence", "revision", "address")
# One letter a kind: blocks are most of what is not text.
_LETTERS: Final = {
    BlockKind.HEADING: "h",
    BlockKind.TEXT: "t",
    BlockKind.ITEM: "i",
    BlockKind.FACT: "f",
    BlockKind.QUOTE: "q",
    BlockKind.CODE: "c",
}
_KINDS: Final = {letter: kind for kind, letter in _LETTERS.items()}


def pack_article(article: Article) -> bytes:
    """The article as one line of JSON, with its line feed. The same article, the same bytes."""
    value: dict[str, Any] = {"path": article.path, "title": article.title, "text": article.text}
    # A block begins one character behind the one before: lengths are enough.
    value["blocks"] = [
        [_LETTERS[block.kind] + (str(block.level) if block.level else ""), block.stop - block.start]
        for block in article.blocks
    ]
    if article.links:
        value["links"] = [[link.start, link.stop, link.target] for link in article.links]
    if article.aliases:
        value["aliases"] = list(article.aliases)
    value.update((name, getattr(article, name)) for name in _TEXTS if getattr(article, name))
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def unpack_article(line: bytes) -> Article:
    """The article of a line.

    Raises:
        Malformed: it is not JSON, a part is missing or of another type, or blocks and links do not
            lie in the text.
    """
    if len(line) > LINE_BYTES_MAX:
        raise Malformed("article", "a line is longer than an article may be")
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Malformed("article", "a line is not JSON") from error
    if not isinstance(value, dict):
        raise Malformed("article", "a line is not an object")
    path, title, text = (_text(value, name) for name in ("path", "title", "text"))
    return Article(
        path,
        title,
        text,
        _blocks(value.get("blocks"), len(text)),
        _links(value.get("links", []), len(text)),
        tuple(_aliases(value.get("aliases", []))),
        **{name: _text(value, name, "") for name in _TEXTS},
    )


def _text(value: dict[str, Any], name: str, default: str | None = None) -> str:
    return _checked(value.get(name, default), name)


def _checked(found: object, name: str) -> str:
    if not isinstance(found, str) or _SURROGATES.search(found):
        raise Malformed("article", f"{name} is not text")
    return found


def _list(found: object, name: str, length_max: int) -> list[Any]:
    if not isinstance(found, list) or len(found) > length_max:
        raise Malformed("article", f"{name} are not a list, or too many")
    return found


def _blocks(found: object, length: int) -> tuple[Block, ...]:
    blocks, start = [], 0
    for each in _list(found, "blocks", BLOCKS_MAX):
        match each:
            case [str(form), int(size)] if form and form[0] in _KINDS and size > 0:
                kind, level = _KINDS[form[0]], form[1:]
            case _:
                raise Malformed("article", "a block is not a kind and a length")
        if level and level not in {"1", "2", "3", "4", "5", "6"}:
            raise Malformed("article", "a heading's level is not 1 to 6")
        blocks.append(Block(kind, start, start + size, int(level or "0")))
        start += size + 1
    if length != max(0, start - 1):
        raise Malformed("article", "blocks do not fill the text")
    return tuple(blocks)


def _links(found: object, length: int) -> tuple[DocumentLink, ...]:
    links = []
    for each in _list(found, "links", LINKS_MAX):
        match each:
            case [int(start), int(stop), str()] if 0 <= start <= stop <= length:
                links.append(DocumentLink(start, stop, _checked(each[2], "a link's target")))
            case _:
                raise Malformed("article", "a link does not lie in the text")
    return tuple(links)


def _aliases(found: object) -> list[str]:
    return [_checked(each, "an alias") for each in _list(found, "aliases", LINKS_MAX)]
