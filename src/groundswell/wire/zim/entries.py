"""Directory entries of a ZIM archive: what lies under a path, and where.

Knows how one is written (docs/formats/zim.md). Does not know where entries lie, nor follows one.
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass
from typing import Final

from groundswell.wire.zim.header import bad

ENTRY_BYTES_MAX: Final = 64 * 1024
_REDIRECT: Final = 0xFFFF
_LINK_TARGET: Final = 0xFFFE
_DELETED: Final = 0xFFFD
_START: Final = struct.Struct("<HBcI")
_CONTENT: Final = struct.Struct("<II")
_TARGET: Final = struct.Struct("<I")


class EntryKind(enum.StrEnum):
    """What an entry is."""

    CONTENT = "content"
    REDIRECT = "redirect"
    GONE = "gone"  # a link's target without content, or deleted: in archives of old


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the directory.

    Attributes:
        number: its place in the order of paths.
        kind: what it is.
        namespace: one letter.
        name: the path within the namespace, as it was written.
        title: as people read it; the name when none was written.
        media_type: of content; "" for everything else.
        cluster: number of the cluster that holds the content.
        blob: number of the content in its cluster.
        target: number of the entry that a redirect leads to.
        key: what entries are ordered by: namespace and name as bytes.
    """

    number: int
    kind: EntryKind
    namespace: str
    name: str
    title: str
    media_type: str = ""
    cluster: int = 0
    blob: int = 0
    target: int = 0
    key: bytes = b""

    @property
    def path(self) -> str:
        """Namespace and name with "/" between: names this entry in its archive."""
        return f"{self.namespace}/{self.name}"


def parse_entry(number: int, data: bytes, media_types: tuple[str, ...]) -> Entry | None:
    """The entry that these bytes begin with; None when they end before it does.

    Raises:
        Malformed: longer than ``ENTRY_BYTES_MAX``, or of a media type that is not in the list.
    """
    if len(data) < _START.size + _CONTENT.size:
        return None
    media, _parameter_bytes, namespace, _revision = _START.unpack_from(data)
    place = _START.size
    cluster = blob = target = 0
    media_type = ""
    if media == _REDIRECT:
        kind = EntryKind.REDIRECT
        (target,) = _TARGET.unpack_from(data, place)
        place += _TARGET.size
    elif media in {_LINK_TARGET, _DELETED}:
        kind = EntryKind.GONE
    else:
        kind = EntryKind.CONTENT
        if media >= len(media_types):
            bad(f"entry {number} is of media type {media}, and there are {len(media_types)}")
        media_type = media_types[media]
        cluster, blob = _CONTENT.unpack_from(data, place)
        place += _CONTENT.size
    name_end = data.find(b"\0", place)
    title_end = data.find(b"\0", name_end + 1) if name_end >= 0 else -1
    if title_end < 0:
        if len(data) >= ENTRY_BYTES_MAX:
            bad(f"entry {number} is longer than {ENTRY_BYTES_MAX} bytes")
        return None
    raw_name = data[place:name_end]
    name = raw_name.decode("utf-8", "replace")
    return Entry(
        number=number,
        kind=kind,
        namespace=namespace.decode("latin-1"),
        name=name,
        title=data[name_end + 1 : title_end].decode("utf-8", "replace") or name,
        media_type=media_type,
        cluster=cluster,
        blob=blob,
        target=target,
        key=namespace + raw_name,
    )
