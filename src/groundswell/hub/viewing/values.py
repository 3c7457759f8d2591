"""What may be asked of a table, and its bounds. Pure: both ends of the pipe use it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

ROWS_MAX: Final = 100
COLUMNS_MAX: Final = 50
CELL_CHARACTERS_MAX: Final = 300
# Where many columns are shown, less of each cell.
WIDE_COLUMNS: Final = 20
WIDE_CELL_CHARACTERS_MAX: Final = 100
WHOLE_CELL_CHARACTERS_MAX: Final = 256 * 1024
MEDIA_BYTES_MAX: Final = 4 << 20
SEARCH_CHARACTERS_MAX: Final = 200
# Text has no index: it is read by parts of this size, and each begins after a line break.
PART_BYTES: Final = 16 << 20
# What is compressed can only be read from its start.
COMPRESSED_BYTES_MAX: Final = 32 << 20
ROW_NUMBER_MAX: Final = 2**53
LINE_BYTES_MAX: Final = 2 << 20

PARQUET: Final = "parquet"
CSV: Final = "csv"
JSON_LINES: Final = "jsonl"
SAFETENSORS: Final = "safetensors"
GGUF: Final = "gguf"

KINDS: Final = ("rows", "statistics", "find", "cell", "tensors")
TENSORS_ON_PAGE: Final = 200

_FORMATS: Final = {
    ".parquet": PARQUET,
    ".csv": CSV,
    ".tsv": CSV,
    ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES,
}
_COMPRESSIONS: Final = {".gz": "gzip", ".zst": "zstd"}


class Unreadable(Exception):
    """A file that cannot be read as what it seems to be; the message is for the page."""


@dataclass(frozen=True, slots=True)
class Format:
    """How a table is written. ``compression`` is of the file as a whole; "" for none."""

    name: str
    compression: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a table.

    ``kind`` is one of ``KINDS``; ``offset`` a row of the file, or of ``part`` where the file has
    parts; ``first_column`` the first of at most ``COLUMNS_MAX`` that are read; ``text`` what is
    looked for; ``column`` whose cell is asked for.
    """

    kind: str
    format: str
    size_bytes: int
    compression: str = ""
    part: int = 0
    offset: int = 0
    limit: int = ROWS_MAX
    first_column: int = 0
    text: str = ""
    column: int = 0

    def as_json(self) -> dict[str, Any]:
        """For the pipe."""
        return asdict(self)


def format_of(path: str) -> Format | None:
    """How a file of this name is written; None when it is no table."""
    name = path.lower()
    compression = ""
    for ending, found in _COMPRESSIONS.items():
        if name.endswith(ending):
            name, compression = name.removesuffix(ending), found
    for ending, form in _FORMATS.items():
        if name.endswith(ending) and not (compression and form == PARQUET):
            return Format(form, compression)
    return None


def is_too_large(form: Format, size_bytes: int) -> bool:
    """Whether a table cannot be read at all: compressed as a whole, and large."""
    return bool(form.compression) and size_bytes > COMPRESSED_BYTES_MAX


def part_count(form: Format, size_bytes: int) -> int:
    """How many parts a file is read in."""
    if form.name == PARQUET or form.compression:
        return 1
    return max(1, -(-size_bytes // PART_BYTES))
