"""The headers of weights, read by ranges: a sharded model's, in one answer (Hub API 5)."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable
from typing import Any, Final

from groundswell.core.errors import Malformed, TooLarge
from groundswell.wire.safetensors import (
    INDEX_BYTES_MAX,
    PREFIX_BYTES,
    header_bytes,
    parse_header,
    parse_index,
)

HEADERS_BYTES_MAX: Final = 64 << 20  # of all shards together

Json = dict[str, Any]


class Weights:
    """Reads files of one commit.

    ``size_of(path)`` gives a file's size, ``read(path, start, stop)`` its bytes; both raise
    EntryNotFound.
    """

    def __init__(
        self, size_of: Callable[[str], int], read: Callable[[str, int, int], bytes]
    ) -> None:
        self._size_of = size_of
        self._read = read
        self._left_bytes = HEADERS_BYTES_MAX

    def metadata(self, path: str) -> Json:
        """``{"index": …, "headers": {file: header}}`` of an index, or of a single file.

        The index comes without its ``weight_map``, which repeats the headers' names.

        Raises:
            Malformed: a file is not what its name says.
            TooLarge: the headers together are above their limit.
        """
        if not path.endswith(".index.json"):
            return {"index": {}, "headers": {path: self.header(path)}}
        data = self._read(path, 0, INDEX_BYTES_MAX + 1)
        folder = posixpath.dirname(path)
        headers = {name: self.header(posixpath.join(folder, name)) for name in parse_index(data)}
        index = json.loads(data)
        return {"index": {"metadata": index.get("metadata")}, "headers": headers}

    def header(self, path: str) -> Json:
        """One file's header, checked."""
        size_bytes = self._size_of(path)
        length = header_bytes(self._read(path, 0, PREFIX_BYTES), size_bytes)
        self._left_bytes -= length
        if self._left_bytes < 0:
            msg = f"The headers of these files are larger than {HEADERS_BYTES_MAX} bytes."
            raise TooLarge(msg)
        raw = self._read(path, PREFIX_BYTES, PREFIX_BYTES + length)
        if len(raw) != length:
            raise Malformed(path, "the file ends inside its header")
        parse_header(raw, size_bytes)
        header: Json = json.loads(raw)
        return header
