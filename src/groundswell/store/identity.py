"""Which hub a data folder belongs to: the file ``identity``, 32 hexadecimal digits.

Knows the file, how it is written durably, and the offer beside it: what a hub that begins would be
called, until its database has agreed. Does not know databases, nor when the two belong together.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import Final

from groundswell.core.errors import Corrupt
from groundswell.store.layout import sync_folder

FILE_NAME: Final = "identity"
_OFFER: Final = "identity.offered"
_IDENTITY: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_BYTES_MAX: Final = 100


def new_identity() -> str:
    """One that no other hub has."""
    return secrets.token_hex(16)


class FolderIdentity:
    """The identity of the data folder at ``root``. Several processes may be at work on it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def settled(self) -> str | None:
        """Whose the folder is, or None when that was never written.

        Raises:
            Corrupt: the file holds something else.
        """
        return self._read(FILE_NAME)

    def offered(self) -> str | None:
        """What was offered and not settled yet.

        Raises:
            Corrupt: the file holds something else.
        """
        return self._read(_OFFER)

    def offer(self, identity: str) -> str:
        """Offer an identity durably; the one that is offered now. The first who offers is heard:
        workers that begin at the same moment offer the same.
        """
        fresh = self._written(identity)
        try:
            os.link(fresh, self.root / _OFFER)
        except FileExistsError:
            return self.offered() or identity  # settled this very moment: the row will tell
        finally:
            fresh.unlink()
        sync_folder(self.root)
        return identity

    def change_offer(self, identity: str) -> None:
        """Offer an identity durably, whatever was offered before."""
        os.rename(self._written(identity), self.root / _OFFER)
        sync_folder(self.root)

    def settle(self, identity: str) -> None:
        """The folder belongs to that hub from now on; the offer is done with."""
        os.rename(self._written(identity), self.root / FILE_NAME)
        sync_folder(self.root)
        (self.root / _OFFER).unlink(missing_ok=True)

    def _written(self, identity: str) -> Path:
        path = self.root / f"{FILE_NAME}.{secrets.token_hex(8)}.new"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, f"{identity}\n".encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return path

    def _read(self, name: str) -> str | None:
        # Clients of network file systems remember that a file was missing. Listing the folder
        # makes them look again.
        try:
            if name not in os.listdir(self.root):
                return None
            with (self.root / name).open("rb") as file:
                text = file.read(_BYTES_MAX).decode("ascii", "replace").strip()
        except FileNotFoundError:
            return None
        if not _IDENTITY.fullmatch(text):
            msg = f"The file {name} in the data folder is damaged: restore it from a backup."
            raise Corrupt(msg)
        return text
