"""Healing: a broken object is made whole from any other copy that holds the right hash.

Knows where copies may be: what is left of the broken xorb itself, other xorbs with the same
chunks, the database for shards, and a backup. Everything is verified before it takes its place.
An upload heals too, where it arrives (``hub.blobs``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Corrupt, GroundswellError, Malformed
from groundswell.core.values import Term
from groundswell.hub.blobs.indexes import read_index
from groundswell.hub.blobs.scanning import fault_of, lies_there, pieces, scan_shard
from groundswell.hub.faults import DATABASE, REPOSITORY, Fault
from groundswell.hub.upkeep.copying import ContentCopy
from groundswell.hub.upkeep.findings import Code, Progress, Report, Silence
from groundswell.hub.upkeep.premises import Premises
from groundswell.hub.upkeep.snapshots import FOLDER
from groundswell.store.copies import BlobFolder
from groundswell.store.git import checking
from groundswell.store.ports import BlobReader, ColdBlobs, Kind, kind_aside
from groundswell.store.tables import reconstructions
from groundswell.store.writing import FolderWriter
from groundswell.wire.hashing import Octets, chunk_hash, hash_from_hex, hash_to_hex
from groundswell.wire.shard import ShardFile, Terms, verification_hashes, verify_file, write_shard
from groundswell.wire.xorb import (
    FOOTER_BYTES_MAX,
    HEADER_BYTES,
    ChunkHeader,
    Scheme,
    XorbBuilder,
    XorbIndex,
    XorbScanner,
    decode_chunk,
    read_footer,
    serialize_footer,
)

_XORB_FILE_BYTES_MAX: Final = 80 * 1024 * 1024
_SHARD_FILES_MAX: Final = 500


class Healing:
    """Repairs of one hub's data. Each says how it came about, or None when there is no copy."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises

    def heal(self, kind: str, key: str, place: str) -> str | None:
        """Make an object that was put aside to ``place`` whole again from what the hub has."""
        if kind == Kind.XORB and fault_of(self._premises.store, kind, key) is None:
            # It lay plain and cold: the moment between two steps.
            self._premises.faults.heal(kind, key, "its other form")
            return "its other form"
        try:
            how = self._xorb(key, place) if kind == Kind.XORB else self._shards()
        except (GroundswellError, FileNotFoundError):
            return None
        if how is not None:
            self._premises.faults.heal(kind, key, how)
        return how

    # --- xorbs ----------------------------------------------------------------------------------

    def _xorb(self, key: str, place: str) -> str | None:
        """Its chunks, from what is left of it and from other xorbs."""
        with self._premises.store.open_aside(place) as reader:
            if reader.size_bytes > _XORB_FILE_BYTES_MAX:
                return None
            index, chunks = self._salvage(key, reader, is_cold=kind_aside(place) == Kind.COLD)
        if index is None:
            return None
        missing = {digest for digest, _ in index.chunks()} - chunks.keys()
        chunks.update(self._elsewhere(missing))
        if any(digest not in chunks for digest, _ in index.chunks()):
            return None
        self._write(key, index, chunks)
        return "another xorb with the same chunks" if missing else "its own chunks"

    def _salvage(
        self, key: str, reader: BlobReader, *, is_cold: bool
    ) -> tuple[XorbIndex | None, dict[bytes, bytes]]:
        """What is left of a broken xorb: its index, and the chunks that have their hashes."""
        store = self._premises.store
        if is_cold:
            if not isinstance(store, ColdBlobs):
                return None, {}
            reader = store.virtual(key, reader)
            index = read_index(reader, key)
            return index, _whole_chunks(reader.read_at, index)
        # At once: in a bucket, each reading is a request.
        data = memoryview(reader.read_at(0, reader.size_bytes))
        found = _index_of(data, key)
        if found is None:
            return None, {}
        return found, _whole_chunks(lambda start, size: data[start : start + size], found)

    def _elsewhere(self, wanted: set[bytes]) -> dict[bytes, bytes]:
        """Of these chunks, those that any other xorb holds, found by the xorbs' footers."""
        found: dict[bytes, bytes] = {}
        if not wanted:
            return found
        for key in self._premises.store.list_keys(Kind.XORB):
            try:
                index = self._premises.indexes.get(key).index
                for number, (digest, size_bytes) in enumerate(index.chunks()):
                    if digest in wanted:
                        found[digest] = self._chunk(key, number, size_bytes)
            except (FileNotFoundError, Corrupt):
                continue
            wanted = wanted - found.keys()
            if not wanted:
                break
        return found

    def _chunk(self, key: str, number: int, size_bytes: int) -> bytes:
        term = Term(key, number, number + 1, size_bytes)
        return b"".join(self._premises.reading.content([term], 0, size_bytes))

    def _write(self, key: str, index: XorbIndex, chunks: Mapping[bytes, bytes]) -> None:
        spooled = self._premises.store.spool()
        try:
            builder = XorbBuilder()
            for digest, _ in index.chunks():
                spooled.write(builder.add(chunks[digest], digest))
            made = builder.finish()
            if hash_to_hex(made.xorb_hash) != key:
                raise Corrupt
            spooled.write(serialize_footer(made))
            self._premises.store.adopt(Kind.XORB, key, spooled)
        finally:
            spooled.discard()

    # --- shards ---------------------------------------------------------------------------------

    def _shards(self) -> str:
        """Shards for all files that only the database knows. The broken one need not come again:
        what it told stands in others then.
        """
        premises = self._premises
        told: set[bytes] = set()
        for key in premises.store.list_keys(Kind.SHARD):
            try:
                told |= {bytes(file.file_hash) for file in scan_shard(premises.store, key).files()}
            except (Corrupt, Malformed, FileNotFoundError):
                continue
        group: list[ShardFile] = []
        for row in premises.pages(sa.select(reconstructions), reconstructions.c.file_hash):
            if hash_from_hex(row.file_hash) not in told:
                group += self._file_of(row.file_hash, row.sha256, row.terms)
            if len(group) >= _SHARD_FILES_MAX:
                self._put(group)
                group = []
        if group:
            self._put(group)
        return "the database"

    def _file_of(self, file_hash: str, sha256: str, packed: bytes) -> list[ShardFile]:
        def index_of(xorb_hash: bytes) -> XorbIndex:
            return self._premises.indexes.get_promised(hash_to_hex(xorb_hash)).index

        try:
            terms = Terms(packed)
            proofs = verification_hashes(terms, index_of)
            file = ShardFile(hash_from_hex(file_hash), terms, proofs, bytes.fromhex(sha256))
            verify_file(file, index_of)
        except (Corrupt, Malformed):
            return []  # it has a fault of its own
        return [file]

    def _put(self, files: Sequence[ShardFile]) -> None:
        data = write_shard(files)
        self._premises.store.put(Kind.SHARD, hash_to_hex(chunk_hash(data)), data)


