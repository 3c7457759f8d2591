"""A ZIM archive, read: entries by path and number, their content, what it says of itself.

Knows openZIM's format (docs/formats/zim.md) and trusts nothing in it: every position is checked
before it is followed, and what one call takes is bounded by ``Limits``. Does not know files: bytes
come from a function that is handed in.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from groundswell.wire.zim.clusters import Cluster, ClusterShelf, Read, open_cluster
from groundswell.wire.zim.entries import ENTRY_BYTES_MAX, Entry, EntryKind, parse_entry
from groundswell.wire.zim.header import (
    HEADER_BYTES,
    MEDIA_TYPES_BYTES_MAX,
    Header,
    bad,
    read_header,
    read_media_types,
)
from groundswell.wire.zim.windows import Bounded, Window

REDIRECTS_MAX: Final = 16
METADATA_NAMES_MAX: Final = 1_000
METADATA_BYTES_MAX: Final = 4 * 1024 * 1024
_SMALL_ENTRY_BYTES: Final = 512
_PIECE_BYTES: Final = 1024 * 1024
_NUMBER: Final = struct.Struct("<I")
_POSITION: Final = struct.Struct("<Q")
_SORTED_ENTRIES: Final = 1 << 18
_ARTICLE_LISTS: Final = (b"Xlisting/titleOrdered/v1",)


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading an archive may take.

    Attributes:
        cluster_bytes: a cluster, unpacked.
        content_bytes: one content.
        shelf_bytes: unpacked clusters that are kept for the next question.
    """

    cluster_bytes: int = 64 * 1024 * 1024
    content_bytes: int = 64 * 1024 * 1024
    shelf_bytes: int = 64 * 1024 * 1024


