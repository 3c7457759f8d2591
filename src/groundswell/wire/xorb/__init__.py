"""Xorbs: up to 64 MiB of chunks stored together, as records of a header and (compressed) bytes.

Knows the format (Xet protocol, xorb) in both directions and its limits. Does not know where a xorb
lies or who may read it. A reader here trusts no length it is given.
"""

from __future__ import annotations

from groundswell.wire.xorb.builder import XorbBuilder
from groundswell.wire.xorb.footer import (
    FOOTER_BYTES_MAX,
    footer_bytes,
    read_footer,
    serialize_footer,
)
from groundswell.wire.xorb.index import (
    XORB_BYTES_MAX,
    XORB_CHUNKS_MAX,
    XORB_RAW_BYTES_MAX,
    XorbIndex,
)
from groundswell.wire.xorb.records import (
    HEADER_BYTES,
    ChunkHeader,
    Scheme,
    choose_scheme,
    decode_chunk,
    decode_records,
    encode_chunk,
)
from groundswell.wire.xorb.verify import XorbScanner, parse_chunk_records, verify_xorb

__all__ = [
    "FOOTER_BYTES_MAX",
    "HEADER_BYTES",
    "XORB_BYTES_MAX",
    "XORB_CHUNKS_MAX",
    "XORB_RAW_BYTES_MAX",
    "ChunkHeader",
    "Scheme",
    "XorbBuilder",
    "XorbIndex",
    "XorbScanner",
    "choose_scheme",
    "decode_chunk",
    "decode_records",
    "encode_chunk",
    "footer_bytes",
    "parse_chunk_records",
    "read_footer",
    "serialize_footer",
    "verify_xorb",
]
