"""Files that comments show: brought, found again by who may see them.

Knows who may bring how much, and that an attachment is read by whoever may see its repository at
that moment; by who brought it, as long as it has none. Whoever may not is told that it is not
there. Its content is kept as all content is (``hub.blobs``). Does not know markdown.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import (
    BadRequest,
    Forbidden,
    GroundswellError,
    NotFound,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
)
from groundswell.core.policy import Action, may_attach
from groundswell.core.values import Principal, RecipePlan, size_text
from groundswell.hub.blobs import Blobs, Ingest
from groundswell.hub.repos.finding import decide_again
from groundswell.store import tables
from groundswell.store.database import Database
from groundswell.wire.hashing import Octets
from groundswell.wire.media import EXTENSIONS, SAMPLE_BYTES, sniffed_media

IMAGE_BYTES_MAX: Final = 10 * 1024 * 1024
MEDIA_BYTES_MAX: Final = 100 * 1024 * 1024
HOUR_FILES_MAX: Final = 100
DAY_BYTES_MAX: Final = 2 * 1024 * 1024 * 1024

_HOUR_MICROS: Final = 3_600 * 1_000_000
_table = tables.attachments


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that comments show. ``sha256`` is of its bytes, which are of ``media_type``."""

    id: int
    public_id: str
    sha256: str
    size_bytes: int
    media_type: str

    @property
    def path(self) -> str:
        """Its address on the hub."""
        return f"/uploads/{self.public_id}.{EXTENSIONS[self.media_type]}"


def bytes_max_of(media_type: str) -> int:
    """How large a file of that type may be."""
    return IMAGE_BYTES_MAX if media_type.startswith("image/") else MEDIA_BYTES_MAX


class Arriving:
    """A file on its way in: ``write`` its bytes, then ``finish``; ``discard`` always.

    The first bytes must be of the type that was announced, and never more come than are allowed.
    """

    def __init__(self, ingest: Ingest, media_type: str) -> None:
        self._ingest = ingest
        self._bytes_max = bytes_max_of(media_type)
        self._beginning = b""
        self.media_type = media_type

    def write(self, data: Octets) -> None:
        """Append. Blocks of some megabytes, as ``Ingest.write``.

        Raises:
            BadRequest: the bytes are of another type, or of none that is taken.
            TooLarge: more than a file of this type may have.
        """
        if self._ingest.size_bytes + len(data) > self._bytes_max:
            kind = "An image" if self.media_type.startswith("image/") else "A video or sound"
            raise TooLarge(f"{kind} may have {size_text(self._bytes_max)}.")
        if len(self._beginning) < SAMPLE_BYTES:
            self._beginning += bytes(data[: SAMPLE_BYTES - len(self._beginning)])
            if len(self._beginning) == SAMPLE_BYTES:
                self._check()
        self._ingest.write(data)

    def _check(self) -> None:
        found = sniffed_media(self._beginning)
        if found != self.media_type:
            seen = f"looks like {found}" if found else "is none that is known here"
            raise BadRequest(f"The file was sent as {self.media_type}, and what came {seen}.")

    def finish(self) -> tuple[str, int]:
        """Keep the bytes; their sha256, and how many."""
        self._check()
        blob = self._ingest.finish()
        return blob.sha256, blob.size_bytes

    def discard(self) -> None:
        """Forget what was not kept. Idempotent."""
        self._ingest.discard()


class Attachments:
    """The files of discussions."""

    def __init__(self, database: Database, blobs: Blobs, clock: Callable[[], int]) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock

    def check(self, principal: Principal) -> None:
        """Nothing when the principal may bring a file now.

        Raises:
            Unauthenticated, Forbidden, TooManyRequests, QuotaExceeded: as ``begin``.
        """
        self._database.read(lambda conn: self._check(conn, principal, 0))

    def begin(self, principal: Principal, media_type: str) -> Arriving:
        """Take a file in, one of ``wire.media.EXTENSIONS``.

        Raises:
            Unauthenticated, Forbidden: nobody in particular, or a token that only reads.
            TooManyRequests: so many files, or so much, were brought lately.
            QuotaExceeded: there is no room for it.
        """
        self.check(principal)
        # Of its own: nobody learns from it what else the hub holds, nor the other way round.
        domain = f"a{principal.account_id}"
        assert principal.account_id is not None
        return Arriving(self._blobs.begin_ingest(domain, None, principal.account_id), media_type)

    def finish(self, principal: Principal, arriving: Arriving) -> Attachment:
        """Keep what came whole, for who brought it.

        Raises:
            Unauthenticated, Forbidden, TooManyRequests, QuotaExceeded: as ``begin``.
            BadRequest: of another type than it was said to be.
        """
        sha256, size_bytes = arriving.finish()
        values = {
            "public_id": secrets.token_hex(16),
            "uploader_id": principal.account_id,
            "sha256": sha256,
            "size_bytes": size_bytes,
            "media_type": arriving.media_type,
        }

        def work(conn: sa.Connection) -> Attachment:
            self._check(conn, principal, size_bytes)
            row = {**values, "created_at": self._clock()}
            made = conn.execute(sa.insert(_table).values(row).returning(_table)).mappings().one()
            return _attachment_of(made)

        return self._database.write(work)

    def find(self, principal: Principal, public_id: str) -> tuple[Attachment, RecipePlan]:
        """An attachment, and how to read it.

        Raises:
            NotFound: there is none, or the principal may not see it.
        """

        def work(conn: sa.Connection) -> Attachment:
            query = sa.select(_table).where(_table.c.public_id == public_id)
            row = conn.execute(query).mappings().one_or_none()
            if row is None:
                raise NotFound("No such attachment")
            _decide(conn, principal, row)
            return _attachment_of(row)

        found = self._database.read(work)
        return found, self._blobs.plan_attached(found.id)

    def _check(self, conn: sa.Connection, principal: Principal, size_bytes: int) -> None:
        if principal.is_anonymous or principal.account_id is None:
            raise Unauthenticated
        if not may_attach(principal):
            raise Forbidden("This token does not have the right to do this.")
        now, recent = self._clock(), _table.c.created_at
        mine = sa.select(
            sa.func.count().filter(recent > now - _HOUR_MICROS).label("files"),
            sa.func.coalesce(sa.func.sum(_table.c.size_bytes), 0).label("size_bytes"),
        ).where(_table.c.uploader_id == principal.account_id, recent > now - 24 * _HOUR_MICROS)
        lately = conn.execute(mine).one()
        if lately.files >= HOUR_FILES_MAX or lately.size_bytes + size_bytes > DAY_BYTES_MAX:
            msg = "You attached much in a short time. Wait a while."
            raise TooManyRequests(msg, retry_after_seconds=600)
        self._blobs.quotas.check_attached(conn, principal.account_id, size_bytes)


def _decide(conn: sa.Connection, principal: Principal, row: sa.RowMapping) -> None:
    if row["repository_id"] is None:
        if principal.is_anonymous or principal.account_id != row["uploader_id"]:
            raise NotFound("No such attachment")
        return
    try:
        decide_again(conn, principal, row["repository_id"], Action.SEE)
    except GroundswellError as error:
        raise NotFound("No such attachment") from error


def _attachment_of(row: sa.RowMapping) -> Attachment:
    names = ("id", "public_id", "sha256", "size_bytes", "media_type")
    return Attachment(**{name: row[name] for name in names})
