"""Shards: a file exists once its terms were checked and its content was hashed by the hub.

Knows what an uploader has to prove: that each xorb is its domain's (or that the chunks it names
make up files of this very repository), that it knows the chunk hashes of every term, and that the
terms make the file and the sha256 it names. Nothing a client states is believed.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import Malformed, TooLarge, Unavailable
from groundswell.core.values import Term
from groundswell.hub.blobs import marks
from groundswell.hub.blobs.arrivals import count_new, without_use
from groundswell.hub.blobs.indexes import Indexes
from groundswell.hub.blobs.links import Links, NewFile, Span
from groundswell.hub.blobs.reading import Reading
from groundswell.hub.blobs.scanning import fault_of
from groundswell.hub.blobs.values import Progress, ShardResult
from groundswell.hub.blobs.xorbs import Xorbs, add_samples
from groundswell.hub.faults import Faults
from groundswell.store.database import Database
from groundswell.store.ports import BlobStore, Kind
from groundswell.wire.hashing import Octets, chunk_hash, hash_from_hex, hash_to_hex
from groundswell.wire.shard import (
    SHARD_BYTES_MAX,
    Shard,
    ShardFile,
    ShardXorb,
    Terms,
    parse_shard,
    shard_bytes,
    verify_file,
    write_shard,
)
from groundswell.wire.xorb import XorbIndex

FILE_BYTES_MAX: Final = 1024**4
_HASHERS_MAX: Final = 2
_SHORT_BYTES: Final = 4 * 1024 * 1024
# Room for header and bookends, and for the records of some xorbs.
_SHARD_SPARE_BYTES: Final = 64 * 1024
_CHUNK_RECORD_BYTES: Final = 48


@dataclass(frozen=True, slots=True)
class Uploader:
    """Who sends a shard, and where its files shall belong; None for those of attachments, which
    the hub itself makes of plain bytes.
    """

    domain: str
    repository_id: int | None
    account_id: int


_REMOVED: Final = "A part of this content was removed a moment ago. Send it again."


class Shards:
    """Registers files."""

    def __init__(
        self,
        database: Database,
        store: BlobStore,
        indexes: Indexes,
        reading: Reading,
        xorbs: Xorbs,
        links: Links,
        faults: Faults,
    ) -> None:
        self._database = database
        self._faults = faults
        self._store = store
        self._indexes = indexes
        self._reading = reading
        self._xorbs = xorbs
        self._links = links

    def register(self, uploader: Uploader, data: Octets, progress: Progress) -> ShardResult:
        """Check a shard whole, keep it, and let its files be committed by who sent it.

        Nothing is kept of a shard of which any part is wrong. Sending it again changes nothing.

        Raises:
            Malformed: it is no shard, names a xorb that is not the sender's to name, lacks a
                proof, or states a wrong length, file hash or sha256.
            TooLarge: its files are larger than 1 TiB together.
            Unavailable: a xorb that it names was removed meanwhile.
        """
        shard = parse_shard(data)
        files = list(shard.files())
        if sum(file.size_bytes for file in files) > FILE_BYTES_MAX:
            msg = f"The files of one shard may have {FILE_BYTES_MAX} bytes together."
            raise TooLarge(msg)
        self._check_xorbs(uploader, files)
        # They are read from here on, which may take minutes: none of them goes meanwhile.
        if not self._xorbs.revive([hash_to_hex(each) for each in _named(files)]):
            raise Unavailable(_REMOVED)
        index_of = cache(self._index_of)  # a file may name a xorb thousands of times
        for file in files:
            verify_file(file, index_of)
        digests = self._digests(uploader, files, progress)
        checked = [
            replace(file, sha256=bytes.fromhex(digest))
            for file, digest in zip(files, digests, strict=True)
        ]
        return self.keep(uploader, checked, self._new_xorbs(shard, checked))

    def keep(
        self,
        uploader: Uploader,
        files: Sequence[ShardFile],
        xorbs: Sequence[ShardXorb],
        *,
        came_whole: bool = False,
    ) -> ShardResult:
        """Keep files that were checked or made by the hub: the shard at rest, then the rows.

        ``xorbs`` came for them. ``came_whole``: the files travelled as plain bytes, not as chunks.

        Raises:
            Unavailable: the shard, or a xorb that they name, was removed meanwhile.
        """
        shard_hash = ""
        told: dict[str, list[str]] = {}
        for data, group in _shards_at_rest(files, xorbs):
            shard_hash = hash_to_hex(chunk_hash(data))
            self._put(shard_hash, data)
            told[shard_hash] = [hash_to_hex(file.file_hash) for file in group]
        named = [hash_to_hex(xorb_hash) for xorb_hash in _named(files)]
        fresh = self._new_files(files, xorbs, named, came_whole=came_whole)
        samples = list(self._first_chunks(files))
        unusable = self._unusable(fresh)

        def work(conn: sa.Connection) -> bool:
            if not marks.hold(conn, named):
                raise Unavailable(_REMOVED)
            for key, file_hashes in told.items():
                marks.arrive(conn, self._store, marks.SHARD, key)
                marks.note_shard(conn, key, file_hashes)
            self._xorbs.touch(conn, uploader.domain, named)
            add_samples(conn, uploader.domain, samples)
            return self._links.add_files(
                conn, uploader.repository_id, uploader.account_id, fresh, unusable
            )

        return ShardResult(self._database.write(work), shard_hash)

    def _new_files(
        self,
        files: Sequence[ShardFile],
        xorbs: Sequence[ShardXorb],
        named: Sequence[str],
        *,
        came_whole: bool,
    ) -> list[NewFile]:
        """The rows to be, with what it took to bring each file."""
        unused = self._database.read(lambda conn: without_use(conn, named))
        came = {xorb.xorb_hash for xorb in xorbs} | {hash_from_hex(key) for key in unused}
        return [
            NewFile(
                sha256=file.sha256.hex() if file.sha256 else "",
                size_bytes=file.size_bytes,
                file_hash=hash_to_hex(file.file_hash),
                terms=file.terms,
                sent_bytes=file.size_bytes if came_whole else new_bytes,
                new_bytes=new_bytes,
            )
            for file, new_bytes in zip(files, count_new(files, came), strict=True)
        ]

    def _put(self, key: str, data: bytes) -> None:
        """Keep a shard; a broken copy that lies here gives way to it."""
        if not self._store.put(Kind.SHARD, key, data):
            fault = fault_of(self._store, Kind.SHARD, key)
            if fault is None:
                return
            self._faults.note(Kind.SHARD, key, fault)
            with suppress(FileNotFoundError):  # another upload of the same was quicker
                place = self._store.set_aside(Kind.SHARD, key)
                self._faults.note(Kind.SHARD, key, fault, place)
            self._store.put(Kind.SHARD, key, data)
        self._faults.heal(Kind.SHARD, key, "upload")

    def _unusable(self, files: Sequence[NewFile]) -> set[str]:
        """The recipes on record of these contents that name a xorb which is gone or broken."""
        fresh = {file.file_hash: file.terms.packed for file in files}
        found = set()
        for file_hash, packed in self._links.recipes_of([file.sha256 for file in files]):
            if fresh.get(file_hash) != packed:
                keys = {hash_to_hex(each) for each in Terms(packed).xorb_hashes()}
                if any(self._xorbs.usable(key) is None for key in keys):
                    found.add(file_hash)
        return found

    def _check_xorbs(self, uploader: Uploader, files: Sequence[ShardFile]) -> None:
        """Refuse what the uploader may not name: absent and foreign look the same."""
        keys = {hash_to_hex(xorb_hash): xorb_hash for xorb_hash in _named(files)}
        own = self._database.read(
            lambda conn: self._xorbs.in_domain(conn, uploader.domain, list(keys))
        )
        others: dict[bytes, set[Span]] = {
            xorb_hash: set() for key, xorb_hash in keys.items() if key not in own
        }
        if not others:
            return
        for file in files:
            for term in file.terms:
                if term.xorb_hash in others:
                    others[term.xorb_hash].add((term.chunk_start, term.chunk_end))
        spans = {xorb_hash: sorted(named) for xorb_hash, named in others.items()}
        assert uploader.repository_id is not None, "a client's shard"
        if not self._links.is_linked(uploader.repository_id, spans):
            raise Malformed("shard", "names a xorb that was not uploaded here")

    def _index_of(self, xorb_hash: bytes) -> XorbIndex:
        return self._indexes.get_promised(hash_to_hex(xorb_hash)).index

    def _digests(
        self, uploader: Uploader, files: Sequence[ShardFile], progress: Progress
    ) -> list[str]:
        """The sha256 of each file, from its content; each claimed one is compared.

        A file that this repository holds or this account sent here before is not read again. One
        that only others have is: how long an answer takes must not tell.
        """
        assert uploader.repository_id is not None, "a client's shard"
        known = self._links.known_files(
            uploader.repository_id,
            uploader.account_id,
            [hash_to_hex(file.file_hash) for file in files],
        )
        tally = _Tally(progress, sum(file.size_bytes for file in files))

        def digest_of(file: ShardFile) -> str:
            digest = known.get(hash_to_hex(file.file_hash))
            if digest is None:
                digest = _sha256(self._content(file), file.size_bytes, tally)
            else:
                tally.add(file.size_bytes)
            if file.sha256 is not None and file.sha256.hex() != digest:
                raise Malformed(
                    "file", "the content does not have the sha256 that the shard states"
                )
            return digest

        return _each(digest_of, files)

    def _content(self, file: ShardFile) -> Iterator[Octets]:
        terms = (
            Term(hash_to_hex(term.xorb_hash), term.chunk_start, term.chunk_end, term.unpacked_bytes)
            for term in file.terms
        )
        return self._reading.content(terms, 0, file.size_bytes)

    def _new_xorbs(self, shard: Shard, files: Iterable[ShardFile]) -> list[ShardXorb]:
        """What the shard at rest says of xorbs: of those it listed and uses, from our own index."""
        used = _named(files)
        listed = dict.fromkeys(xorb.xorb_hash for xorb in shard.xorbs() if xorb.xorb_hash in used)
        return [ShardXorb.of(self._index_of(xorb_hash)) for xorb_hash in listed]

    def _first_chunks(self, files: Iterable[ShardFile]) -> Iterator[tuple[bytes, str]]:
        """(first chunk, its xorb) of each file: clients ask for it first."""
        for file in files:
            if len(file.terms):
                term = file.terms[0]
                index = self._index_of(term.xorb_hash)
                yield index.chunk_hash(term.chunk_start), hash_to_hex(term.xorb_hash)


def _named(files: Iterable[ShardFile]) -> set[bytes]:
    """The xorbs that the terms of the files are in."""
    return {xorb_hash for file in files for xorb_hash in file.terms.xorb_hashes()}


class _Tally:
    """Bytes done by several threads, told to one listener."""

    def __init__(self, progress: Progress, total_bytes: int) -> None:
        self._progress = progress
        self._total_bytes = total_bytes
        self._done_bytes = 0
        self._lock = threading.Lock()

    def add(self, size_bytes: int) -> None:
        with self._lock:
            self._done_bytes += size_bytes
            self._progress(self._done_bytes, self._total_bytes)


def _sha256(pieces: Iterator[Octets], size_bytes: int, tally: _Tally) -> str:
    """The digest; of long content, one piece is read while the one before it is hashed."""
    hasher = hashlib.sha256()
    if size_bytes <= _SHORT_BYTES:
        for piece in pieces:
            hasher.update(piece)
        tally.add(size_bytes)
        return hasher.hexdigest()
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as ahead:
        following = ahead.submit(_next, pieces)
        while content := following.result():
            following = ahead.submit(_next, pieces)
            hasher.update(content)
            tally.add(len(content))
    return hasher.hexdigest()


def _next(pieces: Iterator[Octets]) -> Octets:
    """The next piece; nothing at the end."""
    return next(pieces, b"")


def _each(work: Callable[[ShardFile], str], files: Sequence[ShardFile]) -> list[str]:
    """The work for each file, in two threads where there are cores for it."""
    workers = min(_HASHERS_MAX, os.cpu_count() or 1, len(files))
    if workers < 2:
        return [work(file) for file in files]
    with ThreadPoolExecutor(workers, thread_name_prefix="sha256") as pool:
        futures = [pool.submit(partial(work, file)) for file in files]
        try:
            return [future.result() for future in futures]
        except BaseException:
            # The first fault decides: what has not begun is not begun.
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _shards_at_rest(
    files: Sequence[ShardFile], xorbs: Sequence[ShardXorb]
) -> Iterator[tuple[bytes, Sequence[ShardFile]]]:
    """Shards that say all of it, each within the format's limit, and the files of each.

    What is said of xorbs stands also in their own footers: where it has no room it is left out.
    """
    room = SHARD_BYTES_MAX - _SHARD_SPARE_BYTES
    xorb_bytes = sum((1 + len(xorb)) * _CHUNK_RECORD_BYTES for xorb in xorbs)
    group: list[ShardFile] = []
    group_bytes = 0
    for file in files:
        file_bytes = shard_bytes(file)
        if file_bytes > room:
            msg = "A file of one shard may have about 700,000 terms."
            raise TooLarge(msg)
        if group_bytes + file_bytes > room:
            yield write_shard(group), group
            group, group_bytes = [], 0
        group.append(file)
        group_bytes += file_bytes
    if group:
        yield write_shard(group, xorbs if group_bytes + xorb_bytes <= room else ()), group
