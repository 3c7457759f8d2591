"""Writers beside each other, removal alone: the gate of each repository.

A writer puts objects down long before a ref names them, and it leans on objects that are there
already. Whoever removes what no ref names must therefore meet no writer. Knows threads of this
process, and through a shared lock those of other processes that serve the same folder.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from groundswell.store.git.sharing import GATES, REFS, SharedLocks

# Another process does not wake this one.
_POLL_SECONDS: Final = 0.02
_TURNS: Final = 64


class Gates:
    """One gate for each repository that is in use."""

    def __init__(self, locks: SharedLocks) -> None:
        self._locks = locks
        self._changed = threading.Condition()
        self._writers: dict[int, int] = {}
        self._alone: set[int] = set()

    @contextmanager
    def writing(self, repository_id: int) -> Iterator[None]:
        """Nothing is removed while this is held. A thread may hold it more than once."""
        with self._changed:
            while not self._may_write(repository_id):
                self._changed.wait(_POLL_SECONDS)
            self._writers[repository_id] = self._writers.get(repository_id, 0) + 1
        try:
            yield
        finally:
            with self._changed:
                self._writers[repository_id] -= 1
                if not self._writers[repository_id]:
                    del self._writers[repository_id]
                    self._locks.release(GATES + repository_id)
                    self._changed.notify_all()

    @contextmanager
    def alone(self, repository_id: int, wait_seconds: float) -> Iterator[bool]:
        """Whether a moment without writers came in time; until this is left, none begins.

        Those who wait for it hold nobody up: writers that come meanwhile go first.
        """
        deadline = time.monotonic() + wait_seconds
        with self._changed:
            while not (is_alone := self._may_be_alone(repository_id)):
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(min(left, _POLL_SECONDS))
            if is_alone:
                self._alone.add(repository_id)
        try:
            yield is_alone
        finally:
            if is_alone:
                with self._changed:
                    self._alone.discard(repository_id)
                    self._locks.release(GATES + repository_id)
                    self._changed.notify_all()

    def _may_write(self, repository_id: int) -> bool:
        if repository_id in self._writers:
            return True
        if repository_id in self._alone:
            return False
        return self._locks.take(GATES + repository_id, alone=False)

    def _may_be_alone(self, repository_id: int) -> bool:
        if repository_id in self._writers or repository_id in self._alone:
            return False
        return self._locks.take(GATES + repository_id, alone=True)


class Turns:
    """Who moves a ref of a repository, one after the other: libgit2 looks whether a ref exists
    before it takes the ref's lock, so two who make it at once would both succeed.
    """

    def __init__(self, locks: SharedLocks) -> None:
        self._locks = locks
        self._mine = [threading.Lock() for _ in range(_TURNS)]

    @contextmanager
    def turn(self, repository_id: int) -> Iterator[None]:
        """Alone with the refs of this repository, for milliseconds."""
        number = repository_id % _TURNS
        with self._mine[number]:
            self._locks.wait_for(REFS + number)
            try:
                yield
            finally:
                self._locks.release(REFS + number)
