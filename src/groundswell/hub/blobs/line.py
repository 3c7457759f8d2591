"""The line in which one file is taken in: several blocks of it are worked on at the same time.

While a block is received, the one before is cut into chunks, and of the one before that the whole
is hashed on one thread and the chunks are stored on another; a full xorb waits for the disk on a
third. The hashes, the compression and the disk all work without the interpreter's lock. Knows
threads and what was raised on them. Does not know what is done to a block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

from groundswell.store.ports import Spooled

T = TypeVar("T")

_SIDES: Final = 2  # hashing and storing


class Line:
    """For one caller at a time. Threads are there from the first ``begin`` on, until ``close``."""

    def __init__(self) -> None:
        self._sides: ThreadPoolExecutor | None = None
        self._disk: ThreadPoolExecutor | None = None
        self._under_way: list[Future[object]] = []
        self._settling: list[Future[None]] = []

    def begin(self, *works: Callable[[], object]) -> None:
        """Do these at the same time, and let the caller go on. Nothing else is under way."""
        assert not self._under_way, "a block overtakes another"
        assert len(works) <= _SIDES, "more works than threads"
        if self._sides is None:
            self._sides = ThreadPoolExecutor(_SIDES, thread_name_prefix="ingest")
            self._disk = ThreadPoolExecutor(1, thread_name_prefix="ingest-disk")
        self._under_way = [self._sides.submit(work) for work in works]

    def wait(self) -> None:
        """Return when all that was begun is done. Raises what it raised."""
        done, self._under_way = self._under_way, []
        for each in done:
            each.exception()  # none may be at work when an error of another leaves
        for each in done:
            each.result()

    def settle(self, spooled: Spooled) -> None:
        """Make these bytes durable, behind everybody's back where there are threads."""
        if self._disk is None:
            spooled.settle()
        else:
            self._settling.append(self._disk.submit(spooled.settle))

    def wait_for_disk(self) -> None:
        """Return when all that was to be settled is. Raises what that raised."""
        done, self._settling = self._settling, []
        for each in done:
            each.result()

    def each(self, work: Callable[[T], object], values: Iterable[T]) -> None:
        """Do the same with each of these, in no order: those that wait for the disk wait together.
        Raises what the first of them raised, when none is at work any more.
        """
        self.wait()
        if self._sides is None:
            for value in values:
                work(value)
            return
        self._under_way = [self._sides.submit(work, value) for value in values]
        self.wait()

    def close(self) -> None:
        """End the threads, when what they do is done. What it raised is of no interest any more."""
        for threads in (self._sides, self._disk):
            if threads is not None:
                threads.shutdown(wait=True)
        self._sides = self._disk = None
        self._under_way, self._settling = [], []
