"""How far a build is: counted where documents are read, in other processes, and told to who waits.

Counts are shared memory, so that telling costs nothing. Does not know what is built.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.context import SpawnContext
from multiprocessing.sharedctypes import SynchronizedArray
from typing import Final

LOOK_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Tally:
    """How far a build is.

    Attributes:
        documents: that are done, read now or known from before.
        total: documents in all.
        articles: that came of those which were read now.
        size_bytes: of those which were read now.
        shards: that are finished.
    """

    documents: int = 0
    total: int = 0
    articles: int = 0
    size_bytes: int = 0
    shards: int = 0


Progress = Callable[[Tally], None]

_counts: SynchronizedArray[int] | None = None


def shared_counts(context: SpawnContext) -> SynchronizedArray[int]:
    """Documents, articles and bytes, for `count_in` and `counted`."""
    return context.Array("q", 3)


def count_in(counts: SynchronizedArray[int]) -> None:
    """What this process reads counts there from now on."""
    global _counts  # noqa: PLW0603 - a process has one
    _counts = counts


def note_read(articles: int, size_bytes: int) -> None:
    """A document was read."""
    if _counts is not None:
        with _counts:
            _counts[0] += 1
            _counts[1] += articles
            _counts[2] += size_bytes


def counted(counts: SynchronizedArray[int]) -> tuple[int, int, int]:
    """Documents, articles and bytes that were read."""
    with counts:
        return counts[0], counts[1], counts[2]
