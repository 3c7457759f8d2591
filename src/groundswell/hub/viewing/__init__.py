"""Tables shown by rows: Parquet, CSV and lines of JSON of any size, read in processes that can do
nothing else.

A stranger's file is read by a large program (DuckDB), so each question about one runs in a process
of its own: forked for it, shut off from files, network and other processes, limited in memory and
time, and gone with its answer. It sees the one file, by ranges that it asks the hub for.
"""

from __future__ import annotations

from groundswell.hub.viewing.service import Tables
from groundswell.hub.viewing.values import (
    COLUMNS_MAX,
    PART_BYTES,
    ROWS_MAX,
    SEARCH_CHARACTERS_MAX,
    TENSORS_ON_PAGE,
    Format,
    Question,
    format_of,
    is_too_large,
    part_count,
)

__all__ = [
    "COLUMNS_MAX",
    "PART_BYTES",
    "ROWS_MAX",
    "SEARCH_CHARACTERS_MAX",
    "TENSORS_ON_PAGE",
    "Format",
    "Question",
    "Tables",
    "format_of",
    "is_too_large",
    "part_count",
]
