"""Things that are open for several at once. Knows users; does not know what is open."""

from __future__ import annotations

import threading
from contextlib import ExitStack


class Shared:
    """Something open that several may use: it is closed when it was retired and nobody uses it."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._lock = threading.Lock()
        self._users = 0
        self._is_retired = False

    def enter(self) -> None:
        """One more uses it."""
        with self._lock:
            self._users += 1

    def leave(self) -> None:
        """One of them does so no longer."""
        with self._lock:
            self._users -= 1
            is_over = self._is_retired and not self._users
        if is_over:
            self._stack.close()

    def retire(self) -> None:
        """Nobody will come to use it."""
        with self._lock:
            self._is_retired = True
            is_over = not self._users
        if is_over:
            self._stack.close()
