"""Shards: which terms make which file, and which chunks make the new xorbs.

Knows the format (Xet protocol, shard) as every client release writes it, and the answers to
deduplication queries. Does not know which files or xorbs a caller may name.
"""

from __future__ import annotations

from groundswell.wire.shard.answer import DedupAnswer, read_dedup_answer, write_dedup_answer
from groundswell.wire.shard.layout import SHARD_BYTES_MAX
from groundswell.wire.shard.parts import ShardFile, ShardXorb, Term, Terms
from groundswell.wire.shard.read import Shard, parse_shard
from groundswell.wire.shard.verify import verification_hashes, verify_file, verify_term
from groundswell.wire.shard.write import shard_bytes, write_shard

__all__ = [
    "SHARD_BYTES_MAX",
    "DedupAnswer",
    "Shard",
    "ShardFile",
    "ShardXorb",
    "Term",
    "Terms",
    "parse_shard",
    "read_dedup_answer",
    "shard_bytes",
    "verification_hashes",
    "verify_file",
    "verify_term",
    "write_dedup_answer",
    "write_shard",
]
