"""Answers that never change, kept for the next who asks, within bounds.

Only what follows from a content's own id may be kept: never what somebody may do.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The values used last, up to a total weight; safe to share between threads.

    ``weigh`` says how much of ``size_max`` a value takes: 1 unless told. A value that alone takes
    more than a quarter is not kept.
    """

    def __init__(self, size_max: int, weigh: Callable[[V], int] | None = None) -> None:
        self._size_max = size_max
        self._size = 0
        self._weigh = weigh
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """The value kept under a key."""
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def put(self, key: K, value: V) -> V:
        """Keep a value, and let those unused for longest go."""
        weight = self._weight(value)
        if self._weigh is not None and weight * 4 > self._size_max:
            return value
        with self._lock:
            former = self._values.pop(key, None)
            if former is not None:
                self._size -= self._weight(former)
            self._values[key] = value
            self._size += weight
            while self._size > self._size_max:
                self._size -= self._weight(self._values.popitem(last=False)[1])
        return value

    def _weight(self, value: V) -> int:
        return 1 if self._weigh is None else self._weigh(value)
