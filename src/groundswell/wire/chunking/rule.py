"""The numbers of the chunking rule, and the state that every engine carries between buffers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from groundswell.wire.hashing import Octets

CHUNK_BYTES_MIN: Final = 8 * 1024
CHUNK_BYTES_MAX: Final = 128 * 1024

# A byte leaves the 64-bit hash after 64 shifts, so no more than this many bytes decide a cut.
WINDOW_BYTES: Final = 64
WORD_MASK: Final = 0xFFFF_FFFF_FFFF_FFFF
CUT_MASK: Final = 0xFFFF_0000_0000_0000
# A hash is under this limit exactly when ``hash & CUT_MASK == 0``.
CUT_LIMIT: Final = 1 << 48


class ScanState(NamedTuple):
    """What a scan needs of the bytes before it: the rolling hash, and the open chunk's length."""

    gear_hash: int = 0
    open_bytes: int = 0


class Engine(Protocol):
    """Finds the cuts in one buffer.

    Returns the lengths of the chunks that end in ``buffer`` (the first began ``open_bytes``
    before it) and the state after its last byte. The hash may be that of the whole stream or that
    since the last cut: both agree wherever a cut is tested, since the window is far shorter than
    the shortest chunk.
    """

    def __call__(self, buffer: Octets, state: ScanState, /) -> tuple[list[int], ScanState]:
        """Scan a buffer of any length, also an empty one."""
        ...
