"""What kind of picture, sound or film some bytes are, by how they begin.

Knows formats that browsers show by themselves and that run nothing. SVG is none of them: it is a
document that may hold script, which pages show as a picture alone (``media_of``). A name or a
declared type is believed only if the bytes agree.
"""

from __future__ import annotations

from typing import Final

SAMPLE_BYTES: Final = 64
SNIFFED_BYTES: Final = 4_096  # for ``media_of``: an SVG may begin with comments

EXTENSIONS: Final = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
}
"""Every type that is taken, and how names of such files end."""

_BY_NAME: Final = {
    **{f".{ending}": media for media, ending in EXTENSIONS.items()},
    ".jpeg": "image/jpeg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".svg": "image/svg+xml",
}
_SPELLINGS: Final = {
    "image/jpg": "image/jpeg",
    "image/apng": "image/png",
    "audio/mp3": "audio/mpeg",
    "audio/wave": "audio/wav",
    "audio/x-wav": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/x-flac": "audio/flac",
    "audio/webm": "video/webm",
    "audio/mp4": "video/mp4",
    "audio/x-m4a": "video/mp4",
    "video/x-m4v": "video/mp4",
    "video/ogg": "audio/ogg",
    "application/ogg": "audio/ogg",
}
_BEGINNINGS: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"OggS\x00", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
)
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
# Kinds of boxed media; every other brand of it is a film.
_BRANDS: Final = {b"avif": "image/avif", b"avis": "image/avif", b"qt  ": "video/quicktime"}
_SPACE: Final = b" \t\r\n\xef\xbb\xbf"
_FILM_BRANDS: Final = (b"iso", b"mp4", b"avc1", b"dash", b"M4V", b"M4A", b"MSNV", b"mmp4", b"f4v")


def declared_media(content_type: str) -> str | None:
    """The type that a Content-Type names, in one spelling; None when no such thing is taken."""
    written = content_type.partition(";")[0].strip().lower()
    written = _SPELLINGS.get(written, written)
    return written if written in EXTENSIONS else None


def named_media(path: str) -> str | None:
    """The media type that a file's name promises; None when it promises none that pages show."""
    name = path.lower().rpartition("/")[2]
    return _BY_NAME.get(name[name.rfind(".") :]) if "." in name else None


def media_of(head: bytes) -> str | None:
    """The type of bytes that begin so (``SNIFFED_BYTES`` of them), for a page that shows them."""
    return sniffed_media(head) or ("image/svg+xml" if _is_svg(head) else None)


def sniffed_media(beginning: bytes) -> str | None:
    """The type of bytes that begin so (``SAMPLE_BYTES`` of them); None when it is none of ours."""
    for start, media in _BEGINNINGS:
        if beginning.startswith(start):
            return media
    if beginning[:4] == b"RIFF":
        return _RIFF.get(beginning[8:12])
    if beginning[4:8] == b"ftyp":
        brand = beginning[8:12]
        if brand in _BRANDS:
            return _BRANDS[brand]
        return "video/mp4" if brand.startswith(_FILM_BRANDS) else None
    if beginning[:4] == b"\x1a\x45\xdf\xa3":
        return "video/webm" if b"\x42\x82\x84webm" in beginning else None
    # A frame of MPEG audio, layer III: its sign, then a version, layer and rates that can be.
    if len(beginning) > 2 and beginning[0] == 0xFF and beginning[1] & 0xE6 == 0xE2:
        return (
            "audio/mpeg" if beginning[2] >> 4 not in {0, 15} and beginning[1] & 0x18 != 8 else None
        )
    return None


def _is_svg(head: bytes) -> bool:
    text = head.lstrip(_SPACE)
    if not text.startswith(b"<") or b"\0" in text:
        return False
    for word in (b"<?xml", b"<!--", b"<!DOCTYPE svg", b"<svg"):
        if text.startswith(word):
            return b"<svg" in text
    return False
