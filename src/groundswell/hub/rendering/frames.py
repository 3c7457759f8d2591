"""The pipe between the hub and its rendering worker: frames of JSON behind their length.

Four bytes, big-endian, then that many bytes of JSON. Knows neither end of the pipe.
"""

from __future__ import annotations

import json
from typing import Any, Final

LENGTH_BYTES: Final = 4
FRAME_BYTES_MAX: Final = 64 * 1024 * 1024


def pack(value: dict[str, Any]) -> bytes:
    """One frame."""
    body = json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    assert len(body) <= FRAME_BYTES_MAX, len(body)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def body_length(head: bytes) -> int:
    """How many bytes follow. Raises ValueError when no frame is that long."""
    length = int.from_bytes(head, "big")
    if length > FRAME_BYTES_MAX:
        msg = f"a frame of {length} bytes"
        raise ValueError(msg)
    return length


def unpack(body: bytes) -> dict[str, Any]:
    """The value of a frame's body."""
    value: dict[str, Any] = json.loads(body)
    return value
