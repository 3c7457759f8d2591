"""Notes of ref changes under way, so that a crash between a ref and its rows can be made good.

A note is written before the barrier that precedes the ref's move and removed after the rows are
durable. Knows files. Does not know what has to be done again: ``hub.commits`` does.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from groundswell.store.git.process import translated

_FOLDER: Final = "landing"
_SUFFIX: Final = ".json"


class Notes:
    """The notes of one git store, one small file each."""

    def __init__(self, root: Path, writer: str) -> None:
        self._writer = writer
        self._folder = root / _FOLDER
        self._folder.mkdir(mode=0o700, exist_ok=True)

    def write(self, note: Mapping[str, Any]) -> str:
        """Keep a JSON value; its name. Durable with the next barrier."""
        name = f"{self._writer}-{secrets.token_hex(12)}"
        with translated():
            making = self._folder / f"{name}.new"
            making.write_text(json.dumps(note))
            os.rename(making, self._folder / f"{name}{_SUFFIX}")
        return name

    def remove(self, name: str) -> None:
        """Forget a note."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._folder / f"{name}{_SUFFIX}")

    def read(self, name: str) -> dict[str, Any] | None:
        """One note, or None when it is gone."""
        try:
            note: dict[str, Any] = json.loads((self._folder / f"{name}{_SUFFIX}").read_text())
        except FileNotFoundError:
            return None
        return note

    def of(self, writer: str) -> list[tuple[str, dict[str, Any]]]:
        """The notes of a process that fell."""
        names = [path.stem for path in sorted(self._folder.glob(f"{writer}-*{_SUFFIX}"))]
        return [(name, note) for name in names if (note := self.read(name)) is not None]

    def has_older(self, age_seconds: float) -> bool:
        """Whether a note stays that was written that long ago, as a crash leaves one."""
        oldest = time.time() - age_seconds
        for path in self._folder.glob(f"*{_SUFFIX}"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime <= oldest:
                    return True
        return False

    def pending(self) -> list[tuple[str, dict[str, Any]]]:
        """Every note that was never removed. Half-written ones, whose refs never moved, go.

        Only before anything is committed: a half-written note may be another writer's.
        """
        for unfinished in self._folder.glob("*.new"):
            unfinished.unlink(missing_ok=True)
        found = []
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            try:
                found.append((path.stem, json.loads(path.read_text())))
            except ValueError:  # torn by a power cut before the barrier: its ref never moved
                path.unlink(missing_ok=True)
        return found
