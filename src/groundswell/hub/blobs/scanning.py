"""Reading every byte of what is stored, to know whether it still is what its hash says.

Knows xorbs and shards at rest. Changes nothing, and puts nothing on record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Final, Protocol

from groundswell.core.errors import Corrupt, Malformed
from groundswell.hub.blobs.indexes import read_index
from groundswell.store.ports import BlobReader, BlobStore, Kind
from groundswell.wire.hashing import chunk_hash, hash_from_hex, hash_to_hex
from groundswell.wire.shard import SHARD_BYTES_MAX, Shard, parse_shard
from groundswell.wire.xorb import XorbScanner, serialize_footer

_PIECE_BYTES: Final = 1024 * 1024


class Readable(Protocol):
    """Where objects are read: this much of a ``BlobStore``."""

    def open(self, kind: str, key: str) -> AbstractContextManager[BlobReader]:
        """Open for reading. Raises FileNotFoundError."""
        ...


Pace = Callable[[int], None]
"""Called with the size of each piece that was read; may wait."""


def at_once(size_bytes: int) -> None:
    """No pace: as fast as it goes."""
    del size_bytes


def scan_xorb(store: Readable, key: str, pace: Pace = at_once) -> None:
    """Decode and hash every chunk of a xorb, and compare its footer.

    Raises:
        FileNotFoundError: there is none.
        Malformed, Corrupt: it is not what its hash says.
    """
    scanner = XorbScanner()
    with store.open(Kind.XORB, key) as reader:
        index = read_index(reader, key)
        for piece in pieces(reader, pace):
            scanner.feed(piece)
        found = scanner.finish(hash_from_hex(key))
        tail = reader.read_at(found.physical_bytes, reader.size_bytes - found.physical_bytes)
    if found != index or tail != serialize_footer(found):
        raise Malformed("xorb", "has another footer than its chunks should have")


def scan_shard(store: Readable, key: str, pace: Pace = at_once) -> Shard:
    """A shard at rest, found to be the one of that hash.

    Raises:
        FileNotFoundError: there is none.
        Malformed, Corrupt: other bytes than its hash says.
    """
    with store.open(Kind.SHARD, key) as reader:
        if reader.size_bytes > SHARD_BYTES_MAX:
            raise Corrupt("The shard is longer than shards are.")
        data = reader.read_at(0, reader.size_bytes)
    pace(len(data))
    if hash_to_hex(chunk_hash(data)) != key:
        raise Corrupt("The shard's bytes do not have its hash.")
    return parse_shard(data)


def fault_of(store: Readable, kind: str, key: str, pace: Pace = at_once) -> str | None:
    """What is wrong with a xorb or shard, in words; None when it is whole."""
    try:
        (scan_xorb if kind == Kind.XORB else scan_shard)(store, key, pace)
    except FileNotFoundError:
        return "The file is gone."
    except Malformed as error:
        return f"{error.where.capitalize()} {error.why}."
    except Corrupt as error:
        return error.message
    return None


def lies_there(store: BlobStore, kind: str, key: str) -> bool:
    """Whether there is such an object, whole or broken."""
    try:
        return store.size_bytes(kind, key) is not None
    except Corrupt:
        return True


def pieces(reader: BlobReader, pace: Pace = at_once) -> Iterator[bytes]:
    """All bytes of an object, about 1 MiB at a time."""
    for start in range(0, reader.size_bytes, _PIECE_BYTES):
        piece = reader.read_at(start, min(_PIECE_BYTES, reader.size_bytes - start))
        pace(len(piece))
        yield piece
