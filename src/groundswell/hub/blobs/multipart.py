"""Uploads in parts (LFS): parts in any order, several at once, then one completion.

Knows where parts lie and how long they stay. A part is kept under its upload, number and content,
so sending it again is harmless, and the completion names by ETag which content it means.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import BlobNotFound, TooLarge, WrongContent
from groundswell.hub.blobs.values import Clock
from groundswell.store.database import Database
from groundswell.store.ports import BlobStore, Kind, Spooled
from groundswell.store.tables import multipart_uploads

PART_TTL_SECONDS: Final = 24 * 3600
PART_BYTES_MIN: Final = 64 * 1024 * 1024
_PARTS_MAX: Final = 1000
_FILE_BYTES_MAX: Final = 1024**4
_READ_BYTES: Final = 4 * 1024 * 1024
_ID_DIGITS: Final = 32
_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload in parts. Parts are numbered from 1; all but the last have ``part_bytes``."""

    id: str
    repository_id: int
    account_id: int
    sha256: str
    size_bytes: int
    part_bytes: int

    @property
    def part_count(self) -> int:
        """How many parts there are."""
        return -(-self.size_bytes // self.part_bytes)

    def bytes_of(self, number: int) -> int:
        """The length of a part.

        Raises:
            WrongContent: there is no part of that number.
        """
        if not 1 <= number <= self.part_count:
            msg = f"This upload has the parts 1 to {self.part_count}."
            raise WrongContent(msg)
        return min(self.part_bytes, self.size_bytes - (number - 1) * self.part_bytes)


class Multipart:
    """Uploads in parts that are under way."""

    def __init__(
        self,
        database: Database,
        store: BlobStore,
        clock: Clock,
        part_bytes_min: int = PART_BYTES_MIN,
    ) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._part_bytes_min = part_bytes_min

    def begin(self, repository_id: int, account_id: int, sha256: str, size_bytes: int) -> Upload:
        """A new upload, or the one for the same content that is under way: it resumes.

        Raises:
            TooLarge: more than 1 TiB.
        """
        if size_bytes > _FILE_BYTES_MAX:
            msg = f"A file may have {_FILE_BYTES_MAX} bytes."
            raise TooLarge(msg)
        part_bytes = max(self._part_bytes_min, _round_up(-(-size_bytes // _PARTS_MAX)))
        fresh = Upload(
            id=secrets.token_hex(_ID_DIGITS // 2),
            repository_id=repository_id,
            account_id=account_id,
            sha256=sha256,
            size_bytes=size_bytes,
            part_bytes=part_bytes,
        )
        return self._database.write(lambda conn: self._begin(conn, fresh))

    def find(self, upload_id: str) -> Upload:
        """An upload under way.

        Raises:
            BlobNotFound: there is none of that id, or no longer.
        """
        table = multipart_uploads
        query = sa.select(table).where(table.c.id == upload_id)
        row = self._database.read(lambda conn: conn.execute(query).mappings().one_or_none())
        if row is None:
            msg = "This upload is over: ask for a new one."
            raise BlobNotFound(msg)
        return _upload_from(row)

    def keep_part(self, upload: Upload, number: int, spooled: Spooled, etag: str) -> None:
        """Keep a part whose content has that ETag: its sha256.

        Raises:
            WrongContent: no such part, or one of another length.
        """
        try:
            if spooled.size_bytes != upload.bytes_of(number):
                msg = (
                    f"Part {number} has {upload.bytes_of(number)} bytes, not {spooled.size_bytes}."
                )
                raise WrongContent(msg)
            self._store.adopt(Kind.PART, _key(upload.id, number, etag), spooled)
        finally:
            spooled.discard()

    def pieces(self, upload: Upload, etags: Sequence[str]) -> Iterator[bytes]:
        """The content of the parts in order. ``etags[0]`` is that of part 1.

        Raises:
            WrongContent: a part is missing, or came with other content.
        """
        if len(etags) != upload.part_count:
            msg = f"{len(etags)} parts are named where the upload has {upload.part_count}."
            raise WrongContent(msg)
        keys = [_key(upload.id, number, etag) for number, etag in enumerate(etags, 1)]
        for number, key in enumerate(keys, 1):
            if self._store.size_bytes(Kind.PART, key) is None:
                msg = f"Part {number} did not come, or not with that ETag."
                raise WrongContent(msg)
        for key in keys:
            with self._store.open(Kind.PART, key) as part:
                for start in range(0, part.size_bytes, _READ_BYTES):
                    yield part.read_at(start, min(_READ_BYTES, part.size_bytes - start))

    def end(self, upload: Upload) -> None:
        """Forget an upload and its parts."""
        table = multipart_uploads
        for key in self._keys_of(upload.id):
            self._store.delete(Kind.PART, key)
        gone = sa.delete(table).where(table.c.id == upload.id)
        self._database.write(lambda conn: conn.execute(gone).rowcount)

    def sweep(self) -> int:
        """Forget uploads that began a day ago, and parts that belong to none; how many parts."""
        table = multipart_uploads
        oldest = self._clock() - PART_TTL_SECONDS * _MICROSECONDS
        expired = sa.delete(table).where(table.c.created_at < oldest)
        self._database.write(lambda conn: conn.execute(expired).rowcount)
        keys = list(self._store.list_keys(Kind.PART))
        # Asked after the listing: an upload that began meanwhile keeps its parts.
        query = sa.select(table.c.id)
        alive = set(self._database.read(lambda conn: conn.execute(query).scalars().all()))
        return sum(
            self._store.delete(Kind.PART, key) for key in keys if key[:_ID_DIGITS] not in alive
        )

    def _begin(self, conn: sa.Connection, fresh: Upload) -> Upload:
        table = multipart_uploads
        oldest = self._clock() - PART_TTL_SECONDS * _MICROSECONDS // 2
        query = sa.select(table).where(
            table.c.repository_id == fresh.repository_id,
            table.c.account_id == fresh.account_id,
            table.c.sha256 == fresh.sha256,
            table.c.size_bytes == fresh.size_bytes,
            table.c.created_at > oldest,
        )
        row = conn.execute(query).mappings().first()
        if row is not None:
            return _upload_from(row)
        values = {
            "id": fresh.id,
            "repository_id": fresh.repository_id,
            "account_id": fresh.account_id,
            "sha256": fresh.sha256,
            "size_bytes": fresh.size_bytes,
            "part_bytes": fresh.part_bytes,
            "created_at": self._clock(),
        }
        conn.execute(sa.insert(table).values(**values))
        return fresh

    def _keys_of(self, upload_id: str) -> Iterator[str]:
        for key in self._store.list_keys(Kind.PART, after=upload_id):
            if not key.startswith(upload_id):
                return
            yield key


def _key(upload_id: str, number: int, etag: str) -> str:
    digest = hashlib.sha256(f"{number}:{etag}".encode("utf-8", "surrogatepass")).hexdigest()
    return upload_id + digest[: 64 - _ID_DIGITS]


def _round_up(size_bytes: int) -> int:
    """To whole MiB, so that the numbers stay readable."""
    return -(-size_bytes // 1024**2) * 1024**2


def _upload_from(row: sa.RowMapping) -> Upload:
    return Upload(
        id=row["id"],
        repository_id=row["repository_id"],
        account_id=row["account_id"],
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
        part_bytes=row["part_bytes"],
    )
