"""Documents of a repository are copied into a folder, for a pack to be built of them.

Knows which files a pack is made of, and how much is copied at most. Does not decide rights: whoever
found the repository did. What a pack in the same repository brought along is no document of it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from groundswell.ask.beside import is_card_of_a_pack
from groundswell.ask.making import CARD
from groundswell.ask.packs.sources import (
    COPIED_LIST,
    CopiedSource,
    Source,
    ZimSource,
    is_source_file,
)
from groundswell.ask.packs.vectors.models import (
    TOKENIZER,
    TOKENIZER_BYTES_MAX,
    WEIGHTS,
    WEIGHTS_BYTES_MAX,
    model_files,
    refusal,
)
from groundswell.core.errors import BadRequest, Corrupt, EntryNotFound, StorageFull
from groundswell.core.values import BytesPlan, EntryKind
from groundswell.hub.blobs import Blobs
from groundswell.hub.content import Content, Located
from groundswell.hub.repos import Repository
from groundswell.wire import packs

_PAGE: Final = 1_000
_NAME_CHARACTERS_MAX: Final = 60
# What stays free on the disk, for everybody else.
FREE_BYTES_MIN: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class CopyLimits:
    """How much of one repository is copied."""

    files: int = 200_000
    size_bytes: int = 32 << 30


class Copying:
    """Copies documents out of repositories."""

    def __init__(self, content: Content, blobs: Blobs) -> None:
        self._content = content
        self._blobs = blobs

    def copy(
        self,
        repository: Repository,
        revision: str,
        folder: Path,
        limits: CopyLimits | None = None,
        tell: Callable[[int, int], None] = lambda *_: None,
    ) -> list[Source]:
        """The repository's documents as sources; what the folder held before goes.

        Args:
            repository: found for whoever asks.
            revision: which state of it.
            folder: for the copy.
            limits: how much may be copied.
            tell: is told (bytes that are copied, bytes in all); what it raises ends the copying.

        Raises:
            BadRequest: there is nothing that can be read, or more than is copied.
            StorageFull: it would fill the disk.
            RevisionNotFound, Corrupt: as for any file.
        """
        limits = limits or CopyLimits()
        commit = self._content.resolve_revision(repository, revision)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        paths = self._paths(repository, commit, limits)
        total = sum(size for _, size in paths)
        # The pack is built beside it, and takes as much again.
        if shutil.disk_usage(folder).free - 3 * total < FREE_BYTES_MIN:
            raise StorageFull("There is no room on the hub's disk to build this pack.")
        return self._sources(repository, commit, folder, paths, lambda done: tell(done, total))

    def copy_model(
        self,
        repository: Repository,
        revision: str,
        folder: Path,
        tell: Callable[[int, int], None] = lambda *_: None,
    ) -> None:
        """The two files of a static embedding model (`packs.vectors.models`), into a new folder.

        Raises:
            BadRequest: the repository has none, or one that is too large.
            StorageFull: it would fill the disk.
            RevisionNotFound, Corrupt: as for any file.
        """
        commit = self._content.resolve_revision(repository, revision)
        sizes = dict(self._files(repository, commit))
        weights, tokenizer = model_files({path: path.rpartition("/")[2] for path in sizes})
        total = sizes[weights] + sizes[tokenizer]
        if sizes[weights] > WEIGHTS_BYTES_MAX or sizes[tokenizer] > TOKENIZER_BYTES_MAX:
            raise refusal("its files are larger than such a model's are")
        folder.mkdir(parents=True)
        if shutil.disk_usage(folder).free - total < FREE_BYTES_MIN:
            raise StorageFull("There is no room on the hub's disk for a copy of this model.")
        done = 0
        for path, name in ((tokenizer, TOKENIZER), (weights, WEIGHTS)):
            located = self._content.locate(repository, commit, path)
            self._write(located, folder / name, lambda more: tell(done + more, total))  # noqa: B023
            done += sizes[path]

    def _paths(
        self, repository: Repository, commit: str, limits: CopyLimits
    ) -> list[tuple[str, int]]:
        """The files that are documents, with their sizes."""
        found, size_bytes = list[tuple[str, int]](), 0
        is_pack = self._has(repository, commit, packs.NAME)
        for path, size in self._files(repository, commit):
            if any(part.startswith(".") for part in path.split("/")):
                continue
            if not (is_source_file(path) or path.lower().endswith(".zim")):
                continue
            if is_pack and self._is_of_pack(repository, commit, path):
                continue
            found.append((path, size))
            size_bytes += size
            if len(found) > limits.files or size_bytes > limits.size_bytes:
                gigabytes = limits.size_bytes >> 30
                msg = (
                    f"It has more than {limits.files:,} documents or {gigabytes} GiB of them:"
                    " build the pack with `swell pack build` on the hub's machine."
                )
                raise BadRequest(msg)
        if not found:
            raise BadRequest("There is no document in it that a pack can be made of.")
        return found

    def _files(self, repository: Repository, commit: str) -> Iterator[tuple[str, int]]:
        cursor: str | None = None
        while True:
            page = self._content.tree(
                repository, commit, recursive=True, limit=_PAGE, cursor=cursor
            )
            for item in page.items:
                if item.entry.kind is EntryKind.FILE:
                    yield item.entry.path, item.entry.size_bytes
            cursor = page.next_cursor
            if cursor is None:
                return

    def _has(self, repository: Repository, commit: str, path: str) -> bool:
        try:
            self._content.locate(repository, commit, path)
        except EntryNotFound:
            return False
        return True

    def _is_of_pack(self, repository: Repository, commit: str, path: str) -> bool:
        if path == CARD:
            located = self._content.locate(repository, commit, path)
            return is_card_of_a_pack(self._content.read_range(located, 0, 1 << 20))
        return path.startswith(("text/", "index/", "eval/"))

    def _sources(
        self,
        repository: Repository,
        commit: str,
        folder: Path,
        paths: list[tuple[str, int]],
        tell: Callable[[int], None],
    ) -> list[Source]:
        done = 0
        archives = list[Source]()
        rows = list[str]()
        for number, (path, size) in enumerate(paths):
            is_archive = path.lower().endswith(".zim")
            place = str(number) if not is_archive else f"{number}/{_name_of(path)}"
            (folder / place).parent.mkdir(exist_ok=True)
            located = self._content.locate(repository, commit, path)
            sha256 = self._write(located, folder / place, lambda more: tell(done + more))  # noqa: B023
            done += size
            if is_archive:
                archives.append(ZimSource(folder / place))
            else:
                rows.append(json.dumps([path, place, sha256]) + "\n")
        (folder / COPIED_LIST).write_text("".join(rows), "utf-8")
        own = CopiedSource(folder, repository.repo_id.name)
        return [own, *archives] if rows else archives

    def _write(self, located: Located, file: Path, tell: Callable[[int], None]) -> str:
        """Write a file; its sha256."""
        plan, digest, done = located.plan, hashlib.sha256(), 0
        parts = (
            iter((plan.content,))
            if isinstance(plan, BytesPlan)
            else self._blobs.open_content(plan, 0, plan.size_bytes)
        )
        with file.open("xb") as out:
            for part in parts:
                out.write(part)
                digest.update(part)
                done += len(part)
                tell(done)
        pointer = located.entry.pointer
        if pointer is not None and digest.hexdigest() != pointer.sha256:
            raise Corrupt
        return digest.hexdigest()


def _name_of(path: str) -> str:
    """A file's name that any disk takes, with its ending."""
    stem = path.rpartition("/")[2][: -len(".zim")][:_NAME_CHARACTERS_MAX]
    return f"{stem}.zim" if stem else "archive.zim"
