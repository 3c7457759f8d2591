"""The chunking rule compiled by numba: as fast as native clients, free of the interpreter's lock.

Importing this module needs the ``fast`` extra. The machine code is made on the first call (some
seconds) and kept in numba's cache on disk, where there is a place for it (``NUMBA_CACHE_DIR``, the
module's own folder, the user's).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numba
import numpy as np

from groundswell.wire.chunking.rule import (
    CHUNK_BYTES_MAX,
    CHUNK_BYTES_MIN,
    CUT_LIMIT,
    WINDOW_BYTES,
    ScanState,
)
from groundswell.wire.gear_table import GEAR_TABLE

if TYPE_CHECKING:
    import numpy.typing as npt

    from groundswell.wire.hashing import Octets

_TABLE: Final = np.array(GEAR_TABLE, dtype=np.uint64)
_CUT_LIMIT: Final = np.uint64(CUT_LIMIT)
_ONE: Final = np.uint64(1)
_SKIP_BYTES: Final = CHUNK_BYTES_MIN - WINDOW_BYTES


def scan(buffer: Octets, state: ScanState) -> tuple[list[int], ScanState]:
    """Find the cuts of one buffer (contract: ``rule.Engine``)."""
    octets = np.frombuffer(buffer, dtype=np.uint8)
    lengths = np.empty(len(octets) // CHUNK_BYTES_MIN + 1, dtype=np.int64)
    count, gear_hash, open_bytes = _scan(
        octets, _TABLE, np.uint64(state.gear_hash), state.open_bytes, lengths
    )
    return lengths[:count].tolist(), ScanState(int(gear_hash), int(open_bytes))


def _scan_octets(
    octets: npt.NDArray[np.uint8],
    table: npt.NDArray[np.uint64],
    gear_hash: np.uint64,
    open_bytes: int,
    lengths: npt.NDArray[np.int64],
) -> tuple[int, np.uint64, int]:
    position, end, count = 0, len(octets), 0
    while position < end:
        if open_bytes < _SKIP_BYTES:
            step = min(_SKIP_BYTES - open_bytes, end - position)
            position += step
            open_bytes += step
            gear_hash = np.uint64(0)
            continue
        # Loops over octets, not over places: an index that may be negative costs a test each time.
        # Too short to cut: only fill the window.
        stop = min(end, position + max(0, CHUNK_BYTES_MIN - 1 - open_bytes))
        open_bytes += stop - position
        for octet in octets[position:stop]:
            gear_hash = (gear_hash << _ONE) + table[octet]
        position = stop
        stop = min(end, position + CHUNK_BYTES_MAX - open_bytes)
        scanned = 0
        is_cut = False
        for octet in octets[position:stop]:
            gear_hash = (gear_hash << _ONE) + table[octet]
            scanned += 1
            if gear_hash < _CUT_LIMIT:
                is_cut = True
                break
        position += scanned
        open_bytes += scanned
        if is_cut or open_bytes == CHUNK_BYTES_MAX:
            lengths[count] = open_bytes
            count += 1
            gear_hash = np.uint64(0)
            open_bytes = 0
    return count, gear_hash, open_bytes


def _compiled() -> Any:  # noqa: ANN401 - numba's own kind of function
    try:
        return numba.njit(nogil=True, cache=True)(_scan_octets)
    except RuntimeError:
        # It found no folder to keep machine code in, as in a service that may write to its data
        # alone: made anew by each process then.
        return numba.njit(nogil=True)(_scan_octets)


_scan: Final[Any] = _compiled()
