"""What a xorb holds and where: hashes and offsets of its chunks, 40 bytes for each."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from groundswell.core.errors import Malformed
from groundswell.wire.hashing import HASH_BYTES, MerkleTree, hash_to_hex

XORB_CHUNKS_MAX: Final = 8192
XORB_RAW_BYTES_MAX: Final = 64 * 1024 * 1024
# Records of a full xorb need 64 KiB of headers; old clients add a footer of at most 321 KiB.
XORB_BYTES_MAX: Final = 66 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class XorbIndex:
    """The chunks of one xorb in order. Chunk ranges are half-open, as are byte ranges.

    ``joined_hashes`` has 32 bytes for each chunk. ``physical_end[i]`` is the offset in the stored
    records after chunk ``i`` (headers included), ``raw_end[i]`` the same in uncompressed bytes.
    """

    xorb_hash: bytes
    joined_hashes: bytes
    physical_end: array[int]
    raw_end: array[int]

    def __post_init__(self) -> None:
        count = len(self.physical_end)
        assert count == len(self.raw_end), "one raw end for each physical end"
        assert count * HASH_BYTES == len(self.joined_hashes), "one hash for each end"

    def __len__(self) -> int:
        """The number of chunks."""
        return len(self.raw_end)

    @property
    def physical_bytes(self) -> int:
        """The length of the chunk records, footer not counted."""
        return self.physical_end[-1]

    @property
    def raw_bytes(self) -> int:
        """The length of all chunks, uncompressed."""
        return self.raw_end[-1]

    def chunk_hash(self, chunk: int) -> bytes:
        """The hash of the chunk with that number."""
        assert 0 <= chunk < len(self), "chunk number outside the xorb"
        return self.joined_hashes[chunk * HASH_BYTES : (chunk + 1) * HASH_BYTES]

    def joined_hashes_of(self, start: int, end: int) -> bytes:
        """The hashes of chunks [start, end), 32 bytes each."""
        self._check_range(start, end)
        return self.joined_hashes[start * HASH_BYTES : end * HASH_BYTES]

    def chunks(self, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int]]:
        """(hash, uncompressed length) of chunks [start, end); all of them by default."""
        end = len(self) if end is None else end
        self._check_range(start, end)
        previous = self._raw_start(start)
        for chunk in range(start, end):
            raw_end = self.raw_end[chunk]
            yield self.chunk_hash(chunk), raw_end - previous
            previous = raw_end

    def physical_range(self, start: int, end: int) -> tuple[int, int]:
        """The bytes of the stored records that hold chunks [start, end)."""
        self._check_range(start, end)
        return (self.physical_end[start - 1] if start else 0), self.physical_end[end - 1]

    def raw_range(self, start: int, end: int) -> tuple[int, int]:
        """The bytes of the uncompressed xorb that chunks [start, end) make up."""
        self._check_range(start, end)
        return self._raw_start(start), self.raw_end[end - 1]

    def chunk_at(self, raw_offset: int) -> int:
        """The number of the chunk that holds the byte at ``raw_offset`` of the uncompressed xorb.

        An offset at or past the end gives the number of chunks.
        """
        assert raw_offset >= 0, "offset before the xorb"
        return bisect_right(self.raw_end, raw_offset)

    def _raw_start(self, chunk: int) -> int:
        return self.raw_end[chunk - 1] if chunk else 0

    def _check_range(self, start: int, end: int) -> None:
        if not 0 <= start < end <= len(self):
            raise Malformed("xorb", f"chunks {start} to {end} of a xorb of {len(self)}")


class IndexBuilder:
    """Grows a ``XorbIndex`` chunk by chunk, within the limits of a xorb."""

    __slots__ = ("_hashes", "_physical_end", "_raw_end", "_tree")

    def __init__(self) -> None:
        self._hashes = bytearray()
        self._physical_end = array("I")
        self._raw_end = array("I")
        self._tree = MerkleTree()

    def __len__(self) -> int:
        """The number of chunks so far."""
        return len(self._raw_end)

    @property
    def raw_bytes(self) -> int:
        """The uncompressed bytes so far."""
        return self._raw_end[-1] if self._raw_end else 0

    @property
    def physical_bytes(self) -> int:
        """The bytes of records so far."""
        return self._physical_end[-1] if self._physical_end else 0

    def has_room(self, raw_bytes: int) -> bool:
        """Whether another chunk of that uncompressed length stays within the limits."""
        return len(self) < XORB_CHUNKS_MAX and self.raw_bytes + raw_bytes <= XORB_RAW_BYTES_MAX

    def add(self, chunk_hash: bytes, physical_bytes: int, raw_bytes: int) -> None:
        """Append a chunk whose record (with its header) takes ``physical_bytes``."""
        assert self.has_room(raw_bytes), "chunk added to a full xorb"
        self._tree.add(chunk_hash, raw_bytes)
        self._hashes += chunk_hash
        self._physical_end.append(self.physical_bytes + physical_bytes)
        self._raw_end.append(self.raw_bytes + raw_bytes)

    def finish(self) -> XorbIndex:
        """The index, with the xorb's hash. The builder is used up."""
        assert len(self), "a xorb has at least one chunk"
        return XorbIndex(
            xorb_hash=self._tree.root(),
            joined_hashes=bytes(self._hashes),
            physical_end=self._physical_end,
            raw_end=self._raw_end,
        )


def check_ends(ends: array[int], least_step: int, most_step: int, where: str) -> None:
    """Raise ``Malformed`` unless offsets grow by a step between the two bounds, from zero."""
    for previous, end in pairwise([0, *ends]):
        if not least_step <= end - previous <= most_step:
            raise Malformed(where, f"offset {end} after {previous}")


def check_hash(found: bytes, expected: bytes, where: str) -> None:
    """Raise ``Malformed`` unless the two hashes are equal.

    The error names only the expected hash, which the peer sent: a hash of content can be a right
    to it.
    """
    if found != expected:
        raise Malformed(where, f"the bytes do not have the hash {hash_to_hex(expected)}")
