"""A page of HTML as an article: its bytes, what it says of itself, and where its text lies.

Knows encodings, titles, languages, licences and where MediaWiki and Kiwix write them. Does not know
blocks (``walk``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from groundswell.wire.documents.extras import needed
from groundswell.wire.documents.html.bounds import HTML_BYTES_MAX, check_html
from groundswell.wire.documents.html.marks import ROOTS, TITLES
from groundswell.wire.documents.html.walk import Walk
from groundswell.wire.documents.normal import article, bad, plain, target_of, words_of
from groundswell.wire.documents.text import decoded
from groundswell.wire.documents.values import Article

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_CHARSET = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:-]{2,30})""", re.IGNORECASE
)
_DECLARED = re.compile(rb"""<\?xml[^>]{0,100}?encoding\s*=\s*["']([A-Za-z0-9_-]{2,30})["']""")
_SAMPLE_BYTES: Final = 2_048
# Python's names of what browsers know; codecs that are no encodings of text are not among them.
_ENCODINGS: Final = words_of(
    "utf-8 utf8 iso-8859-1 iso-8859-2 iso-8859-3 iso-8859-4 iso-8859-5 iso-8859-6 iso-8859-7"
    " iso-8859-8 iso-8859-9 iso-8859-10 iso-8859-13 iso-8859-14 iso-8859-15 iso-8859-16 latin1"
    " windows-1250 windows-1251 windows-1252 windows-1253 windows-1254 windows-1255"
    " windows-1256 windows-1257 windows-1258 koi8-r koi8-u gb2312 gbk gb18030 big5 euc-jp"
    " shift_jis shift-jis euc-kr tis-620 us-ascii"
)
_AS_BROWSERS_DO: Final = {"iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252"}
_LICENCE = re.compile(
    r"creativecommons\.org/(?:licenses|publicdomain)/([a-z-]{2,12})(?:/(\d\.\d))?", re.IGNORECASE
)
_REVISION = re.compile(r"[?&]oldid=(\d{1,12})|/revision/(\d{1,12})")
_WORDS_MAX: Final = 200


def decoded_html(data: bytes) -> str:
    """Bytes of a page as text: by their mark, by what they say of themselves, else as any text."""
    head = data[:_SAMPLE_BYTES]
    found = _CHARSET.search(head) or _DECLARED.search(head)
    name = found[1].decode("ascii").lower() if found else ""
    if name not in _ENCODINGS or head.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return decoded(data)
    return data.decode(_AS_BROWSERS_DO.get(name, name), "replace")


def read_html(path: str, data: bytes) -> Iterator[Article]:
    """The article of a page; nothing for one without text.

    Raises:
        Malformed: larger than ``HTML_BYTES_MAX``, or a shape that would take long to parse.
        NotServed: selectolax is not installed.
    """
    if len(data) > HTML_BYTES_MAX:
        bad(path, f"a page is read up to {HTML_BYTES_MAX} bytes, and it has {len(data)}")
    page = read_page(path, decoded_html(data))
    if page is not None:
        yield page


def read_page(path: str, html: str, title: str = "") -> Article | None:
    """The same of text; a title that is known already takes the place of the page's own."""
    check_html(path, html)
    lexbor = needed("selectolax.lexbor", "selectolax", "HTML")
    try:
        tree: LexborHTMLParser = lexbor.LexborHTMLParser(html)
    except lexbor.SelectolaxError as error:
        bad(path, f"it cannot be parsed: {str(error)[:200]}")
    body = tree.body
    if body is None:
        return None
    title = plain(title) or _title(tree)
    root = _root(tree, body)
    text = Walk(path, title, root).run()
    if not text.length and root is not body:
        text = Walk(path, title, body).run()  # what should hold the text is empty
    if not text.length:
        return None
    address = _address(tree)
    return article(
        path,
        title,
        text,
        language=_language(tree),
        licence=_licence(tree),
        revision=_revision(tree),
        address=address,
    )


def _root(tree: LexborHTMLParser, body: LexborNode) -> LexborNode:
    """Where the text lies: in what says so, unless that leaves most of the page out."""
    for selector in ROOTS:
        found = tree.css(selector)
        if len(found) == 1:
            return found[0]
    articles = tree.css("article")
    if len(articles) == 1 and len(articles[0].text()) * 2 > len(body.text()):
        return articles[0]
    return body


def _title(tree: LexborHTMLParser) -> str:
    for selector in TITLES:
        found = tree.css(selector)
        if len(found) == 1:
            words = plain(found[0].text())
            if words:
                return words
    meta = _attribute(tree, "meta[property='og:title']", "content")
    head = tree.css_first("title")
    return meta or (plain(head.text()) if head is not None else "")


def _attribute(tree: LexborHTMLParser, selector: str, name: str) -> str:
    found = tree.css_first(selector)
    return plain(found.attributes.get(name) or "")[:1_000] if found is not None else ""


def _language(tree: LexborHTMLParser) -> str:
    for selector, name in (
        ("#mw-content-text[lang]", "lang"),
        ("html", "lang"),
        ("html", "xml:lang"),
        ("body", "lang"),
        ("meta[http-equiv='content-language' i]", "content"),
    ):
        value = _attribute(tree, selector, name)
        if value:
            return value[:35]
    return ""


def licence_of(address: str, words: str = "") -> str:
    """A licence by its address, as SPDX writes it; else the words for it, else the address."""
    found = _LICENCE.search(address)
    if found is None:
        return plain(words or address)[:_WORDS_MAX]
    name, version = found[1].upper(), found[2]
    if name == "ZERO":
        return f"CC0-{version or '1.0'}"
    if name == "MARK":
        return "public domain"
    return f"CC-{name}" + (f"-{version}" if version else "")


def _licence(tree: LexborHTMLParser) -> str:
    found = tree.css_first("[rel~=license]") or tree.css_first(
        ".zim-footer a[href*='creativecommons.org'],#footer a[href*='creativecommons.org'],"
        "footer a[href*='creativecommons.org']"
    )
    if found is not None:
        return licence_of(found.attributes.get("href") or "", found.text())
    return _attribute(tree, "meta[name='dcterms.license' i],meta[name='license' i]", "content")


def _revision(tree: LexborHTMLParser) -> str:
    for address in (
        _attribute(tree, "html[about]", "about"),
        _attribute(tree, ".zim-footer a[href*='oldid='],.printfooter a[href*='oldid=']", "href"),
    ):
        found = _REVISION.search(address)
        if found:
            return found[1] or found[2]
    value = _attribute(tree, "meta[property='mw:revisionSHA1'],meta[name='revision']", "content")
    return value[:64]


def _address(tree: LexborHTMLParser) -> str:
    for selector, name in (
        ("link[rel=canonical]", "href"),
        ("link[rel='dc:isVersionOf']", "href"),
        ("meta[property='og:url']", "content"),
        (".zim-footer a[href*='oldid=']", "href"),
    ):
        value = _attribute(tree, selector, name)
        if value.startswith("//"):
            value = f"https:{value}"
        if value.startswith(("http://", "https://")):
            return target_of(value)
    return ""
