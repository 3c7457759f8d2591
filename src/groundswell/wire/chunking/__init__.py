"""Content-defined chunking: where a stream of bytes is cut so that edits move few cuts.

Knows the rule (Xet protocol, content-defined chunking): a gear hash over the last 64 bytes, a cut
where its top 16 bits are zero, no chunk under 8 KiB except the last, none over 128 KiB. Does not
know what a chunk becomes. Three engines give the same cuts, proven equal by property tests: plain
Python (always there), numpy (always installed), numba (the ``fast`` extra).
"""

from __future__ import annotations

from groundswell.wire.chunking.chunker import Chunker, ChunkSplitter, split
from groundswell.wire.chunking.engines import EngineName, available_engines, best_engine
from groundswell.wire.chunking.rule import CHUNK_BYTES_MAX, CHUNK_BYTES_MIN

__all__ = [
    "CHUNK_BYTES_MAX",
    "CHUNK_BYTES_MIN",
    "ChunkSplitter",
    "Chunker",
    "EngineName",
    "available_engines",
    "best_engine",
    "split",
]
