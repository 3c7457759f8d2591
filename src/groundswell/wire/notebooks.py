"""Notebooks as they were saved: cells and outputs of nbformat 4, as pieces that are safe to show.

Nothing is run. Text becomes HTML by our own Markdown, code by our own highlighter; of an output the
first form that can be shown stands for it: a picture, text, or HTML that was sanitised. Does not
know pages, or how long it may run: whoever calls it does so in a process that can be stopped.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from groundswell.core.errors import Malformed
from groundswell.wire.highlight import highlight_file
from groundswell.wire.markdown import LinkBase, render, sanitise
from groundswell.wire.media import media_of

NOTEBOOK_BYTES_MAX: Final = 8 << 20
CELLS_MAX: Final = 500
OUTPUTS_MAX: Final = 50
OUTPUT_CHARACTERS_MAX: Final = 50_000
HTML_CHARACTERS_MAX: Final = 200_000
PICTURE_BYTES_MAX: Final = 2 << 20
# Of all outputs together: what a page carries.
SHOWN_CHARACTERS_MAX: Final = 6 << 20

Json = dict[str, Any]

_PICTURES: Final = ("image/png", "image/jpeg", "image/gif")
_ESCAPES: Final = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]|\x1b")
_LANGUAGES: Final = {"python": "py", "r": "r", "julia": "jl", "scala": "scala", "rust": "rs"}


@dataclass(frozen=True, slots=True)
class Output:
    """What a cell printed: ``kind`` is text, error, html, picture or note.

    ``content`` is plain text, but sanitised HTML for html, and a ``data:`` address for a picture.
    """

    kind: str
    content: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. ``kind`` is code or prose; ``html`` is safe; ``count`` as Jupyter numbers it."""

    kind: str
    html: str
    count: int | None = None
    outputs: tuple[Output, ...] = ()


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook as a page shows it."""

    language: str
    cells: tuple[Cell, ...]
    left_out: int


def _bad(why: str) -> Malformed:
    return Malformed("notebook", why)


def read_notebook(text: str, base: LinkBase) -> Notebook:
    """The notebook, ready for a page.

    Raises:
        Malformed: no notebook of nbformat 4.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _bad("it is not JSON") from error
    if not isinstance(value, dict) or value.get("nbformat") != 4:
        raise _bad("it is not of nbformat 4")
    cells = value.get("cells")
    if not isinstance(cells, list):
        raise _bad("it has no cells")
    language = _language(value.get("metadata"))
    shown = _Shown(language, base)
    found = tuple(shown.cell(cell) for cell in cells[:CELLS_MAX] if isinstance(cell, dict))
    return Notebook(language, found, max(0, len(cells) - CELLS_MAX))


def _language(metadata: object) -> str:
    told = metadata.get("language_info") if isinstance(metadata, dict) else None
    name = told.get("name") if isinstance(told, dict) else None
    return name[:40] if isinstance(name, str) else "python"


def _joined(value: object) -> str:
    """Text, which notebooks write as a string or as a list of lines."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return ""


def _plain(text: str, characters_max: int) -> str:
    """Text without the terminal's colours, cut short."""
    shown = _ESCAPES.sub("", text[: characters_max * 2])
    return shown if len(shown) <= characters_max else f"{shown[:characters_max]}\n…"


class _Shown:
    """Makes cells fit for a page, within what a page may carry."""

    def __init__(self, language: str, base: LinkBase) -> None:
        self._file_name = f"cell.{_LANGUAGES.get(language.lower(), 'txt')}"
        self._base = base
        self._left = SHOWN_CHARACTERS_MAX

    def cell(self, cell: Json) -> Cell:
        source = _joined(cell.get("source"))
        if not self._takes(len(source)):
            return Cell("prose", "<p>This cell is left out: the notebook is too large.</p>")
        if cell.get("cell_type") == "markdown":
            return Cell("prose", render(source, self._base).html)
        if cell.get("cell_type") != "code":
            return Cell("raw", escape(source))
        html = "\n".join(highlight_file(self._file_name, source))
        count = cell.get("execution_count")
        outputs = cell.get("outputs")
        shown = outputs[:OUTPUTS_MAX] if isinstance(outputs, list) else []
        found = tuple(self._output(output) for output in shown if isinstance(output, dict))
        return Cell("code", html, count if type(count) is int else None, found)

    def _takes(self, size: int) -> bool:
        self._left -= size
        return self._left >= 0

    def _output(self, output: Json) -> Output:
        kind = output.get("output_type")
        if kind == "stream":
            return self._text("text", _joined(output.get("text")))
        if kind == "error":
            return self._text("error", "\n".join(map(str, _lines(output.get("traceback")))))
        data = output.get("data")
        return self._of_data(data if isinstance(data, dict) else {})

    def _of_data(self, data: Json) -> Output:
        """The first form of an output that a page can show."""
        for media_type in _PICTURES:
            if media_type in data:
                return self._picture(_joined(data[media_type]))
        html = _joined(data.get("text/html"))
        if html and len(html) <= HTML_CHARACTERS_MAX:
            safe = sanitise(html, self._base)
            if safe.strip() and self._takes(len(safe)):
                return Output("html", safe)
        if "text/markdown" in data:
            return Output("html", render(_joined(data["text/markdown"]), self._base).html)
        if "text/plain" in data:
            return self._text("text", _joined(data["text/plain"]))
        return Output("note", "An output of a form that is not shown here.")

    def _text(self, kind: str, text: str) -> Output:
        shown = _plain(text, OUTPUT_CHARACTERS_MAX)
        return Output(kind, shown) if self._takes(len(shown)) else _TOO_MUCH

    def _picture(self, encoded: str) -> Output:
        """A picture as an address, if it is one: its type is what its bytes show."""
        packed = "".join(encoded.split())
        if len(packed) > PICTURE_BYTES_MAX * 4 // 3 or not self._takes(len(packed)):
            return _TOO_MUCH
        try:
            head = base64.b64decode(packed, validate=True)[:64]
        except (binascii.Error, ValueError):
            head = b""
        media_type = media_of(head)
        if media_type not in _PICTURES:
            return Output("note", "An output that says it is a picture, and is none.")
        return Output("picture", f"data:{media_type};base64,{packed}")


_TOO_MUCH: Final = Output("note", "An output that is too large to show here.")


def _lines(value: object) -> list[object]:
    return value[:200] if isinstance(value, list) else []
