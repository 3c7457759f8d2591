"""Pkt-lines and side bands: how git frames what it says over the wire (gitprotocol-common).

Knows frames. Does not know what stands in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from groundswell.core.errors import Malformed

FLUSH: Final = b"0000"
LINE_BYTES_MAX: Final = 65_520
DATA_BYTES_MAX: Final = LINE_BYTES_MAX - 4
BAND_BYTES_MAX: Final = DATA_BYTES_MAX - 1


def pkt_line(data: bytes) -> bytes:
    """One frame."""
    assert len(data) <= DATA_BYTES_MAX, len(data)
    return b"%04x%s" % (len(data) + 4, data)


def band(number: int, data: bytes) -> Iterator[bytes]:
    """Data on a side band (1 content, 2 progress, 3 fatal error), in as many frames as it takes."""
    for start in range(0, len(data), BAND_BYTES_MAX):
        yield pkt_line(bytes([number]) + data[start : start + BAND_BYTES_MAX])


class PktLines:
    """Cuts a stream, fed in pieces, into frames: bytes, or None for a flush."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._waiting = bytearray()

    def feed(self, piece: bytes) -> None:
        """Append a piece of the stream."""
        self._waiting += piece

    def next(self) -> tuple[bool, bytes | None]:
        """(True, frame) when a whole frame is here, (False, None) when more has to be fed.

        Raises:
            Malformed: a length that no frame has.
        """
        if len(self._waiting) < 4:
            return False, None
        try:
            length = int(bytes(self._waiting[:4]), 16)
        except ValueError as error:
            raise Malformed(self._where, "a pkt-line's length is not hexadecimal") from error
        if length == 0:
            del self._waiting[:4]
            return True, None
        if not 4 <= length <= LINE_BYTES_MAX:
            raise Malformed(self._where, f"a pkt-line is {length} bytes long")
        if len(self._waiting) < length:
            return False, None
        data = bytes(self._waiting[4:length])
        del self._waiting[:length]
        return True, data

    def rest(self) -> bytes:
        """What was fed behind the last frame; the stream begins anew."""
        left = bytes(self._waiting)
        self._waiting.clear()
        return left
