"""Which repositories want tidying, and tidying one beside its readers and writers.

Knows counts of new objects, and a mark in a repository's folder from which something was cut off:
what no ref reaches any more can still be fetched by its id until it is removed, so it is removed
soon. Does not know when: jobs ask.
"""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import Final

from groundswell.store.git import upkeep
from groundswell.store.git.gates import Gates
from groundswell.store.git.handles import Folders
from groundswell.store.git.process import translated

MARK: Final = "cut-off"
TAKEN: Final = "cut-off-now"  # the mark while what it stands for is being removed
LOOK_AFTER_OBJECTS: Final = 200
COUNTED_MAX: Final = 100_000
ALONE_SECONDS: Final = 10.0


class Tidying:
    """The tidiness of all repositories of a store."""

    def __init__(self, folders: Folders, gates: Gates) -> None:
        self._folders = folders
        self._gates = gates
        self._lock = threading.Lock()
        self._written: dict[int, int] = {}
        self._due: set[int] = set()
        self._running = threading.Lock()
        self._upkeep = upkeep.Upkeep()
        self.stop = self._upkeep.stop

    def wrote(self, repository_id: int) -> None:
        """One more loose object; now and then the folder is looked at."""
        with self._lock:
            count = self._written.get(repository_id, 0) + 1
            if len(self._written) > COUNTED_MAX:
                self._written.clear()  # the hourly look at every folder finds what is forgotten
            self._written[repository_id] = count % LOOK_AFTER_OBJECTS
        if count >= LOOK_AFTER_OBJECTS and upkeep.needs_packing(self._folders.path(repository_id)):
            self.want(repository_id)

    def cut_off(self, repository_id: int) -> None:
        """Something is no longer reached. The mark is durable with the next barrier."""
        with translated():
            self._mark(repository_id).touch()
        self.want(repository_id)

    def is_cut(self, repository_id: int) -> bool:
        """Whether something was cut off and is not yet removed."""
        mark = self._mark(repository_id)
        return mark.exists() or mark.with_name(TAKEN).exists()

    def want(self, repository_id: int) -> None:
        """Let the repository be tidied soon."""
        with self._lock:
            self._due.add(repository_id)

    def due(self) -> list[int]:
        """The repositories that want tidying; from now on they are the caller's to do."""
        with self._lock:
            due, self._due = sorted(self._due), set()
        return due

    def run(self, repository_id: int, *, force: bool = False) -> bool:
        """Pack and prune when it is needed; whether it was. One repository at a time.

        What was cut off is removed at once, unless writers leave no moment for it: then it stays
        due. Writers wait only while refs are packed and while what nothing reaches is removed.
        """
        folder, taken = self._folders.path(repository_id), self._take(repository_id)
        is_cut = self.is_cut(repository_id)
        if not (force or is_cut or upkeep.needs_packing(folder)):
            return False
        with self._running:
            with self._gates.alone(repository_id, ALONE_SECONDS) as is_alone:
                if is_alone:
                    self._upkeep.pack_refs(folder)
            self._upkeep.pack(folder, keep_unreachable=is_cut)
            with self._gates.alone(repository_id, ALONE_SECONDS) as is_alone:
                if is_alone:
                    self._upkeep.prune(folder, now=is_cut)
                    taken.unlink(missing_ok=True)
                    self._folders.renew(repository_id)
                elif is_cut:
                    self.cut_off(repository_id)
            self._upkeep.write_commit_graph(folder)
        return True

    def remove_stale_locks(self) -> int:
        """Remove the locks that a process left behind that fell, while others go on. How many.

        Each repository is looked at in a moment when nobody writes to it; one that has no such
        moment needs nothing: its refs move.
        """
        removed = 0
        for number in self._folders.numbers():
            with self._gates.alone(number, wait_seconds=1.0) as is_alone:
                if is_alone:
                    removed += upkeep.remove_locks(self._folders.path(number))
        return removed

    def _take(self, repository_id: int) -> Path:
        """Put the mark aside: what is cut off from now on, when it may be packed already, is marked
        anew and so removed by the next run. Where the mark of this one is.
        """
        mark = self._mark(repository_id)
        taken = mark.with_name(TAKEN)
        with translated(), contextlib.suppress(FileNotFoundError):
            mark.replace(taken)
        return taken

    def _mark(self, repository_id: int) -> Path:
        return self._folders.path(repository_id) / MARK
