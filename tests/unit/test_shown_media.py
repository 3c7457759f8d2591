"""What a file is by its first bytes, whatever its name says."""

import pytest

from groundswell.wire.media import media_of, named_media

HEADS = {
    "image/png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "image/jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "image/gif": b"GIF89a\1\0\1\0",
    "image/webp": b"RIFF\x24\0\0\0WEBPVP8 ",
    "image/avif": b"\0\0\0\x20ftypavif\0\0\0\0",
    "image/svg+xml": b'\xef\xbb\xbf<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg">',
    "audio/wav": b"RIFF\x24\0\0\0WAVEfmt ",
    "audio/flac": b"fLaC\0\0\0\x22",
    "audio/ogg": b"OggS\0\2",
    "audio/mpeg": b"ID3\4\0\0",
    "video/mp4": b"\0\0\0\x20ftypisom\0\0\2\0",
    "video/webm": b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\1\x42\x82\x84webm",
}


@pytest.mark.parametrize("media_type", HEADS)
def test_media_are_known_by_their_first_bytes(media_type: str) -> None:
    assert media_of(HEADS[media_type]) == media_type
    assert media_of(HEADS[media_type][:3]) in {None, "audio/mpeg", "image/jpeg"}


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff",
        b"<html><svg>",
        b"<!DOCTYPE html><svg>",
        b"<?xml version='1.0'?><html>",
        b"<script>",
        b" \n<svg\0>",
        b"GIF88a",
        b"RIFF....XXXX",
        b"MZ\x90\0",
        b"PK\3\4",
        b"\xff\xfe\0\0",
    ],
)
def test_nothing_else_is_taken_for_media(head: bytes) -> None:
    assert media_of(head) is None


def test_a_bare_frame_of_sound_is_sound() -> None:
    assert media_of(b"\xff\xfb\x90\x64") == "audio/mpeg"


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("a/b.PNG", "image/png"),
        ("x.tar.jpg", "image/jpeg"),
        (".svg", "image/svg+xml"),
        ("png", None),
        ("folder.png/readme", None),
        ("a.html", None),
        ("a.", None),
        ("", None),
    ],
)
def test_names_promise_a_type(path: str, media_type: str | None) -> None:
    assert named_media(path) == media_type
