"""The keys that sign tokens and URLs and seal secrets: files of 32 random bytes, readable by the
hub alone.

Knows how they are kept and made. Does not know what they sign. The newest key signs; older ones
still open what they signed, so a key is changed by adding a file. An older one may be removed once
everything it signed has expired and the secrets that it sealed have been set again.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from groundswell.core.errors import Corrupt
from groundswell.store.layout import sync_folder

KEY_BYTES: Final = 32
_SUFFIX: Final = ".key"


def load_keys(folder: Path) -> tuple[bytes, ...]:
    """The keys, the newest first; the first one is made when there is none.

    Raises:
        Corrupt: a key file of another length.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    names = sorted(path.name for path in folder.iterdir() if path.suffix == _SUFFIX)
    if not names:
        names = [_make_key(folder, "0001")]
    keys = tuple((folder / name).read_bytes() for name in reversed(names))
    if any(len(key) != KEY_BYTES for key in keys):
        msg = "A signing key of the hub is damaged: restore the folder keys/ from a backup."
        raise Corrupt(msg)
    return keys


def add_key(folder: Path) -> tuple[bytes, ...]:
    """Make a newer key than all there are; the keys, the newest first."""
    numbers = [int(path.stem) for path in folder.glob(f"*{_SUFFIX}") if path.stem.isdecimal()]
    _make_key(folder, f"{max(numbers, default=0) + 1:04}")
    return load_keys(folder)


def _make_key(folder: Path, stem: str) -> str:
    """Durable before it has its name: a token signed by a key that is lost would be lost too."""
    name = stem + _SUFFIX
    fresh = folder / f"{stem}.{secrets.token_hex(8)}.new"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, secrets.token_bytes(KEY_BYTES))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(fresh, folder / name)
    except FileExistsError:
        pass  # another process of this hub was first: its key is as good
    finally:
        os.unlink(fresh)
    sync_folder(folder)
    return name
