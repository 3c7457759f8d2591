"""The files of vectors: tables of rows of eight bits, and the pieces of words that a model has.

A table's head is written here letter for letter and compared when it is opened, as that of passages
is. Pieces are lines of a weight, a tab and the piece, sorted: the n-th line's row is the n-th of
the model's table. Both are a stranger's when they are opened. Does not know what vectors mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from groundswell.ask.packs.vectors.cutting import PIECE_CHARACTERS_MAX, START
from groundswell.ask.packs.vectors.embedding import DIMENSIONS, SCALE_MAX, Rows
from groundswell.core.errors import Corrupt, Malformed

# They are held in memory while a pack is asked: some times what their file has.
ROWS_MAX: Final = 1 << 19
PIECES_BYTES_MAX: Final = 16 << 20
_HEAD_BYTES: Final = 128


def pack_rows(rows: Rows) -> bytes:
    """The bytes of a table, shape (rows, DIMENSIONS)."""
    return _head(len(rows)) + np.ascontiguousarray(rows, np.int8).tobytes()


def open_rows(path: Path, rows: int) -> Rows:
    """A table of so many rows, in memory only as far as it is read. Raises Corrupt."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        if head != _head(rows) or path.stat().st_size != _HEAD_BYTES + rows * DIMENSIONS:
            raise Corrupt("A pack's table of vectors does not hold what it should.")
        if not rows:  # nothing cannot be mapped
            return np.empty((0, DIMENSIONS), np.int8)
        mapped = np.memmap(path, np.int8, "r", _HEAD_BYTES, (rows, DIMENSIONS))
    except OSError as error:
        raise Corrupt("A pack's table of vectors cannot be read.") from error
    return np.asarray(mapped)


def _head(rows: int) -> bytes:
    """What numpy puts before the rows: format 1.0, the size of what follows, and a Python dict."""
    said = f"{{'descr': '|i1', 'fortran_order': False, 'shape': ({rows}, {DIMENSIONS}), }}"
    text = said.ljust(_HEAD_BYTES - 11) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def pack_pieces(pieces: Sequence[str], scales: Sequence[int]) -> bytes:
    """The bytes of a list of pieces, which are sorted, with their weights."""
    lines = (f"{scale}\t{piece}\n" for piece, scale in zip(pieces, scales, strict=True))
    return "".join(lines).encode()


def parse_pieces(data: bytes) -> tuple[list[str], list[int]]:
    """The pieces and their weights. Raises Malformed."""
    if len(data) > PIECES_BYTES_MAX:
        raise Malformed("pieces", "they are more than a pack may have")
    pieces, scales, before = list[str](), list[int](), ""
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError as error:
        raise Malformed("pieces", "they are not text in UTF-8") from error
    if lines.pop() or len(lines) > ROWS_MAX:
        raise Malformed("pieces", "the last line has no end, or there are too many")
    for line in lines:
        scale, _, piece = line.partition("\t")
        if not (scale.isascii() and scale.isdecimal() and len(scale) <= 4):
            raise Malformed("pieces", "a weight is not a whole number")
        if not before < piece or not is_piece(piece) or int(scale) > SCALE_MAX:
            raise Malformed("pieces", "they are not sorted, or one cannot be")
        before = piece
        pieces.append(piece)
        scales.append(int(scale))
    return pieces, scales


def is_piece(piece: str) -> bool:
    """Whether words may be cut into this."""
    bare = piece.removeprefix(START)
    return bool(bare) and bare.isalnum() and len(piece) <= PIECE_CHARACTERS_MAX
