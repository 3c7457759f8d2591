"""Whether a file in an uploaded shard is what it claims, given the xorbs as they are stored.

Which xorbs the uploader may use at all is decided above, before this is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from groundswell.core.errors import Malformed
from groundswell.wire.hashing import (
    HASH_BYTES,
    MerkleTree,
    finish_file_hash,
    hash_to_hex,
    term_verification_hash,
)
from groundswell.wire.shard.parts import ShardFile, Term
from groundswell.wire.xorb import XorbIndex


def verify_term(term: Term, verification_hash: bytes, index: XorbIndex) -> None:
    """Check one term against the index of its xorb.

    Raises:
        Malformed: when its chunks are not there, have another length, or the proof that the
            uploader knows their hashes is wrong.
    """
    raw_start, raw_end = index.raw_range(term.chunk_start, term.chunk_end)
    if raw_end - raw_start != term.unpacked_bytes:
        raise Malformed("term", f"states {term.unpacked_bytes} bytes of {raw_end - raw_start}")
    joined_hashes = index.joined_hashes_of(term.chunk_start, term.chunk_end)
    if term_verification_hash(joined_hashes) != verification_hash:
        raise Malformed("term", "the verification hash does not fit")


def verify_file(file: ShardFile, index_of: Callable[[bytes], XorbIndex]) -> None:
    """Check every term, every proof and the file hash.

    Takes about two microseconds for each chunk of the file, also for chunks named many times:
    the caller bounds ``file.size_bytes`` first. ``index_of`` is asked once for each run of terms in
    the same xorb; its errors pass through.

    Raises:
        Malformed: when anything does not fit.
    """
    if len(file.verification_hashes) != len(file.terms) * HASH_BYTES:
        raise Malformed("file", "brings no verification hashes")
    tree = MerkleTree()
    index: XorbIndex | None = None
    for number, term in enumerate(file.terms):
        if index is None or index.xorb_hash != term.xorb_hash:
            index = index_of(term.xorb_hash)
        verify_term(term, file.verification_hash(number), index)
        tree.extend(index.chunks(term.chunk_start, term.chunk_end))
    if finish_file_hash(tree) != file.file_hash:
        raise Malformed("file", f"the terms do not make {hash_to_hex(file.file_hash)}")


def verification_hashes(terms: Iterable[Term], index_of: Callable[[bytes], XorbIndex]) -> bytes:
    """The proofs for terms, joined: for a shard that the hub writes itself."""
    return b"".join(
        term_verification_hash(
            index_of(term.xorb_hash).joined_hashes_of(term.chunk_start, term.chunk_end)
        )
        for term in terms
    )
