"""Small files of every type that may be attached: a picture that browsers show, beginnings else."""

from __future__ import annotations

import struct
import zlib


def png(width: int = 8, height: int = 8, colour: bytes = b"\x0a\x65\x70") -> bytes:
    """A picture of one colour."""

    def part(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\0" + colour * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = part(b"IHDR", head), part(b"IDAT", zlib.compress(rows)), part(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


PNG = png()


def pictures() -> dict[str, bytes]:
    """By their types."""
    pad = bytes(100)
    beginnings = {
        "image/jpeg": b"\xff\xd8\xff\xe0",
        "image/gif": b"GIF89a",
        "image/webp": b"RIFF\0\0\0\0WEBPVP8 ",
        "image/avif": b"\0\0\0\x1cftypavif",
        "video/mp4": b"\0\0\0\x20ftypisom",
        "video/quicktime": b"\0\0\0\x14ftypqt  ",
        "video/webm": b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm",
        "audio/mpeg": b"\xff\xfb\x90\x64",
        "audio/wav": b"RIFF\0\0\0\0WAVEfmt ",
        "audio/ogg": b"OggS\0\2",
        "audio/flac": b"fLaC\0\0\0\x22",
    }
    return {"image/png": PNG, **{kind: start + pad for kind, start in beginnings.items()}}
