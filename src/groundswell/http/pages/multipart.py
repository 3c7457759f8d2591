"""A form with files (RFC 7578) as it comes: small fields to texts, files to the hub's own disk.

Bounds how many parts there are and how large the fields and headers grow. Knows nothing of what
the fields mean; asks its caller before the first file begins.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from groundswell.core.errors import Malformed, TooLarge

PARTS_MAX: Final = 1_000
FIELD_BYTES_MAX: Final = 64 * 1024
HEADER_BYTES_MAX: Final = 8 * 1024
_WHERE: Final = "form"


class Spool(Protocol):
    """Where the bytes of a file go (``store.ports.Spooled``)."""

    @property
    def path(self) -> str: ...

    @property
    def size_bytes(self) -> int: ...

    def write(self, data: bytes | bytearray | memoryview) -> None: ...

    def settle(self) -> None: ...

    def discard(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file of the form, whole and on disk."""

    name: str
    spooled: Spool

    @property
    def size_bytes(self) -> int:
        return self.spooled.size_bytes

    def sample(self, size_bytes: int) -> bytes:
        """The first bytes."""
        with Path(self.spooled.path).open("rb") as file:
            return file.read(size_bytes)

    def read(self) -> bytes:
        """All of it."""
        return Path(self.spooled.path).read_bytes()


@dataclass(slots=True)
class _Part:
    headers: dict[str, str] = field(default_factory=dict)
    header_name: bytearray = field(default_factory=bytearray)
    header_value: bytearray = field(default_factory=bytearray)
    name: str = ""
    text: bytearray = field(default_factory=bytearray)
    spooled: Spool | None = None


class FormReader:
    """Reads one form: ``begin``, ``feed`` until there is no more, ``finish``; ``discard`` always.

    ``check`` is called with the fields before the first file, and by ``finish``: what it raises
    ends the form before a byte of a file is kept. Used by one thread at a time.

    Raises from ``feed`` and ``finish``: Malformed, TooLarge, StorageFull.
    """

    def __init__(
        self,
        spool: Callable[[], Spool],
        check: Callable[[dict[str, str]], None],
        field_bytes_max: int = FIELD_BYTES_MAX,
    ) -> None:
        self._field_bytes_max = field_bytes_max
        self._spool = spool
        self._check = check
        self._parser: MultipartParser | None = None
        self._part = _Part()
        self._parts = 0
        self._fields: dict[str, str] = {}
        self._files: list[Arrived] = []
        self._is_checked = False
        self._is_complete = False

    def begin(self, content_type: str) -> None:
        """Read the boundary from the request's Content-Type."""
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not 0 < len(boundary) <= 200:
            raise Malformed(_WHERE, "not multipart/form-data with a boundary")
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_part_data": self._data,
                "on_part_end": self._end_part,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._headers_finished,
                "on_end": self._end,
            },
        )

    def feed(self, data: bytes) -> None:
        """The next bytes of the body."""
        assert self._parser is not None, "begun"
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise Malformed(_WHERE, "the parts cannot be told apart") from error

    def finish(self) -> tuple[dict[str, str], list[Arrived]]:
        """The fields and the files, when the form came whole."""
        if not self._is_complete:
            raise Malformed(_WHERE, "it ends in the middle")
        self._check_once()
        return dict(self._fields), list(self._files)

    def discard(self) -> None:
        """Free what the files take. Idempotent, and safe for files that were taken over."""
        open_file = self._part.spooled
        for spooled in [
            *(each.spooled for each in self._files),
            *([open_file] if open_file else []),
        ]:
            with contextlib.suppress(FileNotFoundError):
                spooled.discard()

    def _check_once(self) -> None:
        if not self._is_checked:
            self._check(self._fields)
            self._is_checked = True

    def _begin_part(self) -> None:
        self._parts += 1
        if self._parts > PARTS_MAX:
            msg = f"A form has at most {PARTS_MAX} parts. Larger uploads: hf upload."
            raise TooLarge(msg)
        self._part = _Part()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._part.header_name += data[start:end]
        self._bound_headers()

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.header_value += data[start:end]
        self._bound_headers()

    def _bound_headers(self) -> None:
        part = self._part
        length = len(part.header_name) + len(part.header_value)
        if length > HEADER_BYTES_MAX or len(part.headers) > 16:
            raise TooLarge("A part of the form has headers that are too long.")

    def _end_header(self) -> None:
        part = self._part
        name = part.header_name.decode("latin-1").lower()
        part.headers[name] = part.header_value.decode("utf-8", "replace")
        part.header_name.clear()
        part.header_value.clear()

    def _headers_finished(self) -> None:
        told = self._part.headers.get("content-disposition", "")
        _, options = parse_options_header(told.encode("utf-8"))
        self._part.name = options.get(b"name", b"").decode("utf-8", "replace")
        filename = options.get(b"filename")
        if filename is None:
            return
        self._check_once()
        if not filename:
            return  # a file field that was left empty
        name = filename.decode("utf-8", "replace").replace("\\", "/").rpartition("/")[2]
        # Browsers write these three signs of a name as they are written in addresses.
        for sign, written in (('"', "%22"), ("\r", "%0D"), ("\n", "%0A")):
            name = name.replace(written, sign)
        self._part.name = name
        self._part.spooled = self._spool()

    def _data(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        if part.spooled is not None:
            part.spooled.write(data[start:end])
            return
        part.text += data[start:end]
        if len(part.text) > self._field_bytes_max:
            raise TooLarge("A field of the form is too long.")

    def _end_part(self) -> None:
        part = self._part
        if part.spooled is not None:
            self._files.append(Arrived(part.name, part.spooled))
        elif "filename" not in part.headers.get("content-disposition", ""):
            self._fields[part.name] = part.text.decode("utf-8", "replace")
        self._part = _Part()

    def _end(self) -> None:
        self._is_complete = True
