"""A bare repository as refs and files of objects, for copies that are made while it is written to.

Knows which files of a repository matter and how each proves itself whole. Refs are captured before
the files are listed: what a ref names was there before, and objects never change.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pygit2

from groundswell.core.errors import Corrupt
from groundswell.store.git.checking import is_loose_object, opened, reference_names

_PIECE_BYTES: Final = 4 * 1024 * 1024
_DIGEST_BYTES: Final = 20
_LOOSE: Final = re.compile(r"objects/([0-9a-f]{2})/([0-9a-f]{38})")
_PACK: Final = re.compile(r"objects/pack/pack-[0-9a-f]{40}\.(pack|idx)")
_ID: Final = re.compile(r"[0-9a-f]{40}", re.ASCII)
_NAME: Final = re.compile(r"refs/[^\x00-\x20\x7f~^:?*\[\\]+")


def captured_references(folder: Path) -> dict[str, str]:
    """The object that each ref points to now; refs that cannot be read are left out.

    Raises:
        Corrupt: the folder is no repository.
    """
    handle = opened(folder)
    found = {}
    try:
        for name in reference_names(folder):
            try:
                found[name] = str(handle.lookup_reference(name).resolve().target)
            except (KeyError, ValueError, pygit2.GitError):
                continue
    finally:
        handle.free()
    return found


def packed_references(references: Mapping[str, str]) -> bytes:
    """The refs as the file ``packed-refs``.

    Raises:
        Corrupt: a name or id that git would not read.
    """
    for name, target in references.items():
        if not _NAME.fullmatch(name) or ".." in name or not _ID.fullmatch(target):
            raise Corrupt(f"{name[:100]!r} is no reference.")
    lines = (f"{target} {name}\n" for name, target in sorted(references.items()))
    return "".join(lines).encode("utf-8")


def object_files(folder: Path) -> list[str]:
    """The files that hold the objects, as paths inside: loose ones, packs before their indexes."""
    found = []
    for file in (folder / "objects").glob("*/*"):
        path = file.relative_to(folder).as_posix()
        if _LOOSE.fullmatch(path) or _PACK.fullmatch(path):
            found.append(path)
    return sorted(found, key=lambda path: (path.endswith(".idx"), path))


def object_pieces(folder: Path, path: str) -> Iterator[bytes]:
    """The bytes of such a file; at the end it has proved to be whole.

    Raises:
        Corrupt: it is not; the pieces given before are worth nothing.
        FileNotFoundError: it was packed meanwhile: list the files again.
    """
    loose = _LOOSE.fullmatch(path)
    if loose:
        data = (folder / path).read_bytes()
        if not is_loose_object(folder / path, loose[1] + loose[2]):
            raise Corrupt(f"{path} has changed.")
        yield data
        return
    hasher = hashlib.sha1(usedforsecurity=False)
    last = b""
    with (folder / path).open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece
            data = last + piece
            hasher.update(data[:-_DIGEST_BYTES])
            last = data[-_DIGEST_BYTES:]
    if hasher.digest() != last:
        raise Corrupt(f"{path} has changed.")
