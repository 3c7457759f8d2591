"""What packs are built from: folders and archives, as documents that can be read one by one.

A source lists its documents in the order of their paths, each with a fingerprint that changes when
the document does; listing is cheap in memory whatever there is. Does not know what documents say:
`parsing` does. A source can be sent to another process and read there.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from groundswell.ask.packs.parsing.parser import DOCUMENT_BYTES_MAX
from groundswell.core.errors import BadRequest
from groundswell.wire.documents import readable

DEPTH_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a source; ``aliases`` are other names that lead to it."""

    path: str
    fingerprint: str
    size_bytes: int
    aliases: tuple[str, ...] = ()


class Source(Protocol):
    """Documents that can be listed and read. Picklable."""

    @property
    def name(self) -> str:
        """What people call it: a file name without its ending, a folder's name."""
        ...

    def documents(self) -> Iterator[Document]:
        """All of them; in the order of their paths as far as that is cheap."""
        ...

    def read(self, path: str) -> bytes:
        """A document's bytes. Raises OSError or Malformed when they cannot be read."""
        ...

    def describe(self) -> dict[str, Any]:
        """For ``pack.json``: kind, name, and what the source says of itself."""
        ...


@dataclass(frozen=True)
class FolderSource:
    """Files of a folder and the folders in it, but hidden ones and links."""

    root: Path

    @property
    def name(self) -> str:
        return self.root.resolve().name or "folder"

    def documents(self) -> Iterator[Document]:
        return self._walk(self.root, "", DEPTH_MAX)

    def _walk(self, folder: Path, prefix: str, depth: int) -> Iterator[Document]:
        if depth == 0:
            raise BadRequest("Folders are nested too deeply.")
        with os.scandir(folder) as listed:
            entries = sorted(listed, key=lambda each: each.name)
        for entry in entries:
            if entry.name.startswith(".") or entry.is_symlink():
                continue
            path = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(Path(entry.path), f"{path}/", depth - 1)
            elif entry.is_file(follow_symlinks=False) and readable(path) is not None:
                size = entry.stat(follow_symlinks=False).st_size
                yield Document(path, _file_sha256(Path(entry.path)), size)

    def read(self, path: str) -> bytes:
        return _bounded(self.root / path)

    def describe(self) -> dict[str, Any]:
        return {"kind": "folder", "name": self.name}


@dataclass(frozen=True)
class FileSource:
    """One file."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    def documents(self) -> Iterator[Document]:
        if readable(self.path.name) is None:
            raise BadRequest(f"{self.path.name} is of a kind that packs are not built from.")
        size = self.path.stat().st_size
        yield Document(self.path.name, _file_sha256(self.path), size)

    def read(self, path: str) -> bytes:
        assert path == self.path.name
        return _bounded(self.path)

    def describe(self) -> dict[str, Any]:
        return {"kind": "file", "name": self.path.name}


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _bounded(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(DOCUMENT_BYTES_MAX + 1)
