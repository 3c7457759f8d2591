"""Backups of a hub at work: everything acknowledged before the start, consistent by order alone.

Knows in which order things are read, and why that suffices:

1. The deletion lease is taken: until the end, nothing that lies on disk is collected.
2. The database is copied, as one snapshot. Every row in it speaks of a file that was durable
   before the row was written, that never changes, and that stays (1).
3. For each repository, its refs are captured as values, then its objects are copied. A captured
   ref names objects that were there at that moment and that stay, so the copy has them. The other
   order (objects, then refs) would give refs to objects that came between. A commit that was
   acknowledged before the start had moved its ref before: the captured ref is it, or follows it.
4. Xorbs and shards are copied last: a commit captured in 3 had its content durable before its ref
   moved, so the copy has it.
5. Refs are written, then the manifest, durably: without it the snapshot does not exist.

So the refs may be a little newer than the database. What is missing there (links, recipes,
descriptions of the newer commits) a restore makes again from shards and git, as a rebuild does.
A repository that is deleted while its turn comes is noted in the manifest as deleted.

Does not read PostgreSQL: ``pg_dump`` does, before the rest is copied.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from groundswell import __version__
from groundswell.core.errors import BadRequest, GroundswellError, Unavailable
from groundswell.hub.upkeep.copying import ContentCopy
from groundswell.hub.upkeep.findings import Code, Progress, Report, Silence
from groundswell.hub.upkeep.premises import Premises
from groundswell.hub.upkeep.repositories import living_numbers
from groundswell.hub.upkeep.snapshots import (
    DATABASE,
    FOLDER,
    MANIFEST,
    REFERENCES,
    Manifest,
    references_line,
    sha256_of_file,
    snapshot_name,
)
from groundswell.store.git import backups
from groundswell.store.writing import FolderWriter, disk_faults

_LOCK: Final = "backup.lock"
_HEAD: Final = b"ref: refs/heads/main\n"
_CONFIG: Final = b"[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
_FAULTS_MAX: Final = 1_000


def back_up(
    premises: Premises,
    target: Path,
    *,
    with_database: bool = True,
    progress: Progress | None = None,
) -> tuple[str, Report]:
    """Add a snapshot to the backup in ``target``, which is made when it is missing.

    What the backup has already is not copied again; a backup that was broken off goes on.

    Returns:
        The snapshot's name, and what was copied. Findings are what could not be.

    Raises:
        BadRequest: the target is no place for a backup, or the database has a tool of its own.
        StorageFull, Unavailable: the target does not take it. Run it again to go on.
    """
    target = target.absolute()
    _check_target(premises, target)
    progress = progress or Silence()
    report = Report("backup", premises.clock())
    with _alone(target), FolderWriter(target) as writer:
        _remove_unfinished(target)
        name = snapshot_name(report.started_at, target)
        with premises.lease.nothing_is_deleted():
            backup = _Backup(premises, writer, f"{FOLDER}/{name}", report, progress)
            backup.run(with_database=with_database)
    report.finished_at = premises.clock()
    return name, report


def _check_target(premises: Premises, target: Path) -> None:
    if target.resolve().is_relative_to(premises.folder.root.resolve()):
        raise BadRequest("A backup cannot lie inside the data folder that it is a copy of.")
    if target.exists() and not target.is_dir():
        raise BadRequest(f"{target} is not a folder.")
    if target.is_dir() and any(target.iterdir()) and not (target / FOLDER).is_dir():
        raise BadRequest(f"{target} holds something else: name an empty folder or a backup.")


def _remove_unfinished(target: Path) -> None:
    """Snapshots that were broken off: their content stays and is used, their databases go."""
    for folder in (target / FOLDER).iterdir():
        if not (folder / MANIFEST).exists():
            shutil.rmtree(folder)


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[None]:
    """No two backups fill one folder."""
    with disk_faults():
        (target / FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(target / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Unavailable("Another backup is being made there.") from error
    finally:
        os.close(descriptor)


class _Backup:
    def __init__(
        self,
        premises: Premises,
        writer: FolderWriter,
        place: str,
        report: Report,
        progress: Progress,
    ) -> None:
        self._premises = premises
        self._writer = writer
        self._place = place
        self._report = report
        self._progress = progress
        self._copy = ContentCopy(writer, report, progress)

    def run(self, *, with_database: bool) -> None:
        """Everything, in the order that the module's docstring explains."""
        premises = self._premises
        with disk_faults():
            (self._writer.root / self._place).mkdir(mode=0o700)
        known = set(living_numbers(premises))
        database_sha256 = self._copy_database() if with_database else None
        known |= set(living_numbers(premises))
        references, deleted = self._copy_repositories(sorted(known))
        self._copy.copy_shards(premises.store)
        self._copy.copy_xorbs(premises.store)
        self._copy.copy_files(premises.folder.root, "keys")
        settings = premises.folder.root / "swell.toml"
        if settings.is_file():
            self._copy.copy_file(settings, "swell.toml")
        self._writer.flush()
        self._finish(references, deleted, database_sha256)

    def _copy_database(self) -> str:
        self._progress.begin("database", None)
        path = self._writer.root / self._place / DATABASE
        self._premises.database.backup_to(path)
        path.chmod(0o600)
        return sha256_of_file(path)

    def _copy_repositories(self, numbers: list[int]) -> tuple[list[bytes], list[int]]:
        """The lines of ``references.jsonl``, and the repositories that were deleted meanwhile."""
        self._progress.begin("repositories", len(numbers))
        lines: list[bytes] = []
        deleted: list[int] = []
        for number in numbers:
            self._progress.advance()
            try:
                lines.append(self._copy_repository(number))
            except (GroundswellError, OSError, ValueError) as error:
                if not self._premises.git.exists(number) and self._is_deleted(number):
                    deleted.append(number)
                    continue
                what = f"Not copied: {error}"
                self._report.add(Code.REPOSITORY_DAMAGED, f"repository {number}", what)
        return lines, deleted

    def _copy_repository(self, number: int) -> bytes:
        source = self._premises.git.path(number)
        place = f"repos/{source.parent.name}/{source.name}"
        references = backups.captured_references(source)
        self._copy.copy_objects(source, place, number)
        self._copy.copy_identity(source, place)
        # The copy is a bare repository too: one may clone it.
        self._writer.write(f"{place}/packed-refs", [backups.packed_references(references)], 0o600)
        for name, data in (("HEAD", _HEAD), ("config", _CONFIG)):
            if not (self._writer.root / place / name).exists():
                self._writer.write(f"{place}/{name}", [data], 0o600)
        if not (self._writer.root / place / "refs").is_dir():
            with disk_faults():
                (self._writer.root / place / "refs").mkdir(mode=0o700, parents=True)
        self._report.counted["repositories"] += 1
        self._report.counted["refs"] += len(references)
        return references_line(number, references)

    def _is_deleted(self, number: int) -> bool:
        return number not in set(living_numbers(self._premises))

    def _finish(
        self, references: list[bytes], deleted: list[int], database_sha256: str | None
    ) -> None:
        lines = b"".join(references)
        self._writer.write(f"{self._place}/{REFERENCES}", [lines], 0o600)
        self._writer.flush()
        manifest = Manifest(
            version=__version__,
            started_at=self._report.started_at,
            finished_at=self._premises.clock(),
            database_sha256=database_sha256,
            references_sha256=hashlib.sha256(lines).hexdigest(),
            counts=dict(self._report.counted),
            deleted_meanwhile=tuple(deleted),
            faults=tuple(
                f"{each.where}: {each.what}" for each in self._report.findings[:_FAULTS_MAX]
            ),
        )
        self._writer.write(f"{self._place}/{MANIFEST}", [manifest.as_bytes()], 0o600)
        self._writer.flush()
