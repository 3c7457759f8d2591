"""The answer to a deduplication query: a shard of xorbs whose chunk hashes are keyed.

The key is fresh for each answer and travels in it: a client finds the chunks that it has, and
learns nothing of the others, since a raw chunk hash cannot be had from a keyed one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from groundswell.core.errors import Malformed
from groundswell.wire.hashing import HASH_BYTES, Octets, keyed_chunk_hash
from groundswell.wire.shard import layout
from groundswell.wire.shard.parts import ShardXorb
from groundswell.wire.shard.read import Cursor, read_header, walk_files, walk_xorbs
from groundswell.wire.shard.write import xorb_records


@dataclass(frozen=True, slots=True)
class DedupAnswer:
    """What an answer says. Times are unix seconds."""

    hmac_key: bytes
    created_at: int
    key_expiry: int
    xorbs: tuple[ShardXorb, ...]


def write_dedup_answer(
    hmac_key: bytes, xorbs: Iterable[ShardXorb], created_at: int, key_expiry: int
) -> bytes:
    """The answer that offers those xorbs, whose hashes are given raw, until ``key_expiry``.

    A xorb of a single chunk is left out: its own hash, which is never keyed, is the raw hash of
    that chunk. An expiry of 0 or in the past makes clients forget the answer at once.
    """
    assert len(hmac_key) == HASH_BYTES, "the key has 32 bytes"
    parts = [layout.BOOKEND]
    raw_bytes = stored_bytes = 0
    for xorb in xorbs:
        if len(xorb) > 1:
            parts.extend(xorb_records(_keyed(xorb, hmac_key)))
            raw_bytes += xorb.raw_end[-1]
            stored_bytes += xorb.stored_bytes
    parts.append(layout.BOOKEND)
    xorbs_at = layout.FILES_OFFSET + layout.RECORD_BYTES
    footer_at = layout.FILES_OFFSET + sum(len(part) for part in parts)
    footer = layout.FOOTER.pack(
        layout.FOOTER_VERSION,
        *(layout.FILES_OFFSET, xorbs_at),
        # The lookup tables are empty: clients scan the records.
        *(footer_at, 0, footer_at, 0, footer_at, 0),
        hmac_key,
        *(created_at, key_expiry),
        *(stored_bytes, 0, raw_bytes),
        footer_at,
    )
    header = layout.HEADER.pack(layout.TAG, layout.VERSION, len(footer))
    return b"".join((header, *parts, footer))


def read_dedup_answer(octets: Octets) -> DedupAnswer:
    """An answer, as another hub gives it.

    Raises:
        Malformed: when it is not one.
    """
    view = memoryview(octets)
    footer_bytes = read_header(view)
    cursor = Cursor(view, layout.FILES_OFFSET)
    if any(True for _ in walk_files(cursor)):
        raise Malformed("deduplication answer", "lists files")
    xorbs = tuple(walk_xorbs(cursor))
    if footer_bytes != layout.FOOTER.size or len(view) < cursor.position + layout.FOOTER.size:
        raise Malformed("deduplication answer", "has no footer")
    version, *_offsets, hmac_key, created_at, key_expiry, _, _, _, footer_at = layout.FOOTER.unpack(
        view[-layout.FOOTER.size :]
    )
    if version != layout.FOOTER_VERSION or footer_at != len(view) - layout.FOOTER.size:
        raise Malformed("deduplication answer", "the footer is not that of this shard")
    return DedupAnswer(hmac_key, created_at, key_expiry, xorbs)


def _keyed(xorb: ShardXorb, hmac_key: bytes) -> ShardXorb:
    keyed = (keyed_chunk_hash(hmac_key, xorb.chunk_hash(chunk)) for chunk in range(len(xorb)))
    return replace(xorb, joined_hashes=b"".join(keyed))
