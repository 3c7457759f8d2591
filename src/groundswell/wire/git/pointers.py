"""The git-lfs pointer: the small text that stands in git for a large file.

Knows the text (git-lfs specification, version 1). Does not know where the content lies.
"""

from __future__ import annotations

import re
from typing import Final

from groundswell.core.values import Pointer

POINTER_BYTES_MAX: Final = 1024
POINTER_BYTES_MIN: Final = 100

_BEGINNINGS: Final = (
    b"version https://git-lfs.github.com/spec/v1\n",
    b"version https://hawser.github.com/spec/v1\n",  # written by the first releases
)
_OID: Final = re.compile(rb"oid sha256:([0-9a-f]{64})")
_SIZE: Final = re.compile(rb"size (0|[1-9][0-9]{0,17})")
_EXTENSION: Final = re.compile(rb"ext-[0-9]-[^ ]+ [^ ]+")


def parse_pointer(data: bytes) -> Pointer | None:
    """What a pointer names, or None when the bytes are not a pointer."""
    if not POINTER_BYTES_MIN <= len(data) <= POINTER_BYTES_MAX:
        return None
    beginning = next((each for each in _BEGINNINGS if data.startswith(each)), None)
    if beginning is None:
        return None
    lines = data[len(beginning) :].removesuffix(b"\n").replace(b"\r\n", b"\n").split(b"\n")
    while lines and _EXTENSION.fullmatch(lines[0]):
        lines.pop(0)
    if len(lines) != 2:
        return None
    oid, size = _OID.fullmatch(lines[0]), _SIZE.fullmatch(lines[1])
    if oid is None or size is None:
        return None
    return Pointer(oid[1].decode("ascii"), int(size[1]))


def pointer_text(pointer: Pointer) -> bytes:
    """The canonical text of a pointer."""
    return (
        f"version https://git-lfs.github.com/spec/v1\n"
        f"oid sha256:{pointer.sha256}\n"
        f"size {pointer.size_bytes}\n"
    ).encode("ascii")
