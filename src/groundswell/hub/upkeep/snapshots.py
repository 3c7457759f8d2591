"""What a backup folder holds: content shared by all its snapshots, and a folder for each of these.

```
BACKUP/  repos/ · xorbs/ · shards/ · keys/      as in a data folder; only ever added to
         snapshots/<time>/groundswell.db · references.jsonl · manifest.json (written last)
```

Knows the formats. Does not copy. A snapshot without a manifest was broken off and is no snapshot.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from groundswell.core.errors import BadRequest, Corrupt, NotFound

FORMAT: Final = 1
FOLDER: Final = "snapshots"
DATABASE: Final = "groundswell.db"
REFERENCES: Final = "references.jsonl"
MANIFEST: Final = "manifest.json"
_PIECE_BYTES: Final = 4 * 1024 * 1024
_MANIFEST_BYTES_MAX: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot says of itself. Times are microseconds since the epoch.

    ``database_sha256`` is None for a hub whose database is copied by its own tools.
    ``deleted_meanwhile`` are repositories that were deleted while the backup was made: their rows
    may be in the database, their folders are not. ``faults`` is what could not be copied.
    """

    version: str
    started_at: int
    finished_at: int
    database_sha256: str | None
    references_sha256: str
    counts: Mapping[str, int]
    deleted_meanwhile: tuple[int, ...]
    faults: tuple[str, ...]

    def as_bytes(self) -> bytes:
        """As the file ``manifest.json``."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=2, sort_keys=True).encode()

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """From the file.

        Raises:
            Corrupt: it is not a manifest that this Groundswell can read.
        """
        try:
            with path.open("rb") as file:
                found: dict[str, Any] = json.loads(file.read(_MANIFEST_BYTES_MAX))
            if found.pop("format") != FORMAT:
                raise Corrupt("A newer Groundswell wrote this backup.")
            found["deleted_meanwhile"] = tuple(found["deleted_meanwhile"])
            found["faults"] = tuple(found["faults"])
            return cls(**found)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Corrupt("The manifest of the backup cannot be read.") from error


def snapshot_name(now: int, backup: Path) -> str:
    """A name for a snapshot that begins now: the time, UTC, and a number when it is taken."""
    moment = dt.datetime.fromtimestamp(now / 1_000_000, dt.UTC)
    name = base = moment.strftime("%Y%m%dT%H%M%SZ")
    number = 1
    while (backup / FOLDER / name).exists():
        number += 1
        name = f"{base}-{number}"
    return name


def find_snapshot(backup: Path, name: str | None = None) -> Path:
    """The folder of the snapshot of that name, or of the newest.

    Raises:
        BadRequest: the folder is not a backup.
        NotFound: it holds no such snapshot, or none that was finished.
    """
    if not (backup / FOLDER).is_dir():
        raise BadRequest(f"{backup} is not a backup: it has no folder {FOLDER}/.")
    finished = sorted(path.parent for path in (backup / FOLDER).glob(f"*/{MANIFEST}"))
    if name is not None:
        finished = [path for path in finished if path.name == name]
    if not finished:
        raise NotFound(
            "The backup holds no finished snapshot" + (f" named {name}." if name else ".")
        )
    return max(finished, key=lambda path: (Manifest.read(path / MANIFEST).started_at, path.name))


def references_line(number: int, references: Mapping[str, str]) -> bytes:
    """One repository's line of ``references.jsonl``."""
    return json.dumps({"number": number, "references": dict(references)}).encode() + b"\n"


def read_references(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """(number, refs) of each repository, a line at a time. The file was found to be whole."""
    with path.open("rb") as file:
        for line in file:
            found = json.loads(line)
            yield int(found["number"]), found["references"]


def sha256_of_file(path: Path) -> str:
    """The digest of a file's bytes."""
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            hasher.update(piece)
    return hasher.hexdigest()
