"""Files inside of a zip archive that somebody else made: each bounded, and all of them together.

Knows what a member may take, by what it says and by what it really unpacks to. Does not know what
members hold.
"""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from typing import Final

from groundswell.wire.documents.normal import bad

MEMBERS_MAX: Final = 20_000
MEMBER_BYTES_MAX: Final = 64 * 1024 * 1024
ALL_BYTES_MAX: Final = 256 * 1024 * 1024
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    KeyError,
    NotImplementedError,  # a way of packing that is not known
    OSError,  # bzip2 that is broken, positions before the start
    OverflowError,
    RuntimeError,  # a password is asked for
    ValueError,
)


class Packed:
    """A zip archive in memory."""

    def __init__(self, where: str, data: bytes) -> None:
        """Read its list of members.

        Raises:
            Malformed: no zip archive, or too many members.
        """
        self._where = where
        self._left = ALL_BYTES_MAX
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _BROKEN as error:
            bad(where, f"it is no zip archive that can be read: {str(error)[:200]}")
        self._sizes = {member.filename: member.file_size for member in self._zip.infolist()}
        if len(self._sizes) > MEMBERS_MAX:
            bad(where, f"it holds more than {MEMBERS_MAX} files")

    def __contains__(self, name: str) -> bool:
        return name in self._sizes

    def names(self) -> list[str]:
        """All members, in the order of the list."""
        return list(self._sizes)

    def read(self, name: str, bytes_max: int = MEMBER_BYTES_MAX) -> bytes:
        """The bytes of a member.

        Raises:
            Malformed: not there, broken, or larger than it may be.
        """
        limit = min(bytes_max, self._left)
        size = self._sizes.get(name)
        if size is None:
            bad(self._where, f"it lacks {name[:200]!r}")
        if size > limit:
            bad(self._where, f"{name[:200]!r} unpacks to more than {limit} bytes")
        try:
            with self._zip.open(name) as member:
                data = member.read(limit + 1)
        except _BROKEN as error:
            bad(self._where, f"{name[:200]!r} cannot be unpacked: {str(error)[:200]}")
        if len(data) > limit:
            bad(self._where, f"{name[:200]!r} unpacks to more than {limit} bytes")
        self._left -= len(data)
        return data

    def read_if_there(self, name: str, bytes_max: int = MEMBER_BYTES_MAX) -> bytes:
        """The bytes of a member; nothing when it is not there."""
        return self.read(name, bytes_max) if name in self._sizes else b""
