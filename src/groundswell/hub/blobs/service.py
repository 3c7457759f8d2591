"""Everything one may do with content, in one place.

Knows how the parts of this room fit together. Access is decided before a method is called (the
repository was found for the caller), except where a pass is checked (``passes``).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from groundswell.core.errors import BlobNotFound, Corrupt, Malformed, TooLarge
from groundswell.core.values import Arrival, ByteRange, Principal, RecipePlan, RecordsPlan
from groundswell.hub.blobs import arrivals as arrival_rows
from groundswell.hub.blobs import links as link_rows
from groundswell.hub.blobs.grants import Grants
from groundswell.hub.blobs.indexes import Indexes
from groundswell.hub.blobs.ingest import Ingest, pour
from groundswell.hub.blobs.links import Links
from groundswell.hub.blobs.multipart import PART_BYTES_MIN, Multipart, Upload
from groundswell.hub.blobs.passes import FindRepository, Pass, Passes, Refresh
from groundswell.hub.blobs.quotas import UNLIMITED, Quotas
from groundswell.hub.blobs.reading import Reading
from groundswell.hub.blobs.shards import Shards, Uploader
from groundswell.hub.blobs.sizes import Sizes
from groundswell.hub.blobs.straight import Straight
from groundswell.hub.blobs.values import Blob, Clock, Progress, ShardResult, XetScope, XetToken
from groundswell.hub.blobs.xorbs import Xorbs, map_file, read_file
from groundswell.hub.faults import Faults
from groundswell.hub.signing import Signer
from groundswell.store.database import Database
from groundswell.store.ports import BlobStore, Kind, Spooled
from groundswell.wire.chunking import split
from groundswell.wire.hashing import Octets, hash_to_hex
from groundswell.wire.reconstruction import UrlFor, reconstruct, to_v1, to_v2
from groundswell.wire.shard import SHARD_BYTES_MAX
from groundswell.wire.xorb import XorbIndex

if TYPE_CHECKING:
    from groundswell.hub.repos import Repository

_log = logging.getLogger(__name__)

SPOOL_TTL_SECONDS: Final = 24 * 3600
_WARM_UP_BYTES: Final = 256 * 1024


def _silent(done_bytes: int, total_bytes: int) -> None:
    """Progress that nobody follows."""
    del done_bytes, total_bytes


class Blobs:
    """Content of files: taken in, told apart by right, read back.

    ``clock`` gives microseconds since the epoch; ``refresh`` is ``Accounts.refresh``
    and ``find`` is ``Repos.find_by_number``.
    """

    def __init__(
        self,
        database: Database,
        store: BlobStore,
        clock: Clock,
        signer: Signer,
        refresh: Refresh,
        find: FindRepository,
        *,
        part_bytes_min: int = PART_BYTES_MIN,
        quota_bytes: int = UNLIMITED,
    ) -> None:
        self._database = database
        self._store = store
        self.faults = Faults(database, clock)
        self.sizes = Sizes(database, clock)
        self.arrivals = arrival_rows.Arrivals(database)
        self.quotas = Quotas(database, quota_bytes)
        self._indexes = Indexes(store, on_fault=partial(self.faults.try_to_note, Kind.XORB))
        self._reading = Reading(store, self._indexes)
        self._xorbs = Xorbs(database, store, self._indexes, self.faults, clock)
        self._links = Links(database, clock)
        self._shards = Shards(
            database,
            store,
            self._indexes,
            self._reading,
            self._xorbs,
            self._links,
            self.faults,
        )
        self.passes = Passes(database, signer, refresh, find)
        self.multipart = Multipart(database, store, clock, part_bytes_min)
        self.grants = Grants(self.passes, self._xorbs, store.staging)

    # --- in ---------------------------------------------------------------------------------

    def spool(self, size_hint_bytes: int = 0) -> Spooled:
        """A place for bytes that arrive.

        Raises:
            StorageFull: less space is free than that.
            Unavailable: the store takes no writes.
        """
        return self._store.spool(size_hint_bytes)

    def receive_xorb(self, domain: str, key: str, spooled: Spooled) -> bool:
        """Check and keep an uploaded xorb; True when it was new to the domain.

        Raises:
            Malformed: the bytes are not the xorb that ``key`` names.
        """
        return self._xorbs.receive(domain, key, spooled)

    def register_spooled_shard(
        self, holder: Pass, spooled: Spooled, progress: Progress = _silent
    ) -> ShardResult:
        """``register_shard`` for the holder of a pass; the shard may be as large as shards get.

        The spooled bytes are used up, whatever happens.
        """
        uploader = Uploader(holder.domain, holder.repository.id, holder.account_id)
        try:
            if spooled.size_bytes > SHARD_BYTES_MAX:
                msg = f"A shard may have {SHARD_BYTES_MAX} bytes."
                raise TooLarge(msg)
            return self._shards.register(uploader, map_file(spooled.path), progress)
        finally:
            spooled.discard()

    def register_shard(
        self,
        domain: str,
        repository_id: int,
        account_id: int,
        data: Octets,
        progress: Progress = _silent,
    ) -> ShardResult:
        """Check a shard whole and claim its files for the account in the repository.

        ``progress`` is called from several threads, one at a time; what it raises ends the work.

        Raises:
            Malformed: anything about the shard is wrong, or it names what is not the sender's.
            TooLarge: more than 1 TiB of files.
        """
        return self._shards.register(Uploader(domain, repository_id, account_id), data, progress)

    def find_chunk(self, domain: str, chunk_hash: bytes) -> bytes | None:
        """The answer to a deduplication query; None when the domain has no such chunk."""
        return self._xorbs.find_chunk(domain, chunk_hash)

    def begin_ingest(self, domain: str, repository_id: int | None, account_id: int) -> Ingest:
        """Take in one file of plain bytes: ``write`` blocks to it, then ``finish``. Without a
        repository it is claimed by nobody, and goes after the grace unless an attachment holds it.
        """
        uploader = Uploader(domain, repository_id, account_id)
        return Ingest(uploader, self._store, self._indexes, self._xorbs, self._shards)

    def ingest(
        self,
        domain: str,
        repository_id: int,
        account_id: int,
        spooled: Spooled,
        expected_sha256: str | None = None,
        expected_size_bytes: int | None = None,
    ) -> Blob:
        """Take in a spooled file of plain bytes, which is used up whatever happens.

        Raises:
            WrongContent: the bytes are not those expected. Nothing is kept.
        """
        try:
            ingest = self.begin_ingest(domain, repository_id, account_id)
            pour(read_file(spooled.path), ingest)
            return ingest.finish(expected_sha256, expected_size_bytes)
        finally:
            spooled.discard()

    def complete_upload(self, domain: str, upload: Upload, etags: list[str]) -> Blob:
        """Make the parts of an upload one file. ``etags[0]`` is that of part 1.

        Raises:
            WrongContent: parts are missing, or together are not the content announced.
        """
        ingest = self.begin_ingest(domain, upload.repository_id, upload.account_id)
        pour(self.multipart.pieces(upload, etags), ingest)
        blob = ingest.finish(upload.sha256, upload.size_bytes)
        self.multipart.end(upload)
        return blob

    # --- rights -----------------------------------------------------------------------------

    def issue_xet_token(
        self, principal: Principal, repository: Repository, scope: XetScope, base_url: str
    ) -> XetToken:
        """A token for the content store and its address. See ``Passes.issue_xet_token``."""
        return self.passes.issue_xet_token(principal, repository, scope, base_url)

    def claimed_or_linked(
        self, repository_id: int, account_id: int | None, sha256s: Iterable[str]
    ) -> dict[str, Blob]:
        """Of these contents, those that the repository holds or the account sent to it.

        None of them goes before a grace is over: the asker may commit them without sending them.
        """
        return self._links.claimed_or_linked(repository_id, account_id, sha256s)

    def broken(self, sha256s: Iterable[str]) -> set[str]:
        """Of these contents, those on record as broken: sent again, they are healed."""
        return self.faults.contents_hit(list(sha256s))

    def claimed_or_linked_in(
        self, conn: sa.Connection, repository_id: int, account_id: int | None, sha256s: list[str]
    ) -> dict[str, Blob]:
        """The same inside the caller's transaction."""
        return link_rows.claimed_or_linked(conn, repository_id, account_id, sha256s)

    def link(self, conn: sa.Connection, repository_id: int, paths: Mapping[str, str]) -> None:
        """Give the repository contents (sha256 -> path) that were found among
        ``claimed_or_linked_in`` in this transaction.
        """
        self._links.link(conn, repository_id, paths)

    def note_arrival(
        self,
        conn: sa.Connection,
        repository_id: int,
        account_id: int | None,
        commit_id: str,
        sha256s: list[str],
    ) -> Arrival:
        """Record what it took to bring the contents of a commit, before they are linked."""
        return arrival_rows.note(conn, repository_id, account_id, commit_id, sha256s)

    def link_from(
        self,
        conn: sa.Connection,
        source_repository_id: int,
        target_repository_id: int,
        sha256s: Iterable[str],
        account_id: int | None = None,
    ) -> set[str]:
        """Give one repository what another holds; which of the contents the source held.

        Raises:
            QuotaExceeded: the target has no room for them. ``account_id`` is who asks.
        """
        wanted = list(dict.fromkeys(sha256s))
        held = link_rows.claimed_or_linked(conn, source_repository_id, None, wanted)
        sizes = {sha256: blob.size_bytes for sha256, blob in held.items()}
        self.quotas.check_in(conn, target_repository_id, account_id, sizes)
        return self._links.link_from(conn, source_repository_id, target_repository_id, list(held))

    def file_hashes(self, repository_id: int, sha256s: Iterable[str]) -> dict[str, str]:
        """The Xet file hash of each of these contents that the repository holds."""
        return self._links.file_hashes(repository_id, sha256s)

    # --- out --------------------------------------------------------------------------------

    def plan(self, repository_id: int, sha256: str) -> RecipePlan:
        """How to read a content that the repository holds.

        Raises:
            BlobNotFound: it holds no such content.
        """
        return self._links.plan(repository_id, sha256)

    def plan_attached(self, attachment_id: int) -> RecipePlan:
        """How to read the content of an attachment. Who may was decided before.

        Raises:
            BlobNotFound: it is gone.
        """
        return self._links.plan_attached(attachment_id)

    def open_content(
        self, plan: RecipePlan | RecordsPlan, start: int, stop: int
    ) -> Iterator[Octets]:
        """Bytes [start, stop) of the content, in pieces of about 1 MiB; holds nothing between them.

        Raises:
            Corrupt: the content at rest is broken. Nothing wrong was given before.
        """
        assert 0 <= start <= stop <= plan.size_bytes, "range outside the content"
        if isinstance(plan, RecordsPlan):
            return self._reading.records(plan.xorb_hash, start, stop)
        return self._reading.content(plan.terms, start, stop)

    def open_straight(self, plan: RecipePlan | RecordsPlan) -> Straight:
        """A reader that never waits and gives only what can be had so: else ``open_content``."""
        return Straight(self._store, self._indexes, plan)

    def plan_records(self, key: str) -> RecordsPlan:
        """How to read a xorb as it is stored. A pass for it was checked before.

        Raises:
            BlobNotFound: there is no such xorb.
        """
        try:
            return RecordsPlan(key, self._indexes.get(key).index.physical_bytes)
        except FileNotFoundError as error:
            raise BlobNotFound from error

    def place_of(self, plan: RecordsPlan, start: int, stop: int) -> str | None:
        """The file below the data folder in which bytes [start, stop) of the records lie at just
        these places; None while any of them is unchecked, known to be broken, or not in a file.
        """
        place = self.open_straight(plan).place(start, stop)
        if place is None or self.faults.is_open(Kind.XORB, plan.xorb_hash):
            return None
        return place

    @property
    def signs_addresses(self) -> bool:
        """Whether clients read records where they are stored (``records_url``)."""
        return self._store.capabilities.presigns_reads

    def records_url(self, key: str, first_byte: int, last_byte: int) -> str:
        """An address of these bytes of a stored xorb, past the hub. Whoever has it may read them
        for a quarter of an hour, whatever is revoked meanwhile, and nothing checks them on the way.
        """
        return self._store.presign(Kind.XORB, key, first_byte, last_byte)

    def reconstruction(
        self,
        repository_id: int,
        file_hash: str,
        byte_range: ByteRange | None,
        version: int,
        url_for: UrlFor,
    ) -> dict[str, Any]:
        """The answer to a reconstruction query, version 1 or 2, as JSON values.

        Raises:
            BlobNotFound: the repository holds no such file.
            RangeNotSatisfiable: the range begins past the end.
        """
        terms = self._links.terms_of(repository_id, file_hash)
        first = byte_range.start if byte_range else 0
        last = byte_range.stop - 1 if byte_range else None
        try:
            found = reconstruct(terms, cache(self._index_of), first, last)
        except Malformed as error:
            _log.error("file %s has terms that do not fit its xorbs", file_hash)
            raise Corrupt from error
        return (to_v1 if version == 1 else to_v2)(found, url_for)

    # --- upkeep -----------------------------------------------------------------------------

    def warm_up(self) -> None:
        """Load the chunking engine, which takes half a second that the first upload would wait."""
        split(bytes(_WARM_UP_BYTES))

    def sweep_spool(self) -> int:
        """Remove what uploads that broke off left behind a day ago; how many files."""
        return self._store.sweep_spool(SPOOL_TTL_SECONDS) + self.multipart.sweep()

    def forget(self, key: str) -> None:
        """Forget what is remembered of a xorb that was deleted or replaced."""
        self._indexes.forget(key)

    def _index_of(self, xorb_hash: bytes) -> XorbIndex:
        return self._indexes.get_promised(hash_to_hex(xorb_hash)).index
