"""The form of a shard's graph file: an SQLite database of three tables, and nothing else.

What reads compares the schema with this one letter for letter, so that a stranger's file cannot
bring views, triggers or expressions of its own.
"""

from __future__ import annotations

from typing import Final

PAGE_BYTES: Final = 4096
SIGN: Final = 0x67737767  # "gswg", as SQLite's application_id
VERSION: Final = 1
SCHEMA: Final = (
    # The shard's own articles come first, numbered as in its text; those that edges lead to
    # elsewhere in the pack follow without a title.
    "CREATE TABLE node (id INTEGER PRIMARY KEY, path TEXT NOT NULL, title TEXT NOT NULL)",
    "CREATE UNIQUE INDEX node_by_path ON node (path)",
    (
        "CREATE TABLE alias (name TEXT NOT NULL, node INTEGER NOT NULL,"
        " PRIMARY KEY (name, node)) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE edge (src INTEGER NOT NULL, dst INTEGER NOT NULL, kind INTEGER NOT NULL,"
        " passage INTEGER NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL,"
        " weight INTEGER NOT NULL, PRIMARY KEY (src, dst, kind)) WITHOUT ROWID"
    ),
    "CREATE INDEX edge_by_dst ON edge (dst)",
)
