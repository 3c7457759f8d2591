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
    work: Callable[..., _V], pieces: Iterable[tuple[int, tuple[Any, ...]]], processes: int
) -> Iterator[tuple[int, _V]]:
    """What comes of each piece, by its number, as soon as it is finished.

    Raises:
        Unavailable: a process was ended from outside. Others: what the work raises.
    """
    # Forked processes would inherit locks of threads that are not there.
    context = multiprocessing.get_context("spawn")
    waiting = iter(pieces)
    running: dict[Future[_V], int] = {}
    with ProcessPoolExecutor(processes, context, _end_with_parent) as pool:
        while True:
            while len(running) < processes and (piece := next(waiting, None)) is not None:
                running[pool.submit(work, *piece[1])] = piece[0]
            if not running:
                return
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                try:
                    yield running.pop(future), future.result()
                except BrokenProcessPool as error:
                    raise Unavailable(
                        "A process that builds was ended from outside: perhaps memory ran out."
                        " Build again with fewer --processes; what is built is kept."
                    ) from error


def _end_with_parent() -> None:
    """Let a building process end when the one that started it was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "it was started by one"

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
