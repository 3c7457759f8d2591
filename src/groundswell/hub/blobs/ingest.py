"""Content that arrives as plain bytes becomes chunks, xorbs and a shard on the hub itself.

Knows how to find what the domain has already: a sample chunk finds a xorb, and the xorb's whole
list of chunks finds the rest of the run. Nothing is kept before the sha256 is known to be right.
Memory: one block, the chunk lists of some xorbs, and the hashes of recent new chunks.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from groundswell.core.errors import WrongContent
from groundswell.hub.blobs.indexes import Indexes
from groundswell.hub.blobs.line import Line
from groundswell.hub.blobs.shards import Shards, Uploader
from groundswell.hub.blobs.values import Blob
from groundswell.hub.blobs.xorbs import Xorbs, is_sample
from groundswell.store.ports import BlobStore, Spooled
from groundswell.wire.chunking import ChunkSplitter
from groundswell.wire.hashing import (
    MerkleTree,
    Octets,
    chunk_hash,
    finish_file_hash,
    hash_to_hex,
)
from groundswell.wire.shard import ShardFile, ShardXorb, Term, Terms, verification_hashes
from groundswell.wire.xorb import XorbBuilder, XorbIndex, serialize_footer

_XORBS_IN_VIEW_MAX: Final = 64
# Shorter runs of known chunks are stored again: a term for each would make reading slow.
_RUN_CHUNKS_MIN: Final = 4
_ASIDE_BYTES_MIN: Final = 1024 * 1024


@dataclass(slots=True, eq=False)
class _Place:
    """A xorb that terms may name. One that is being filled gets its hash when it is full."""

    xorb_hash: bytes = b""
    chunk_hashes: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class _Run:
    """A term in the making."""

    place: _Place
    start: int
    stop: int
    size_bytes: int


class _View:
    """The xorbs whose chunks are looked for, the most recently used kept."""

    def __init__(self) -> None:
        self._places: OrderedDict[_Place, None] = OrderedDict()
        self._chunks: dict[bytes, tuple[_Place, int]] = {}
        self._known: set[bytes] = set()

    def holds(self, xorb_hash: bytes) -> bool:
        """Whether the xorb is in view."""
        return xorb_hash in self._known

    def add(self, place: _Place) -> None:
        """Take a xorb into view, and the one that was of no use for longest out of it."""
        self._places[place] = None
        if place.xorb_hash:
            self._known.add(place.xorb_hash)
        for number, digest in enumerate(place.chunk_hashes):
            self._chunks.setdefault(digest, (place, number))
        if len(self._places) > _XORBS_IN_VIEW_MAX:
            oldest, _ = self._places.popitem(last=False)
            self._known.discard(oldest.xorb_hash)
            for digest in oldest.chunk_hashes:
                if self._chunks.get(digest, (None,))[0] is oldest:
                    del self._chunks[digest]

    def add_chunk(self, place: _Place, digest: bytes) -> None:
        """One more chunk of a xorb that is being filled."""
        self._chunks.setdefault(digest, (place, len(place.chunk_hashes)))
        place.chunk_hashes.append(digest)

    def find(self, digest: bytes) -> tuple[_Place, int] | None:
        """Where the chunk is."""
        found = self._chunks.get(digest)
        if found is not None and found[0] in self._places:
            self._places.move_to_end(found[0])
        return found


class Ingest:
    """One file on its way in: ``write`` its bytes, then ``finish``, or else ``discard``."""

    def __init__(
        self,
        uploader: Uploader,
        store: BlobStore,
        indexes: Indexes,
        xorbs: Xorbs,
        shards: Shards,
    ) -> None:
        self._uploader = uploader
        self._store = store
        self._indexes = indexes
        self._xorbs = xorbs
        self._shards = shards
        self._sha256 = hashlib.sha256()
        self._size_bytes = 0
        self._splitter = ChunkSplitter()
        self._tree = MerkleTree()
        self._runs: list[_Run] = []
        self._view = _View()
        self._builder = XorbBuilder()
        self._place = _Place()
        self._spooled: Spooled | None = None
        self._full: list[tuple[XorbIndex, Spooled]] = []
        self._line = Line()

    @property
    def size_bytes(self) -> int:
        """How much was written."""
        return self._size_bytes

    def write(self, data: Octets) -> None:
        """Append. Blocks of some megabytes find known content better than small ones.

        ``data`` is still being read when this returns, until the next ``write`` has returned.

        Raises:
            StorageFull, Unavailable: the store cannot take more.
        """
        self._size_bytes += len(data)
        if len(data) < _ASIDE_BYTES_MIN:
            self._line.wait()
            self._sha256.update(data)
            self._take(self._splitter.feed(data))
            return
        # What stands in the line is the block before, so that this one is cut meanwhile.
        chunks = self._splitter.feed(data)
        self._line.wait()
        self._line.begin(partial(self._sha256.update, data), partial(self._take, chunks))

    def finish(
        self, expected_sha256: str | None = None, expected_size_bytes: int | None = None
    ) -> Blob:
        """Keep the file, claimed by the uploader for the repository; durable when it returns.

        Raises:
            WrongContent: the bytes are not those that were announced. Nothing is kept.
        """
        try:
            self._line.wait()
            last = self._splitter.finish()
            self._take([last] if last else [])
            digest = self._sha256.hexdigest()
            if expected_size_bytes not in {None, self._size_bytes}:
                msg = f"{self._size_bytes} bytes came where {expected_size_bytes} were announced."
                raise WrongContent(msg)
            if expected_sha256 not in {None, digest}:
                msg = "The content does not have the sha256 that was announced."
                raise WrongContent(msg)
            return self._keep(digest)
        finally:
            self.discard()

    def discard(self) -> None:
        """Forget everything that was not kept. Idempotent."""
        self._line.close()
        waiting = [spooled for _, spooled in self._full]
        if self._spooled is not None:
            waiting.append(self._spooled)
        for spooled in waiting:
            spooled.discard()
        self._spooled, self._full = None, []

    def _take(self, chunks: Sequence[Octets]) -> None:
        """Chunks in order: runs that are known become terms, the others are stored."""
        digests = [chunk_hash(chunk) for chunk in chunks]
        self._look_up(digests)
        position = 0
        while position < len(chunks):
            run = self._known_run(digests, position)
            stop = position + max(run.stop - run.start if run else 0, 1)
            sizes = [len(chunk) for chunk in chunks[position:stop]]
            if run is not None and self._is_worth_it(run, whole=stop - position == len(chunks)):
                run.size_bytes = sum(sizes)
                self._append(run)
            else:
                for chunk, digest in zip(
                    chunks[position:stop], digests[position:stop], strict=True
                ):
                    self._store_chunk(chunk, digest)
            self._tree.extend(zip(digests[position:stop], sizes, strict=True))
            position = stop

    def _look_up(self, digests: Sequence[bytes]) -> None:
        """Bring the domain's xorbs into view that have any sample among these chunks."""
        asked = [digest for digest in digests if is_sample(digest) and not self._view.find(digest)]
        if digests and not self._runs and not self._view.find(digests[0]):
            asked.append(digests[0])
        if not asked:
            return
        found = self._xorbs.with_samples(self._uploader.domain, asked)
        keys = list(dict.fromkeys(found.values()))
        if not self._xorbs.revive(keys):
            return  # one went just now: all of this is stored again
        for key in keys:
            index = self._xorbs.usable(key)
            if index is None:
                continue  # reported where it was found; the content is simply stored again
            if not self._view.holds(index.xorb_hash):
                hashes = [digest for digest, _ in index.chunks()]
                self._view.add(_Place(index.xorb_hash, hashes))

    def _known_run(self, digests: Sequence[bytes], position: int) -> _Run | None:
        """The longest run of known chunks from here; one that goes on with the last term first."""
        digest = digests[position]
        found = self._view.find(digest)
        if self._runs:
            last = self._runs[-1]
            following = last.place.chunk_hashes[last.stop : last.stop + 1]
            found = (last.place, last.stop) if following == [digest] else found
        if found is None:
            return None
        place, start = found
        count = 1
        known = place.chunk_hashes
        while (
            position + count < len(digests)
            and start + count < len(known)
            and known[start + count] == digests[position + count]
        ):
            count += 1
        return _Run(place, start, start + count, 0)

    def _is_worth_it(self, run: _Run, *, whole: bool) -> bool:
        continues = bool(self._runs) and (
            self._runs[-1].place is run.place and self._runs[-1].stop == run.start
        )
        return whole or continues or run.stop - run.start >= _RUN_CHUNKS_MIN

    def _store_chunk(self, chunk: Octets, digest: bytes) -> None:
        if not self._builder.has_room(len(chunk)):
            self._close_xorb()
        if self._spooled is None:
            self._spooled = self._store.spool()
        self._spooled.write(self._builder.add(chunk, digest))
        number = len(self._place.chunk_hashes)
        self._view.add_chunk(self._place, digest)
        self._append(_Run(self._place, number, number + 1, len(chunk)))

    def _append(self, run: _Run) -> None:
        """Add a term, or lengthen the last one: at most to all of one xorb."""
        if self._runs:
            last = self._runs[-1]
            if last.place is run.place and last.stop == run.start:
                last.stop = run.stop
                last.size_bytes += run.size_bytes
                return
        self._runs.append(run)

    def _close_xorb(self) -> None:
        if self._spooled is None:
            return
        index = self._builder.finish()
        self._spooled.write(serialize_footer(index))
        self._line.settle(self._spooled)
        self._full.append((index, self._spooled))
        self._place.xorb_hash = index.xorb_hash
        self._view.add(self._place)
        self._spooled, self._builder, self._place = None, XorbBuilder(), _Place()

    def _keep(self, digest: str) -> Blob:
        self._close_xorb()
        self._line.wait_for_disk()
        fresh: dict[bytes, XorbIndex] = {}
        self._line.each(self._keep_xorb, self._full)
        for index, _ in self._full:
            fresh[index.xorb_hash] = index
        terms = Terms.of(
            Term(run.place.xorb_hash, run.size_bytes, run.start, run.stop) for run in self._runs
        )
        file = ShardFile(
            file_hash=finish_file_hash(self._tree),
            terms=terms,
            verification_hashes=verification_hashes(terms, self._index_of),
            sha256=bytes.fromhex(digest),
        )
        xorbs = [ShardXorb.of(index) for index in fresh.values()]
        self._shards.keep(self._uploader, [file], xorbs, came_whole=True)
        return Blob(digest, self._size_bytes, hash_to_hex(file.file_hash))

    def _keep_xorb(self, full: tuple[XorbIndex, Spooled]) -> None:
        self._xorbs.keep(self._uploader.domain, *full)

    def _index_of(self, xorb_hash: bytes) -> XorbIndex:
        return self._indexes.get_promised(hash_to_hex(xorb_hash)).index


def pour(pieces: Iterable[Octets], ingest: Ingest) -> Ingest:
    """Write all pieces; what came so far is discarded when one cannot be had."""
    try:
        for piece in pieces:
            ingest.write(piece)
    except BaseException:
        ingest.discard()
        raise
    return ingest