class Archive:
    """An archive of ``size_bytes``, whose bytes [start, stop) ``read(start, stop)`` gives.

    Every method raises Malformed where the archive breaks its format. One thread at a time.
    """

    def __init__(self, read: Read, size_bytes: int, limits: Limits | None = None) -> None:
        """Read the header and the media types.

        Raises:
            Malformed: no ZIM archive, cut off, or lists that lie outside of it.
        """
        self._read = Bounded(read, size_bytes)
        self._limits = limits or Limits()
        self.size_bytes = size_bytes
        self.header: Header = read_header(self._read(0, min(HEADER_BYTES, size_bytes)), size_bytes)
        start = self.header.media_types_at
        stop = min(start + MEDIA_TYPES_BYTES_MAX, size_bytes)
        self.media_types = read_media_types(self._read(start, stop))
        self._shelf = ClusterShelf(self._limits.shelf_bytes)
        self._pointers = Window(self._read)
        self._entries = Window(self._read)

    @property
    def entry_count(self) -> int:
        """How many entries there are: contents, redirects, metadata and indexes."""
        return self.header.entry_count

    # -------------------------------------------------------------------------------- entries

    def entry(self, number: int) -> Entry:
        """The entry of this number, in the order of paths."""
        if not 0 <= number < self.entry_count:
            bad(f"it has no entry {number}: there are {self.entry_count}")
        place = self.header.paths_at + number * _POSITION.size
        (start,) = _POSITION.unpack(self._pointers.at(place, _POSITION.size))
        needed_bytes = _SMALL_ENTRY_BYTES
        while True:
            data = self._entries.at(start, needed_bytes)
            entry = parse_entry(number, data, self.media_types)
            if entry is not None:
                return entry
            if len(data) < needed_bytes or needed_bytes >= ENTRY_BYTES_MAX:
                bad(f"entry {number} is cut off")
            needed_bytes = min(needed_bytes * 8, ENTRY_BYTES_MAX)

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
        """Entries [start, stop) in the order of their paths, a few at a time in memory."""
        end = self.entry_count if stop is None else min(stop, self.entry_count)
        for number in range(max(start, 0), end):
            yield self.entry(number)

    def stored(self, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
        """Entries [start, stop) that have content, in the order in which it is stored.

        Paths leap between clusters; this way a cluster is unpacked once for each 262,144 entries.
        """
        end = self.entry_count if stop is None else min(stop, self.entry_count)
        for first in range(max(start, 0), end, _SORTED_ENTRIES):
            places = sorted(
                (entry.cluster << 96) | (entry.blob << 64) | entry.number
                for entry in self.entries(first, min(first + _SORTED_ENTRIES, end))
                if entry.kind is EntryKind.CONTENT
            )
            for place in places:
                yield self.entry(place & 0xFFFF_FFFF)

    def find(self, path: str) -> Entry | None:
        """The entry of this path: namespace, "/", name. None when there is none."""
        namespace, slash, name = path.partition("/")
        if not slash:
            return None
        key = f"{namespace}{name}".encode("utf-8", "replace")
        number = self._first_from(key)
        if number == self.entry_count:
            return None
        entry = self.entry(number)
        return entry if entry.key == key else None

    def _first_from(self, key: bytes) -> int:
        """The number of the first entry that is not before ``key``."""
        low, high = 0, self.entry_count
        while low < high:
            middle = (low + high) // 2
            if self.entry(middle).key < key:
                low = middle + 1
            else:
                high = middle
        return low

    def resolved(self, entry: Entry) -> Entry:
        """The entry that a redirect leads to in the end; any other entry is itself."""
        seen: set[int] = set()
        while entry.kind is EntryKind.REDIRECT:
            if entry.number in seen:
                bad(f"the redirects from {entry.path[:200]!r} lead in a circle")
            if len(seen) >= REDIRECTS_MAX:
                bad(f"more than {REDIRECTS_MAX} redirects stand in a row")
            seen.add(entry.number)
            entry = self.entry(entry.target)
        return entry

    def main_page(self) -> Entry | None:
        """The page to begin with, redirects followed."""
        if self.header.main_page is None:
            return None
        return self.resolved(self.entry(self.header.main_page))

    def articles(self) -> Iterator[Entry]:
        """The entries that people read, by title where the archive lists them so.

        Old archives do not list them: their pages are the HTML in A, by path.
        """
        for key in _ARTICLE_LISTS:
            listing = self.find(f"{chr(key[0])}/{key[1:].decode('ascii')}")
            if listing is not None and listing.kind is EntryKind.CONTENT:
                for number in self._numbers(listing):
                    yield self.entry(number)
                return
        namespace = b"C" if self.header.has_new_namespaces else b"A"
        start, stop = self._first_from(namespace), self._first_from(bytes([namespace[0] + 1]))
        for entry in self.entries(start, stop):
            if entry.kind is EntryKind.CONTENT and entry.media_type.startswith("text/html"):
                yield entry

    def _numbers(self, listing: Entry) -> Iterator[int]:
        place = self.content_place(listing)
        if place is None:
            data = self.content(listing)
            yield from (number for (number,) in _NUMBER.iter_unpack(data[: len(data) & ~3]))
            return
        start, stop = place
        stop -= (stop - start) % _NUMBER.size
        for at in range(start, stop, _PIECE_BYTES):
            piece = self._read(at, min(at + _PIECE_BYTES, stop))
            yield from (number for (number,) in _NUMBER.iter_unpack(piece))

    def by_title(self) -> Iterator[Entry]:
        """All entries in the order of their titles; those of the list of old, if there is one."""
        start = self.header.titles_at
        if start is None:
            return
        stop = start + self.entry_count * _NUMBER.size
        for at in range(start, stop, _PIECE_BYTES):
            for (number,) in _NUMBER.iter_unpack(self._read(at, min(at + _PIECE_BYTES, stop))):
                yield self.entry(number)

    # -------------------------------------------------------------------------------- content

    def content(self, entry: Entry) -> bytes:
        """The bytes of an entry, redirects followed."""
        cluster, start, stop = self._locate(entry)
        if stop - start > self._limits.content_bytes:
            bad(f"{entry.path[:200]!r} is larger than {self._limits.content_bytes} bytes")
        if cluster.data is None:
            return self._read(cluster.start + start, cluster.start + stop)
        return cluster.data[start:stop]

    def content_bytes(self, entry: Entry) -> int:
        """How many bytes ``content`` gives."""
        _, start, stop = self._locate(entry)
        return stop - start

    def content_place(self, entry: Entry) -> tuple[int, int] | None:
        """Where the content lies in the archive as it is, of any size; None when it is packed."""
        cluster, start, stop = self._locate(entry)
        if cluster.data is not None:
            return None
        return cluster.start + start, cluster.start + stop

    def _locate(self, entry: Entry) -> tuple[Cluster, int, int]:
        entry = self.resolved(entry)
        if entry.kind is not EntryKind.CONTENT:
            bad(f"{entry.path[:200]!r} has no content")
        cluster = self._cluster(entry.cluster)
        start, stop = cluster.place(entry.blob, self._read)
        return cluster, start, stop

    def _cluster(self, number: int) -> Cluster:
        cluster = self._shelf.get(number)
        if cluster is None:
            start, stop = self._cluster_place(number)
            cluster = open_cluster(number, start, stop, self._read, self._limits.cluster_bytes)
            self._shelf.put(cluster)
        return cluster

    def _cluster_place(self, number: int) -> tuple[int, int]:
        """Where a cluster begins and, at the latest, ends: where the next one does, as a rule."""
        count = self.header.cluster_count
        if number >= count:
            bad(f"it has no cluster {number}: there are {count}")
        place = self.header.clusters_at + number * _POSITION.size
        (start,) = _POSITION.unpack(self._read(place, place + _POSITION.size))
        end = self.size_bytes if self.header.checksum_at is None else self.header.checksum_at
        if not HEADER_BYTES <= start < end:
            bad(f"cluster {number} lies outside of it")
        if number + 1 < count:
            (following,) = _POSITION.unpack(
                self._read(place + _POSITION.size, place + 2 * _POSITION.size)
            )
            if start < following < end:
                end = following
        return start, end

    # --------------------------------------------------------------------- what it says of itself

    def metadata_names(self) -> list[str]:
        """What it says of itself: ``Title``, ``Language``, ``License``, ``Date``, ..."""
        names: list[str] = []
        for entry in self.entries(self._first_from(b"M")):
            if entry.namespace != "M" or len(names) >= METADATA_NAMES_MAX:
                break
            names.append(entry.name)
        return names

    def metadata(self, name: str) -> bytes | None:
        """One thing that it says of itself; None when it does not."""
        entry = self.find(f"M/{name}")
        if entry is None:
            return None
        if self.content_bytes(entry) > METADATA_BYTES_MAX:
            bad(f"its {name[:100]} is longer than {METADATA_BYTES_MAX} bytes")
        return self.content(entry)

    def metadata_text(self, name: str) -> str:
        """The same as text; "" when it is not there."""
        return (self.metadata(name) or b"").decode("utf-8", "replace").strip()

    def checksum_pieces(self) -> Iterator[int]:
        """Check the MD5 that the archive ends with, telling how many bytes were read so far.

        Raises:
            Malformed: it does not match. An archive of old without one is passed.
        """
        checksum_at = self.header.checksum_at
        if checksum_at is None:
            return
        digest = hashlib.md5(usedforsecurity=False)
        for start in range(0, checksum_at, _PIECE_BYTES):
            stop = min(start + _PIECE_BYTES, checksum_at)
            digest.update(self._read(start, stop))
            yield stop
        if digest.digest() != self._read(checksum_at, checksum_at + digest.digest_size):
            bad("its checksum does not match: it was damaged on its way or at rest")

    def verify(self) -> None:
        """Check the MD5 that the archive ends with.

        Raises:
            Malformed: it does not match.
        """
        for _ in self.checksum_pieces():
            pass
