"""The ports: what the rooms above ask of storage, and what every adapter promises.

The doc comments are the contract; ``groundswell.testing`` ships a suite that checks it on any
adapter. A port knows bytes and keys: it does not know accounts, repositories or rights.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from groundswell.wire.cold_xorb import ColdXorb


class Kind:
    """The kinds of object that a blob store keeps; each is a folder or key prefix."""

    XORB = "xorbs"
    SHARD = "shards"
    COLD = "cold"  # xorbs as tensor frames
    PART = "parts"  # of a multipart upload on its way


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an adapter can do, stated as a value rather than asked by type.

    ``reads_outlive_deletion``: who has an object open may finish after it was deleted; elsewhere
    such a read raises Corrupt.
    """

    serves_local_files: bool
    presigns_reads: bool
    reads_outlive_deletion: bool


class Spooled(Protocol):
    """Bytes on their way in, in a local file.

    ``write`` appends. Nothing is visible under a key until ``BlobStore.adopt``; ``discard`` is
    idempotent and safe after adoption.
    """

    @property
    def path(self) -> str:
        """Where the bytes lie now: to map, read or hash them again."""
        ...

    @property
    def size_bytes(self) -> int:
        """How much was written."""
        ...

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append all of ``data``. Raises StorageFull when the disk is full."""
        ...

    def settle(self) -> None:
        """Nothing more will be written: make the bytes durable and hold no descriptor for them.

        Optional before adoption, for who keeps many of them at once.
        """
        ...

    def discard(self) -> None:
        """Forget the bytes and free their space."""
        ...


class BlobReader(Protocol):
    """An object opened for reading at any place, by any thread."""

    @property
    def size_bytes(self) -> int:
        """Size of the whole object."""
        ...

    @property
    def identity(self) -> str:
        """Tells this object from any other that lies, or will lie, under its key."""
        ...

    @property
    def place(self) -> str | None:
        """The file below the store's folder that holds the object as it is, if one does."""
        ...

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Exactly ``size_bytes`` from ``offset``. A short object raises Corrupt."""
        ...

    def read_into(self, offset: int, buffers: Sequence[memoryview]) -> None:
        """Fill the buffers one after the other from ``offset``. A short object raises Corrupt."""
        ...

    def read_cached_into(self, offset: int, buffers: Sequence[memoryview]) -> int:
        """As ``read_into``, as far as that takes no waiting for a disk or network.

        How many bytes were read, which may always be none. Takes up to 1024 buffers.
        """
        ...


@dataclass(frozen=True, slots=True)
class PutAddress:
    """How a client puts bytes past the hub: one request, with exactly these headers (lower-case).
    Whoever has it may do so for some minutes.
    """

    method: str
    url: str
    headers: Mapping[str, str]


class Staging(Protocol):
    """Where clients put bytes past the hub. It is no part of the store: what lies here was checked
    by nobody, is read once and then removed, and never becomes an object by itself.

    Bytes lie under (owner, 32 lower-case hexadecimal digits); an owner is a number.
    """

    @property
    def takes_uploads(self) -> bool:
        """Whether addresses may be given out: clients can reach the place, and it was found to
        refuse more bytes than an address is good for.
        """
        ...

    def address(
        self, owner: int, name: str, size_bytes: int, crc64nvme: int | None = None
    ) -> PutAddress:
        """Where to put exactly so many bytes. Other bytes than the checksum's are refused at once
        where the place can tell; who reads them must not rely on it.
        """
        ...

    def open(self, owner: int, name: str) -> BlobReader:
        """What was put there. Raises FileNotFoundError when nothing was. Reads of what was
        replaced or removed meanwhile raise Corrupt.
        """
        ...

    def sizes(self, owner: int) -> dict[str, int]:
        """What lies there of this owner: name -> bytes."""
        ...

    def drop(self, owner: int, name: str) -> None:
        """Remove what was put there, if anything was."""
        ...

    def sweep(self, age_seconds: float, is_over: Callable[[], bool]) -> int:
        """Remove what was put there so long ago, until ``is_over`` says to end. How many."""
        ...


class BlobStore(Protocol):
    """Immutable objects under (kind, 64 lower-case hexadecimal digits).

    Durability: when ``adopt`` or ``put`` returns, the object survives SIGKILL and power loss.
    Putting an object that is there already succeeds and changes nothing.
    A full disk raises StorageFull and leaves nothing behind under any key. An error of fsync
    latches the store read-only: from then on every write raises Unavailable until a restart,
    and reads go on.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What this adapter can do."""
        ...

    @property
    def staging(self) -> Staging | None:
        """Where clients may put bytes past the hub, if the adapter has such a place."""
        ...

    def spool(self, size_hint_bytes: int = 0) -> Spooled:
        """A new place for incoming bytes."""
        ...

    def adopt(self, kind: str, key: str, spooled: Spooled) -> bool:
        """Make the spooled bytes the object. True when it was new."""
        ...

    def put(self, kind: str, key: str, data: bytes) -> bool:
        """Write a small object whole. True when it was new."""
        ...

    def open(self, kind: str, key: str) -> AbstractContextManager[BlobReader]:
        """Open for reading. Raises FileNotFoundError when there is no such object.

        What another process removed or replaced is not found again, however lately it was read.
        """
        ...

    def size_bytes(self, kind: str, key: str) -> int | None:
        """Size of the object, or None when there is none."""
        ...

    def delete(self, kind: str, key: str) -> bool:
        """Remove an object: only collection and quarantine call this. False when it was gone."""
        ...

    def presign(self, kind: str, key: str, first_byte: int, last_byte: int) -> str:
        """A URL under which anybody may read these bytes of the object, and no others, for some
        minutes. Only where ``capabilities`` say so.
        """
        ...

    def set_aside(self, kind: str, key: str) -> str:
        """Take a broken object out of reach without losing it: reads that begin now find none.

        Where it lies, below ``quarantine/``; nothing that lies there is overwritten. Raises
        FileNotFoundError when there is no such object.
        """
        ...

    def open_aside(self, place: str) -> AbstractContextManager[BlobReader]:
        """Open what ``set_aside`` put at ``place``, as it lies. Raises FileNotFoundError, also for
        a place that no object was put to.
        """
        ...

    def list_keys(self, kind: str, after: str = "") -> Iterator[str]:
        """Keys in ascending order, from after ``after``: a scan can resume."""
        ...

    def free_bytes(self) -> int | None:
        """Space left for new objects, or None when there is no such limit."""
        ...

    def close(self) -> None:
        """Give back what is held open."""
        ...

    def sweep_spool(self, age_seconds: float) -> int:
        """Remove spooled bytes that nobody wrote to for that long, those of a process that was
        killed included. How many there were.
        """
        ...


@runtime_checkable
class ColdBlobs(BlobStore, Protocol):
    """A blob store in which a xorb may lie cold, as tensor frames (docs/formats/cold-xorb.md).

    Under ``Kind.XORB`` every xorb is read, listed and removed in whatever form it lies; under
    ``Kind.COLD`` the cold forms are objects like others.
    """

    def plain_bytes(self, key: str) -> int | None:
        """Size of a xorb's plain file, or None when it has none."""
        ...

    def drop_plain(self, key: str) -> None:
        """Remove the plain form of a xorb whose cold form is there and was verified."""
        ...

    def cold(self, key: str) -> ColdXorb:
        """What the cold form says. Raises FileNotFoundError, and Corrupt when it is broken."""
        ...

    def open_cold(self, key: str) -> AbstractContextManager[BlobReader]:
        """The virtual xorb out of the cold form, also while there is a plain one."""
        ...

    def virtual(self, key: str, reader: BlobReader) -> BlobReader:
        """The virtual xorb out of a cold form that lies elsewhere. Raises Corrupt."""
        ...

    def read_raw(self, key: str, start: int, stop: int, *, as_base: bool = False) -> bytes:
        """The uncompressed bytes [start, stop) of a xorb. ``as_base``: it must need no other."""
        ...


QUARANTINE: Final = "quarantine"
_ASIDE: Final = re.compile(
    rf"{QUARANTINE}/([a-z]{{1,16}})(/[0-9a-f]{{2}})?/[0-9a-f]{{64}}(\.\d{{1,9}})?"
)


def kind_aside(place: str) -> str:
    """The kind of object that was put aside to that place.

    Raises:
        FileNotFoundError: no store puts an object there.
    """
    found = _ASIDE.fullmatch(place)
    if found is None:
        raise FileNotFoundError(place)
    return found[1]


Failpoint = Callable[[str], None]
"""Called with a step's name at every step whose interruption a test may want."""
