"""Where the tensors of a file lie, whatever its format.

Knows safetensors and GGUF. A file that is neither, or that is broken, has no tensors: it is still
a file, and nobody here is to judge it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from groundswell.core.errors import Malformed
from groundswell.wire import gguf, safetensors
from groundswell.wire.hashing import Octets
from groundswell.wire.tensors.layouts import Layout, layout_of_gguf, layout_of_safetensors

_PIECE_BYTES: Final = 1024 * 1024

ReadAt = Callable[[int, int], Octets]
"""(offset, size) -> exactly so many bytes of the file."""


@dataclass(frozen=True, slots=True)
class TensorPlace:
    """One tensor: its whole numbers or blocks are the bytes [start, stop) of the file."""

    name: str
    layout: Layout
    start: int
    stop: int


def tensor_places(read_at: ReadAt, size_bytes: int) -> list[TensorPlace]:
    """The tensors of a file, in the order of their bytes; none when it has none that are known."""
    if size_bytes <= safetensors.PREFIX_BYTES:
        return []
    prefix = bytes(read_at(0, safetensors.PREFIX_BYTES))
    try:
        if prefix.startswith(gguf.MAGIC):
            return _of_gguf(read_at, size_bytes)
        return _of_safetensors(read_at, size_bytes, prefix)
    except Malformed:
        return []


def _of_safetensors(read_at: ReadAt, size_bytes: int, prefix: bytes) -> list[TensorPlace]:
    size = safetensors.header_bytes(prefix, size_bytes)
    text = bytes(read_at(safetensors.PREFIX_BYTES, size))
    header = safetensors.parse_header(text, size_bytes)
    begin = safetensors.PREFIX_BYTES + size
    return [
        TensorPlace(
            tensor.name,
            layout_of_safetensors(tensor.dtype),
            begin + tensor.start,
            begin + tensor.stop,
        )
        for tensor in header.tensors
        if tensor.stop > tensor.start
    ]


def _of_gguf(read_at: ReadAt, size_bytes: int) -> list[TensorPlace]:
    def pieces() -> Iterator[bytes]:
        for start in range(0, size_bytes, _PIECE_BYTES):
            yield bytes(read_at(start, min(_PIECE_BYTES, size_bytes - start)))

    tensors, begin = gguf.parse_tensors(pieces())
    tensors.sort(key=lambda tensor: tensor.offset)
    starts = [begin + tensor.offset for tensor in tensors]
    found = []
    for tensor, start, limit in zip(tensors, starts, [*starts[1:], size_bytes], strict=True):
        layout = layout_of_gguf(tensor.type)
        # A tensor ends before the padding; the part of it that would make a whole block is as good.
        stop = start + (min(limit, size_bytes) - start) // layout.record_bytes * layout.record_bytes
        if stop > start:
            found.append(TensorPlace(tensor.name, layout, start, stop))
    return found
