"""Paths inside a repository: the one rule for every way in."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from groundswell.core.errors import InvalidPath

PATH_LENGTH_MAX_BYTES: Final = 1024
PATH_SEGMENT_LENGTH_MAX_BYTES: Final = 255
PATH_DEPTH_MAX: Final = 64

_WINDOWS_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\..*)?", re.IGNORECASE
)
# Code points that git for macOS (HFS+) drops when it compares with ".git", and other invisible
# or direction-changing characters that make two names look alike.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_GIT_SHORT_NAME = re.compile(r"git~[0-9]+", re.IGNORECASE)


def _segment_fault(segment: str) -> str | None:
    """Why one path segment is refused, or None."""
    fault = None
    if segment in {"", ".", ".."}:
        fault = "empty, '.' and '..' segments are not allowed"
    elif len(segment.encode("utf-8", "surrogatepass")) > PATH_SEGMENT_LENGTH_MAX_BYTES:
        fault = f"a segment is longer than {PATH_SEGMENT_LENGTH_MAX_BYTES} bytes"
    elif any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000 for c in segment):
        fault = "control characters are not allowed"
    elif _INVISIBLE.search(segment):
        fault = "invisible and direction-changing characters are not allowed"
    elif "\\" in segment or ":" in segment:
        fault = "the characters \\ and : are not allowed: Windows reads them as other places"
    elif segment[-1] in ". ":
        fault = "a segment may not end in a dot or a space"
    elif segment[0] == " ":
        fault = "a segment may not begin with a space"
    elif segment.lower() == ".git" or _GIT_SHORT_NAME.fullmatch(segment):
        fault = "'.git' is git's own folder"
    elif _WINDOWS_DEVICE.fullmatch(segment):
        fault = f"{segment!r} is a device name on Windows"
    return fault


def fold_segment(segment: str) -> str:
    """What two names in a folder share when some systems take them for one: macOS and Windows
    compare without case, and macOS without regard to how an accent is written.
    """
    if segment.isascii():
        return segment.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", segment).casefold())


def check_path(path: str) -> str:
    """The same path, when it may live in a repository: the one rule for every way in.

    Git's own checks are not a path policy, so the commit API, pages and pushes all come here.

    Raises:
        InvalidPath: with the broken rule.
    """
    if not path:
        raise InvalidPath(path, "it is empty")
    if path.startswith("/"):
        raise InvalidPath(path, "absolute paths are not allowed")
    if len(path.encode("utf-8", "surrogatepass")) > PATH_LENGTH_MAX_BYTES:
        raise InvalidPath(path, f"it is longer than {PATH_LENGTH_MAX_BYTES} bytes")
    segments = path.split("/")
    if len(segments) > PATH_DEPTH_MAX:
        raise InvalidPath(path, f"it is deeper than {PATH_DEPTH_MAX} folders")
    for segment in segments:
        fault = _segment_fault(segment)
        if fault is not None:
            raise InvalidPath(path, fault)
    if path.startswith("-"):
        raise InvalidPath(path, "it may not begin with '-', which programs read as an option")
    return path
