"""Our file hashes against those of the official client, on generated files.

The tests run a few hundred; by hand it runs as many as you like::

    python -m tests.property.xet_oracle 5000
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

import hf_xet

from groundswell.wire.chunking import EngineName, available_engines, split
from groundswell.wire.hashing import chunk_hash, file_hash, hash_to_hex
from tests.unit.xet_samples import KINDS, content

EDGES = (0, 1, 63, 64, 65, 8127, 8128, 8191, 8192, 8193, 16_384, 131_071, 131_072, 131_073)
BATCH_FILES = 100


def generated(number: int) -> bytes:
    """The file with that number: the same on every machine."""
    seeded = random.Random(number)
    kind = KINDS[number % len(KINDS)]
    shape = seeded.randrange(4)
    if shape == 0:
        size = seeded.choice(EDGES)
    elif shape == 1:
        size = max(0, seeded.choice(EDGES) + seeded.choice(EDGES) + seeded.randrange(-2, 3))
    else:
        size = int(2 ** seeded.uniform(0, 20))
    if shape == 3:
        # A file of two kinds, so that cuts of one reach into the other.
        return content(kind, size // 2, number) + content(seeded.choice(KINDS), size // 2, number)
    return content(kind, size, number)


def our_hash(octets: bytes, engine: EngineName) -> str:
    chunks = [(chunk_hash(chunk), len(chunk)) for chunk in split(octets, engine)]
    return hash_to_hex(file_hash(chunks))


def official_hashes(files: list[bytes]) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder, str(number))) for number in range(len(files))]
        for path, octets in zip(paths, files, strict=True):
            Path(path).write_bytes(octets)
        return [found.hash for found in hf_xet.hash_files(paths)]


def mismatches(numbers: range, engine: EngineName) -> list[int]:
    """The numbers of the generated files whose hashes differ."""
    wrong = []
    for start in range(numbers.start, numbers.stop, BATCH_FILES):
        batch = range(start, min(start + BATCH_FILES, numbers.stop))
        files = [generated(number) for number in batch]
        for number, octets, official in zip(batch, files, official_hashes(files), strict=True):
            if our_hash(octets, engine) != official:
                wrong.append(number)
    return wrong


if __name__ == "__main__":
    count = int(sys.argv[1])
    for name in available_engines():
        found = mismatches(range(count), name)
        print(f"{name}: {len(found)} of {count} files differ {found[:10]}")
        if found:
            sys.exit(1)
