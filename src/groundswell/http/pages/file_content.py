"""How one file is shown: as text with numbers, as a document, as a picture, or by its facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from groundswell.core.errors import BadRequest, EntryNotFound
from groundswell.core.values import size_text
from groundswell.http.pages.door import Asked
from groundswell.http.pages.repositories import place
from groundswell.http.pages.views import Fact, RepoHead
from groundswell.http.pages.wording import quantity
from groundswell.http.rendering import renderer
from groundswell.hub.content import Located
from groundswell.hub.repos import Repository
from groundswell.wire.cards import read_card
from groundswell.wire.markdown import LinkBase

TEXT_BYTES_MAX: Final = 1 << 20
LINES_MAX: Final = 5_000
LINE_LENGTH_MAX: Final = 20_000
SNIFFED_BYTES: Final = 8_000
PICTURE_BYTES_MAX: Final = 20 << 20
HEADER_BYTES_MAX: Final = 2 << 20
TENSORS_SHOWN_MAX: Final = 1_000

_PICTURES: Final = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".svg")
_DOCUMENTS: Final = (".md", ".markdown")


@dataclass(frozen=True, slots=True)
class Shown:
    """The fields of ``FilePage`` that depend on what the file holds."""

    lines_html: tuple[str, ...] | None = None
    lines_left_out: int = 0
    document_html: str | None = None
    image_url: str | None = None
    facts: tuple[Fact, ...] = ()
    tensors: tuple[tuple[str, str, str], ...] = ()
    reason: str = ""
    is_document: bool = False

    @property
    def is_text(self) -> bool:
        """Whether its lines can be shown, and so be edited."""
        return self.lines_html is not None or self.document_html is not None

    def fields(self) -> dict[str, Any]:
        """As arguments of the page."""
        names = ("lines_html", "lines_left_out", "document_html", "image_url", "facts", "tensors")
        return {**{name: getattr(self, name) for name in names}, "reason": self.reason}


def shown_content(
    asked: Asked,
    repository: Repository,
    head: RepoHead,
    revision: str,
    located: Located,
    *,
    wants_source: bool,
) -> Shown:
    """What to show of a file. Reads at most ``TEXT_BYTES_MAX`` of it, and no picture at all."""
    entry = located.entry
    name = entry.path.lower()
    if name.endswith(_PICTURES) and entry.size_bytes <= PICTURE_BYTES_MAX and not wants_source:
        return Shown(image_url=place(head, "resolve", revision, entry.path))
    if name.endswith(".safetensors"):
        return _tensors(asked, repository, located)
    if entry.size_bytes == 0:
        return Shown(reason="This file is empty.")
    limit = TEXT_BYTES_MAX if entry.size_bytes <= TEXT_BYTES_MAX else SNIFFED_BYTES
    data = asked.hub.content.read_range(located, 0, limit)
    text = _as_text(data)
    if text is None:
        return Shown(reason=f"This is not text: {size_text(entry.size_bytes)}.")
    if entry.size_bytes > TEXT_BYTES_MAX:
        return Shown(reason=f"This text is too large to show here: {size_text(entry.size_bytes)}.")
    is_document = name.endswith(_DOCUMENTS)
    if is_document and not wants_source:
        return _document(asked, head, revision, located, text)
    return _source(located, text, is_document=is_document)


def _as_text(data: bytes) -> str | None:
    if b"\0" in data[:SNIFFED_BYTES]:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        # A cut may fall inside a character; anything earlier is not UTF-8.
        return data[: error.start].decode("utf-8") if error.start >= len(data) - 3 else None


def _document(asked: Asked, head: RepoHead, revision: str, located: Located, text: str) -> Shown:
    folder = located.entry.path.rpartition("/")[0]
    base = LinkBase(head.url, revision, folder, asked.base_url)
    try:
        body = read_card(text).body
    except BadRequest:
        body = text
    rendered = renderer().markdown(body, base, located.etag)
    return Shown(document_html=rendered.html, is_document=True)


def _source(located: Located, text: str, *, is_document: bool) -> Shown:
    lines = text.split("\n")
    left_out = max(0, len(lines) - LINES_MAX)
    cut = "\n".join(line[:LINE_LENGTH_MAX] for line in lines[:LINES_MAX])
    name = located.entry.path.rpartition("/")[2]
    html = renderer().highlight(name, cut, located.etag)
    return Shown(lines_html=tuple(html), lines_left_out=left_out, is_document=is_document)


def _tensors(asked: Asked, repository: Repository, located: Located) -> Shown:
    """The header of a safetensors file: names, types and shapes, and no weights."""
    reason = f"Weights: {size_text(located.entry.size_bytes)}."
    content = asked.hub.content
    length = int.from_bytes(content.read_range(located, 0, 8), "little")
    if length > HEADER_BYTES_MAX:
        return Shown(reason=reason)
    try:
        found = content.safetensors_metadata(repository, located.commit, located.entry.path)
    except (BadRequest, EntryNotFound) as error:
        return Shown(reason=f"{reason} The header cannot be read: {error.message}")
    header: dict[str, Any] = found.get("header", {})
    rows: list[tuple[str, str, str]] = []
    total = 0
    counts: dict[str, int] = {}
    for name, told in header.items():
        if name == "__metadata__" or not isinstance(told, dict):
            continue
        shape = told.get("shape") or []
        kind = str(told.get("dtype", ""))[:20]
        count = 1
        for side in shape:
            count *= side
        total += count
        counts[kind] = counts.get(kind, 0) + count
        if len(rows) < TENSORS_SHOWN_MAX:
            rows.append((name[:300], kind, " \u00d7 ".join(map(str, shape)) or "scalar"))
    kinds = ", ".join(f"{quantity(count)} {kind}" for kind, count in sorted(counts.items())[:8])
    facts = (
        Fact("Parameters", quantity(total), note=f"{total:,}"),
        Fact("Tensors", f"{sum(1 for name in header if name != '__metadata__'):,}"),
        Fact("Types", kinds or "none"),
    )
    return Shown(reason=reason, facts=facts, tensors=tuple(rows))
