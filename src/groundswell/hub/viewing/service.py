"""Questions about tables, from pages and API: answered by readers, remembered, and never awaited
for long.

A page waits a moment; the work goes on without it, and whoever looks again finds the answer. An
answer follows from the content's own hash, so it is good for as long as it is kept. Who may see a
file was decided by whoever located it.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, Final

from groundswell.core.errors import Corrupt, Unavailable
from groundswell.core.recent import Recent
from groundswell.hub.viewing.pipe import Ended
from groundswell.hub.viewing.processes import Readers
from groundswell.hub.viewing.values import Question

LOG: Final = logging.getLogger("groundswell.viewing")

BRIEF_READERS: Final = 2
LONG_READERS: Final = 1
WAITING_MAX: Final = 32
KEPT_BYTES_MAX: Final = 33 << 20
_LONG: Final = frozenset({"statistics", "find"})

Json = dict[str, Any]
_Key = tuple[str, Question]

TOO_MUCH: Final = "Reading it took more time or memory than a table may take here."


class Tables:
    """What tables hold. Thread-safe; threads and processes start when first needed."""

    def __init__(self) -> None:
        self._readers = Readers()
        self._lock = threading.Lock()
        self._waiting: dict[_Key, Future[Json]] = {}
        self._kept: Recent[_Key, tuple[Json, int]] = Recent(KEPT_BYTES_MAX, lambda kept: kept[1])
        # Rows never stand behind a search.
        self._brief = ThreadPoolExecutor(BRIEF_READERS, "tables")
        self._long = ThreadPoolExecutor(LONG_READERS, "tables-long")

    @property
    def are_readable(self) -> bool:
        """Whether what reads tables is installed."""
        return all(importlib.util.find_spec(name) is not None for name in ("duckdb", "fsspec"))

    def ask(
        self,
        content_id: str,
        question: Question,
        read: Callable[[int, int], bytes],
        wait_seconds: float,
    ) -> Json | None:
        """The answer; None when it is not there yet: ask again. ``{"error": …}`` when there is
        none, in words for people.

        Args:
            content_id: hash of the content.
            question: what is asked.
            read: bytes [start, stop) of the content.
            wait_seconds: how long the caller has.

        Raises:
            Unavailable: too many questions wait.
        """
        key = (content_id, question)
        kept = self._kept.get(key)
        if kept is not None:
            return kept[0]
        with self._lock:
            future = self._waiting.get(key) or self._begin(key, read)
        try:
            return future.result(wait_seconds)
        except FutureTimeoutError:
            return None

    def _begin(self, key: _Key, read: Callable[[int, int], bytes]) -> Future[Json]:
        if len(self._waiting) >= WAITING_MAX:
            msg = "Many tables are being read. Try again in a moment."
            raise Unavailable(msg)
        pool = self._long if key[1].kind in _LONG else self._brief
        future = self._waiting[key] = pool.submit(self._answer, key, read)
        return future

    def _answer(self, key: _Key, read: Callable[[int, int], bytes]) -> Json:
        try:
            found = self._readers.ask(key[1], read)
        except Ended:
            LOG.warning("a table was not read within its limits")
            found = {"error": TOO_MUCH}
        except (Corrupt, OSError):
            # Not remembered: it may be healed.
            return {"error": "Its content cannot be read at the moment."}
        finally:
            with self._lock:
                del self._waiting[key]
        self._kept.put(key, (found, 500 + len(json.dumps(found))))
        return found

    def close(self) -> None:
        """Drop what waits, end the readers."""
        for pool in (self._brief, self._long):
            pool.shutdown(wait=False, cancel_futures=True)
        self._readers.close()
