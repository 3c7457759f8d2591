"""Copying content into a folder that is filled, each file verified while its bytes pass.

Knows how xorbs, shards, git objects and keys prove themselves whole. What is there already is not
copied again. What is broken at the source is left out and told; the rest goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, Protocol

from groundswell.core.errors import Corrupt, Malformed
from groundswell.hub.upkeep.findings import Code, Progress, Report
from groundswell.store.copies import BlobFolder, place_of
from groundswell.store.git import backups
from groundswell.store.git.identity import FILE_NAME as IDENTITY
from groundswell.store.ports import BlobReader, Kind
from groundswell.store.writing import FolderWriter
from groundswell.wire.hashing import chunk_hash, hash_from_hex, hash_to_hex
from groundswell.wire.shard import SHARD_BYTES_MAX
from groundswell.wire.xorb import FOOTER_BYTES_MAX, XorbScanner, footer_bytes, read_footer

_PIECE_BYTES: Final = 4 * 1024 * 1024
_LISTINGS_MAX: Final = 5


class Source(Protocol):
    """Where objects are read: the reading half of a ``BlobStore``."""

    def list_keys(self, kind: str, after: str = "") -> Iterator[str]:
        """Keys in ascending order."""
        ...

    def open(self, kind: str, key: str) -> AbstractContextManager[BlobReader]:
        """Open for reading. Raises FileNotFoundError."""
        ...

    def size_bytes(self, kind: str, key: str) -> int | None:
        """Size, or None when there is none."""
        ...


class ContentCopy:
    """Copies into ``writer``'s folder. Faults and figures go into the report."""

    def __init__(self, writer: FolderWriter, report: Report, progress: Progress) -> None:
        self._writer = writer
        self._there = BlobFolder(writer.root)
        self._report = report
        self._progress = progress

    def copy_xorbs(self, source: Source) -> None:
        """Every xorb that is missing or broken in the copy."""
        self._progress.begin("xorbs", None)
        for key in source.list_keys(Kind.XORB):
            self._progress.advance()
            self._report.counted["xorbs"] += 1
            if self._has_xorb(key):
                continue
            try:
                with source.open(Kind.XORB, key) as reader:
                    self._write(place_of(Kind.XORB, key), _xorb_pieces(reader, key))
            except (FileNotFoundError, Corrupt, Malformed) as error:
                self._report.add(Code.XORB_CORRUPT, key, f"Not copied: {error}")

    def _has_xorb(self, key: str) -> bool:
        """Whether the copy has it whole: in whichever encoding, its footer tells its length."""
        size_bytes = self._there.size_bytes(Kind.XORB, key)
        if size_bytes is None:
            return False
        try:
            with self._there.open(Kind.XORB, key) as reader:
                tail_bytes = min(FOOTER_BYTES_MAX, size_bytes)
                index = read_footer(reader.read_at(size_bytes - tail_bytes, tail_bytes))
        except (FileNotFoundError, Corrupt, Malformed):
            return False
        is_whole = size_bytes == index.physical_bytes + footer_bytes(len(index))
        return is_whole and hash_to_hex(index.xorb_hash) == key

    def copy_shards(self, source: Source) -> None:
        """Every shard that is missing in the copy."""
        self._progress.begin("shards", None)
        for key in source.list_keys(Kind.SHARD):
            self._progress.advance()
            self._report.counted["shards"] += 1
            size_bytes = source.size_bytes(Kind.SHARD, key)
            if size_bytes == self._there.size_bytes(Kind.SHARD, key):
                continue
            try:
                with source.open(Kind.SHARD, key) as reader:
                    data = _shard(reader, key)
            except (FileNotFoundError, Corrupt) as error:
                self._report.add(Code.SHARD_CORRUPT, key, f"Not copied: {error}")
                continue
            self._write(place_of(Kind.SHARD, key), [data])

    def copy_objects(self, source: Path, place: str, number: int) -> None:
        """Every file of git objects that is missing in the copy of the repository at ``place``.

        Files that vanish were packed meanwhile: then the list is read again.
        """
        for _ in range(_LISTINGS_MAX):
            vanished = False
            for path in backups.object_files(source):
                try:
                    if (source / path).stat().st_size != self._size_there(f"{place}/{path}"):
                        self._write(f"{place}/{path}", backups.object_pieces(source, path))
                except FileNotFoundError:
                    vanished = True
                except Corrupt as error:
                    where = f"repository {number} {path}"
                    self._report.add(Code.OBJECT_BROKEN, where, f"Not copied: {error.message}")
            if not vanished:
                return
        what = "Its files kept changing; what is missing will be copied next time."
        self._report.add(Code.REPOSITORY_DAMAGED, f"repository {number}", what)

    def copy_files(self, source: Path, folder: str) -> None:
        """The small files right below a folder (keys), replacing those that differ."""
        for file in sorted((source / folder).glob("*")):
            if file.is_file():
                self.copy_file(file, f"{folder}/{file.name}")

    def copy_file(self, file: Path, place: str) -> None:
        """One small file, unless the copy has the same bytes."""
        data = file.read_bytes()
        there = self._writer.root / place
        if not there.is_file() or there.read_bytes() != data:
            self._write(place, [data], mode=0o600)

    def copy_identity(self, source: Path, place: str) -> None:
        """Who the repository is."""
        if (source / IDENTITY).is_file():
            self.copy_file(source / IDENTITY, f"{place}/{IDENTITY}")

    def _size_there(self, place: str) -> int | None:
        try:
            return (self._writer.root / place).stat().st_size
        except FileNotFoundError:
            return None

    def _write(self, place: str, pieces: Iterator[bytes] | list[bytes], mode: int = 0o400) -> None:
        self._report.counted["bytes_copied"] += self._writer.write(place, pieces, mode)
        self._report.counted["files_copied"] += 1


def _xorb_pieces(reader: BlobReader, key: str) -> Iterator[bytes]:
    """The bytes of a xorb; at the end every chunk was decoded and hashed.

    Raises:
        Malformed, Corrupt: they are not the xorb of that hash.
    """
    scanner = XorbScanner()
    for start in range(0, reader.size_bytes, _PIECE_BYTES):
        piece = reader.read_at(start, min(_PIECE_BYTES, reader.size_bytes - start))
        scanner.feed(piece)
        yield piece
    scanner.finish(hash_from_hex(key))


def _shard(reader: BlobReader, key: str) -> bytes:
    """The bytes of a shard, found to have its hash.

    Raises:
        Corrupt: they do not.
    """
    data = reader.read_at(0, min(reader.size_bytes, SHARD_BYTES_MAX))
    if hash_to_hex(chunk_hash(data)) != key:
        raise Corrupt("the bytes do not have the shard's hash.")
    return data
