"""What a file is by its first bytes: the media that pages show, and nothing else.

Knows signatures. A name may say anything; a page shows a picture or plays a sound only when name
and bytes agree.
"""

from __future__ import annotations

from typing import Final

SNIFFED_BYTES: Final = 4_096

_BY_NAME: Final = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".svg": "image/svg+xml",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
}
_STARTS: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
)
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_SPACE: Final = b" \t\r\n\xef\xbb\xbf"


def named_media(path: str) -> str | None:
    """The media type that a file's name promises; None when it promises none that pages show."""
    name = path.lower().rpartition("/")[2]
    return _BY_NAME.get(name[name.rfind(".") :]) if "." in name else None


def media_of(head: bytes) -> str | None:
    """The media type that the first bytes show; None for all else."""
    for start, media_type in _STARTS:
        if head.startswith(start):
            return media_type
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return "image/avif" if head[8:12] in {b"avif", b"avis"} else "video/mp4"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2:
        return "audio/mpeg"  # a frame of layer III without a tag before it
    return "image/svg+xml" if _is_svg(head) else None


def _is_svg(head: bytes) -> bool:
    text = head.lstrip(_SPACE)
    if not text.startswith(b"<") or b"\0" in text:
        return False
    for word in (b"<?xml", b"<!--", b"<!DOCTYPE svg", b"<svg"):
        if text.startswith(word):
            return b"<svg" in text
    return False
