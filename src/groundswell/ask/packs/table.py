"""The table of a shard's passages: rows of four int32, as a file that numpy reads.

Its head is written here letter for letter and compared when it is opened: so the same rows are the
same bytes whatever the release of numpy, and nothing in a stranger's file is interpreted. Does not
know what the rows mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from groundswell.core.errors import Corrupt

COLUMNS: Final = 4
_TYPE: Final = np.dtype("<i4")
_HEAD_BYTES: Final = 128

Row = tuple[int, int, int, int]


def pack_table(rows: Sequence[Row]) -> bytes:
    """The bytes of a table."""
    return _head(len(rows)) + np.array(rows, _TYPE).tobytes()


def open_table(path: Path, rows: int) -> npt.NDArray[np.int32]:
    """A table of so many rows, in memory only as far as it is read. Raises Corrupt."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        size_bytes = path.stat().st_size
        if head != _head(rows) or size_bytes != _HEAD_BYTES + rows * COLUMNS * _TYPE.itemsize:
            raise Corrupt("A pack's table of passages does not hold its passages.")
        if not rows:  # nothing cannot be mapped
            return np.empty((0, COLUMNS), np.int32)
        mapped = np.memmap(path, _TYPE, "r", _HEAD_BYTES, (rows, COLUMNS))
    except OSError as error:
        raise Corrupt("A pack's table of passages cannot be read.") from error
    return np.asarray(mapped)  # a plain array over the same file: rows cost less


def _head(rows: int) -> bytes:
    """What numpy puts before the rows: format 1.0, the size of what follows, and a Python dict."""
    said = f"{{'descr': '<i4', 'fortran_order': False, 'shape': ({rows}, {COLUMNS}), }}"
    text = said.ljust(_HEAD_BYTES - 11) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
