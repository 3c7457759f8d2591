"""Texts as vectors: sums of the rows of their pieces, brought to one length, in whole numbers.

Sums of whole numbers are the same in any order, whatever a processor or a library does at once; so
the same texts and the same table give the same bytes everywhere. What a passage says and what it
stands under count alike, however long they are. Does not know files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from groundswell.ask.packs.vectors.cutting import Cutter

DIMENSIONS: Final = 256
# A row's weight among the others: of 4,000 pieces the sum stays below 2**31.
SCALE_MAX: Final = 4_095
PIECES_MAX: Final = 4_000
RULE: Final = f"sum of {DIMENSIONS} int8, label and text alike, longest pieces, 1"
_LEVEL: Final = 127
_HALF: Final = 1 << 14
# Of pieces that are summed at once: 1 MiB, which stays near the processor.
_AT_ONCE: Final = 1_024
_TEXTS_AT_ONCE: Final = 4_096

Rows = npt.NDArray[np.int8]
_Sums = npt.NDArray[np.int64]


class Embedder:
    """Makes vectors of texts.

    Args:
        pieces: of words, as `cutting` wants them.
        scales: how much each piece's row weighs, 0 to SCALE_MAX.
        table: a row for each piece, shape (pieces, DIMENSIONS); it may lie in a file.
    """

    def __init__(self, pieces: Sequence[str], scales: Sequence[int], table: Rows) -> None:
        self._cutter = Cutter(pieces)
        self._scales = np.array(scales, np.int32).reshape(-1, 1)
        self._table = table

    def asked(self, text: str) -> Rows | None:
        """The vector of a question's words, shape (DIMENSIONS,); None when they say nothing."""
        (half,) = self._halves([text])
        return _as_rows(half)[0] if half.any() else None

    def passages(self, labelled: Iterable[tuple[str, str]]) -> Rows:
        """The vectors of passages, shape (passages, DIMENSIONS): of (label, text) each. Those that
        say nothing are nought.
        """
        given = list(labelled)
        places = {label: number for number, label in enumerate(dict.fromkeys(a for a, _ in given))}
        labels = np.empty((len(places), DIMENSIONS), np.int16)
        _fill(labels, self._halves(list(places)), lambda halves, _: halves)
        of_label = np.array([places[label] for label, _ in given], np.int64)
        made = np.empty((len(given), DIMENSIONS), np.int8)
        texts = self._halves([text for _, text in given])
        _fill(made, texts, lambda halves, at: _as_rows(halves + labels[of_label[at]]))
        return made

    def _halves(self, texts: Sequence[str]) -> Iterator[_Sums]:
        """What texts say, each brought to one length, some at once: nought where one says nothing.
        Nothing goes beyond _HALF.
        """
        waiting: list[list[int]] = []
        count = 0
        for text in texts:
            numbers = self._cutter.numbers(text, PIECES_MAX)
            waiting.append(numbers)
            count += len(numbers)
            if count >= _AT_ONCE or len(waiting) == _TEXTS_AT_ONCE:
                yield self._summed(waiting)
                waiting, count = [], 0
        if waiting:
            yield self._summed(waiting)

    def _summed(self, lists: Sequence[Sequence[int]]) -> _Sums:
        made = np.zeros((len(lists), DIMENSIONS), np.int64)
        filled = [number for number, each in enumerate(lists) if each]
        if filled:
            numbers = np.array([each for list_ in lists for each in list_], np.int64)
            rows = self._table[numbers].astype(np.int32) * self._scales[numbers]
            starts = np.cumsum([0, *(len(lists[each]) for each in filled[:-1])])
            made[filled] = _to_length(np.add.reduceat(rows, starts, axis=0).astype(np.int64))
        return made


def nearness(asked: Rows, rows: Rows) -> npt.NDArray[np.float64]:
    """The cosine of a question's vector and each of some rows, shape (rows,): -1 to 1."""
    own = asked.astype(np.int32)
    wide = rows.astype(np.int32)
    lengths = np.sqrt((wide * wide).sum(axis=1, dtype=np.int64) * float(own @ own))
    return np.asarray((wide @ own) / np.maximum(lengths, 1.0))


def _to_length(sums: _Sums) -> _Sums:
    """Vectors of the same directions and of about the length _HALF each."""
    most = np.maximum(np.abs(sums).max(axis=1, keepdims=True), 1)
    even = _divided(sums * ((1 << 15) - 1), most)  # so that squares stay whole
    lengths = np.sqrt((even * even).sum(axis=1, keepdims=True).astype(np.float64))
    return _divided(even * _HALF, np.maximum(lengths.astype(np.int64), 1))


def _fill(
    made: npt.NDArray[Any],
    portions: Iterable[_Sums],
    make: Callable[[_Sums, slice], npt.NDArray[Any]],
) -> None:
    """Put rows into a table, portion by portion: each as wide as it is kept, and no wider."""
    start = 0
    for portion in portions:
        at = slice(start, start + len(portion))
        made[at] = make(portion, at)
        start = at.stop


def _as_rows(sums: _Sums) -> Rows:
    most = np.maximum(np.abs(sums).max(axis=1, keepdims=True), 1)
    return _divided(sums * _LEVEL, most).astype(np.int8)


def _divided(numbers: _Sums, by: _Sums) -> _Sums:
    """The nearest whole numbers; halves away from nought."""
    return np.asarray(np.sign(numbers) * ((2 * np.abs(numbers) + by) // (2 * by)))
