"""Content of many kinds, and a small ingest that packs files into xorbs: what Xet tests share."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass, field

from groundswell.wire.chunking import CHUNK_BYTES_MAX, split
from groundswell.wire.hashing import chunk_hash, file_hash
from groundswell.wire.shard import ShardFile, Term, Terms, verification_hashes
from groundswell.wire.xorb import XorbBuilder, XorbIndex

KINDS = ("random", "zeros", "ones", "text", "floats", "repeated", "dense", "few_letters")

# Bytes whose gear hash ends in a cut, wherever they stand: found in random content.
_CUTTING: list[bytes] = []


def cutting_window() -> bytes:
    """64 bytes after which a long enough chunk is cut."""
    if not _CUTTING:
        first = split(random.Random(4).randbytes(CHUNK_BYTES_MAX * 3), "plain")[0]
        assert len(first) < CHUNK_BYTES_MAX
        _CUTTING.append(bytes(first[-64:]))
    return _CUTTING[0]


def content(kind: str, size_bytes: int, seed: int) -> bytes:
    """Generated content of one kind; the same for the same arguments."""
    seeded = random.Random(seed)
    if kind == "zeros":
        return bytes(size_bytes)
    if kind == "ones":
        return b"\xff" * size_bytes
    if kind == "text":
        lines = b"".join(b"%d bottles of %x\n" % (n, seeded.getrandbits(40)) for n in range(1000))
        return (lines * (size_bytes // len(lines) + 1))[:size_bytes]
    if kind == "floats":
        numbers = struct.pack("<4096f", *(seeded.gauss(0, 1) for _ in range(4096)))
        return (numbers * (size_bytes // len(numbers) + 1))[:size_bytes]
    if kind == "repeated":
        block = seeded.randbytes(seeded.randrange(1, 40_000))
        return (block * (size_bytes // len(block) + 1))[:size_bytes]
    if kind == "dense":
        octets = bytearray(seeded.randbytes(size_bytes))
        position = seeded.randrange(1, 9000)
        while position + 64 < size_bytes:
            octets[position : position + 64] = cutting_window()
            position += seeded.choice((1, 63, 64, 65, 4096, 8127, 8128, 8129, 8191, 8192, 8193))
        return bytes(octets)
    if kind == "few_letters":
        return seeded.randbytes(size_bytes).translate(bytes(n % 3 for n in range(256)))
    return seeded.randbytes(size_bytes)


@dataclass
class Packed:
    """Files packed into xorbs, as a hub would hold them."""

    files: dict[bytes, ShardFile] = field(default_factory=dict)
    contents: dict[bytes, bytes] = field(default_factory=dict)
    records: dict[bytes, bytes] = field(default_factory=dict)
    indexes: dict[bytes, XorbIndex] = field(default_factory=dict)


def make_xorb(chunks: list[bytes]) -> tuple[bytes, XorbIndex]:
    """The records and the index of a xorb of these chunks."""
    builder = XorbBuilder()
    records = b"".join(builder.add(chunk) for chunk in chunks)
    return records, builder.finish()


def pack(files: list[bytes], chunks_per_xorb: int) -> Packed:
    """Deduplicate chunks, fill xorbs in order, and describe each file."""
    packed = Packed()
    places: dict[bytes, tuple[int, int]] = {}
    groups: list[list[bytes]] = [[]]
    for octets in files:
        for view in split(octets):
            chunk = bytes(view)
            digest = chunk_hash(chunk)
            if digest in places:
                continue
            if len(groups[-1]) == chunks_per_xorb:
                groups.append([])
            places[digest] = (len(groups) - 1, len(groups[-1]))
            groups[-1].append(chunk)
    hashes = []
    for group in groups:
        if group:
            records, index = make_xorb(group)
            packed.records[index.xorb_hash] = records
            packed.indexes[index.xorb_hash] = index
            hashes.append(index.xorb_hash)
    for octets in files:
        terms: list[Term] = []
        chunks = [(chunk_hash(chunk), len(chunk)) for chunk in split(octets)]
        for digest, length in chunks:
            group_number, chunk_number = places[digest]
            xorb = hashes[group_number]
            last = terms[-1] if terms else None
            if last and last.xorb_hash == xorb and last.chunk_end == chunk_number:
                terms[-1] = Term(
                    xorb, last.unpacked_bytes + length, last.chunk_start, chunk_number + 1
                )
            else:
                terms.append(Term(xorb, length, chunk_number, chunk_number + 1))
        name = file_hash(chunks)
        packed.files[name] = ShardFile(
            name, Terms.of(terms), verification_hashes(terms, packed.indexes.__getitem__), None
        )
        packed.contents[name] = octets
    return packed
