"""Writers beside each other, removal alone: the gate of each repository.

A writer puts objects down long before a ref names them, and it leans on objects that are there
already. Whoever removes what no ref names must therefore meet no writer. Knows threads of this
process, the only one that writes while a hub serves.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Gates:
    """One gate for each repository that is in use."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._writers: dict[int, int] = {}
        self._alone: set[int] = set()

    @contextmanager
    def writing(self, repository_id: int) -> Iterator[None]:
        """Nothing is removed while this is held. A thread may hold it more than once."""
        with self._changed:
            while repository_id in self._alone:
                self._changed.wait()
            self._writers[repository_id] = self._writers.get(repository_id, 0) + 1
        try:
            yield
        finally:
            with self._changed:
                self._writers[repository_id] -= 1
                if not self._writers[repository_id]:
                    del self._writers[repository_id]
                    self._changed.notify_all()

    @contextmanager
    def alone(self, repository_id: int, wait_seconds: float) -> Iterator[bool]:
        """Whether a moment without writers came in time; until this is left, none begins.

        Those who wait for it hold nobody up: writers that come meanwhile go first.
        """
        deadline = time.monotonic() + wait_seconds
        with self._changed:
            while repository_id in self._writers or repository_id in self._alone:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            is_alone = repository_id not in self._writers and repository_id not in self._alone
            if is_alone:
                self._alone.add(repository_id)
        try:
            yield is_alone
        finally:
            if is_alone:
                with self._changed:
                    self._alone.discard(repository_id)
                    self._changed.notify_all()
