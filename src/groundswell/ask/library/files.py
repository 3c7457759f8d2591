"""Files of a pack, out of its repository: some are read, others lie on the disk while it is open.

Knows which files go together. Does not know rights: whoever found the pack did.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from groundswell.ask.calibration import (
    CALIBRATION_BYTES_MAX,
    GENERAL,
    PATH,
    Calibration,
    parse_calibration,
)
from groundswell.ask.derivatives import FILES_MAX, Derivatives, HubFile
from groundswell.ask.library.values import PackRef
from groundswell.core.errors import BadRequest, EntryNotFound, Malformed
from groundswell.core.values import BytesPlan
from groundswell.hub.content import Content, Located
from groundswell.wire import packs
from groundswell.wire.packs import MANIFEST_BYTES_MAX, Manifest


class PackFiles:
    """Reads packs. ``derivatives`` hold their files, checked against their hashes."""

    def __init__(self, content: Content, derivatives: Derivatives) -> None:
        self._content = content
        self._derivatives = derivatives

    def manifest(self, ref: PackRef) -> Manifest:
        """What a pack says of itself.

        Raises:
            BadRequest: the repository is no pack.
        """
        try:
            located = self._content.locate(ref.repository, ref.commit, packs.NAME)
        except EntryNotFound as error:
            raise BadRequest(f"{ref.name} is no knowledge pack: it has no {packs.NAME}.") from error
        if located.entry.size_bytes > MANIFEST_BYTES_MAX:
            raise BadRequest(f"The {packs.NAME} of {ref.name} is larger than it may be.")
        data = self._content.read_range(located, 0, located.entry.size_bytes)
        try:
            return packs.unpack_manifest(data)
        except Malformed as error:
            raise BadRequest(f"{ref.name} is no knowledge pack: {error.why}.") from error

    def calibration(self, ref: PackRef) -> Calibration:
        """The pack's own, or the general one where it has none that can be read."""
        try:
            located = self._content.locate(ref.repository, ref.commit, PATH)
            size_bytes = min(located.entry.size_bytes, CALIBRATION_BYTES_MAX + 1)
            data = self._content.read_range(located, 0, size_bytes)
            return parse_calibration(data)
        except (EntryNotFound, Malformed):
            return GENERAL

    @contextlib.contextmanager
    def held(self, ref: PackRef, manifest: Manifest) -> Iterator[dict[str, Path]]:
        """All files of the pack but `pack.json`, by their names in it, while the context is open.

        Raises:
            BadRequest: one is missing.
            Corrupt, StorageFull, Unavailable: as for derivatives.
        """
        where: dict[str, Path] = {}
        with ExitStack() as stack:
            for names in _together(manifest):
                where |= stack.enter_context(self._files(ref, names))
            yield where

    @contextlib.contextmanager
    def _files(self, ref: PackRef, names: Sequence[str]) -> Iterator[dict[str, Path]]:
        """Files of the pack as files of the disk, in one derivative: each costs a descriptor while
        it is held. What git itself holds lies alone.
        """
        where: dict[str, Path] = {}
        large: dict[str, HubFile] = {}
        with ExitStack() as stack:
            for name in names:
                located = self._located(ref, name)
                entry, plan, bare = located.entry, located.plan, name.rpartition("/")[2]
                if isinstance(plan, BytesPlan):
                    recipe = {"made": "git file", "oid": entry.oid, "name": bare}
                    make = partial(_write, data=plan.content)
                    made = self._derivatives.obtain(recipe, make, entry.size_bytes)
                    where[name] = stack.enter_context(made)
                else:
                    assert entry.pointer is not None
                    large[name] = HubFile(bare, entry.pointer.sha256, entry.size_bytes, plan)
            if large:
                held = stack.enter_context(self._derivatives.files(list(large.values())))
                where |= {name: held[file.name] for name, file in large.items()}
            yield where

    def _located(self, ref: PackRef, path: str) -> Located:
        try:
            return self._content.locate(ref.repository, ref.commit, path)
        except EntryNotFound as error:
            raise BadRequest(f"The pack {ref.name} is not whole: it lacks {path}.") from error


def _together(manifest: Manifest) -> Iterator[list[str]]:
    """The pack's files, a shard's in one portion: a shard that stays in the next commit stays on
    the disk.
    """
    portions = [shard.files() for shard in manifest.shards]
    for portion in (*portions, manifest.model_files()):
        names = list(dict.fromkeys(portion))
        for start in range(0, len(names), FILES_MAX):
            yield names[start : start + FILES_MAX]


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
