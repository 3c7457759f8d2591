"""Reading shards that peers wrote: nothing outside the given bytes is touched, no count believed.

Every client of the last years writes the same two sections. What differs is the end: none, a
stated footer that is not there, or a footer behind lookup tables. Whatever follows the sections is
skipped, not believed.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from groundswell.core.errors import Malformed
from groundswell.wire.chunking import CHUNK_BYTES_MAX
from groundswell.wire.hashing import Octets, sha256_from_shard
from groundswell.wire.shard import layout
from groundswell.wire.shard.layout import RECORD_BYTES
from groundswell.wire.shard.parts import ShardFile, ShardXorb, Terms, join_hash_records
from groundswell.wire.xorb import XORB_CHUNKS_MAX, XORB_RAW_BYTES_MAX


class Cursor:
    """A place in a shard that moves by whole records and never past the end."""

    __slots__ = ("position", "view")

    def __init__(self, view: memoryview, position: int) -> None:
        self.view = view
        self.position = position

    def take(self, count: int, where: str) -> memoryview:
        """The next ``count`` records.

        Raises:
            Malformed: when fewer are left.
        """
        end = self.position + count * RECORD_BYTES
        if end > len(self.view):
            raise Malformed(where, f"{count} records are stated, the shard ends before")
        records = self.view[self.position : end]
        self.position = end
        return records


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard whose every record was checked. Files and xorbs are read from it on demand.

    ``body`` is kept, not copied: it must not change while the shard is in use.
    """

    body: memoryview
    file_count: int
    xorb_count: int
    xorbs_offset: int

    def files(self) -> Iterator[ShardFile]:
        """The files in order."""
        return walk_files(Cursor(self.body, layout.FILES_OFFSET))

    def xorbs(self) -> Iterator[ShardXorb]:
        """The xorbs in order."""
        return walk_xorbs(Cursor(self.body, self.xorbs_offset))


def parse_shard(octets: Octets) -> Shard:
    """A shard as clients upload it, of any release.

    Raises:
        Malformed: when it is longer than 64 MiB, of another version, cut off, or states anything
            out of the bounds of files and xorbs.
    """
    view = memoryview(octets)
    footer_bytes = read_header(view)
    cursor = Cursor(view, layout.FILES_OFFSET)
    file_count = sum(1 for _ in walk_files(cursor))
    xorbs_offset = cursor.position
    xorb_count = sum(1 for _ in walk_xorbs(cursor))
    rest = len(view) - cursor.position
    # Some releases state a footer and leave it out.
    if rest and not 0 < footer_bytes <= rest:
        raise Malformed("shard", f"{rest} bytes follow the sections")
    return Shard(view, file_count, xorb_count, xorbs_offset)


def read_header(view: memoryview) -> int:
    """Check the header and return the footer length that it states.

    Raises:
        Malformed: when it is no shard of the known version.
    """
    if len(view) > layout.SHARD_BYTES_MAX:
        raise Malformed("shard", f"longer than {layout.SHARD_BYTES_MAX} bytes")
    if len(view) < layout.HEADER.size:
        raise Malformed("shard header", f"{len(view)} bytes are too few")
    tag, version, footer_bytes = layout.HEADER.unpack_from(view)
    if tag != layout.TAG:
        raise Malformed("shard header", "not a shard")
    if version != layout.VERSION:
        raise Malformed("shard header", f"version {version} is not known")
    return int(footer_bytes)


def walk_files(cursor: Cursor) -> Iterator[ShardFile]:
    """Read the file section up to and with its bookend.

    Raises:
        Malformed: at the first record out of bounds.
    """
    while True:
        header = cursor.take(1, "file section")
        file_hash, flags, count = layout.FILE_HEADER.unpack(header)
        if file_hash == layout.BOOKEND_HASH:
            return
        if flags & ~layout.KNOWN_FILE_FLAGS:
            raise Malformed("file header", f"flags {flags:#010x} are not known")
        terms = Terms(cursor.take(count, "terms"))
        proofs, sha256 = b"", None
        if flags & layout.HAS_VERIFICATION:
            proofs = join_hash_records(cursor.take(count, "verification hashes"))
        if flags & layout.HAS_SHA256:
            sha256 = sha256_from_shard(cursor.take(1, "SHA-256")[:32])
        yield ShardFile(file_hash, terms, proofs, sha256)


def walk_xorbs(cursor: Cursor) -> Iterator[ShardXorb]:
    """Read the xorb section up to and with its bookend.

    Raises:
        Malformed: at the first record out of bounds.
    """
    while True:
        header = cursor.take(1, "xorb section")
        xorb_hash, _flags, count, raw_bytes, stored_bytes = layout.XORB_HEADER.unpack(header)
        if xorb_hash == layout.BOOKEND_HASH:
            return
        if not 0 < count <= XORB_CHUNKS_MAX:
            raise Malformed("xorb header", f"{count} chunks")
        records = cursor.take(count, "chunks")
        yield _read_xorb(xorb_hash, records, raw_bytes, stored_bytes)


def _read_xorb(
    xorb_hash: bytes, records: memoryview, raw_bytes: int, stored_bytes: int
) -> ShardXorb:
    chunks = np.frombuffer(records, dtype=layout.CHUNK_DTYPE)
    lengths = chunks["raw_bytes"].astype(np.uint64)
    if not np.all((lengths > 0) & (lengths <= CHUNK_BYTES_MAX)):
        raise Malformed("chunk record", "length out of bounds")
    ends = np.cumsum(lengths)
    if not np.array_equal(ends - lengths, chunks["raw_start"]):
        raise Malformed("chunk record", "does not begin where the one before it ends")
    if int(ends[-1]) != raw_bytes or raw_bytes > XORB_RAW_BYTES_MAX:
        raise Malformed("xorb header", f"{raw_bytes} bytes uncompressed")
    return ShardXorb(
        xorb_hash=xorb_hash,
        joined_hashes=join_hash_records(records),
        raw_end=array("I", ends.tolist()),
        key_chunks=tuple(np.flatnonzero(chunks["flags"] & layout.IS_KEY_CHUNK).tolist()),
        stored_bytes=stored_bytes,
    )
