"""Xet hashes: text form, Merkle grouping, keys."""

import hashlib
import random
import struct

import pytest
from blake3 import blake3

from groundswell.core.errors import Malformed
from groundswell.wire import hashing
from groundswell.wire.gear_table import GEAR_TABLE, GEAR_TABLE_SHA256


def test_the_gear_table_is_the_protocol_constant() -> None:
    assert hashlib.sha256(struct.pack("<256Q", *GEAR_TABLE)).hexdigest() == GEAR_TABLE_SHA256


def test_a_hash_is_written_as_four_little_endian_words() -> None:
    text = "07060504030201000f0e0d0c0b0a090817161514131211101f1e1d1c1b1a1918"
    assert hashing.hash_to_hex(bytes(range(32))) == text
    assert hashing.hash_from_hex(text) == bytes(range(32))


@pytest.mark.parametrize(
    "text", ["", "0" * 63, "0" * 65, "G" * 64, "A" * 64, "０" * 64, "0" * 64 + "\n"]
)
def test_other_texts_are_no_hash(text: str) -> None:
    with pytest.raises(Malformed):
        hashing.hash_from_hex(text)


def test_sha256_is_swapped_in_shards() -> None:
    digest = hashlib.sha256(b"").digest()
    stored = hashing.sha256_to_shard(digest)
    assert hashing.hash_to_hex(stored) == digest.hex()
    assert hashing.sha256_from_shard(stored) == digest


def reference_root(nodes: list[tuple[bytes, int]]) -> bytes:
    """The published rule, level by level, as plainly as it can be written."""
    if not nodes:
        return bytes(32)
    while len(nodes) > 1:
        above = []
        while nodes:
            cut = min(9, len(nodes)) if len(nodes) > 2 else len(nodes)
            for position in range(2, cut):
                if struct.unpack("<Q", nodes[position][0][24:])[0] % 4 == 0:
                    cut = position + 1
                    break
            group, nodes = nodes[:cut], nodes[cut:]
            lines = "".join(
                "".join(f"{word:016x}" for word in struct.unpack("<4Q", node)) + f" : {length}\n"
                for node, length in group
            )
            key = bytes.fromhex("017ec5c7a5472996fd946666b48a02e65ddd536f37c76dd2f86352e64a53713f")
            above.append((blake3(lines.encode(), key=key).digest(), sum(n for _, n in group)))
        nodes = above
    return nodes[0][0]


@pytest.mark.parametrize("count", [*range(40), 127, 128, 129, 255, 256, 257, 1000, 3000])
def test_the_streamed_root_is_that_of_the_rule(count: int) -> None:
    seeded = random.Random(count)
    nodes = [(seeded.randbytes(32), seeded.randrange(1, 131073)) for _ in range(count)]
    assert hashing.merkle_root(nodes) == reference_root(nodes)


@pytest.mark.parametrize("last_byte", [0, 1])
def test_the_root_where_all_nodes_end_groups_or_none_do(last_byte: int) -> None:
    for count in (2, 3, 8, 9, 10, 82, 500):
        nodes = [(n.to_bytes(24, "big") + bytes([last_byte] * 8), 1) for n in range(count)]
        assert hashing.merkle_root(nodes) == reference_root(nodes)


def test_one_chunk_gives_its_hash_to_its_xorb_but_not_to_its_file() -> None:
    node = (hashing.chunk_hash(b"alone"), 5)
    assert hashing.xorb_hash([node]) == node[0]
    assert hashing.file_hash([node]) == blake3(node[0], key=bytes(32)).digest()


def test_the_empty_file_has_the_zero_hash() -> None:
    assert hashing.file_hash([]) == bytes(32)


def test_a_term_is_proven_the_same_by_joined_and_single_hashes() -> None:
    hashes = [hashing.chunk_hash(bytes([n])) for n in range(5)]
    expected = blake3(b"".join(hashes), key=hashing.TERM_KEY).digest()
    assert hashing.term_verification_hash(hashes) == expected
    assert hashing.term_verification_hash(b"".join(hashes)) == expected


def test_keyed_hashes_differ_by_key_and_hide_the_hash() -> None:
    raw = hashing.chunk_hash(b"secret")
    first, second = (hashing.keyed_chunk_hash(bytes([n] * 32), raw) for n in (1, 2))
    assert len({raw, first, second}) == 3
    assert first == blake3(raw, key=b"\1" * 32).digest()


def test_key_chunks_are_those_divisible_by_1024() -> None:
    assert hashing.is_key_chunk(bytes(24) + (2048).to_bytes(8, "little"))
    assert not hashing.is_key_chunk(bytes(24) + (2049).to_bytes(8, "little"))
