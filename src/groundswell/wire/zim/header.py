"""The first bytes of a ZIM archive: where its lists lie, and its media types.

Knows the header of versions 5 and 6 (docs/formats/zim.md). Does not read: it is given bytes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final, NoReturn

from groundswell.core.errors import Malformed

MAGIC: Final = 72173914
HEADER_BYTES: Final = 80
CHECKSUM_BYTES: Final = 16
MEDIA_TYPES_BYTES_MAX: Final = 64 * 1024
NOWHERE: Final = 0xFFFF_FFFF  # no main page
_NO_LIST: Final = 0xFFFF_FFFF_FFFF_FFFF
_LAYOUT: Final = struct.Struct("<IHH16sIIQQQQIIQ")
# Before a position for it was in the header, the list of media types began where it is now.
_HEADER_BYTES_WITHOUT_CHECKSUM: Final = 72


def bad(why: str) -> NoReturn:
    """Refuse an archive."""
    where = "ZIM archive"
    raise Malformed(where, why)


@dataclass(frozen=True, slots=True)
class Header:
    """What an archive says of itself; positions count bytes from its start.

    Attributes:
        version: major and minor.
        uuid: 16 bytes that name this archive.
        entry_count: directory entries: content, redirects, metadata, indexes.
        cluster_count: heaps of content that are packed together.
        paths_at: the list of 8-byte positions of entries, in the order of their paths.
        titles_at: the list of 4-byte numbers of entries, in the order of their titles; None when
            there is none.
        clusters_at: the list of 8-byte positions of clusters.
        media_types_at: the list of media types, which is the header's end too.
        main_page: number of an entry, or None.
        checksum_at: where the MD5 of all before it stands; None when there is none.
    """

    version: tuple[int, int]
    uuid: bytes
    entry_count: int
    cluster_count: int
    paths_at: int
    titles_at: int | None
    clusters_at: int
    media_types_at: int
    main_page: int | None
    checksum_at: int | None

    @property
    def has_new_namespaces(self) -> bool:
        """Content lies in C, as since 6.1; else articles lie in A and pictures in I."""
        return self.version >= (6, 1)


def read_header(data: bytes, size_bytes: int) -> Header:
    """The header out of the first ``HEADER_BYTES`` of an archive of this size.

    Raises:
        Malformed: no ZIM archive, a version that is not known, or lists outside of it.
    """
    if len(data) < HEADER_BYTES:
        bad("it is shorter than its header")
    fields = _LAYOUT.unpack_from(data)
    (magic, major, minor, uuid, entries, clusters, paths_at, titles_at, clusters_at) = fields[:9]
    media_types_at, main_page, _layout_page, checksum_at = fields[9:]
    if magic != MAGIC:
        bad("it does not begin as one")
    if major not in {5, 6}:
        bad(f"version {major} is not known here: 5 and 6 are")
    has_checksum = media_types_at > _HEADER_BYTES_WITHOUT_CHECKSUM
    if has_checksum:
        _check_end(checksum_at, size_bytes)
    for what, place, length in (
        ("media types", media_types_at, 1),
        ("paths", paths_at, entries * 8),
        ("clusters", clusters_at, clusters * 8),
    ):
        if place < _HEADER_BYTES_WITHOUT_CHECKSUM or place + length > size_bytes:
            bad(f"its list of {what} lies outside of it")
    if titles_at in {0, _NO_LIST}:
        titles_at = None
    elif titles_at + entries * 4 > size_bytes:
        bad("its list of titles lies outside of it")
    return Header(
        version=(major, minor),
        uuid=uuid,
        entry_count=entries,
        cluster_count=clusters,
        paths_at=paths_at,
        titles_at=titles_at,
        clusters_at=clusters_at,
        media_types_at=media_types_at,
        main_page=main_page if main_page < entries else None,
        checksum_at=checksum_at if has_checksum else None,
    )


def _check_end(checksum_at: int, size_bytes: int) -> None:
    end = checksum_at + CHECKSUM_BYTES
    if end > size_bytes:
        bad(
            f"it has {size_bytes} bytes and says that it has {end}: it is cut off, or the first"
            " part of a split archive. Join all parts in order: cat NAME.zima? > NAME.zim"
        )
    if end < size_bytes:
        bad(f"it has {size_bytes} bytes and says that it has {end}: something follows it")


def read_media_types(data: bytes) -> tuple[str, ...]:
    """The media types, out of the bytes that begin where their list does.

    Raises:
        Malformed: the list does not end within ``MEDIA_TYPES_BYTES_MAX``.
    """
    end = 0 if data[:1] == b"\0" else data.find(b"\0\0") + 1
    if end == 0 and data[:1] != b"\0":
        bad(f"its media types do not end within {MEDIA_TYPES_BYTES_MAX} bytes")
    return tuple(word.decode("utf-8", "replace") for word in data[:end].split(b"\0") if word)
