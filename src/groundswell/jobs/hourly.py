"""Small upkeep that a serving hub does every hour, each piece on its own.

Knows when, and that one failing piece must not keep the others from their turn: one of the three
places that may catch every exception. What a piece does is `hub`'s.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Final

LOG: Final = logging.getLogger("groundswell.jobs")

HOUR_SECONDS: Final = 3600.0

Piece = Callable[[], object]


class Hourly:
    """Runs the pieces, one after the other, soon after ``start`` and then every hour.

    ``stop`` waits for the piece under way.
    """

    def __init__(self, pieces: Mapping[str, Piece], seconds: float = HOUR_SECONDS) -> None:
        self._pieces = dict(pieces)
        self._seconds = seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hourly", daemon=True)

    def start(self) -> None:
        """Begin, on a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End after the piece under way."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            for name, piece in self._pieces.items():
                if self._stopped.is_set():
                    return
                try:
                    piece()
                except Exception as error:
                    LOG.exception("%s failed: %s", name, type(error).__name__)
            self._stopped.wait(self._seconds)
