"""Where clients put bytes past the hub: ``staging/<owner>/<name>`` in the bucket.

Knows how such an object is granted, read once and removed. Does not know what the bytes are, and
believes nothing of them but their length. It is no kind of a blob store: nothing here is ever
listed, copied or served as content.
"""

from __future__ import annotations

import base64
import http.client
import logging
import re
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store as Client

from groundswell.core.errors import Unavailable
from groundswell.store.bucket.place import Place
from groundswell.store.bucket.reader import BucketReader, translated
from groundswell.store.bucket.signing import signed_put
from groundswell.store.ports import BlobReader, PutAddress

_log = logging.getLogger(__name__)

_FOLDER: Final = "staging"
_NAME: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_PROBE: Final = b"probe"
_PROBE_CRC64NVME: Final = 0x3BC6DB9899BD0F6C
_PROBE_SECONDS: Final = 10
# Nobody's number: what a probe left behind is swept with the rest.
_NOBODY: Final = 0


@dataclass(frozen=True, slots=True)
class _Fitness:
    """What the storage was found to refuse: other lengths than the signed one, other bytes than
    the signed checksum's.
    """

    bounds_length: bool = False
    checks_bytes: bool = False


class BucketStaging:
    """A ``Staging`` in a bucket. Nothing is granted before ``probe`` found the storage fit."""

    def __init__(self, place: Place, client: Client) -> None:
        self._place = place
        self._client = client
        self._fitness = _Fitness()

    @property
    def takes_uploads(self) -> bool:
        """Whether clients reach the storage, and it takes no more of them than was granted."""
        return self._fitness.bounds_length

    @property
    def checks_bytes(self) -> bool:
        """Whether the storage itself refuses bytes that do not have the checksum granted."""
        return self._fitness.checks_bytes

    def probe(self) -> None:
        """Find out what the storage refuses, by addresses such as clients get.

        It is asked where the hub reaches it, which may be another place than where clients do.
        Whatever goes wrong only means that nothing is granted.
        """
        if self._place.public_endpoint is None or not self._place.takes_uploads:
            return
        self._fitness = fitness = self._find_fitness()
        if not fitness.bounds_length:
            _log.warning("the object storage takes no uploads of bounded length: all pass the hub")
        elif not fitness.checks_bytes:
            _log.info("the object storage does not check checksums of uploads: the hub alone does")

    def address(
        self, owner: int, name: str, size_bytes: int, crc64nvme: int | None = None
    ) -> PutAddress:
        """Where to put exactly so many bytes, within a quarter of an hour, once."""
        return self._address(
            self._place, owner, name, size_bytes, crc64nvme if self.checks_bytes else None
        )

    def open(self, owner: int, name: str) -> BlobReader:
        """What was put there.

        Raises:
            FileNotFoundError: nothing was.
            Unavailable: the storage does not answer.
        """
        path = _path(owner, name)
        try:
            found = obstore.head(self._client, path)
        except FileNotFoundError:
            raise
        except BaseError as error:
            raise translated(error) from error
        return BucketReader(self._client, path, found["size"], found["e_tag"], lambda: None)

    def sizes(self, owner: int) -> dict[str, int]:
        """What lies there of this owner: name -> bytes.

        Raises:
            Unavailable: the storage does not answer.
        """
        found = self._list(f"{_FOLDER}/{owner}/")
        return {path.rpartition("/")[2]: size for path, size, _ in found}

    def drop(self, owner: int, name: str) -> None:
        """Remove what was put there, if anything was.

        Raises:
            Unavailable: the storage does not answer.
        """
        self._drop(_path(owner, name))

    def sweep(self, age_seconds: float, is_over: Callable[[], bool]) -> int:
        """Remove what was put there so long ago, until ``is_over`` says to end; how many objects.

        Raises:
            Unavailable: the storage does not answer.
        """
        oldest = datetime.now(UTC) - timedelta(seconds=age_seconds)
        count = 0
        for path, _, put_at in self._list(f"{_FOLDER}/"):
            if is_over():
                break
            if put_at < oldest:
                self._drop(path)
                count += 1
        return count

    def _find_fitness(self) -> _Fitness:
        checksum = _PROBE_CRC64NVME
        if _succeeded(self._try(_PROBE, checksum)):
            checks_bytes = _refused(self._try(_PROBE, checksum ^ 1))
        elif _succeeded(self._try(_PROBE, None)):
            checks_bytes = False
        else:
            return _Fitness()
        is_bounded = all(
            _refused(self._try(other, None, size_bytes=len(_PROBE)))
            for other in (_PROBE + b"!", _PROBE[:-1])
        )
        return _Fitness(is_bounded, is_bounded and checks_bytes)

    def _try(self, content: bytes, crc64nvme: int | None, size_bytes: int | None = None) -> int:
        """The status that a client would get for these bytes; 0 for no answer."""
        name = secrets.token_hex(16)
        seen_here = self._place.endpoint or f"https://s3.{self._place.region}.amazonaws.com"
        place = replace(self._place, public_endpoint=seen_here)
        granted = len(content) if size_bytes is None else size_bytes
        address = self._address(place, _NOBODY, name, granted, crc64nvme)
        try:
            return _put(address, content)
        finally:
            try:
                self._drop(_path(_NOBODY, name))
            except Unavailable:
                _log.warning("what was tried at the object storage stays there until it is swept")

    def _address(
        self, place: Place, owner: int, name: str, size_bytes: int, crc64nvme: int | None
    ) -> PutAddress:
        headers = {"content-length": str(size_bytes), "if-none-match": "*"}
        if crc64nvme is not None:
            checksum = base64.b64encode(crc64nvme.to_bytes(8, "big")).decode()
            headers["x-amz-checksum-crc64nvme"] = checksum
        url = signed_put(place, _path(owner, name), headers, time.time())
        return PutAddress("PUT", url, headers)

    def _drop(self, path: str) -> None:
        try:
            obstore.delete(self._client, path)
        except FileNotFoundError:
            return
        except BaseError as error:
            raise translated(error) from error

    def _list(self, prefix: str) -> Iterator[tuple[str, int, datetime]]:
        try:
            for page in obstore.list(self._client, prefix):
                for found in page:
                    yield found["path"], found["size"], found["last_modified"]
        except BaseError as error:
            raise translated(error) from error


def _put(address: PutAddress, content: bytes) -> int:
    """Do as a client does; the status of the answer, 0 without one."""
    parts = urlsplit(address.url)
    secure = parts.scheme == "https"
    connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = connect(parts.netloc, timeout=_PROBE_SECONDS)
    headers = {**address.headers, "content-length": str(len(content))}
    try:
        connection.request("PUT", f"{parts.path}?{parts.query}", content, headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        _log.warning("the object storage does not answer a signed upload: %s", error)
        return 0
    finally:
        connection.close()


def _succeeded(status: int) -> bool:
    return 200 <= status < 300


def _refused(status: int) -> bool:
    return 400 <= status < 500


def _path(owner: int, name: str) -> str:
    assert _NAME.fullmatch(name), "a staged object is named by 32 hexadecimal digits"
    return f"{_FOLDER}/{owner}/{name}"
