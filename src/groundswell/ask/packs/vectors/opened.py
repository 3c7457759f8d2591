"""The vectors of a pack that is open: how near passages are to what is asked.

Knows which files belong together, and opens them when they are first wanted. Everything in them is
a stranger's: what is not as it should be is Corrupt. Does not know texts.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from groundswell.ask.packs.vectors.embedding import Embedder, Rows, nearness
from groundswell.ask.packs.vectors.form import PIECES_BYTES_MAX, open_rows, parse_pieces
from groundswell.core.errors import Corrupt, Malformed
from groundswell.wire.packs import Manifest, VectorModel, pieces_path, vectors_path


class PackVectors:
    """The vectors that one model made of a pack. Thread-safe.

    Args:
        manifest: of the pack.
        file: where a file of the pack lies.
    """

    def __init__(self, manifest: Manifest, file: Callable[[str], Path]) -> None:
        self._maker = _maker_of(manifest)
        self._manifest = manifest
        self._file = file
        self._lock = threading.Lock()
        self._embedder: Embedder | None = None
        self._tables: dict[int, Rows] = {}
        self._bases: list[int] = []
        passages = 0
        for shard in manifest.shards:
            self._bases.append(passages)
            passages += shard.counts.passages

    @property
    def are_there(self) -> bool:
        """Whether the pack has any."""
        return self._maker != ""

    def asked(self, text: str) -> Rows | None:
        """The vector of a question's words; None when they say nothing, or there are no vectors.

        Raises:
            Corrupt: the model's files cannot be read.
        """
        if not self.are_there or not text:
            return None
        return self._model().asked(text)

    def nearness(self, asked: Rows, passages: range) -> npt.NDArray[np.float64]:
        """How near each passage of one article is to what is asked: -1 to 1.

        Raises:
            Corrupt: the table cannot be read.
        """
        at = bisect_right(self._bases, passages.start) - 1
        base = self._bases[at]
        return nearness(asked, self._table(at)[passages.start - base : passages.stop - base])

    def _model(self) -> Embedder:
        with self._lock:
            if self._embedder is None:
                self._embedder = open_model(
                    self._maker, self._manifest.vectors[self._maker], self._file
                )
            return self._embedder

    def _table(self, at: int) -> Rows:
        with self._lock:
            found = self._tables.get(at)
            if found is None:
                shard = self._manifest.shards[at]
                path = self._file(vectors_path(self._maker, shard.vectors[self._maker]))
                found = self._tables[at] = open_rows(path, shard.counts.passages)
            return found


def open_model(maker: str, model: VectorModel, file: Callable[[str], Path]) -> Embedder:
    """The model that a pack carries. Raises Corrupt."""
    try:
        with file(pieces_path(maker, model.pieces)).open("rb") as opened:
            pieces, scales = parse_pieces(opened.read(PIECES_BYTES_MAX + 1))
    except (Malformed, OSError) as error:
        raise Corrupt("The words of a pack's vectors cannot be read.") from error
    return Embedder(pieces, scales, open_rows(file(vectors_path(maker, model.table)), len(pieces)))


def _maker_of(manifest: Manifest) -> str:
    """The first model whose vectors all of the pack has; "" without one."""
    for maker in sorted(manifest.vectors):
        if all(maker in shard.vectors for shard in manifest.shards):
            return maker
    return ""
