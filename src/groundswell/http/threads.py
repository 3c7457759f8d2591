"""The way from the doors to synchronous code: threads, bounded and of two kinds.

Use cases and content readers have threads of their own, so that downloads cannot starve the API
and a slow use case cannot stop a download. Knows nothing of what runs.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class _Pools:
    use_cases: ThreadPoolExecutor | None = None
    readers: ThreadPoolExecutor | None = None


def start_threads(use_cases: int, readers: int) -> None:
    """Size the pools; the threads themselves start when they are first needed."""
    _Pools.use_cases = ThreadPoolExecutor(use_cases, thread_name_prefix="use-case")
    _Pools.readers = ThreadPoolExecutor(readers, thread_name_prefix="reader")


def stop_threads() -> None:
    """Wait for what runs, drop what waits."""
    for pool in (_Pools.use_cases, _Pools.readers):
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)
    _Pools.use_cases = _Pools.readers = None


async def hop(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a use case on a thread. One hop for each use case: a hop costs about 50 µs."""
    context = contextvars.copy_context()
    call = partial(context.run, partial(work, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_Pools.use_cases, call)


def begin_read(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
    """Begin reading content on a reader thread; await the future for the result."""
    call = partial(work, *args, **kwargs)
    return asyncio.get_running_loop().run_in_executor(_Pools.readers, call)
