"""What a file holds, as its page shows it: one value for each way of showing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Content:
    """How a file is shown: a template of ``repository/content``."""

    template: ClassVar[str]


@dataclass(frozen=True, slots=True)
class BinaryContent(Content):
    """Nothing to see: ``reason`` says why."""

    template: ClassVar[str] = "repository/content/binary.html"
    reason: str


@dataclass(frozen=True, slots=True)
class DocumentContent(Content):
    """Prose, rendered; sanitised."""

    template: ClassVar[str] = "repository/content/document.html"
    document_html: str


@dataclass(frozen=True, slots=True)
class MediaContent(Content):
    """A picture, a sound or a film: ``kind`` is image, audio or video."""

    template: ClassVar[str] = "repository/content/media.html"
    kind: str
    url: str
    media_type: str


@dataclass(frozen=True, slots=True)
class TextContent(Content):
    """Lines of a text with their numbers, from ``first_line`` on."""

    template: ClassVar[str] = "repository/content/text.html"
    lines_html: Sequence[str]
    first_line: int = 1
    line_count: int | None = None
    newer_url: str | None = None
    older_url: str | None = None
    wrap_url: str = ""
    is_wrapped: bool = False
    here: str = ""
    note: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NotebookOutput:
    """What a cell printed: ``kind`` is text, error, html, picture or note. HTML is sanitised, and
    stands in a field of its own, so that no text can come to be trusted by its kind.
    """

    kind: str
    text: str
    html: str = ""


@dataclass(frozen=True, slots=True)
class NotebookCell:
    """A cell: ``kind`` is code, prose or raw; ``html`` is sanitised."""

    kind: str
    html: str
    count: int | None
    outputs: Sequence[NotebookOutput]


@dataclass(frozen=True, slots=True)
class NotebookContent(Content):
    """A notebook as it was saved."""

    template: ClassVar[str] = "repository/content/notebook.html"
    language: str
    cells: Sequence[NotebookCell]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, with ``share`` from 0 to 1000."""

    name: str
    tensors: int
    count: int
    size_bytes: int
    share: int
    start: int = 0
    url: str | None = None


@dataclass(frozen=True, slots=True)
class TensorRow:
    """One tensor."""

    name: str
    type: str
    shape: str
    count: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class TensorsContent(Content):
    """The tensors of a file of weights, or of all files that an index names."""

    template: ClassVar[str] = "repository/content/tensors.html"
    here: str
    find: str
    tensor_count: int
    parameter_count: int
    size_bytes: int
    types: Sequence[Share]
    groups: Sequence[Share]
    groups_left_out: int
    rows: Sequence[TensorRow]
    first: int
    matched: int
    newer_url: str | None
    older_url: str | None
    pairs: Sequence[tuple[str, str]]
    files: Sequence[Share] = ()
    files_left: int = 0


@dataclass(frozen=True, slots=True)
class PendingContent(Content):
    """Being read: the page may be asked for again."""

    template: ClassVar[str] = "repository/content/pending.html"
    here: str
    what: str


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column's name and type."""

    name: str
    type: str
    kind: str


@dataclass(frozen=True, slots=True)
class TableCell:
    """A cell: ``kind`` is none, text, number, truth, other, bytes, image, audio or media
    (a link to either).
    """

    kind: str
    text: str
    size: int
    url: str | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row and its number in the file."""

    number: int
    cells: Sequence[TableCell]


@dataclass(frozen=True, slots=True)
class ColumnFigures:
    """What one column holds. ``bars`` are ``(x, height, text)`` of a drawing 200 wide, 60 high."""

    name: str
    type: str
    facts: Sequence[tuple[str, str]]
    bars: Sequence[tuple[int, int, str]] = ()
    values: Sequence[tuple[str, int, int]] = ()
    summary: str = ""


@dataclass(frozen=True, slots=True)
class WholeCell:
    """One cell in full."""

    name: str
    type: str
    number: int
    text: str | None
    size: int
    is_cut: bool
    back_url: str


@dataclass(frozen=True, slots=True)
class TableContent(Content):
    """Rows of a table, and what may be asked of it."""

    template: ClassVar[str] = "repository/content/table.html"
    here: str
    hidden: Sequence[tuple[str, str]]
    columns: Sequence[TableColumn]
    rows: Sequence[TableRow]
    total: int | None
    where: str
    facts: Sequence[tuple[str, str]] = ()
    find: str = ""
    newer_url: str | None = None
    older_url: str | None = None
    older_text: str = "Next rows"
    part_note: str = ""
    part_newer_url: str | None = None
    part_older_url: str | None = None
    column_note: str = ""
    column_newer_url: str | None = None
    column_older_url: str | None = None
    statistics_url: str | None = None
    statistics: Sequence[ColumnFigures] = ()
    statistics_note: str = ""
    is_pending: bool = False
    cell: WholeCell | None = None
    plain_url: str = ""
    row_number: int = 0
