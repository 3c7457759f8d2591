"""The store itself: objects in a bucket, spooled bytes on a local disk.

Knows that an object is created once or not at all, and that who lost the race is told so. Does not
know what the bytes mean.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store as Client

from groundswell.core.errors import BadRequest, ForeignData
from groundswell.store.bucket.place import Place
from groundswell.store.bucket.reader import BucketReader, translated
from groundswell.store.bucket.signing import signed_url
from groundswell.store.bucket.staging import BucketStaging
from groundswell.store.disk.files import SpoolFile
from groundswell.store.disk.files import translated as translated_disk
from groundswell.store.disk.spool import SpoolFolder
from groundswell.store.ports import QUARANTINE, BlobReader, Capabilities, Spooled, kind_aside

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config

IDENTITY: Final = "identity"

_KEY: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_KIND: Final = re.compile(r"[a-z]{1,16}", re.ASCII)
_KNOWN_MAX: Final = 50_000
_REQUEST_SECONDS: Final = 300
_CONNECT_SECONDS: Final = 5
_RETRY_SECONDS: Final = 20
_RETRIES_MAX: Final = 4
# A body is held in memory while it is sent.
_WRITES_AT_ONCE: Final = 6


class BucketStore:
    """A ``BlobStore`` in a bucket; bytes on their way in lie in ``spool``.

    Sizes and versions of objects are remembered: objects never change.
    """

    def __init__(self, place: Place, spool: Path) -> None:
        self._place = place
        self._spool = SpoolFolder(os.fspath(spool), _keep_unsynced)
        self._client = _connect(place)
        self._staging = BucketStaging(place, self._client)
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[int, str | None]] = OrderedDict()
        self._writes = threading.BoundedSemaphore(_WRITES_AT_ONCE)

    @property
    def capabilities(self) -> Capabilities:
        """Signed addresses where clients reach the storage."""
        return Capabilities(
            serves_local_files=False,
            presigns_reads=self._place.public_endpoint is not None,
            reads_outlive_deletion=False,
        )

    @property
    def staging(self) -> BucketStaging:
        """Where clients put bytes past the hub."""
        return self._staging

    def probe(self) -> None:
        """Write, refuse to overwrite, and delete one small object; then see what uploads past the
        hub the storage is fit for.

        Raises:
            BadRequest: the bucket is missing, the key may not write, or the storage overwrites
                what it was told to create: two workers could then spoil each other's objects.
        """
        name = f"probe/{secrets.token_hex(16)}"
        try:
            obstore.put(self._client, name, b"first", mode="create")
            try:
                obstore.put(self._client, name, b"second", mode="create")
            except AlreadyExistsError:
                self._staging.probe()
                return
            finally:
                obstore.delete(self._client, name)
        except FileNotFoundError as error:
            raise BadRequest(self._no_bucket()) from error
        except BaseError as error:
            msg = f"{self._place.url} cannot be used: {translated(error).message}"
            raise BadRequest(msg) from error
        msg = (
            f"The storage behind {self._place.url} ignores If-None-Match: it overwrites objects "
            "that it was told to create. Groundswell needs one that honours it."
        )
        raise BadRequest(msg)

    def claim(self, identity: str, *, takes_over: bool = False) -> None:
        """Let the bucket, below its prefix, belong to the hub of that identity.

        Args:
            identity: 32 hexadecimal digits.
            takes_over: whosever it was before.

        Raises:
            ForeignData: it belongs to another hub.
            Unavailable: the storage does not answer.
        """
        content = f"{identity}\n".encode()
        try:
            if takes_over:
                obstore.put(self._client, IDENTITY, content, mode="overwrite")
                return
            try:
                said = bytes(obstore.get(self._client, IDENTITY).bytes())
            except FileNotFoundError:
                # Of two hubs that begin at once one is first, and both are told which.
                with contextlib.suppress(AlreadyExistsError):
                    obstore.put(self._client, IDENTITY, content, mode="create")
                said = bytes(obstore.get(self._client, IDENTITY).bytes())
        except FileNotFoundError as error:
            raise BadRequest(self._no_bucket()) from error
        except BaseError as error:
            raise translated(error) from error
        if said != content:
            owner = said[:100].decode("ascii", "replace").strip()
            msg = (
                f"{self._place.url} belongs to hub {owner}, and the data folder to hub {identity}. "
                "Name another bucket or prefix as storage_url."
            )
            raise ForeignData(msg)

    def spool(self, size_hint_bytes: int = 0) -> Spooled:
        """A new place for incoming bytes, on the local disk.

        Raises:
            StorageFull: less space is free there than ``size_hint_bytes``.
        """
        return self._spool.new(size_hint_bytes)

    def adopt(self, kind: str, key: str, spooled: Spooled) -> bool:
        """Make the spooled bytes the object. True when it was new.

        The bytes are no longer spooled afterwards, whatever happened.

        Raises:
            Unavailable: the storage did not take them.
        """
        assert isinstance(spooled, SpoolFile), "bytes spooled by another store"
        name = _name(kind, key)
        try:
            spooled.settle()
            descriptor = os.open(spooled.path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if spooled.size_bytes == 0:
                    return self._create(name, b"")
                with mmap.mmap(descriptor, spooled.size_bytes, prot=mmap.PROT_READ) as content:
                    return self._create(name, content)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise translated_disk(error) from error
        finally:
            spooled.discard()

    def put(self, kind: str, key: str, data: bytes) -> bool:
        """Write a small object whole. True when it was new."""
        return self._create(_name(kind, key), data)

    @contextmanager
    def open(self, kind: str, key: str) -> Iterator[BlobReader]:
        """Open for reading. The first opening asks the storage, later ones remember.

        Raises:
            FileNotFoundError: there is no such object.
            Unavailable: the storage does not answer.
        """
        name = _name(kind, key)
        with self._lock:
            known = self._known.get(name)
        if known is None:
            known = self._look(name)
            if known is None:
                raise FileNotFoundError(name)
            self._remember(name, known)
        yield BucketReader(self._client, name, *known, lambda: self._forget(name))

    def size_bytes(self, kind: str, key: str) -> int | None:
        """Size of the object, or None when there is none: asked each time."""
        known = self._look(_name(kind, key))
        return None if known is None else known[0]

    def delete(self, kind: str, key: str) -> bool:
        """Remove an object. False when it was gone."""
        name = _name(kind, key)
        if self._look(name) is None:
            self._forget(name)
            return False
        try:
            obstore.delete(self._client, name)
        except BaseError as error:
            raise translated(error) from error
        finally:
            self._forget(name)
        return True

    def set_aside(self, kind: str, key: str) -> str:
        """Copy an object below ``quarantine/`` and remove it. Where it lies there.

        Raises:
            FileNotFoundError: there is no such object.
            Unavailable: the storage does not do it; the object stays where it is.
        """
        name = _name(kind, key)
        number, place = 1, f"{QUARANTINE}/{name}"
        try:
            while self._look(place) is not None:
                number += 1
                place = f"{QUARANTINE}/{name}.{number}"
            obstore.copy(self._client, name, place)
        except FileNotFoundError:
            self._forget(name)
            raise
        except BaseError as error:
            raise translated(error) from error
        self.delete(kind, key)
        return place

    @contextmanager
    def open_aside(self, place: str) -> Iterator[BlobReader]:
        """Open what was put aside: asked each time, nothing is remembered.

        Raises:
            FileNotFoundError: nothing lies there.
            Unavailable: the storage does not answer.
        """
        kind_aside(place)
        known = self._look(place)
        if known is None:
            raise FileNotFoundError(place)
        yield BucketReader(self._client, place, *known, lambda: None)

    def presign(self, kind: str, key: str, first_byte: int, last_byte: int) -> str:
        """A URL of these bytes of the object."""
        return signed_url(self._place, _name(kind, key), first_byte, last_byte, time.time())

    def list_keys(self, kind: str, after: str = "") -> Iterator[str]:
        """Keys in ascending order, from after ``after``."""
        offset = f"{_checked_kind(kind)}/{after[:2]}/{after}" if after else None
        try:
            for page in obstore.list(self._client, f"{kind}/", offset=offset):
                for found in page:
                    key = found["path"].rpartition("/")[2]
                    if key > after and _KEY.fullmatch(key):
                        yield key
        except BaseError as error:
            raise translated(error) from error

    def free_bytes(self) -> int | None:
        """A bucket has no limit that could be asked for; spooling checks the local disk."""
        return None

    def sweep_spool(self, age_seconds: float) -> int:
        """Remove spooled bytes that nobody wrote to for that long; how many files went."""
        return self._spool.sweep(age_seconds)

    def close(self) -> None:
        """Nothing is held open."""

    def _no_bucket(self) -> str:
        return f"There is no bucket for {self._place.url}: make it first."

    def _create(self, name: str, content: bytes | mmap.mmap) -> bool:
        try:
            with self._writes:
                obstore.put(self._client, name, content, mode="create")
        except AlreadyExistsError:
            return False
        except BaseError as error:
            raise translated(error) from error
        return True

    def _look(self, name: str) -> tuple[int, str | None] | None:
        try:
            found = obstore.head(self._client, name)
        except FileNotFoundError:
            return None
        except BaseError as error:
            raise translated(error) from error
        return found["size"], found["e_tag"]

    def _remember(self, name: str, known: tuple[int, str | None]) -> None:
        with self._lock:
            self._known[name] = known
            while len(self._known) > _KNOWN_MAX:
                self._known.popitem(last=False)

    def _forget(self, name: str) -> None:
        with self._lock:
            self._known.pop(name, None)


def _connect(place: Place) -> Client:
    # Not every storage knows the deletion of many at once, which would be used for one as well.
    config: S3Config = {
        "region": place.region,
        "conditional_put": "etag",
        "disable_bulk_delete": True,
    }
    options: ClientConfig = {
        "timeout": timedelta(seconds=_REQUEST_SECONDS),
        "connect_timeout": timedelta(seconds=_CONNECT_SECONDS),
    }
    retries: RetryConfig = {
        "max_retries": _RETRIES_MAX,
        "retry_timeout": timedelta(seconds=_RETRY_SECONDS),
    }
    if place.endpoint is not None:
        config["endpoint"] = place.endpoint
        options["allow_http"] = place.endpoint.startswith("http://")
    if place.access_key_id is not None and place.secret_access_key is not None:
        config["access_key_id"] = place.access_key_id
        config["secret_access_key"] = place.secret_access_key
    return Client(
        place.bucket,
        prefix=place.prefix or None,
        config=config,
        client_options=options,
        retry_config=retries,
    )


def _keep_unsynced(descriptor: int) -> None:
    """Spooled bytes promise nothing here: the object does, once the storage has answered."""
    del descriptor


def _name(kind: str, key: str) -> str:
    assert _KEY.fullmatch(key), "a key is 64 hexadecimal digits"
    return f"{_checked_kind(kind)}/{key[:2]}/{key}"


def _checked_kind(kind: str) -> str:
    assert _KIND.fullmatch(kind), "a kind is a short word"
    return kind
