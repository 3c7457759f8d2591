"""How one file is shown: as a table, a notebook, prose, text, a picture or sound, or by its facts.

Decides by name and first bytes; each way of showing has a module. A file that is not what its name
says is shown as text or not at all, with a sentence why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from groundswell.core.errors import BadRequest
from groundswell.core.values import size_text
from groundswell.http.pages.content.notebooks import notebook_content
from groundswell.http.pages.content.place import Place
from groundswell.http.pages.content.tables import table_content
from groundswell.http.pages.content.tensors import index_content, tensors_content
from groundswell.http.pages.content.text import as_text, text_content
from groundswell.http.pages.repositories import place
from groundswell.http.pages.views import (
    BinaryContent,
    Content,
    DocumentContent,
    MediaContent,
)
from groundswell.http.rendering import renderer
from groundswell.hub.viewing import format_of
from groundswell.wire.cards import read_card
from groundswell.wire.markdown import LinkBase
from groundswell.wire.media import SNIFFED_BYTES, media_of, named_media

__all__ = ["Place", "Shown", "shown_content"]

PICTURE_BYTES_MAX: Final = 20 << 20
DOCUMENT_BYTES_MAX: Final = 1 << 20

_DOCUMENTS: Final = (".md", ".markdown")
_WEIGHTS: Final = (".safetensors", ".gguf")


@dataclass(frozen=True, slots=True)
class Shown:
    """How a file is shown. ``has_source``: it can also be shown as the text that it is."""

    content: Content
    has_source: bool = False


def shown_content(where: Place) -> Shown:
    """What to show of a file. Reads a bounded part of it, whatever its size."""
    name = where.path.lower()
    if where.size_bytes == 0:
        return Shown(BinaryContent("This file is empty."))
    if name.endswith(_WEIGHTS):
        return Shown(tensors_content(where))
    form = format_of(name)
    is_binary = form is not None and (form.name == "parquet" or bool(form.compression))
    if form is not None and is_binary:
        return Shown(table_content(where, form))
    head = where.read(0, SNIFFED_BYTES)
    if form is not None and as_text(head) is not None and not where.wants_source:
        return Shown(table_content(where, form), has_source=True)
    media = named_media(name)
    if media is not None and not (where.wants_source and media.endswith("+xml")):
        found = _media(where, media, head)
        return Shown(found, has_source=media.endswith("+xml"))
    if as_text(head) is None:
        return Shown(BinaryContent(f"This is not text: {size_text(where.size_bytes)}."))
    return _of_text(where, name, is_table=form is not None)


def _of_text(where: Place, name: str, *, is_table: bool) -> Shown:
    if where.wants_source:
        is_rendered = is_table or name.endswith((*_DOCUMENTS, ".ipynb", ".safetensors.index.json"))
        return Shown(text_content(where), has_source=is_rendered or name.endswith(".svg"))
    if name.endswith(".safetensors.index.json"):
        index = index_content(where)
        if index is not None:
            return Shown(index, has_source=True)
    if name.endswith(".ipynb"):
        notebook = notebook_content(where)
        if notebook is not None:
            return Shown(notebook, has_source=True)
    if name.endswith(_DOCUMENTS) and where.size_bytes <= DOCUMENT_BYTES_MAX:
        return Shown(_document(where), has_source=True)
    return Shown(text_content(where))


def _media(where: Place, promised: str, head: bytes) -> Content:
    """A picture, sound or film, when its bytes are what its name says."""
    found = media_of(head)
    kind = promised.partition("/")[0]
    if found != promised:
        told = f"its bytes are {found}" if found else "its bytes are not"
        return BinaryContent(f"By its name this file is {promised}, but {told}. It is not shown.")
    if kind == "image" and where.size_bytes > PICTURE_BYTES_MAX:
        return BinaryContent(f"This picture is large: {size_text(where.size_bytes)}.")
    return MediaContent(kind, place(where.head, "resolve", where.revision, where.path), promised)


def _document(where: Place) -> Content:
    text = where.read(0, DOCUMENT_BYTES_MAX).decode("utf-8", "replace")
    try:
        body = read_card(text).body
    except BadRequest:
        body = text
    folder = where.path.rpartition("/")[0]
    base = LinkBase(where.head.url, where.revision, folder, where.asked.base_url)
    return DocumentContent(renderer().markdown(body, base, where.located.etag).html)
