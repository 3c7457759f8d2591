"""Work of building in several processes, each of which holds one piece at a time."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from groundswell.core.errors import Unavailable

_V = TypeVar("_V")


def run_pieces(
    work: Callable[..., _V],
    pieces: Iterable[tuple[int, tuple[Any, ...]]],
    processes: int,
    *,
    prepare: Callable[..., None] | None = None,
    given: tuple[Any, ...] = (),
    look_seconds: float | None = None,
) -> Iterator[tuple[int, _V] | None]:
    """What comes of each piece, by its number, as soon as it is finished.

    Args:
        work: what is done with a piece; it and all that it is given travel to other processes.
        pieces: numbers, and what ``work`` is given.
        processes: how many work at once; at least one.
        prepare: called in each process when it begins.
        given: what it is called with.
        look_seconds: after so long without anything finished, None is given.

    Raises:
        Unavailable: a process was ended from outside. Others: what the work raises.
    """
    # Forked processes would inherit locks of threads that are not there.
    context = multiprocessing.get_context("spawn")
    waiting = iter(pieces)
    running: dict[Future[_V], int] = {}
    with ProcessPoolExecutor(processes, context, _begin, (prepare, given)) as pool:
        while True:
            while len(running) < processes and (piece := next(waiting, None)) is not None:
                running[pool.submit(work, *piece[1])] = piece[0]
            if not running:
                return
            ended, _ = wait(running, look_seconds, return_when=FIRST_COMPLETED)
            if not ended:
                yield None
            for future in ended:  # one by one: what is finished counts though the next one failed
                try:
                    yield running.pop(future), future.result()
                except BrokenProcessPool as error:
                    raise Unavailable(
                        "A process that builds was ended from outside: perhaps memory ran out."
                        " Build again with fewer --processes; what is built is kept."
                    ) from error


def _begin(prepare: Callable[..., None] | None, given: tuple[Any, ...]) -> None:
    """Prepare a process, and let it end when the one that started it was killed."""
    if prepare is not None:
        prepare(*given)
    parent = multiprocessing.parent_process()
    assert parent is not None, "it was started by one"

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
