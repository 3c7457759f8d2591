"""Sending what waits to be sent, on threads of its own.

Knows how many go at once: in all, to one host, and for one account, so that a slow receiver keeps
nobody else waiting. Does not know what is sent. When the hub stops, what is under way gets a
moment; what does not end in it is sent again after the next start.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from groundswell.hub.webhooks import Claimed, Deliveries

_log = logging.getLogger(__name__)

THREADS: Final = 8
TO_ONE_HOST_MAX: Final = 2
FOR_ONE_ACCOUNT_MAX: Final = 4
LOOK_SECONDS: Final = 1.0
AFTER_A_FAULT_SECONDS: Final = 10.0
STOP_SECONDS: Final = 5.0


def _alone() -> bool:
    """No other worker is there."""
    return True


class Sender:
    """Sends from ``start`` to ``stop``. ``base`` is the hub's address; of several workers only the
    one that ``leads`` takes what is due.
    """

    def __init__(
        self, deliveries: Deliveries, base: str, leads: Callable[[], bool] = _alone
    ) -> None:
        self._deliveries = deliveries
        self._base = base
        self._leads = leads
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._under_way: dict[int, Claimed] = {}
        self._queue: queue.SimpleQueue[Claimed | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._look, name="sender", daemon=True)]
        self._threads += [
            threading.Thread(target=self._work, name=f"sender-{n}", daemon=True)
            for n in range(THREADS)
        ]

    def start(self) -> None:
        """Begin. Once. Does nothing where nothing may be sent."""
        if self._deliveries.enabled:
            for thread in self._threads:
                thread.start()

    def stop(self, timeout_seconds: float = STOP_SECONDS) -> bool:
        """Take nothing more, and wait a moment for what is under way. Whether all ended.

        Idempotent; does nothing when it was never started.
        """
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        for _ in self._threads:
            self._queue.put(None)
        ends = time.monotonic() + timeout_seconds
        started = [thread for thread in self._threads if thread.ident is not None]
        for thread in started:
            thread.join(max(0.0, ends - time.monotonic()))
        return not any(thread.is_alive() for thread in started)

    def _look(self) -> None:
        """Take what is due and hand it to the threads."""
        while not self._stopping.is_set():
            seconds = LOOK_SECONDS
            try:
                if self._leads():
                    self._take()
            except Exception:
                _log.exception("deliveries cannot be looked up")
                seconds = AFTER_A_FAULT_SECONDS
            self._stopping.wait(seconds)

    def _take(self) -> None:
        while not self._stopping.is_set():
            with self._changed:
                self._changed.wait_for(
                    lambda: len(self._under_way) < THREADS or self._stopping.is_set()
                )
                busy = [each.webhook_number for each in self._under_way.values()]
                free = THREADS - len(self._under_way)
                fits = _Room(list(self._under_way.values())).fits
            taken = self._deliveries.claim(busy, fits, free)
            if not taken:
                return
            with self._changed:
                self._under_way |= {each.number: each for each in taken}
            for each in taken:
                self._queue.put(each)

    def _work(self) -> None:
        while (claimed := self._queue.get()) is not None and not self._stopping.is_set():
            try:
                outcome = self._deliveries.deliver(claimed, self._base)
                word = "arrived" if outcome.arrived else outcome.problem
                _log.debug("delivery %s: %s", claimed.id, word)
            except Exception:
                _log.exception("delivery %s could not be tried", claimed.id)
            finally:
                with self._changed:
                    self._under_way.pop(claimed.number, None)
                    self._changed.notify_all()


class _Room:
    """How many more may go to a host and for an account."""

    def __init__(self, under_way: list[Claimed]) -> None:
        self._hosts = Counter(each.host for each in under_way)
        self._accounts = Counter(each.account_id for each in under_way)

    def fits(self, claimed: Claimed) -> bool:
        """Whether this one may go too; then it counts."""
        if (
            self._hosts[claimed.host] >= TO_ONE_HOST_MAX
            or self._accounts[claimed.account_id] >= FOR_ONE_ACCOUNT_MAX
        ):
            return False
        self._hosts[claimed.host] += 1
        self._accounts[claimed.account_id] += 1
        return True
