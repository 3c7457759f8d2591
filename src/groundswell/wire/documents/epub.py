"""Books (EPUB), read as articles: one for each document of the spine, in its order.

Knows the container, the package and its spine. Does not know HTML (``html``).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import unquote

from groundswell.wire.documents.html import decoded_html, licence_of, read_page
from groundswell.wire.documents.html.bounds import HTML_BYTES_MAX
from groundswell.wire.documents.normal import TITLE_CHARACTERS_MAX, bad, plain
from groundswell.wire.documents.packed import Packed
from groundswell.wire.documents.values import Article
from groundswell.wire.documents.xml_events import END, START, TEXT, xml_events

EPUB_BYTES_MAX: Final = 128 * 1024 * 1024
CHAPTERS_MAX: Final = 5_000
_CONTAINER: Final = "META-INF/container.xml"
_PACKAGE_BYTES_MAX: Final = 8 * 1024 * 1024
_PAGES: Final = frozenset({"application/xhtml+xml", "text/html", "text/x-oeb1-document"})
_WORDS: Final = frozenset({"title", "language", "rights", "date"})


@dataclass
class _Package:
    """What the package says: the book's words, its pages in order, and who they are."""

    words: dict[str, str] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    spine: list[str] = field(default_factory=list)


def read_epub(path: str, data: bytes) -> Iterator[Article]:
    """The articles of a book, titled by book and chapter.

    Raises:
        Malformed: broken, or too large once unpacked.
        NotServed: selectolax is not installed.
    """
    packed = Packed(path, data)
    name = _package_name(path, packed)
    package = _package(path, packed.read(name, _PACKAGE_BYTES_MAX))
    folder = posixpath.dirname(name)
    book = package.words.get("title", "")
    for each in package.spine[:CHAPTERS_MAX]:
        part = posixpath.normpath(posixpath.join(folder, unquote(package.pages.get(each, ""))))
        if part not in packed:
            continue
        html = decoded_html(packed.read(part, HTML_BYTES_MAX))
        page = read_page(f"{path}#{plain(part)}", html)
        if page is not None:
            yield _chapter(page, book, package.words)


def _chapter(page: Article, book: str, words: dict[str, str]) -> Article:
    is_named = book and book.casefold() not in page.title.casefold()
    title = f"{book} \u2014 {page.title}" if is_named else page.title
    return replace(
        page,
        title=title[:TITLE_CHARACTERS_MAX].strip(),
        language=page.language or words.get("language", "")[:35],
        licence=page.licence or licence_of(words.get("rights", "")),
        revision=page.revision or words.get("date", ""),
    )


def _package_name(path: str, packed: Packed) -> str:
    name = ""
    container = packed.read(_CONTAINER, _PACKAGE_BYTES_MAX)
    for kind, tag, attributes in xml_events(f"{path}: container", container):
        if kind == START and tag == "rootfile":
            name = attributes.get("full-path", "")
            break
    if name not in packed:
        bad(path, "its container names no package")
    return name


def _package(path: str, data: bytes) -> _Package:
    package = _Package()
    inside = ""
    for kind, value, attributes in xml_events(f"{path}: package", data):
        if kind == TEXT:
            if inside:
                words = f"{package.words.get(inside, '')}{value}"
                package.words[inside] = plain(words)[:TITLE_CHARACTERS_MAX]
        elif kind == END:
            inside = ""
        elif value == "item":
            if attributes.get("media-type", "") in _PAGES:
                package.pages[attributes.get("id", "")] = attributes.get("href", "")
        elif value == "itemref":
            package.spine.append(attributes.get("idref", ""))
        elif value in _WORDS and value not in package.words:
            inside = value
    return package
