"""What packs are built from: folders and archives, as documents that can be read one by one.

A source lists its documents in the order of their paths, each with a fingerprint that changes when
the document does; listing is cheap in memory whatever there is. Does not know what documents say:
`parsing` does. A source can be sent to another process and read there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from groundswell.ask.packs import tables
from groundswell.ask.packs.documents import Document, Read
from groundswell.ask.packs.parsing.parser import DOCUMENT_BYTES_MAX
from groundswell.core.errors import BadRequest, Malformed
from groundswell.wire.documents import readable
from groundswell.wire.zim import Archive, Entry, EntryKind

DEPTH_MAX: Final = 64
_READ_BYTES: Final = 1 << 16
# Stands in a folder into which a pack is built.
PACK_WORK: Final = ".building"


class Source(Protocol):
    """Documents that can be listed and read. Picklable."""

    @property
    def name(self) -> str:
        """What people call it: a file name without its ending, a folder's name."""
        ...

    def documents(self) -> Iterator[Document]:
        """All of them; in the order of their paths as far as that is cheap."""
        ...

    def read(self, paths: Sequence[str]) -> Iterator[Read]:
        """The bytes of documents, each with its path, in whatever order is cheap."""
        ...

    def describe(self) -> dict[str, Any]:
        """For ``pack.json``: kind, name, and what the source says of itself."""
        ...


@dataclass(frozen=True)
class FolderSource:
    """Files of a folder and the folders in it, but hidden ones, links and packs."""

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
        if any(entry.name == PACK_WORK for entry in entries):
            return  # a pack that is made into a folder of its own source
        for entry in entries:
            if entry.name.startswith(".") or entry.is_symlink():
                continue
            path = prefix + _utf8(entry.name)
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(Path(entry.path), f"{path}/", depth - 1)
            elif entry.is_file(follow_symlinks=False) and is_source_file(path):
                yield from file_documents(Path(entry.path), path)

    def read(self, paths: Sequence[str]) -> Iterator[Read]:
        return read_files(paths, lambda path: self.root / path)

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
        if not is_source_file(self.path.name):
            raise BadRequest(f"{self.path.name} is of a kind that packs are not built from.")
        yield from file_documents(self.path, self.path.name)

    def read(self, paths: Sequence[str]) -> Iterator[Read]:
        return read_files(paths, lambda _: self.path)

    def describe(self) -> dict[str, Any]:
        return {"kind": "file", "name": self.path.name}


def is_source_file(path: str) -> bool:
    """Whether a file of this name is read as documents."""
    return readable(path) is not None or tables.is_table(path)


def file_documents(file: Path, path: str, sha256: str = "") -> Iterator[Document]:
    """The documents of a file: itself, or stretches of a table."""
    fingerprint = sha256 or _file_sha256(file)
    if tables.is_table(path):
        yield from tables.table_documents(file, path, fingerprint)
    else:
        yield Document(path, fingerprint, file.stat().st_size)


def read_files(paths: Sequence[str], place: Callable[[str], Path]) -> Iterator[Read]:
    """Documents of files; ``place`` says where the file of a path lies."""
    stretches: dict[str, list[str]] = {}
    for path in paths:
        if file := tables.table_of(path):
            stretches.setdefault(file, []).append(path)
        else:
            yield path, _bounded(place(path))
    for file, of_file in stretches.items():
        yield from tables.read_stretches(place(file), of_file)


def _utf8(name: str) -> str:
    """A name as text. One of other bytes is told as unreadable: by this name nothing is found."""
    return os.fsencode(name).decode("utf-8", "replace")


def _file_sha256(path: Path) -> str:
    """Of a file's bytes; "" of one that cannot be read, which is told when it is to be read."""
    try:
        with path.open("rb") as file:
            total = hashlib.sha256()
            while part := file.read(_READ_BYTES):  # `file_digest` makes room of 256 KiB each time
                total.update(part)
            return total.hexdigest()
    except OSError:
        return ""


def _bounded(path: Path) -> bytes | str:
    try:
        with path.open("rb") as file:
            # No more room than it takes: most documents are small, and there are many.
            size_bytes = os.fstat(file.fileno()).st_size
            return file.read(min(size_bytes, DOCUMENT_BYTES_MAX) + 1)
    except OSError as error:
        return error.strerror or "it cannot be read"


