"""The chunking rule in plain Python: the reference that the fast engines must equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from groundswell.wire.chunking.rule import (
    CHUNK_BYTES_MAX,
    CHUNK_BYTES_MIN,
    CUT_LIMIT,
    WINDOW_BYTES,
    WORD_MASK,
    ScanState,
)
from groundswell.wire.gear_table import GEAR_TABLE

if TYPE_CHECKING:
    from groundswell.wire.hashing import Octets

# Bytes before this one in a chunk have left the window when the first cut is tested.
_SKIP_BYTES: Final = CHUNK_BYTES_MIN - WINDOW_BYTES


def scan(buffer: Octets, state: ScanState) -> tuple[list[int], ScanState]:
    """Find the cuts of one buffer (contract: ``rule.Engine``)."""
    gear_hash, open_bytes = state
    lengths: list[int] = []
    position, end = 0, len(buffer)
    while position < end:
        if open_bytes < _SKIP_BYTES:
            step = min(_SKIP_BYTES - open_bytes, end - position)
            position += step
            open_bytes += step
            gear_hash = 0
            continue
        stop = min(end, position + CHUNK_BYTES_MAX - open_bytes)
        # The index in ``buffer`` of the first byte after which the chunk is long enough to cut.
        first_cut = position + CHUNK_BYTES_MIN - 1 - open_bytes
        start = position
        is_cut = False
        while position < stop:
            gear_hash = ((gear_hash << 1) + GEAR_TABLE[buffer[position]]) & WORD_MASK
            position += 1
            if gear_hash < CUT_LIMIT and position > first_cut:
                is_cut = True
                break
        open_bytes += position - start
        if is_cut or open_bytes == CHUNK_BYTES_MAX:
            lengths.append(open_bytes)
            gear_hash = open_bytes = 0
    return lengths, ScanState(gear_hash, open_bytes)
