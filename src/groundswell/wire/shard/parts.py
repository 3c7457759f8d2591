"""What a shard tells: files made of terms, and the chunks of new xorbs.

Lists that a peer makes long stay packed as they travelled (48 bytes an entry) and are read entry by
entry, so that a shard of 64 MiB does not become a gigabyte of objects.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from groundswell.core.errors import Malformed
from groundswell.wire.chunking import CHUNK_BYTES_MAX
from groundswell.wire.hashing import HASH_BYTES, Octets
from groundswell.wire.shard.layout import HASH_RECORD, RECORD_BYTES, TERM, TERM_DTYPE
from groundswell.wire.xorb import XORB_CHUNKS_MAX, XorbIndex

_FEW_TERMS: Final = 16


class Term(NamedTuple):
    """A run of chunks [chunk_start, chunk_end) of one xorb, and its uncompressed length."""

    xorb_hash: bytes
    unpacked_bytes: int
    chunk_start: int
    chunk_end: int


class Terms(Sequence[Term]):
    """The terms of a file in order, packed: 48 bytes each, as shards carry them."""

    __slots__ = ("_records",)

    def __init__(self, records: Octets = b"") -> None:
        """Read packed terms.

        Raises:
            Malformed: when one names no chunk, or more bytes than its chunks can have.
        """
        if len(records) % RECORD_BYTES:
            raise Malformed("term", "records are cut off")
        self._records = records
        # Most files of an upload have one term: arrays would cost more than they save.
        if len(self) <= _FEW_TERMS:
            self._check_few()
        else:
            self._check_many()

    @classmethod
    def of(cls, terms: Iterable[Term]) -> Terms:
        """Pack terms.

        Raises:
            Malformed: as the constructor does.
        """
        try:
            return cls(b"".join(TERM.pack(term[0], 0, *term[1:]) for term in terms))
        except struct.error as error:
            raise Malformed("term", "a number is out of bounds") from error

    @property
    def packed(self) -> bytes:
        """The bytes that ``Terms`` reads."""
        return bytes(self._records)

    def ends(self) -> npt.NDArray[np.uint64]:
        """The offset in the file after each term."""
        return np.cumsum(self._columns()["unpacked_bytes"], dtype=np.uint64)

    @property
    def size_bytes(self) -> int:
        """The length of the file that the terms make."""
        return int(self._columns()["unpacked_bytes"].sum(dtype=np.uint64))

    def xorb_hashes(self) -> set[bytes]:
        """The xorbs that the terms are in."""
        return {term.xorb_hash for term in self}

    def __len__(self) -> int:
        """The number of terms."""
        return len(self._records) // RECORD_BYTES

    @overload
    def __getitem__(self, index: int) -> Term: ...
    @overload
    def __getitem__(self, index: slice) -> Terms: ...
    def __getitem__(self, index: int | slice) -> Term | Terms:
        """One term, or some of them."""
        if isinstance(index, slice):
            return Terms(self._columns()[index].tobytes())
        place = range(len(self))[index]
        xorb_hash, _flags, *numbers = TERM.unpack_from(self._records, place * RECORD_BYTES)
        return Term(xorb_hash, *numbers)

    def __iter__(self) -> Iterator[Term]:
        """Each term in order."""
        for xorb_hash, _flags, *numbers in TERM.iter_unpack(self._records):
            yield Term(xorb_hash, *numbers)

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same terms, flags aside."""
        return isinstance(other, Terms) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # may be large: compare, do not index by it

    def _columns(self) -> npt.NDArray[np.void]:
        return np.frombuffer(self._records, dtype=TERM_DTYPE)

    def _check_few(self) -> None:
        for _, unpacked_bytes, start, end in self:
            if not start < end <= XORB_CHUNKS_MAX:
                raise Malformed("term", "chunk numbers out of bounds")
            if not 0 < unpacked_bytes <= (end - start) * CHUNK_BYTES_MAX:
                raise Malformed("term", "length out of bounds")

    def _check_many(self) -> None:
        columns = self._columns()
        start, end = columns["chunk_start"], columns["chunk_end"]
        unpacked_bytes = columns["unpacked_bytes"].astype(np.uint64)
        if not np.all((start < end) & (end <= XORB_CHUNKS_MAX)):
            raise Malformed("term", "chunk numbers out of bounds")
        most = (end - start).astype(np.uint64) * np.uint64(CHUNK_BYTES_MAX)
        if not np.all((unpacked_bytes > 0) & (unpacked_bytes <= most)):
            raise Malformed("term", "length out of bounds")


@dataclass(frozen=True, slots=True)
class ShardFile:
    """One file: its terms, the proof for each, and the SHA-256 that the uploader claims.

    ``verification_hashes`` holds 32 bytes for each term, joined; it is empty when the shard brings
    no proof. ``sha256`` is the plain digest.
    """

    file_hash: bytes
    terms: Terms
    verification_hashes: bytes = b""
    sha256: bytes | None = None

    @property
    def size_bytes(self) -> int:
        """The file's length, as the terms state it."""
        return self.terms.size_bytes

    def verification_hash(self, term: int) -> bytes:
        """The proof for the term with that number."""
        return self.verification_hashes[term * HASH_BYTES : (term + 1) * HASH_BYTES]


@dataclass(frozen=True, slots=True)
class ShardXorb:
    """The chunks of one xorb, as a shard lists them.

    ``joined_hashes`` has 32 bytes a chunk (keyed ones in a deduplication answer), ``raw_end`` the
    uncompressed offset after each. ``key_chunks`` are the numbers of those that clients ask for
    in deduplication queries. ``stored_bytes`` is 0 where the writer does not know it.
    """

    xorb_hash: bytes
    joined_hashes: bytes
    raw_end: array[int]
    key_chunks: tuple[int, ...] = ()
    stored_bytes: int = 0

    @classmethod
    def of(cls, index: XorbIndex, key_chunks: Iterable[int] = ()) -> ShardXorb:
        """What a shard says of a stored xorb."""
        return cls(
            xorb_hash=index.xorb_hash,
            joined_hashes=index.joined_hashes,
            raw_end=index.raw_end,
            key_chunks=tuple(sorted(key_chunks)),
            stored_bytes=index.physical_bytes,
        )

    def __len__(self) -> int:
        """The number of chunks."""
        return len(self.raw_end)

    def chunk_hash(self, chunk: int) -> bytes:
        """The hash of the chunk with that number."""
        return self.joined_hashes[chunk * HASH_BYTES : (chunk + 1) * HASH_BYTES]


def pack_hash_records(joined_hashes: Octets) -> bytes:
    """32-byte hashes as records of a shard."""
    return b"".join(
        HASH_RECORD.pack(joined_hashes[start : start + HASH_BYTES])
        for start in range(0, len(joined_hashes), HASH_BYTES)
    )


def join_hash_records(records: Octets) -> bytes:
    """The 32-byte hashes of such records, joined."""
    if len(records) == RECORD_BYTES:
        return bytes(records[:HASH_BYTES])
    rows = np.frombuffer(records, dtype=np.uint8).reshape(-1, RECORD_BYTES)
    return rows[:, :HASH_BYTES].tobytes()
