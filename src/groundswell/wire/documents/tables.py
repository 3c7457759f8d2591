"""A spreadsheet or CSV as rows of texts: the first table in it that holds something.

Knows which files are tables. What their cells mean is known to who asks for them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Final

from groundswell.wire.documents.facts import COLUMNS_MAX, ROWS_MAX
from groundswell.wire.documents.normal import bad, plain
from groundswell.wire.documents.office import OFFICE_BYTES_MAX, opendocument, sheets
from groundswell.wire.documents.office.grids import Grid
from groundswell.wire.documents.packed import Packed
from groundswell.wire.documents.rows import CELL_CHARACTERS_MAX, separator_of
from groundswell.wire.documents.text import check_text, decoded

_PACKED: Final = b"PK\x03\x04"

Rows = list[list[str]]


def read_table(path: str, data: bytes) -> Rows:
    """The rows of a table, its header first, without empty rows; at most ROWS_MAX.

    Raises:
        Malformed: broken, too large, or no table.
    """
    if data.startswith(_PACKED):
        if len(data) > OFFICE_BYTES_MAX:
            bad(path, f"spreadsheets are read up to {OFFICE_BYTES_MAX} bytes")
        return _texts(_first_grid(path, Packed(path, data)))
    check_text(path, data)
    written = decoded(data)
    separator = "\t" if path.lower().endswith(".tsv") else separator_of(written)
    csv.field_size_limit(CELL_CHARACTERS_MAX)
    rows: Rows = []
    try:
        for cells in csv.reader(io.StringIO(written, newline=""), delimiter=separator):
            row = [plain(cell) for cell in cells[:COLUMNS_MAX]]
            if any(row) and len(rows) < ROWS_MAX:
                rows.append(row)
    except csv.Error as error:
        bad(path, f"it is no table of text: {str(error)[:200]}")
    return rows


def _first_grid(path: str, packed: Packed) -> Grid:
    grids: Sequence[Grid] = ()
    if sheets.WORKBOOK in packed:
        grids = [grid for _, grid in sheets.read_grids(path, packed)]
    elif opendocument.CONTENT in packed:
        grids = opendocument.read_grids(path, packed)
    else:
        bad(path, "it is no spreadsheet")
    return next((grid for grid in grids if len(_texts(grid)) > 1), Grid())


def _texts(grid: Grid) -> Rows:
    rows = [[words for words, _ in row] for row in grid.rows]
    return [row for row in rows if any(row)]
