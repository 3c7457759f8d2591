"""Who last changed each line of a file, worked out beside the pages that ask for it.

Knows how long a page may wait, and keeps answers: a commit never changes. One history is walked at
a time; who asks meanwhile is told to come again.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from groundswell.core.errors import BadRequest, TooLarge, Unavailable
from groundswell.core.recent import Recent
from groundswell.hub.content.service import Content
from groundswell.hub.repos import Repository
from groundswell.store.git import GitStore
from groundswell.store.git.blaming import Stretch, blame

BLAMED_BYTES_MAX: Final = 512 * 1024
WAITED_SECONDS: Final = 0.15
_WALK_SECONDS_MAX: Final = 60.0
_WAITING_MAX: Final = 32
_KEPT_BYTES_MAX: Final = 16 << 20

_Key = tuple[int, str, str]


class Blaming:
    """Blames of files that ``Repos.find`` gave with READ."""

    def __init__(self, git: GitStore, content: Content) -> None:
        self._git = git
        self._content = content
        self._threads = ThreadPoolExecutor(1, "blame")
        self._lock = threading.Lock()
        self._asked: dict[_Key, Future[tuple[Stretch, ...]]] = {}
        self._known: Recent[_Key, tuple[Stretch, ...]] = Recent(_KEPT_BYTES_MAX, _memory_bytes)

    def of(self, repository: Repository, commit: str, path: str) -> tuple[Stretch, ...] | None:
        """The lines of a file with their commits; None while they are being worked out.

        Raises:
            EntryNotFound: no such file.
            BadRequest, TooLarge: not a text, or a large one.
            Unavailable: it takes too long, or many others are waiting.
        """
        key = (repository.id, commit, path)
        known = self._known.get(key)
        if known is not None:
            return known
        located = self._content.raw(repository, commit, path)
        if located.entry.pointer is not None:
            raise BadRequest("Large files have no lines: their history says who changed them.")
        if located.entry.size_bytes > BLAMED_BYTES_MAX:
            raise TooLarge(f"Files of at most {BLAMED_BYTES_MAX // 1024} KiB are shown like this.")
        if b"\0" in self._content.read_range(located, 0, BLAMED_BYTES_MAX):
            raise BadRequest("This file is not a text.")
        return self._worked_out(key)

    def _worked_out(self, key: _Key) -> tuple[Stretch, ...] | None:
        with self._lock:
            asked = self._asked.get(key)
            is_first = asked is None
            if asked is None:
                if len(self._asked) >= _WAITING_MAX:
                    raise Unavailable("Many histories are being read. Try again in a moment.")
                repository_id, commit, path = key
                folder = self._git.path(repository_id)
                asked = self._threads.submit(blame, folder, commit, path, _WALK_SECONDS_MAX)
                self._asked[key] = asked
        if is_first:
            asked.add_done_callback(lambda done: self._keep(key, done))
        try:
            return asked.result(WAITED_SECONDS)
        except TimeoutError:
            return None

    def _keep(self, key: _Key, done: Future[tuple[Stretch, ...]]) -> None:
        """What was found; what failed is tried anew when somebody asks."""
        if not done.cancelled() and done.exception() is None:
            self._known.put(key, done.result())
        with self._lock:
            self._asked.pop(key, None)

    def close(self) -> None:
        """Begin nothing more. What runs ends by itself, in bounded time."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _memory_bytes(stretches: tuple[Stretch, ...]) -> int:
    return sum(300 + sum(60 + len(line) for line in each.lines) for each in stretches)
