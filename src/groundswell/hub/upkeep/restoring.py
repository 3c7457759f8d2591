"""Restores: a snapshot of a backup becomes a data folder, and proves itself.

Knows the order: content, repositories, database, and only then what makes the folder a hub's. Until
it is done the folder is marked, so that a restore that was broken off is not mistaken for a hub's
data and can go on. The backup is only read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Corrupt
from groundswell.hub.repos import finding, names
from groundswell.hub.repos.changing import empty_row
from groundswell.hub.upkeep.checking import check
from groundswell.hub.upkeep.copying import ContentCopy
from groundswell.hub.upkeep.findings import Progress, Report, Silence
from groundswell.hub.upkeep.premises import Premises
from groundswell.hub.upkeep.rebuilding import catch_up, rebuild
from groundswell.hub.upkeep.repositories import living_numbers
from groundswell.hub.upkeep.snapshots import (
    DATABASE,
    MANIFEST,
    REFERENCES,
    Manifest,
    find_snapshot,
    read_references,
    sha256_of_file,
)
from groundswell.store.copies import BlobFolder
from groundswell.store.git import GitStore, backups
from groundswell.store.layout import DataFolder, sync_folder
from groundswell.store.writing import FolderWriter, disk_faults

MARK: Final = "restore.unfinished"
SETTINGS_COPY: Final = "swell.toml.restored"
_PIECE_BYTES: Final = 4 * 1024 * 1024

Opener = Callable[[DataFolder], AbstractContextManager[Premises]]
"""Opens a data folder that no hub serves, and closes it again."""


def restore(
    backup: Path,
    folder: DataFolder,
    opener: Opener,
    *,
    snapshot: str | None = None,
    deep: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Make a data folder of a snapshot, the newest by default, and check it.

    Tokens and passwords are those of the snapshot: what was revoked since works again. Clients
    forget what they know of this hub's xorbs.

    Args:
        backup: the backup's folder; it may be read-only.
        folder: missing or empty, or one whose restore was broken off.
        opener: opens the folder once everything lies in it.
        snapshot: the name of a snapshot.
        deep: check every byte at the end.
        progress: told how far it is.

    Returns:
        What the check at the end found, and what could not be copied.

    Raises:
        BadRequest: the folder holds something, or the backup is none.
        NotFound: no such snapshot.
        Corrupt: the snapshot's own files have changed.
    """
    place = find_snapshot(backup, snapshot)
    manifest = Manifest.read(place / MANIFEST)
    _check_snapshot(place, manifest)
    _claim(folder)
    progress = progress or Silence()
    report = Report("restore", manifest.started_at)
    with FolderWriter(folder.root) as writer:
        _copy(backup, place, manifest, writer, report, progress)
    folder.create()
    with opener(folder) as premises:
        report.started_at = premises.clock()
        _bury(premises, manifest)
        first = catch_up if manifest.database_sha256 else rebuild
        report.join(first(premises, progress=progress))
        report.join(check(premises, deep=deep, progress=progress))
        report.finished_at = premises.clock()
    (folder.root / MARK).unlink()
    sync_folder(folder.root)
    return report


def _check_snapshot(place: Path, manifest: Manifest) -> None:
    wanted = {REFERENCES: manifest.references_sha256, DATABASE: manifest.database_sha256}
    for name, sha256 in wanted.items():
        if sha256 is None:
            continue
        with contextlib.suppress(FileNotFoundError):
            if sha256_of_file(place / name) == sha256:
                continue
        raise Corrupt(f"{name} of snapshot {place.name} has changed or is missing.")


def _claim(folder: DataFolder) -> None:
    """Mark the folder as one that is being restored to."""
    mark = folder.root / MARK
    with disk_faults():
        folder.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.root.iterdir()) and not mark.exists():
            raise BadRequest(f"{folder.root} is not empty: restore into a new folder.")
        mark.touch()
        sync_folder(folder.root)


def _copy(
    backup: Path,
    place: Path,
    manifest: Manifest,
    writer: FolderWriter,
    report: Report,
    progress: Progress,
) -> None:
    copy = ContentCopy(writer, report, progress)
    source = BlobFolder(backup)
    copy.copy_files(backup, "keys")
    copy.copy_shards(source)
    copy.copy_xorbs(source)
    if (backup / "swell.toml").is_file():
        # Not under its own name: it may name the database of the hub that was.
        copy.copy_file(backup / "swell.toml", SETTINGS_COPY)
    git = GitStore(writer.root / "repos")
    progress.begin("repositories", manifest.counts.get("repositories"))
    for number, references in read_references(place / REFERENCES):
        progress.advance()
        git.create(number)
        path = git.path(number)
        inside = path.relative_to(writer.root).as_posix()
        original = backup / "repos" / path.parent.name / path.name
        copy.copy_objects(original, inside, number)
        copy.copy_identity(original, inside)
        packed = backups.packed_references(references)
        writer.write(f"{inside}/packed-refs", [packed], 0o600)
    writer.flush()
    if manifest.database_sha256 is not None:
        _remove_database(writer.root)
        with (place / DATABASE).open("rb") as file:
            writer.write(DATABASE, iter(lambda: file.read(_PIECE_BYTES), b""), 0o600)
            writer.flush()
    git.barrier.close()


def _remove_database(root: Path) -> None:
    """What an earlier attempt left: its log must not be applied to the fresh copy."""
    for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"):
        with contextlib.suppress(FileNotFoundError):
            (root / name).unlink()


def _bury(premises: Premises, manifest: Manifest) -> None:
    """Delete what was deleted while the backup was made, and is still in its database."""
    gone = set(manifest.deleted_meanwhile) & set(living_numbers(premises))

    def work(conn: sa.Connection) -> None:
        for number in sorted(gone):
            empty_row(conn, number, premises.clock())
            names.retire(conn, number, finding.DELETED)

    if gone:
        premises.database.write(work)
