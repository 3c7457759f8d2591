"""Numbers of tensors: read piece by piece, turned, and quantised by llama.cpp's own function.

Knows bf16, f16 and f32. A piece is a few rows, so that memory does not grow with a tensor; the
bytes do not depend on where it is cut, since quantising looks at one row at a time.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from groundswell.ask.conversion.quantising import number_of, size_of
from groundswell.ask.conversion.values import Place, Work, refusal

Floats = npt.NDArray[np.float32]
Read = Callable[[str, int, int], bytes]

PIECE_NUMBERS_MAX: Final = 4 << 20
_RAW_BYTES: Final = {"F32": 4, "F16": 2, "BF16": 2}


class Quantiser:
    """``ggml_quantize_chunk`` of the library that will read the result."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._quantise = library.ggml_quantize_chunk
        self._quantise.restype = ctypes.c_size_t
        self._quantise.argtypes = [
            ctypes.c_int,
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_int64,
            ctypes.c_int64,
            ctypes.c_int64,
            ctypes.c_void_p,
        ]

    def rows(self, numbers: Floats, kind: str) -> bytes:
        """Rows as that type."""
        count, width = numbers.shape
        size_bytes = size_of(numbers.shape, kind)
        if kind == "F32":
            return numbers.astype("<f4").tobytes()
        out = ctypes.create_string_buffer(size_bytes)
        source = np.ascontiguousarray(numbers)
        written = self._quantise(number_of(kind), source.ctypes.data, out, 0, count, width, None)
        if written != size_bytes:
            raise refusal("quantising gave another size than it should")
        return out.raw


def library_path() -> Path:
    """llama.cpp as it is installed."""
    import xllamacpp  # noqa: PLC0415 - an extra

    folder = Path(str(xllamacpp.__file__)).parent
    return next(path for path in sorted(folder.glob("*.so")) if "xllamacpp" in path.name)


def rows_of(work: Work, read: Read) -> Iterator[Floats]:
    """The rows of a tensor as the model that is made has them, a few at a time."""
    if work.place is None:
        yield np.array([work.numbers], np.float32)
        return
    assert work.part is not None
    width = work.shape[-1]
    if len(work.shape) == 1 and not work.part.head_rows:
        yield _checked(work, _numbers(work.place, 0, width, read).reshape(1, width))
        return
    # A vector with heads is turned as a matrix of one column.
    width = 1 if len(work.shape) == 1 else width
    step = work.part.head_rows or 1
    step *= max(1, PIECE_NUMBERS_MAX // (width * step))
    for start in range(0, work.shape[0], step):
        stop = min(work.shape[0], start + step)
        rows = _numbers(work.place, start * width, stop * width, read).reshape(-1, width)
        rows = _turned(rows, work.part.head_rows) if work.part.head_rows else rows
        yield _checked(work, rows)


def _checked(work: Work, rows: Floats) -> Floats:
    assert work.part is not None
    if not np.isfinite(rows).all():
        raise refusal(f"the tensor {work.part.source} holds numbers that are none")
    return rows + np.float32(work.part.add) if work.part.add else rows


def _turned(rows: Floats, head_rows: int) -> Floats:
    """Rows of the two halves of each head, put together one by one."""
    halves = rows.reshape(-1, 2, head_rows // 2, rows.shape[1])
    return np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(rows.shape)


def _numbers(place: Place, first: int, last: int, read: Read) -> Floats:
    size_bytes = _RAW_BYTES[place.dtype]
    octets = read(place.file, place.start + first * size_bytes, place.start + last * size_bytes)
    if place.dtype == "BF16":
        halves = np.frombuffer(octets, "<u2").astype(np.uint32)
        return (halves << 16).view(np.float32)
    kind = "<f4" if place.dtype == "F32" else "<f2"
    return np.frombuffer(octets, kind).astype(np.float32)
