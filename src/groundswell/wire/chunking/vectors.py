"""The chunking rule with numpy: all windows of a block at once, then the cuts among them.

A window of 64 bytes is summed by doubling: the hash over 2n bytes at a place is that over n bytes
there, plus that over n bytes ending n places before, shifted by n.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

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
    import numpy.typing as npt

    from groundswell.wire.hashing import Octets

# Large enough that a call costs little, small enough that its words stay in the processor's cache.
BLOCK_BYTES: Final = 16 * 1024

_TABLE: Final = np.array(GEAR_TABLE, dtype=np.uint64)
_CUT_LIMIT: Final = np.uint64(CUT_LIMIT)
_CARRY_SHIFTS: Final = np.arange(1, WINDOW_BYTES, dtype=np.uint64)


def scan(buffer: Octets, state: ScanState) -> tuple[list[int], ScanState]:
    """Find the cuts of one buffer (contract: ``rule.Engine``)."""
    octets = np.frombuffer(buffer, dtype=np.uint8)
    gear_hash, open_bytes = state
    lengths: list[int] = []
    for block_start in range(0, len(octets), BLOCK_BYTES):
        block = octets[block_start : block_start + BLOCK_BYTES]
        hashes = _window_hashes(block, gear_hash)
        gear_hash = int(hashes[-1])
        candidates = np.flatnonzero(hashes < _CUT_LIMIT)
        open_bytes = _select(candidates, len(block), open_bytes, lengths)
    return lengths, ScanState(gear_hash, open_bytes)


def _window_hashes(block: npt.NDArray[np.uint8], carry: int) -> npt.NDArray[np.uint64]:
    """The gear hash after each byte of a block, when it was ``carry`` before the first."""
    hashes = _TABLE[block]
    scratch = np.empty_like(hashes)
    span = 1
    while span < WINDOW_BYTES and span < len(hashes):
        shifted = scratch[: len(hashes) - span]
        np.left_shift(hashes[:-span], np.uint64(span), out=shifted)
        hashes[span:] += shifted
        span *= 2
    reach = min(len(hashes), WINDOW_BYTES - 1)
    hashes[:reach] += np.left_shift(np.uint64(carry & WORD_MASK), _CARRY_SHIFTS[:reach])
    return hashes


def _select(
    candidates: npt.NDArray[np.int64], block_bytes: int, open_bytes: int, lengths: list[int]
) -> int:
    """Apply the size limits to the candidate places of a block; the open chunk's new length."""
    chunk_start = -open_bytes
    while True:
        first = int(np.searchsorted(candidates, chunk_start + CHUNK_BYTES_MIN - 1))
        limit = chunk_start + CHUNK_BYTES_MAX
        cut = int(candidates[first]) + 1 if first < len(candidates) else limit
        cut = min(cut, limit)
        if cut > block_bytes:
            return block_bytes - chunk_start
        lengths.append(cut - chunk_start)
        chunk_start = cut
