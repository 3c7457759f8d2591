"""Packing chunks into a xorb: records go out as they are made, only the index is kept."""

from __future__ import annotations

from groundswell.wire.hashing import Octets, chunk_hash
from groundswell.wire.xorb.index import IndexBuilder, XorbIndex
from groundswell.wire.xorb.records import Scheme, choose_scheme, encode_chunk


class XorbBuilder:
    """Encodes chunks into the records of one xorb, within its limits.

    The caller writes each returned record after the last one, and may write
    ``serialize_footer(index)`` after them all. A chunk that does not fit begins the next xorb::

        if not builder.has_room(len(chunk)):
            finish_file(builder.finish())
            builder = XorbBuilder()
        file.write(builder.add(chunk))
    """

    __slots__ = ("_index", "_scheme")

    def __init__(self, scheme: Scheme | None = None) -> None:
        """Use one scheme for all chunks, or by default the one that suits each."""
        self._index = IndexBuilder()
        self._scheme = scheme

    def __len__(self) -> int:
        """The number of chunks so far."""
        return len(self._index)

    @property
    def physical_bytes(self) -> int:
        """The bytes of the records returned so far."""
        return self._index.physical_bytes

    @property
    def raw_bytes(self) -> int:
        """The bytes of the chunks added so far."""
        return self._index.raw_bytes

    def has_room(self, raw_bytes: int) -> bool:
        """Whether a chunk of that length may be added: 8192 chunks and 64 MiB in all."""
        return self._index.has_room(raw_bytes)

    def add(self, chunk: Octets, digest: bytes | None = None) -> bytes:
        """Append a chunk that fits; its record. ``digest`` is its chunk hash, when known."""
        scheme = choose_scheme(chunk) if self._scheme is None else self._scheme
        record = encode_chunk(chunk, scheme)
        self._index.add(digest or chunk_hash(chunk), len(record), len(chunk))
        return record

    def finish(self) -> XorbIndex:
        """The index of what was added, at least one chunk. The builder is used up."""
        return self._index.finish()
