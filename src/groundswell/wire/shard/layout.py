"""Where each field of a shard lies. Every record has 48 bytes, little-endian."""

from __future__ import annotations

import struct
from typing import Final

import numpy as np

SHARD_BYTES_MAX: Final = 64 * 1024 * 1024
RECORD_BYTES: Final = 48

TAG: Final = b"HFRepoMetaData\0" + bytes.fromhex("556967456a7b815783a5bdd95ccdd14aa9")
VERSION: Final = 2
HEADER: Final = struct.Struct("<32sQQ")
# The file section follows the header at once.
FILES_OFFSET: Final = HEADER.size

BOOKEND_HASH: Final = b"\xff" * 32
BOOKEND: Final = BOOKEND_HASH + bytes(16)

FILE_HEADER: Final = struct.Struct("<32sII8x")
HAS_VERIFICATION: Final = 1 << 31
HAS_SHA256: Final = 1 << 30
KNOWN_FILE_FLAGS: Final = HAS_VERIFICATION | HAS_SHA256
TERM: Final = struct.Struct("<32sIIII")
# The record of a verification hash, and that of a file's SHA-256.
HASH_RECORD: Final = struct.Struct("<32s16x")

# xorb hash, flags, chunk count, uncompressed bytes, stored bytes.
XORB_HEADER: Final = struct.Struct("<32sIIII")
IS_KEY_CHUNK: Final = 1 << 31

# The footer of a deduplication answer: version, offsets of the two sections, offset and length of
# three empty lookup tables; the key; its two times; reserved; three sums; the footer's offset.
FOOTER: Final = struct.Struct("<Q 8Q 32s QQ 48x QQQ Q")
FOOTER_VERSION: Final = 1

TERM_DTYPE: Final = np.dtype(
    [
        ("xorb_hash", "V32"),
        ("flags", "<u4"),
        ("unpacked_bytes", "<u4"),
        ("chunk_start", "<u4"),
        ("chunk_end", "<u4"),
    ]
)
CHUNK_DTYPE: Final = np.dtype(
    [
        ("chunk_hash", "V32"),
        ("raw_start", "<u4"),
        ("raw_bytes", "<u4"),
        ("flags", "<u4"),
        ("reserved", "<u4"),
    ]
)
