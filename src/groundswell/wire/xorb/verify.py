"""Checking an uploaded xorb while it arrives: every header, every chunk, the hash of the whole.

Holds back less than one record (256 KiB), whatever is fed. Never trusts that bytes are what their
name says: each chunk is decompressed and hashed.
"""

from __future__ import annotations

from groundswell.core.errors import Malformed
from groundswell.wire.hashing import Octets, chunk_hash
from groundswell.wire.xorb.footer import FOOTER_IDENT
from groundswell.wire.xorb.index import XORB_BYTES_MAX, IndexBuilder, XorbIndex, check_hash
from groundswell.wire.xorb.records import HEADER_BYTES, ChunkHeader, decode_chunk


class XorbScanner:
    """Verifies a xorb fed in buffers of any size.

    Old clients send a footer after the records. It is skipped, not believed: what is to be kept
    of the upload is its first ``index.physical_bytes`` bytes.
    """

    __slots__ = ("_fed_bytes", "_header", "_held", "_index", "_is_in_footer")

    def __init__(self) -> None:
        self._index = IndexBuilder()
        self._header: ChunkHeader | None = None
        self._held = bytearray()
        self._fed_bytes = 0
        self._is_in_footer = False

    def feed(self, buffer: Octets) -> None:
        """Check the records that end in ``buffer``.

        Raises:
            Malformed: at the first byte that cannot belong to a xorb, or past 66 MiB.
        """
        self._fed_bytes += len(buffer)
        if self._fed_bytes > XORB_BYTES_MAX:
            raise Malformed("xorb", f"longer than {XORB_BYTES_MAX} bytes")
        view = memoryview(buffer)
        position = 0
        while position < len(view) and not self._is_in_footer:
            needed = self._header.stored_bytes if self._header else HEADER_BYTES
            end = min(position + needed - len(self._held), len(view))
            part: Octets = view[position:end]
            position = end
            if self._held or len(part) < needed:
                self._held += part
                if len(self._held) < needed:
                    return
                part, self._held = self._held, bytearray()
            if self._header:
                self._take_chunk(self._header, part)
            else:
                self._take_header(part)

    def finish(self, expected_hash: bytes | None = None) -> XorbIndex:
        """The index of the whole xorb. The scanner is used up.

        Raises:
            Malformed: when it ends within a record, holds nothing, or has another hash.
        """
        if self._held or self._header:
            raise Malformed("xorb", "ends within a chunk record")
        if not len(self._index):
            raise Malformed("xorb", "holds no chunk")
        index = self._index.finish()
        if expected_hash is not None:
            check_hash(index.xorb_hash, expected_hash, "xorb")
        return index

    def _take_header(self, octets: Octets) -> None:
        # A record begins with its version, 0: the footer's first letter ends them without doubt.
        if octets[: len(FOOTER_IDENT)] == FOOTER_IDENT:
            self._is_in_footer = True
            return
        header = ChunkHeader.parse(octets)
        if not self._index.has_room(header.raw_bytes):
            raise Malformed("xorb", "holds more than 8192 chunks or 64 MiB uncompressed")
        self._header = header

    def _take_chunk(self, header: ChunkHeader, payload: Octets) -> None:
        digest = chunk_hash(decode_chunk(header, payload))
        self._index.add(digest, HEADER_BYTES + header.stored_bytes, header.raw_bytes)
        self._header = None


def parse_chunk_records(octets: Octets) -> XorbIndex:
    """The index of a xorb that lies in memory, every chunk decompressed and hashed.

    A footer is skipped. The index carries the hash that the bytes have.

    Raises:
        Malformed: when they are not a xorb.
    """
    scanner = XorbScanner()
    scanner.feed(octets)
    return scanner.finish()


def verify_xorb(octets: Octets, expected_hash: bytes) -> XorbIndex:
    """The index of a xorb that lies in memory and has that hash.

    Raises:
        Malformed: when the bytes are not a xorb, or have another hash.
    """
    scanner = XorbScanner()
    scanner.feed(octets)
    return scanner.finish(expected_hash)
