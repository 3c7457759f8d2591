"""Cutting a stream: lengths only (no bytes kept), or the chunks themselves (one kept)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.wire.chunking.engines import best_engine, load_engine
from groundswell.wire.chunking.rule import ScanState

if TYPE_CHECKING:
    from groundswell.wire.chunking.engines import EngineName
    from groundswell.wire.hashing import Octets


class Chunker:
    """Chunk lengths of a stream fed in buffers of any size. Keeps two integers, no bytes.

    The cuts depend on the bytes alone, not on how they were split into buffers, nor on the engine.
    """

    __slots__ = ("_scan", "_state")

    def __init__(self, engine: EngineName | None = None) -> None:
        self._scan = load_engine(engine or best_engine())
        self._state = ScanState()

    @property
    def open_bytes(self) -> int:
        """Bytes fed since the last cut."""
        return self._state.open_bytes

    def feed(self, buffer: Octets) -> list[int]:
        """The lengths of the chunks that end inside ``buffer``; the first may begin before it."""
        lengths, self._state = self._scan(buffer, self._state)
        return lengths

    def finish(self) -> int:
        """The length of the last, open chunk; 0 when a cut falls on the end or nothing was fed."""
        length = self._state.open_bytes
        self._state = ScanState()
        return length


class ChunkSplitter:
    """The chunks of a stream, as bytes. Holds back less than one chunk (128 KiB).

    Chunks that lie within one fed buffer are views of it, not copies: use them before the buffer
    is written over.
    """

    __slots__ = ("_chunker", "_held")

    def __init__(self, engine: EngineName | None = None) -> None:
        self._chunker = Chunker(engine)
        self._held = bytearray()

    def feed(self, buffer: Octets) -> list[Octets]:
        """The chunks that end inside ``buffer``, in order."""
        view = memoryview(buffer)
        chunks: list[Octets] = []
        position = 0
        for length in self._chunker.feed(view):
            end = position + length - len(self._held)
            if self._held:
                chunks.append(bytes(self._held) + view[position:end])
                self._held.clear()
            else:
                chunks.append(view[position:end])
            position = end
        self._held += view[position:]
        return chunks

    def finish(self) -> bytes:
        """The last chunk; empty when there is none."""
        last = bytes(self._held)
        self._held.clear()
        self._chunker.finish()
        return last


def split(content: Octets, engine: EngineName | None = None) -> list[memoryview]:
    """The chunks of content that lies in memory, as views of it. No chunk for no content."""
    view = memoryview(content)
    chunker = Chunker(engine)
    lengths = chunker.feed(view)
    if last := chunker.finish():
        lengths.append(last)
    chunks, position = [], 0
    for length in lengths:
        chunks.append(view[position : position + length])
        position += length
    return chunks
