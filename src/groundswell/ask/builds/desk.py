"""Builds as files of the data folder: one for each repository, so that they outlive the process.

Whoever asks writes a build that waits; from then on only the one worker that builds writes it.
Taking one back is a file of its own. Does not know what a build does.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from groundswell.ask.builds.values import Build

_NOTE: Final = "build.json"
_CANCEL: Final = "cancel"
_WORK: Final = "work"
_WAITING: Final = "under-way"


class Desk:
    """The folder of builds. Safe for several processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> list[Build]:
        """The last build of every repository that had one."""
        found = [self.get(number) for number in _numbers(self._folder)]
        return [build for build in found if build is not None]

    def under_way(self) -> list[Build]:
        """Those that are not at their end, the one that was asked first at the beginning."""
        found = [self.get(number) for number in _numbers(self._folder / _WAITING)]
        builds = [build for build in found if build is not None and not build.stage.is_end]
        return sorted(builds, key=lambda build: (build.asked_at, build.repository_id))

    def get(self, repository_id: int) -> Build | None:
        """The last build of a repository."""
        try:
            text = (self._place(repository_id) / _NOTE).read_text("utf-8")
            return Build.from_json(json.loads(text))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, build: Build) -> None:
        """Write where a build stands, whole."""
        place = self._place(build.repository_id)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = place / f"{_NOTE}.{os.getpid()}.part"
        with part.open("w", encoding="utf-8") as file:
            json.dump(build.as_json(), file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        part.replace(place / _NOTE)
        # Names of what is under way, so that looking for it costs nothing when there is nothing.
        mark = self._folder / _WAITING / place.name
        if build.stage.is_end:
            mark.unlink(missing_ok=True)
        else:
            mark.parent.mkdir(mode=0o700, exist_ok=True)
            mark.touch()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """While somebody looks and then adds, nobody else does."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def cancel(self, repository_id: int) -> None:
        """Note that it is wanted no more."""
        with contextlib.suppress(FileNotFoundError):
            (self._place(repository_id) / _CANCEL).touch()

    def is_cancelled(self, repository_id: int) -> bool:
        """Whether it is wanted no more."""
        return (self._place(repository_id) / _CANCEL).exists()

    def work(self, repository_id: int) -> Path:
        """Where its files lie while it is built."""
        place = self._place(repository_id) / _WORK
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return place.absolute()

    def clear(self, repository_id: int) -> None:
        """Remove its files; the note of it stays."""
        shutil.rmtree(self._place(repository_id) / _WORK, ignore_errors=True)
        (self._place(repository_id) / _CANCEL).unlink(missing_ok=True)

    def forget(self, repository_id: int) -> None:
        """Remove all of it."""
        shutil.rmtree(self._place(repository_id), ignore_errors=True)

    def _place(self, repository_id: int) -> Path:
        return self._folder / str(repository_id)


def _numbers(folder: Path) -> list[int]:
    """The repositories that stand in a folder by their numbers."""
    try:
        return [int(each.name) for each in folder.iterdir() if each.name.isdigit()]
    except FileNotFoundError:
        return []
