"""An object opened for reading, and how the storage fails in the port's words."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store as Client

from groundswell.core.errors import Corrupt, Unavailable

_log = logging.getLogger(__name__)


class BucketReader:
    """One object. Every read is one request for exactly its range, of the version that was opened:
    an object that was replaced meanwhile is never mixed with the one before.
    """

    def __init__(
        self, client: Client, name: str, size_bytes: int, etag: str | None, lost: Callable[[], None]
    ) -> None:
        self._client = client
        self._name = name
        self._size_bytes = size_bytes
        self._etag = etag
        self._lost = lost

    @property
    def size_bytes(self) -> int:
        """Size of the whole object."""
        return self._size_bytes

    @property
    def identity(self) -> str:
        """Its entity tag, where the storage gives one."""
        return f"{self._etag}.{self._size_bytes}"

    @property
    def place(self) -> None:
        """None: the bytes lie elsewhere."""
        return

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Exactly ``size_bytes`` from ``offset``.

        Raises:
            Corrupt: the object is shorter, has gone, or is another by now.
            Unavailable: the storage does not answer.
        """
        return bytes(self._get(offset, size_bytes))

    def read_into(self, offset: int, buffers: Sequence[memoryview]) -> None:
        """Fill the buffers one after the other from ``offset``.

        Raises:
            Corrupt, Unavailable: as ``read_at``.
        """
        data = self._get(offset, sum(len(buffer) for buffer in buffers))
        start = 0
        for buffer in buffers:
            buffer[:] = data[start : start + len(buffer)]
            start += len(buffer)

    def read_cached_into(self, offset: int, buffers: Sequence[memoryview]) -> int:
        """Nothing: whatever is read here travels over a network."""
        del offset, buffers
        return 0

    def _get(self, offset: int, size_bytes: int) -> memoryview:
        if offset < 0 or offset + size_bytes > self._size_bytes:
            raise Corrupt
        if size_bytes == 0:
            return memoryview(b"")
        wanted: obstore.GetOptions = {"range": (offset, offset + size_bytes)}
        if self._etag is not None:
            wanted["if_match"] = self._etag
        try:
            data = memoryview(obstore.get(self._client, self._name, options=wanted).bytes())
        except (FileNotFoundError, obstore.exceptions.PreconditionError) as error:
            self._lost()
            raise Corrupt from error
        except BaseError as error:
            raise translated(error) from error
        if len(data) != size_bytes:
            raise Corrupt
        return data


def translated(error: BaseError) -> Unavailable:
    """The error as the port names it. The peer learns only that the storage fails."""
    _log.error("the object storage failed: %s", _first_line(error))
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        return Unavailable("The hub's object storage refuses its key. Ask the administrator.")
    return Unavailable("The hub's object storage does not answer as it should. Try again soon.")


def _first_line(error: BaseError) -> str:
    return str(error).strip().partition("\n")[0][:500]
