"""The hashes of the Xet protocol: chunks, Merkle roots, xorbs, files, terms.

Knows the keys, the order of bytes and the way a hash is written as text. Does not know where the
hashed bytes come from or what a hash gives a right to: all of these keys are public constants.
A hash is plain ``bytes`` of length 32 everywhere below the doors. Source: Xet protocol, hashing.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final, TypeAlias

from blake3 import blake3

from groundswell.core.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable

Octets: TypeAlias = bytes | bytearray | memoryview

HASH_BYTES: Final = 32
ZERO_HASH: Final = bytes(HASH_BYTES)

CHUNK_KEY: Final = bytes.fromhex("6697f5775b9550de3135cbaca597181c9de421109beb2b58b4d0b04b93adf229")
NODE_KEY: Final = bytes.fromhex("017ec5c7a5472996fd946666b48a02e65ddd536f37c76dd2f86352e64a53713f")
TERM_KEY: Final = bytes.fromhex("7f1857d6ce56ed66127ff913e7a5c3f3a4cd26d5b5db49e64124987f28fb94c3")
FILE_KEY: Final = ZERO_HASH

# A group of a Merkle level ends after a node whose last word is divisible by this...
_GROUP_DIVISOR: Final = 4
# ...but holds at least three nodes (if there are three) and at most nine.
_GROUP_MIN: Final = 3
_GROUP_MAX: Final = 9
# Nodes kept at a level before it is reduced: larger is faster, smaller needs less memory.
_LEVEL_BATCH: Final = 128

_HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_WORDS_LE: Final = struct.Struct("<4Q")
_WORDS_BE: Final = struct.Struct(">4Q")


def _swap(raw: Octets) -> bytes:
    """Reverse each group of eight bytes. Its own inverse."""
    return _WORDS_BE.pack(*_WORDS_LE.unpack(raw))


def hash_to_hex(raw: Octets) -> str:
    """The 64 digits under which URLs and JSON name a hash of 32 bytes.

    The text is that of four little-endian words, not that of the bytes in order.
    """
    return _swap(raw).hex()


def hash_from_hex(text: str) -> bytes:
    """The 32 bytes of a hash written as 64 lower-case digits.

    Raises:
        Malformed: for any other text.
    """
    if not _HEX.fullmatch(text):
        raise Malformed("hash", "not 64 lower-case hexadecimal digits")
    return _swap(bytes.fromhex(text))


def sha256_to_shard(digest: bytes) -> bytes:
    """A plain SHA-256 digest as a shard stores it: each group of eight bytes reversed.

    The official client parses the hexadecimal digest as if it were a hash of the protocol, so the
    published description ("32-byte SHA-256") is not what is on the wire.
    """
    return _swap(digest)


def sha256_from_shard(stored: Octets) -> bytes:
    """The plain SHA-256 digest from the form in which a shard stores it."""
    return _swap(stored)


def chunk_hash(chunk: Octets) -> bytes:
    """The hash of one chunk's uncompressed bytes."""
    return blake3(chunk, key=CHUNK_KEY).digest()


def keyed_chunk_hash(hmac_key: bytes, raw_hash: bytes) -> bytes:
    """A chunk hash as a deduplication answer shows it. ``hmac_key`` has 32 bytes.

    This is BLAKE3 in keyed mode, although the format's field is named for HMAC.
    """
    return blake3(raw_hash, key=hmac_key).digest()


def term_verification_hash(chunk_hashes: Iterable[bytes] | Octets) -> bytes:
    """The proof that an uploader knows the raw chunk hashes of a term.

    Takes the hashes one by one, or already joined (32 bytes each) in one buffer.
    """
    if not isinstance(chunk_hashes, (bytes, bytearray, memoryview)):
        chunk_hashes = b"".join(chunk_hashes)
    return blake3(chunk_hashes, key=TERM_KEY).digest()


