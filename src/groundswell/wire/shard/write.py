"""Writing shards in the form that clients upload: header, files, xorbs, no footer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from groundswell.wire.hashing import sha256_to_shard
from groundswell.wire.shard import layout
from groundswell.wire.shard.parts import ShardFile, ShardXorb, pack_hash_records


def write_shard(files: Iterable[ShardFile], xorbs: Iterable[ShardXorb] = ()) -> bytes:
    """The shard that says so. The caller keeps it under ``SHARD_BYTES_MAX``."""
    parts = [layout.HEADER.pack(layout.TAG, layout.VERSION, 0)]
    for file in files:
        parts.extend(_file_records(file))
    parts.append(layout.BOOKEND)
    for xorb in xorbs:
        parts.extend(xorb_records(xorb))
    parts.append(layout.BOOKEND)
    return b"".join(parts)


def shard_bytes(file: ShardFile) -> int:
    """How much longer ``write_shard`` is for that file."""
    records = 1 + len(file.terms) + (file.sha256 is not None)
    records += len(file.terms) if file.verification_hashes else 0
    return records * layout.RECORD_BYTES


def xorb_records(xorb: ShardXorb) -> Iterator[bytes]:
    """The records of one xorb, header first."""
    count = len(xorb)
    yield layout.XORB_HEADER.pack(xorb.xorb_hash, 0, count, xorb.raw_end[-1], xorb.stored_bytes)
    chunks = np.zeros(count, dtype=layout.CHUNK_DTYPE)
    ends = np.array(xorb.raw_end, dtype=np.uint32)
    chunks["chunk_hash"] = np.frombuffer(xorb.joined_hashes, dtype="V32")
    chunks["raw_start"][1:] = ends[:-1]
    chunks["raw_bytes"] = ends - chunks["raw_start"]
    chunks["flags"][list(xorb.key_chunks)] = layout.IS_KEY_CHUNK
    yield chunks.tobytes()


def _file_records(file: ShardFile) -> Iterator[bytes]:
    # An empty file needs no proof and carries the flag all the same, as clients write it.
    has_proofs = len(file.verification_hashes) == len(file.terms) * 32
    flags = layout.HAS_VERIFICATION if has_proofs else 0
    flags |= layout.HAS_SHA256 if file.sha256 is not None else 0
    yield layout.FILE_HEADER.pack(file.file_hash, flags, len(file.terms))
    yield file.terms.packed
    if has_proofs:
        yield pack_hash_records(file.verification_hashes)
    if file.sha256 is not None:
        yield layout.HASH_RECORD.pack(sha256_to_shard(file.sha256))
