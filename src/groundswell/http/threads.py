"""The way from the doors to synchronous code: threads, bounded and of three kinds.

Use cases and content readers have threads of their own, so that downloads cannot starve the API
and a slow use case cannot stop a download. Reads, which are brief and use the interpreter, go on
two threads: more would take its lock from one another at every statement of SQL and need twice the
processor time together. Knows nothing of what runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, Generic, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")

BRIEF_THREADS: Final = 2
# When the queue of reads has stood still for so long, something in it was not brief: a thread of
# the other use cases helps.
STANDSTILL_SECONDS: Final = 0.050


class _Call(Generic[T]):
    """One brief call on its way to a thread and back to the loop."""

    __slots__ = ("_loop", "_work", "error", "future", "result")

    def __init__(self, work: Callable[[], T], loop: asyncio.AbstractEventLoop) -> None:
        self._work = work
        self._loop = loop
        self.future: asyncio.Future[T] = loop.create_future()
        self.result: T | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        """On a thread."""
        with _Kept(self):
            self.result = self._work()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        if self.future.done():  # nobody waits any more
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(cast("T", self.result))


class _Kept:
    """Keeps what a call raises: it belongs to whoever awaits the call, not to the thread."""

    __slots__ = ("_call",)

    def __init__(self, call: _Call[T]) -> None:
        self._call = call

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        self._call.error = error
        return True


class _BriefThreads:
    """Two threads and a queue, which others help to empty when it stands."""

    def __init__(self, helpers: ThreadPoolExecutor) -> None:
        self._helpers = helpers
        self._calls: queue.SimpleQueue[_Call[object] | None] = queue.SimpleQueue()
        self._moved_at = time.monotonic()
        self._watch: asyncio.TimerHandle | None = None
        self._threads = [
            threading.Thread(target=self._serve, name=f"read-{number}", daemon=True)
            for number in range(BRIEF_THREADS)
        ]
        for thread in self._threads:
            thread.start()

    async def run(self, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        call = _Call(work, loop)
        self._calls.put(cast("_Call[object]", call))
        if self._watch is None:
            self._watch = loop.call_later(STANDSTILL_SECONDS, self._look, loop)
        return await call.future

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Runs as long as there are calls, to see that they move."""
        self._watch = None
        if self._calls.empty():
            return
        if time.monotonic() - self._moved_at > STANDSTILL_SECONDS:
            self._helpers.submit(self._empty)
        self._watch = loop.call_later(STANDSTILL_SECONDS, self._look, loop)

    def _empty(self) -> None:
        try:
            while (call := self._calls.get_nowait()) is not None:
                self._run(call)
        except queue.Empty:
            return
        self._calls.put(None)

    def _serve(self) -> None:
        while (call := self._calls.get()) is not None:
            self._run(call)
            del call  # or its answer would stay in memory until the next
        self._calls.put(None)

    def _run(self, call: _Call[object]) -> None:
        self._moved_at = time.monotonic()
        call.run()

    def stop(self) -> None:
        """Finish what waits."""
        self._calls.put(None)
        for thread in self._threads:
            thread.join()


class _Pools:
    brief: _BriefThreads | None = None
    use_cases: ThreadPoolExecutor | None = None
    readers: ThreadPoolExecutor | None = None


def start_threads(use_cases: int, readers: int) -> None:
    """Size the pools; most threads start when they are first needed."""
    _Pools.use_cases = ThreadPoolExecutor(use_cases, thread_name_prefix="use-case")
    _Pools.readers = ThreadPoolExecutor(readers, thread_name_prefix="reader")
    _Pools.brief = _BriefThreads(_Pools.use_cases)


def stop_threads() -> None:
    """Wait for what runs, drop what waits."""
    if _Pools.brief is not None:
        _Pools.brief.stop()
    for pool in (_Pools.use_cases, _Pools.readers):
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)
    _Pools.brief = _Pools.use_cases = _Pools.readers = None


async def hop(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a use case on a thread. One hop for each use case: a hop costs about 50 µs."""
    context = contextvars.copy_context()
    call = partial(context.run, partial(work, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_Pools.use_cases, call)


async def hop_briefly(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """As `hop`, for reads."""
    if _Pools.brief is None:
        return await hop(work, *args, **kwargs)
    context = contextvars.copy_context()
    return await _Pools.brief.run(partial(context.run, partial(work, *args, **kwargs)))


def begin_read(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
    """Begin reading content on a reader thread; await the future for the result."""
    call = partial(work, *args, **kwargs)
    return asyncio.get_running_loop().run_in_executor(_Pools.readers, call)
