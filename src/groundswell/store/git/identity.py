"""Who a bare repository is, written inside it: ``groundswell.json``.

Knows the file and how it is replaced durably. The database stays the truth; this second copy is
what names, owners and visibility are restored from when the database is lost. Does not know who
may read a repository.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from groundswell.store.git.process import translated
from groundswell.store.layout import sync_folder

FILE_NAME: Final = "groundswell.json"
FORMAT: Final = 1
_BYTES_MAX: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Identity:
    """What the hub calls a repository and who may know of it. Words as in the tables.

    ``created_at`` is in microseconds since the epoch.
    """

    kind: str
    namespace: str
    name: str
    owner_kind: str
    visibility: str
    gate: str
    disabled: bool
    public_id: str
    created_at: int


def read_identity(folder: Path) -> Identity | None:
    """What stands in the repository, or None when nothing readable does."""
    try:
        with open(folder / FILE_NAME, "rb") as file:
            found = json.loads(file.read(_BYTES_MAX))
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        return None
    values: dict[str, Any] = {each.name: found.get(each.name) for each in fields(Identity)}
    known = {"disabled": bool, "created_at": int}
    if any(type(value) is not known.get(name, str) for name, value in values.items()):
        return None
    return Identity(**values)


def keep_identity(folder: Path, load: Callable[[], Identity | None]) -> bool:
    """Let the repository say what ``load`` gives, durably. Whether it said something else before.

    ``load`` is asked while the repository's identity is locked, so of two changes at the same
    moment the later state stays. None leaves the file alone.

    Raises:
        StorageFull, Unavailable: nothing was changed.
    """
    with translated(), _locked(folder):
        wanted = load()
        if wanted is None or wanted == read_identity(folder):
            return False
        text = json.dumps({"format": FORMAT, **asdict(wanted)}, indent=2, sort_keys=True)
        _replace(folder / FILE_NAME, f"{text}\n".encode())
        return True


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, data: bytes) -> None:
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(fresh, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(fresh)
    sync_folder(path.parent)
