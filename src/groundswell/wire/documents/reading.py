"""A document of any kind that is known, read as articles.

Knows kinds by their endings and first bytes, and how large each may be. What each one says is known
to the readers beside this.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from groundswell.wire.documents.epub import EPUB_BYTES_MAX, read_epub
from groundswell.wire.documents.html import read_html
from groundswell.wire.documents.html.bounds import HTML_BYTES_MAX
from groundswell.wire.documents.markdown import MARKDOWN_BYTES_MAX, read_markdown
from groundswell.wire.documents.normal import bad
from groundswell.wire.documents.office import OFFICE_BYTES_MAX, read_office
from groundswell.wire.documents.pdf import PDF_BYTES_MAX, read_pdf
from groundswell.wire.documents.rows import ROWS_BYTES_MAX, read_csv, read_json_lines
from groundswell.wire.documents.text import read_text
from groundswell.wire.documents.values import Article

Reader = Callable[[str, bytes], Iterator[Article]]
_MEBIBYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Readable:
    """A kind of document: what people call it, how its names end, how large it may be."""

    name: str
    endings: tuple[str, ...]
    bytes_max: int
    read: Reader


READABLE: Final[tuple[Readable, ...]] = (
    Readable("HTML", (".html", ".htm", ".xhtml"), HTML_BYTES_MAX, read_html),
    Readable("Markdown", (".md", ".markdown", ".mdown"), MARKDOWN_BYTES_MAX, read_markdown),
    Readable("PDF", (".pdf",), PDF_BYTES_MAX, read_pdf),
    Readable("EPUB", (".epub",), EPUB_BYTES_MAX, read_epub),
    Readable("Word", (".docx", ".docm", ".dotx"), OFFICE_BYTES_MAX, read_office),
    Readable("OpenDocument", (".odt", ".ods", ".odp", ".ott"), OFFICE_BYTES_MAX, read_office),
    Readable("slides", (".pptx", ".pptm"), OFFICE_BYTES_MAX, read_office),
    Readable("sheets", (".xlsx", ".xlsm"), OFFICE_BYTES_MAX, read_office),
    Readable("JSON lines", (".jsonl", ".ndjson"), ROWS_BYTES_MAX, read_json_lines),
    Readable("CSV", (".csv", ".tsv"), ROWS_BYTES_MAX, read_csv),
    Readable("plain text", (".txt", ".text", ".rst", ".adoc", ".org"), 8 * _MEBIBYTE, read_text),
)
"""Every kind that is read. Whatever else there is gives no article."""

_BY_ENDING: Final[Mapping[str, Readable]] = {
    ending: kind for kind in READABLE for ending in kind.endings
}


_SNIFFED_BYTES: Final = 512
# No part goes back over what it passed: many comments would be divided in ever more ways.
_HTML = re.compile(
    rb"(?:<\?xml[^>]*+>|(?><!--.*?-->)|\s)*+<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_PACKED: Final = (
    (b"mimetypeapplication/epub+zip", ".epub"),
    (b"mimetypeapplication/vnd.oasis.opendocument.", ".odt"),
    (b"[Content_Types].xml", ".docx"),
)


def sniffed(data: bytes) -> Readable | None:
    """The kind that bytes begin like; None when they begin like none that says so.

    Entries of archives have names without endings, or with dots that are none.
    """
    head = data[:_SNIFFED_BYTES].removeprefix(b"\xef\xbb\xbf")
    if head.startswith(b"%PDF-"):
        return _BY_ENDING[".pdf"]
    if _HTML.match(head):
        return _BY_ENDING[".html"]
    if head.startswith(b"PK\x03\x04"):
        for name, ending in _PACKED:
            if head.startswith(name, 30):
                return _BY_ENDING[ending]
    return None


# Rows of a table that its source wrote as lines of JSON. A file of such a name is not read.
ROWS_FROM: Final = "#from="
_ROWS = re.compile(r"(.+\.parquet)#from=([0-9]{1,15})", re.DOTALL | re.IGNORECASE)


def readable(path: str) -> Readable | None:
    """The kind that a name promises; None when it promises none that is read."""
    name = path.lower().rpartition("/")[2]
    return _BY_ENDING.get(name[name.rfind(".") :]) if "." in name else None


def read_document(path: str, data: bytes) -> Iterator[Article]:
    """The articles in a document; none when it is of no kind that is read.

    Its name says which kind it is; where that is none that is read, its first bytes may.

    Args:
        path: of the document in its source, with "/" between parts.
        data: all of it.

    Raises:
        Malformed: broken, or larger than its kind may be.
        NotServed: the package that reads it is not installed.
    """
    if rows := _ROWS.fullmatch(path):
        yield from read_json_lines(rows[1], data, int(rows[2]))
        return
    kind = readable(path) or sniffed(data)
    if kind is None:
        return
    if len(data) > kind.bytes_max:
        bad(path, f"{kind.name} is read up to {kind.bytes_max} bytes, and it has {len(data)}")
    yield from kind.read(path, data)
