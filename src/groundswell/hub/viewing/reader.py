"""The process that answers one question about one file, and ends.

Everything that needs the outside is done first: the engine opened and locked, the question taken.
Then the process is shut in, and only then is the first byte of the file asked for. What it can
still do is compute, ask for ranges of this file, and answer.
"""

from __future__ import annotations

import contextlib
import gc
import socket
from typing import Final

from groundswell.hub.viewing.confinement import confine
from groundswell.hub.viewing.one_file import Ranges
from groundswell.hub.viewing.pipe import Pipe
from groundswell.hub.viewing.tensors import tensors_of
from groundswell.hub.viewing.values import Question, Unreadable

with contextlib.suppress(ModuleNotFoundError):  # without the extra there are tensors, no tables
    from groundswell.hub.viewing.engine import Engine

MEMORY_BYTES_MAX: Final = 1 << 30
CPU_SECONDS_MAX: Final = 10
WALL_SECONDS_MAX: Final = 35


def load() -> None:
    """Let everything be imported that Python imports late."""
    if "Engine" in globals():
        Engine().warm()


def main(end: socket.socket) -> None:
    """Answer the question that comes through this end."""
    gc.disable()  # it ends with its answer
    pipe = Pipe(end)
    question = Question(**pipe.receive())
    engine = Engine() if question.kind != "tensors" else None
    confine(MEMORY_BYTES_MAX, CPU_SECONDS_MAX, WALL_SECONDS_MAX)
    ranges = Ranges(pipe, question.size_bytes)
    try:
        found = tensors_of(ranges, question) if engine is None else engine.answer(ranges, question)
    except Unreadable as error:
        found = {"error": str(error)}
    except MemoryError:
        found = {"error": "It takes more memory than it may here."}
    ranges.tell({"answer": found})