def heal_from(premises: Premises, backup: Path, progress: Progress | None = None) -> Report:
    """Bring what is broken back from a backup of this hub, or any folder laid out as one.

    What is not in it stays broken and is told. Beside a hub at work.

    Raises:
        BadRequest: the folder is no backup.
    """
    if not ((backup / FOLDER).is_dir() or (backup / Kind.XORB).is_dir()):
        raise BadRequest(f"{backup} is no backup of a hub.")
    progress = progress or Silence()
    report = Report("heal", premises.clock())
    broken = premises.faults.list_faults(limit=1_000_000)
    progress.begin("faults", len(broken))
    for fault in broken:
        progress.advance()
        report.counted["faults"] += 1
        if _is_healed(premises, backup, fault, report):
            report.counted["healed"] += 1
            premises.faults.heal(fault.kind, fault.key, "backup")
        else:
            code = Code.FAULT_OPEN
            report.add(code, f"{fault.kind}/{fault.key}", f"{fault.what} Not in the backup.")
    report.finished_at = premises.clock()
    return report


def _is_healed(premises: Premises, backup: Path, fault: Fault, report: Report) -> bool:
    if fault.kind in {Kind.XORB, Kind.SHARD}:
        return _copy_object(premises, BlobFolder(backup), fault.kind, fault.key)
    if fault.kind == REPOSITORY and fault.key.isdecimal():
        return _copy_repository(premises, backup, int(fault.key), report)
    assert fault.kind == DATABASE or not fault.key.isdecimal()
    return False


def _copy_object(premises: Premises, source: BlobFolder, kind: str, key: str) -> bool:
    if fault_of(premises.store, kind, key) is None:
        return True
    if fault_of(source, kind, key) is not None:
        return False
    if lies_there(premises.store, kind, key):
        premises.store.set_aside(kind, key)
    spooled = premises.store.spool()
    try:
        with source.open(kind, key) as reader:
            for piece in pieces(reader):
                spooled.write(piece)
        premises.store.adopt(kind, key, spooled)
    finally:
        spooled.discard()
    return fault_of(premises.store, kind, key) is None


def _copy_repository(premises: Premises, backup: Path, number: int, report: Report) -> bool:
    """Objects that the backup has: whole files of them, beside those that are there."""
    folder = premises.git.path(number)
    place = folder.relative_to(premises.folder.root).as_posix()
    if not premises.git.exists(number) or not (backup / place).is_dir():
        return False
    with FolderWriter(premises.folder.root) as writer:
        ContentCopy(writer, report, Silence()).copy_objects(backup / place, place, number)
        writer.flush()
    broken, _ = checking.verify_objects(folder)
    return not broken and not checking.broken_references(folder)


def _index_of(data: memoryview, key: str) -> XorbIndex | None:
    """The index of a broken xorb: from its footer, or else from its records."""
    try:
        index = read_footer(data[-FOOTER_BYTES_MAX:])
        if hash_to_hex(index.xorb_hash) == key:
            return index
    except Malformed:
        pass
    scanner = XorbScanner()
    try:
        scanner.feed(data)
    except Malformed:
        return None
    try:
        return scanner.finish(hash_from_hex(key))
    except Malformed:
        return None


def _whole_chunks(read: Callable[[int, int], Octets], index: XorbIndex) -> dict[bytes, bytes]:
    """The chunks of a broken xorb that still have their hashes."""
    found: dict[bytes, bytes] = {}
    start = 0
    for number, (digest, size_bytes) in enumerate(index.chunks()):
        stop = index.physical_end[number]
        try:
            payload = read(start + HEADER_BYTES, stop - start - HEADER_BYTES)
        except Corrupt:
            payload = b""  # a frame of a cold xorb, or the end of a cut off one
        for scheme in Scheme:  # a header may be what broke: it says nothing else that is not known
            try:
                chunk = decode_chunk(ChunkHeader(len(payload), scheme, size_bytes), payload)
            except Malformed:
                continue
            if len(chunk) == size_bytes and chunk_hash(chunk) == digest:
                found[digest] = bytes(chunk)
                break
        start = stop
    return found
