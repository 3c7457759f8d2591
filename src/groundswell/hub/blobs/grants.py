"""Upload grants: xorbs that clients put into the object storage themselves, past the hub.

Knows who may put how much where, and that nothing which was put there is believed or served: a
commit reads it into the hub's spool, and from there it is an uploaded xorb like any other. Does
not know how an address is signed.

A grant is a pass: what it is good for stands in its text, so that any worker can commit it. What
one account may have lying in staging is bounded by what is listed there, and by the grants that
this worker gave and that nobody has used yet.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from groundswell.core.errors import (
    Corrupt,
    Forbidden,
    GroundswellError,
    Malformed,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from groundswell.core.policy import Action
from groundswell.hub.blobs.passes import Pass, Passes
from groundswell.hub.blobs.xorbs import Xorbs
from groundswell.store.ports import BlobReader, PutAddress, Spooled, Staging
from groundswell.wire.xorb import XORB_BYTES_MAX

_log = logging.getLogger(__name__)

# As long as addresses are signed for.
OPEN_SECONDS: Final = 900
# A slow line may need hours for what it began in time.
COMMIT_TTL_SECONDS: Final = 6 * 3600
STAGED_TTL_SECONDS: Final = 24 * 3600
STAGED_BYTES_MAX: Final = 4 * 1024 * 1024 * 1024
STAGED_COUNT_MAX: Final = 256
# Who could not reach the storage sends through the hub for so long, instead of trying each time:
# a client tries for minutes.
SHY_SECONDS: Final = 3600
_OPEN_MAX: Final = 4096
_SHY_MAX: Final = 4096
PIECE_BYTES: Final = 4 * 1024 * 1024

_GRANT: Final = "xorb-grant"


@dataclass(frozen=True, slots=True)
class Grant:
    """One xorb may be put at the address, and then be committed under ``id``."""

    id: str
    address: PutAddress


@dataclass(frozen=True, slots=True)
class Staged:
    """What a client put: to be read, piece by piece, and checked like anything that arrives."""

    owner: int
    name: str
    reader: BlobReader

    @property
    def size_bytes(self) -> int:
        """How much it is: as much as was granted."""
        return self.reader.size_bytes

    def read(self, offset: int) -> bytes:
        """The piece that begins there; nothing at the end.

        Raises:
            NotFound: it was removed or replaced meanwhile.
            Unavailable: the storage does not answer.
        """
        try:
            return self.reader.read_at(offset, min(PIECE_BYTES, self.size_bytes - offset))
        except Corrupt as error:
            raise NotFound from error


@dataclass(frozen=True, slots=True)
class _Open:
    """A grant that this worker gave. ``ends_at`` is in monotonic seconds."""

    account_id: int
    xorb: str
    size_bytes: int
    ends_at: float


class Grants:
    """Gives grants and takes in what was put under them."""

    def __init__(
        self,
        passes: Passes,
        xorbs: Xorbs,
        staging: Staging | None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._passes = passes
        self._xorbs = xorbs
        self._staging = staging
        self._now = now
        self._lock = threading.Lock()
        self._open: OrderedDict[str, _Open] = OrderedDict()
        self._shy: OrderedDict[int, float] = OrderedDict()
        self._stopping = threading.Event()

    @property
    def are_given(self) -> bool:
        """Whether there is a storage that clients reach and that is fit for it."""
        return self._staging is not None and self._staging.takes_uploads

    def offer(
        self, holder: Pass, key: str, size_bytes: int, crc64nvme: int | None = None
    ) -> Grant | None:
        """A grant for this xorb; None when the holder's domain has it and need not send it.

        Raises:
            TooLarge: no xorb is as large.
            NotFound: no grant: the xorb is sent to the hub itself.
        """
        if size_bytes > XORB_BYTES_MAX:
            msg = f"A xorb may have {XORB_BYTES_MAX} bytes."
            raise TooLarge(msg)
        if self._staging is None or not self._staging.takes_uploads:
            raise NotFound
        name = secrets.token_hex(16)
        try:
            if self._xorbs.is_held(holder.domain, key):
                return None
            self._reserve(holder.account_id, name, key, size_bytes)
            self._check_room(self._staging, holder.account_id)
        except Unavailable as error:
            # Asked again and again, a client would give up: what is wrong, the other way tells.
            self._close(name)
            raise NotFound from error
        except NotFound:
            self._close(name)
            raise
        facts = {"domain": holder.domain, "xorb": key, "name": name, "size": size_bytes}
        text = self._passes.seal(
            _GRANT, holder.principal, holder.repository.id, facts, COMMIT_TTL_SECONDS
        )
        address = self._staging.address(holder.account_id, name, size_bytes, crc64nvme)
        return Grant(text, address)

    def find(self, holder: Pass, key: str, grant_id: str) -> Staged | None:
        """What was put under a grant of this holder for this xorb; None when nothing lies there
        and the holder's domain has the xorb: an earlier commit took it in.

        Raises:
            NotFound: nothing was put, or it is no such grant, or no longer. Which is not said:
                clients ask for another one then.
            TooLarge, Malformed: something else was put there than was granted. It is removed.
            Unavailable: the storage does not answer.
        """
        if self._staging is None:
            raise NotFound
        name, size_bytes = self._opened(holder, key, grant_id)
        try:
            staged = Staged(holder.account_id, name, self._staging.open(holder.account_id, name))
        except FileNotFoundError as error:
            if self._xorbs.is_held(holder.domain, key):
                return None
            raise NotFound from error
        if staged.size_bytes == size_bytes:
            return staged
        self._end(staged)
        if staged.size_bytes > size_bytes:
            msg = f"{staged.size_bytes} bytes were put where {size_bytes} were granted."
            raise TooLarge(msg)
        raise Malformed("xorb", "is shorter than was granted")

    def receive(self, holder: Pass, key: str, staged: Staged, spooled: Spooled) -> bool:
        """Check and keep the xorb whose staged bytes were spooled; True when it was new.

        What was put is removed, unless it may be tried again.

        Raises:
            Malformed: the bytes are not the xorb that ``key`` names.
            StorageFull, Unavailable: it was not kept.
        """
        try:
            is_new = self._xorbs.receive(holder.domain, key, spooled)
        except Malformed:
            self._end(staged)
            raise
        self._end(staged)
        return is_new

    def note_direct(self, holder: Pass, key: str) -> None:
        """A xorb came to the hub itself. Where it had a grant, its sender does not reach the
        storage, and gets no more for a while.
        """
        account_id = holder.account_id
        with self._lock:
            found = [
                name
                for name, each in self._open.items()
                if each.xorb == key and each.account_id == account_id
            ]
            if not found:
                return
            for name in found:
                del self._open[name]
            self._shy[account_id] = self._now() + SHY_SECONDS
            self._shy.move_to_end(account_id)
            if len(self._shy) > _SHY_MAX:
                self._shy.popitem(last=False)
        _log.warning("a client does not reach the object storage: it uploads through the hub")

    def sweep(self) -> int:
        """Remove what was put a day ago and never committed; how many objects."""
        if self._staging is None:
            return 0
        return self._staging.sweep(STAGED_TTL_SECONDS, self._stopping.is_set)

    def break_off(self) -> None:
        """Let ``sweep``, and every later one, end soon."""
        self._stopping.set()

    def _opened(self, holder: Pass, key: str, grant_id: str) -> tuple[str, int]:
        """Name and size of what a grant is for.

        Raises:
            NotFound: it is not for this holder and xorb, or not any more.
        """
        try:
            held = self._passes.unseal(_GRANT, grant_id, Action.CONTRIBUTE)
        except (Forbidden, Unauthenticated, NotFound) as error:
            raise NotFound from error
        facts = held.facts
        granted = (held.principal.account_id, facts["domain"], facts["xorb"])
        if granted != (holder.account_id, holder.domain, key):
            raise NotFound
        return facts["name"], facts["size"]

    def _reserve(self, account_id: int, name: str, key: str, size_bytes: int) -> None:
        now = self._now()
        with self._lock:
            while self._open and next(iter(self._open.values())).ends_at <= now:
                self._open.popitem(last=False)
            if self._shy.get(account_id, now) > now or len(self._open) >= _OPEN_MAX:
                raise NotFound
            self._open[name] = _Open(account_id, key, size_bytes, now + OPEN_SECONDS)

    def _check_room(self, staging: Staging, account_id: int) -> None:
        """See that what lies there and what may still come is not too much together.

        Raises:
            NotFound: it is.
            Unavailable: the storage cannot be asked.
        """
        sizes = staging.sizes(account_id)
        with self._lock:
            for name, each in self._open.items():
                if each.account_id == account_id:
                    sizes[name] = each.size_bytes
        if len(sizes) > STAGED_COUNT_MAX or sum(sizes.values()) > STAGED_BYTES_MAX:
            raise NotFound

    def _close(self, name: str) -> None:
        with self._lock:
            self._open.pop(name, None)

    def _end(self, staged: Staged) -> None:
        """Nobody reads it again. What cannot be removed now is swept."""
        self._close(staged.name)
        assert self._staging is not None, "it was found there"
        try:
            self._staging.drop(staged.owner, staged.name)
        except GroundswellError as error:
            _log.warning("what was staged is left to be swept: %s", error.message)