class MerkleTree:
    """The root over any number of (hash, length) nodes, in memory logarithmic in their number.

    Each level groups its nodes by content, so that an insertion changes few groups. A group is
    closed as soon as the nodes at hand decide it; ``root`` closes what is left.
    """

    __slots__ = ("_levels",)

    def __init__(self) -> None:
        self._levels: list[list[tuple[bytes, int]]] = [[]]

    def add(self, node_hash: bytes, length_bytes: int) -> None:
        """Append a leaf."""
        leaves = self._levels[0]
        leaves.append((node_hash, length_bytes))
        if len(leaves) >= _LEVEL_BATCH:
            self._reduce(0, is_last=False)

    def extend(self, nodes: Iterable[tuple[bytes, int]]) -> None:
        """Append leaves in order."""
        for node_hash, length_bytes in nodes:
            self.add(node_hash, length_bytes)

    def root(self) -> bytes:
        """The root of what was added; 32 zero bytes of nothing. The tree is empty afterwards."""
        depth = 0
        while True:
            level = self._levels[depth]
            if depth + 1 == len(self._levels) and len(level) <= 1:
                self._levels = [[]]
                return level[0][0] if level else ZERO_HASH
            self._reduce(depth, is_last=True)
            depth += 1

    def _reduce(self, depth: int, *, is_last: bool) -> None:
        """Turn the decided groups of a level into nodes of the level above."""
        level = self._levels[depth]
        if depth + 1 == len(self._levels):
            self._levels.append([])
        above = self._levels[depth + 1]
        done, count = 0, len(level)
        # Nine nodes in view decide a group whatever follows.
        while (is_last and done < count) or count - done >= _GROUP_MAX:
            end = _group_end(level, done)
            above.append(_parent(level[done:end]))
            done = end
        del level[:done]
        if len(above) >= _LEVEL_BATCH and not is_last:
            self._reduce(depth + 1, is_last=False)


def _group_end(level: list[tuple[bytes, int]], start: int) -> int:
    remaining = len(level) - start
    if remaining < _GROUP_MIN:
        return len(level)
    end = start + min(_GROUP_MAX, remaining)
    for position in range(start + _GROUP_MIN - 1, end):
        # Divisibility of the last little-endian word shows in its first byte.
        if level[position][0][24] % _GROUP_DIVISOR == 0:
            return position + 1
    return end


def _parent(group: list[tuple[bytes, int]]) -> tuple[bytes, int]:
    total = 0
    lines = []
    for node_hash, length_bytes in group:
        lines.append(f"{hash_to_hex(node_hash)} : {length_bytes}\n")
        total += length_bytes
    return blake3("".join(lines).encode("ascii"), key=NODE_KEY).digest(), total


def merkle_root(nodes: Iterable[tuple[bytes, int]]) -> bytes:
    """The root over (hash, length in bytes) pairs: one node is its own root, none is zeros."""
    tree = MerkleTree()
    tree.extend(nodes)
    return tree.root()


def xorb_hash(chunks: Iterable[tuple[bytes, int]]) -> bytes:
    """The hash of a xorb from its (chunk hash, uncompressed length) pairs, in order.

    The xorb hash of a single chunk **is** the chunk hash: who sees the one knows the other.
    """
    return merkle_root(chunks)


def file_hash(chunks: Iterable[tuple[bytes, int]]) -> bytes:
    """The hash of a file from its (chunk hash, length) pairs, in order; zeros when empty."""
    tree = MerkleTree()
    tree.extend(chunks)
    return finish_file_hash(tree)


def finish_file_hash(tree: MerkleTree) -> bytes:
    """The hash of the file whose chunks were added to ``tree``, which is empty afterwards."""
    root = tree.root()
    return root if root == ZERO_HASH else blake3(root, key=FILE_KEY).digest()


def is_key_chunk(digest: bytes) -> bool:
    """Whether clients ask for this chunk in deduplication queries: one in 1024, by its hash.

    They ask for the first chunk of each file too, whatever its hash.
    """
    return int.from_bytes(digest[24:], "little") % 1024 == 0