@dataclass(frozen=True)
class ZimSource:
    """A ZIM archive, as Kiwix libraries have them: its pages under their paths, with the titles of
    redirects as their aliases.
    """

    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    def documents(self) -> Iterator[Document]:
        with self._opened() as archive, tempfile.TemporaryDirectory() as work:
            key = self._key(archive)
            with closing(sqlite3.connect(f"{work}/aliases.sqlite")) as aliases:
                _note_redirects(archive, aliases)
                for entry in archive.entries():
                    if _is_page(entry):
                        found = aliases.execute(_ALIASES, (entry.number, ALIASES_MAX)).fetchall()
                        names = tuple(name for (name,) in found)
                        # Sizes would cost unpacking everything: shards of archives go by count.
                        yield Document(entry.path, f"{key}#{entry.number}", 0, names)

    def read(self, paths: Sequence[str]) -> Iterator[Read]:
        with self._opened() as archive:
            found = [(path, archive.find(path)) for path in paths]
            # As they lie: paths leap between clusters, and each would be unpacked again and again.
            found.sort(key=lambda each: (each[1].cluster, each[1].blob) if each[1] else (0, 0))
            for path, entry in found:
                yield path, _content(archive, entry)

    def describe(self) -> dict[str, Any]:
        with self._opened() as archive:
            said = {name.lower(): archive.metadata_text(name)[:1_000] for name in _SAID}
            key = self._key(archive)
        told = {name: text for name, text in said.items() if text}
        return {"kind": "zim", "name": self.path.name, **told, "checksum": key}

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Archive]:
        with self.path.open("rb") as file:
            number = file.fileno()
            size = os.fstat(number).st_size
            yield Archive(lambda start, stop: os.pread(number, stop - start, start), size)

    def _key(self, archive: Archive) -> str:
        """The archive's own checksum; its name, date and size where it has none."""
        at = archive.header.checksum_at
        if at is not None:
            with self.path.open("rb") as file:
                return os.pread(file.fileno(), 16, at).hex()
        told = [archive.metadata_text(name) for name in ("Name", "Date")]
        return hashlib.sha256(f"{told} {archive.size_bytes}".encode()).hexdigest()[:32]


ALIASES_MAX: Final = 200
_SAID: Final = ("Title", "Creator", "Publisher", "Date", "Language", "License", "Source")
_ALIASES: Final = "SELECT title FROM alias WHERE target = ? ORDER BY title LIMIT ?"


def _is_page(entry: Entry) -> bool:
    is_page = entry.kind is EntryKind.CONTENT and entry.media_type.startswith("text/html")
    return is_page and entry.namespace in {"A", "C"}


def _note_redirects(archive: Archive, aliases: sqlite3.Connection) -> None:
    """Which names lead to which entry, on the disk: large archives have millions."""
    aliases.execute("PRAGMA journal_mode = OFF")
    aliases.execute("CREATE TABLE alias (target INTEGER, title TEXT)")
    aliases.executemany(
        "INSERT INTO alias VALUES (?, ?)",
        (
            (entry.target, entry.title)
            for entry in archive.entries()
            if entry.kind is EntryKind.REDIRECT
        ),
    )
    aliases.execute("CREATE INDEX alias_by_target ON alias (target, title)")


def _content(archive: Archive, entry: Entry | None) -> bytes | str:
    if entry is None:
        return "it is not in the archive any more"
    try:
        return archive.content(entry)
    except Malformed as error:
        return error.message


@dataclass(frozen=True)
class CopiedSource:
    """Files of a repository that were copied into a folder, under numbers: a name of a repository
    need not be one of this machine. What is there stands in a list beside them.
    """

    root: Path
    name: str

    def documents(self) -> Iterator[Document]:
        for path, (file, sha256) in sorted(self._listed().items()):
            yield from file_documents(file, path, sha256)

    def read(self, paths: Sequence[str]) -> Iterator[Read]:
        listed = self._listed()
        return read_files(paths, lambda path: listed[path][0])

    def describe(self) -> dict[str, Any]:
        # Not its commit: the pack may be committed there, and unchanged files give the same pack.
        return {"kind": "repository", "name": self.name}

    def _listed(self) -> dict[str, tuple[Path, str]]:
        with (self.root / COPIED_LIST).open(encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        return {path: (self.root / file, sha256) for path, file, sha256 in rows}


# Lines of JSON: path in the repository, file beside the list, sha256.
COPIED_LIST: Final = "files.jsonl"


def open_source(text: str) -> Source:
    """The source that a path names: a folder, a ZIM archive, or any other file that is read.

    Raises:
        BadRequest: there is nothing of that name, or it is of no kind that packs are built from.
    """
    path = Path(text)
    if path.is_dir():
        return FolderSource(path)
    if not path.is_file():
        raise BadRequest(f"There is no file or folder at {text}.")
    if path.suffix.lower() == ".zim":
        return ZimSource(path)
    if path.suffix.lower().startswith(".zim"):
        raise BadRequest(f"{path.name} is a part of an archive: join the parts with `cat` first.")
    return FileSource(path)
